/*
 * Signed and unsigned attributes of a SignerInfo (RFC 5652 section 11,
 * RFC 5035, RFC 3161 appendix A, RFC 5126 6.3.4). What we know may stand there
 * once and with one value; what we do not know is covered by the signature and
 * means nothing to us.
 */
#include <string.h>

#include "seal/cms_read.h"
#include "x509/ocsp.h"
#include "x509/tst.h"

static bool malformed(struct tmk_verdict *v, const char *what)
{
	return tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED, "%s", what);
}

/* Attribute ::= SEQUENCE { attrType, attrValues SET OF }. */
struct attr {
	enum tmk_cms_oid type;
	struct tmk_ber value;	/* the only value; tag 0: none or several */
};

static bool next_attr(struct attr *a, struct tmk_ber_cursor *c)
{
	static const struct tmk_ber none;
	struct tmk_ber seq, oid, set;
	struct tmk_ber_cursor in;

	a->value = none;
	if (!tmk_cms_ber_take(&seq, c, TMK_BER_SEQUENCE))
		return false;
	tmk_cms_ber_enter(&in, &seq);
	if (!tmk_cms_ber_take(&oid, &in, TMK_BER_OID) ||
	    !tmk_cms_ber_take(&set, &in, TMK_BER_SET) ||
	    !tmk_cms_ber_done(&in))
		return false;
	a->type = tmk_cms_oid_find(&oid);
	tmk_cms_ber_enter(&in, &set);
	if (!tmk_cms_ber_next(&a->value, &in) || !tmk_cms_ber_done(&in))
		a->value = none;
	return true;
}

/* `n` digits at `p` as a number; -1 for anything else. */
static int digits(const uint8_t *p, int n)
{
	int value = 0;

	while (n--) {
		if (*p < '0' || *p > '9')
			return -1;
		value = value * 10 + (*p++ - '0');
	}
	return value;
}

/* signing-time (RFC 5652 11.3): UTCTime until 2049, then GeneralizedTime, in
 * UTC, to the second, without fractions. */
static bool read_time(int64_t *out, const struct tmk_ber *value)
{
	static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31,
				    30, 31 };
	const uint8_t *p = value->body;
	int year, part[5], i;

	if (value->tag == TMK_BER_UTC_TIME && value->len == 13) {
		year = digits(p, 2);
		if (year < 0)
			return false;
		year += year < 50 ? 2000 : 1900;
		p += 2;
	} else if (value->tag == TMK_BER_GENERALIZED_TIME &&
		   value->len == 15) {
		year = digits(p, 4);
		p += 4;
	} else {
		return false;
	}
	for (i = 0; i < 5; i++, p += 2)
		part[i] = digits(p, 2);
	if (year < 0 || *p != 'Z' || part[0] < 1 || part[0] > 12 ||
	    part[1] < 1 || part[1] > days[part[0] - 1] ||
	    part[2] < 0 || part[2] > 23 || part[3] < 0 || part[3] > 59 ||
	    part[4] < 0 || part[4] > 59)
		return false;
	if (part[0] == 2 && part[1] == 29 &&
	    (year % 4 || (!(year % 100) && year % 400)))
		return false;
	*out = tmk_clock_from_civil(year, part[0], part[1], part[2], part[3],
				    part[4]);
	return true;
}

static size_t hash_bytes(enum tmk_hash hash)
{
	return hash == TMK_SHA256 ? 32 : hash == TMK_SHA384 ? 48 : 64;
}

/* The value of an attribute we know, each in its own form. */
static bool read_known(struct tmk_signature *sig, struct tmk_cms_signer *s,
		       const struct attr *a, struct tmk_verdict *v)
{
	const struct tmk_ber *value = &a->value;

	switch (a->type) {
	case TMK_OID_CONTENT_TYPE:
		if (tmk_cms_oid_find(value) != TMK_OID_DATA)
			return malformed(v, "the content-type attribute does "
					 "not say data");
		return true;
	case TMK_OID_MESSAGE_DIGEST:
		if (value->tag != TMK_BER_OCTETS ||
		    value->len != hash_bytes(sig->hash))
			return malformed(v, "the message-digest attribute is "
					 "malformed");
		memcpy(sig->digest, value->body, value->len);
		sig->digest_len = value->len;
		return true;
	case TMK_OID_SIGNING_TIME:
		if (!read_time(&sig->claimed_time, value))
			return malformed(v, "the signing-time attribute is "
					 "malformed");
		return true;
	default:
		if (value->tag != TMK_BER_SEQUENCE)
			return malformed(v, "a signing-certificate attribute "
					 "is malformed");
		if (a->type == TMK_OID_SIGNING_CERT)
			s->ess = *value;
		else
			s->ess2 = *value;
		return true;
	}
}

static bool known(enum tmk_cms_oid type)
{
	return type >= TMK_OID_CONTENT_TYPE && type <= TMK_OID_SIGNING_CERT_V2;
}

bool tmk_cms_attr_signed(struct tmk_signature *sig, struct tmk_cms_signer *s,
			 struct tmk_verdict *v)
{
	struct tmk_ber_cursor c;
	unsigned int seen = 0;
	struct attr a;
	int n = 0;

	tmk_cms_ber_enter(&c, &s->attrs);
	while (!tmk_cms_ber_done(&c)) {
		if (++n > TMK_CMS_ATTRS_MAX)
			return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED,
						  "more than %d signed "
						  "attributes",
						  TMK_CMS_ATTRS_MAX);
		if (!next_attr(&a, &c))
			return malformed(v, "a signed attribute is malformed");
		if (!known(a.type))
			continue;
		if (seen & 1u << a.type || !a.value.tag)
			return malformed(v, "a signed attribute is repeated, "
					 "or has not one value");
		seen |= 1u << a.type;
		if (!read_known(sig, s, &a, v))
			return false;
	}
	if (!(seen & 1u << TMK_OID_CONTENT_TYPE))
		return malformed(v, "the content-type attribute is missing");
	if (!(seen & 1u << TMK_OID_MESSAGE_DIGEST))
		return malformed(v, "the message-digest attribute is missing");
	return true;
}

/* One timestamp token. */
static bool read_token(struct tmk_signature *sig, const struct tmk_ber *value,
		       struct tmk_verdict *v)
{
	if (value->tag != TMK_BER_SEQUENCE)
		return malformed(v, "a timestamp attribute does not hold "
				 "exactly one token");
	if (sig->tokens == TMK_TOKENS_MAX || value->all_len > TMK_TST_MAX)
		return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED,
					  "more than %d timestamps, or a token "
					  "of more than %d bytes",
					  TMK_TOKENS_MAX, TMK_TST_MAX);
	sig->token[sig->tokens] = value->all;
	sig->token_len[sig->tokens] = value->all_len;
	sig->tokens++;
	return true;
}

/* SEQUENCE OF BasicOCSPResponse: each cut out, none looked into. */
static bool read_staples(struct tmk_signature *sig, const struct tmk_ber *list,
			 struct tmk_verdict *v)
{
	struct tmk_ber_cursor c;
	struct tmk_ber one;

	tmk_cms_ber_enter(&c, list);
	while (!tmk_cms_ber_done(&c)) {
		if (!tmk_cms_ber_take(&one, &c, TMK_BER_SEQUENCE))
			return malformed(v, "an OCSP response in the "
					 "revocation values is malformed");
		if (sig->staples == TMK_STAPLES_MAX ||
		    one.all_len > TMK_OCSP_MAX)
			return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED,
						  "more than %d OCSP responses,"
						  " or one of more than %d "
						  "bytes", TMK_STAPLES_MAX,
						  TMK_OCSP_MAX);
		sig->staple[sig->staples] = one.all;
		sig->staple_len[sig->staples] = one.all_len;
		sig->staples++;
	}
	return true;
}

/*
 * RevocationValues (RFC 5126 6.3.4): crlVals [0], ocspVals [1], otherRevVals
 * [2], each at most once and in this order, explicitly tagged. CRLs come by
 * policy alone; those that come along are passed over.
 */
static bool read_revocation(struct tmk_signature *sig,
			    const struct tmk_ber *value, struct tmk_verdict *v)
{
	struct tmk_ber_cursor c, in;
	struct tmk_ber part, list;
	int n;

	if (value->tag != TMK_BER_SEQUENCE)
		return malformed(v, "a revocation-values attribute does not "
				 "hold exactly one value");
	tmk_cms_ber_enter(&c, value);
	for (n = 0; n < 3; n++) {
		if (!tmk_cms_ber_take(&part, &c,
				      (uint8_t)TMK_BER_TAGGED(n)))
			continue;
		tmk_cms_ber_enter(&in, &part);
		if (!tmk_cms_ber_take(&list, &in, TMK_BER_SEQUENCE) ||
		    !tmk_cms_ber_done(&in))
			return malformed(v, "the revocation values are "
					 "malformed");
		if (n == 1 && !read_staples(sig, &list, v))
			return false;
	}
	if (!tmk_cms_ber_done(&c))
		return malformed(v, "the revocation values are malformed");
	return true;
}

bool tmk_cms_attr_unsigned(struct tmk_signature *sig,
			   const struct tmk_ber *attrs, struct tmk_verdict *v)
{
	struct tmk_ber_cursor c;
	bool revocation = false;
	struct attr a;
	int n = 0;

	tmk_cms_ber_enter(&c, attrs);
	while (!tmk_cms_ber_done(&c)) {
		if (++n > TMK_CMS_ATTRS_MAX)
			return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED,
						  "more than %d unsigned "
						  "attributes",
						  TMK_CMS_ATTRS_MAX);
		if (!next_attr(&a, &c))
			return malformed(v, "an unsigned attribute is "
					 "malformed");
		/* RFC 5652 11, RFC 5035 3: they must not stand here */
		if (known(a.type))
			return malformed(v, "an attribute that is to be signed "
					 "is not");
		if (a.type == TMK_OID_TIMESTAMP &&
		    !read_token(sig, &a.value, v))
			return false;
		if (a.type != TMK_OID_REVOCATION)
			continue;
		if (revocation)
			return malformed(v, "the revocation values are there "
					 "twice");
		revocation = true;
		if (!read_revocation(sig, &a.value, v))
			return false;
	}
	return true;
}
