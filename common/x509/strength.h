/*
 * strength.h - which digests under certificates and CRLs are strong enough.
 * Internal to x509/. Keys are judged by tmk_cert_key_ok.
 */
#ifndef TMK_X509_STRENGTH_H
#define TMK_X509_STRENGTH_H

#include <stdbool.h>

#include <openssl/x509.h>

/* Whether the certificate is signed with SHA-2 or SHA-3 of at least 256 bits,
 * or with Ed25519. */
bool tmk_strength_cert_ok(X509 *cert);

/* The same for a CRL. */
bool tmk_strength_crl_ok(X509_CRL *crl);

/* The same for a signature algorithm as it is encoded (RFC 5280 4.1.1.2). */
bool tmk_strength_algorithm_ok(const X509_ALGOR *alg);

/* The same for a digest (an OpenSSL NID). */
bool tmk_strength_digest_ok(int nid);

#endif
