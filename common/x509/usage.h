/*
 * usage.h - what certificates may be used for: basicConstraints, keyUsage and
 * extendedKeyUsage over a whole chain. Internal to x509/.
 *
 * Our own rule, since OpenSSL 3.0 has no purpose for signing code. Knows
 * nothing of time, trust or signatures. Answers with a line of why.
 */
#ifndef TMK_X509_USAGE_H
#define TMK_X509_USAGE_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/x509.h>

#include "x509/chain.h"

/* The purposes of a request as OpenSSL objects, resolved once. */
struct tmk_usage {
	ASN1_OBJECT *eku[TMK_EKU_MAX];
	int ekus;
};

/* Resolve request->eku. Fails with TMK_INTERNAL for an unknown name. */
int tmk_usage_init(struct tmk_usage *usage,
		   const struct tmk_chain_request *request,
		   struct tmk_err *err) TMK_MUST_CHECK;
/* Free what tmk_usage_init resolved; harmless twice. */
void tmk_usage_release(struct tmk_usage *usage);

/*
 * Judge a chain, leaf first. The leaf: no CA, keyUsage (if present) with
 * digitalSignature or nonRepudiation, extendedKeyUsage present and naming one
 * of the purposes. Every other one: a CA that may sign certificates, whose
 * extendedKeyUsage, if present, must still permit one of the purposes that
 * the leaf has (anyExtendedKeyUsage permits all). Returns true,
 * or false with the reason in `why` (size bytes).
 */
bool tmk_usage_chain_ok(const struct tmk_usage *usage,
			const struct tmk_chain_request *request,
			STACK_OF(X509) *chain, char *why, size_t size);

/* Whether a certificate is for timestamps and nothing else: extendedKeyUsage
 * critical and id-kp-timeStamping alone (RFC 3161 2.3), keyUsage as above, no
 * CA. */
bool tmk_usage_tsa_ok(X509 *cert, char *why, size_t size);

#endif
