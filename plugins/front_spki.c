#include "plugins/front_spki.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "base/enc.h"
#include "iface/signer.h"
#include "x509/digest.h"

int tmk_front_spki_sha256(char hex[TMK_FRONT_SPKI_HEX], const uint8_t *spki,
			  size_t len, struct tmk_err *err)
{
	uint8_t digest[TMK_DIGEST_MAX];
	size_t n = 0;

	if (!spki || !len)
		return tmk_err_set(err, TMK_INPUT, "there is no public key");
	if (tmk_digest_bytes(TMK_SHA256, spki, len, digest, &n, err))
		return -1;
	tmk_enc_hex(hex, digest, n);
	return 0;
}

/* A key that is bound to PSS by its name has the same numbers: the plain key
 * of them; NULL when that cannot be made. */
static EVP_PKEY *plain_rsa(const EVP_PKEY *key)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	BIGNUM *n = NULL, *e = NULL;
	OSSL_PARAM *params = NULL;
	EVP_PKEY *plain = NULL;

	if (build && ctx &&
	    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
	    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1)
		params = OSSL_PARAM_BLD_to_param(build);
	if (params && (EVP_PKEY_fromdata_init(ctx) != 1 ||
		       EVP_PKEY_fromdata(ctx, &plain, EVP_PKEY_PUBLIC_KEY,
					 params) != 1))
		plain = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	BN_free(n);
	BN_free(e);
	return plain;
}

/* The key as a certificate usually has it: NULL when it is none. */
static EVP_PKEY *decode(const uint8_t *spki, size_t len)
{
	const unsigned char *at = spki;
	EVP_PKEY *key = len <= TMK_FRONT_SPKI_MAX ?
		d2i_PUBKEY(NULL, &at, (long)len) : NULL, *plain;

	if (!key || at != spki + len) {
		EVP_PKEY_free(key);
		return NULL;
	}
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC)
		EVP_PKEY_set_utf8_string_param(key,
			OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
			"uncompressed");
	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA_PSS)
		return key;
	plain = plain_rsa(key);
	if (!plain)
		return key;
	EVP_PKEY_free(key);
	return plain;
}

int tmk_front_spki_write(struct tmk_buf *out, const uint8_t *spki, size_t len,
			 struct tmk_err *err)
{
	unsigned char *der = NULL;
	EVP_PKEY *key;
	int n = 0, rc;

	if (!spki || !len)
		return tmk_err_set(err, TMK_INPUT, "there is no public key");
	ERR_set_mark();
	key = decode(spki, len);
	if (key)
		n = i2d_PUBKEY(key, &der);
	ERR_pop_to_mark();
	rc = n > 0 ? tmk_buf_add(out, der, (size_t)n) :
		tmk_buf_add(out, spki, len);
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	return rc ? tmk_err_set(err, TMK_INPUT, "the public key of %zu bytes "
				"is too long", len) : 0;
}

int tmk_front_spki_same(char hex[TMK_FRONT_SPKI_HEX], const uint8_t *spki,
			size_t len, struct tmk_err *err)
{
	struct tmk_buf one = TMK_BUF_INIT(TMK_FRONT_SPKI_MAX + 1024);
	int rc = tmk_front_spki_write(&one, spki, len, err);

	if (!rc)
		rc = tmk_front_spki_sha256(hex, one.data, one.len, err);
	tmk_buf_release(&one);
	return rc;
}
