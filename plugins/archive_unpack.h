/*
 * archive_unpack.h - the uncompressed stream of what descriptor 0 holds, by
 * libarchive's own decoders and zlib, each chosen by its beginning alone: none
 * that would run a program, and never one inside another.
 *
 * Every member to the end of the file; what follows the last is a fault.
 * Knows nothing of archives. Fails with TMK_INPUT for damage, and with
 * TMK_REFUSED (limit-exceeded) for a bomb.
 */
#ifndef TMK_PLUGINS_ARCHIVE_UNPACK_H
#define TMK_PLUGINS_ARCHIVE_UNPACK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "formats/manifest.h"
#include "x509/digest.h"

#define TMK_ARCHIVE_RAW (128 * 1024)	/* bytes read at once */
#define TMK_ARCHIVE_RATIO 1000	/* bytes made of one ... */
#define TMK_ARCHIVE_FREE (64ull << 20)	/* ... beyond so many */

struct tmk_archive_unpack {
	int fd;
	bool file;		/* is read at its places */
	bool want_raw;		/* hash the raw bytes of what is compressed */
	struct tmk_digest digest;
	uint64_t at;		/* raw bytes read */
	enum tmk_packed packed;	/* set by _open */
	size_t have;		/* of the beginning, in `buffer` */
	struct tmk_manifest_sum raw;	/* set by _run with want_raw */
	uint8_t buffer[TMK_ARCHIVE_RAW];
};

/* Takes the stream, piece after piece. */
typedef int tmk_archive_sink(void *to, const uint8_t *data, size_t len,
			     struct tmk_err *err);

/* Look at the beginning. `unpack` is zero but for fd, file and want_raw. */
int tmk_archive_unpack_open(struct tmk_archive_unpack *unpack,
			    struct tmk_err *err) TMK_MUST_CHECK;

/* Give `sink` the stream to its end: the bytes themselves when they are not
 * compressed. */
int tmk_archive_unpack_run(struct tmk_archive_unpack *unpack,
			   tmk_archive_sink *sink, void *to,
			   struct tmk_err *err) TMK_MUST_CHECK;

/* Read what is there, at most `len` bytes; 0 at the end. */
ssize_t tmk_archive_unpack_read(struct tmk_archive_unpack *unpack, uint8_t *to,
				size_t len, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Whether so much was made of so little that it is meant to do harm. */
bool tmk_archive_is_bomb(uint64_t made, uint64_t of);

/* Say so of `what`. Returns -1. */
int tmk_archive_bomb(const char *what, struct tmk_err *err);

/* What libarchive says of `a` (a struct archive), as an error of ours after
 * `what`. Returns -1. */
struct archive;
int tmk_archive_fault(struct archive *a, const char *what,
		      struct tmk_err *err);

#endif
