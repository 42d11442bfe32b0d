#include "x509/ocsp.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "x509/cert.h"
#include "x509/crl.h"
#include "x509/strength.h"

#define RESPONDER_MIN_RSA 2048

/* One response, about one certificate of the chain. */
struct about {
	const struct tmk_chain_request *request;
	STACK_OF(X509) *chain;
	int depth;
	X509 *cert, *issuer;	/* borrowed from the chain */
	OCSP_BASICRESP *basic;
	int64_t produced;
	int64_t until;		/* the end of who signed it */
	char *why;
	size_t size;
	struct tmk_err *err;
};

static bool nothing(const struct about *a, const char *why)
{
	snprintf(a->why, a->size, "%s", why);
	return false;
}

/* Whether the response is of version 1, the only one, which DER leaves out
 * (RFC 6960 4.2.1): ResponseData begins with the responder, not with [0]. */
static bool is_version_1(const uint8_t *der, size_t len)
{
	const unsigned char *p = der;
	int tag = 0, class = 0, i;
	long n = (long)len;

	for (i = 0; i < 2; i++)
		if (ASN1_get_object(&p, &n, &tag, &class, n) !=
		    V_ASN1_CONSTRUCTED || tag != V_ASN1_SEQUENCE || class)
			return false;
	return n > 0 && *p != (V_ASN1_CONTEXT_SPECIFIC | V_ASN1_CONSTRUCTED);
}

/* The bytes as a response, if they are one in DER: the signature is checked
 * over what OpenSSL encodes again, so that must be what stands there. */
static OCSP_BASICRESP *read_response(const uint8_t *der, size_t len)
{
	const unsigned char *p = der;
	unsigned char *again = NULL;
	OCSP_BASICRESP *basic;
	int n;

	if (len > TMK_OCSP_MAX || !is_version_1(der, len))
		return NULL;
	basic = d2i_OCSP_BASICRESP(NULL, &p, (long)len);
	if (!basic)
		return NULL;
	n = i2d_OCSP_BASICRESP(basic, &again);
	if (p != der + len || n < 0 || (size_t)n != len ||
	    memcmp(again, der, len)) {
		OCSP_BASICRESP_free(basic);
		basic = NULL;
	}
	OPENSSL_free(again);
	return basic;
}

/* Whether the signature of the response is this key's. */
static bool signed_by(OCSP_BASICRESP *basic, EVP_PKEY *key)
{
	return key && ASN1_item_verify(ASN1_ITEM_rptr(OCSP_RESPDATA),
			OCSP_resp_get0_tbs_sigalg(basic),
			OCSP_resp_get0_signature(basic),
			OCSP_resp_get0_respdata(basic), key) == 1;
}

/* Whether the responder id names this certificate (RFC 6960 4.2.1). */
static bool is_responder(const OCSP_BASICRESP *basic, X509 *cert)
{
	const ASN1_OCTET_STRING *hash = NULL;
	const X509_NAME *name = NULL;
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	if (OCSP_resp_get0_id(basic, &hash, &name) != 1)
		return false;
	if (name)
		return !X509_NAME_cmp(name, X509_get_subject_name(cert));
	return hash && X509_pubkey_digest(cert, EVP_sha1(), md, &n) == 1 &&
		(unsigned int)ASN1_STRING_length(hash) == n &&
		!memcmp(ASN1_STRING_get0_data(hash), md, n);
}

/* Whether the chain of a delegate has this issuer right above it. */
static bool issued_by(STACK_OF(X509) *chain, X509 *issuer)
{
	X509 *above = sk_X509_num(chain) > 1 ? sk_X509_value(chain, 1) : NULL;

	return above && !X509_NAME_cmp(X509_get_subject_name(above),
				       X509_get_subject_name(issuer)) &&
		EVP_PKEY_eq(X509_get0_pubkey(above),
			    X509_get0_pubkey(issuer)) == 1;
}

/* A certificate in the response: whether the issuer lets it speak. 1, 0 with
 * why, or -1. */
static int may_speak(const struct about *a, X509 *delegate)
{
	const struct tmk_chain_request *r = a->request;
	struct tmk_chain_answer answer = { TMK_CHAIN_GOOD, "", NULL };
	struct tmk_chain_request request = {
		.trust = r->trust, .leaf = delegate, .untrusted = a->chain,
		.at = a->produced, .now = r->now,
		.revocation = r->revocation, .eku = { "OCSPSigning" },
		.ekus = 1, .min_rsa = RESPONDER_MIN_RSA,
		.any_strength = r->any_strength
	};
	int good = 0;

	if (X509_get_ext_by_NID(delegate, NID_id_pkix_OCSP_noCheck, -1) >= 0)
		request.revocation = TMK_REVOCATION_CHECK;
	/* Nobody vouches for himself. */
	if (EVP_PKEY_eq(X509_get0_pubkey(delegate),
			X509_get0_pubkey(a->cert)) == 1)
		return nothing(a, "is signed by the certificate itself");
	if (tmk_chain_judge(&answer, &request, a->err))
		return -1;
	if (answer.result != TMK_CHAIN_GOOD)
		snprintf(a->why, a->size, "has a responder that is refused: "
			 "%.100s", answer.text);
	else if (!issued_by(answer.chain, a->issuer))
		nothing(a, "has a responder that another authority issued");
	else
		good = 1;
	tmk_chain_answer_release(&answer);
	return good;
}

/* Whether the certificate of who signed was in force then; until when is kept.
 * The time is his own word, so his end counts again for what is current. */
static bool in_force(struct about *a, X509 *signer)
{
	int64_t from, to;

	if (tmk_cert_validity(&from, &to, signer, NULL) ||
	    a->produced < from || a->produced > to)
		return nothing(a, "was made outside the validity of its "
			       "authority");
	a->until = to;
	return true;
}

/* Whether somebody signed who may. 1, 0 with why, or -1. */
static int is_authentic(struct about *a)
{
	const STACK_OF(X509) *certs = OCSP_resp_get0_certs(a->basic);
	const X509_ALGOR *alg = OCSP_resp_get0_tbs_sigalg(a->basic);
	int i;

	if (sk_X509_num(certs) > TMK_OCSP_CERTS_MAX)
		return nothing(a, "has too many certificates");
	if (!a->request->any_strength && !tmk_strength_algorithm_ok(alg))
		return nothing(a, "is signed with a weak digest");
	if (is_responder(a->basic, a->issuer) &&
	    signed_by(a->basic, X509_get0_pubkey(a->issuer)))
		return in_force(a, a->issuer);
	for (i = 0; i < sk_X509_num(certs); i++) {
		X509 *cert = sk_X509_value(certs, i);
		char why[80];

		if (is_responder(a->basic, cert) &&
		    tmk_cert_key_ok(cert, RESPONDER_MIN_RSA, why,
				    sizeof(why)) &&
		    signed_by(a->basic, X509_get0_pubkey(cert)))
			return in_force(a, cert) ? may_speak(a, cert) :
				0;
	}
	return nothing(a, "is not signed by anybody who may");
}

static bool has_critical(OCSP_SINGLERESP *single, OCSP_BASICRESP *basic)
{
	return OCSP_SINGLERESP_get_ext_by_critical(single, 1, -1) >= 0 ||
		OCSP_BASICRESP_get_ext_by_critical(basic, 1, -1) >= 0;
}

/* Whether a "good" of these times stands in for a list. */
static bool is_timely(const struct about *a, int64_t from, int64_t to)
{
	const struct tmk_chain_request *r = a->request;
	int64_t begin, end;

	if (from == TMK_TIME_NONE || a->produced == TMK_TIME_NONE ||
	    from > a->produced || (to != TMK_TIME_NONE && to < from))
		return nothing(a, "has times that contradict each other");
	if (a->produced > r->now + TMK_OCSP_SKEW)
		return nothing(a, "comes from the future");
	/* RFC 6960 2.4: without nextUpdate there may be news at any time. */
	if (to != TMK_TIME_NONE && r->now <= to && r->now <= a->until)
		return true;
	if (!r->stamped)
		return nothing(a, r->now > a->until ? "is by a responder who "
			       "has expired since" : "is out of date");
	if (from < r->at)
		return nothing(a, "is older than the signature, and out of "
			       "date");
	if (tmk_cert_validity(&begin, &end, a->cert, NULL) || from < begin ||
	    from > end)
		return nothing(a, "was made outside the validity of the "
			       "certificate");
	return true;
}

/* What one authentic line of the response proves. */
static enum tmk_ocsp_status weigh(const struct about *a,
				  OCSP_SINGLERESP *single, bool *unknown)
{
	ASN1_GENERALIZEDTIME *when = NULL, *from = NULL, *to = NULL;
	char text[TMK_CLOCK_TEXT];
	int reason = -1;

	switch (OCSP_single_get0_status(single, &reason, &when, &from, &to)) {
	case V_OCSP_CERTSTATUS_REVOKED:
		snprintf(a->why, a->size, "revoked since %s (%s), as an OCSP "
			 "response says", tmk_clock_format(text,
							   tmk_crl_time(when)),
			 tmk_crl_reason(reason));
		return TMK_OCSP_REVOKED;
	case V_OCSP_CERTSTATUS_GOOD:
		if (has_critical(single, a->basic))
			nothing(a, "has a critical extension");
		else if (is_timely(a, tmk_crl_time(from), tmk_crl_time(to)))
			return TMK_OCSP_GOOD;
		return TMK_OCSP_NONE;
	default:
		nothing(a, "says that the status is unknown");
		*unknown = true;
		return TMK_OCSP_NONE;
	}
}

/* Whether the line is about the certificate. SHA-1 is what most responders
 * still name issuers by; a collision would be one of its own CA's making. */
static bool is_about(OCSP_SINGLERESP *single, X509 *cert, X509 *issuer)
{
	/* OpenSSL takes no const, and changes nothing */
	OCSP_CERTID *id = (OCSP_CERTID *)(uintptr_t)
		OCSP_SINGLERESP_get0_id(single), *want;
	ASN1_OBJECT *md = NULL;
	bool same;
	int nid;

	if (OCSP_id_get0_info(NULL, &md, NULL, NULL, id) != 1)
		return false;
	nid = OBJ_obj2nid(md);
	if (nid != NID_sha1 && nid != NID_sha256)
		return false;
	want = OCSP_cert_to_id(nid == NID_sha1 ? EVP_sha1() : EVP_sha256(),
			       cert, issuer);
	same = want && !OCSP_id_cmp(want, id);
	OCSP_CERTID_free(want);
	return same;
}

/* All that one response says of one certificate. */
static int ask(enum tmk_ocsp_status *status, bool *unknown, struct about *a)
{
	int i, n = OCSP_resp_count(a->basic), authentic = -1;
	enum tmk_ocsp_status found;

	for (i = 0; i < n && i < TMK_OCSP_SINGLES_MAX; i++) {
		OCSP_SINGLERESP *single = OCSP_resp_get0(a->basic, i);

		if (!is_about(single, a->cert, a->issuer))
			continue;
		if (authentic < 0) {
			authentic = is_authentic(a);
			if (authentic < 0)
				return -1;
		}
		if (!authentic)
			return 0;
		found = weigh(a, single, unknown);
		if (found > *status)
			*status = found;
		if (found == TMK_OCSP_REVOKED)
			return 0;
	}
	return 0;
}

/* One response and every certificate that has somebody above it. */
static int ask_chain(struct tmk_ocsp_answer *answer, bool *unknown,
		     struct about *a)
{
	int n = sk_X509_num(a->chain);

	for (a->depth = 0; a->depth < n - 1 && a->depth < TMK_OCSP_CHAIN_MAX;
	     a->depth++) {
		int d = a->depth;

		if (answer->status[d] == TMK_OCSP_REVOKED)
			continue;
		a->cert = sk_X509_value(a->chain, d);
		a->issuer = sk_X509_value(a->chain, d + 1);
		a->why = answer->why[d];
		a->size = sizeof(answer->why[d]);
		if (ask(&answer->status[d], &unknown[d], a))
			return -1;
	}
	return 0;
}

int tmk_ocsp_chain(struct tmk_ocsp_answer *answer,
		   const struct tmk_chain_request *request,
		   STACK_OF(X509) *chain, struct tmk_err *err)
{
	bool unknown[TMK_OCSP_CHAIN_MAX] = { false };
	struct tmk_ocsp_answer found;
	int i, rc = 0;

	memset(&found, 0, sizeof(found));
	ERR_set_mark();
	for (i = 0; !rc && i < request->ocsps; i++) {
		struct about a = { .request = request, .chain = chain,
			.err = err };

		a.basic = read_response(request->ocsp[i],
					request->ocsp_len[i]);
		if (!a.basic)
			continue;
		a.produced = tmk_crl_time(OCSP_resp_get0_produced_at(a.basic));
		rc = ask_chain(&found, unknown, &a);
		OCSP_BASICRESP_free(a.basic);
	}
	ERR_pop_to_mark();
	if (rc)
		return -1;
	for (i = 0; i < TMK_OCSP_CHAIN_MAX; i++)
		if (unknown[i] && found.status[i] == TMK_OCSP_GOOD)
			found.status[i] = TMK_OCSP_NONE;
	*answer = found;
	return 0;
}
