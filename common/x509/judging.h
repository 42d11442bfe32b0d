/*
 * judging.h - one judgement of a chain in progress: what OpenSSL's callbacks
 * find out and tmk_chain_judge reads in the end. Internal to x509/.
 *
 * OpenSSL builds the path; between that and the signatures stand our own
 * rules (strength, usage), then revocation with the clock set to now, then
 * OpenSSL's signatures, times, names and policies at the trusted time.
 */
#ifndef TMK_X509_JUDGING_H
#define TMK_X509_JUDGING_H

#include <stdbool.h>

#include <openssl/x509_vfy.h>

#include "x509/chain.h"
#include "x509/ocsp.h"
#include "x509/usage.h"

struct tmk_judging {
	const struct tmk_chain_request *request;
	struct tmk_usage usage;
	X509_CRL *crl;		/* whose entries are looked at, borrowed */
	bool built;		/* the path reached a root */
	enum tmk_chain_result result;
	char text[400];
	bool unknown;		/* some status is missing or stale */
	char unknown_text[400];
	struct tmk_ocsp_answer ocsp;	/* by depth, once it is built */
	struct tmk_err *err;	/* of the caller */
	bool failed;		/* could not judge: err tells */
};

/* Keep the first refusal. Returns 0, as OpenSSL's callbacks do to stop. */
int tmk_judging_refuse(struct tmk_judging *j, enum tmk_chain_result result,
		       const char *fmt, ...) TMK_PRINTF(3, 4);

/* The judgement that a context, or the one it is below, belongs to. */
struct tmk_judging *tmk_judging_of(X509_STORE_CTX *ctx);

/* Whether every key and digest of the built chain is strong enough; else a
 * refusal in `j` when `tell` is set. */
bool tmk_judging_strong(struct tmk_judging *j, STACK_OF(X509) *chain,
			bool tell);

/* The store's hook for X509_STORE_set_check_revocation, called once the path
 * is built: our rules, then OpenSSL's own step with the clock at now. */
int tmk_judging_revocation(X509_STORE_CTX *ctx);

/* The hook for X509_STORE_set_check_crl: what OpenSSL does not ask of a CRL,
 * then its own step. */
int tmk_judging_crl(X509_STORE_CTX *ctx, X509_CRL *crl);

/* The hook for X509_STORE_set_cert_crl: whether a genuine CRL, or another one
 * by the same key, lists the certificate. */
int tmk_judging_entry(X509_STORE_CTX *ctx, X509_CRL *crl, X509 *cert);

/* Whether OpenSSL's error `code` is about a CRL. */
bool tmk_judging_is_crl_problem(int code);

/* Such a problem: kept when it is mere absence, else refused. Returns 1 to go
 * on, 0 to stop. */
int tmk_judging_crl_problem(struct tmk_judging *j, X509_STORE_CTX *ctx,
			    int code);

/* A genuine CRL in scope lists the certificate. Returns as above. */
int tmk_judging_revoked(struct tmk_judging *j, X509_STORE_CTX *ctx);

#endif
