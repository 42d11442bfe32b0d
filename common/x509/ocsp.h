/*
 * ocsp.h - what OCSP responses that came with a signature say of its chain
 * (RFC 6960). Internal to x509/, but for the limits.
 *
 * The responses are the signer's to choose, so a response only ever stands in
 * for a revocation list that is not there, and only when it is new enough
 * (tmk_ocsp_chain). What cannot be read, is not about the chain or is signed by
 * nobody who may say so counts for nothing. No network, no clock; nothing is
 * kept.
 */
#ifndef TMK_X509_OCSP_H
#define TMK_X509_OCSP_H

#include <openssl/x509.h>

#include "base/err.h"
#include "x509/chain.h"

#define TMK_OCSP_MAX (64 * 1024)	/* bytes of one response */
#define TMK_OCSP_SINGLES_MAX 32		/* certificates one tells of */
#define TMK_OCSP_CERTS_MAX 8		/* certificates in one */
#define TMK_OCSP_SKEW 300	/* s that a responder's clock may be ahead */
#define TMK_OCSP_CHAIN_MAX (TMK_CHAIN_DEPTH + 2)

enum tmk_ocsp_status {
	TMK_OCSP_NONE = 0,	/* nothing is proved */
	TMK_OCSP_GOOD,		/* stands in for a current CRL */
	TMK_OCSP_REVOKED
};

struct tmk_ocsp_answer {
	enum tmk_ocsp_status status[TMK_OCSP_CHAIN_MAX];	/* by depth */
	char why[TMK_OCSP_CHAIN_MAX][160];	/* of NONE and REVOKED: a line,
				   or "" when no response is about it */
};

/*
 * What request->ocsp says of each certificate of the built chain but the last.
 * A response counts when
 * - its signature holds, with a digest that is strong enough, and the key is
 *   that of the certificate's issuer, or of a certificate in the response that
 *   this issuer issued for OCSPSigning, that stands in every rule for chains
 *   at producedAt, and that is not revoked or has id-pkix-ocsp-nocheck (RFC
 *   6960 4.2.2.2, 4.2.2.2.1);
 * - a CertID with SHA-1 or SHA-256 names that issuer and the serial number;
 * - version, times and extensions are as they should be.
 * Such a response makes REVOKED whenever it says so, however old. It makes
 * GOOD when now lies before its nextUpdate and the end of whoever signed it
 * (its times are that one's own word); or, where a timestamp proves the time of
 * the signature, when its thisUpdate is no earlier than that and within
 * the certificate's validity. One that says unknown undoes GOOD.
 * Returns 0 with *answer, negative (TMK_INTERNAL) when it could not judge.
 */
int tmk_ocsp_chain(struct tmk_ocsp_answer *answer,
		   const struct tmk_chain_request *request,
		   STACK_OF(X509) *chain, struct tmk_err *err) TMK_MUST_CHECK;

#endif
