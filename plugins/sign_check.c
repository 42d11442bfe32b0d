#include "plugins/sign_check.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "x509/spki.h"

bool tmk_sign_check_names(const struct tmk_answer *ready,
			  const struct tmk_evidence *evidence, int i)
{
	const struct tmk_signature *s = &evidence->signature[i];
	size_t len = strlen(ready->fingerprint), id = strlen(s->key_id);
	EVP_PKEY *key;
	bool same;

	/* "16 hex digits when it says no more": the end of a fingerprint. */
	if (evidence->format != TMK_FORMAT_X509)
		return id && id <= len &&
			!strcmp(ready->fingerprint + len - id, s->key_id);
	key = s->cert ? tmk_spki_key(ready->key.data, ready->key.len) : NULL;
	ERR_set_mark();
	same = key && EVP_PKEY_eq(X509_get0_pubkey(s->cert), key) == 1;
	ERR_pop_to_mark();
	EVP_PKEY_free(key);
	return same;
}

int tmk_sign_check_good(bool *good, const struct tmk_answer *ready,
			const struct tmk_evidence *evidence, int i,
			const uint8_t *digest, size_t len,
			struct tmk_err *err)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	EVP_PKEY *key = NULL;
	int rc;

	*good = false;
	if (evidence->format == TMK_FORMAT_X509) {
		if (!tmk_sign_check_names(ready, evidence, i))
			return 0;
	} else {
		key = tmk_spki_key(ready->key.data, ready->key.len);
		if (!key)
			return tmk_err_set(err, TMK_INTERNAL, "the public key "
					   "cannot be read");
	}
	rc = evidence->ops->check(evidence, i, key, digest, len, &v, err);
	EVP_PKEY_free(key);
	if (!rc)
		*good = v.reason == TMK_GOOD;
	return rc;
}

int tmk_sign_check_made(const struct tmk_answer *ready,
			const struct tmk_evidence *evidence,
			const uint8_t *digest, size_t len, const char *name,
			struct tmk_err *err)
{
	const struct tmk_signature *s = &evidence->signature[0];
	bool good = false;

	if (evidence->signatures == 1 && s->hash == ready->hash &&
	    s->suffix_len == ready->trailer.len &&
	    (!s->suffix_len || !memcmp(s->suffix, ready->trailer.data,
				       s->suffix_len)) &&
	    tmk_sign_check_good(&good, ready, evidence, 0, digest, len, err))
		return -1;
	if (good)
		return 0;
	tmk_err_set(err, TMK_INTERNAL, "%s: the signature that was made does "
		    "not verify", name);
	return tmk_err_hint(err, "nothing was written");
}
