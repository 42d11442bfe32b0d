/*
 * cert_cache.h - the certificates that were decoded last.
 *
 * A history is signed with few certificates, and decoding them costs more than
 * all else, so the last ones are kept and shared: for the process, bounded,
 * found by all of their bytes. Nothing is decided here: a hit is what decoding
 * the same bytes again would give.
 */
#ifndef TMK_X509_CERT_CACHE_H
#define TMK_X509_CERT_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

/* One certificate of exactly these bytes as an X509, which belongs to the
 * caller; NULL when they are none. Leaves OpenSSL's error queue as it was. */
X509 *tmk_cert_cache_decode(const uint8_t *der, size_t len);

/* Keep a certificate as if it had been decoded here: what is read back right
 * after it was written is not decoded twice. The caller keeps its own
 * reference; without memory nothing happens. */
void tmk_cert_cache_keep(X509 *x509);

#endif
