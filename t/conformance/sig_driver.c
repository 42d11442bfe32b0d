/*
 * sig_driver.c - bare signatures through the arithmetic of the CMS seal, for
 * conformance data.
 *
 * Reads lines of tab-separated words: ID, scheme (pkcs1, pss, ecdsa), enum
 * tmk_hash, PSS salt length, SubjectPublicKeyInfo, message and signature in
 * hex ("-" for nothing). Answers "ID<TAB>good" or "ID<TAB>bad".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "seal/cms_read.h"
#include "x509/digest.h"

#define LINE_MAX_BYTES (1024 * 1024)
#define WORDS 7

static int unhex(struct tmk_buf *out, const char *hex)
{
	size_t len = strlen(hex) / 2;
	uint8_t *to;

	if (!strcmp(hex, "-"))
		return 0;
	to = tmk_buf_reserve(out, len);
	if (!to || tmk_dec_hex(to, len, hex, strlen(hex)))
		return -1;
	tmk_buf_commit(out, len);
	return 0;
}

static enum tmk_cms_scheme scheme_of(const char *word)
{
	if (!strcmp(word, "pkcs1"))
		return TMK_CMS_PKCS1;
	return !strcmp(word, "pss") ? TMK_CMS_PSS : TMK_CMS_ECDSA;
}

/* 1 good, 0 bad, negative when the line is wrong. */
static int check(char *const word[WORDS], struct tmk_err *err)
{
	struct tmk_buf key = TMK_BUF_INIT(65536), msg = TMK_BUF_INIT(1 << 20);
	struct tmk_buf sig = TMK_BUF_INIT(65536);
	const unsigned char *p;
	EVP_PKEY *pkey = NULL;
	uint8_t md[TMK_DIGEST_MAX];
	size_t len = 0;
	int rc = -1;

	if (unhex(&key, word[4]) || unhex(&msg, word[5]) ||
	    unhex(&sig, word[6]))
		goto out;
	p = key.data;
	pkey = d2i_PUBKEY(NULL, &p, (long)key.len);
	if (!pkey) {
		rc = 0;
		goto out;
	}
	if (tmk_digest_bytes(atoi(word[2]), tmk_buf_str(&msg), msg.len, md,
			     &len, err))
		goto out;
	rc = tmk_cms_check_value(pkey, scheme_of(word[1]), atoi(word[3]),
				 (enum tmk_hash)atoi(word[2]), md, len,
				 (const uint8_t *)tmk_buf_str(&sig), sig.len,
				 err);
out:
	EVP_PKEY_free(pkey);
	tmk_buf_release(&key);
	tmk_buf_release(&msg);
	tmk_buf_release(&sig);
	return rc;
}

int main(void)
{
	static char line[LINE_MAX_BYTES];
	struct tmk_err err = TMK_ERR_INIT;

	while (fgets(line, sizeof(line), stdin)) {
		char *word[WORDS], *save = NULL;
		int i, rc;

		line[strcspn(line, "\n")] = '\0';
		for (i = 0; i < WORDS; i++)
			word[i] = strtok_r(i ? NULL : line, "\t", &save);
		rc = word[WORDS - 1] ? check(word, &err) : -1;
		if (rc < 0) {
			fprintf(stderr, "sig_driver: %s\n", err.text);
			return 2;
		}
		printf("%s\t%s\n", word[0], rc ? "good" : "bad");
	}
	return 0;
}
