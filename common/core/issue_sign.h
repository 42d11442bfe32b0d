/*
 * issue_sign.h - putting a token's signature on something that OpenSSL holds.
 *
 * The part of issue.h that requests, certificates and CRLs share. Fails with
 * TMK_KEY when the signer fails or its answer has a wrong form, TMK_INTERNAL
 * for the rest. Owns nothing.
 */
#ifndef TMK_CORE_ISSUE_SIGN_H
#define TMK_CORE_ISSUE_SIGN_H

#include <openssl/bio.h>
#include <openssl/x509.h>

#include "base/buf.h"
#include "base/err.h"
#include "iface/signer.h"

/* Set the algorithm of the key (RFC 4055 section 5, RFC 5758 section 3.2):
 * RSA and P-256 with SHA-256, P-384 with SHA-384, P-521 with SHA-512. */
int tmk_issue_sign_algorithm(X509_ALGOR *alg, const struct tmk_signer *signer,
			     struct tmk_err *err) TMK_MUST_CHECK;

/* Sign `len` bytes of DER (a TBSCertificate or its kin) and set the result,
 * ECDSA as Ecdsa-Sig-Value (RFC 3279 section 2.2.3), in `bits`. */
int tmk_issue_sign_bytes(ASN1_BIT_STRING *bits, struct tmk_signer *signer,
			 const uint8_t *der, size_t len, struct tmk_err *err)
	TMK_MUST_CHECK;

/* The signer's public key; belongs to the caller. */
EVP_PKEY *tmk_issue_sign_public(const struct tmk_buf *spki,
				struct tmk_err *err);

/* OpenSSL's reason for the last failure, as TMK_INTERNAL, its queue emptied.
 * Returns -1 always. */
int tmk_issue_sign_fault(const char *what, struct tmk_err *err);

/* The signature does not verify: TMK_KEY with its hint. Returns -1 always. */
int tmk_issue_sign_wrong(struct tmk_err *err);

/* Append what a memory BIO holds to `out`. */
int tmk_issue_sign_drain(struct tmk_buf *out, BIO *bio, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
