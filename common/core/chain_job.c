/*
 * chain_job.c - the end of a hash-chained log, before anything is appended.
 *
 * An append writes and syncs its lines, then FILE.head, then the caller hears
 * of it. So whatever stands behind the size in FILE.head was never
 * acknowledged: whole entries there are taken up, one torn line is cut away,
 * and the next entry but one says so.
 */
#include "core/chain_job.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/enc.h"
#include "base/file.h"
#include "base/json_scan.h"
#include "x509/digest.h"

#define SHA256 1		/* enum tmk_hash */

void tmk_chain_job_release(struct tmk_chain_job *job)
{
	if (job->fd >= 0)
		close(job->fd);
	if (job->lock >= 0)
		close(job->lock);
}

static int broken(struct tmk_chain_job *job, const char *text)
{
	snprintf(job->broken, sizeof(job->broken), "%s", text);
	return 0;
}

/* Where the folders of the log are missing, make them. */
static int make_folder(const char *path, struct tmk_err *err)
{
	const char *slash = strrchr(path, '/');
	char *dir;
	int rc = 0;

	if (!slash || slash == path)
		return 0;
	dir = strndup(path, (size_t)(slash - path));
	if (!dir)
		return tmk_err_nomem(err);
	if (!tmk_file_exists(dir))
		rc = tmk_file_mkdirs(dir, err);
	free(dir);
	return rc;
}

/* ---- the end of the log ---------------------------------------------------- */

/* The four fields of the entry that would follow. */
int tmk_chain_job_prefix(char out[TMK_CHAIN_PREFIX],
			 const struct tmk_chain_head *head)
{
	return snprintf(out, TMK_CHAIN_PREFIX, "{\"seq\":%" PRIu64
			",\"prev\":\"%s\",", head->seq + 1, head->hash);
}

/* What a look at one line behind the head tells. */
struct tail {
	uint64_t end;		/* where it ends */
	bool closed;		/* by a newline */
	bool follows;		/* it is JSON, and begins as the next entry */
	char hash[TMK_CHAIN_HEX];
};

struct look {
	struct tail *tail;
	struct tmk_json_scan scan;
	char want[TMK_CHAIN_PREFIX];
	size_t len;		/* of `want` */
	bool json;
};

/* A piece of the line, up to its newline. */
static void look_at_piece(struct look *l, const char *piece, size_t n,
			  bool first)
{
	const char *end = memchr(piece, '\n', n);

	l->tail->closed = end != NULL;
	if (end)
		n = (size_t)(end - piece);
	if (first)
		l->tail->follows = n > l->len &&
			!memcmp(piece, l->want, l->len);
	if (l->json)
		l->json = tmk_json_scan_feed(&l->scan, piece, n) == 0;
	l->tail->end += n + l->tail->closed;
}

static int look_at_line(struct tail *t, const struct tmk_chain_job *job,
			uint64_t from, struct tmk_err *err)
{
	struct look l = { .tail = t, .json = true };
	char piece[8192];

	*t = (struct tail){ .end = from };
	l.len = (size_t)tmk_chain_job_prefix(l.want, &job->head);
	tmk_json_scan_init(&l.scan, NULL, NULL);
	while (t->end < job->size && !t->closed) {
		uint64_t left = job->size - t->end;
		ssize_t n = pread(job->fd, piece, left < sizeof(piece) ?
				  (size_t)left : sizeof(piece),
				  (off_t)t->end);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return tmk_err_set(err, TMK_INPUT, "%s: %s", job->path,
					   n ? strerror(errno) :
					   "it became shorter");
		look_at_piece(&l, piece, (size_t)n, t->end == from);
	}
	t->follows = t->follows && l.json && tmk_json_scan_end(&l.scan) == 0;
	return tmk_chain_file_hash(t->hash, job->fd, from, t->end, job->path,
				   err);
}

/* What stands behind the head was being appended when somebody died. */
static int settle_tail(struct tmk_chain_job *job, uint64_t from,
		       struct tmk_err *err)
{
	struct tail t;

	while (from < job->size) {
		if (look_at_line(&t, job, from, err) < 0)
			return -1;
		job->dirty = true;
		if (t.closed && t.follows) {
			job->head.seq++;
			job->head.start = from;
			job->head.size = from = t.end;
			memcpy(job->head.hash, t.hash, sizeof(t.hash));
			/* it was the entry about that */
			job->head.cut = 0;
			continue;
		}
		if (t.end < job->size)
			return broken(job, "something else was appended to "
				      "it");
		job->head.cut = job->size - from;
		memcpy(job->head.cut_hash, t.hash, sizeof(t.hash));
		break;
	}
	return 0;
}

/* A rotation was interrupted behind its last rename: the log is one entry
 * long and FILE.head is still that of the one before. */
static int settle_rotation(struct tmk_chain_job *job, struct tmk_err *err)
{
	struct tail t;

	if (look_at_line(&t, job, 0, err) < 0)
		return -1;
	if (t.end != job->size || !t.closed || !t.follows)
		return 1;
	return settle_tail(job, 0, err);
}

/* Hold the end of the log against its head. */
static int settle(struct tmk_chain_job *job, struct tmk_err *err)
{
	char hash[TMK_CHAIN_HEX];
	int rc;

	if (!job->known) {
		if (job->size)
			return broken(job, "its head, which tells where it "
				      "ends, is gone");
		memcpy(job->head.hash, TMK_CHAIN_ZERO, TMK_CHAIN_HEX);
		job->known = job->dirty = true;
		return 0;
	}
	if (job->size != job->head.size) {
		rc = settle_rotation(job, err);
		if (rc <= 0)
			return rc;
	}
	if (job->size < job->head.size)
		return broken(job, job->size ? "its end was cut off" :
			      "it was emptied");
	if (job->head.seq) {
		if (tmk_chain_file_hash(hash, job->fd, job->head.start,
					job->head.size, job->path, err) < 0)
			return -1;
		if (strcmp(hash, job->head.hash))
			return broken(job, "its last entry is not the one "
				      "that was written");
	}
	return job->size == job->head.size ? 0 :
		settle_tail(job, job->head.size, err);
}

/* Lock, open, look at the end. Released by the caller, whatever comes. */
int tmk_chain_job_begin(struct tmk_chain_job *job, const char *path, bool make,
		 struct tmk_err *err)
{
	int rc;

	*job = (struct tmk_chain_job){ .path = path, .lock = -1, .fd = -1 };
	if (make && make_folder(path, err) < 0)
		return -1;
	if (tmk_chain_file_lock(&job->lock, path, false, err) < 0)
		return -1;
	rc = tmk_chain_file_head(&job->head, path, err);
	if (rc < 0 && err->code != TMK_REFUSED)
		return -1;
	job->headed = rc <= 0;
	job->known = rc == 0;
	if (rc < 0)
		broken(job, "its head is not what was written");
	rc = tmk_chain_file_open(&job->fd, &job->size, path, true,
				 make && !job->head.seq && !job->broken[0],
				 err);
	if (rc < 0)
		return -1;
	if (rc > 0)
		return broken(job, "it is gone");
	return job->broken[0] ? 0 : settle(job, err);
}
