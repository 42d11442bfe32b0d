#include "plugins/archive_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "iface/signer.h"

/* The next bytes of the ring, hashed. */
static int take(struct tmk_archive_stream *s, struct tmk_err *err)
{
	size_t n;

	if (s->again) {
		s->again = false;
		return 0;
	}
	if (tmk_archive_ring_next(s->ring, &s->data, &s->len, err) < 0 ||
	    tmk_digest_update(&s->digest, s->data, s->len, err) < 0 ||
	    tmk_archive_tar_feed(&s->tar, s->data, s->len, err) < 0)
		return -1;
	for (n = s->len; n && !s->data[n - 1]; n--)
		;
	if (n)
		s->solid = s->size + n;
	s->size += s->len;
	return 0;
}

int tmk_archive_stream_open(struct tmk_archive_stream *s,
			    struct tmk_archive_ring *ring, struct tmk_err *err)
{
	s->ring = ring;
	tmk_archive_tar_init(&s->tar);
	if (tmk_digest_init(&s->digest, TMK_SHA256, err) < 0)
		return -1;
	if (take(s, err) < 0)
		return -1;
	s->again = true;
	return 0;
}

static la_ssize_t give_stream(struct archive *a, void *ctx, const void **out)
{
	struct tmk_archive_stream *s = ctx;

	if (take(s, &s->err) < 0) {
		archive_set_error(a, EIO, "cannot be read");
		return ARCHIVE_FATAL;
	}
	*out = s->data;
	return (la_ssize_t)s->len;
}

void tmk_archive_stream_attach(struct tmk_archive_stream *s, struct archive *a)
{
	archive_read_set_read_callback(a, give_stream);
	archive_read_set_callback_data(a, s);
}

static la_ssize_t give_file(struct archive *a, void *ctx, const void **out)
{
	struct tmk_archive_stream *s = ctx;
	ssize_t n;

	do {
		n = pread(s->fd, s->buffer, TMK_ARCHIVE_SLOT, (off_t)s->at);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		tmk_err_set(&s->err, TMK_INPUT, "cannot be read: %s",
			    strerror(errno));
		archive_set_error(a, EIO, "cannot be read");
		return ARCHIVE_FATAL;
	}
	s->at += (uint64_t)n;
	*out = s->buffer;
	return n;
}

static la_int64_t seek_file(struct archive *a, void *ctx, la_int64_t offset,
			    int whence)
{
	struct tmk_archive_stream *s = ctx;
	la_int64_t from = whence == SEEK_SET ? 0 :
		whence == SEEK_CUR ? (la_int64_t)s->at : (la_int64_t)s->end;
	la_int64_t to;

	if (__builtin_add_overflow(from, offset, &to) || to < 0) {
		archive_set_error(a, EINVAL, "points outside");
		return ARCHIVE_FATAL;
	}
	s->at = (uint64_t)to;
	return to;
}

int tmk_archive_stream_attach_file(struct tmk_archive_stream *s,
				   struct archive *a, int fd, uint64_t size,
				   struct tmk_err *err)
{
	s->buffer = malloc(TMK_ARCHIVE_SLOT);
	if (!s->buffer)
		return tmk_err_nomem(err);
	s->fd = fd;
	s->end = size;
	archive_read_set_read_callback(a, give_file);
	archive_read_set_seek_callback(a, seek_file);
	archive_read_set_callback_data(a, s);
	return 0;
}

int tmk_archive_stream_drain(struct tmk_archive_stream *s, struct tmk_err *err)
{
	do {
		if (take(s, err) < 0)
			return -1;
	} while (s->len);
	return 0;
}
