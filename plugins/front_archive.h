/*
 * front_archive.h - what is inside an archive, as told by a process of its
 * own: touchmark-archive reads what strangers compressed, with libarchive,
 * confined and bounded, and has no key, no trust and no name of any file.
 *
 * Fails with TMK_INPUT when the archive cannot be read, says TMK_REFUSED with
 * limit-exceeded for a bomb, and never leaves a child behind.
 */
#ifndef TMK_PLUGINS_FRONT_ARCHIVE_H
#define TMK_PLUGINS_FRONT_ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "formats/manifest.h"

/* A child that gives the uncompressed stream. */
struct tmk_front_archive {
	pid_t pid;
	int fd;			/* read end; -1 when not open */
	int say;		/* what it says of a fault; -1 when not open */
};

/*
 * Start a child that uncompresses what `fd` holds (gzip, bzip2, xz, zstd, lz4,
 * lzip; every member to its end) and gives the stream on archive->fd. Read it
 * to its end, then _end says whether it was whole.
 */
int tmk_front_archive_stream(struct tmk_front_archive *archive, int fd,
			     struct tmk_err *err) TMK_MUST_CHECK;

/* Wait for the child: fails when the stream was cut, damaged or too long, or
 * when `fd` is not compressed at all. Always closes and reaps. */
int tmk_front_archive_end(struct tmk_front_archive *archive, const char *name,
			  struct tmk_err *err) TMK_MUST_CHECK;

/* Append the manifest (docs/PROTOCOL.manifest) of what `fd` holds to `out`:
 * raw bytes, uncompressed stream, and each entry of the archive. */
int tmk_front_archive_manifest(struct tmk_buf *out, int fd, const char *name,
			       struct tmk_err *err) TMK_MUST_CHECK;

/* Whether the beginning is that of a compressed stream. */
bool tmk_front_archive_is_packed(const uint8_t *head, size_t len);

/* Bytes that a manifest may have: what the maximum of `out` should be. */
#define TMK_FRONT_ARCHIVE_MANIFEST TMK_MANIFEST_MAX

#endif
