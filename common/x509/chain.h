/*
 * chain.h - is this certificate good for this use at that time?
 *
 * OpenSSL builds the path and checks RFC 5280; on top stand our own rules:
 * key usage and extended key usage over the whole chain, key and digest
 * strength, and revocation judged at the trusted time by the entry's reason
 * (the table in touchmark-policy(5)). The answer is one reason. Pure: no file
 * or network access, no clock; both times are given.
 */
#ifndef TMK_X509_CHAIN_H
#define TMK_X509_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "base/err.h"

enum tmk_revocation {
	TMK_REVOCATION_REQUIRE = 1,	/* a current CRL for every CA */
	TMK_REVOCATION_CHECK,	/* none passes, a stale one still revokes */
	TMK_REVOCATION_OFF
};

/* Why a chain was refused; core/judge turns these into reason ids. */
enum tmk_chain_result {
	TMK_CHAIN_GOOD = 0,
	TMK_CHAIN_NOT_TRUSTED,	/* TMK_CHAIN_UNTRUSTED is a reason id */
	TMK_CHAIN_EXPIRED,
	TMK_CHAIN_NOT_YET_VALID,
	TMK_CHAIN_REVOKED,
	TMK_CHAIN_REVOCATION_UNKNOWN,
	TMK_CHAIN_USAGE,
	TMK_CHAIN_KEY_WEAK,
	TMK_CHAIN_DIGEST_WEAK
};

/* Roots, further intermediates and CRLs, loaded once and shared. */
struct tmk_trust;

/* An empty trust, which trusts nothing. *out belongs to the caller. */
int tmk_trust_new(struct tmk_trust **out, struct tmk_err *err) TMK_MUST_CHECK;
void tmk_trust_free(struct tmk_trust *trust);

/* Add every certificate of a PEM or DER file as a root / an intermediate.
 * Fails with TMK_INPUT. */
int tmk_trust_add_roots(struct tmk_trust *trust, const char *path,
			struct tmk_err *err) TMK_MUST_CHECK;
int tmk_trust_add_intermediates(struct tmk_trust *trust, const char *path,
				struct tmk_err *err) TMK_MUST_CHECK;
/* Add a CRL file (PEM, any number, or DER), or every file of a directory.
 * Fails with TMK_INPUT: a CRL that cannot be read is never passed over. */
int tmk_trust_add_crls(struct tmk_trust *trust, const char *path,
		       struct tmk_err *err) TMK_MUST_CHECK;
/* The roots, borrowed. */
STACK_OF(X509) *tmk_trust_roots(const struct tmk_trust *trust);

#define TMK_EKU_MAX 8
#define TMK_CHAIN_POLICIES_MAX 16
#define TMK_CHAIN_DEPTH 8	/* certificates between leaf and root */

struct tmk_chain_request {
	const struct tmk_trust *trust;
	X509 *leaf;
	STACK_OF(X509) *untrusted;	/* embedded certificates; or NULL */
	int64_t at;		/* the trusted time */
	int64_t now;		/* the verifier's clock: CRL freshness */
	bool stamped;		/* `at` is proved by a timestamp token */
	enum tmk_revocation revocation;
	/* Stand before the invalidityDate of a CRL entry that has one, even
	 * when it says that the key was lost (RFC 5280 5.3.2). */
	bool honour_invalidity;
	/* OCSP responses that came with the signature (BasicOCSPResponse, DER,
	 * RFC 6960 4.2.1): where a CRL is missing they may stand in for it
	 * (ocsp.h), so the answer depends on them too. */
	const uint8_t *const *ocsp;
	const size_t *ocsp_len;
	int ocsps;
	/* OIDs (dotted or OpenSSL short names) of which the leaf needs one in
	 * its EKU; only the named usage counts, not anyExtendedKeyUsage. None:
	 * any purpose. */
	const char *eku[TMK_EKU_MAX];
	int ekus;
	bool eku_critical_alone;	/* TSA: critical and sole (RFC 3161 2.3) */
	bool any_leaf;		/* a CA may stand as leaf, KU not asked */
	unsigned int min_rsa;	/* bits, of the leaf; 0: 3072 */
	/* User-initial-policy-set (dotted OIDs); none: anyPolicy. When given,
	 * an explicit policy is required (RFC 5280 6.1.1). */
	const char *policy[TMK_CHAIN_POLICIES_MAX];
	int policies;
	/* The other inputs of RFC 5280 6.1.1 (e), (f), (g). */
	bool explicit_policy, inhibit_mapping, inhibit_any;
	unsigned int ca_min_rsa;	/* bits, of CA keys; 0: 2048 */
	/* Also ask what RFC 5280 demands of issuers but not of verifiers:
	 * key identifiers, critical basicConstraints, keyUsage in every CA. */
	bool strict;
	/* Any key and any digest: for conformance data older than our rules;
	 * never set by a program that is installed. */
	bool any_strength;
};

#define TMK_CHAIN_UNTRUSTED_MAX 64	/* embedded certificates looked at */

struct tmk_chain_answer {
	enum tmk_chain_result result;
	char text[400];		/* why, one escaped line; "" when good */
	STACK_OF(X509) *chain;	/* leaf to root when one was built, or NULL */
};

/* Judge. Returns 0 with the answer (released by the caller with
 * tmk_chain_answer_release), or -1 (TMK_INTERNAL) when it could not judge. */
int tmk_chain_judge(struct tmk_chain_answer *answer,
		    const struct tmk_chain_request *request,
		    struct tmk_err *err) TMK_MUST_CHECK;
void tmk_chain_answer_release(struct tmk_chain_answer *answer);

#endif
