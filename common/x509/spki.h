/*
 * spki.h - from a SubjectPublicKeyInfo to a key, decoded once.
 *
 * OpenSSL's decoders cost more than checking a signature; a process that
 * signs with the same few keys asks here. A hit is what decoding the same
 * bytes again would give. Safe in any thread.
 */
#ifndef TMK_X509_SPKI_H
#define TMK_X509_SPKI_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

/* The key of exactly these `len` bytes (RFC 5280 4.1.2.7), or NULL when they
 * are none. It belongs to the caller, who changes nothing in it. */
EVP_PKEY *tmk_spki_key(const uint8_t *spki, size_t len);

#endif
