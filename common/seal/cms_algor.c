/*
 * Which signature algorithm a SignerInfo names: an allow-list (RFC 5754
 * section 3, RFC 5753 section 2.1.1, RFC 4056).
 */
#include "seal/cms_read.h"

static bool refuse(struct tmk_verdict *v, const char *what)
{
	return tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED, "%s", what);
}

static int hash_bytes(enum tmk_hash hash)
{
	return hash == TMK_SHA256 ? 32 : hash == TMK_SHA384 ? 48 : 64;
}

/* maskGenAlgorithm: MGF1 over the same hash. */
static bool read_mask(enum tmk_hash hash, struct tmk_ber_cursor *c,
		      struct tmk_verdict *v)
{
	struct tmk_ber oid, params;
	struct tmk_ber_cursor in;
	enum tmk_hash inner;

	if (!tmk_cms_oid_algorithm(&oid, &params, c) ||
	    tmk_cms_oid_find(&oid) != TMK_OID_MGF1 || !params.tag)
		return refuse(v, "the RSA-PSS mask is not MGF1");
	tmk_cms_ber_start(&in, params.all, params.all_len);
	if (!tmk_cms_oid_digest(&inner, &in, v))
		return false;
	if (inner != hash || !tmk_cms_ber_done(&in))
		return refuse(v, "the RSA-PSS mask uses another digest");
	return true;
}

/* One [n] field of the parameters, which must be there: every default in RFC
 * 4055 3.1 stands for SHA-1. */
static bool enter_field(struct tmk_ber_cursor *in, int n,
			struct tmk_ber_cursor *c)
{
	struct tmk_ber field;

	if (!tmk_cms_ber_take(&field, c, (uint8_t)TMK_BER_TAGGED(n)))
		return false;
	tmk_cms_ber_enter(in, &field);
	return true;
}

/* RSASSA-PSS-params: the hash of the content everywhere, a salt from the
 * hash's length on (OpenSSL fills what the modulus leaves). */
static bool read_pss(struct tmk_cms_signer *s, enum tmk_hash hash,
		     const struct tmk_ber *params, struct tmk_verdict *v)
{
	struct tmk_ber_cursor c, in;
	struct tmk_ber e;
	enum tmk_hash inner;
	int trailer = 1;

	if (params->tag != TMK_BER_SEQUENCE)
		return refuse(v, "RSA-PSS without parameters");
	tmk_cms_ber_enter(&c, params);
	if (!enter_field(&in, 0, &c))
		return tmk_verdict_refuse(v, TMK_DIGEST_WEAK,
					  "RSA-PSS with SHA-1, its default");
	if (!tmk_cms_oid_digest(&inner, &in, v))
		return false;
	if (inner != hash || !tmk_cms_ber_done(&in))
		return refuse(v, "RSA-PSS uses another digest");
	if (!enter_field(&in, 1, &c))
		return tmk_verdict_refuse(v, TMK_DIGEST_WEAK,
					  "an RSA-PSS mask with SHA-1, its "
					  "default");
	if (!read_mask(hash, &in, v))
		return false;
	if (!tmk_cms_ber_done(&in) || !enter_field(&in, 2, &c) ||
	    !tmk_cms_ber_take(&e, &in, TMK_BER_INTEGER) ||
	    !tmk_cms_ber_small(&s->salt, &e) || !tmk_cms_ber_done(&in) ||
	    s->salt < hash_bytes(hash) || s->salt > TMK_CMS_VALUE_MAX)
		return refuse(v, "the RSA-PSS salt length is not allowed");
	if (enter_field(&in, 3, &c) &&
	    (!tmk_cms_ber_take(&e, &in, TMK_BER_INTEGER) ||
	     !tmk_cms_ber_small(&trailer, &e) || !tmk_cms_ber_done(&in)))
		return refuse(v, "the RSA-PSS trailer is malformed");
	if (trailer != 1 || !tmk_cms_ber_done(&c))
		return refuse(v, "the RSA-PSS parameters are not allowed");
	return true;
}

static bool no_params(const struct tmk_ber *params)
{
	return !params->tag || (params->tag == TMK_BER_NULL && !params->len);
}

bool tmk_cms_algor_read(struct tmk_cms_signer *s, enum tmk_hash hash,
			struct tmk_ber_cursor *c, struct tmk_verdict *v)
{
	struct tmk_ber oid, params;
	enum tmk_cms_oid found;
	enum tmk_hash own;
	char text[TMK_OID_TEXT];

	if (!tmk_cms_oid_algorithm(&oid, &params, c))
		return refuse(v, "the signature algorithm is malformed");
	found = tmk_cms_oid_find(&oid);
	if (found == TMK_OID_SIGNATURE_REFUSED)
		return tmk_verdict_refuse(v, TMK_DIGEST_WEAK,
					  "the signature algorithm %s is not "
					  "allowed",
					  tmk_cms_oid_text(text, &oid));
	if (found < TMK_OID_RSA || found == TMK_OID_MGF1)
		return tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED,
					  "unknown signature algorithm %s",
					  tmk_cms_oid_text(text, &oid));
	own = tmk_cms_oid_hash(found);
	if (own && own != hash)
		return refuse(v, "digest and signature algorithm differ");
	s->scheme = found < TMK_OID_EC_KEY ? TMK_CMS_PKCS1 : TMK_CMS_ECDSA;
	if (found == TMK_OID_RSA_PSS) {
		s->scheme = TMK_CMS_PSS;
		return read_pss(s, hash, &params, v);
	}
	/* Some write the key's algorithm here, its curve with it. */
	if (found == TMK_OID_EC_KEY && params.tag == TMK_BER_OID)
		return true;
	if (!no_params(&params))
		return refuse(v, "the signature algorithm has parameters");
	return true;
}
