/* Signatures and key files of minisign and signify: whatever is read keeps its
 * promises, and nobody guesses a signature. */
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/clock.h"
#include "seal/minisign_sig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern const struct tmk_seal_ops tmk_seal_minisign, tmk_seal_signify;

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void check_promises(const struct tmk_evidence *ev)
{
	const struct tmk_signature *s = &ev->signature[0];
	const struct tmk_minisign_sig *sig = s->priv;

	demand(ev->signatures == 1 && strlen(s->key_id) == 16);
	demand(s->hash == TMK_WHOLE || s->hash == TMK_BLAKE2B512);
	demand(s->hash == TMK_WHOLE || ev->format == TMK_FORMAT_MINISIGN);
	demand(s->value_len == TMK_MINISIGN_VALUE && !s->tokens);
	demand(s->claimed_time == TMK_TIME_NONE || s->claimed_time >= 0);
	demand(sig->commented == (ev->format == TMK_FORMAT_MINISIGN));
	demand(!sig->commented || (sig->comment_len <=
				   TMK_MINISIGN_TRUSTED_MAX &&
				   !memchr(sig->comment, '\n',
					   sig->comment_len)));
}

static void signature(const struct tmk_seal_ops *seal, const uint8_t *data,
		      size_t size, const struct tmk_keyring *ring)
{
	static EVP_PKEY *key;
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_evidence *ev = NULL;
	struct tmk_standing standing;
	uint8_t digest[64] = { 0 };

	if (!key)
		key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	demand(key != NULL);
	demand(!seal->parse(&ev, data, size, &v, &err));
	demand((ev != NULL) == (v.reason == TMK_GOOD));
	demand(ev || v.text[0]);
	if (!ev)
		return;
	check_promises(ev);
	demand(!seal->check(ev, 0, key, digest, sizeof(digest), &v, &err));
	demand(v.reason == TMK_SIGNATURE_BAD);
	v = (struct tmk_verdict)TMK_VERDICT_INIT;
	if (ring) {
		demand(!seal->keyring_find(&standing, ring, ev, 0, NULL, &v,
					   &err));
		demand(v.reason == TMK_CERT_MISSING || standing.key);
	}
	tmk_evidence_free(ev);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_keyring *ring = NULL;
	uint8_t *copy = malloc(size ? size : 1);

	/* in memory of exactly its size, so that a byte too far is seen */
	demand(copy != NULL);
	if (size)
		memcpy(copy, data, size);
	if (tmk_seal_minisign.keyring_read(&ring, copy, size, "fuzz", &err))
		demand(err.code == TMK_USAGE && err.text[0]);
	signature(&tmk_seal_minisign, copy, size, ring);
	signature(&tmk_seal_signify, copy, size, ring);
	tmk_keyring_free(ring);
	free(copy);
	return 0;
}
