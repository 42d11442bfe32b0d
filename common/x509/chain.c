#include "x509/chain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "x509/cert.h"
#include "x509/chain_memo.h"
#include "x509/fast.h"
#include "x509/judging.h"
#include "x509/strength.h"
#include "x509/trust.h"

#define NAME_TEXT 200
#define LEAF_MIN_RSA 3072
#define CA_MIN_RSA 2048
#define ANY_POLICY "2.5.29.32.0"

int tmk_judging_refuse(struct tmk_judging *j, enum tmk_chain_result result,
		       const char *fmt, ...)
{
	va_list ap;

	if (j->result != TMK_CHAIN_GOOD)
		return 0;
	j->result = result;
	va_start(ap, fmt);
	vsnprintf(j->text, sizeof(j->text), fmt, ap);
	va_end(ap);
	return 0;
}

struct tmk_judging *tmk_judging_of(X509_STORE_CTX *ctx)
{
	while (X509_STORE_CTX_get0_parent_ctx(ctx))
		ctx = X509_STORE_CTX_get0_parent_ctx(ctx);
	return X509_STORE_CTX_get_app_data(ctx);
}

/* The certificate at `depth`: its key, and the digest under it unless it is
 * the root, whose own signature nobody relies on. */
static bool is_strong(struct tmk_judging *j, X509 *cert, int depth, bool root,
		      bool tell)
{
	const struct tmk_chain_request *request = j->request;
	unsigned int leaf_min = request->min_rsa ? request->min_rsa :
		LEAF_MIN_RSA;
	unsigned int ca_min = request->ca_min_rsa ? request->ca_min_rsa :
		CA_MIN_RSA;
	char name[NAME_TEXT], why[120];

	if (!tmk_cert_key_ok(cert, depth ? ca_min : leaf_min, why,
			     sizeof(why))) {
		if (tell)
			tmk_judging_refuse(j, TMK_CHAIN_KEY_WEAK,
					   "%s has %s", tmk_cert_subject(name,
					   sizeof(name), cert), why);
		return false;
	}
	if (!root && !tmk_strength_cert_ok(cert)) {
		if (tell)
			tmk_judging_refuse(j, TMK_CHAIN_DIGEST_WEAK,
					   "%s is signed with %s",
					   tmk_cert_subject(name, sizeof(name),
							    cert),
					   OBJ_nid2sn(X509_get_signature_nid(
						      cert)));
		return false;
	}
	return true;
}

bool tmk_judging_strong(struct tmk_judging *j, STACK_OF(X509) *chain,
			bool tell)
{
	int i, n = sk_X509_num(chain);

	if (j->request->any_strength)
		return true;
	for (i = 0; i < n; i++)
		if (!is_strong(j, sk_X509_value(chain, i), i, i == n - 1,
			       tell))
			return false;
	return true;
}

/* What OpenSSL says but we do not: a CA without keyUsage may do what a CA
 * does (RFC 5280 6.1.4 (n)); key identifiers and the critical bit are asked of
 * those who issue, not of those who verify; notAfter itself is still inside
 * (4.1.2.5). */
static bool is_passed(const struct tmk_judging *j, X509_STORE_CTX *ctx,
		      X509 *cert, int code)
{
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
	int64_t from, to;

	switch (code) {
	case X509_V_ERR_CA_CERT_MISSING_KEY_USAGE:
		return true;
	case X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER:
	case X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER:
	case X509_V_ERR_CA_BCONS_NOT_CRITICAL:
		return !j->request->strict;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return cert && !tmk_cert_validity(&from, &to, cert, NULL) &&
			to == (int64_t)X509_VERIFY_PARAM_get_time(param);
	default:
		return false;
	}
}

static enum tmk_chain_result result_of(int code)
{
	switch (code) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return TMK_CHAIN_EXPIRED;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return TMK_CHAIN_NOT_YET_VALID;
	case X509_V_ERR_INVALID_CA:
	case X509_V_ERR_INVALID_PURPOSE:
	case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
		return TMK_CHAIN_USAGE;
	case X509_V_ERR_EC_KEY_EXPLICIT_PARAMS:
	case X509_V_ERR_EE_KEY_TOO_SMALL:
	case X509_V_ERR_CA_KEY_TOO_SMALL:
		return TMK_CHAIN_KEY_WEAK;
	case X509_V_ERR_CA_MD_TOO_WEAK:
		return TMK_CHAIN_DIGEST_WEAK;
	default:
		return TMK_CHAIN_NOT_TRUSTED;
	}
}

/* Say which certificate, what OpenSSL found, and for times which ones. */
static int refuse_code(struct tmk_judging *j, X509 *cert, int code)
{
	char name[NAME_TEXT], at[TMK_CLOCK_TEXT], end[TMK_CLOCK_TEXT];
	enum tmk_chain_result result = result_of(code);
	int64_t from, to;

	if (!cert)
		cert = j->request->leaf;
	tmk_cert_subject(name, sizeof(name), cert);
	tmk_clock_format(at, j->request->at);
	if ((result == TMK_CHAIN_EXPIRED ||
	     result == TMK_CHAIN_NOT_YET_VALID) &&
	    !tmk_cert_validity(&from, &to, cert, NULL))
		return tmk_judging_refuse(j, result,
					  "%s is valid %s %s, judged at %s",
					  name, result == TMK_CHAIN_EXPIRED ?
					  "until" : "from",
					  tmk_clock_format(end, result ==
						TMK_CHAIN_EXPIRED ? to : from),
					  at);
	return tmk_judging_refuse(j, result, "%s: %s", name,
				  X509_verify_cert_error_string(code));
}

static int on_verify(int ok, X509_STORE_CTX *ctx)
{
	struct tmk_judging *j = tmk_judging_of(ctx);
	X509 *cert = X509_STORE_CTX_get_current_cert(ctx);
	int code = X509_STORE_CTX_get_error(ctx);
	int go = 0;

	if (ok)
		return 1;
	if (is_passed(j, ctx, cert, code))
		go = 1;
	else if (code == X509_V_ERR_CERT_REVOKED)
		go = tmk_judging_revoked(j, ctx);
	else if (tmk_judging_is_crl_problem(code))
		go = tmk_judging_crl_problem(j, ctx, code);
	else if (!X509_STORE_CTX_get0_parent_ctx(ctx))
		go = refuse_code(j, cert, code);
	if (go)
		X509_STORE_CTX_set_error(ctx, X509_V_OK);
	return go;
}

static unsigned long flags_of(const struct tmk_chain_request *request)
{
	/* Roots are exactly what the administrator named, self-signed or
	 * not. */
	unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN |
		X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_X509_STRICT |
		X509_V_FLAG_POLICY_CHECK;

	if (request->revocation != TMK_REVOCATION_OFF)
		flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL |
			X509_V_FLAG_EXTENDED_CRL_SUPPORT |
			X509_V_FLAG_USE_DELTAS;
	if (request->policies || request->explicit_policy)
		flags |= X509_V_FLAG_EXPLICIT_POLICY;
	if (request->inhibit_mapping)
		flags |= X509_V_FLAG_INHIBIT_MAP;
	if (request->inhibit_any)
		flags |= X509_V_FLAG_INHIBIT_ANY;
	return flags;
}

static int add_policy(X509_VERIFY_PARAM *param, const char *oid,
		      struct tmk_err *err)
{
	ASN1_OBJECT *policy = OBJ_txt2obj(oid, 1);

	if (!policy)
		return tmk_err_set(err, TMK_INTERNAL,
				   "\"%s\" is no policy OID", oid);
	if (X509_VERIFY_PARAM_add0_policy(param, policy) != 1) {
		ASN1_OBJECT_free(policy);
		return tmk_err_nomem(err);
	}
	return 0;
}

static int prepare(X509_STORE_CTX *ctx, const struct tmk_chain_request *r,
		   struct tmk_err *err)
{
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
	int i;

	X509_VERIFY_PARAM_set_time(param, (time_t)r->at);
	X509_VERIFY_PARAM_set_depth(param, TMK_CHAIN_DEPTH);
	if (X509_VERIFY_PARAM_set_flags(param, flags_of(r)) != 1)
		return tmk_err_set(err, TMK_INTERNAL,
				   "OpenSSL refuses the flags we need");
	/* Without a set of policies OpenSSL would accept any outcome. */
	if (!r->policies && add_policy(param, ANY_POLICY, err))
		return -1;
	for (i = 0; i < r->policies && i < TMK_CHAIN_POLICIES_MAX; i++)
		if (add_policy(param, r->policy[i], err))
			return -1;
	X509_STORE_CTX_set0_crls(ctx, r->trust->crls);
	X509_STORE_CTX_set_verify_cb(ctx, on_verify);
	return 0;
}

/* Append what may stand between leaf and root. A self-signed one never may:
 * it would only lead OpenSSL into a dead end. */
static bool add_middle(STACK_OF(X509) *all, const STACK_OF(X509) *from)
{
	X509 *cert;
	int i;

	for (i = 0; i < sk_X509_num(from); i++) {
		cert = sk_X509_value(from, i);
		if (X509_self_signed(cert, 0) != 1 &&
		    !sk_X509_push(all, cert))
			return false;
	}
	return true;
}

/* What came with the signature and what the administrator added; the
 * certificates are borrowed. NULL when memory ends. */
static STACK_OF(X509) *gather(const struct tmk_chain_request *request)
{
	STACK_OF(X509) *all = sk_X509_new_null();

	if (all && add_middle(all, request->untrusted) &&
	    add_middle(all, request->trust->intermediates))
		return all;
	sk_X509_free(all);
	return NULL;
}

/* What can be said before a path is looked for. */
static bool may_start(struct tmk_judging *j)
{
	const struct tmk_chain_request *request = j->request;

	if (sk_X509_num(request->untrusted) > TMK_CHAIN_UNTRUSTED_MAX) {
		tmk_judging_refuse(j, TMK_CHAIN_NOT_TRUSTED,
				   "more than %d certificates came along",
				   TMK_CHAIN_UNTRUSTED_MAX);
		return false;
	}
	/* The leaf's own key is judged before any arithmetic with it; its
	 * signature's digest with the chain, once it is known not to be a
	 * root. */
	return request->any_strength ||
		is_strong(j, request->leaf, 0, true, true);
}

static int run(struct tmk_judging *j, STACK_OF(X509) **chain,
	       struct tmk_err *err)
{
	const struct tmk_chain_request *request = j->request;
	STACK_OF(X509) *untrusted = gather(request);
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int code, good, rc = -1;

	if (!untrusted || !ctx ||
	    X509_STORE_CTX_init(ctx, request->trust->store, request->leaf,
				untrusted) != 1) {
		tmk_err_nomem(err);
		goto out;
	}
	X509_STORE_CTX_set_app_data(ctx, j);
	if (prepare(ctx, request, err))
		goto out;
	good = X509_verify_cert(ctx);
	code = X509_STORE_CTX_get_error(ctx);
	if (good < 0 && code == X509_V_ERR_OUT_OF_MEM) {
		tmk_err_nomem(err);
		goto out;
	}
	if (good != 1 && j->result == TMK_CHAIN_GOOD)
		refuse_code(j, X509_STORE_CTX_get_current_cert(ctx), code ?
			    code : X509_V_ERR_UNSPECIFIED);
	if (j->built)
		*chain = X509_STORE_CTX_get1_chain(ctx);
	rc = 0;
out:
	X509_STORE_CTX_free(ctx);
	sk_X509_free(untrusted);
	return rc;
}

static int judge(struct tmk_chain_answer *answer,
		 const struct tmk_chain_request *request, struct tmk_err *err)
{
	struct tmk_judging j = { .request = request, .err = err };
	STACK_OF(X509) *chain = NULL;
	int rc = 0;

	if (tmk_usage_init(&j.usage, request, err))
		return -1;
	ERR_set_mark();
	if (may_start(&j))
		rc = run(&j, &chain, err);
	ERR_pop_to_mark();
	tmk_usage_release(&j.usage);
	if (rc || j.failed) {
		sk_X509_pop_free(chain, X509_free);
		return -1;
	}
	if (j.result == TMK_CHAIN_GOOD && j.unknown &&
	    request->revocation != TMK_REVOCATION_CHECK)
		tmk_judging_refuse(&j, TMK_CHAIN_REVOCATION_UNKNOWN, "%s",
				   j.unknown_text);
	answer->result = j.result;
	snprintf(answer->text, sizeof(answer->text), "%s", j.text);
	answer->chain = chain; /* transferred */
	return 0;
}

int tmk_chain_judge(struct tmk_chain_answer *answer,
		    const struct tmk_chain_request *request,
		    struct tmk_err *err)
{
	bool fast = tmk_fast();

	if (fast && tmk_chain_memo_find(answer, request))
		return 0;
	if (judge(answer, request, err))
		return -1;
	if (fast)
		tmk_chain_memo_keep(request, answer);
	return 0;
}

void tmk_chain_answer_release(struct tmk_chain_answer *answer)
{
	sk_X509_pop_free(answer->chain, X509_free);
	answer->chain = NULL;
}
