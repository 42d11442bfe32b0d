/*
 * trust.h - what struct tmk_trust is made of. Internal to x509/.
 *
 * Built once, then only read: several threads may judge with one trust at the
 * same time. Everything in it belongs to it.
 */
#ifndef TMK_X509_TRUST_H
#define TMK_X509_TRUST_H

#include <stdint.h>

#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include "x509/chain.h"

struct tmk_trust {
	uint64_t id;		/* of this state, never used twice */
	X509_STORE *store;	/* the roots, and our three hooks */
	STACK_OF(X509) *roots;
	STACK_OF(X509) *intermediates;
	STACK_OF(X509_CRL) *crls;
	/* OpenSSL's own steps, which our hooks call in the end. */
	X509_STORE_CTX_check_revocation_fn check_revocation;
	X509_STORE_CTX_check_crl_fn check_crl;
	X509_STORE_CTX_cert_crl_fn cert_crl;
};

#endif
