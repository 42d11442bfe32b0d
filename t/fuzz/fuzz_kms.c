/*
 * What cloud services answer with: challenges, keys, tokens, encodings. The
 * first byte says which; what is taken out of them is in the form that it is
 * used in.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "key/kms_azure.h"
#include "key/kms_jwk.h"
#include "key/kms_text.h"
#include "key/kms_token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void challenge(const char *text)
{
	static const char vault[] = "https://myvault.vault.azure.net";
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_kms_azure a;

	if (tmk_kms_azure_challenge(&a, text, vault, NULL, &err)) {
		if (err.code != TMK_KEY || !err.text[0])
			abort();
		return;
	}
	/* Nobody else is asked, and for nothing else. */
	if (strncasecmp(a.authority, "https://login.", 14) ||
	    strcasecmp(a.resource, "https://vault.azure.net") ||
	    !*a.tenant || strpbrk(a.tenant, "/?#%@: \r\n"))
		abort();
}

static void jwk(const struct tmk_buf *body)
{
	struct tmk_buf spki = TMK_BUF_INIT(8192);
	struct tmk_err err = TMK_ERR_INIT;
	char kty[16] = "";

	if (tmk_kms_jwk_spki(&spki, kty, body, "key", &err)) {
		if (!err.code || spki.len || *kty)
			abort();
	} else if (!spki.len || spki.data[0] != 0x30 ||
		   (strncmp(kty, "RSA", 3) && strncmp(kty, "EC", 2))) {
		abort();
	}
	tmk_buf_release(&spki);
}

static void token(const struct tmk_buf *body)
{
	struct tmk_buf out = TMK_BUF_INIT(TMK_KMS_TOKEN_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_kms_answer answer;
	int64_t seconds = -1;

	tmk_kms_answer_init(&answer);
	answer.status = body->len % 2 ? 400 : 200;
	if (tmk_buf_add(&answer.body, body->data, body->len))
		abort();
	if (!tmk_kms_token_read(&out, &seconds, "the fuzzer", &answer, &err)) {
		if (answer.status != 200 || seconds < 0 ||
		    !tmk_kms_text_line(tmk_buf_str(&out), out.len))
			abort();
	} else if (!err.code || out.len) {
		abort();
	}
	tmk_kms_answer_release(&answer);
	tmk_buf_release(&out);
}

/* What is decoded has one spelling alone. */
static void encoded(const char *text, size_t len)
{
	struct tmk_buf out = TMK_BUF_INIT(65536);
	struct tmk_buf again = TMK_BUF_INIT(65536 * 2);
	struct tmk_kms_text_url url;

	if (!tmk_kms_text_url64_read(&out, text, len) &&
	    (tmk_kms_text_url64(&again, out.data, out.len) ||
	     again.len != len || memcmp(tmk_buf_str(&again), text, len)))
		abort();
	if (!tmk_kms_text_split(&url, text) &&
	    (!url.name_len || url.name_len > url.host_len ||
	     (*url.path && *url.path != '/')))
		abort();
	tmk_buf_release(&out);
	tmk_buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tmk_buf body = TMK_BUF_INIT(65536);
	const char *text;

	if (size < 1 || size > 16384)
		return 0;
	if (tmk_buf_add(&body, data + 1, size - 1))
		abort();
	text = tmk_buf_str(&body);
	switch (data[0] & 3) {
	case 0: challenge(text); break;
	case 1: jwk(&body); break;
	case 2: token(&body); break;
	default: encoded(text, strlen(text)); break;
	}
	tmk_buf_release(&body);
	return 0;
}
