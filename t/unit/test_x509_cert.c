#include <stdbool.h>

#include <openssl/param_build.h>

#include "t/unit/tap.h"
#include "t/unit/x509_mint.h"
#include "x509/cert.h"

static struct mint leaf;

static void load_forms(void)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_buf pem = TMK_BUF_INIT(1 << 20);
	struct tmk_buf der = TMK_BUF_INIT(1 << 20);
	STACK_OF(X509) *certs = NULL;
	X509 *cert = NULL;

	ok(!tmk_buf_addstr(&pem, "text before\n") &&
	   !tmk_cert_to_pem(&pem, leaf.cert) &&
	   !tmk_buf_addstr(&pem, "text between\n") &&
	   !tmk_cert_to_pem(&pem, leaf.cert), "two in PEM");
	ok(!tmk_cert_load(&certs, pem.data, pem.len, "pem", &err),
	   "PEM with text around it");
	is_int(sk_X509_num(certs), 2, "gives two");
	sk_X509_pop_free(certs, X509_free);
	ok(!tmk_cert_to_der(&der, leaf.cert), "one in DER");
	certs = NULL;
	ok(!tmk_cert_load(&certs, der.data, der.len, "der", &err), "DER");
	is_int(sk_X509_num(certs), 1, "gives one");
	sk_X509_pop_free(certs, X509_free);
	ok(!tmk_cert_from_der(&cert, der.data, der.len, "der", &err),
	   "exactly one DER certificate");
	X509_free(cert);
	cert = NULL;
	ok(tmk_cert_from_der(&cert, der.data, der.len - 1, "cut", &err) < 0,
	   "a cut one fails");
	ok(!tmk_buf_addch(&der, 0) &&
	   tmk_cert_from_der(&cert, der.data, der.len, "long", &err) < 0,
	   "a byte behind it fails");
	is_int(err.code, TMK_INPUT, "as input");
	ok(!cert, "and gives nothing");
	tmk_buf_release(&pem);
	tmk_buf_release(&der);
}

static void load_one_bad(const char *text, const char *what)
{
	struct tmk_err err = TMK_ERR_INIT;
	STACK_OF(X509) *certs = NULL;

	ok(tmk_cert_load(&certs, (const uint8_t *)text, strlen(text), "bad",
			 &err) < 0 && err.code == TMK_INPUT && !certs,
	   "%s is refused: %s", what, err.text);
}

static void load_bad(void)
{
	struct tmk_buf pem = TMK_BUF_INIT(1 << 20);
	struct tmk_err err = TMK_ERR_INIT;
	STACK_OF(X509) *certs = NULL;

	load_one_bad("", "an empty file");
	load_one_bad("no certificate\n", "text");
	load_one_bad("-----BEGIN CERTIFICATE-----\nMIIB\n", "a cut block");
	load_one_bad("-----BEGIN CERTIFICATE-----\nAAAA\n"
		     "-----END CERTIFICATE-----\n", "a block of nothing");
	load_one_bad("-----BEGIN TRUSTED CERTIFICATE-----\nAAAA\n"
		     "-----END TRUSTED CERTIFICATE-----\n",
		     "a block with trust settings");
	ok(!tmk_cert_to_pem(&pem, leaf.cert) &&
	   !tmk_buf_addstr(&pem, "-----BEGIN PRIVATE KEY-----\nAAAA\n"
			   "-----END PRIVATE KEY-----\n") &&
	   tmk_cert_load(&certs, pem.data, pem.len, "key", &err) < 0,
	   "a certificate with a private key is refused");
	tmk_buf_release(&pem);
	ok(tmk_cert_load_file(&certs, "/nonexistent", &err) < 0 &&
	   err.code == TMK_INPUT, "a missing file");
}

static void names(void)
{
	struct mint odd;
	struct mint_spec spec = { .name = "a\x1b[31m\xe2\x80\xae, b" };
	char text[200], tiny[16];

	mint_cert(&odd, NULL, &spec);
	tmk_cert_subject(text, sizeof(text), odd.cert);
	ok(!strchr(text, '\x1b') && !strstr(text, "\xe2\x80\xae"),
	   "control and bidirectional bytes are escaped: %s", text);
	is_str(tmk_cert_subject(text, sizeof(text), leaf.cert),
	       "emailAddress=sub@example.org,CN=leaf", "RFC 2253 order");
	is_str(tmk_cert_issuer(text, sizeof(text), leaf.cert), text,
	       "issuer of a self-signed one");
	ok(strlen(tmk_cert_subject(tiny, sizeof(tiny), leaf.cert)) <
	   sizeof(tiny), "cut to size");
	mint_release(&odd);
}

static void emails(void)
{
	char text[64], small[8];
	struct mint evil;
	struct mint_spec spec = { .name = "evil" };
	GENERAL_NAMES *san = GENERAL_NAMES_new();
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *ia5 = ASN1_IA5STRING_new();

	is_str(tmk_cert_email(text, sizeof(text), leaf.cert, 0),
	       "one@example.org", "first of the SAN");
	is_str(tmk_cert_email(text, sizeof(text), leaf.cert, 1),
	       "two@example.org", "second of the SAN");
	is_str(tmk_cert_email(text, sizeof(text), leaf.cert, 2),
	       "sub@example.org", "then the subject's");
	ok(!tmk_cert_email(text, sizeof(text), leaf.cert, 3), "then none");
	ok(!tmk_cert_email(small, sizeof(small), leaf.cert, 0),
	   "one that does not fit is not cut");
	/* The certificate is signed before the SAN is put in: only names are
	 * looked at. */
	mint_cert(&evil, NULL, &spec);
	mint_must(ASN1_STRING_set(ia5, "dev@example.org\0.evil", 21) == 1,
		  "name");
	GENERAL_NAME_set0_value(name, GEN_EMAIL, ia5);
	sk_GENERAL_NAME_push(san, name);
	mint_must(X509_add1_ext_i2d(evil.cert, NID_subject_alt_name, san, 0,
				    0) == 1, "SAN");
	ok(!tmk_cert_email(text, sizeof(text), evil.cert, 0),
	   "a NUL inside makes it absent");
	GENERAL_NAMES_free(san);
	mint_release(&evil);
}

static void facts(void)
{
	struct tmk_err err = TMK_ERR_INIT;
	char sha[TMK_FINGERPRINT_TEXT], sha1[TMK_FINGERPRINT_TEXT];
	int64_t from = 0, to = 0;
	unsigned char *spki = NULL;
	struct mint other;
	struct mint_spec spec = { .name = "other" };
	int len;

	is_int((long long)strlen(tmk_cert_sha256(sha, leaf.cert)), 64,
	       "SHA-256 fingerprint");
	is_int((long long)strlen(tmk_cert_sha1_upper(sha1, leaf.cert)), 40,
	       "SHA-1 fingerprint");
	ok(!tmk_cert_validity(&from, &to, leaf.cert, &err), "validity");
	is_int(from, MINT_T0 - 10 * MINT_DAY, "notBefore");
	is_int(to, MINT_T0 + 10 * MINT_DAY, "notAfter");
	len = i2d_PUBKEY(leaf.key, &spki);
	ok(len > 0 && tmk_cert_has_key(leaf.cert, spki, (size_t)len),
	   "its own key");
	mint_cert(&other, NULL, &spec);
	ok(!tmk_cert_has_key(other.cert, spki, (size_t)len), "another's key");
	ok(!tmk_cert_has_key(leaf.cert, spki, (size_t)len - 1), "a cut key");
	OPENSSL_free(spki);
	mint_release(&other);
}

static void strength(const char *key, unsigned int min, bool want)
{
	struct mint_spec spec = { .name = "k", .key = key };
	char why[200] = "";
	struct mint m;

	mint_cert(&m, NULL, &spec);
	ok(tmk_cert_key_ok(m.cert, min, why, sizeof(why)) == want,
	   "%s with %u is %s (%s)", key, min, want ? "taken" : "refused", why);
	mint_release(&m);
}

/* An EC key whose curve is spelled out instead of named. */
static void explicit_curve(void)
{
	struct mint_spec spec = { .name = "explicit" };
	EVP_PKEY *key = mint_key("P-256");
	char why[200] = "";
	struct mint m;

	mint_must(EVP_PKEY_set_utf8_string_param(key,
		OSSL_PKEY_PARAM_EC_ENCODING, "explicit") == 1, "encoding");
	spec.reuse = key;
	mint_cert(&m, NULL, &spec);
	ok(!tmk_cert_key_ok(m.cert, 3072, why, sizeof(why)),
	   "explicit curve parameters are refused (%s)", why);
	mint_release(&m);
	EVP_PKEY_free(key);
}

/* An RSA key of these numbers, of which nobody has the private half. */
static void odd_rsa(int bits, bool even, const char *exponent, bool want)
{
	struct mint_spec spec = { .name = "odd" };
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	BIGNUM *n = BN_new(), *e = NULL;
	OSSL_PARAM *params;
	char why[200] = "";
	struct mint m;

	mint_must(build && ctx && n && BN_set_bit(n, bits - 1) == 1 &&
		  (even || BN_set_bit(n, 0) == 1) &&
		  BN_hex2bn(&e, exponent) > 0 &&
		  OSSL_PARAM_BLD_push_BN(build, "n", n) == 1 &&
		  OSSL_PARAM_BLD_push_BN(build, "e", e) == 1, "numbers");
	params = OSSL_PARAM_BLD_to_param(build);
	mint_must(params && EVP_PKEY_fromdata_init(ctx) == 1 &&
		  EVP_PKEY_fromdata(ctx, &spec.reuse, EVP_PKEY_PUBLIC_KEY,
				    params) == 1, "RSA key");
	mint_cert(&m, &leaf, &spec);
	ok(tmk_cert_key_ok(m.cert, 3072, why, sizeof(why)) == want,
	   "RSA of %d bits, %s, exponent %s: %s (%s)", bits,
	   even ? "even" : "odd", exponent, want ? "taken" : "refused", why);
	mint_release(&m);
	EVP_PKEY_free(spec.reuse);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	BN_free(n);
	BN_free(e);
}

static void bombs(void)
{
	odd_rsa(3072, false, "010001", true);
	odd_rsa(16384, false, "03", true);
	odd_rsa(16392, false, "010001", false);
	odd_rsa(40000, false, "010001", false);
	odd_rsa(3073, false, "010001", false);
	odd_rsa(3072, true, "010001", false);
	odd_rsa(3072, false, "01", false);
	odd_rsa(3072, false, "010000", false);
	odd_rsa(3072, false, "8000000000000001", true);
	odd_rsa(3072, false, "010000000000000001", false);
}

int main(void)
{
	const struct mint_spec spec = {
		.name = "leaf", .email = "sub@example.org",
		.ext = { { "subjectAltName", "email:one@example.org,"
			   "DNS:example.org,email:two@example.org" } },
	};

	mint_cert(&leaf, NULL, &spec);
	load_forms();
	load_bad();
	names();
	emails();
	facts();
	strength("P-256", 3072, true);
	strength("P-384", 3072, true);
	strength("P-521", 3072, true);
	strength("ED25519", 3072, true);
	strength("secp256k1", 3072, false);
	strength("RSA1024", 2048, false);
	strength("RSA2048", 2048, true);
	strength("RSA2048", 3072, false);
	explicit_curve();
	bombs();
	mint_release(&leaf);
	return tap_done();
}
