/*
 * fuzz_openpgp.c - hostile bytes as an OpenPGP signature: read, and verified
 * with a key of each kind, so that the arithmetic is reached. An input that
 * starts with a signature's left 16 bits can hit any digest: the digest is
 * made to begin as it says.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base/clock.h"
#include "iface/seal.h"
#include "seal/openpgp_sig.h"
#include "x509/digest.h"

extern const struct tmk_seal_ops tmk_seal_openpgp;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

/* What is promised of evidence holds whatever the bytes were. */
static void check_signature(const struct tmk_signature *s)
{
	size_t id = strlen(s->key_id);
	int i;

	demand(s->hash >= TMK_SHA256 && s->hash <= TMK_SHA512);
	demand(id == 40 || id == 16);
	demand(s->claimed_time >= 0 && s->value_len > 2);
	demand(s->suffix_len >= 12 && s->suffix[0] == 4);
	demand(s->suffix[s->suffix_len - 6] == 4 &&
	       s->suffix[s->suffix_len - 5] == 0xff);
	demand(s->tokens >= 0 && s->tokens <= TMK_TOKENS_MAX);
	for (i = 0; i < s->tokens; i++)
		demand(s->token_len[i] && s->token[i][0] == 0x30);
}

static void check_promises(const struct tmk_evidence *ev)
{
	int i;

	demand(ev->format == TMK_FORMAT_OPENPGP && ev->signatures >= 1 &&
	       ev->signatures <= TMK_SIGNATURES_MAX);
	for (i = 0; i < ev->signatures; i++)
		check_signature(&ev->signature[i]);
}

/* Joined with itself it has each twice, or there is no room. */
static void check_add(const struct tmk_evidence *ev)
{
	struct tmk_buf both = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_evidence *again = NULL;

	if (tmk_seal_openpgp.add(ev, ev, &both, &err)) {
		demand(err.code == TMK_INPUT && !both.len);
		return;
	}
	demand(!tmk_seal_openpgp.parse(&again, both.data, both.len, &v, &err));
	demand(again && again->signatures == 2 * ev->signatures);
	tmk_evidence_free(again);
	tmk_buf_release(&both);
}

static EVP_PKEY *keys[3];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_evidence *ev = NULL;
	const struct tmk_openpgp_sig *sig;
	uint8_t digest[TMK_DIGEST_MAX] = { 0 };
	int i, rc;

	if (!keys[0]) {
		keys[0] = EVP_RSA_gen(1024);
		keys[1] = EVP_EC_gen("P-256");
		keys[2] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		demand(keys[0] && keys[1] && keys[2]);
	}
	rc = tmk_seal_openpgp.parse(&ev, data, size, &v, &err);
	demand(!rc && (ev != NULL) == (v.reason == TMK_GOOD));
	demand(ev || (v.text[0] && v.hint[0]));
	if (!ev)
		return 0;
	check_promises(ev);
	check_add(ev);
	sig = ev->signature[0].priv;
	memcpy(digest, sig->left, sizeof(sig->left));
	for (i = 0; i < 3; i++) {
		v = (struct tmk_verdict)TMK_VERDICT_INIT;
		demand(!tmk_seal_openpgp.check(ev, 0, keys[i], digest,
			(size_t)EVP_MD_get_size(tmk_digest_md((int)
				ev->signature[0].hash)), &v, &err));
		/* Nobody guesses a signature by a fresh key. */
		demand(v.reason != TMK_GOOD);
	}
	tmk_evidence_free(ev);
	return 0;
}
