/*
 * form.h - whether a certificate is formed as RFC 5280 asks, beyond what
 * OpenSSL looks at. Internal to x509/.
 *
 * Knows nothing of chains or trust; answers with a line of why.
 */
#ifndef TMK_X509_FORM_H
#define TMK_X509_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/x509.h>

#define TMK_FORM_EXTENSIONS_MAX 64

/*
 * No extension twice (4.2), every extension that OpenSSL knows readable, a
 * serial number of at most 20 octets (4.1.2.2), nameConstraints that constrain
 * (4.2.1.10), no rfc822Name with two @. With `strict` also what issuers owe: a
 * serial number above 0 (roots of old have a 0), policyConstraints critical
 * (4.2.1.11), a root whose authorityKeyIdentifier is nothing but its own
 * key's. Returns true, or false with the reason in `why`.
 */
bool tmk_form_ok(X509 *cert, bool root, bool strict, char *why, size_t size);

/* Whether the extensions of a certificate, a CRL or one of its entries are not
 * too many, each there once and readable where OpenSSL knows them. `why` as
 * above. */
bool tmk_form_extensions_ok(const STACK_OF(X509_EXTENSION) *all, char *why,
			    size_t size);

#endif
