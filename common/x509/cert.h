/*
 * cert.h - certificates: reading them strictly, naming them, and what their
 * keys are worth.
 *
 * Borrowed X509 pointers stay the caller's. Reading fails with TMK_INPUT and
 * names the source. Nothing here decides trust.
 */
#ifndef TMK_X509_CERT_H
#define TMK_X509_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "base/buf.h"
#include "base/err.h"

#define TMK_CERT_MAX (64 * 1024)	/* bytes of one certificate */
#define TMK_CERTS_MAX 1024		/* certificates in one file */
#define TMK_FINGERPRINT_TEXT 65		/* 64 hex digits and NUL */

/* One DER certificate, all bytes used. *out belongs to the caller. */
int tmk_cert_from_der(X509 **out, const uint8_t *der, size_t len,
		      const char *name, struct tmk_err *err) TMK_MUST_CHECK;

/* PEM (any number, other text around it ignored, other PEM types refused) or
 * one DER certificate. *out belongs to the caller (sk_X509_pop_free). An
 * empty input is an error. */
int tmk_cert_load(STACK_OF(X509) **out, const uint8_t *data, size_t len,
		  const char *name, struct tmk_err *err) TMK_MUST_CHECK;
int tmk_cert_load_file(STACK_OF(X509) **out, const char *path,
		       struct tmk_err *err) TMK_MUST_CHECK;

/* Append as PEM / DER. */
int tmk_cert_to_pem(struct tmk_buf *out, X509 *cert) TMK_MUST_CHECK;
int tmk_cert_to_der(struct tmk_buf *out, X509 *cert) TMK_MUST_CHECK;

/* Lower-case hex of SHA-256 / upper-case hex of SHA-1 over the DER. `out` has
 * TMK_FINGERPRINT_TEXT bytes. Returns `out`. */
char *tmk_cert_sha256(char *out, X509 *cert);
char *tmk_cert_sha1_upper(char *out, X509 *cert);

/* Subject or issuer as one escaped line (RFC 2253 order, as gpgsm shows it),
 * cut to `size`. Returns `out`. */
char *tmk_cert_subject(char *out, size_t size, X509 *cert);
char *tmk_cert_issuer(char *out, size_t size, X509 *cert);

/* The i-th rfc822Name of the SAN, then the e-mail addresses of the subject;
 * NULL past the last. Names with a NUL, a control byte or a second @ inside
 * are passed over as if absent. `out` gets the bytes, unescaped, at most
 * `size` - 1. */
const char *tmk_cert_email(char *out, size_t size, X509 *cert, int i);

/* notBefore and notAfter as seconds since 1970. */
int tmk_cert_validity(int64_t *not_before, int64_t *not_after, X509 *cert,
		      struct tmk_err *err) TMK_MUST_CHECK;

/* Whether the certificate's key is this SubjectPublicKeyInfo, compared as
 * keys, not as encodings. */
bool tmk_cert_has_key(X509 *cert, const uint8_t *spki, size_t len);

/*
 * Whether the key is strong enough and not absurd: RSA from `min_rsa` to
 * 16384 bits with an odd exponent from 3 to 2^64 - 1; EC on named curves
 * P-256, P-384, P-521; Ed25519. Returns true, or false with a line of why in
 * `why` (size bytes). Cheap: refuses before any arithmetic.
 */
bool tmk_cert_key_ok(X509 *cert, unsigned int min_rsa, char *why, size_t size);

/* The same of a key without a certificate, from a format that names its curves
 * and spells none out. */
bool tmk_cert_pkey_ok(EVP_PKEY *key, unsigned int min_rsa, char *why,
		      size_t size);

#endif
