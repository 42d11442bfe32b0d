/* JSON Web Keys to public keys, against OpenSSL and RFC 7517's own. */
#include "key/kms_jwk.h"

#include <stdio.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "key/kms_text.h"
#include "t/unit/tap.h"

static struct tmk_buf body = TMK_BUF_INIT(65536);
static struct tmk_buf spki = TMK_BUF_INIT(8192);
static char kty[16];

static int read_key(const char *fmt, ...)
{
	va_list ap;
	char text[8192];
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	tmk_buf_clear(&body);
	tmk_buf_clear(&spki);
	memset(kty, 0, sizeof(kty));
	if (n < 0 || tmk_buf_add(&body, text, (size_t)n))
		return -2;
	return tmk_kms_jwk_spki(&spki, kty, &body, "key", NULL);
}

/* A number of the key, `len` bytes (0: as many as it has). */
static void number(char *out, size_t size, const EVP_PKEY *key,
		   const char *name, int len)
{
	struct tmk_buf text = TMK_BUF_INIT(4096);
	uint8_t bytes[1024];
	BIGNUM *n = NULL;

	EVP_PKEY_get_bn_param(key, name, &n);
	len = len ? len : BN_num_bytes(n);
	ok(BN_bn2binpad(n, bytes, len) == len &&
	   !tmk_kms_text_url64(&text, bytes, (size_t)len), "%s", name);
	snprintf(out, size, "%s", tmk_buf_str(&text));
	BN_free(n);
	tmk_buf_release(&text);
}

static void same(const EVP_PKEY *key, const char *what)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key, &der);

	is_mem(spki.data, spki.len, der, (size_t)len, "%s", what);
	OPENSSL_free(der);
}

static void test_rsa(void)
{
	EVP_PKEY *key = EVP_RSA_gen(3072);
	char n[2048], e[16];

	number(n, sizeof(n), key, OSSL_PKEY_PARAM_RSA_N, 0);
	number(e, sizeof(e), key, OSSL_PKEY_PARAM_RSA_E, 0);
	ok(!read_key("{\"key\":{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"}}",
		     n, e), "RSA");
	same(key, "as OpenSSL writes it");
	is_str(kty, "RSA", "its type");
	ok(!read_key("{ \"x\": 1, \"key\" : {\"e\":\"%s\",\n\"n\":\"%s\","
		     "\"kty\":\"RSA-HSM\"}}", e, n), "in hardware");
	same(key, "the same key");
	is_str(kty, "RSA-HSM", "its type");
	ok(read_key("{\"key\":{\"kty\":\"RSA\",\"n\":\"%s\"}}", n) < 0,
	   "no exponent");
	ok(read_key("{\"key\":{\"kty\":\"RSA\",\"n\":\"%s=\",\"e\":\"%s\"}}",
		    n, e) < 0, "padding");
	ok(read_key("{\"key\":{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"%s\"}}",
		    e) < 0 && !spki.len, "an empty modulus");
	ok(read_key("{\"key\":{\"kty\":\"RSA\",\"n\":\"AAAA\",\"e\":\"%s\"}}",
		    e) < 0, "a modulus of zero");
	ok(read_key("{\"key\":{\"kty\":\"RSA\",\"n\":\"%s\",\"n\":\"%s\","
		    "\"e\":\"%s\"}}", n, n, e) < 0, "two moduli");
	EVP_PKEY_free(key);
}

static void test_ec(const char *curve, int bytes)
{
	EVP_PKEY *key = EVP_EC_gen(curve);
	char x[256], y[256];

	number(x, sizeof(x), key, OSSL_PKEY_PARAM_EC_PUB_X, bytes);
	number(y, sizeof(y), key, OSSL_PKEY_PARAM_EC_PUB_Y, bytes);
	ok(!read_key("{\"key\":{\"kty\":\"EC-HSM\",\"crv\":\"%s\","
		     "\"x\":\"%s\",\"y\":\"%s\"}}", curve, x, y), "%s", curve);
	same(key, "as OpenSSL writes it");
	is_str(kty, "EC-HSM", "its type");
	ok(read_key("{\"key\":{\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%s\","
		    "\"y\":\"%s\"}}", strcmp(curve, "P-256") ? "P-256" :
		    "P-384", x, y) < 0, "of another curve");
	ok(read_key("{\"key\":{\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%s\"}}",
		    curve, x) < 0, "without y");
	ok(read_key("{\"key\":{\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%s\","
		    "\"y\":\"AA%s\"}}", curve, x, y) < 0, "y too long");
	number(x, sizeof(x), key, OSSL_PKEY_PARAM_EC_PUB_X, bytes + 1);
	ok(read_key("{\"key\":{\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%s\","
		    "\"y\":\"%s\"}}", curve, x, y) < 0, "x too long");
	EVP_PKEY_free(key);
}

static void test_others(void)
{
	ok(read_key("{\"key\":{\"kty\":\"oct-HSM\"}}") < 0, "a secret key");
	ok(read_key("{\"key\":{\"kty\":\"EC\",\"crv\":\"P-256K\","
		    "\"x\":\"AA\",\"y\":\"AA\"}}") < 0, "another curve");
	ok(read_key("{\"key\":{}}") < 0, "nothing");
	ok(read_key("{\"key\":[]}") < 0, "a list");
	ok(read_key("{\"key\":{\"kty\":{\"kty\":\"RSA\"}}}") < 0, "too deep");
	ok(read_key("no JSON") < 0, "no JSON");
	ok(read_key("{}") < 0, "no key");
	ok(read_key("{\"key\":{\"kty\":\"RSA-HSM-and-much-more\"}}") < 0,
	   "a type that is too long");
}

int main(void)
{
	test_rsa();
	test_ec("P-256", 32);
	test_ec("P-384", 48);
	test_ec("P-521", 66);
	test_others();
	tmk_buf_release(&body);
	tmk_buf_release(&spki);
	return tap_done();
}
