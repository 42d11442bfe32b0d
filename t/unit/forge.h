/*
 * forge.h - a second, independent writer of CMS, for tests alone: makes what
 * no honest program would, but signs it rightly, so that a refusal is for the
 * form and for nothing else.
 */
#ifndef TMK_T_FORGE_H
#define TMK_T_FORGE_H

#include "base/buf.h"
#include "t/unit/soft.h"

#define FORGE_MAX (2 << 20)

/* Bytes of DER as a C string with its length. */
struct der {
	const char *data;
	size_t len;
};

#define DER(s) { s, sizeof(s) - 1 }

#define OID_SHA256 "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01"
#define OID_DATA "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
#define OID_RSA "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"
#define OID_ECDSA256 "\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"
#define OID_ATTR(n) "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09" n
#define OID_SMIME(n) "\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02" n

/* What to write in place of the honest form; all zero is honest. */
struct forge {
	EVP_PKEY *key;
	X509 *cert;		/* the signer */
	X509 *embed[80];	/* NULL-closed; none: cert alone */
	bool embed_none;
	const uint8_t *digest;	/* of the content, SHA-256 */
	size_t digest_len;
	struct der type;	/* ContentInfo's contentType */
	struct der content;	/* encapContentInfo, contents */
	struct der digest_alg;	/* AlgorithmIdentifier, contents */
	struct der sign_alg;	/* the same */
	struct der attrs;	/* all signed attributes, concatenated */
	struct der more_attrs;	/* after the honest ones */
	struct der unsigned_attrs;
	struct der tail;	/* behind the SignerInfo's fields */
	bool no_attrs;		/* signs the content's digest itself */
	bool ski;		/* signer id: subjectKeyIdentifier */
	bool pss;		/* sign so; sign_alg says how */
	int salt;		/* PSS salt length */
	int version;		/* of the SignerInfo; 0: as it should be */
	int signers;		/* SignerInfos; 0: one, -1: none */
	bool indefinite;	/* BER: outer lengths indefinite */
	bool spoil;		/* one bit of the signature value */
};

/* Append tag, length and `len` bytes. */
static SOFT_UNUSED void tlv(struct tmk_buf *out, int tag, const void *data,
			    size_t len)
{
	uint8_t head[6] = { (uint8_t)tag };
	size_t n = 2, i, bytes = len > 0xffff ? 3 : len > 0xff ? 2 : 1;

	if (len < 0x80) {
		head[1] = (uint8_t)len;
	} else {
		head[1] = (uint8_t)(0x80 | bytes);
		for (i = 0; i < bytes; i++)
			head[n++] = (uint8_t)(len >> 8 * (bytes - 1 - i));
	}
	must_be(!tmk_buf_add(out, head, n) && !tmk_buf_add(out, data, len));
}

/* The same for a part, which is released. */
static SOFT_UNUSED void wrap(struct tmk_buf *out, int tag,
			     struct tmk_buf *part)
{
	tlv(out, tag, part->data, part->len);
	tmk_buf_release(part);
}

/* The same with an indefinite length (X.690 8.1.3.6). */
static SOFT_UNUSED void wrap_open(struct tmk_buf *out, int tag,
				  struct tmk_buf *part)
{
	uint8_t head[2] = { (uint8_t)tag, 0x80 };

	must_be(!tmk_buf_add(out, head, 2) &&
		!tmk_buf_add(out, part->data, part->len) &&
		!tmk_buf_add(out, "\0\0", 2));
	tmk_buf_release(part);
}

static SOFT_UNUSED void add_der(struct tmk_buf *out, const struct der *d,
				const char *usual, size_t usual_len)
{
	must_be(!tmk_buf_add(out, d->data ? d->data : usual,
			     d->data ? d->len : usual_len));
}

/* An Attribute with one value. */
static SOFT_UNUSED void attr(struct tmk_buf *out, const char *oid,
			     size_t oid_len, int tag, const void *value,
			     size_t len)
{
	struct tmk_buf set = TMK_BUF_INIT(FORGE_MAX);
	struct tmk_buf seq = TMK_BUF_INIT(FORGE_MAX);

	tlv(&set, tag, value, len);
	must_be(!tmk_buf_add(&seq, oid, oid_len));
	wrap(&seq, 0x31, &set);
	wrap(out, 0x30, &seq);
}

#define ATTR(out, oid, tag, value, len) \
	attr(out, oid, sizeof(oid) - 1, tag, value, len)

static SOFT_UNUSED void forge_attrs(struct tmk_buf *out, const struct forge *f)
{
	if (f->attrs.data) {
		must_be(!tmk_buf_add(out, f->attrs.data, f->attrs.len));
		return;
	}
	ATTR(out, OID_ATTR("\x03"), 0x06, &OID_DATA[2], 9);
	ATTR(out, OID_ATTR("\x04"), 0x04, f->digest, f->digest_len);
	add_der(out, &f->more_attrs, "", 0);
}

static SOFT_UNUSED void forge_value(struct tmk_buf *out, const struct forge *f,
				    const struct tmk_buf *attrs)
{
	struct tmk_buf set = TMK_BUF_INIT(FORGE_MAX);
	EVP_MD_CTX *md = must(EVP_MD_CTX_new());
	EVP_PKEY_CTX *ctx = NULL;
	uint8_t value[2048];
	size_t len = sizeof(value);

	tlv(&set, 0x31, attrs->data, attrs->len);
	must_be(EVP_DigestSignInit(md, &ctx, EVP_sha256(), NULL, f->key) > 0);
	if (f->pss)
		must_be(EVP_PKEY_CTX_set_rsa_padding(ctx,
					RSA_PKCS1_PSS_PADDING) > 0 &&
			EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, f->salt) > 0);
	must_be(EVP_DigestSign(md, value, &len, set.data, set.len) > 0);
	if (f->spoil)
		value[len - 1] ^= 1;
	tlv(out, 0x04, value, len);
	EVP_MD_CTX_free(md);
	tmk_buf_release(&set);
}

static SOFT_UNUSED void forge_sid(struct tmk_buf *out, const struct forge *f)
{
	const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(f->cert);
	struct tmk_buf sid = TMK_BUF_INIT(FORGE_MAX);
	unsigned char *der = NULL;
	int len;

	if (f->ski) {
		tlv(out, 0x80, ASN1_STRING_get0_data(id),
		    (size_t)ASN1_STRING_length(id));
		return;
	}
	len = i2d_X509_NAME(X509_get_issuer_name(f->cert), &der);
	must_be(len > 0 && !tmk_buf_add(&sid, der, (size_t)len));
	OPENSSL_free(der);
	der = NULL;
	len = i2d_ASN1_INTEGER(X509_get0_serialNumber(f->cert), &der);
	must_be(len > 0 && !tmk_buf_add(&sid, der, (size_t)len));
	OPENSSL_free(der);
	wrap(out, 0x30, &sid);
}

static SOFT_UNUSED void forge_signer(struct tmk_buf *out,
				     const struct forge *f)
{
	bool rsa = EVP_PKEY_get_base_id(f->key) == EVP_PKEY_RSA;
	struct tmk_buf si = TMK_BUF_INIT(FORGE_MAX);
	struct tmk_buf part = TMK_BUF_INIT(FORGE_MAX);
	struct tmk_buf attrs = TMK_BUF_INIT(FORGE_MAX);
	uint8_t version = (uint8_t)(f->version ? f->version : f->ski ? 3 : 1);

	tlv(&si, 0x02, &version, 1);
	forge_sid(&si, f);
	add_der(&part, &f->digest_alg, OID_SHA256, sizeof(OID_SHA256) - 1);
	wrap(&si, 0x30, &part);
	forge_attrs(&attrs, f);
	if (!f->no_attrs)
		tlv(&si, 0xa0, attrs.data, attrs.len);
	add_der(&part, &f->sign_alg, rsa ? OID_RSA "\x05\0" : OID_ECDSA256,
		rsa ? sizeof(OID_RSA) + 1 : sizeof(OID_ECDSA256) - 1);
	wrap(&si, 0x30, &part);
	forge_value(&si, f, &attrs);
	if (f->unsigned_attrs.data)
		tlv(&si, 0xa1, f->unsigned_attrs.data, f->unsigned_attrs.len);
	add_der(&si, &f->tail, "", 0);
	wrap(out, 0x30, &si);
	tmk_buf_release(&attrs);
}

static SOFT_UNUSED void forge_certs(struct tmk_buf *out, const struct forge *f)
{
	struct tmk_buf certs = TMK_BUF_INIT(FORGE_MAX);
	X509 *const alone[] = { f->cert, NULL };
	X509 *const *cert = f->embed[0] ? f->embed : alone;
	unsigned char *der;
	int len;

	for (; !f->embed_none && *cert; cert++) {
		der = NULL;
		len = i2d_X509(*cert, &der);
		must_be(len > 0 && !tmk_buf_add(&certs, der, (size_t)len));
		OPENSSL_free(der);
	}
	if (!f->embed_none)
		wrap(out, 0xa0, &certs);
}

/* Append the whole ContentInfo. */
static SOFT_UNUSED void forge(struct tmk_buf *out, const struct forge *f)
{
	struct tmk_buf sd = TMK_BUF_INIT(FORGE_MAX);
	struct tmk_buf part = TMK_BUF_INIT(FORGE_MAX);
	struct tmk_buf ci = TMK_BUF_INIT(FORGE_MAX);
	int i, n = f->signers ? f->signers : 1;

	tlv(&sd, 0x02, "\x01", 1);
	tlv(&part, 0x30, OID_SHA256, sizeof(OID_SHA256) - 1);
	wrap(&sd, 0x31, &part);
	add_der(&part, &f->content, OID_DATA, sizeof(OID_DATA) - 1);
	if (f->indefinite)
		wrap_open(&sd, 0x30, &part);
	else
		wrap(&sd, 0x30, &part);
	forge_certs(&sd, f);
	for (i = 0; i < n; i++)
		forge_signer(&part, f);
	wrap(&sd, 0x31, &part);
	if (f->indefinite)
		wrap_open(&part, 0x30, &sd);
	else
		wrap(&part, 0x30, &sd);
	add_der(&ci, &f->type, "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02",
		11);
	if (f->indefinite)
		wrap_open(&ci, 0xa0, &part);
	else
		wrap(&ci, 0xa0, &part);
	if (f->indefinite)
		wrap_open(out, 0x30, &ci);
	else
		wrap(out, 0x30, &ci);
}

#endif
