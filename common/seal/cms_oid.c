#include "seal/cms_oid.h"

#include <stdio.h>
#include <string.h>

#include <openssl/objects.h>

/* 1.2.840.113549.1 and 1.2.840.10045, encoded (X.690 8.19). */
#define PKCS "\x2a\x86\x48\x86\xf7\x0d\x01"
#define X962 "\x2a\x86\x48\xce\x3d"
/* 2.16.840.1.101.3.4.2: NIST's hash algorithms */
#define NIST "\x60\x86\x48\x01\x65\x03\x04\x02"

#define ENTRY(bytes, oid) { bytes, sizeof(bytes) - 1, oid }

static const struct {
	const char *bytes;
	size_t len;
	enum tmk_cms_oid oid;
} table[] = {
	ENTRY(PKCS "\x07\x01", TMK_OID_DATA),
	ENTRY(PKCS "\x07\x02", TMK_OID_SIGNED_DATA),
	ENTRY(PKCS "\x09\x03", TMK_OID_CONTENT_TYPE),
	ENTRY(PKCS "\x09\x04", TMK_OID_MESSAGE_DIGEST),
	ENTRY(PKCS "\x09\x05", TMK_OID_SIGNING_TIME),
	ENTRY(PKCS "\x09\x10\x02\x0c", TMK_OID_SIGNING_CERT),
	ENTRY(PKCS "\x09\x10\x02\x2f", TMK_OID_SIGNING_CERT_V2),
	ENTRY(PKCS "\x09\x10\x02\x0e", TMK_OID_TIMESTAMP),
	ENTRY(PKCS "\x09\x10\x02\x18", TMK_OID_REVOCATION),
	ENTRY(NIST "\x01", TMK_OID_SHA256),
	ENTRY(NIST "\x02", TMK_OID_SHA384),
	ENTRY(NIST "\x03", TMK_OID_SHA512),
	/* SHA-224, the cut forms of SHA-512 and SHA-3 */
	ENTRY(NIST "\x04", TMK_OID_DIGEST_REFUSED),
	ENTRY(NIST "\x05", TMK_OID_DIGEST_REFUSED),
	ENTRY(NIST "\x06", TMK_OID_DIGEST_REFUSED),
	ENTRY(NIST "\x07", TMK_OID_DIGEST_REFUSED),
	ENTRY(NIST "\x08", TMK_OID_DIGEST_REFUSED),
	ENTRY(NIST "\x09", TMK_OID_DIGEST_REFUSED),
	ENTRY(NIST "\x0a", TMK_OID_DIGEST_REFUSED),
	/* SHA-1, RIPEMD-160, MD2, MD4, MD5 */
	ENTRY("\x2b\x0e\x03\x02\x1a", TMK_OID_DIGEST_REFUSED),
	ENTRY("\x2b\x24\x03\x02\x01", TMK_OID_DIGEST_REFUSED),
	ENTRY("\x2a\x86\x48\x86\xf7\x0d\x02\x02", TMK_OID_DIGEST_REFUSED),
	ENTRY("\x2a\x86\x48\x86\xf7\x0d\x02\x04", TMK_OID_DIGEST_REFUSED),
	ENTRY("\x2a\x86\x48\x86\xf7\x0d\x02\x05", TMK_OID_DIGEST_REFUSED),
	ENTRY(PKCS "\x01\x01", TMK_OID_RSA),
	ENTRY(PKCS "\x01\x0a", TMK_OID_RSA_PSS),
	ENTRY(PKCS "\x01\x08", TMK_OID_MGF1),
	ENTRY(PKCS "\x01\x0b", TMK_OID_RSA_SHA256),
	ENTRY(PKCS "\x01\x0c", TMK_OID_RSA_SHA384),
	ENTRY(PKCS "\x01\x0d", TMK_OID_RSA_SHA512),
	ENTRY(X962 "\x02\x01", TMK_OID_EC_KEY),
	ENTRY(X962 "\x04\x03\x02", TMK_OID_ECDSA_SHA256),
	ENTRY(X962 "\x04\x03\x03", TMK_OID_ECDSA_SHA384),
	ENTRY(X962 "\x04\x03\x04", TMK_OID_ECDSA_SHA512),
	/* RSA with MD2, MD4, MD5, SHA-1, SHA-224; ECDSA with SHA-1, SHA-224 */
	ENTRY(PKCS "\x01\x02", TMK_OID_SIGNATURE_REFUSED),
	ENTRY(PKCS "\x01\x03", TMK_OID_SIGNATURE_REFUSED),
	ENTRY(PKCS "\x01\x04", TMK_OID_SIGNATURE_REFUSED),
	ENTRY(PKCS "\x01\x05", TMK_OID_SIGNATURE_REFUSED),
	ENTRY(PKCS "\x01\x0e", TMK_OID_SIGNATURE_REFUSED),
	ENTRY(X962 "\x04\x01", TMK_OID_SIGNATURE_REFUSED),
	ENTRY(X962 "\x04\x03\x01", TMK_OID_SIGNATURE_REFUSED),
};

enum tmk_cms_oid tmk_cms_oid_find(const struct tmk_ber *oid)
{
	size_t i;

	if (oid->tag != TMK_BER_OID)
		return TMK_OID_UNKNOWN;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].len == oid->len &&
		    !memcmp(table[i].bytes, oid->body, oid->len))
			return table[i].oid;
	return TMK_OID_UNKNOWN;
}

char *tmk_cms_oid_text(char *out, const struct tmk_ber *oid)
{
	const unsigned char *p = oid->all;
	ASN1_OBJECT *object;

	object = oid->tag == TMK_BER_OID && oid->all_len < 64 ?
		d2i_ASN1_OBJECT(NULL, &p, (long)oid->all_len) : NULL;
	if (!object || OBJ_obj2txt(out, TMK_OID_TEXT, object, 0) <= 0)
		snprintf(out, TMK_OID_TEXT, "(no object identifier)");
	ASN1_OBJECT_free(object);
	return out;
}

enum tmk_hash tmk_cms_oid_hash(enum tmk_cms_oid oid)
{
	switch (oid) {
	case TMK_OID_SHA256:
	case TMK_OID_RSA_SHA256:
	case TMK_OID_ECDSA_SHA256:
		return TMK_SHA256;
	case TMK_OID_SHA384:
	case TMK_OID_RSA_SHA384:
	case TMK_OID_ECDSA_SHA384:
		return TMK_SHA384;
	case TMK_OID_SHA512:
	case TMK_OID_RSA_SHA512:
	case TMK_OID_ECDSA_SHA512:
		return TMK_SHA512;
	default:
		return (enum tmk_hash)0;
	}
}

bool tmk_cms_oid_algorithm(struct tmk_ber *oid, struct tmk_ber *params,
			   struct tmk_ber_cursor *c)
{
	static const struct tmk_ber none;
	struct tmk_ber seq;
	struct tmk_ber_cursor in;

	*params = none;
	if (!tmk_cms_ber_take(&seq, c, TMK_BER_SEQUENCE))
		return false;
	tmk_cms_ber_enter(&in, &seq);
	if (!tmk_cms_ber_take(oid, &in, TMK_BER_OID))
		return false;
	if (!tmk_cms_ber_done(&in) && !tmk_cms_ber_next(params, &in))
		return false;
	return tmk_cms_ber_done(&in);
}

bool tmk_cms_oid_digest(enum tmk_hash *hash, struct tmk_ber_cursor *c,
			struct tmk_verdict *v)
{
	struct tmk_ber oid, params;
	char text[TMK_OID_TEXT];
	enum tmk_cms_oid found;

	if (!tmk_cms_oid_algorithm(&oid, &params, c))
		return tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED,
					  "a digest algorithm is malformed");
	found = tmk_cms_oid_find(&oid);
	if (found == TMK_OID_DIGEST_REFUSED)
		return tmk_verdict_refuse(v, TMK_DIGEST_WEAK,
					  "the digest %s is not allowed",
					  tmk_cms_oid_text(text, &oid));
	if (found < TMK_OID_SHA256 || found > TMK_OID_SHA512)
		return tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED,
					  "unknown digest algorithm %s",
					  tmk_cms_oid_text(text, &oid));
	if (params.tag && (params.tag != TMK_BER_NULL || params.len))
		return tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED,
					  "the digest algorithm has "
					  "parameters");
	*hash = tmk_cms_oid_hash(found);
	return true;
}
