/*
 * The arithmetic: is this the key's signature over the signed attributes, and
 * do they name this content?
 */
#include <string.h>

#include <openssl/crypto.h>

#include "seal/cms_read.h"
#include "x509/cert.h"
#include "x509/digest.h"
#include "x509/value.h"

#define ARITHMETIC_MIN_RSA 1024	/* bits; below, nothing is worth trying */

/* The two enums are one. */
_Static_assert((int)TMK_CMS_PKCS1 == (int)TMK_VALUE_PKCS1 &&
	       (int)TMK_CMS_PSS == (int)TMK_VALUE_PSS &&
	       (int)TMK_CMS_ECDSA == (int)TMK_VALUE_ECDSA, "schemes");

int tmk_cms_check_value(EVP_PKEY *key, enum tmk_cms_scheme scheme, int salt,
			enum tmk_hash hash, const uint8_t *digest,
			size_t digest_len, const uint8_t *value,
			size_t value_len, struct tmk_err *err)
{
	return tmk_value_check(key, (enum tmk_value_scheme)scheme, salt,
			       (int)hash, digest, digest_len, value,
			       value_len, err);
}

/* The digest of the attributes as they stand, with the SET OF tag that RFC
 * 5652 5.4 puts in the place of [0]. */
static int hash_attrs(uint8_t *out, size_t *len, enum tmk_hash hash,
		      const struct tmk_ber *attrs, struct tmk_err *err)
{
	static const uint8_t set = TMK_BER_SET;
	struct tmk_digest d = { NULL };
	int rc;

	rc = tmk_digest_init(&d, (int)hash, err);
	if (!rc)
		rc = tmk_digest_update(&d, &set, 1, err);
	if (!rc)
		rc = tmk_digest_update(&d, attrs->all + 1, attrs->all_len - 1,
				       err);
	if (!rc)
		rc = tmk_digest_final(&d, out, len, err);
	tmk_digest_release(&d);
	return rc;
}

int tmk_cms_check(const struct tmk_evidence *evidence, int i, EVP_PKEY *key,
		  const uint8_t *digest, size_t digest_len,
		  struct tmk_verdict *v, struct tmk_err *err)
{
	const struct tmk_signature *sig = &evidence->signature[i];
	const struct tmk_cms_signer *s = sig->priv;
	uint8_t own[TMK_DIGEST_MAX];
	size_t own_len;
	char why[160];
	int rc;

	(void)key;	/* the certificate's is the one that counts */
	if (!sig->cert)
		return tmk_verdict_refuse(v, TMK_CERT_MISSING,
					  "the signer's certificate is not "
					  "embedded");
	if (digest_len != sig->digest_len ||
	    CRYPTO_memcmp(digest, sig->digest, digest_len))
		return tmk_verdict_refuse(v, TMK_SIGNATURE_BAD,
					  "the signature is for other content");
	if (!tmk_cert_key_ok(sig->cert, ARITHMETIC_MIN_RSA, why, sizeof(why)))
		return tmk_verdict_refuse(v, TMK_KEY_WEAK, "%s", why);
	rc = hash_attrs(own, &own_len, sig->hash, &s->attrs, err);
	if (rc)
		return rc;
	rc = tmk_cms_check_value(X509_get0_pubkey(sig->cert), s->scheme,
				 s->salt, sig->hash, own, own_len, sig->value,
				 sig->value_len, err);
	if (rc < 0)
		return rc;
	if (!rc)
		return tmk_verdict_refuse(v, TMK_SIGNATURE_BAD,
					  "the signature is not by the key of "
					  "its certificate");
	return 0;
}
