/*
 * Making a detached CMS signature around one bare signature of a digest (RFC
 * 5652; CAdES-BES attributes, RFC 5126). OpenSSL writes the structure; the
 * private key is wherever request->signer has it.
 */
#include <openssl/pem.h>

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs7.h>

#include "seal/cms_read.h"
#include "x509/cert.h"
#include "x509/cert_cache.h"
#include "x509/digest.h"
#include "x509/tst.h"

static int broken(struct tmk_err *err, const char *what)
{
	unsigned long e = ERR_peek_last_error();
	const char *why = e ? ERR_reason_error_string(e) : NULL;

	return tmk_err_set(err, TMK_INTERNAL, "cannot make the signature: "
			   "%s: %s", what, why ? why : "no reason given");
}

/* What the caller promised: digest, certificate and key belong together. */
static int check_request(const struct tmk_seal_request *r,
			 struct tmk_err *err)
{
	const EVP_MD *md = tmk_digest_md((int)r->hash);
	X509 *leaf = sk_X509_value(r->certs, 0);

	if (!md || r->hash > TMK_SHA512 ||
	    (size_t)EVP_MD_get_size(md) != r->digest_len)
		return tmk_err_set(err, TMK_INTERNAL,
				   "the digest has the wrong length");
	if (!leaf)
		return tmk_err_set(err, TMK_KEY,
				   "there is no certificate to sign with");
	if (!tmk_cert_has_key(leaf, r->signer->spki.data, r->signer->spki.len))
		return tmk_err_set(err, TMK_KEY, "the certificate is not for "
				   "the key that would sign");
	return 0;
}

/* Intermediates; the signer's own is added with the SignerInfo. */
static int add_certs(CMS_ContentInfo *cms, STACK_OF(X509) *certs,
		     struct tmk_err *err)
{
	int i, k;

	for (i = 1; i < sk_X509_num(certs); i++) {
		for (k = 0; k < i; k++)
			if (!X509_cmp(sk_X509_value(certs, i),
				      sk_X509_value(certs, k)))
				break;
		if (k == i && !CMS_add1_cert(cms, sk_X509_value(certs, i)))
			return broken(err, "certificates");
	}
	return 0;
}

/* content-type, message-digest, signing-time (RFC 5652 section 11). */
static int add_attributes(CMS_SignerInfo *si, const struct tmk_seal_request *r,
			  struct tmk_err *err)
{
	ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t)r->signing_time);
	int good;

	good = time &&
		CMS_signed_add1_attr_by_NID(si, NID_pkcs9_contentType,
					    V_ASN1_OBJECT,
					    OBJ_nid2obj(NID_pkcs7_data),
					    -1) == 1 &&
		CMS_signed_add1_attr_by_NID(si, NID_pkcs9_messageDigest,
					    V_ASN1_OCTET_STRING, r->digest,
					    (int)r->digest_len) == 1 &&
		CMS_signed_add1_attr_by_NID(si, NID_pkcs9_signingTime,
					    time->type, time, -1) == 1;
	ASN1_TIME_free(time);
	return good ? 0 : broken(err, "signed attributes");
}

/* rsaEncryption, as gpgsm and GitLab read it, or ecdsa-with-SHA-2. */
static int set_algorithm(CMS_SignerInfo *si, const struct tmk_seal_request *r,
			 struct tmk_err *err)
{
	static const int ecdsa[] = { 0, NID_ecdsa_with_SHA256,
				     NID_ecdsa_with_SHA384,
				     NID_ecdsa_with_SHA512 };
	X509_ALGOR *algorithm = NULL;
	int good;

	CMS_SignerInfo_get0_algs(si, NULL, NULL, NULL, &algorithm);
	if (r->signer->algorithm == TMK_KEY_RSA)
		good = X509_ALGOR_set0(algorithm,
				       OBJ_nid2obj(NID_rsaEncryption),
				       V_ASN1_NULL, NULL);
	else
		good = X509_ALGOR_set0(algorithm, OBJ_nid2obj(ecdsa[r->hash]),
				       V_ASN1_UNDEF, NULL);
	return good ? 0 : broken(err, "signature algorithm");
}

/* The structure with everything but the signature. *si is borrowed from it. */
static int build(CMS_ContentInfo **out, CMS_SignerInfo **si,
		 const struct tmk_seal_request *r, struct tmk_err *err)
{
	const unsigned int flags = CMS_PARTIAL | CMS_DETACHED | CMS_BINARY;
	X509 *leaf = sk_X509_value(r->certs, 0);
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
	int rc;

	if (!cms)
		return broken(err, "structure");
	*si = CMS_add1_signer(cms, leaf, X509_get0_pubkey(leaf),
			      tmk_digest_md((int)r->hash), flags | CMS_CADES |
			      CMS_NOSMIMECAP);
	rc = *si ? 0 : broken(err, "signer");
	if (!rc)
		rc = add_certs(cms, r->certs, err);
	if (!rc)
		rc = add_attributes(*si, r, err);
	if (!rc)
		rc = set_algorithm(*si, r, err);
	if (rc) {
		CMS_ContentInfo_free(cms);
		return rc;
	}
	*out = cms;
	return 0;
}

/* The digest of the signed attributes in their DER as a SET OF (RFC 5652
 * 5.4). */
static int hash_attributes(uint8_t *out, size_t *out_len, CMS_SignerInfo *si,
			   enum tmk_hash hash, struct tmk_err *err)
{
	STACK_OF(X509_ATTRIBUTE) *attrs = sk_X509_ATTRIBUTE_new_null();
	unsigned char *der = NULL;
	int i, len = -1, rc;

	if (!attrs)
		return tmk_err_nomem(err);
	for (i = 0; i < CMS_signed_get_attr_count(si); i++)
		if (!sk_X509_ATTRIBUTE_push(attrs, CMS_signed_get_attr(si, i)))
			goto out;
	len = ASN1_item_i2d((ASN1_VALUE *)attrs, &der,
			    ASN1_ITEM_rptr(PKCS7_ATTR_SIGN));
out:
	sk_X509_ATTRIBUTE_free(attrs);
	if (len <= 0)
		return broken(err, "signed attributes");
	rc = tmk_digest_bytes((int)hash, der, (size_t)len, out, out_len, err);
	OPENSSL_free(der);
	return rc;
}

/* r || s of equal length to ECDSA-Sig-Value (RFC 3279 2.2.3). */
static int ecdsa_to_der(struct tmk_buf *out, const struct tmk_buf *raw,
			struct tmk_err *err)
{
	const int half = (int)(raw->len / 2);
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(raw->data, half, NULL);
	BIGNUM *s = BN_bin2bn(raw->data + half, half, NULL);
	unsigned char *der = NULL;
	int len = -1, rc = -1;

	if (!sig || !r || !s || !ECDSA_SIG_set0(sig, r, s))
		goto out;
	r = s = NULL;	/* taken */
	len = i2d_ECDSA_SIG(sig, &der);
	if (len > 0)
		rc = tmk_buf_add(out, der, (size_t)len);
out:
	OPENSSL_free(der);
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(sig);
	return rc ? tmk_err_nomem(err) : 0;
}

/* Ask the token, and believe nothing before it is verified. */
static int sign_digest(struct tmk_buf *value, const struct tmk_seal_request *r,
		       const uint8_t *digest, size_t len, struct tmk_err *err)
{
	struct tmk_signer *signer = r->signer;
	bool rsa = signer->algorithm == TMK_KEY_RSA;
	struct tmk_buf raw = TMK_BUF_INIT(TMK_SIGNATURE_MAX);
	int rc;

	rc = signer->ops->sign(signer, rsa ? TMK_RSA_PKCS1 : TMK_ECDSA,
			       r->hash, digest, len, &raw, err);
	if (rc)
		goto out;
	if (!raw.len || (!rsa && raw.len % 2))
		rc = 1;
	else if (rsa)
		rc = tmk_buf_add(value, raw.data, raw.len) ?
			tmk_err_nomem(err) : 0;
	else
		rc = ecdsa_to_der(value, &raw, err);
	if (!rc) {
		rc = tmk_cms_check_value(X509_get0_pubkey(sk_X509_value(
						r->certs, 0)),
					 rsa ? TMK_CMS_PKCS1 : TMK_CMS_ECDSA,
					 0, r->hash, digest, len, value->data,
					 value->len, err);
		rc = rc < 0 ? rc : !rc;
	}
	if (rc > 0)
		rc = tmk_signer_wrong(err);
out:
	tmk_buf_release(&raw);
	return rc;
}

/* RFC 3161 appendix A: the token covers the signature value. */
static int add_stamp(CMS_SignerInfo *si, const struct tmk_seal_request *r,
		     const struct tmk_buf *value, struct tmk_err *err)
{
	struct tmk_buf token = TMK_BUF_INIT(TMK_TST_MAX);
	int rc = 0;

	if (!r->stamper)
		return 0;
	rc = r->stamper->stamp(r->stamper->ctx, value->data, value->len,
			       &token, err);
	if (!rc && CMS_unsigned_add1_attr_by_NID(si,
						 NID_id_smime_aa_timeStampToken,
						 V_ASN1_SEQUENCE, token.data,
						 (int)token.len) != 1)
		rc = broken(err, "timestamp");
	tmk_buf_release(&token);
	return rc < 0 ? rc : 0;
}

static int encode(struct tmk_buf *out, CMS_ContentInfo *cms,
		  struct tmk_err *err)
{
	unsigned char *der = NULL;
	int len = i2d_CMS_ContentInfo(cms, &der);
	int rc;

	if (len <= 0)
		return broken(err, "encoding");
	rc = tmk_buf_add(out, der, (size_t)len);
	OPENSSL_free(der);
	if (rc)
		return tmk_err_set(err, TMK_INTERNAL, "the signature of %d "
				   "bytes is larger than expected", len);
	return 0;
}

int tmk_cms_make(const struct tmk_seal_request *request, struct tmk_buf *out,
		 struct tmk_err *err)
{
	struct tmk_buf value = TMK_BUF_INIT(TMK_CMS_VALUE_MAX);
	CMS_ContentInfo *cms = NULL;
	CMS_SignerInfo *si = NULL;
	uint8_t digest[TMK_DIGEST_MAX];
	size_t len = 0;
	int rc, i;

	ERR_clear_error();
	rc = check_request(request, err);
	if (!rc)
		rc = build(&cms, &si, request, err);
	if (!rc)
		rc = hash_attributes(digest, &len, si, request->hash, err);
	if (!rc)
		rc = sign_digest(&value, request, digest, len, err);
	if (!rc && !ASN1_OCTET_STRING_set(CMS_SignerInfo_get0_signature(si),
					  value.data, (int)value.len))
		rc = tmk_err_nomem(err);
	if (!rc)
		rc = add_stamp(si, request, &value, err);
	if (!rc)
		rc = encode(out, cms, err);
	for (i = 0; !rc && i < sk_X509_num(request->certs); i++)
		tmk_cert_cache_keep(sk_X509_value(request->certs, i));
	CMS_ContentInfo_free(cms);
	tmk_buf_release(&value);
	return rc;
}
