#include "seal/cms_read.h"

/* Said of every form that the grammar does not allow. */
static bool malformed(struct tmk_verdict *v, const char *what)
{
	return tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED, "%s", what);
}

/* EncapsulatedContentInfo (RFC 5652 5.2): id-data, and nothing inside. */
static bool read_content(struct tmk_ber_cursor *c, struct tmk_verdict *v)
{
	struct tmk_ber seq, oid;
	struct tmk_ber_cursor in;
	char text[TMK_OID_TEXT];

	if (!tmk_cms_ber_take(&seq, c, TMK_BER_SEQUENCE))
		return malformed(v, "the CMS has no content info");
	tmk_cms_ber_enter(&in, &seq);
	if (!tmk_cms_ber_take(&oid, &in, TMK_BER_OID))
		return malformed(v, "the CMS has no content type");
	if (tmk_cms_oid_find(&oid) != TMK_OID_DATA)
		return tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED,
					  "the CMS signs content of type %s, "
					  "not data",
					  tmk_cms_oid_text(text, &oid));
	if (!tmk_cms_ber_done(&in))
		return malformed(v, "the CMS has content attached: the "
				 "signature is not detached");
	return true;
}

/* SignerIdentifier (RFC 5652 5.3); the version says which kind it is. */
static bool read_sid(struct tmk_cms_signer *s, int version,
		     struct tmk_ber_cursor *c, struct tmk_verdict *v)
{
	struct tmk_ber seq;
	struct tmk_ber_cursor in;

	if (version == 3 && tmk_cms_ber_take(&s->ski, c, TMK_BER_CONTEXT)) {
		if (s->ski.len)
			return true;
		return malformed(v, "the signer id is empty");
	}
	if (version != 1 || !tmk_cms_ber_take(&seq, c, TMK_BER_SEQUENCE))
		return malformed(v, "the signer id is malformed");
	tmk_cms_ber_enter(&in, &seq);
	if (!tmk_cms_ber_take(&s->issuer, &in, TMK_BER_SEQUENCE) ||
	    !tmk_cms_ber_take(&s->serial, &in, TMK_BER_INTEGER) ||
	    !tmk_cms_ber_done(&in))
		return malformed(v, "the signer id is malformed");
	return true;
}

/* signedAttrs [0]: there, and DER, since DER is what was signed. */
static bool read_signed_attrs(struct tmk_signature *sig,
			      struct tmk_cms_signer *s,
			      struct tmk_ber_cursor *c, struct tmk_verdict *v)
{
	size_t used;

	if (!tmk_cms_ber_take(&s->attrs, c, TMK_BER_TAGGED(0)))
		return malformed(v, "the signature has no signed attributes");
	if (tmk_cms_ber_scan(&used, s->attrs.all, s->attrs.all_len, true) !=
	    TMK_BER_OK)
		return malformed(v, "the signed attributes are not DER");
	return tmk_cms_attr_signed(sig, s, v);
}

/* SignerInfo (RFC 5652 5.3). */
static bool read_signer(struct tmk_signature *sig, struct tmk_cms_signer *s,
			const struct tmk_ber *info, struct tmk_verdict *v)
{
	struct tmk_ber_cursor c;
	struct tmk_ber e;
	int version;

	tmk_cms_ber_enter(&c, info);
	if (!tmk_cms_ber_take(&e, &c, TMK_BER_INTEGER) ||
	    !tmk_cms_ber_small(&version, &e))
		return malformed(v, "the SignerInfo has no version");
	if (!read_sid(s, version, &c, v) ||
	    !tmk_cms_oid_digest(&sig->hash, &c, v) ||
	    !read_signed_attrs(sig, s, &c, v) ||
	    !tmk_cms_algor_read(s, sig->hash, &c, v))
		return false;
	if (!tmk_cms_ber_take(&e, &c, TMK_BER_OCTETS) || !e.len)
		return malformed(v, "the SignerInfo has no signature value");
	if (e.len > TMK_CMS_VALUE_MAX)
		return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED,
					  "the signature value has %zu bytes, "
					  "more than %d", e.len,
					  TMK_CMS_VALUE_MAX);
	sig->value = e.body;
	sig->value_len = e.len;
	if (tmk_cms_ber_take(&e, &c, TMK_BER_TAGGED(1)) &&
	    !tmk_cms_attr_unsigned(sig, &e, v))
		return false;
	if (!tmk_cms_ber_done(&c))
		return malformed(v, "bytes follow the SignerInfo's fields");
	return true;
}

static bool read_signers(struct tmk_cms *cms, const struct tmk_ber *set,
			 struct tmk_verdict *v)
{
	struct tmk_evidence *ev = &cms->evidence;
	struct tmk_ber_cursor c;
	struct tmk_ber info;
	int n = 0;

	tmk_cms_ber_enter(&c, set);
	while (!tmk_cms_ber_done(&c)) {
		if (n == TMK_SIGNATURES_MAX)
			return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED,
						  "more than %d SignerInfos",
						  TMK_SIGNATURES_MAX);
		if (!tmk_cms_ber_take(&info, &c, TMK_BER_SEQUENCE))
			return malformed(v, "a SignerInfo is malformed");
		ev->signature[n].claimed_time = TMK_TIME_NONE;
		ev->signature[n].priv = &cms->signer[n];
		if (!read_signer(&ev->signature[n], &cms->signer[n], &info, v))
			return false;
		n++;
	}
	if (!n)
		return malformed(v, "the CMS has no SignerInfo");
	ev->signatures = n;
	return true;
}

/* DigestAlgorithmIdentifiers (RFC 5652 5.1): a hint for one-pass readers that
 * decides nothing here, but has to be one. */
static bool read_digest_set(struct tmk_ber_cursor *c, struct tmk_verdict *v)
{
	struct tmk_ber set, oid, params;
	struct tmk_ber_cursor in;
	int n = 0;

	if (!tmk_cms_ber_take(&set, c, TMK_BER_SET))
		return malformed(v, "the CMS names no digest algorithms");
	tmk_cms_ber_enter(&in, &set);
	while (!tmk_cms_ber_done(&in)) {
		if (!tmk_cms_oid_algorithm(&oid, &params, &in))
			return malformed(v, "a digest algorithm is malformed");
		if (++n > TMK_SIGNATURES_MAX)
			return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED,
						  "more than %d digest "
						  "algorithms",
						  TMK_SIGNATURES_MAX);
	}
	return true;
}

/* SignedData (RFC 5652 5.1). */
static bool read_signed_data(struct tmk_cms *cms, const struct tmk_ber *data,
			     struct tmk_verdict *v)
{
	struct tmk_ber_cursor c;
	struct tmk_ber e;
	int version;

	tmk_cms_ber_enter(&c, data);
	if (!tmk_cms_ber_take(&e, &c, TMK_BER_INTEGER) ||
	    !tmk_cms_ber_small(&version, &e) || version < 1 || version > 5)
		return malformed(v, "the SignedData has no known version");
	if (!read_digest_set(&c, v) || !read_content(&c, v))
		return false;
	if (tmk_cms_ber_take(&e, &c, TMK_BER_TAGGED(0)) &&
	    !tmk_cms_cert_read(cms, &e, v))
		return false;
	/* [1]: revocation data that came along; our CRLs come by policy. */
	if (tmk_cms_ber_peek(&c) == TMK_BER_TAGGED(1) &&
	    !tmk_cms_ber_next(&e, &c))
		return malformed(v, "the embedded CRLs are malformed");
	if (!tmk_cms_ber_take(&e, &c, TMK_BER_SET))
		return malformed(v, "the CMS has no SignerInfos");
	if (!tmk_cms_ber_done(&c))
		return malformed(v, "bytes follow the SignerInfos");
	return read_signers(cms, &e, v);
}

bool tmk_cms_read_all(struct tmk_cms *cms, size_t len, struct tmk_verdict *v)
{
	struct tmk_ber_cursor c;
	struct tmk_ber info, oid, tagged, data;
	char text[TMK_OID_TEXT];

	tmk_cms_ber_start(&c, cms->der, len);
	if (!tmk_cms_ber_take(&info, &c, TMK_BER_SEQUENCE))
		return malformed(v, "the signature is no CMS");
	tmk_cms_ber_enter(&c, &info);
	if (!tmk_cms_ber_take(&oid, &c, TMK_BER_OID))
		return malformed(v, "the signature is no CMS");
	if (tmk_cms_oid_find(&oid) != TMK_OID_SIGNED_DATA)
		return tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED,
					  "the CMS is of type %s, not "
					  "signed data",
					  tmk_cms_oid_text(text, &oid));
	if (!tmk_cms_ber_take(&tagged, &c, TMK_BER_TAGGED(0)) ||
	    !tmk_cms_ber_done(&c))
		return malformed(v, "the CMS has no signed data");
	tmk_cms_ber_enter(&c, &tagged);
	if (!tmk_cms_ber_take(&data, &c, TMK_BER_SEQUENCE) ||
	    !tmk_cms_ber_done(&c))
		return malformed(v, "the signed data is malformed");
	return read_signed_data(cms, &data, v);
}
