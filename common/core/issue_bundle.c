/* The form of an attestation that goes with a certificate request. */
#include "core/issue.h"

#include <openssl/asn1.h>
#include <openssl/err.h>

/* One DER element with this tag at *p: its content, and *p behind it. */
static int element(const uint8_t **p, const uint8_t *end, int tag,
		   const uint8_t **in, const uint8_t **in_end)
{
	const unsigned char *at = *p;
	int got, class, ret;
	long n;

	if (at >= end)
		return -1;
	/* Bit 0x80 is an error; 0x01 an indefinite length, which is not
	 * DER. */
	ret = ASN1_get_object(&at, &n, &got, &class, end - at);
	if (ret & 0x81 || class != V_ASN1_UNIVERSAL || got != tag ||
	    n > end - at) {
		ERR_clear_error();
		return -1;
	}
	*in = at;
	*in_end = at + n;
	*p = at + n;
	return 0;
}

/* SEQUENCE SIZE (1..MAX) OF a SEQUENCE; `typed`: which begins with an OID. */
static int sequences(const uint8_t *p, const uint8_t *end, int typed)
{
	const uint8_t *in, *in_end, *oid, *oid_end;

	if (p == end)
		return -1;
	while (p < end) {
		if (element(&p, end, V_ASN1_SEQUENCE, &in, &in_end))
			return -1;
		if (typed && (element(&in, in_end, V_ASN1_OBJECT, &oid,
				      &oid_end) || oid == oid_end))
			return -1;
	}
	return 0;
}

int tmk_issue_bundle_check(const uint8_t *der, size_t len,
			   struct tmk_err *err)
{
	const uint8_t *p = der, *end = der + len, *in, *in_end, *list, *stop;

	if (len > TMK_ISSUE_BUNDLE_MAX ||
	    element(&p, end, V_ASN1_SEQUENCE, &in, &in_end) || p != end ||
	    element(&in, in_end, V_ASN1_SEQUENCE, &list, &stop) ||
	    sequences(list, stop, 1))
		goto bad;
	if (in == in_end)
		return 0;
	if (!element(&in, in_end, V_ASN1_SEQUENCE, &list, &stop) &&
	    in == in_end && !sequences(list, stop, 0))
		return 0;
bad:
	tmk_err_set(err, TMK_INPUT, "this is no attestation bundle in DER");
	return tmk_err_hint(err, "it is what the token's maker gives for a "
			    "certificate request: SEQUENCE { SEQUENCE OF "
			    "AttestationStatement, certificates }");
}
