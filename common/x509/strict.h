/*
 * strict.h - DER and nothing but DER: the cursor of the fast path.
 *
 * Definite lengths of shortest form, tag numbers up to 30, at most four
 * octets of length (X.690 10.1). What is written in any other way is not
 * malformed, it is only not for this reader: whoever asks then takes the long
 * way. Nothing is copied or decoded; every answer is yes or no; there is
 * nothing to free.
 */
#ifndef TMK_X509_STRICT_H
#define TMK_X509_STRICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "x509/value.h"

#define TMK_STRICT_DEPTH 24	/* elements inside elements */

/* Identifier octets (X.690 8.1.2). */
enum {
	TMK_STRICT_BOOLEAN = 0x01,
	TMK_STRICT_INTEGER = 0x02,
	TMK_STRICT_BITS = 0x03,
	TMK_STRICT_OCTETS = 0x04,
	TMK_STRICT_NULL = 0x05,
	TMK_STRICT_OID = 0x06,
	TMK_STRICT_ENUMERATED = 0x0a,
	TMK_STRICT_UTC_TIME = 0x17,
	TMK_STRICT_GENERALIZED_TIME = 0x18,
	TMK_STRICT_SEQUENCE = 0x30,
	TMK_STRICT_SET = 0x31,
	TMK_STRICT_TAGGED = 0xa0	/* | number: constructed [n] */
};

/* One element, borrowed from what the cursor reads. */
struct tmk_strict {
	uint8_t tag;
	const uint8_t *all;	/* with its header */
	size_t all_len;
	const uint8_t *body;
	size_t len;
};

struct tmk_strict_cursor {
	const uint8_t *at;
	const uint8_t *end;
};

/* Put a cursor on bytes, or on the contents of an element. */
void tmk_strict_start(struct tmk_strict_cursor *c, const uint8_t *data,
		      size_t len);
void tmk_strict_enter(struct tmk_strict_cursor *c,
		      const struct tmk_strict *of);

/* The next identifier octet; 0 at the end. */
uint8_t tmk_strict_peek(const struct tmk_strict_cursor *c);

/* Cut the next element if it has this identifier octet. */
bool tmk_strict_take(struct tmk_strict *out, struct tmk_strict_cursor *c,
		     uint8_t tag);

/* The same, and put `in` on its contents. */
bool tmk_strict_open(struct tmk_strict_cursor *in,
		     struct tmk_strict_cursor *c, uint8_t tag);

/* Whether nothing is left. */
bool tmk_strict_done(const struct tmk_strict_cursor *c);

/* Pass over the next element if it is exactly these bytes, header included. */
bool tmk_strict_skip(struct tmk_strict_cursor *c, const void *der,
		     size_t len);

/* Whether `len` bytes are whole elements, everything inside them too, nested
 * at most TMK_STRICT_DEPTH deep, with numbers, truth values, identifiers and
 * strings of bits in the one form that they have, and no string in pieces. None
 * at all is fine. */
bool tmk_strict_whole(const uint8_t *data, size_t len);

/* Whether the elements that are left stand in the order of a SET OF, each
 * once (X.690 11.6). The cursor stays. */
bool tmk_strict_sorted(const struct tmk_strict_cursor *c);

/* Whether an element is an INTEGER of shortest form (X.690 8.3.2), or an
 * OBJECT IDENTIFIER of well-formed components (8.19.2), at most 64 bytes. */
bool tmk_strict_is_integer(const struct tmk_strict *e);
bool tmk_strict_is_oid(const struct tmk_strict *e);

/* Whether two elements are the same bytes. */
bool tmk_strict_same(const struct tmk_strict *a, const struct tmk_strict *b);

/* The AlgorithmIdentifier of a digest at the cursor, parameters absent or NULL
 * (RFC 5754 section 2): its enum tmk_hash, or 0 for anything else. */
int tmk_strict_digest(struct tmk_strict_cursor *c);

/* That of a signature with this digest: rsaEncryption or
 * sha2-WithRSAEncryption with parameters absent or NULL, ecdsa-with-SHA2
 * without (RFC 5754 section 3). */
bool tmk_strict_signature(enum tmk_value_scheme *scheme, int hash,
			  struct tmk_strict_cursor *c);

#endif
