/*
 * value.h - is this value the key's signature of this digest?
 *
 * The arithmetic alone, by OpenSSL. Preparing OpenSSL for a key costs as much
 * as the arithmetic of a short one, so that the last preparations are kept:
 * bounded, shared by all threads, each used by one at a time. So are the last
 * answers, of which only a yes is kept, to exactly the same key object, digest
 * and value: any other bit is calculated. Knows neither certificates nor
 * whether a key may be used.
 */
#ifndef TMK_X509_VALUE_H
#define TMK_X509_VALUE_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "base/err.h"

/* The values of the CMS seal's enum. */
enum tmk_value_scheme {
	TMK_VALUE_PKCS1 = 1,	/* RSASSA-PKCS1-v1_5 */
	TMK_VALUE_PSS,
	TMK_VALUE_ECDSA		/* DER, not r || s */
};

/*
 * Whether `value` is `key`'s signature of `digest`, made with enum tmk_hash
 * `hash`; `salt` (bytes) is for PSS alone. 1 yes, 0 no, negative
 * (TMK_INTERNAL) when it could not be tried. Leaves OpenSSL's error queue as
 * it was found.
 */
int tmk_value_check(EVP_PKEY *key, enum tmk_value_scheme scheme, int salt,
		    int hash, const uint8_t *digest, size_t digest_len,
		    const uint8_t *value, size_t value_len,
		    struct tmk_err *err) TMK_MUST_CHECK;

#endif
