/*
 * chain_log_read.c - reading a hash-chained log from its first line, in
 * constant memory.
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
#include "x509/digest.h"

#define SHA256 1		/* enum tmk_hash */
#define PIECE 65536

/* One reading. */
struct job {
	const struct tmk_chain_visit *visit;
	struct tmk_chain_report *report;
	struct tmk_chain_line line;	/* that is being read */
	struct tmk_json_scan scan;
	struct tmk_digest digest;
	bool open;		/* `line` has begun */
	const struct tmk_chain_head *head;	/* NULL: none */
	bool met;		/* the line that it tells of */
	bool stopped;		/* by the visitor, with err */
	int fd;
	const char *fault;	/* why the line is no entry */
	struct tmk_err *err;
};

/* ---- one value of a line ---------------------------------------------------- */

static bool is_hash(const struct tmk_json_event *e)
{
	return e->kind == TMK_JSON_STRING && e->len == TMK_CHAIN_HEX - 1 &&
		strspn(e->text, "0123456789abcdef") == e->len;
}

static bool is_kind(const struct tmk_json_event *e)
{
	return e->kind == TMK_JSON_STRING && e->len &&
		e->len < TMK_CHAIN_KIND &&
		strspn(e->text, "abcdefghijklmnopqrstuvwxyz-") == e->len;
}

/* The time as we write it, and in no other form. */
static bool take_time(struct tmk_chain_line *line,
		      const struct tmk_json_event *e)
{
	char again[TMK_CLOCK_TEXT];
	struct tmk_err err = TMK_ERR_INIT;

	return e->kind == TMK_JSON_STRING &&
		tmk_clock_parse(&line->time, e->text, &err) == 0 &&
		!strcmp(tmk_clock_format(again, line->time), e->text);
}

/* The four fields that every entry begins with, in their order. */
static bool take_field(struct tmk_chain_line *line,
		       const struct tmk_json_event *e)
{
	static const char *const names[TMK_CHAIN_FIELDS] = {
		"seq", "prev", "time", "kind"
	};
	int n = line->fields++;

	if (e->depth != 1 || strcmp(e->key, names[n]))
		return false;
	switch (n) {
	case 0:
		line->seq = (uint64_t)e->number;
		return e->kind == TMK_JSON_NUMBER && e->number > 0;
	case 1:
		if (is_hash(e))
			memcpy(line->prev, e->text, TMK_CHAIN_HEX);
		return is_hash(e);
	case 2:
		return take_time(line, e);
	default:
		if (is_kind(e))
			memcpy(line->kind, e->text, e->len + 1);
		return is_kind(e);
	}
}

/* Where a log that goes on from another one says so. */
static void take_rotation(struct tmk_chain_report *r,
			  const struct tmk_json_event *e)
{
	if (e->depth != 1 || e->kind != TMK_JSON_STRING)
		return;
	if (!strcmp(e->key, "from"))
		tmk_enc_show_into(r->from, sizeof(r->from), e->text, e->len);
	if (!strcmp(e->key, "broken"))
		tmk_enc_show_into(r->was_broken, sizeof(r->was_broken),
				  e->text, e->len);
}

static int on_value(void *ctx, const struct tmk_json_event *e)
{
	struct job *job = ctx;
	struct tmk_chain_line *line = &job->line;

	if (e->depth == 0)
		return 0;
	if (line->fields < TMK_CHAIN_FIELDS)
		return take_field(line, e) ? 0 : -1;
	if (line->number == 1 && !strcmp(line->kind, "rotate"))
		take_rotation(job->report, e);
	if (job->visit && job->visit->value &&
	    job->visit->value(job->visit->ctx, line, e, job->err) < 0) {
		job->stopped = true;
		return -1;
	}
	return 0;
}

/* ---- one line --------------------------------------------------------------------- */

static int begin_line(struct job *job, uint64_t start)
{
	memset(&job->line, 0, sizeof(job->line));
	job->line.number = job->report->lines + 1;
	job->line.start = start;
	job->line.fd = job->fd;
	job->fault = NULL;
	tmk_json_scan_init(&job->scan, on_value, job);
	if (tmk_digest_init(&job->digest, SHA256, job->err) < 0)
		return -1;
	job->open = true;
	return 0;
}

/* Why this line does not follow the one before; NULL: it does. */
static const char *out_of_order(const struct tmk_chain_report *r,
				const struct tmk_chain_line *line)
{
	if (line->number > 1 && line->seq != r->last.seq + 1)
		return "its number does not follow the one before";
	if (line->number > 1 && strcmp(line->prev, r->last.hash))
		return "the line before it was changed";
	if (line->number > 1)
		return strcmp(line->kind, "rotate") ? NULL :
			"a log begins in the middle of another one";
	if (!strcmp(line->kind, "rotate"))
		return NULL;
	if (line->seq != 1)
		return "what stood before it is gone";
	return strcmp(line->prev, TMK_CHAIN_ZERO) ?
		"it does not begin a log" : NULL;
}

/* The newline: 0 when the line follows, 1 when the chain breaks here. */
static int end_line(struct job *job)
{
	struct tmk_chain_report *r = job->report;
	uint8_t digest[TMK_DIGEST_MAX];
	size_t len = 0;
	const char *why = job->fault;

	job->open = false;
	if (tmk_digest_final(&job->digest, digest, &len, job->err) < 0)
		return -1;
	tmk_enc_hex(job->line.hash, digest, len);
	if (!why && (tmk_json_scan_end(&job->scan) < 0 ||
		     job->line.fields != TMK_CHAIN_FIELDS))
		why = "it is no entry";
	if (!why)
		why = out_of_order(r, &job->line);
	if (why) {
		r->broken = job->line.number;
		snprintf(r->text, sizeof(r->text), "%s", why);
		return 1;
	}
	if (job->visit && job->visit->line &&
	    job->visit->line(job->visit->ctx, &job->line, job->err) < 0)
		return -1;
	if (job->head && job->line.seq == job->head->seq)
		job->met = !strcmp(job->line.hash, job->head->hash);
	if (!r->lines++)
		r->first = job->line;
	r->last = job->line;
	return 0;
}

/* A run of bytes of one line; `closed`: its newline is the last of them. */
static int feed_line(struct job *job, const char *data, size_t len,
		     bool closed, uint64_t at)
{
	if (!job->open && begin_line(job, at) < 0)
		return -1;
	job->line.len += len;
	if (tmk_digest_update(&job->digest, data, len, job->err) < 0)
		return -1;
	if (!job->fault &&
	    tmk_json_scan_feed(&job->scan, data, len - closed) < 0) {
		if (job->stopped)
			return -1;
		job->fault = "it is no entry";
	}
	return closed ? end_line(job) : 0;
}

static int feed(struct job *job, const char *data, size_t len, uint64_t at)
{
	while (len) {
		const char *end = memchr(data, '\n', len);
		size_t n = end ? (size_t)(end - data) + 1 : len;
		int rc = feed_line(job, data, n, end != NULL, at);

		if (rc)
			return rc;
		data += n;
		len -= n;
		at += n;
	}
	return 0;
}

/* ---- the whole --------------------------------------------------------------------- */

static int breaks(struct tmk_chain_report *r, uint64_t line, const char *why)
{
	r->broken = line;
	snprintf(r->text, sizeof(r->text), "%s", why);
	return 1;
}

/* The line that the head tells of is there; what stands behind it was
 * appended by somebody who was interrupted before he said so. */
static int hold_against(const struct job *job)
{
	const struct tmk_chain_head *head = job->head;
	struct tmk_chain_report *r = job->report;
	/* A log that has just begun, or a rotation that was interrupted. */
	bool ahead = head->seq + 1 == r->first.seq &&
		!strcmp(head->hash, r->first.prev);

	if (job->met || ahead)
		return 0;
	if (head->seq > r->last.seq)
		return breaks(r, r->lines + 1, "the end was cut off");
	return breaks(r, r->lines, "it is not what its head tells of");
}

static int read_all(struct job *job, int fd, uint64_t end, const char *path)
{
	char piece[PIECE];
	uint64_t at = 0;
	int rc;

	while (at < end) {
		size_t want = end - at < PIECE ? (size_t)(end - at) : PIECE;
		ssize_t n = pread(fd, piece, want, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return tmk_err_set(job->err, TMK_INPUT, "%s: %s", path,
					   n ? strerror(errno) :
					   "it became shorter while it was "
					   "read");
		rc = feed(job, piece, (size_t)n, at);
		if (rc)
			return rc;
		at += (uint64_t)n;
	}
	if (job->open)
		return breaks(job->report, job->line.number, "it is cut off "
			      "in the middle: an append was interrupted");
	return job->report->lines ? 0 : breaks(job->report, 1,
					       "the log is empty");
}

int tmk_chain_file_read(struct tmk_chain_report *report, int fd, uint64_t end,
			const struct tmk_chain_head *head, const char *path,
			const struct tmk_chain_visit *visit,
			struct tmk_err *err)
{
	struct job *job = calloc(1, sizeof(*job));
	int rc;

	if (!job)
		return tmk_err_nomem(err);
	memset(report, 0, sizeof(*report));
	job->visit = visit;
	job->fd = fd;
	job->report = report;
	job->head = head;
	job->err = err;
	rc = read_all(job, fd, end, path);
	if (!rc && head)
		rc = hold_against(job);
	tmk_digest_release(&job->digest);
	free(job);
	return rc;
}

int tmk_chain_log_read(struct tmk_chain_report *report, const char *path,
		       const struct tmk_chain_visit *visit,
		       struct tmk_err *err)
{
	struct tmk_chain_head head = { 0 };
	struct tmk_err why = TMK_ERR_INIT;
	int lock = -1, fd = -1, have, rc;
	uint64_t size = 0;

	if (tmk_chain_file_lock(&lock, path, true, err) < 0)
		return -1;
	have = tmk_chain_file_head(&head, path, &why);
	rc = tmk_chain_file_open(&fd, &size, path, false, false, err);
	/* what is there now is not touched any more, only appended to */
	if (lock >= 0)
		close(lock);
	memset(report, 0, sizeof(*report));
	if (have < 0 && why.code != TMK_REFUSED && rc >= 0) {
		*err = why;
		rc = -1;
	} else if (rc > 0) {
		report->nothing = have > 0;
		rc = breaks(report, 1, "there is no log");
	} else if (!rc) {
		rc = tmk_chain_file_read(report, fd, size, have ? NULL : &head,
					 path, visit, err);
	}
	if (!rc && have)
		rc = breaks(report, report->lines + 1, have > 0 ? "its head, "
			    "which tells where it ends, is gone" :
			    "its head is not what was written");
	if (fd >= 0)
		close(fd);
	return rc;
}
