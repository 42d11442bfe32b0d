/* A revoked certificate is found out before it signs, not after. */
#include "core/sign.h"

#include <openssl/err.h>

#include "core/policy.h"
#include "x509/cert.h"
#include "x509/crl.h"

#define NAME_TEXT 200

/* The entry of `leaf` in the CRLs of its issuer; NULL when there is none. One
 * that only takes a hold back (removeFromCRL) is none. */
static X509_REVOKED *find_entry(STACK_OF(X509_CRL) *crls, X509 *leaf)
{
	X509_REVOKED *entry = NULL;
	int i;

	for (i = 0; i < sk_X509_CRL_num(crls); i++) {
		X509_CRL *crl = sk_X509_CRL_value(crls, i);

		if (!X509_NAME_cmp(X509_CRL_get_issuer(crl),
				   X509_get_issuer_name(leaf)) &&
		    X509_CRL_get0_by_cert(crl, &entry, leaf) == 1)
			return entry;
	}
	return NULL;
}

static int refuse(X509 *leaf, const X509_REVOKED *entry, int64_t now,
		  struct tmk_err *err)
{
	char name[NAME_TEXT], why[160] = "";

	(void)tmk_crl_entry_falls(entry, now, false, false, why,
				  sizeof(why));
	tmk_err_set(err, TMK_KEY, "the certificate %s is revoked: %s",
		    tmk_cert_subject(name, sizeof(name), leaf), why);
	tmk_err_hint(err, "have another one issued: touchmark key csr NAME "
		     "-o FILE.csr, then touchmark key import-cert NAME "
		     "FILE.pem");
	return 1;
}

int tmk_sign_cert_revoked(X509 *leaf, const char *path, int64_t now,
			  struct tmk_err *err)
{
	STACK_OF(X509_CRL) *crls = NULL;
	struct tmk_policy *policy = NULL;
	X509_REVOKED *entry;
	int i, rc = -1, unread = 0;

	if (tmk_policy_read(&policy, path, err))
		return -1;
	ERR_set_mark();
	crls = sk_X509_CRL_new_null();
	if (!crls) {
		tmk_err_nomem(err);
		goto out;
	}
	/* A list that cannot be read does not take back what another says. */
	for (i = 0; i < policy->crls; i++)
		unread |= tmk_crl_load_path(crls, policy->crl[i], err);
	entry = find_entry(crls, leaf);
	rc = entry ? refuse(leaf, entry, now, err) : unread ? -1 : 0;
out:
	ERR_pop_to_mark();
	sk_X509_CRL_pop_free(crls, X509_CRL_free);
	tmk_policy_free(policy);
	return rc;
}
