/*
 * radix64.h - what stands between BEGIN and END of an OpenPGP armour: a few
 * known header lines, an empty line, base64, a checksum (RFC 9580 section 6).
 *
 * Here, because signatures (formats/) and keyrings (seal/) are both kept in
 * this form and neither may see the other. Knows the lines between the markers
 * and no label; decoding is strict. Fails with -1 and a reason in words; what
 * was in the buffers stays.
 */
#ifndef TMK_BASE_RADIX64_H
#define TMK_BASE_RADIX64_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define TMK_RADIX64_LINE 64	/* characters per line that we write */
#define TMK_RADIX64_LINE_MAX 76	/* that we read (RFC 9580 section 6.1) */
#define TMK_RADIX64_HEADERS 16	/* header lines, of this length: */
#define TMK_RADIX64_HEADER_MAX 512

/*
 * How many characters of base64 `len` bytes of text hold: 0 unless the text is
 * lines of one length, the last one perhaps shorter, none empty, none longer
 * than `most`, each closed by a newline. The only shape that writers of base64
 * make, so that nothing can hide in it.
 */
size_t tmk_radix64_chars(const uint8_t *text, size_t len, size_t most);

/* CRC-24 of RFC 9580 section 6.1.1. */
uint32_t tmk_radix64_crc(const uint8_t *data, size_t len);

/* Append the lines for `len` bytes (at least one): the empty line, base64,
 * the checksum. Fails when `out` is full. */
int tmk_radix64_encode(struct tmk_buf *out, const uint8_t *data, size_t len)
	TMK_MUST_CHECK;

/*
 * Append what the lines stand for: headers Version, Comment, Hash, MessageID
 * and Charset alone, then an empty line, base64 in the shape above, and a
 * checksum that is right or left out. *why gets the reason as the end of a
 * sentence ("the armour ...") in static memory, NULL when memory ended.
 */
int tmk_radix64_decode(struct tmk_buf *out, const uint8_t *body, size_t len,
		       const char **why) TMK_MUST_CHECK;

#endif
