/*
 * packed.h - is this a compressed stream, and of which kind: told from its
 * beginning, never from a name.
 *
 * Uncompresses nothing, allocates nothing and cannot fail. The numbers at the
 * beginning of each kind: RFC 1952, the .xz and .lzma file formats, RFC 8878,
 * the frame formats of LZ4, lzip(1), bzip2.
 */
#ifndef TMK_FORMATS_PACKED_H
#define TMK_FORMATS_PACKED_H

#include <stddef.h>
#include <stdint.h>

#define TMK_PACKED_HEAD 16	/* bytes that are looked at */

enum tmk_packed {
	TMK_PACKED_NONE,
	TMK_PACKED_GZIP,
	TMK_PACKED_BZIP2,
	TMK_PACKED_XZ,
	TMK_PACKED_LZMA,
	TMK_PACKED_ZSTD,
	TMK_PACKED_LZ4,
	TMK_PACKED_LZIP,
	TMK_PACKED_COUNT
};

/* The kind whose beginning this is. */
enum tmk_packed tmk_packed_of(const uint8_t *head, size_t len);

/* "none", "gzip", ...: the word of a manifest. */
const char *tmk_packed_name(enum tmk_packed packed);

/* The kind of that name, or negative. */
int tmk_packed_from_name(const char *name, size_t len);

#endif
