#include "x509/trust.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <openssl/err.h>

#include "x509/cert.h"
#include "x509/crl.h"
#include "x509/judging.h"

/* OpenSSL's own steps are static functions: a context of a store without hooks
 * tells where they are. */
static int find_defaults(struct tmk_trust *trust)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int rc = -1;

	if (ctx && X509_STORE_CTX_init(ctx, trust->store, NULL, NULL) == 1) {
		trust->check_revocation =
			X509_STORE_CTX_get_check_revocation(ctx);
		trust->check_crl = X509_STORE_CTX_get_check_crl(ctx);
		trust->cert_crl = X509_STORE_CTX_get_cert_crl(ctx);
		if (trust->check_revocation && trust->check_crl &&
		    trust->cert_crl)
			rc = 0;
	}
	X509_STORE_CTX_free(ctx);
	return rc;
}

/* What was found out about an earlier state says nothing of this one. */
static void changed(struct tmk_trust *trust)
{
	static atomic_uint_fast64_t last;

	trust->id = (uint64_t)atomic_fetch_add(&last, 1) + 1;
}

int tmk_trust_new(struct tmk_trust **out, struct tmk_err *err)
{
	struct tmk_trust *trust = calloc(1, sizeof(*trust));

	if (!trust)
		return tmk_err_nomem(err);
	trust->store = X509_STORE_new();
	trust->roots = sk_X509_new_null();
	trust->intermediates = sk_X509_new_null();
	trust->crls = sk_X509_CRL_new_null();
	if (!trust->store || !trust->roots || !trust->intermediates ||
	    !trust->crls) {
		tmk_trust_free(trust);
		return tmk_err_nomem(err);
	}
	if (find_defaults(trust)) {
		tmk_trust_free(trust);
		return tmk_err_set(err, TMK_INTERNAL,
				   "OpenSSL cannot start a path validation");
	}
	X509_STORE_set_check_revocation(trust->store, tmk_judging_revocation);
	X509_STORE_set_check_crl(trust->store, tmk_judging_crl);
	X509_STORE_set_cert_crl(trust->store, tmk_judging_entry);
	changed(trust);
	*out = trust;
	return 0;
}

void tmk_trust_free(struct tmk_trust *trust)
{
	if (!trust)
		return;
	X509_STORE_free(trust->store);
	sk_X509_pop_free(trust->roots, X509_free);
	sk_X509_pop_free(trust->intermediates, X509_free);
	sk_X509_CRL_pop_free(trust->crls, X509_CRL_free);
	free(trust);
}

/* Move every certificate of `from` to `to`; what could not be moved stays. */
static int move_all(STACK_OF(X509) *to, STACK_OF(X509) *from,
		    struct tmk_err *err)
{
	X509 *cert;

	while (sk_X509_num(from) > 0) {
		cert = sk_X509_value(from, 0);
		if (!sk_X509_push(to, cert))
			return tmk_err_nomem(err);
		sk_X509_shift(from); /* transferred */
	}
	return 0;
}

int tmk_trust_add_roots(struct tmk_trust *trust, const char *path,
			struct tmk_err *err)
{
	STACK_OF(X509) *certs = NULL;
	int i, rc = -1;

	changed(trust);
	if (tmk_cert_load_file(&certs, path, err))
		return -1;
	for (i = 0; i < sk_X509_num(certs); i++) {
		if (X509_STORE_add_cert(trust->store,
					sk_X509_value(certs, i)) != 1) {
			tmk_err_set(err, TMK_INTERNAL,
				    "OpenSSL cannot take a root of %s", path);
			goto out;
		}
	}
	rc = move_all(trust->roots, certs, err);
out:
	sk_X509_pop_free(certs, X509_free);
	return rc;
}

int tmk_trust_add_intermediates(struct tmk_trust *trust, const char *path,
				struct tmk_err *err)
{
	STACK_OF(X509) *certs = NULL;
	int rc;

	changed(trust);
	if (tmk_cert_load_file(&certs, path, err))
		return -1;
	rc = move_all(trust->intermediates, certs, err);
	sk_X509_pop_free(certs, X509_free);
	return rc;
}

int tmk_trust_add_crls(struct tmk_trust *trust, const char *path,
		       struct tmk_err *err)
{
	changed(trust);
	return tmk_crl_load_path(trust->crls, path, err);
}

STACK_OF(X509) *tmk_trust_roots(const struct tmk_trust *trust)
{
	return trust->roots;
}
