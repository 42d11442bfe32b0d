#include "plugins/front_audit_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/file.h"
#include "plugins/front_log_files.h"
#include "plugins/front_log_line.h"
#include "plugins/front_log_open.h"

/* A timestamp that was put beside a signature later. */
struct stamp {
	uint8_t seal[32];
	int64_t time;
};

/* One reading of all files; the first collects, the second tells. */
struct job {
	const char *spki, *file;
	int (*visit)(void *ctx, const struct tmk_audit_use *use,
		     struct tmk_err *err);	/* NULL: the first */
	void *ctx;
	struct tmk_log_line *line;
	uint64_t number;	/* of the line that is kept */
	struct stamp *stamp;
	size_t stamps, stamp_room;
	struct tmk_log_open open;	/* intents of the key alone */
};

/* ---- timestamps that came later ------------------------------------------------- */

static bool read_seal(uint8_t out[32], const char *text)
{
	return !strncmp(text, "sha256:", 7) &&
		!tmk_dec_hex(out, 32, text + 7, strlen(text + 7));
}

static int add_stamp(struct job *job, struct tmk_err *err)
{
	int64_t at = tmk_log_line_number(job->line, TMK_LOG_STAMPED,
					 TMK_TIME_NONE);
	size_t room = job->stamp_room ? 2 * job->stamp_room : 256;
	struct stamp s = { .time = at }, *more;

	if (at == TMK_TIME_NONE ||
	    !read_seal(s.seal, tmk_log_line_text(job->line, TMK_LOG_SEAL)))
		return 0;
	if (job->stamps == job->stamp_room) {
		more = reallocarray(job->stamp, room, sizeof(*more));
		if (!more)
			return tmk_err_nomem(err);
		job->stamp = more;
		job->stamp_room = room;
	}
	job->stamp[job->stamps++] = s;
	return 0;
}

static int by_seal(const void *a, const void *b)
{
	const struct stamp *x = a, *y = b;
	int order = memcmp(x->seal, y->seal, sizeof(x->seal));

	return order ? order : (x->time > y->time) - (x->time < y->time);
}

/* The earliest timestamp over this seal that was recorded later. */
static int64_t find_stamp(const struct job *job, const char *seal)
{
	struct stamp want = { .time = INT64_MIN };
	size_t from = 0, to = job->stamps, at;

	if (!read_seal(want.seal, seal))
		return TMK_TIME_NONE;
	while (from < to) {
		at = from + (to - from) / 2;
		if (by_seal(&job->stamp[at], &want) < 0)
			from = at + 1;
		else
			to = at;
	}
	return from < job->stamps &&
		!memcmp(job->stamp[from].seal, want.seal, 32) ?
		job->stamp[from].time : TMK_TIME_NONE;
}

/* ---- one line ------------------------------------------------------------------- */

static int on_value(void *ctx, const struct tmk_chain_line *line,
		    const struct tmk_json_event *e, struct tmk_err *err)
{
	struct job *job = ctx;

	(void)err;
	if (job->number != line->number) {
		job->number = line->number;
		tmk_log_line_begin(job->line);
	}
	tmk_log_line_keep(job->line, e);
	return 0;
}

static bool is_ours(const struct job *job)
{
	return !strcmp(tmk_log_line_text(job->line, TMK_LOG_SPKI), job->spki);
}

static int collect(struct job *job, const struct tmk_chain_line *line,
		   struct tmk_err *err)
{
	if (!strcmp(line->kind, "stamped"))
		return add_stamp(job, err);
	if (!is_ours(job))
		return 0;
	if (!strcmp(line->kind, "intent"))
		return tmk_log_open_add(&job->open, line->seq, err);
	if (!strcmp(line->kind, "result"))
		tmk_log_open_end(&job->open, (uint64_t)tmk_log_line_number(
			job->line, TMK_LOG_INTENT, 0));
	return 0;
}

static int tell(struct job *job, const struct tmk_chain_line *line,
		struct tmk_err *err)
{
	const struct tmk_log_line *l = job->line;
	struct tmk_audit_use use = {
		.seq = line->seq, .time = line->time,
		.what = tmk_log_line_text(l, TMK_LOG_WHAT),
		.key = tmk_log_line_text(l, TMK_LOG_KEY),
		.requester = tmk_log_line_text(l, TMK_LOG_REQUESTER),
		.format = tmk_log_line_text(l, TMK_LOG_FORMAT),
		.hash = tmk_log_line_text(l, TMK_LOG_HASH),
		.digest = tmk_log_line_text(l, TMK_LOG_DIGEST),
		.artefact = tmk_log_line_text(l, TMK_LOG_ARTEFACT),
		.content = tmk_log_line_text(l, TMK_LOG_CONTENT),
		.seal = tmk_log_line_text(l, TMK_LOG_SEAL),
		.stamped = tmk_log_line_number(l, TMK_LOG_STAMPED,
					       TMK_TIME_NONE),
		.file = job->file,
	};

	if (!is_ours(job))
		return 0;
	use.sure = !strcmp(line->kind, "result") &&
		!strcmp(tmk_log_line_text(l, TMK_LOG_STATUS), "ok");
	if (!use.sure &&
	    (strcmp(line->kind, "intent") ||
	     !tmk_log_open_has(&job->open, line->seq)))
		return 0;
	if (!*use.requester)
		use.requester = tmk_log_line_text(l, TMK_LOG_USER);
	if (use.stamped == TMK_TIME_NONE)
		use.stamped = find_stamp(job, use.seal);
	return job->visit(job->ctx, &use, err);
}

static int on_line(void *ctx, const struct tmk_chain_line *line,
		   struct tmk_err *err)
{
	struct job *job = ctx;

	if (job->number != line->number)
		tmk_log_line_begin(job->line);
	job->number = 0;
	return job->visit ? tell(job, line, err) : collect(job, line, err);
}

/* ---- all files --------------------------------------------------------------------- */

/* The oldest first. 0, or 1 when the chain breaks in file *at. */
static int read_all(struct job *job, const struct tmk_front_log_files *files,
		    struct tmk_chain_report *report, int *at,
		    struct tmk_err *err)
{
	const struct tmk_chain_visit visit = { job, on_value, on_line };
	struct tmk_chain_report now;
	int i, rc;

	for (i = files->n - 1; i >= 0; i--) {
		job->file = files->path[i];
		job->number = 0;
		*at = i;
		rc = tmk_chain_log_read(&now, job->file, &visit, err);
		if (!rc && i < files->n - 1 &&
		    !tmk_front_log_files_join(report, &now)) {
			*at = i + 1;
			return 1;
		}
		*report = now;
		if (rc)
			return rc;
	}
	return 0;
}

static bool has_begun(const char *path)
{
	char *head = NULL;
	bool begun = tmk_file_exists(path);

	if (!begun && asprintf(&head, "%s.head", path) >= 0)
		begun = tmk_file_exists(head);
	free(head);
	return begun;
}

int tmk_front_audit_list(const char *path, const char *spki,
			 int (*visit)(void *ctx,
				      const struct tmk_audit_use *use,
				      struct tmk_err *err),
			 void *ctx, struct tmk_chain_report *report,
			 char **where, struct tmk_err *err)
{
	struct tmk_front_log_files files = { .path = NULL };
	struct job job = { .spki = spki, .ctx = ctx };
	int rc, at = 0;

	if (!has_begun(path))
		return 0;
	if (tmk_front_log_files(&files, path, err))
		return -1;
	rc = tmk_log_line_new(&job.line, err);
	if (!rc)
		rc = read_all(&job, &files, report, &at, err);
	if (rc >= 0) {
		if (job.stamps)
			qsort(job.stamp, job.stamps, sizeof(*job.stamp),
			      by_seal);
		job.visit = visit;
		rc = read_all(&job, &files, report, &at, err);
	}
	if (rc > 0) {
		*where = strdup(files.path[at]);
		if (!*where)
			rc = tmk_err_nomem(err);
	}
	tmk_front_log_files_release(&files);
	free(job.line);
	free(job.stamp);
	tmk_log_open_release(&job.open);
	return rc;
}
