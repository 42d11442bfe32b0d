#include "x509/cert.h"

#include <stdarg.h>
#include <stdio.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "x509/rsa_facts.h"

#define RSA_MAX_BITS 16384
#define RSA_MAX_EXPONENT_BITS 64
/* SubjectPublicKey of the largest RSA key allowed: modulus, exponent, and
 * their tags. */
#define RSA_MAX_BYTES (RSA_MAX_BITS / 8 + 32)

/* Whether the certificate holds exactly these bytes: the usual case, and a
 * thousand times cheaper than decoding a key (OpenSSL 3 decoders). */
static bool has_bytes(X509 *cert, const uint8_t *spki, size_t len)
{
	unsigned char *der = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	bool same = n > 0 && (size_t)n == len && !memcmp(der, spki, len);

	OPENSSL_free(der);
	return same;
}

bool tmk_cert_has_key(X509 *cert, const uint8_t *spki, size_t len)
{
	const unsigned char *p = spki;
	EVP_PKEY *key, *own;
	bool same = false;

	if (len > RSA_MAX_BYTES + 64)
		return false;
	if (X509_get0_pubkey(cert) && has_bytes(cert, spki, len))
		return true;
	ERR_set_mark();
	key = d2i_PUBKEY(NULL, &p, (long)len);
	own = X509_get0_pubkey(cert);
	if (key && own && p == spki + len)
		same = EVP_PKEY_eq(own, key) == 1;
	EVP_PKEY_free(key);
	ERR_pop_to_mark();
	return same;
}

static bool weak(char *why, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static bool weak(char *why, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, size, fmt, ap);
	va_end(ap);
	return false;
}

static bool rsa_ok(EVP_PKEY *key, unsigned int min_rsa, char *why, size_t size)
{
	struct tmk_rsa_facts f;

	if (!tmk_rsa_facts_get(&f, key))
		return weak(why, size, "an RSA key that cannot be read");
	if (f.bits < (int)min_rsa)
		return weak(why, size, "RSA of %d bits, %u are needed",
			    f.bits, min_rsa);
	if (f.bits > RSA_MAX_BITS)
		return weak(why, size, "RSA of %d bits, more than %d", f.bits,
			    RSA_MAX_BITS);
	if (f.bits % 8 || !f.odd)
		return weak(why, size, "an RSA modulus of %d bits that is not "
			    "a whole number of bytes or not odd", f.bits);
	if (f.exponent_bits > RSA_MAX_EXPONENT_BITS || !f.exponent_good)
		return weak(why, size, "an RSA exponent that is even, 1, or "
			    "longer than %d bits", RSA_MAX_EXPONENT_BITS);
	return true;
}

/* Only curves named by their OID: explicit parameters let the sender choose
 * the generator. Asked of the encoding, since OpenSSL gives a spelled out curve
 * that it knows its name back. */
static bool ec_ok(const X509_ALGOR *alg, char *why, size_t size)
{
	const ASN1_OBJECT *oid = NULL;
	const void *param = NULL;
	int type = 0, nid;

	X509_ALGOR_get0(NULL, &type, &param, alg);
	if (type != V_ASN1_OBJECT)
		return weak(why, size, "EC with explicit curve parameters");
	oid = param;
	nid = OBJ_obj2nid(oid);
	if (nid != NID_X9_62_prime256v1 && nid != NID_secp384r1 &&
	    nid != NID_secp521r1)
		return weak(why, size, "EC on a curve other than P-256, P-384 "
			    "and P-521");
	return true;
}

static bool curve_ok(EVP_PKEY *key)
{
	char group[64] = "";
	size_t n = 0;
	int nid;

	if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME,
					   group, sizeof(group), &n) != 1)
		return false;
	nid = OBJ_sn2nid(group);
	if (nid == NID_undef)
		nid = EC_curve_nist2nid(group);
	return nid == NID_X9_62_prime256v1 || nid == NID_secp384r1 ||
		nid == NID_secp521r1;
}

bool tmk_cert_pkey_ok(EVP_PKEY *key, unsigned int min_rsa, char *why,
		      size_t size)
{
	int kind = EVP_PKEY_get_base_id(key);
	bool good;

	if (kind == EVP_PKEY_RSA)
		return rsa_ok(key, min_rsa, why, size);
	ERR_set_mark();
	good = kind == EVP_PKEY_ED25519 ||
		(kind == EVP_PKEY_EC && curve_ok(key));
	ERR_pop_to_mark();
	return good || weak(why, size, "a key that is neither RSA, P-256, "
			    "P-384, P-521 nor Ed25519");
}

bool tmk_cert_key_ok(X509 *cert, unsigned int min_rsa, char *why, size_t size)
{
	X509_PUBKEY *pub = X509_get_X509_PUBKEY(cert);
	const ASN1_OBJECT *oid = NULL;
	ASN1_OBJECT *owned = NULL;
	const unsigned char *bytes = NULL;
	X509_ALGOR *alg = NULL;
	EVP_PKEY *key;
	int len = 0, nid;

	if (!pub || X509_PUBKEY_get0_param(&owned, &bytes, &len, &alg,
					   pub) != 1)
		return weak(why, size, "a key that cannot be read");
	oid = owned;
	nid = OBJ_obj2nid(oid);
	if (len > RSA_MAX_BYTES)
		return weak(why, size, "a key of %d bytes", len);
	if (nid == NID_X9_62_id_ecPublicKey && !ec_ok(alg, why, size))
		return false;
	ERR_set_mark();
	key = X509_get0_pubkey(cert);
	ERR_pop_to_mark();
	if (!key)
		return weak(why, size, "a key that cannot be read");
	switch (nid) {
	case NID_rsaEncryption:
	case NID_rsassaPss:
		return rsa_ok(key, min_rsa, why, size);
	case NID_X9_62_id_ecPublicKey:
	case NID_ED25519:
		return true;
	default:
		return weak(why, size, "a key that is neither RSA, P-256, "
			    "P-384, P-521 nor Ed25519");
	}
}
