/* Requests, development CA, leaf and CRL around a signer that is elsewhere. */
#include <stdlib.h>
#include <string.h>

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "core/issue.h"
#include "t/unit/tap.h"
#include "x509/cert.h"

#define NOW 1795000000LL

/* A "token" in software: the private key stays on this side of the door. */
struct soft {
	struct tmk_signer signer;
	EVP_PKEY *key;
	bool lies;
};

static void to_rs(struct tmk_buf *out, const uint8_t *der, size_t len,
		  int half)
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
	uint8_t rs[2 * 66];

	if (!sig ||
	    BN_bn2binpad(ECDSA_SIG_get0_r(sig), rs, half) != half ||
	    BN_bn2binpad(ECDSA_SIG_get0_s(sig), rs + half, half) != half ||
	    tmk_buf_add(out, rs, 2 * half) < 0)
		abort();
	ECDSA_SIG_free(sig);
}

static int soft_sign(struct tmk_signer *signer, enum tmk_scheme scheme,
		     enum tmk_hash hash, const uint8_t *digest, size_t len,
		     struct tmk_buf *sig, struct tmk_err *err)
{
	struct soft *s = (struct soft *)signer;
	const EVP_MD *md = hash == TMK_SHA256 ? EVP_sha256() : EVP_sha384();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(s->key, NULL);
	uint8_t out[1024];
	size_t out_len = sizeof(out);

	(void)err;
	if (!ctx || EVP_PKEY_sign_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_signature_md(ctx, md) != 1 ||
	    EVP_PKEY_sign(ctx, out, &out_len, digest, len) != 1)
		abort();
	EVP_PKEY_CTX_free(ctx);
	if (scheme == TMK_ECDSA)
		to_rs(sig, out, out_len, (int)(signer->bits + 7) / 8);
	else if (tmk_buf_add(sig, out, out_len) < 0)
		abort();
	if (s->lies)
		sig->data[sig->len / 2] ^= 1;
	return 0;
}

static void soft_free(struct tmk_signer *signer)
{
	(void)signer;
}

static const struct tmk_signer_ops soft_ops = { soft_sign, soft_free };

static void soft_new(struct soft *s, const char *curve)
{
	uint8_t *der = NULL;
	int len;

	memset(s, 0, sizeof(*s));
	s->key = curve ? EVP_EC_gen(curve) : EVP_RSA_gen(3072);
	s->signer.ops = &soft_ops;
	s->signer.algorithm = curve ? TMK_KEY_EC : TMK_KEY_RSA;
	s->signer.bits = EVP_PKEY_get_bits(s->key);
	tmk_buf_init(&s->signer.spki, 4096);
	len = i2d_PUBKEY(s->key, &der);
	if (len <= 0 || tmk_buf_add(&s->signer.spki, der, len) < 0)
		abort();
	OPENSSL_free(der);
}

static void soft_release(struct soft *s)
{
	tmk_buf_release(&s->signer.spki);
	EVP_PKEY_free(s->key);
}

static struct tmk_issue_subject subject(X509_NAME *name)
{
	struct tmk_issue_subject who = {
		.name = name, .email = "r@example.org",
		.eku = { "codeSigning", "emailProtection" }, .ekus = 2,
	};

	return who;
}

static void test_names(void)
{
	struct tmk_err err = TMK_ERR_INIT;
	X509_NAME *name = NULL;
	char n[64], m[64], *text;

	ok(!tmk_issue_name_parse(&name, "/CN=A\\/B/O=C=D", &err),
	   "a subject with an escaped slash");
	text = X509_NAME_oneline(name, NULL, 0);
	is_str(text, "/CN=A\\/B/O=C=D", "is what it says");
	OPENSSL_free(text);
	X509_NAME_free(name);
	name = NULL;
	ok(tmk_issue_name_parse(&name, "CN=A", &err) < 0 && !name &&
	   err.code == TMK_USAGE && *err.hint, "no slash in front");
	ok(tmk_issue_name_parse(&name, "/", &err) < 0, "nothing");
	ok(tmk_issue_name_parse(&name, "/CN", &err) < 0, "no value");
	ok(tmk_issue_name_parse(&name, "/CN=", &err) < 0, "an empty value");
	ok(tmk_issue_name_parse(&name, "/NoSuch=x", &err) < 0 &&
	   strstr(err.text, "NoSuch"), "an unknown attribute");
	ok(tmk_issue_name_parse(&name, "/C=GERMANY", &err) < 0,
	   "a country of seven letters");
	ok(tmk_issue_name_parse(&name, "/CN=\xff", &err) < 0, "no UTF-8");
	ok(!tmk_issue_user_split(n, m, 64, "A B <a@b.c>", &err), "a user");
	is_str(n, "A B", "the name");
	is_str(m, "a@b.c", "the address");
	ok(!tmk_issue_user_split(n, m, 64, "a@b.c", &err) && !*n,
	   "a bare address");
	ok(tmk_issue_user_split(n, m, 64, "A <a@b.c", &err) < 0, "no end");
	ok(tmk_issue_user_split(n, m, 64, "A <a@b.c> x", &err) < 0, "a tail");
	ok(tmk_issue_user_split(n, m, 64, "A <ab.c>", &err) < 0, "no @");
	ok(tmk_issue_user_split(n, m, 64, "A <a@b@c>", &err) < 0, "two @");
	ok(tmk_issue_user_split(n, m, 64, "A\n <a@b.c>", &err) < 0,
	   "a control character");
	ok(tmk_issue_user_split(n, m, 8, "A <abcdefgh@b.c>", &err) < 0,
	   "too long");
}

static void test_csr(struct soft *key, const char *what)
{
	struct tmk_buf pem = TMK_BUF_INIT(65536);
	struct tmk_err err = TMK_ERR_INIT;
	X509_NAME *name = NULL;
	struct tmk_issue_subject who;
	STACK_OF(X509_EXTENSION) *exts;
	X509_REQ *req = NULL;
	BIO *bio;
	int i;

	if (tmk_issue_name_from_user(&name, "R <r@example.org>", &err) < 0)
		abort();
	who = subject(name);
	ok(!tmk_issue_csr(&pem, &who, &key->signer, &err), "%s: a request",
	   what);
	bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	req = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
	BIO_free(bio);
	ok(req && X509_REQ_verify(req, key->key) == 1, "%s: verifies", what);
	exts = X509_REQ_get_extensions(req);
	i = X509v3_get_ext_by_NID(exts, NID_key_usage, -1);
	ok(i >= 0 &&
	   X509_EXTENSION_get_critical(X509v3_get_ext(exts, i)) == 1,
	   "%s: critical key usage", what);
	ok(X509v3_get_ext_by_NID(exts, NID_ext_key_usage, -1) >= 0 &&
	   X509v3_get_ext_by_NID(exts, NID_subject_alt_name, -1) >= 0,
	   "%s: EKU and SAN", what);
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	X509_REQ_free(req);

	tmk_buf_clear(&pem);
	who.eku[1] = "noSuchUsage";
	ok(tmk_issue_csr(&pem, &who, &key->signer, &err) < 0 &&
	   err.code == TMK_USAGE && !pem.len, "%s: an unknown usage", what);
	who.eku[1] = "emailProtection";
	key->lies = true;
	ok(tmk_issue_csr(&pem, &who, &key->signer, &err) < 0 &&
	   err.code == TMK_KEY && !pem.len, "%s: a lying token", what);
	key->lies = false;
	X509_NAME_free(name);
	tmk_buf_release(&pem);
}

static void check_leaf(X509 *leaf, X509 *ca, const char *what)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	const ASN1_INTEGER *serial = X509_get0_serialNumber(leaf);
	int64_t from = 0, to = 0;
	char mail[64];

	X509_STORE_add_cert(store, ca);
	X509_STORE_CTX_init(ctx, store, leaf, NULL);
	X509_STORE_CTX_set_time(ctx, 0, NOW);
	X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_X509_STRICT |
				 X509_V_FLAG_CHECK_SS_SIGNATURE);
	ok(X509_verify_cert(ctx) == 1, "%s: the chain verifies strictly (%s)",
	   what, X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
	ok(!X509_check_ca(leaf), "%s: the leaf is no CA", what);
	is_int(X509_get_key_usage(leaf), KU_DIGITAL_SIGNATURE, "%s: KU", what);
	is_int(X509_get_extended_key_usage(leaf), XKU_CODE_SIGN | XKU_SMIME,
	       "%s: EKU", what);
	ok(X509_get0_subject_key_id(leaf) && X509_get0_authority_key_id(leaf),
	   "%s: SKI and AKI", what);
	is_str(tmk_cert_email(mail, sizeof(mail), leaf, 0), "r@example.org",
	       "%s: the e-mail address", what);
	ok(serial->length <= 20 && serial->length > 12, "%s: serial", what);
	if (tmk_cert_validity(&from, &to, leaf, NULL) < 0)
		abort();
	ok(from <= NOW && to - from < 397LL * 86400 && to > NOW + 390 * 86400,
	   "%s: valid for at most 397 days", what);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
}

static void test_ca(struct soft *ca, struct soft *key, const char *what)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_buf pem = TMK_BUF_INIT(65536);
	struct tmk_issue_subject who;
	X509 *root = NULL, *leaf = NULL;
	X509_NAME *name = NULL;
	X509_CRL *crl;
	char text[256];
	BIO *bio;

	if (tmk_issue_name_parse(&name, "/CN=R", &err) < 0)
		abort();
	who = subject(name);
	if (!ok(!tmk_issue_ca(&root, "u", &ca->signer, NOW, &err),
		"%s: a CA", what))
		diag("%s", err.text);
	ok(X509_check_ca(root) == 1 && X509_get_pathlen(root) == 0,
	   "%s: with pathlen 0", what);
	ok(strstr(tmk_cert_subject(text, sizeof(text), root),
		  "not for production"), "%s: that says what it is", what);
	ok(!tmk_issue_leaf(&leaf, &who, &key->signer.spki, root, &ca->signer,
			   NOW, &err), "%s: a leaf", what);
	check_leaf(leaf, root, what);
	ok(!tmk_issue_prove(leaf, &key->signer, &err), "%s: key proved", what);
	ok(tmk_issue_prove(root, &key->signer, &err) < 0 &&
	   err.code == TMK_KEY, "%s: another's key is not", what);

	if (!ok(!tmk_issue_crl(&pem, root, &ca->signer, NOW, &err),
		"%s: a CRL", what))
		diag("%s", err.text);
	bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
	BIO_free(bio);
	ok(crl && X509_CRL_verify(crl, ca->key) == 1 &&
	   X509_CRL_get_version(crl) == 1, "%s: the CRL verifies", what);
	ok(crl && X509_CRL_get_ext_by_NID(crl, NID_crl_number, -1) >= 0 &&
	   X509_CRL_get_ext_by_NID(crl, NID_authority_key_identifier, -1) >= 0,
	   "%s: with its number and AKI", what);
	X509_CRL_free(crl);

	ca->lies = true;
	X509_free(leaf);
	leaf = NULL;
	tmk_buf_clear(&pem);
	ok(tmk_issue_leaf(&leaf, &who, &key->signer.spki, root, &ca->signer,
			  NOW, &err) < 0 && !leaf && err.code == TMK_KEY,
	   "%s: no leaf from a lying token", what);
	ok(tmk_issue_crl(&pem, root, &ca->signer, NOW, &err) < 0 && !pem.len,
	   "%s: no CRL from it either", what);
	ca->lies = false;
	X509_free(root);
	X509_NAME_free(name);
	tmk_buf_release(&pem);
}

int main(void)
{
	struct soft rsa, p256, p384;

	soft_new(&rsa, NULL);
	soft_new(&p256, "P-256");
	soft_new(&p384, "P-384");
	test_names();
	test_csr(&rsa, "RSA");
	test_csr(&p256, "P-256");
	test_csr(&p384, "P-384");
	test_ca(&rsa, &p256, "RSA over P-256");
	test_ca(&p256, &p384, "P-256 over P-384");
	test_ca(&p384, &rsa, "P-384 over RSA");
	soft_release(&rsa);
	soft_release(&p256);
	soft_release(&p384);
	return tap_done();
}
