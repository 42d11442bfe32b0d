/*
 * ssh_wire.h - the few data types of SSH that keys and signatures are made of
 * (RFC 4251 section 5).
 *
 * Reading moves a cursor over borrowed bytes and is strict: a length that does
 * not fit, a number that is not in its shortest form or negative, an empty
 * cursor: all are false, and the cursor then is of no use. Writing appends.
 * Knows no algorithm.
 */
#ifndef TMK_SEAL_SSH_WIRE_H
#define TMK_SEAL_SSH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* What is left to read. */
struct tmk_ssh_wire {
	const uint8_t *at;
	size_t left;
};

/* A run of bytes, borrowed from what the cursor reads. */
struct tmk_ssh_bytes {
	const uint8_t *data;
	size_t len;
};

/* uint32, big-endian. */
bool tmk_ssh_wire_u32(uint32_t *out, struct tmk_ssh_wire *c);

/* string: uint32 length and as many bytes. */
bool tmk_ssh_wire_string(struct tmk_ssh_bytes *out, struct tmk_ssh_wire *c);

/* mpint, positive and in its only right form. *out gets the magnitude, without
 * the zero byte that may stand before it. */
bool tmk_ssh_wire_mpint(struct tmk_ssh_bytes *out, struct tmk_ssh_wire *c);

/* Whether `bytes` are exactly this text. */
bool tmk_ssh_wire_is(const struct tmk_ssh_bytes *bytes, const char *text);

/* Append a uint32 / a string / a text as string. */
int tmk_ssh_wire_put_u32(struct tmk_buf *out, uint32_t n) TMK_MUST_CHECK;
int tmk_ssh_wire_put(struct tmk_buf *out, const void *data, size_t len)
	TMK_MUST_CHECK;
int tmk_ssh_wire_put_text(struct tmk_buf *out, const char *text)
	TMK_MUST_CHECK;

/* Append a positive mpint from big-endian bytes; leading zeros are dropped. */
int tmk_ssh_wire_put_mpint(struct tmk_buf *out, const uint8_t *data,
			   size_t len) TMK_MUST_CHECK;

#endif
