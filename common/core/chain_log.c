/*
 * chain_log.c - appending to a hash-chained log.
 *
 * The order of one append is what makes a crash harmless: the lines are
 * written and synced, then FILE.head is, then the caller hears of it
 * (chain_job.c).
 */
#include "core/chain_job.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/file.h"
#include "x509/digest.h"

#define SHA256 1		/* enum tmk_hash */

/* The error that `broken` is for everyone but a rotation. */
static int refuse(const struct tmk_chain_job *job, struct tmk_err *err)
{
	tmk_err_set(err, TMK_REFUSED, "%s: %s", job->path, job->broken);
	return tmk_err_hint(err, "the administrator must find out why, then: "
			    "touchmark log rotate %s", job->path);
}

/* ---- one entry ---------------------------------------------------------------- */

struct writer {
	struct tmk_chain_job *job;
	struct tmk_digest digest;
	uint64_t len;
};

static int put(void *ctx, const void *data, size_t len, struct tmk_err *err)
{
	struct writer *w = ctx;

	w->len += len;
	if (tmk_digest_update(&w->digest, data, len, err) < 0)
		return -1;
	return tmk_file_write_fd(w->job->fd, data, len, w->job->path, err);
}

static int put_fields(struct writer *w, int64_t time, const char *kind,
		      struct tmk_err *err)
{
	char text[TMK_CHAIN_PREFIX + 128], when[TMK_CLOCK_TEXT];
	int n = tmk_chain_job_prefix(text, &w->job->head);

	n += snprintf(text + n, sizeof(text) - (size_t)n,
		      "\"time\":\"%s\",\"kind\":\"%s\",",
		      tmk_clock_format(when, time), kind);
	return put(w, text, (size_t)n, err);
}

/* Append one line to the open log and make it the head, in memory. */
static int write_entry(struct tmk_chain_job *job, int64_t time,
		       const char *kind,
		       const struct tmk_chain_spool *const *part, int parts,
		       struct tmk_err *err)
{
	struct writer w = { .job = job };
	uint8_t digest[TMK_DIGEST_MAX];
	size_t len = 0;
	int i, rc;

	if (tmk_digest_init(&w.digest, SHA256, err) < 0)
		return -1;
	rc = put_fields(&w, time, kind, err);
	for (i = 0; !rc && i < parts; i++)
		rc = tmk_chain_spool_copy(part[i], put, &w, err);
	if (!rc)
		rc = put(&w, "}\n", 2, err);
	if (!rc && fsync(job->fd) < 0)
		rc = tmk_err_set(err, TMK_INPUT, "cannot write %s: %s",
				 job->path, strerror(errno));
	if (rc || tmk_digest_final(&w.digest, digest, &len, err) < 0) {
		tmk_digest_release(&w.digest);
		/* else the next one finds and cuts it */
		if (ftruncate(job->fd, (off_t)job->size) < 0)
			return -1;
		return -1;
	}
	job->head.seq++;
	job->head.start = job->size;
	job->size += w.len;
	job->head.size = job->size;
	tmk_enc_hex(job->head.hash, digest, len);
	job->head.cut = 0;
	return 0;
}

/* Cut away what was left of an interrupted append. The head keeps what it
 * was until the entry about it is written. */
static int cut_tail(struct tmk_chain_job *job, struct tmk_err *err)
{
	if (job->size == job->head.size)
		return 0;
	if (tmk_chain_file_put_head(&job->head, job->path, err) < 0)
		return -1;
	if (ftruncate(job->fd, (off_t)job->head.size) < 0)
		return tmk_err_set(err, TMK_INPUT, "cannot write %s: %s",
				   job->path, strerror(errno));
	job->size = job->head.size;
	return 0;
}

static int write_recovered(struct tmk_chain_job *job, int64_t time,
			   struct tmk_err *err)
{
	struct tmk_chain_spool spool;
	const struct tmk_chain_spool *const part[] = { &spool };
	char text[160];
	int rc;

	snprintf(text, sizeof(text), "\"cut\":%" PRIu64 ",\"sha256\":\"%s\"",
		 job->head.cut, job->head.cut_hash);
	tmk_chain_spool_init(&spool, job->path);
	tmk_chain_spool_addstr(&spool, text);
	rc = tmk_chain_spool_finish(&spool, err);
	if (!rc)
		rc = write_entry(job, time, "recovered", part, 1, err);
	tmk_chain_spool_release(&spool);
	/* it stands alone: what follows may be interrupted as well */
	return rc ? rc : tmk_chain_file_put_head(&job->head, job->path, err);
}

int tmk_chain_job_recover(struct tmk_chain_job *job, int64_t time,
			  struct tmk_err *err)
{
	if (!job->head.cut)
		return 0;
	return cut_tail(job, err) < 0 ? -1 : write_recovered(job, time, err);
}

int tmk_chain_log_check(const char *path, struct tmk_err *err)
{
	struct tmk_chain_job job;
	int rc = tmk_chain_job_begin(&job, path, true, err);

	if (!rc)
		rc = tmk_chain_job_rotated(&job, tmk_clock_now(), err);
	if (!rc && job.broken[0])
		rc = refuse(&job, err);
	/* a log that begins is known from now on */
	if (!rc && job.dirty && !job.head.seq)
		rc = tmk_chain_file_put_head(&job.head, path, err);
	tmk_chain_job_release(&job);
	return rc;
}

/* Ready for the next entry: what was left by others is settled. */
static int get_ready(struct tmk_chain_job *job, const char *path, int64_t time,
		     struct tmk_err *err)
{
	int rc = tmk_chain_job_begin(job, path, true, err);

	if (!rc)
		rc = tmk_chain_job_rotated(job, time, err);
	if (!rc && job->broken[0])
		rc = refuse(job, err);
	/* what was taken up is the end from now on, whatever happens next */
	if (!rc && job->dirty && !job->head.cut)
		rc = tmk_chain_file_put_head(&job->head, path, err);
	return rc ? rc : tmk_chain_job_recover(job, time, err);
}

int tmk_chain_log_append(struct tmk_chain_head *head, const char *path,
			 int64_t time, const char *kind,
			 const struct tmk_chain_spool *const *part, int parts,
			 struct tmk_err *err)
{
	struct tmk_chain_job job;
	int rc = get_ready(&job, path, time, err);

	if (!rc)
		rc = write_entry(&job, time, kind, part, parts, err);
	if (!rc)
		rc = tmk_chain_file_put_head(&job.head, path, err);
	if (!rc && head)
		*head = job.head;
	tmk_chain_job_release(&job);
	return rc;
}

/* ---- several at once -------------------------------------------------------- */

/* The line of one entry behind those that are in `out`; `head` becomes what it
 * is with it. */
static int add_line(struct tmk_buf *out, struct tmk_chain_head *head,
		    const struct tmk_chain_entry *e, struct tmk_err *err)
{
	char prefix[TMK_CHAIN_PREFIX], when[TMK_CLOCK_TEXT];
	uint8_t digest[TMK_DIGEST_MAX];
	size_t from = out->len, len = 0;

	tmk_chain_job_prefix(prefix, head);
	if (tmk_buf_printf(out, "%s\"time\":\"%s\",\"kind\":\"%s\",", prefix,
			   tmk_clock_format(when, e->time), e->kind) < 0 ||
	    tmk_buf_add(out, e->fields, e->len) < 0 ||
	    tmk_buf_addstr(out, "}\n") < 0)
		return tmk_err_nomem(err);
	if (tmk_digest_bytes(SHA256, out->data + from, out->len - from, digest,
			     &len, err) < 0)
		return -1;
	head->seq++;
	head->start = head->size;
	head->size += out->len - from;
	tmk_enc_hex(head->hash, digest, len);
	if (e->covers)
		head->sealed = e->covers;
	return 0;
}

/* One write and one sync for all of them; all or none. */
static int put_lines(const struct tmk_chain_job *job,
		     const struct tmk_buf *lines, struct tmk_err *err)
{
	int rc = tmk_file_write_fd(job->fd, lines->data, lines->len, job->path,
				   err);

	if (!rc && fdatasync(job->fd) < 0)
		rc = tmk_err_set(err, TMK_INPUT, "cannot write %s: %s",
				 job->path, strerror(errno));
	/* else the next one finds them and cuts or takes them up */
	if (rc && ftruncate(job->fd, (off_t)job->size) < 0)
		return -1;
	return rc;
}

int tmk_chain_log_append_all(const char *path,
			     struct tmk_chain_entry *const *entry, int n,
			     struct tmk_err *err)
{
	struct tmk_buf lines = TMK_BUF_INIT(TMK_CHAIN_BATCH_BYTES);
	struct tmk_chain_head head = { 0 };
	struct tmk_chain_job job;
	int i, rc = get_ready(&job, path, entry[0]->time, err);

	head = job.head;
	for (i = 0; !rc && i < n; i++) {
		rc = add_line(&lines, &head, entry[i], err);
		entry[i]->head = head;
	}
	if (!rc)
		rc = put_lines(&job, &lines, err);
	if (!rc)
		rc = tmk_chain_file_put_head(&head, path, err);
	tmk_chain_job_release(&job);
	tmk_buf_release(&lines);
	return rc;
}
