#include "plugins/crl_known.h"

#include "x509/cert.h"
#include "x509/chain.h"

#define CA_MIN_RSA 2048

/* Move the certificates of a file that the policy names. */
static int add_file(STACK_OF(X509) *known, struct tmk_crl_list *list,
		    const char *path, struct tmk_err *err)
{
	STACK_OF(X509) *certs = NULL;
	int rc = 0;
	X509 *cert;

	if (!path)
		return 0;
	if (tmk_cert_load_file(&certs, path, err)) {
		if (err->code == TMK_INPUT)
			err->code = TMK_USAGE;
		return -1;
	}
	while (!rc && (cert = sk_X509_shift(certs))) {
		rc = tmk_crl_list_add_cert(list, cert, err);
		if (rc || sk_X509_push(known, cert))
			continue;
		rc = tmk_err_nomem(err);
		X509_free(cert);
	}
	sk_X509_pop_free(certs, X509_free);
	return rc;
}

/* A trust of both kinds of roots: here it does not matter whom they are for. */
static int make_trust(struct tmk_trust **out, const struct tmk_policy *policy,
		      struct tmk_err *err)
{
	struct tmk_trust *trust = NULL;

	if (tmk_trust_new(&trust, err))
		return -1;
	if ((policy->roots &&
	     tmk_trust_add_roots(trust, policy->roots, err)) ||
	    (policy->tsa_roots &&
	     tmk_trust_add_roots(trust, policy->tsa_roots, err)) ||
	    (policy->intermediates &&
	     tmk_trust_add_intermediates(trust, policy->intermediates,
					 err))) {
		tmk_trust_free(trust);
		return -1;
	}
	*out = trust;
	return 0;
}

/* Whether the policy's roots vouch for it. 1, 0, or -1. */
static int is_vouched(X509 *cert, STACK_OF(X509) *others,
		      const struct tmk_trust *trust, int64_t now,
		      struct tmk_err *err)
{
	struct tmk_chain_answer answer = { TMK_CHAIN_GOOD, "", NULL };
	struct tmk_chain_request request = {
		.trust = trust, .leaf = cert, .untrusted = others, .at = now,
		.now = now, .revocation = TMK_REVOCATION_OFF,
		.any_leaf = true, .min_rsa = CA_MIN_RSA
	};
	int64_t from, to;
	int good;

	if (tmk_cert_validity(&from, &to, cert, NULL))
		return 0;
	if (to < now)
		request.at = to;
	if (tmk_chain_judge(&answer, &request, err))
		return -1;
	good = answer.result == TMK_CHAIN_GOOD;
	tmk_chain_answer_release(&answer);
	return good;
}

static int add_cert_file(STACK_OF(X509) *known, struct tmk_crl_list *list,
			 const struct tmk_trust *trust, const char *path,
			 int64_t now, struct tmk_err *err)
{
	STACK_OF(X509) *certs = NULL;
	int i, good, rc = 0;

	if (tmk_cert_load_file(&certs, path, err))
		return -1;
	for (i = 0; !rc && i < sk_X509_num(certs); i++) {
		X509 *cert = sk_X509_value(certs, i);

		rc = tmk_crl_list_add_cert(list, cert, err);
		if (rc)
			break;
		good = is_vouched(cert, certs, trust, now, err);
		if (good < 0)
			rc = -1;
		if (good <= 0)
			continue;
		if (!sk_X509_push(known, cert))
			rc = tmk_err_nomem(err);
		else
			X509_up_ref(cert);
	}
	sk_X509_pop_free(certs, X509_free);
	return rc;
}

int tmk_crl_known(STACK_OF(X509) *known, struct tmk_crl_list *list,
		  const struct tmk_policy *policy,
		  const struct tmk_opt_list *certs, int64_t now,
		  struct tmk_err *err)
{
	struct tmk_trust *trust = NULL;
	int i, rc;

	if (add_file(known, list, policy->roots, err) ||
	    add_file(known, list, policy->tsa_roots, err) ||
	    add_file(known, list, policy->intermediates, err))
		return -1;
	if (!certs->count)
		return 0;
	rc = make_trust(&trust, policy, err);
	for (i = 0; !rc && i < certs->count; i++)
		rc = add_cert_file(known, list, trust, certs->item[i], now,
				   err);
	tmk_trust_free(trust);
	return rc;
}
