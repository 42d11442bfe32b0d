/*
 * front_log.c - which entries are meant, of a log and of the rotated ones that
 * it goes on from, the oldest first.
 */
#include "plugins/front_log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/enc.h"
#include "plugins/front_log_files.h"
#include "plugins/front_log_open.h"

#define PIECE 65536
#define OID_PREFIX 7		/* digits that name an object */

struct job {
	const char *path;
	const struct tmk_front_log_filter *filter;
	uint64_t line;		/* that is being read */
	bool key, artefact;	/* were found in it */
	bool in_oids;
	uint64_t intent;	/* the number that stands in it; or 0 */
	struct tmk_log_open open;	/* intents without a result */
	uint64_t last;		/* number of the last intent */
	struct tmk_chain_report before;	/* the log before this one, whole */
	bool follows;		/* there is one */
	bool apart;		/* this one does not go on from it */
};

static bool is_key(const struct tmk_json_event *e, const char *want)
{
	static const char *const fields[] = {
		"key", "who", "fingerprint", "spki"
	};
	const char *text = e->text;
	size_t i;

	for (i = 0; i < 4 && strcmp(fields[i], e->key); i++)
		;
	if (i == 4)
		return false;
	if (!strncmp(want, "sha256:", 7))
		want += 7;
	if (!strncmp(text, "sha256:", 7))
		text += 7;
	return !strcmp(text, want);
}

static bool is_artefact(const struct job *job, const struct tmk_json_event *e)
{
	static const char *const fields[] = {
		"ref", "old", "new", "pushCertificate", "artefact", "file",
		"digest"
	};
	const char *want = job->filter->artefact;
	size_t i, len = strlen(want);

	for (i = 0; i < 7 && strcmp(fields[i], e->key); i++)
		;
	if (i == 7 && !(job->in_oids && !*e->key))
		return false;
	if (!strcmp(e->text, want))
		return true;
	return len >= OID_PREFIX && !strncmp(e->text, want, len) &&
		(e->len == 40 || e->len == 64) &&
		strspn(e->text, "0123456789abcdef") == e->len;
}

static int on_value(void *ctx, const struct tmk_chain_line *line,
		    const struct tmk_json_event *e, struct tmk_err *err)
{
	struct job *job = ctx;

	(void)err;
	if (job->line != line->number) {
		job->line = line->number;
		job->key = job->artefact = job->in_oids = false;
	}
	if (e->kind == TMK_JSON_ARRAY)
		job->in_oids = !strcmp(e->key, "oids");
	if (e->kind == TMK_JSON_END)
		job->in_oids = false;
	if (e->kind != TMK_JSON_STRING)
		return 0;
	if (job->filter->key && is_key(e, job->filter->key))
		job->key = true;
	if (job->filter->artefact && is_artefact(job, e))
		job->artefact = true;
	return 0;
}

/* The bytes of the line, as they are: nothing in them can leave a string. */
static int copy(const struct job *job, const struct tmk_chain_line *line,
		struct tmk_err *err)
{
	uint64_t at = line->start, end = line->start + line->len;
	char piece[PIECE];

	while (at < end) {
		size_t want = end - at < PIECE ? (size_t)(end - at) : PIECE;
		ssize_t n = pread(line->fd, piece, want, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return tmk_err_set(err, TMK_INPUT, "%s: %s", job->path,
					   n ? strerror(errno) :
					   "it became shorter");
		if (fwrite(piece, 1, (size_t)n, stdout) != (size_t)n)
			return tmk_err_set(err, TMK_INPUT,
					   "standard output: %s",
					   strerror(errno));
		at += (uint64_t)n;
	}
	return 0;
}

/* This first line must follow the last one of the log before. What does not is
 * shown all the same: there the record has a gap. */
static void check_join(struct job *job, const struct tmk_chain_line *line)
{
	struct tmk_chain_report now = { .first = *line };
	char name[1024];

	job->apart = !tmk_front_log_files_join(&job->before, &now);
	if (!job->apart)
		return;
	fflush(stdout);
	fprintf(stderr, "touchmark: warning: %s does not go on from the last "
		"entry of the log before\n",
		tmk_enc_line_into(name, sizeof(name), job->path,
				  strlen(job->path)));
}

static int on_line(void *ctx, const struct tmk_chain_line *line,
		   struct tmk_err *err)
{
	struct job *job = ctx;
	const struct tmk_front_log_filter *f = job->filter;

	if (job->line != line->number)
		job->key = job->artefact = false;
	if (line->number == 1 && job->follows)
		check_join(job, line);
	if ((f->since != TMK_TIME_NONE && line->time < f->since) ||
	    (f->kind && strcmp(f->kind, line->kind)) ||
	    (f->key && !job->key) || (f->artefact && !job->artefact))
		return 0;
	return f->json ? copy(job, line, err) :
		tmk_front_log_print(line, tmk_log_open_has(&job->open,
							   line->seq),
				    job->path, err);
}

/* ---- what has no result ---------------------------------------------------- */

static int on_intent(void *ctx, const struct tmk_chain_line *line,
		     const struct tmk_json_event *e, struct tmk_err *err)
{
	struct job *job = ctx;

	(void)err;
	if (job->line != line->number) {
		job->line = line->number;
		job->intent = 0;
	}
	if (e->depth == 1 && e->kind == TMK_JSON_NUMBER && e->number > 0 &&
	    !strcmp(e->key, "intent"))
		job->intent = (uint64_t)e->number;
	return 0;
}

static int on_end(void *ctx, const struct tmk_chain_line *line,
		  struct tmk_err *err)
{
	struct job *job = ctx;

	/* Numbers ascend, in logs that go on from each other. */
	if (!strcmp(line->kind, "intent") && line->seq > job->last) {
		job->last = line->seq;
		return tmk_log_open_add(&job->open, line->seq, err);
	}
	if (!strcmp(line->kind, "result") && job->line == line->number)
		tmk_log_open_end(&job->open, job->intent);
	return 0;
}

/* Find them in all of them. A log that cannot be read is told of when it is to
 * be shown. */
static int look_for_open(struct job *job,
			 const struct tmk_front_log_files *files,
			 struct tmk_err *err)
{
	const struct tmk_chain_visit look = { job, on_intent, on_end };
	struct tmk_chain_report report;
	int i;

	for (i = files->n - 1; i >= 0; i--) {
		struct tmk_err why = TMK_ERR_INIT;

		job->line = 0;
		if (tmk_chain_log_read(&report, files->path[i], &look,
				       &why) < 0 && why.code == TMK_INTERNAL)
			return tmk_err_set(err, TMK_INTERNAL, "%s", why.text);
	}
	return 0;
}

/* ---- all of them ------------------------------------------------------------- */

/* Returns the exit code, with `err`. */
static int show_one(struct job *job, const char *path, struct tmk_err *err)
{
	const struct tmk_chain_visit visit = { job, on_value, on_line };
	struct tmk_chain_report report;
	int rc;

	job->path = path;
	job->line = 0;
	job->apart = false;
	rc = tmk_chain_log_read(&report, path, &visit, err);
	job->follows = !rc;
	if (!rc)
		job->before = report;
	return rc < 0 ? err->code :
		rc ? tmk_front_log_breaks(path, &report, err) : TMK_OK;
}

/* What is wrong with an old log hides no newer one. Returns the exit code. */
static int show_all(struct job *job, const struct tmk_front_log_files *files,
		    struct tmk_err *err)
{
	int i, code = TMK_OK, worst = TMK_OK;

	for (i = files->n - 1; i >= 0; i--) {
		struct tmk_err why = TMK_ERR_INIT;

		code = show_one(job, files->path[i], &why);
		if (job->apart && !worst)
			worst = TMK_REFUSED;
		if (!code)
			continue;
		if (!i || code == TMK_INTERNAL || ferror(stdout)) {
			*err = why;
			return code;
		}
		fflush(stdout);
		fprintf(stderr, "touchmark: warning: %s; the next log "
			"follows\n", why.text);
		worst = code > worst ? code : worst;
	}
	if (!worst)
		return TMK_OK;
	tmk_err_set(err, worst, "%s: not all that it goes on from is whole",
		    files->path[0]);
	tmk_err_hint(err, "touchmark log verify tells where it breaks");
	return worst;
}

int tmk_front_log_show(const char *path,
		       const struct tmk_front_log_filter *filter,
		       struct tmk_err *err)
{
	struct job job = { .path = path, .filter = filter };
	struct tmk_front_log_files files = { .path = NULL };
	int code;

	if (tmk_front_log_files(&files, path, err))
		return err->code;
	/* The first one stands for itself. */
	if (filter->alone)
		tmk_front_log_files_first(&files);
	code = !filter->json && look_for_open(&job, &files, err) ? err->code :
		show_all(&job, &files, err);
	tmk_log_open_release(&job.open);
	tmk_front_log_files_release(&files);
	return code;
}
