#include "x509/judging.h"

#include <stdio.h>

#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "x509/cert.h"
#include "x509/crl.h"
#include "x509/form.h"
#include "x509/strength.h"
#include "x509/trust.h"

#define NAME_TEXT 200

/* The root is what the administrator named: nobody above it could speak. Its
 * own CRL counts when it is its own issuer, and its absence does not. */
static bool is_anchor(X509_STORE_CTX *ctx)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
	int depth = X509_STORE_CTX_get_error_depth(ctx);

	return depth > 0 && depth == sk_X509_num(chain) - 1;
}

/* The same of the chain that is judged, not that of a CRL's issuer. */
static bool is_root(X509_STORE_CTX *ctx)
{
	return !X509_STORE_CTX_get0_parent_ctx(ctx) && is_anchor(ctx);
}

static bool is_own_issuer(X509_STORE_CTX *ctx)
{
	X509 *cert = X509_STORE_CTX_get_current_cert(ctx);

	return cert && X509_self_signed(cert, 0) == 1;
}

/* Every certificate of the chain, the root only if more is asked than path
 * validation does: its extensions are not the sender's. */
static bool formed(struct tmk_judging *j, STACK_OF(X509) *chain)
{
	int i, n = sk_X509_num(chain);
	char name[NAME_TEXT], why[120];

	for (i = 0; i < n; i++) {
		X509 *cert = sk_X509_value(chain, i);
		bool root = i == n - 1;

		if ((root && !j->request->strict) ||
		    tmk_form_ok(cert, root, j->request->strict, why,
				sizeof(why)))
			continue;
		tmk_judging_refuse(j, TMK_CHAIN_NOT_TRUSTED, "%s %s",
				   tmk_cert_subject(name, sizeof(name), cert),
				   why);
		return false;
	}
	return true;
}

/* What came with the signature. It never undoes what a list says; a revoked
 * certificate that is known to be one by this way alone falls as well. */
static int ask_staples(struct tmk_judging *j, STACK_OF(X509) *chain)
{
	char name[NAME_TEXT];
	int i;

	if (!j->request->ocsps)
		return 1;
	if (tmk_ocsp_chain(&j->ocsp, j->request, chain, j->err)) {
		j->failed = true;
		return 0;
	}
	for (i = 0; i < sk_X509_num(chain) && i < TMK_OCSP_CHAIN_MAX; i++)
		if (j->ocsp.status[i] == TMK_OCSP_REVOKED)
			return tmk_judging_refuse(j, TMK_CHAIN_REVOKED,
				"%s is %s", tmk_cert_subject(name,
					sizeof(name), sk_X509_value(chain, i)),
				j->ocsp.why[i]);
	return 1;
}

int tmk_judging_revocation(X509_STORE_CTX *ctx)
{
	struct tmk_judging *j = tmk_judging_of(ctx);
	const struct tmk_chain_request *request = j->request;
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
	char why[340];
	int rc;

	X509_STORE_CTX_set_error(ctx, X509_V_ERR_APPLICATION_VERIFICATION);
	/* The issuer of an indirect CRL: the clock is set already. */
	if (X509_STORE_CTX_get0_parent_ctx(ctx)) {
		if (!tmk_judging_strong(j, chain, false))
			return 0;
		X509_STORE_CTX_set_error(ctx, X509_V_OK);
		return request->trust->check_revocation(ctx);
	}
	j->built = true;
	if (!tmk_judging_strong(j, chain, true) || !formed(j, chain))
		return 0;
	if (!tmk_usage_chain_ok(&j->usage, request, chain, why, sizeof(why)))
		return tmk_judging_refuse(j, TMK_CHAIN_USAGE, "%s", why);
	if (request->revocation != TMK_REVOCATION_OFF &&
	    !ask_staples(j, chain))
		return 0;
	X509_STORE_CTX_set_error(ctx, X509_V_OK);
	if (request->revocation == TMK_REVOCATION_OFF)
		return 1;
	/* What is known of revocation is known now, whatever the time of the
	 * signature: OpenSSL would take the CRL that was current then. */
	X509_VERIFY_PARAM_set_time(param, (time_t)request->now);
	rc = request->trust->check_revocation(ctx);
	X509_VERIFY_PARAM_set_time(param, (time_t)request->at);
	return rc;
}

int tmk_judging_crl(X509_STORE_CTX *ctx, X509_CRL *crl)
{
	struct tmk_judging *j = tmk_judging_of(ctx);

	if (!j->request->any_strength && !is_root(ctx) &&
	    !tmk_strength_crl_ok(crl)) {
		X509_STORE_CTX_set_error(ctx,
					 X509_V_ERR_APPLICATION_VERIFICATION);
		return tmk_judging_refuse(j, TMK_CHAIN_REVOCATION_UNKNOWN,
					  "a CRL is signed with a weak digest "
					  "(%s)", OBJ_nid2sn(
					  X509_CRL_get_signature_nid(crl)));
	}
	if (j->request->strict &&
	    X509_CRL_get_ext_by_NID(crl, NID_crl_number, -1) < 0) {
		X509_STORE_CTX_set_error(ctx,
					 X509_V_ERR_APPLICATION_VERIFICATION);
		return tmk_judging_refuse(j, TMK_CHAIN_REVOCATION_UNKNOWN,
					  "a CRL without cRLNumber");
	}
	/* RFC 5280 5.1.2.5: without an end nobody can tell that it is current. */
	if (!X509_CRL_get0_nextUpdate(crl) &&
	    !tmk_judging_crl_problem(j, ctx, X509_V_ERR_CRL_HAS_EXPIRED))
		return 0;
	return j->request->trust->check_crl(ctx, crl);
}

/* Problems that are the same as having no current CRL. */
static bool is_absence(int code)
{
	switch (code) {
	case X509_V_ERR_UNABLE_TO_GET_CRL:
	case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
	case X509_V_ERR_CRL_NOT_YET_VALID:
	case X509_V_ERR_CRL_HAS_EXPIRED:
	case X509_V_ERR_DIFFERENT_CRL_SCOPE:
		return true;
	default:
		return false;
	}
}

bool tmk_judging_is_crl_problem(int code)
{
	switch (code) {
	case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE:
	case X509_V_ERR_CRL_SIGNATURE_FAILURE:
	case X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD:
	case X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD:
	case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
	case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION:
	case X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
		return true;
	default:
		return is_absence(code);
	}
}

/* The issuer of an indirect CRL whose own status stands in the CRL that it
 * signs: its CA arranged that by naming it as the only source. OpenSSL looks
 * no deeper than one level; the signature of that CRL is still checked. */
static bool is_circle(X509_STORE_CTX *ctx)
{
	X509 *cert = X509_STORE_CTX_get_current_cert(ctx);
	X509_CRL *crl = X509_STORE_CTX_get0_current_crl(ctx);

	return X509_STORE_CTX_get0_parent_ctx(ctx) && cert && crl &&
		X509_STORE_CTX_get_error_depth(ctx) == 0 &&
		X509_STORE_CTX_get0_current_issuer(ctx) &&
		!X509_cmp(X509_STORE_CTX_get0_current_issuer(ctx), cert) &&
		!X509_NAME_cmp(X509_CRL_get_issuer(crl),
			       X509_get_subject_name(cert));
}

/* What an entry for the current certificate means; NULL: it cannot be found.
 * Returns 1 when nothing, else 0. */
static int refuse_entry(struct tmk_judging *j, X509_STORE_CTX *ctx,
			const X509_REVOKED *entry)
{
	X509 *cert = X509_STORE_CTX_get_current_cert(ctx);
	char name[NAME_TEXT], why[120] = "revoked";

	if (is_root(ctx) && !is_own_issuer(ctx))
		return 1;
	if (entry && !tmk_crl_entry_falls(entry, j->request->at,
					  j->request->stamped,
					  j->request->honour_invalidity, why,
					  sizeof(why)))
		return 1;
	/* The issuer of a CRL: then that CRL tells nothing. */
	if (X509_STORE_CTX_get0_parent_ctx(ctx))
		return 0;
	return tmk_judging_refuse(j, TMK_CHAIN_REVOKED, "%s is %s", cert ?
				  tmk_cert_subject(name, sizeof(name), cert) :
				  "the certificate", why);
}

/* The key under the CRL that is being asked, else that of the issuer. */
static EVP_PKEY *key_under(X509_STORE_CTX *ctx)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
	X509 *issuer = X509_STORE_CTX_get0_current_issuer(ctx);
	int above = X509_STORE_CTX_get_error_depth(ctx) + 1;

	if (!issuer)
		issuer = sk_X509_value(chain, above < sk_X509_num(chain) ?
				       above : above - 1);
	return X509_get0_pubkey(issuer);
}

/* Whether `other` lists the certificate in a way that `asked`, if any was,
 * cannot take back: not a hold, or one that is no older. */
static bool lists(X509_CRL *other, const X509_CRL *asked, X509 *cert,
		  X509_REVOKED **entry)
{
	int order;

	if (X509_NAME_cmp(X509_CRL_get_issuer(other), asked ?
			  X509_CRL_get_issuer(asked) :
			  X509_get_issuer_name(cert)) ||
	    X509_CRL_get0_by_cert(other, entry, cert) != 1)
		return false;
	if (!asked)
		return true;
	order = ASN1_TIME_compare(X509_CRL_get0_lastUpdate(other),
				  X509_CRL_get0_lastUpdate(asked));
	return order > 0 || order < -1 || !tmk_crl_entry_holds(*entry);
}

/* Whether the certificate says that CRLs of this issuer tell of it (RFC 5280
 * 4.2.1.13: cRLIssuer). */
static bool names_lister(const X509 *cert, const X509_NAME *issuer)
{
	CRL_DIST_POINTS *points = X509_get_ext_d2i(cert,
				NID_crl_distribution_points, NULL, NULL);
	bool found = false;
	int i, k;

	for (i = 0; i < sk_DIST_POINT_num(points); i++) {
		const GENERAL_NAMES *names =
			sk_DIST_POINT_value(points, i)->CRLissuer;

		for (k = 0; k < sk_GENERAL_NAME_num(names); k++) {
			const GENERAL_NAME *n = sk_GENERAL_NAME_value(names,
								      k);

			if (n->type == GEN_DIRNAME &&
			    !X509_NAME_cmp(n->d.directoryName, issuer))
				found = true;
		}
	}
	CRL_DIST_POINTS_free(points);
	return found;
}

/* Whether this certificate signed the list, may do so, and stands under our
 * roots now, or did when it was last valid. */
static bool is_lister(struct tmk_judging *j, X509_CRL *crl, X509 *cert)
{
	struct tmk_chain_answer answer = { TMK_CHAIN_GOOD, "", NULL };
	struct tmk_chain_request request = {
		.trust = j->request->trust, .leaf = cert,
		.untrusted = j->request->untrusted, .at = j->request->now,
		.now = j->request->now, .revocation = TMK_REVOCATION_OFF,
		.any_leaf = true, .min_rsa = 2048,
		.any_strength = j->request->any_strength
	};
	int64_t from, to;
	bool good;

	if (X509_NAME_cmp(X509_get_subject_name(cert),
			  X509_CRL_get_issuer(crl)) ||
	    !(X509_get_key_usage(cert) & KU_CRL_SIGN) ||
	    tmk_cert_validity(&from, &to, cert, NULL) ||
	    X509_CRL_verify(crl, X509_get0_pubkey(cert)) != 1)
		return false;
	if (request.at > to)
		request.at = to;
	if (tmk_chain_judge(&answer, &request, j->err)) {
		j->failed = true;
		return true;
	}
	good = answer.result == TMK_CHAIN_GOOD;
	tmk_chain_answer_release(&answer);
	return good;
}

static bool has_lister(struct tmk_judging *j, X509_CRL *crl,
		       const STACK_OF(X509) *among)
{
	int i;

	for (i = 0; i < sk_X509_num(among); i++)
		if (is_lister(j, crl, sk_X509_value(among, i)))
			return true;
	return false;
}

/* Where the issuer has a list of its own, OpenSSL does not ask the one whom
 * the certificate names; what that one lists counts as well. */
static int indirect_pass(struct tmk_judging *j, X509_STORE_CTX *ctx)
{
	const struct tmk_trust *trust = j->request->trust;
	X509 *cert = X509_STORE_CTX_get_current_cert(ctx);
	X509_REVOKED *entry = NULL;
	int i;

	for (i = 0; cert && i < sk_X509_CRL_num(trust->crls); i++) {
		X509_CRL *crl = sk_X509_CRL_value(trust->crls, i);
		const X509_NAME *issuer = X509_CRL_get_issuer(crl);

		if (!X509_NAME_cmp(issuer, X509_get_issuer_name(cert)) ||
		    X509_CRL_get0_by_cert(crl, &entry, cert) != 1 ||
		    tmk_crl_entry_holds(entry) ||
		    !names_lister(cert, issuer) ||
		    (!j->request->any_strength && !tmk_strength_crl_ok(crl)))
			continue;
		if (!has_lister(j, crl, j->request->untrusted) &&
		    !has_lister(j, crl, trust->intermediates) &&
		    !has_lister(j, crl, trust->roots))
			continue;
		if (!j->failed && refuse_entry(j, ctx, entry))
			continue;
		X509_STORE_CTX_set_error(ctx, X509_V_ERR_CERT_REVOKED);
		return 0;
	}
	return 1;
}

/*
 * OpenSSL asks one CRL: a current one before a stale one, however much older
 * it is, and none at all whose identifiers or scope do not fit; and an issuer
 * may leave out what has expired (RFC 5280 3.3). Yet a revocation stays: what
 * any other CRL by the same key lists counts too.
 */
static int others_pass(struct tmk_judging *j, X509_STORE_CTX *ctx,
		       const X509_CRL *asked)
{
	const STACK_OF(X509_CRL) *crls = j->request->trust->crls;
	X509 *cert = X509_STORE_CTX_get_current_cert(ctx);
	EVP_PKEY *key = key_under(ctx);
	X509_REVOKED *entry = NULL;
	int i;

	for (i = 0; cert && key && i < sk_X509_CRL_num(crls); i++) {
		X509_CRL *other = sk_X509_CRL_value(crls, i);

		if (other == asked || !lists(other, asked, cert, &entry) ||
		    (!j->request->any_strength &&
		     !tmk_strength_crl_ok(other)) ||
		    X509_CRL_verify(other, key) != 1 ||
		    refuse_entry(j, ctx, entry))
			continue;
		X509_STORE_CTX_set_error(ctx, X509_V_ERR_CERT_REVOKED);
		return 0;
	}
	return indirect_pass(j, ctx);
}

/* Whether an OCSP response stands in for the CRL that the certificate at hand
 * lacks; else why not, "" when there is none. The issuers of indirect CRLs
 * (below another context) have none. */
static bool has_staple(const struct tmk_judging *j, X509_STORE_CTX *ctx,
		       const char **why)
{
	int depth = X509_STORE_CTX_get_error_depth(ctx);

	*why = "";
	if (X509_STORE_CTX_get0_parent_ctx(ctx) || depth < 0 ||
	    depth >= TMK_OCSP_CHAIN_MAX)
		return false;
	*why = j->ocsp.why[depth];
	return j->ocsp.status[depth] == TMK_OCSP_GOOD;
}

int tmk_judging_crl_problem(struct tmk_judging *j, X509_STORE_CTX *ctx,
			    int code)
{
	X509 *cert = X509_STORE_CTX_get_current_cert(ctx);
	const char *why = "";
	char name[NAME_TEXT];

	if (is_anchor(ctx) && is_absence(code))
		return 1;
	if (is_root(ctx) && !is_own_issuer(ctx))
		return 1;
	if (code == X509_V_ERR_CRL_PATH_VALIDATION_ERROR && is_circle(ctx))
		return 1;
	if (!is_absence(code))
		return tmk_judging_refuse(j, TMK_CHAIN_REVOCATION_UNKNOWN,
					  "the CRL for %s: %s",
					  cert ? tmk_cert_subject(name,
						sizeof(name), cert) : "?",
					  X509_verify_cert_error_string(code));
	if (code == X509_V_ERR_UNABLE_TO_GET_CRL &&
	    !others_pass(j, ctx, X509_STORE_CTX_get0_current_crl(ctx)))
		return 0;
	/* Go on: a stale CRL may still tell that it is revoked. */
	if (has_staple(j, ctx, &why))
		return 1;
	if (!j->unknown)
		snprintf(j->unknown_text, sizeof(j->unknown_text),
			 "no current CRL for %s (%s%s%s)",
			 cert ? tmk_cert_subject(name, sizeof(name), cert) :
			 "?", X509_verify_cert_error_string(code),
			 *why ? "; its OCSP response " : "", why);
	j->unknown = true;
	return 1;
}

int tmk_judging_entry(X509_STORE_CTX *ctx, X509_CRL *crl, X509 *cert)
{
	struct tmk_judging *j = tmk_judging_of(ctx);
	int rc;

	j->crl = crl;
	rc = j->request->trust->cert_crl(ctx, crl, cert);
	return rc && others_pass(j, ctx, crl) ? rc : 0;
}

int tmk_judging_revoked(struct tmk_judging *j, X509_STORE_CTX *ctx)
{
	X509 *cert = X509_STORE_CTX_get_current_cert(ctx);
	X509_REVOKED *entry = NULL;

	if (j->crl && cert)
		(void)X509_CRL_get0_by_cert(j->crl, &entry, cert);
	return refuse_entry(j, ctx, entry);
}
