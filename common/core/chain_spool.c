#include "core/chain_spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define PIECE 65536		/* bytes kept in memory */

void tmk_chain_spool_init(struct tmk_chain_spool *spool, const char *beside)
{
	memset(spool, 0, sizeof(*spool));
	spool->beside = beside;
	spool->fd = -1;
	tmk_buf_init(&spool->text, PIECE);
}

void tmk_chain_spool_release(struct tmk_chain_spool *spool)
{
	tmk_buf_release(&spool->text);
	if (spool->fd >= 0)
		close(spool->fd);
	spool->fd = -1;
}

/* A file that is gone as soon as nobody holds it. */
static int open_file(struct tmk_chain_spool *s)
{
	char *name = NULL;
	int ret = 0;

	if (asprintf(&name, "%s.spool.XXXXXX", s->beside) < 0)
		return tmk_err_nomem(&s->err);
	s->fd = mkostemp(name, O_CLOEXEC);
	if (s->fd < 0 || unlink(name) < 0)
		ret = tmk_err_set(&s->err, TMK_INPUT, "cannot write %s: %s",
				  name, strerror(errno));
	free(name);
	return ret;
}

static void flush(struct tmk_chain_spool *s)
{
	if (s->fd < 0 && open_file(s) < 0)
		return;
	if (tmk_file_write_fd(s->fd, s->text.data, s->text.len, s->beside,
			      &s->err) == 0)
		tmk_buf_clear(&s->text);
}

void tmk_chain_spool_add(struct tmk_chain_spool *spool, const void *data,
			 size_t len)
{
	const uint8_t *from = data;

	while (len && !spool->err.code) {
		size_t room = spool->text.max - spool->text.len;
		size_t n = len < room ? len : room;

		if (!room) {
			flush(spool);
			continue;
		}
		if (tmk_buf_add(&spool->text, from, n) < 0) {
			tmk_err_nomem(&spool->err);
			return;
		}
		from += n;
		len -= n;
		spool->len += n;
	}
}

void tmk_chain_spool_addstr(struct tmk_chain_spool *spool, const char *text)
{
	tmk_chain_spool_add(spool, text, strlen(text));
}

int tmk_chain_spool_finish(struct tmk_chain_spool *spool, struct tmk_err *err)
{
	if (spool->fd >= 0 && !spool->err.code)
		flush(spool);
	if (!spool->err.code)
		return 0;
	if (err)
		*err = spool->err;
	return -1;
}

int tmk_chain_spool_copy(const struct tmk_chain_spool *spool,
			 tmk_chain_spool_sink sink, void *ctx,
			 struct tmk_err *err)
{
	uint8_t piece[PIECE];
	uint64_t at = 0;

	if (spool->fd < 0)
		return sink(ctx, spool->text.data, spool->text.len, err);
	while (at < spool->len) {
		uint64_t left = spool->len - at;
		ssize_t n = pread(spool->fd, piece, left < PIECE ?
				  (size_t)left : PIECE, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return tmk_err_set(err, TMK_INPUT, "what was kept "
				"beside %s cannot be read: %s", spool->beside,
				n ? strerror(errno) : "it ends early");
		if (sink(ctx, piece, (size_t)n, err) < 0)
			return -1;
		at += (uint64_t)n;
	}
	return 0;
}
