/*
 * archive_stream.h - where a lister's bytes come from: the ring, hashed as
 * they go by, or the places of a file.
 *
 * What libarchive's callbacks need, kept apart from what is done with entries.
 * Fails as the ring does.
 */
#ifndef TMK_PLUGINS_ARCHIVE_STREAM_H
#define TMK_PLUGINS_ARCHIVE_STREAM_H

#include <archive.h>
#include <stdbool.h>
#include <stdint.h>

#include "plugins/archive_ring.h"
#include "plugins/archive_tar.h"
#include "x509/digest.h"

struct tmk_archive_stream {
	struct tmk_archive_ring *ring;	/* borrowed */
	struct tmk_digest digest;	/* of all that came */
	uint64_t size;		/* bytes that came */
	uint64_t solid;		/* bytes up to the last that is not zero */
	const uint8_t *data;	/* what came last, borrowed from the ring */
	size_t len;
	bool again;		/* it was only looked at */
	struct tmk_archive_tar tar;	/* how it would be as a tar */
	int fd;			/* of what is read at its places */
	uint64_t at, end;
	uint8_t *buffer;	/* TMK_ARCHIVE_SLOT bytes, for that */
	struct tmk_err err;	/* why a callback failed */
};

/* Begin, and look at the first bytes (stream->data) without taking them. */
int tmk_archive_stream_open(struct tmk_archive_stream *stream,
			    struct tmk_archive_ring *ring,
			    struct tmk_err *err) TMK_MUST_CHECK;

/* Have `a` read the stream. */
void tmk_archive_stream_attach(struct tmk_archive_stream *stream,
			       struct archive *a);

/* Have `a` read `size` bytes at descriptor `fd`, in any order. */
int tmk_archive_stream_attach_file(struct tmk_archive_stream *stream,
				   struct archive *a, int fd, uint64_t size,
				   struct tmk_err *err) TMK_MUST_CHECK;

/* Let the rest go by. */
int tmk_archive_stream_drain(struct tmk_archive_stream *stream,
			     struct tmk_err *err) TMK_MUST_CHECK;

#endif
