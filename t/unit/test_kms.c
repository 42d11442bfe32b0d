/* What the stores of cloud services share: addresses, texts in answers, keys,
 * and ECDSA signatures, these against OpenSSL. */
#include <stdio.h>
#include <string.h>

#include <openssl/ecdsa.h>

#include "key/kms.h"
#include "net/http.h"
#include "t/unit/soft.h"
#include "t/unit/tap.h"

/* ---- addresses ------------------------------------------------------- */

static void test_urls(void)
{
	static const char *const good[] = {
		"https://kms.eu-west-1.amazonaws.com/", "https://a",
		"https://a:8443/v1/keys?api-version=7.4", "http://127.0.0.1",
		"http://127.0.0.1:80/", "http://127.1.2.3/a", "http://[::1]:1/",
		"http://localhost:8200/v1", "http://169.254.169.254/latest",
		"http://169.254.170.2/v2", "http://169.254.170.23/v1",
		"http://[fd00:ec2::254]/", "http://metadata.google.internal/",
	};
	static const char *const bad[] = {
		"", "https://", "https:///a", "http://", "ftp://a", "a",
		"//127.0.0.1", "http:/127.0.0.1", "HTTPS://a",
		"http://10.0.0.1/", "http://169.254.169.253/",
		"http://example.org/", "http://127.0.0.1.example.org/",
		"http://127.0.0.256/", "http://127.1/", "http://0127.0.0.1/",
		"http://2130706433/", "http://[::2]/",
		"http://[::ffff:127.0.0.1]/",
		"http://localhost.example.org/", "http://a@127.0.0.1/",
		"https://a:b@c/", "https://a/\n", "https://a b/",
		"https://a/\\b", "https://a#b", "https://a:/", "https://a:b/",
		"https://a:123456/", "https://[::1/", "https://[]/",
		"https://\303\251/", "http://127.0.0.1#@example.org/",
		"https://a/\"",
	};
	struct tmk_err err;
	char large[5000];
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++)
		ok(!tmk_kms_url_ok(good[i], NULL), "may be asked: %s",
		   good[i]);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		memset(&err, 0, sizeof(err));
		ok(tmk_kms_url_ok(bad[i], &err) < 0 && err.code == TMK_USAGE,
		   "may not: %s", bad[i]);
		ok(!strchr(err.text, '@'), "without its user");
	}
	memset(large, 'a', sizeof(large));
	memcpy(large, "https://", 8);
	large[sizeof(large) - 1] = '\0';
	ok(tmk_kms_url_ok(large, NULL) < 0, "may not: one that is too long");
}

/* ---- texts in answers ------------------------------------------------ */

static const char document[] =
	"{ \"a\": \"text\", \"n\": 1.50e3, \"t\": true, \"f\": false,\n"
	"  \"z\": null, \"o\": { \"a\": \"inner\", \"o\": { \"a\": \"deep\" } },"
	"  \"l\": [ \"zero\", { \"a\": \"one\" }, [ \"two\" ] ],"
	"  \"d\": \"1\", \"d\": \"2\", \"x\": { \"a\": 1 }, \"x\": { \"a\": 2 },"
	"  \"nul\": \"a\\u0000b\", \"empty\": \"\" }";

static int get(char *out, size_t size, const char *text, const char *path)
{
	struct tmk_buf body = TMK_BUF_INIT(TMK_KMS_ANSWER_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	int rc;

	must_be(!tmk_buf_add(&body, text, strlen(text)));
	snprintf(out, size, "untouched");
	rc = tmk_kms_json(out, size, &body, path, &err);
	ok(rc < 0 ? err.code == TMK_NET : !err.code, "%s: a clean end", path);
	if (rc)
		ok(!strncmp(out, "untouched", size - 1),
		   "%s: nothing is written", path);
	tmk_buf_release(&body);
	return rc;
}

static void test_json(void)
{
	static const struct {
		const char *path;
		int rc;
		const char *text;
	} c[] = {
		{ "a", 0, "text" }, { "n", 0, "1.50e3" }, { "t", 0, "true" },
		{ "f", 0, "false" }, { "z", 1, "" }, { "q", 1, "" },
		{ "o.a", 0, "inner" }, { "o.o.a", 0, "deep" },
		{ "o.o.o.a", 1, "" }, { "a.a", 1, "" }, { "o", -1, "" },
		{ "l", -1, "" }, { "l.0", 0, "zero" }, { "l.1.a", 0, "one" },
		{ "l.2.0", 0, "two" }, { "l.3", 1, "" }, { "l.00", 1, "" },
		{ "l.a", 1, "" }, { "d", -1, "" }, { "x.a", -1, "" },
		{ "nul", -1, "" }, { "empty", 0, "" }, { "0", 1, "" },
		{ "", 1, "" },
	};
	char out[64];
	size_t i;

	for (i = 0; i < sizeof(c) / sizeof(*c); i++) {
		int rc = get(out, sizeof(out), document, c[i].path);

		is_int(rc < 0 ? -1 : rc, c[i].rc, "%s: found or not",
		       c[i].path);
		if (!c[i].rc)
			is_str(out, c[i].text, "%s", c[i].path);
	}
	is_int(get(out, sizeof(out), "[[\"a\"]]", "0.0"), 0, "in arrays");
	is_int(get(out, 5, document, "a"), 0, "as long as may be");
	ok(get(out, 4, document, "a") < 0, "longer is not cut");
	ok(get(out, sizeof(out), "{\"a\":\"b\"", "a") < 0, "half a document");
	ok(get(out, sizeof(out), "{\"a\":\"b\"}x", "a") < 0,
	   "something behind it");
	ok(get(out, sizeof(out), "", "a") < 0, "nothing");
}

/* ---- ECDSA ----------------------------------------------------------- */

/* What OpenSSL makes of the bytes, if they are the only form of two numbers
 * that fit; 0 otherwise. */
static size_t by_openssl(uint8_t *raw, const uint8_t *der, size_t len,
			 int half)
{
	const unsigned char *p = der;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)len);
	uint8_t *again = NULL;
	int n = sig ? i2d_ECDSA_SIG(sig, &again) : 0;
	size_t made = 0;

	if (n > 0 && (size_t)n == len && p == der + len &&
	    !memcmp(again, der, len) &&
	    !BN_is_negative(ECDSA_SIG_get0_r(sig)) &&
	    !BN_is_negative(ECDSA_SIG_get0_s(sig)) &&
	    !BN_is_zero(ECDSA_SIG_get0_r(sig)) &&
	    !BN_is_zero(ECDSA_SIG_get0_s(sig)) &&
	    BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, half) == half &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + half, half) == half)
		made = (size_t)half * 2;
	OPENSSL_free(again);
	ECDSA_SIG_free(sig);
	return made;
}

/* Both say the same of these bytes. */
static bool agree(const uint8_t *der, size_t len, unsigned int bits,
		  bool *taken)
{
	struct tmk_buf got = TMK_BUF_INIT(256);
	struct tmk_err err = TMK_ERR_INIT;
	uint8_t want[2 * 66];
	size_t n = by_openssl(want, der, len, (int)(bits + 7) / 8);
	int rc = tmk_kms_ecdsa_raw(&got, der, len, bits, &err);
	bool same = rc ? !n && !got.len && err.code == TMK_KEY :
		n == got.len && !memcmp(want, got.data, n);

	*taken = !rc;
	tmk_buf_release(&got);
	return same;
}

/* Every signature with every byte changed in a few ways, cut and padded. */
static void differ(const uint8_t *der, size_t len, unsigned int bits,
		   const char *what)
{
	static const uint8_t change[] = { 1, 0x80, 0xff, 0x7f, 2 };
	uint8_t copy[260];
	int wrong = 0, good = 0;
	size_t i, c;
	bool taken;

	ok(agree(der, len, bits, &taken) && taken, "%s: read", what);
	for (i = 0; i < len; i++) {
		for (c = 0; c < sizeof(change); c++) {
			memcpy(copy, der, len);
			copy[i] ^= change[c];
			wrong += !agree(copy, len, bits, &taken);
			good += taken;
		}
		wrong += !agree(der, i, bits, &taken) || taken;
		memcpy(copy, der, i);
		copy[i] = 0;
		memcpy(copy + i + 1, der + i, len - i);
		wrong += !agree(copy, len + 1, bits, &taken);
	}
	is_int(wrong, 0, "%s: changed, as OpenSSL says", what);
	ok(good > 0, "%s: some of it stays a signature", what);
}

/* A signature of these two numbers, in hex. */
static void made_of(const char *r, const char *s, unsigned int bits,
		    const char *what)
{
	ECDSA_SIG *sig = must(ECDSA_SIG_new());
	BIGNUM *a = NULL, *b = NULL;
	uint8_t *der = NULL;
	int len;

	must_be(BN_hex2bn(&a, r) && BN_hex2bn(&b, s));
	must_be(ECDSA_SIG_set0(sig, a, b));
	len = i2d_ECDSA_SIG(sig, &der);
	must_be(len > 0);
	differ(der, (size_t)len, bits, what);
	OPENSSL_free(der);
	ECDSA_SIG_free(sig);
}

#define F16 "ffffffffffffffffffffffffffffffff"

static void test_ecdsa(void)
{
	static const uint8_t zero[] = { 0x30, 6, 2, 1, 0, 2, 1, 1 };
	static const uint8_t negative[] = { 0x30, 6, 2, 1, 0x81, 2, 1, 1 };
	static const uint8_t padded[] = { 0x30, 7, 2, 2, 0, 1, 2, 1, 1 };
	static const uint8_t small[] = { 0x30, 6, 2, 1, 1, 2, 1, 1 };
	bool taken;

	made_of("1", "1", 256, "the smallest");
	made_of("7f", "80", 256, "with and without a sign");
	made_of(F16 F16, F16 F16, 256, "the largest of P-256");
	made_of(F16 F16 F16, "1" F16, 384, "of P-384");
	made_of("1ff" F16 F16 F16 F16, "1ff" F16 F16 F16 F16, 521,
		"the largest of P-521");
	ok(agree(zero, sizeof(zero), 256, &taken) && !taken, "zero");
	ok(agree(negative, sizeof(negative), 256, &taken) && !taken,
	   "negative");
	ok(agree(padded, sizeof(padded), 256, &taken) && !taken, "padded");
	ok(tmk_kms_ecdsa_raw(NULL, small, sizeof(small), 255, NULL) < 0,
	   "of no curve that is known");
}

/* ---- keys ------------------------------------------------------------ */

struct made {
	struct tmk_kms_key base;
	EVP_PKEY *key;
	bool lies;
};

static int sign_soft(struct tmk_kms_key *base, enum tmk_scheme scheme,
		     enum tmk_hash hash, const uint8_t *digest, size_t len,
		     struct tmk_buf *sig, struct tmk_err *err)
{
	struct made *m = (struct made *)base;
	EVP_PKEY_CTX *ctx = must(EVP_PKEY_CTX_new(m->key, NULL));
	uint8_t out[1024];
	size_t n = sizeof(out);
	int rc;

	(void)scheme;
	must_be(EVP_PKEY_sign_init(ctx) > 0 &&
		EVP_PKEY_CTX_set_signature_md(ctx,
					      tmk_digest_md((int)hash)) > 0 &&
		EVP_PKEY_sign(ctx, out, &n, digest, len) > 0);
	EVP_PKEY_CTX_free(ctx);
	if (EVP_PKEY_get_base_id(m->key) == EVP_PKEY_EC)
		rc = tmk_kms_ecdsa_raw(sig, out, n, base->signer.bits, err);
	else
		rc = tmk_buf_add(sig, out, n);
	if (!rc && m->lies)
		sig->data[sig->len - 1] ^= 1;
	return rc;
}

static struct tmk_signer *signer_of(EVP_PKEY *key, bool lies)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct made *m = must(tmk_kms_key_new(sizeof(*m), &err));
	uint8_t *der = NULL;
	int n = i2d_PUBKEY(key, &der);

	m->base.sign = sign_soft;
	m->key = key;
	m->lies = lies;
	ok(n > 0 && !tmk_kms_key_public(&m->base, der, (size_t)n, &err),
	   "a key: %s", err.text);
	is_mem(m->base.signer.spki.data, m->base.signer.spki.len, der,
	       (size_t)n, "and what it shows");
	OPENSSL_free(der);
	return &m->base.signer;
}

static void test_signer(EVP_PKEY *key, enum tmk_scheme scheme,
			enum tmk_scheme other, const char *what)
{
	static const uint8_t digest[64] = { 1, 2, 3 };
	struct tmk_signer *good = signer_of(key, false);
	struct tmk_signer *liar = signer_of(key, true);
	struct tmk_buf sig = TMK_BUF_INIT(TMK_SIGNATURE_MAX);
	struct tmk_err err = TMK_ERR_INIT;

	ok(!good->ops->sign(good, scheme, TMK_SHA256, digest, 32, &sig, &err),
	   "%s signs: %s", what, err.text);
	is_int((long long)sig.len, good->algorithm == TMK_KEY_RSA ?
	       good->bits / 8 : (good->bits + 7) / 8 * 2, "%s: its length",
	       what);
	tmk_buf_clear(&sig);
	ok(liar->ops->sign(liar, scheme, TMK_SHA256, digest, 32, &sig,
			   &err) < 0 && !sig.len && err.code == TMK_KEY,
	   "%s: what is wrong is not given on", what);
	ok(good->ops->sign(good, other, TMK_SHA256, digest, 32, &sig,
			   &err) < 0, "%s: in no other way", what);
	ok(good->ops->sign(good, scheme, TMK_SHA256, digest, 31, &sig,
			   &err) < 0, "%s: no digest of another length", what);
	ok(good->ops->sign(good, scheme, TMK_WHOLE, digest, 32, &sig,
			   &err) < 0, "%s: no other digest", what);
	tmk_signer_free(good);
	tmk_signer_free(liar);
	tmk_buf_release(&sig);
}

static bool refuses(EVP_PKEY *key, int more)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_kms_key *k = must(tmk_kms_key_new(sizeof(*k), &err));
	uint8_t *der = NULL, copy[4096] = { 0 };
	int n = i2d_PUBKEY(key, &der);
	bool no;

	must_be(n > 0 && n + more < (int)sizeof(copy));
	memcpy(copy, der, (size_t)n);
	no = tmk_kms_key_public(k, copy, (size_t)(n + more), &err) < 0 &&
		err.code == TMK_KEY && !k->signer.spki.len;
	OPENSSL_free(der);
	tmk_signer_free(&k->signer);
	return no;
}

static void test_keys(void)
{
	EVP_PKEY *rsa = soft_rsa(3072), *small = soft_rsa(2048);
	EVP_PKEY *p256 = soft_ec("P-256"), *p521 = soft_ec("P-521");
	EVP_PKEY *other = soft_ec("secp256k1");

	test_signer(rsa, TMK_RSA_PKCS1, TMK_ECDSA, "RSA");
	test_signer(p256, TMK_ECDSA, TMK_RSA_PKCS1, "P-256");
	test_signer(p521, TMK_ECDSA, TMK_EDDSA, "P-521");
	ok(refuses(small, 0), "RSA 2048 is too short");
	ok(refuses(other, 0), "not every curve is known");
	ok(refuses(p256, 1), "nothing stands behind a key");
	ok(refuses(p256, -1), "nothing is missing");
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(small);
	EVP_PKEY_free(p256);
	EVP_PKEY_free(p521);
	EVP_PKEY_free(other);
}

/* ---- when nobody answers --------------------------------------------- */

/* Whether the hint for this word has this text in it. */
static bool hints(const char *word, const struct tmk_kms_request *r,
		  const char *text)
{
	struct tmk_err err = TMK_ERR_INIT;

	(void)tmk_err_set(&err, TMK_NET, "why");
	tmk_kms_hint(&err, r, word);
	return strstr(err.hint, text) && !strchr(err.hint, '%');
}

static void test_hints(void)
{
	/* Every word that the fetcher has. */
	static const char *const words[] = {
		TMK_HTTP_NO_NAME, TMK_HTTP_NO_CONNECTION, TMK_HTTP_NO_TRUST,
		TMK_HTTP_NO_TLS, TMK_HTTP_NO_PROXY, TMK_HTTP_NO_ANSWER,
		TMK_HTTP_CUT, TMK_HTTP_OTHER,
	};
	struct tmk_kms_request r = { .url = "https://a.example:8200/v1?b" };
	struct tmk_err err = TMK_ERR_INIT;
	char large[3000] = "https://";
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		ok(hints(words[i], &r, "a.example:8200") &&
		   !hints(words[i], &r, "v1"), "%s: the host", words[i]);
	ok(hints(TMK_HTTP_PROXY_LOGIN, &r, "https_proxy = "), "a login");
	ok(hints("name", &r, "set by the key's uri"), "where it comes from");
	ok(hints("trust", &r, "SSL_CERT_FILE"), "what names roots");
	r.set_by = "set by X_ADDR";
	r.roots_by = "X_ROOTS";
	ok(hints("name", &r, "(set by X_ADDR)"), "or is said to");
	ok(hints("trust", &r, "those of X_ROOTS;"), "and what is said to");
	memset(large + 8, 'a', sizeof(large) - 9);
	r.url = large;
	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		ok(hints(words[i], &r, "aaaaaaaa"), "%s: a host of 3,000 "
		   "bytes", words[i]);
	(void)tmk_err_set(&err, TMK_NET, "why");
	tmk_kms_hint(&err, &r, "");
	tmk_kms_hint(&err, &r, "nothing");
	ok(!*err.hint, "no hint for another word");
	tmk_kms_hint(NULL, &r, "name");
	ok(1, "nobody to tell it to");
}

int main(void)
{
	test_urls();
	test_hints();
	test_json();
	test_ecdsa();
	test_keys();
	return tap_done();
}
