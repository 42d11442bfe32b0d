#include "core/issue_sign.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "core/issue.h"
#include "x509/cert.h"
#include "x509/digest.h"

int tmk_issue_sign_fault(const char *what, struct tmk_err *err)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	tmk_err_set(err, TMK_INTERNAL, "%s: %s", what,
		    reason ? reason : "OpenSSL failed");
	ERR_clear_error();
	return -1;
}

static enum tmk_hash hash_of(const struct tmk_signer *signer)
{
	if (signer->algorithm == TMK_KEY_EC && signer->bits > 384)
		return TMK_SHA512;
	if (signer->algorithm == TMK_KEY_EC && signer->bits > 256)
		return TMK_SHA384;
	if (signer->algorithm == TMK_KEY_RSA && signer->only == TMK_SHA512)
		return TMK_SHA512;
	return TMK_SHA256;
}

int tmk_issue_sign_algorithm(X509_ALGOR *alg, const struct tmk_signer *signer,
			     struct tmk_err *err)
{
	int nid = NID_sha256WithRSAEncryption, type = V_ASN1_NULL;

	if (signer->algorithm == TMK_KEY_EC) {
		static const int ecdsa[] = {
			[TMK_SHA256] = NID_ecdsa_with_SHA256,
			[TMK_SHA384] = NID_ecdsa_with_SHA384,
			[TMK_SHA512] = NID_ecdsa_with_SHA512,
		};

		nid = ecdsa[hash_of(signer)];
		type = V_ASN1_UNDEF;	/* parameters absent: RFC 5758 3.2 */
	} else if (hash_of(signer) == TMK_SHA512) {
		nid = NID_sha512WithRSAEncryption;
	}
	if (!X509_ALGOR_set0(alg, OBJ_nid2obj(nid), type, NULL))
		return tmk_issue_sign_fault("the signature algorithm", err);
	return 0;
}

/* r || s of equal length to a DER SEQUENCE, appended to `out`. */
static int ecdsa_to_der(struct tmk_buf *out, const struct tmk_buf *rs,
			struct tmk_err *err)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	int half = (int)(rs->len / 2), ret = -1;
	BIGNUM *r = NULL, *s = NULL;
	uint8_t *der = NULL;
	int len;

	if (!rs->len || rs->len % 2) {
		tmk_err_set(err, TMK_KEY, "the token gave an ECDSA signature "
			    "of %zu bytes", rs->len);
		goto out;
	}
	r = BN_bin2bn(rs->data, half, NULL);
	s = BN_bin2bn(rs->data + half, half, NULL);
	if (!sig || !r || !s || !ECDSA_SIG_set0(sig, r, s)) {
		tmk_issue_sign_fault("the ECDSA signature", err);
		goto out;
	}
	r = s = NULL;	/* now the signature's */
	len = i2d_ECDSA_SIG(sig, &der);
	if (len <= 0 || tmk_buf_add(out, der, len) < 0) {
		tmk_issue_sign_fault("the ECDSA signature", err);
		goto out;
	}
	ret = 0;
out:
	OPENSSL_free(der);
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(sig);
	return ret;
}

int tmk_issue_sign_bytes(ASN1_BIT_STRING *bits, struct tmk_signer *signer,
			 const uint8_t *der, size_t len, struct tmk_err *err)
{
	struct tmk_buf raw = TMK_BUF_INIT(TMK_SIGNATURE_MAX);
	struct tmk_buf sig = TMK_BUF_INIT(2 * TMK_SIGNATURE_MAX);
	enum tmk_hash hash = hash_of(signer);
	bool ec = signer->algorithm == TMK_KEY_EC;
	uint8_t digest[TMK_DIGEST_MAX];
	size_t digest_len = 0;
	int ret = -1;

	if (tmk_digest_bytes(hash, der, len, digest, &digest_len, err) < 0)
		goto out;
	if (signer->ops->sign(signer, ec ? TMK_ECDSA : TMK_RSA_PKCS1, hash,
			      digest, digest_len, &raw, err) < 0)
		goto out;
	if (ec) {
		if (ecdsa_to_der(&sig, &raw, err) < 0)
			goto out;
	} else if (tmk_buf_add(&sig, raw.data, raw.len) < 0) {
		tmk_err_nomem(err);
		goto out;
	}
	if (!ASN1_BIT_STRING_set(bits, sig.data, (int)sig.len)) {
		tmk_issue_sign_fault("the signature", err);
		goto out;
	}
	/* All bits count: none of the last byte is unused. */
	bits->flags &= ~(ASN1_STRING_FLAG_BITS_LEFT | 0x07);
	bits->flags |= ASN1_STRING_FLAG_BITS_LEFT;
	ret = 0;
out:
	tmk_buf_release(&raw);
	tmk_buf_release(&sig);
	return ret;
}

EVP_PKEY *tmk_issue_sign_public(const struct tmk_buf *spki,
				struct tmk_err *err)
{
	const uint8_t *p = spki->data;
	EVP_PKEY *key = p ? d2i_PUBKEY(NULL, &p, (long)spki->len) : NULL;

	if (!key || p != spki->data + spki->len) {
		EVP_PKEY_free(key);
		ERR_clear_error();
		tmk_err_set(err, TMK_KEY, "the token gave no usable public "
			    "key");
		return NULL;
	}
	return key;
}

int tmk_issue_sign_wrong(struct tmk_err *err)
{
	ERR_clear_error();
	tmk_err_set(err, TMK_KEY, "the token's signature does not verify "
		    "with its public key");
	return tmk_err_hint(err, "nothing was written; check the token and "
			    "its module");
}

int tmk_issue_sign_drain(struct tmk_buf *out, BIO *bio, struct tmk_err *err)
{
	char *text = NULL;
	long len = BIO_get_mem_data(bio, &text);

	if (len <= 0 || tmk_buf_add(out, text, len) < 0)
		return tmk_err_nomem(err);
	return 0;
}

/* Sign `len` bytes of text and check the answer with the certificate's key. */
static int prove_with(X509 *leaf, struct tmk_signer *signer,
		      const uint8_t *text, size_t len, struct tmk_err *err)
{
	ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
	EVP_PKEY *key = X509_get0_pubkey(leaf);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ret = -1;

	if (!bits || !ctx || !key) {
		tmk_issue_sign_fault("the proof of the key", err);
		goto out;
	}
	if (tmk_issue_sign_bytes(bits, signer, text, len, err) < 0)
		goto out;
	if (EVP_DigestVerifyInit(ctx, NULL, tmk_digest_md(hash_of(signer)),
				 NULL, key) != 1 ||
	    EVP_DigestVerify(ctx, bits->data, bits->length, text, len) != 1) {
		tmk_issue_sign_wrong(err);
		goto out;
	}
	ret = 0;
out:
	EVP_MD_CTX_free(ctx);
	ASN1_BIT_STRING_free(bits);
	return ret;
}

int tmk_issue_prove(X509 *leaf, struct tmk_signer *signer,
		    struct tmk_err *err)
{
	uint8_t text[32];

	if (RAND_bytes(text, sizeof(text)) != 1)
		return tmk_issue_sign_fault("the proof of the key", err);
	return prove_with(leaf, signer, text, sizeof(text), err);
}

int tmk_issue_prove_again(X509 *leaf, struct tmk_signer *signer,
			  struct tmk_err *err)
{
	static const char head[] = "touchmark proof of the key of ";
	char hex[TMK_FINGERPRINT_TEXT], text[sizeof(head) + sizeof(hex)];

	snprintf(text, sizeof(text), "%s%s", head, tmk_cert_sha256(hex, leaf));
	return prove_with(leaf, signer, (const uint8_t *)text, strlen(text),
			  err);
}
