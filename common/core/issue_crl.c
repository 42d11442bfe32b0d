#include "core/issue.h"

#include <openssl/asn1.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "core/issue_sign.h"

#define BACKDATE 300	/* seconds, as the certificates have it */
#define CRL_MAX (64 * 1024)

/*
 * The TBSCertList is put together from its parts (RFC 5280 section 5.1.2):
 * OpenSSL 3.0 has no way to set the algorithm inside an X509_CRL but signing
 * with a private key of its own.
 */
struct part {
	uint8_t *der;
	int len;
};

/* Tag and length around `len` bytes, appended to `out`. */
static int wrap(struct tmk_buf *out, int tag, int class, const uint8_t *data,
		size_t len)
{
	uint8_t head[16], *p = head;

	ASN1_put_object(&p, 1, (int)len, tag, class);
	if (tmk_buf_add(out, head, p - head) < 0)
		return -1;
	return tmk_buf_add(out, data, len);
}

static int add_part(struct tmk_buf *out, struct part *part)
{
	int ret = part->len > 0 ? tmk_buf_add(out, part->der, part->len) : -1;

	OPENSSL_free(part->der);
	part->der = NULL;
	return ret;
}

static int add_time(struct tmk_buf *out, int64_t t)
{
	ASN1_TIME *at = ASN1_TIME_adj(NULL, t, 0, 0);
	struct part part = { NULL, 0 };

	if (at)
		part.len = i2d_ASN1_TIME(at, &part.der);
	ASN1_TIME_free(at);
	return add_part(out, &part);
}

/* AKI and CRL number (sections 5.2.1, 5.2.3), [0] EXPLICIT. */
static int add_extensions(struct tmk_buf *out, X509 *ca, int64_t now)
{
	STACK_OF(X509_EXTENSION) *exts = NULL;
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	X509_EXTENSION *aki = NULL;
	struct part part = { NULL, 0 };
	X509V3_CTX ctx;
	int ret = -1;

	X509V3_set_ctx(&ctx, ca, NULL, NULL, NULL, 0);
	aki = X509V3_EXT_conf_nid(NULL, &ctx, NID_authority_key_identifier,
				  "keyid:always");
	/* The time makes a number that only grows. */
	if (!aki || !number || !ASN1_INTEGER_set_int64(number, now) ||
	    !X509v3_add_ext(&exts, aki, -1) ||
	    X509V3_add1_i2d(&exts, NID_crl_number, number, 0, 0) != 1)
		goto out;
	part.len = i2d_X509_EXTENSIONS(exts, &part.der);
	if (part.len > 0)
		ret = wrap(out, 0, V_ASN1_CONTEXT_SPECIFIC, part.der,
			   part.len);
out:
	OPENSSL_free(part.der);
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	X509_EXTENSION_free(aki);
	ASN1_INTEGER_free(number);
	return ret;
}

/* The TBSCertList, DER, appended to `out`. */
static int make_tbs(struct tmk_buf *out, X509 *ca, const X509_ALGOR *alg,
		    int64_t now, struct tmk_err *err)
{
	static const uint8_t version_2[] = { 0x02, 0x01, 0x01 };
	int64_t end = now + (int64_t)TMK_ISSUE_LEAF_DAYS * 86400;
	struct tmk_buf in = TMK_BUF_INIT(CRL_MAX);
	struct part part = { NULL, 0 };
	int ret = -1;

	if (tmk_buf_add(&in, version_2, sizeof(version_2)) < 0)
		goto out;
	part.len = i2d_X509_ALGOR(alg, &part.der);
	if (add_part(&in, &part) < 0)
		goto out;
	part.len = i2d_X509_NAME(X509_get_subject_name(ca), &part.der);
	if (add_part(&in, &part) < 0 ||
	    add_time(&in, now - BACKDATE) < 0 || add_time(&in, end) < 0 ||
	    add_extensions(&in, ca, now) < 0)
		goto out;
	ret = wrap(out, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, in.data, in.len);
out:
	if (ret < 0)
		tmk_issue_sign_fault("the CRL", err);
	tmk_buf_release(&in);
	return ret;
}

/* SEQUENCE { tbsCertList, signatureAlgorithm, signatureValue } */
static int make_crl(struct tmk_buf *out, X509 *ca, struct tmk_signer *signer,
		    int64_t now, struct tmk_err *err)
{
	struct tmk_buf in = TMK_BUF_INIT(CRL_MAX);
	ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
	X509_ALGOR *alg = X509_ALGOR_new();
	struct part part = { NULL, 0 };
	int ret = -1;

	if (!alg || !bits) {
		tmk_err_nomem(err);
		goto out;
	}
	if (tmk_issue_sign_algorithm(alg, signer, err) < 0 ||
	    make_tbs(&in, ca, alg, now, err) < 0 ||
	    tmk_issue_sign_bytes(bits, signer, in.data, in.len, err) < 0)
		goto out;
	part.len = i2d_X509_ALGOR(alg, &part.der);
	if (add_part(&in, &part) < 0)
		goto fault;
	part.len = i2d_ASN1_BIT_STRING(bits, &part.der);
	if (add_part(&in, &part) < 0 ||
	    wrap(out, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, in.data, in.len) < 0)
		goto fault;
	ret = 0;
	goto out;
fault:
	tmk_issue_sign_fault("the CRL", err);
out:
	tmk_buf_release(&in);
	ASN1_BIT_STRING_free(bits);
	X509_ALGOR_free(alg);
	return ret;
}

int tmk_issue_crl(struct tmk_buf *pem, X509 *ca, struct tmk_signer *ca_signer,
		  int64_t now, struct tmk_err *err)
{
	struct tmk_buf der = TMK_BUF_INIT(CRL_MAX);
	BIO *bio = BIO_new(BIO_s_mem());
	X509_CRL *crl = NULL;
	const uint8_t *p;
	int ret = -1;

	if (!bio) {
		tmk_err_nomem(err);
		goto out;
	}
	if (make_crl(&der, ca, ca_signer, now, err) < 0)
		goto out;
	p = der.data;
	crl = d2i_X509_CRL(NULL, &p, (long)der.len);
	if (!crl || p != der.data + der.len) {
		tmk_issue_sign_fault("the CRL", err);
		goto out;
	}
	if (X509_CRL_verify(crl, X509_get0_pubkey(ca)) != 1) {
		tmk_issue_sign_wrong(err);
		goto out;
	}
	if (!PEM_write_bio_X509_CRL(bio, crl)) {
		tmk_issue_sign_fault("the CRL", err);
		goto out;
	}
	ret = tmk_issue_sign_drain(pem, bio, err);
out:
	X509_CRL_free(crl);
	BIO_free(bio);
	tmk_buf_release(&der);
	return ret;
}
