/*
 * chain_log.c - appending to a hash-chained log, and rotating it.
 *
 * The order of one append is what makes a crash harmless: the line is written
 * and synced, then FILE.head is renamed into place, then the caller hears of
 * it. So whatever stands behind the size in FILE.head was never acknowledged:
 * a whole entry there is taken up, anything else is cut away, and the next
 * entry but one says so.
 */
#include "core/chain_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/file.h"
#include "base/json.h"
#include "x509/digest.h"

#define SHA256 1		/* enum tmk_hash */
#define PREFIX_MAX 256		/* bytes of the four fields */
#define ROTATE_MAX 4096		/* bytes of a first entry */

/* One log, locked. */
struct job {
	const char *path;
	int lock, fd;
	uint64_t size;		/* of the file */
	bool known;		/* there is a head that can be read */
	bool headed;		/* there is one */
	bool dirty;		/* the head in memory is newer */
	struct tmk_chain_head head;
	char broken[300];	/* why nothing may be appended; or "" */
};

static void job_release(struct job *job)
{
	if (job->fd >= 0)
		close(job->fd);
	if (job->lock >= 0)
		close(job->lock);
}

static int broken(struct job *job, const char *text)
{
	snprintf(job->broken, sizeof(job->broken), "%s", text);
	return 0;
}

/* The error that `broken` is for everyone but a rotation. */
static int refuse(const struct job *job, struct tmk_err *err)
{
	tmk_err_set(err, TMK_REFUSED, "%s: %s", job->path, job->broken);
	return tmk_err_hint(err, "the administrator must find out why, then: "
			    "touchmark log rotate %s", job->path);
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
static int next_prefix(char out[PREFIX_MAX], const struct tmk_chain_head *head)
{
	return snprintf(out, PREFIX_MAX, "{\"seq\":%" PRIu64 ",\"prev\":\"%s\""
			",", head->seq + 1, head->hash);
}

/* What a look at the bytes behind the head tells. */
struct tail {
	uint64_t newlines;
	bool closed;		/* the last byte is a newline */
	bool follows;		/* it is JSON, and begins as the next entry */
	char hash[TMK_CHAIN_HEX];
};

static int look_at_tail(struct tail *t, const struct job *job, uint64_t from,
			struct tmk_err *err)
{
	struct tmk_json_scan scan;
	char want[PREFIX_MAX], piece[8192];
	size_t len = (size_t)next_prefix(want, &job->head), i;
	uint64_t at = from;
	bool json = true;

	memset(t, 0, sizeof(*t));
	t->follows = true;
	tmk_json_scan_init(&scan, NULL, NULL);
	while (at < job->size) {
		ssize_t n = pread(job->fd, piece, sizeof(piece), (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return tmk_err_set(err, TMK_INPUT, "%s: %s", job->path,
					   n ? strerror(errno) :
					   "it became shorter");
		if (at == from)
			t->follows = (size_t)n > len &&
				!memcmp(piece, want, len);
		for (i = 0; i < (size_t)n; i++)
			t->newlines += piece[i] == '\n';
		t->closed = piece[n - 1] == '\n';
		if (json && t->newlines <= 1)
			json = tmk_json_scan_feed(&scan, piece,
				(size_t)n - (t->closed ? 1 : 0)) == 0;
		at += (uint64_t)n;
	}
	t->follows = t->follows && json && tmk_json_scan_end(&scan) == 0;
	return tmk_chain_file_hash(t->hash, job->fd, from, job->size,
				   job->path, err);
}

/* What stands behind the head was being appended when somebody died. */
static int settle_tail(struct job *job, uint64_t from, struct tmk_err *err)
{
	struct tail t;

	if (look_at_tail(&t, job, from, err) < 0)
		return -1;
	if (t.newlines > 1 || (t.newlines && !t.closed))
		return broken(job, "something else was appended to it");
	if (t.closed && t.follows) {
		job->head.seq++;
		job->head.start = from;
		job->head.size = job->size;
		memcpy(job->head.hash, t.hash, sizeof(t.hash));
		job->head.cut = 0;	/* it was the entry about that */
		job->dirty = true;
		return 0;
	}
	job->head.cut = job->size - from;
	memcpy(job->head.cut_hash, t.hash, sizeof(t.hash));
	job->dirty = true;
	return 0;
}

/* A rotation was interrupted behind its last rename: the log is one entry
 * long and FILE.head is still that of the one before. */
static int settle_rotation(struct job *job, struct tmk_err *err)
{
	struct tail t;

	if (look_at_tail(&t, job, 0, err) < 0)
		return -1;
	if (t.newlines != 1 || !t.closed || !t.follows)
		return 1;
	return settle_tail(job, 0, err);
}

/* Hold the end of the log against its head. */
static int settle(struct job *job, struct tmk_err *err)
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
static int begin(struct job *job, const char *path, bool make,
		 struct tmk_err *err)
{
	int rc;

	*job = (struct job){ .path = path, .lock = -1, .fd = -1 };
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

/* ---- one entry ---------------------------------------------------------------- */

struct writer {
	struct job *job;
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
	char text[PREFIX_MAX + 128], when[TMK_CLOCK_TEXT];
	int n = next_prefix(text, &w->job->head);

	n += snprintf(text + n, sizeof(text) - (size_t)n,
		      "\"time\":\"%s\",\"kind\":\"%s\",",
		      tmk_clock_format(when, time), kind);
	return put(w, text, (size_t)n, err);
}

/* Append one line to the open log and make it the head, in memory. */
static int write_entry(struct job *job, int64_t time, const char *kind,
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
static int cut_tail(struct job *job, struct tmk_err *err)
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

static int write_recovered(struct job *job, int64_t time, struct tmk_err *err)
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

static int recover(struct job *job, int64_t time, struct tmk_err *err)
{
	if (!job->head.cut)
		return 0;
	return cut_tail(job, err) < 0 ? -1 : write_recovered(job, time, err);
}

int tmk_chain_log_check(const char *path, struct tmk_err *err)
{
	struct job job;
	int rc = begin(&job, path, true, err);

	if (!rc && job.broken[0])
		rc = refuse(&job, err);
	/* a log that begins is known from now on */
	if (!rc && job.dirty && !job.head.seq)
		rc = tmk_chain_file_put_head(&job.head, path, err);
	job_release(&job);
	return rc;
}

int tmk_chain_log_append(struct tmk_chain_head *head, const char *path,
			 int64_t time, const char *kind,
			 const struct tmk_chain_spool *const *part, int parts,
			 struct tmk_err *err)
{
	struct job job;
	int rc = begin(&job, path, true, err);

	if (!rc && job.broken[0])
		rc = refuse(&job, err);
	/* what was taken up is the end from now on, whatever happens next */
	if (!rc && job.dirty && !job.head.cut)
		rc = tmk_chain_file_put_head(&job.head, path, err);
	if (!rc)
		rc = recover(&job, time, err);
	if (!rc)
		rc = write_entry(&job, time, kind, part, parts, err);
	if (!rc)
		rc = tmk_chain_file_put_head(&job.head, path, err);
	if (!rc && head)
		*head = job.head;
	job_release(&job);
	return rc;
}

/* ---- rotation ------------------------------------------------------------------- */

/* The first entry of the new log. */
static int first_entry(struct tmk_buf *out, const struct job *job,
		       const char *from, int64_t time)
{
	const char *slash = from ? strrchr(from, '/') : NULL;
	char when[TMK_CLOCK_TEXT];
	struct tmk_json j;

	tmk_json_init(&j, out);
	tmk_json_open_object(&j, NULL);
	tmk_json_int(&j, "seq", (int64_t)job->head.seq + 1);
	tmk_json_string(&j, "prev", job->head.hash);
	tmk_json_string(&j, "time", tmk_clock_format(when, time));
	tmk_json_string(&j, "kind", "rotate");
	tmk_json_string(&j, "from", slash ? slash + 1 : from);
	tmk_json_string(&j, "broken", job->broken[0] ? job->broken : NULL);
	tmk_json_close_object(&j);
	return tmk_json_finish(&j);
}

/* Without a head the last whole line tells where the chain goes on. */
static int find_head(struct job *job, struct tmk_err *err)
{
	struct tmk_chain_report report;

	if (job->known)
		return 0;
	memcpy(job->head.hash, TMK_CHAIN_ZERO, TMK_CHAIN_HEX);
	if (job->fd < 0)
		return 0;
	if (tmk_chain_file_read(&report, job->fd, job->size, NULL, job->path,
				NULL, err) < 0)
		return -1;
	if (report.lines) {
		job->head.seq = report.last.seq;
		memcpy(job->head.hash, report.last.hash, TMK_CHAIN_HEX);
	}
	return 0;
}

/* The log is gone, but FILE.N is what its head describes: a rotation was
 * interrupted between two renames. */
static int find_moved(struct job *job, char **from, unsigned int highest,
		      struct tmk_err *err)
{
	struct tmk_chain_head head = { 0 };
	struct tmk_err ignored = TMK_ERR_INIT;
	uint64_t size = 0;
	char *name = NULL;
	int fd = -1;

	if (!highest || !job->known)
		return 0;
	if (asprintf(&name, "%s.%u", job->path, highest) < 0)
		return tmk_err_nomem(err);
	if (tmk_chain_file_head(&head, name, &ignored) == 0 &&
	    head.seq == job->head.seq && !strcmp(head.hash, job->head.hash) &&
	    tmk_chain_file_open(&fd, &size, name, false, false,
				&ignored) == 0 && size == head.size) {
		job->broken[0] = '\0';
		*from = name;
		name = NULL;
	}
	if (fd >= 0)
		close(fd);
	free(name);
	return 0;
}

/* Give the old log and its head their new names. */
static int move_old(char **moved, struct job *job, unsigned int highest,
		    struct tmk_err *err)
{
	char *name = NULL;

	if (asprintf(&name, "%s.%u", job->path, highest + 1) < 0)
		return tmk_err_nomem(err);
	if (job->known &&
	    tmk_chain_file_put_head(&job->head, name, err) < 0)
		goto fail;
	if (rename(job->path, name) < 0) {
		tmk_err_set(err, TMK_INPUT, "cannot rename %s: %s", job->path,
			    strerror(errno));
		goto fail;
	}
	*moved = name;
	return 0;
fail:
	free(name);
	return -1;
}

static int write_new(struct job *job, const char *from, int64_t time,
		     struct tmk_err *err)
{
	struct tmk_buf line = TMK_BUF_INIT(ROTATE_MAX);
	uint8_t digest[TMK_DIGEST_MAX];
	size_t len = 0;
	int rc = -1;

	if (first_entry(&line, job, from, time) < 0)
		tmk_err_nomem(err);
	else if (!tmk_digest_bytes(SHA256, line.data, line.len, digest, &len,
				   err))
		rc = tmk_file_write(job->path, 0600, line.data, line.len,
				    err);
	if (!rc) {
		job->head = (struct tmk_chain_head){
			.seq = job->head.seq + 1, .size = line.len
		};
		tmk_enc_hex(job->head.hash, digest, len);
		rc = tmk_chain_file_put_head(&job->head, job->path, err);
	}
	tmk_buf_release(&line);
	return rc;
}

int tmk_chain_log_rotate(char **moved, char *why, size_t size,
			 const char *path, int64_t time, struct tmk_err *err)
{
	unsigned int highest = 0;
	char *name = NULL, *from = NULL;
	struct job job;
	int rc = begin(&job, path, false, err);

	if (!rc && job.fd < 0 && !job.known && !job.headed)
		rc = tmk_err_set(err, TMK_INPUT, "%s: there is no log", path);
	if (!rc && !job.broken[0] && job.dirty && !job.head.cut)
		rc = tmk_chain_file_put_head(&job.head, path, err);
	if (!rc && !job.broken[0])
		rc = recover(&job, time, err);
	if (!rc)
		rc = find_head(&job, err);
	if (!rc)
		rc = tmk_chain_file_number(&highest, path, err);
	if (!rc)
		rc = job.fd >= 0 ? move_old(&name, &job, highest, err) :
			find_moved(&job, &from, highest, err);
	if (!rc)
		rc = write_new(&job, name ? name : from, time, err);
	if (!rc) {
		*moved = name;
		name = NULL;
		if (why)
			snprintf(why, size, "%s", job.broken);
	}
	free(name);
	free(from);
	job_release(&job);
	return rc;
}
