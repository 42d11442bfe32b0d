/* The hand-written DER against OpenSSL's. */
#include "key/der.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "t/unit/tap.h"

static void test_rsa(unsigned int bits)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
	struct tmk_buf spki = TMK_BUF_INIT(4096);
	BIGNUM *n = NULL, *e = NULL;
	uint8_t nb[1025] = { 0 }, eb[16];
	unsigned char *der = NULL;
	unsigned int got = 0;
	int nl, el, len;

	EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n);
	EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e);
	nl = BN_bn2bin(n, nb + 1);
	el = BN_bn2bin(e, eb);
	len = i2d_PUBKEY(key, &der);
	/* With the leading zero that some modules give. */
	ok(!tmk_der_rsa_spki(&spki, &got, nb, (size_t)nl + 1, eb, (size_t)el),
	   "RSA %u", bits);
	is_mem(spki.data, spki.len, der, (size_t)len, "as OpenSSL writes it");
	is_int(got, bits, "bits");
	is_int(tmk_der_rsa_spki(&spki, &got, nb, 1, eb, (size_t)el), -1,
	       "a modulus of zero is none");
	is_int((int)spki.len, len, "the buffer is as it was");
	BN_free(n);
	BN_free(e);
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	tmk_buf_release(&spki);
}

static void test_ec(const char *curve, unsigned int bits)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve);
	struct tmk_buf spki = TMK_BUF_INIT(4096);
	uint8_t wrapped[160] = { 0x04 }, *point;
	const uint8_t *params, *at;
	size_t n = 0, h, len = 0;
	unsigned char *der = NULL;
	int der_len = i2d_PUBKEY(key, &der);

	EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, NULL, 0,
					&n);
	h = n < 0x80 ? 2 : 3;
	wrapped[1] = h == 2 ? (uint8_t)n : 0x81;
	if (h == 3)
		wrapped[2] = (uint8_t)n;
	point = wrapped + h;
	EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point,
					sizeof(wrapped) - h, &n);
	ok(!tmk_der_ec_spki(&spki, bits, point, n), "%s, bare", curve);
	is_mem(spki.data, spki.len, der, (size_t)der_len,
	       "as OpenSSL writes it");
	at = tmk_der_spki_bits(&spki, &len);
	is_mem(at, len, point, n, "its key bits");
	tmk_buf_clear(&spki);
	ok(!tmk_der_ec_spki(&spki, bits, wrapped, n + h), "%s, wrapped",
	   curve);
	is_mem(spki.data, spki.len, der, (size_t)der_len,
	       "as OpenSSL writes it");
	tmk_buf_clear(&spki);
	is_int(tmk_der_ec_spki(&spki, bits, point, n - 1), -1, "cut");
	is_int(tmk_der_ec_spki(&spki, bits, wrapped, n + h - 1), -1,
	       "cut, wrapped");
	is_int(tmk_der_ec_spki(&spki, bits == 256 ? 384 : 256, point, n), -1,
	       "of another curve");
	is_int(tmk_der_ec_spki(&spki, bits, point, 0), -1, "empty");
	point[0] = 0x02;
	is_int(tmk_der_ec_spki(&spki, bits, point, n), -1, "compressed");
	is_int((int)spki.len, 0, "nothing was written");
	params = tmk_der_curve_params(bits, &len);
	is_int(tmk_der_curve_bits(params, len), bits, "curve parameters");
	is_int(tmk_der_curve_bits(params, len - 1), 0, "cut parameters");
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	tmk_buf_release(&spki);
}

static void test_digest_info(void)
{
	static const struct { enum tmk_hash hash; int nid; size_t len; } h[] = {
		{ TMK_SHA256, NID_sha256, 32 }, { TMK_SHA384, NID_sha384, 48 },
		{ TMK_SHA512, NID_sha512, 64 },
	};
	uint8_t digest[64];
	size_t i;

	memset(digest, 0x5a, sizeof(digest));
	for (i = 0; i < 3; i++) {
		struct tmk_buf got = TMK_BUF_INIT(128);
		X509_SIG *sig = X509_SIG_new();
		X509_ALGOR *alg;
		ASN1_OCTET_STRING *value;
		unsigned char *der = NULL;
		int len;

		X509_SIG_getm(sig, &alg, &value);
		X509_ALGOR_set0(alg, OBJ_nid2obj(h[i].nid), V_ASN1_NULL, NULL);
		ASN1_OCTET_STRING_set(value, digest, (int)h[i].len);
		len = i2d_X509_SIG(sig, &der);
		ok(!tmk_der_digest_info(&got, h[i].hash, digest, h[i].len),
		   "DigestInfo %zu", i);
		is_mem(got.data, got.len, der, (size_t)len,
		       "as OpenSSL writes it");
		is_int(tmk_der_digest_info(&got, h[i].hash, digest,
					   h[i].len - 1), -1,
		       "another length is refused");
		OPENSSL_free(der);
		X509_SIG_free(sig);
		tmk_buf_release(&got);
	}
}

static void test_ed25519(void)
{
	static const uint8_t dir_oid[] = { 0x06, 0x03, 0x2b, 0x65, 0x71 };
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	struct tmk_buf got = TMK_BUF_INIT(128);
	uint8_t wrapped[40] = { 0x04, 32 }, raw[32];
	unsigned char *der = NULL;
	size_t len = sizeof(raw), form_len;
	int der_len = i2d_PUBKEY(key, &der), form;

	EVP_PKEY_get_raw_public_key(key, raw, &len);
	ok(!tmk_der_ed25519_spki(&got, raw, 32), "Ed25519, a bare point");
	is_mem(got.data, got.len, der, (size_t)der_len, "as OpenSSL writes it");
	ok(tmk_der_is_ed25519_spki(der, (size_t)der_len) &&
	   !tmk_der_is_ed25519_spki(der, (size_t)der_len - 1), "known again");
	tmk_buf_clear(&got);
	memcpy(wrapped + 2, raw, 32);
	ok(!tmk_der_ed25519_spki(&got, wrapped, 34) &&
	   !memcmp(got.data, der, (size_t)der_len), "in an OCTET STRING");
	tmk_buf_clear(&got);
	memcpy(wrapped, "\x03\x21\x00", 3);
	memcpy(wrapped + 3, raw, 32);
	ok(!tmk_der_ed25519_spki(&got, wrapped, 35) &&
	   !memcmp(got.data, der, (size_t)der_len), "in a BIT STRING");
	tmk_buf_clear(&got);
	wrapped[2] = 1;
	ok(tmk_der_ed25519_spki(&got, wrapped, 35) < 0 &&
	   tmk_der_ed25519_spki(&got, raw, 31) < 0 &&
	   tmk_der_ed25519_spki(&got, wrapped, 33) < 0 &&
	   tmk_der_ed25519_spki(&got, wrapped, 0) < 0 && !got.len,
	   "anything else is refused");
	for (form = 0; tmk_der_ed25519_params(form, &form_len); form++)
		ok(tmk_der_is_ed25519(tmk_der_ed25519_params(form, &form_len),
				      form_len), "the curve, form %d", form);
	is_int(form, 2, "two forms");
	ok(!tmk_der_is_ed25519(dir_oid, sizeof(dir_oid)) &&
	   !tmk_der_is_ed25519(NULL, 0), "and no other curve");
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	tmk_buf_release(&got);
}

/* What a caller says of a key is believed only in our own form. */
static void test_is_ec_spki(void)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key, &der);
	int i, taken = 0;

	ok(tmk_der_is_ec_spki(der, (size_t)len, 256), "an SPKI of P-256");
	ok(!tmk_der_is_ec_spki(der, (size_t)len, 384) &&
	   !tmk_der_is_ec_spki(der, (size_t)len, 255) &&
	   !tmk_der_is_ec_spki(der, (size_t)len - 1, 256) &&
	   !tmk_der_is_ec_spki(der + 1, (size_t)len - 1, 256) &&
	   !tmk_der_is_ec_spki(der, 3, 256), "and nothing but");
	/* Every byte before the coordinates counts. */
	for (i = 0; i < len - 64; i++) {
		der[i] ^= 1;
		taken += tmk_der_is_ec_spki(der, (size_t)len, 256);
		der[i] ^= 1;
	}
	is_int(taken, 0, "with no bit of its head changed");
	OPENSSL_free(der);
	EVP_PKEY_free(key);
}

int main(void)
{
	test_rsa(1024);
	test_rsa(2048);
	test_ec("P-256", 256);
	test_ec("P-384", 384);
	test_ec("P-521", 521);
	is_int(tmk_der_curve_bits((const uint8_t *)"\x30\x00", 2), 0,
	       "explicit parameters are no curve");
	test_digest_info();
	test_ed25519();
	test_is_ec_spki();
	return tap_done();
}
