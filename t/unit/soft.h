/*
 * soft.h - keys and certificates in memory, for tests alone: a signer with a
 * software key that can also lie, and a small PKI.
 *
 * Everything a test makes here belongs to it; a failure of the machinery ends
 * the program, since nothing could be tested without it.
 */
#ifndef TMK_T_SOFT_H
#define TMK_T_SOFT_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "iface/signer.h"
#include "x509/digest.h"

#define SOFT_UNUSED __attribute__((unused))

static SOFT_UNUSED void *must(void *p)
{
	if (!p) {
		fputs("Bail out! the test's own machinery failed\n", stdout);
		exit(99);
	}
	return p;
}

static SOFT_UNUSED void must_be(bool good)
{
	if (!good)
		must(NULL);
}

static SOFT_UNUSED EVP_PKEY *soft_rsa(unsigned int bits)
{
	return must(EVP_RSA_gen(bits));
}

static SOFT_UNUSED EVP_PKEY *soft_ec(const char *curve)
{
	return must(EVP_EC_gen(curve));
}

static SOFT_UNUSED EVP_PKEY *soft_ed25519(void)
{
	return must(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
}

/* What a certificate is to be. */
struct soft_cert {
	const char *cn;
	const char *eku;	/* as in openssl.cnf; NULL: none */
	const char *ku;		/* NULL: digitalSignature */
	bool ca;
	int from, to;		/* days from now; both 0: -1 to 365 */
	int serial;		/* 0: 4711 */
};

static SOFT_UNUSED void soft_ext(X509 *cert, X509 *issuer, int nid,
				 const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = must(X509V3_EXT_conf_nid(NULL, &ctx, nid, value));
	must_be(X509_add_ext(cert, ext, -1));
	X509_EXTENSION_free(ext);
}

/* A certificate for `key`, issued by `issuer` (NULL: by itself). */
static SOFT_UNUSED X509 *soft_cert(const struct soft_cert *what, EVP_PKEY *key,
				   X509 *issuer, EVP_PKEY *issuer_key)
{
	X509 *cert = must(X509_new());
	X509_NAME *name = X509_get_subject_name(cert);
	bool usual = !what->from && !what->to;

	must_be(X509_set_version(cert, 2) &&
		ASN1_INTEGER_set(X509_get_serialNumber(cert), what->serial ?
				 what->serial : 4711) &&
		X509_gmtime_adj(X509_getm_notBefore(cert),
				(usual ? -1 : what->from) * 86400L) &&
		X509_gmtime_adj(X509_getm_notAfter(cert),
				(usual ? 365 : what->to) * 86400L) &&
		X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
					   (const unsigned char *)what->cn, -1,
					   -1, 0) &&
		X509_set_issuer_name(cert, issuer ?
				     X509_get_subject_name(issuer) : name) &&
		X509_set_pubkey(cert, key));
	soft_ext(cert, issuer, NID_basic_constraints,
		 what->ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
	soft_ext(cert, issuer, NID_key_usage, what->ku ? what->ku : what->ca ?
		 "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
	if (what->eku)
		soft_ext(cert, issuer, NID_ext_key_usage, what->eku);
	soft_ext(cert, issuer, NID_subject_key_identifier, "hash");
	must_be(X509_sign(cert, issuer_key ? issuer_key : key,
			  EVP_sha256()) > 0);
	return cert;
}

/* A signer whose key is here; `lie` flips a bit of what it answers. */
struct soft_signer {
	struct tmk_signer signer;	/* first */
	EVP_PKEY *key;			/* borrowed */
	bool lie;
	bool fail;
	int calls;
};

/* ECDSA-Sig-Value to r || s. */
static SOFT_UNUSED void soft_raw(struct tmk_buf *out, const uint8_t *der,
				 size_t len, unsigned int bits)
{
	int half = (int)(bits + 7) / 8;
	const unsigned char *p = der;
	ECDSA_SIG *sig = must(d2i_ECDSA_SIG(NULL, &p, (long)len));
	uint8_t *to = must(tmk_buf_reserve(out, 2 * (size_t)half));

	must_be(BN_bn2binpad(ECDSA_SIG_get0_r(sig), to, half) == half &&
		BN_bn2binpad(ECDSA_SIG_get0_s(sig), to + half, half) == half);
	tmk_buf_commit(out, 2 * (size_t)half);
	ECDSA_SIG_free(sig);
}

/* Pure Ed25519 over a message: hash must not be said. */
static SOFT_UNUSED void soft_eddsa(struct tmk_buf *sig, EVP_PKEY *key,
				   enum tmk_hash hash, const uint8_t *message,
				   size_t len)
{
	EVP_MD_CTX *ctx = must(EVP_MD_CTX_new());
	uint8_t value[64];
	size_t n = sizeof(value);

	must_be(!hash && len <= TMK_MESSAGE_MAX &&
		EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
		EVP_DigestSign(ctx, value, &n, message, len) == 1 &&
		!tmk_buf_add(sig, value, n));
	EVP_MD_CTX_free(ctx);
}

static SOFT_UNUSED int soft_sign(struct tmk_signer *signer,
				 enum tmk_scheme scheme, enum tmk_hash hash,
				 const uint8_t *digest, size_t len,
				 struct tmk_buf *sig, struct tmk_err *err)
{
	struct soft_signer *s = (struct soft_signer *)signer;
	EVP_PKEY_CTX *ctx;
	uint8_t value[TMK_SIGNATURE_MAX];
	size_t n = sizeof(value);

	s->calls++;
	if (s->fail)
		return tmk_err_set(err, TMK_KEY, "the token is gone");
	if (scheme == TMK_EDDSA) {
		soft_eddsa(sig, s->key, hash, digest, len);
		goto out;
	}
	ctx = must(EVP_PKEY_CTX_new(s->key, NULL));
	must_be(EVP_PKEY_sign_init(ctx) > 0 &&
		(scheme != TMK_RSA_PKCS1 ||
		 EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0) &&
		EVP_PKEY_CTX_set_signature_md(ctx,
					      tmk_digest_md((int)hash)) > 0 &&
		EVP_PKEY_sign(ctx, value, &n, digest, len) > 0);
	EVP_PKEY_CTX_free(ctx);
	if (scheme == TMK_ECDSA)
		soft_raw(sig, value, n, signer->bits);
	else
		must_be(!tmk_buf_add(sig, value, n));
out:
	if (s->lie)
		sig->data[sig->len - 1] ^= 1;
	return 0;
}

static SOFT_UNUSED void soft_signer_init(struct soft_signer *s, EVP_PKEY *key)
{
	static const struct tmk_signer_ops ops = { .sign = soft_sign };
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key, &der);

	memset(s, 0, sizeof(*s));
	must_be(len > 0);
	s->signer.ops = &ops;
	s->signer.algorithm = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA ?
		TMK_KEY_RSA : EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ?
		TMK_KEY_ED25519 : TMK_KEY_EC;
	s->signer.bits = (unsigned int)EVP_PKEY_get_bits(key);
	s->key = key;
	tmk_buf_init(&s->signer.spki, 4096);
	must_be(!tmk_buf_add(&s->signer.spki, der, (size_t)len));
	OPENSSL_free(der);
}

static SOFT_UNUSED void soft_signer_release(struct soft_signer *s)
{
	tmk_buf_release(&s->signer.spki);
}

#endif
