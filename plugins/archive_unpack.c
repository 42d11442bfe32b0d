#include "plugins/archive_unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "iface/signer.h"
#include "plugins/archive_gzip.h"

bool tmk_archive_is_bomb(uint64_t made, uint64_t of)
{
	return made > TMK_ARCHIVE_FREE && made / TMK_ARCHIVE_RATIO >= of;
}

int tmk_archive_fault(struct archive *a, const char *what,
		      struct tmk_err *err)
{
	const char *why = archive_error_string(a);

	if (archive_errno(a) == ENOMEM)
		return tmk_err_set(err, TMK_REFUSED,
				   "limit-exceeded: %s takes too much memory",
				   what);
	return tmk_err_set(err, TMK_INPUT, "%s: %s", what,
			   why ? why : "is damaged");
}

int tmk_archive_bomb(const char *what, struct tmk_err *err)
{
	return tmk_err_set(err, TMK_REFUSED, "limit-exceeded: %s make%s more "
			   "than %d bytes of one", what,
			   what[strlen(what) - 1] == 's' ? "" : "s",
			   TMK_ARCHIVE_RATIO);
}

ssize_t tmk_archive_unpack_read(struct tmk_archive_unpack *u, uint8_t *to,
				size_t len, struct tmk_err *err)
{
	ssize_t n;

	do {
		n = u->file ? pread(u->fd, to, len, (off_t)u->at) :
			read(u->fd, to, len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return tmk_err_set(err, TMK_INPUT, "cannot be read: %s",
				   strerror(errno));
	if (u->want_raw && u->packed != TMK_PACKED_NONE && n > 0 &&
	    tmk_digest_update(&u->digest, to, (size_t)n, err) < 0)
		return -1;
	u->at += (uint64_t)n;
	return n;
}

int tmk_archive_unpack_open(struct tmk_archive_unpack *u, struct tmk_err *err)
{
	while (u->have < TMK_PACKED_HEAD) {
		ssize_t n = tmk_archive_unpack_read(u, u->buffer + u->have,
			sizeof(u->buffer) - u->have, err);

		if (n < 0)
			return -1;
		if (!n)
			break;
		u->have += (size_t)n;
	}
	u->packed = tmk_packed_of(u->buffer, u->have);
	if (!u->want_raw || u->packed == TMK_PACKED_NONE)
		return 0;
	if (tmk_digest_init(&u->digest, TMK_SHA256, err) < 0)
		return -1;
	return tmk_digest_update(&u->digest, u->buffer, u->have, err);
}

/* What the decoder reads from, and why that failed. */
struct source {
	struct tmk_archive_unpack *unpack;
	struct tmk_err err;
};

static la_ssize_t give_raw(struct archive *a, void *ctx, const void **out)
{
	struct source *s = ctx;
	struct tmk_archive_unpack *u = s->unpack;
	ssize_t n = (ssize_t)u->have;

	u->have = 0;
	if (!n)
		n = tmk_archive_unpack_read(u, u->buffer, sizeof(u->buffer),
					    &s->err);
	if (n < 0) {
		archive_set_error(a, EIO, "cannot be read");
		return ARCHIVE_FATAL;
	}
	*out = u->buffer;
	return n;
}

static int enable(struct archive *a, enum tmk_packed packed)
{
	switch (packed) {
	case TMK_PACKED_BZIP2: return archive_read_support_filter_bzip2(a);
	case TMK_PACKED_XZ: return archive_read_support_filter_xz(a);
	case TMK_PACKED_LZMA: return archive_read_support_filter_lzma(a);
	case TMK_PACKED_ZSTD: return archive_read_support_filter_zstd(a);
	case TMK_PACKED_LZ4: return archive_read_support_filter_lz4(a);
	case TMK_PACKED_LZIP: return archive_read_support_filter_lzip(a);
	default: return ARCHIVE_FATAL;
	}
}

/* ARCHIVE_OK alone: a warning says that a program would be run instead. */
static int start(struct archive *a, struct source *s, struct tmk_err *err)
{
	enum tmk_packed packed = s->unpack->packed;

	if (enable(a, packed) != ARCHIVE_OK ||
	    archive_read_support_format_raw(a) != ARCHIVE_OK ||
	    archive_read_support_format_empty(a) != ARCHIVE_OK)
		return tmk_err_set(err, TMK_INPUT,
				   "this libarchive does not uncompress %s",
				   tmk_packed_name(packed));
	archive_read_set_read_callback(a, give_raw);
	archive_read_set_callback_data(a, s);
	if (archive_read_open1(a) != ARCHIVE_OK)
		return tmk_archive_fault(a, tmk_packed_name(packed), err);
	/* the last one counted is the file itself */
	if (archive_filter_count(a) < 2)
		return tmk_err_set(err, TMK_INPUT,
				   "begins as %s, and is damaged",
				   tmk_packed_name(packed));
	if (archive_filter_count(a) > 2)
		return tmk_err_set(err, TMK_INPUT, "is compressed twice");
	return 0;
}

static int move(struct archive *a, struct source *s, tmk_archive_sink *sink,
		void *to, struct tmk_err *err)
{
	const char *name = tmk_packed_name(s->unpack->packed);
	struct archive_entry *entry;
	uint64_t made = 0;
	const void *data;
	la_int64_t at;
	size_t len;
	int rc;

	rc = archive_read_next_header(a, &entry);
	if (rc == ARCHIVE_EOF)
		return 0;
	if (rc != ARCHIVE_OK)
		return tmk_archive_fault(a, name, err);
	for (;;) {
		rc = archive_read_data_block(a, &data, &len, &at);
		if (rc == ARCHIVE_EOF)
			return 0;
		if (rc != ARCHIVE_OK)
			return tmk_archive_fault(a, name, err);
		made += len;
		if (tmk_archive_is_bomb(made, s->unpack->at))
			return tmk_archive_bomb(name, err);
		if (sink(to, data, len, err) < 0)
			return -1;
	}
}

/* Whether the decoder read it all. */
static int check_end(struct archive *a, struct tmk_archive_unpack *u,
		     struct tmk_err *err)
{
	uint64_t used = (uint64_t)archive_filter_bytes(a, -1);
	ssize_t n;

	do {
		n = tmk_archive_unpack_read(u, u->buffer, sizeof(u->buffer),
					    err);
	} while (n > 0);
	if (n < 0)
		return -1;
	if (used == u->at)
		return 0;
	return tmk_err_set(err, TMK_INPUT, "bytes follow the end of the %s "
			   "stream", tmk_packed_name(u->packed));
}

/* All kinds but gzip. */
static int run_filter(struct tmk_archive_unpack *u, tmk_archive_sink *sink,
		      void *to, struct tmk_err *err)
{
	struct source source = { u, TMK_ERR_INIT };
	struct archive *a = archive_read_new();
	int rc = -1;

	if (!a)
		return tmk_err_nomem(err);
	if (start(a, &source, err) == 0 &&
	    move(a, &source, sink, to, err) == 0 &&
	    check_end(a, u, err) == 0)
		rc = 0;
	else if (source.err.code && err)
		*err = source.err;	/* the cause of what it says */
	archive_read_free(a);
	return rc;
}

static int run_plain(struct tmk_archive_unpack *u, tmk_archive_sink *sink,
		     void *to, struct tmk_err *err)
{
	ssize_t n = (ssize_t)u->have;

	u->have = 0;
	while (n || (n = tmk_archive_unpack_read(u, u->buffer,
					sizeof(u->buffer), err)) > 0) {
		if (sink(to, u->buffer, (size_t)n, err) < 0)
			return -1;
		n = 0;
	}
	return n < 0 ? -1 : 0;
}

int tmk_archive_unpack_run(struct tmk_archive_unpack *u,
			   tmk_archive_sink *sink, void *to,
			   struct tmk_err *err)
{
	uint8_t digest[TMK_DIGEST_MAX];
	size_t len;
	int rc;

	if (u->packed == TMK_PACKED_NONE)
		return run_plain(u, sink, to, err);
	if (u->packed == TMK_PACKED_GZIP)
		rc = tmk_archive_gzip_run(u, sink, to, err);
	else
		rc = run_filter(u, sink, to, err);
	if (rc < 0)
		return -1;
	if (!u->want_raw)
		return 0;
	if (tmk_digest_final(&u->digest, digest, &len, err) < 0)
		return -1;
	memcpy(u->raw.sha256, digest, sizeof(u->raw.sha256));
	u->raw.size = u->at;
	return 0;
}
