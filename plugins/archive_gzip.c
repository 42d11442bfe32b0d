#include "plugins/archive_gzip.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define MADE (128 * 1024)	/* bytes given at once */
#define GZIP 16			/* zlib.h: expect a gzip header */
#define MAGIC 2			/* bytes by which zlib knows one */

struct gzip {
	struct tmk_archive_unpack *unpack;
	z_stream z;
	uint64_t made;
	bool first;		/* no member has ended yet */
	uint8_t out[MADE];
};

/* More input; false in *more at the end of the file. */
static int feed(bool *more, struct gzip *g, struct tmk_err *err)
{
	struct tmk_archive_unpack *u = g->unpack;
	ssize_t n = (ssize_t)u->have;

	u->have = 0;
	if (!n)
		n = tmk_archive_unpack_read(u, u->buffer, sizeof(u->buffer),
					    err);
	if (n < 0)
		return -1;
	g->z.next_in = u->buffer;
	g->z.avail_in = (uInt)n;
	*more = n > 0;
	return 0;
}

static int fault(const struct gzip *g, int rc, struct tmk_err *err)
{
	if (rc == Z_MEM_ERROR)
		return tmk_err_nomem(err);
	if (!g->first && g->z.total_in <= MAGIC)
		return tmk_err_set(err, TMK_INPUT, "bytes follow the end of "
				   "the gzip stream");
	return tmk_err_set(err, TMK_INPUT, "gzip: %s", rc == Z_BUF_ERROR ?
			   "is cut" : g->z.msg ? g->z.msg : "is damaged");
}

static int give(struct gzip *g, tmk_archive_sink *sink, void *to,
		struct tmk_err *err)
{
	size_t n = MADE - g->z.avail_out;

	g->made += n;
	if (tmk_archive_is_bomb(g->made, g->unpack->at))
		return tmk_archive_bomb("gzip", err);
	return n ? sink(to, g->out, n, err) : 0;
}

/* One member. */
static int inflate_member(struct gzip *g, tmk_archive_sink *sink, void *to,
			  struct tmk_err *err)
{
	bool more;
	int rc;

	do {
		if (!g->z.avail_in) {
			if (feed(&more, g, err) < 0)
				return -1;
			if (!more)
				return fault(g, Z_BUF_ERROR, err);
		}
		g->z.next_out = g->out;
		g->z.avail_out = MADE;
		rc = inflate(&g->z, Z_NO_FLUSH);
		if (rc != Z_OK && rc != Z_STREAM_END)
			return fault(g, rc, err);
		if (give(g, sink, to, err) < 0)
			return -1;
	} while (rc != Z_STREAM_END);
	g->first = false;
	return 0;
}

int tmk_archive_gzip_run(struct tmk_archive_unpack *unpack,
			 tmk_archive_sink *sink, void *to, struct tmk_err *err)
{
	struct gzip *g = calloc(1, sizeof(*g));
	bool more = true;
	int rc = -1;

	if (!g)
		return tmk_err_nomem(err);
	g->unpack = unpack;
	g->first = true;
	if (inflateInit2(&g->z, MAX_WBITS + GZIP) != Z_OK) {
		free(g);
		return tmk_err_nomem(err);
	}
	while (more) {
		if (inflate_member(g, sink, to, err) < 0)
			goto out;
		if (!g->z.avail_in && feed(&more, g, err) < 0)
			goto out;
		if (more && inflateReset(&g->z) != Z_OK) {
			tmk_err_nomem(err);
			goto out;
		}
	}
	rc = 0;
out:
	inflateEnd(&g->z);
	free(g);
	return rc;
}
