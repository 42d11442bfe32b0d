/*
 * policy_lists.c - which authorities of a policy have no current revocation
 * list: under `revocation = require` nothing that they issued is let in.
 */
#include "plugins/policy_lists.h"

#include <openssl/x509v3.h>

#include "x509/cert.h"
#include "x509/crl.h"

#define NAME_TEXT 256

/* Whether a list of this name is current; *ends gets when the last one ends. */
static bool has_list(int64_t *ends, STACK_OF(X509_CRL) *crls, X509 *ca,
		     int64_t now)
{
	X509_NAME *name = X509_get_subject_name(ca);
	int i;

	*ends = TMK_TIME_NONE;
	for (i = 0; i < sk_X509_CRL_num(crls); i++) {
		X509_CRL *crl = sk_X509_CRL_value(crls, i);
		int64_t next = tmk_crl_time(X509_CRL_get0_nextUpdate(crl));

		if (X509_NAME_cmp(X509_CRL_get_issuer(crl), name))
			continue;
		if (next != TMK_TIME_NONE && next >= now)
			return true;
		if (*ends == TMK_TIME_NONE || next > *ends)
			*ends = next;
	}
	return false;
}

/* A root may also be a signer's own certificate, which issues nothing. */
static void ask_each(STACK_OF(X509) *certs, STACK_OF(X509_CRL) *crls,
		     int64_t now, tmk_policy_lists_fn *fn, void *ctx)
{
	char name[NAME_TEXT];
	int64_t ends;
	int i;

	for (i = 0; i < sk_X509_num(certs); i++) {
		X509 *ca = sk_X509_value(certs, i);

		if (X509_check_ca(ca) && !has_list(&ends, crls, ca, now))
			fn(ctx, tmk_cert_subject(name, sizeof(name), ca),
			   ends);
	}
}

int tmk_policy_lists_missing(const struct tmk_policy *policy, int64_t now,
			     tmk_policy_lists_fn *fn, void *ctx,
			     struct tmk_err *err)
{
	STACK_OF(X509_CRL) *crls = sk_X509_CRL_new_null();
	STACK_OF(X509) *more = NULL;
	int i, ret = -1;

	if (!crls) {
		tmk_err_nomem(err);
		goto out;
	}
	for (i = 0; i < policy->crls; i++)
		if (tmk_crl_load_path(crls, policy->crl[i], err) < 0)
			goto out;
	if (policy->intermediates &&
	    tmk_cert_load_file(&more, policy->intermediates, err) < 0)
		goto out;
	ask_each(tmk_trust_roots(policy->trust), crls, now, fn, ctx);
	ask_each(more, crls, now, fn, ctx);
	ret = 0;
out:
	sk_X509_CRL_pop_free(crls, X509_CRL_free);
	sk_X509_pop_free(more, X509_free);
	return ret;
}
