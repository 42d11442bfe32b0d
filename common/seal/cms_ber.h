/*
 * cms_ber.h - cutting BER into elements, with a bound on everything.
 *
 * A cursor over bytes that somebody else owns; nothing is copied, decoded or
 * believed. Lengths of up to four octets, definite or indefinite (gpgsm
 * writes those); tag numbers up to 30. Knows X.690 section 8.1 and no type.
 * Fails by answering other than TMK_BER_OK; there is nothing to free.
 */
#ifndef TMK_SEAL_CMS_BER_H
#define TMK_SEAL_CMS_BER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Elements inside elements. A certificate in a timestamp token in a
 * SignerInfo stands 17 deep; archive timestamps on that token 14 more.
 */
#define TMK_BER_DEPTH 40

/* Identifier octets that CMS needs (X.690 8.1.2). */
enum {
	TMK_BER_INTEGER = 0x02,
	TMK_BER_BIT_STRING = 0x03,
	TMK_BER_OCTETS = 0x04,
	TMK_BER_NULL = 0x05,
	TMK_BER_OID = 0x06,
	TMK_BER_UTC_TIME = 0x17,
	TMK_BER_GENERALIZED_TIME = 0x18,
	TMK_BER_SEQUENCE = 0x30,
	TMK_BER_SET = 0x31,
	TMK_BER_CONSTRUCTED = 0x20,
	TMK_BER_CONTEXT = 0x80	/* | number | TMK_BER_CONSTRUCTED */
};

/* The identifier octet of a constructed [n]. */
#define TMK_BER_TAGGED(n) (TMK_BER_CONTEXT | TMK_BER_CONSTRUCTED | (n))

enum tmk_ber_result {
	TMK_BER_OK = 0,
	TMK_BER_MALFORMED,	/* no BER, or cut off */
	TMK_BER_TOO_DEEP	/* more than TMK_BER_DEPTH levels */
};

/* One element. Borrowed from the bytes the cursor was put on. */
struct tmk_ber {
	uint8_t tag;		/* identifier octet; 0: no element */
	const uint8_t *all;	/* with its header (and end-of-contents) */
	size_t all_len;
	const uint8_t *body;	/* contents */
	size_t len;
};

struct tmk_ber_cursor {
	const uint8_t *at;
	const uint8_t *end;
};

/*
 * Walk through the first element of `data` and everything inside it, without
 * recursion: each length fits into what holds it, each indefinite length is
 * closed, nothing is nested too deep. `der` demands definite and shortest
 * lengths (X.690 10.1). *used gets the element's size with its header; what
 * comes behind it is not looked at.
 */
enum tmk_ber_result tmk_cms_ber_scan(size_t *used, const uint8_t *data,
				     size_t len, bool der);

/* Put a cursor on `len` bytes, or on the contents of an element. */
void tmk_cms_ber_start(struct tmk_ber_cursor *c, const uint8_t *data,
		       size_t len);
void tmk_cms_ber_enter(struct tmk_ber_cursor *c, const struct tmk_ber *of);

/* The identifier octet of the next element; 0 at the end. */
uint8_t tmk_cms_ber_peek(const struct tmk_ber_cursor *c);

/* Cut the next element whatever it is. False at the end and for bytes that
 * are no element; the cursor then stays. */
bool tmk_cms_ber_next(struct tmk_ber *out, struct tmk_ber_cursor *c);

/* The same, if it has this identifier octet. */
bool tmk_cms_ber_take(struct tmk_ber *out, struct tmk_ber_cursor *c,
		      uint8_t tag);

/* Whether nothing is left. */
bool tmk_cms_ber_done(const struct tmk_ber_cursor *c);

/* Read one whole non-negative INTEGER of shortest form below 2^31. */
bool tmk_cms_ber_small(int *out, const struct tmk_ber *integer);

/* Whether two elements are the same bytes, headers included. */
bool tmk_cms_ber_same(const struct tmk_ber *a, const struct tmk_ber *b);

#endif
