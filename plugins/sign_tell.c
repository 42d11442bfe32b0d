#include "plugins/sign_tell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "plugins/front_file.h"
#include "plugins/front_report.h"

#define LINE_MAX_BYTES 16384

static void add_fingerprint(struct tmk_json *j, const struct tmk_sign_want *w)
{
	if (w->seal->format == TMK_FORMAT_X509)
		tmk_front_report_fingerprint(j, w->made.fingerprint);
	else
		tmk_json_string(j, "fingerprint", w->made.fingerprint);
}

/* A file that was replaced is called as it was named. */
static const char *shown(const struct tmk_sign_job *job,
			 const struct tmk_sign_output *o)
{
	return o->path[0] == '/' && tmk_front_file_same(job->file, o->path) ?
		job->file : o->path;
}

static int tell_json(FILE *to, const struct tmk_sign_job *job,
		     const struct tmk_sign_output *o, struct tmk_err *err)
{
	const struct tmk_sign_want *w = &job->want[o->want];
	struct tmk_buf line = TMK_BUF_INIT(LINE_MAX_BYTES);
	char when[TMK_CLOCK_TEXT];
	struct tmk_json j;
	int rc;

	tmk_json_init(&j, &line);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "file", job->file);
	tmk_json_string(&j, "status", "signed");
	tmk_json_string(&j, "type", w->type);
	tmk_json_string(&j, "signature", shown(job, o));
	tmk_json_string(&j, "signer", w->made.signer);
	add_fingerprint(&j, w);
	tmk_json_string(&j, "time", tmk_clock_format(when, w->made.time));
	tmk_json_bool(&j, "stamped", w->made.stamped);
	tmk_json_close_object(&j);
	rc = tmk_front_report_json(to, &j, err);
	tmk_buf_release(&line);
	return rc;
}

static int tell_output(FILE *to, const struct tmk_sign_job *job,
		       const struct tmk_sign_output *o, struct tmk_err *err)
{
	const struct tmk_answer *a = &job->want[o->want].made;

	if (job->options->json)
		return tell_json(to, job, o, err);
	return tmk_front_report_line(to, err, "%s: signed by %s, %s, in %s",
		tmk_front_file_name(job->file), a->signer,
		a->stamped ? "timestamped" : "no timestamp",
		strcmp(o->path, "-") ? shown(job, o) : "standard output");
}

/* Whether it has a line of its own in this call. */
static bool is_named(const struct tmk_sign_job *job, const char *path)
{
	int i;

	for (i = 0; i < job->options->files; i++)
		if (!strcmp(job->options->file[i], path))
			return true;
	return false;
}

/* A file that was not signed itself, but names by hash what was. */
static int tell_updated(FILE *to, const struct tmk_sign_job *job,
			const struct tmk_sign_output *o, struct tmk_err *err)
{
	struct tmk_buf line = TMK_BUF_INIT(LINE_MAX_BYTES);
	struct tmk_json j;
	int rc;

	if (!job->options->json)
		return tmk_front_report_line(to, err, "%s: updated, for it "
			"names what was signed; unsigned", shown(job, o));
	tmk_json_init(&j, &line);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "file", shown(job, o));
	tmk_json_string(&j, "status", "updated");
	tmk_json_string(&j, "text", "it names what was signed; unsigned");
	tmk_json_close_object(&j);
	rc = tmk_front_report_json(to, &j, err);
	tmk_buf_release(&line);
	return rc;
}

int tmk_sign_tell_left(FILE *to, const char *file, bool json, const char *why,
		       struct tmk_err *err)
{
	struct tmk_buf line = TMK_BUF_INIT(LINE_MAX_BYTES);
	struct tmk_json j;
	int rc;

	if (!json)
		return tmk_front_report_line(to, err, "%s: %s, left alone",
					     file, why);
	tmk_json_init(&j, &line);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "file", file);
	tmk_json_string(&j, "status", "skipped");
	tmk_json_string(&j, "text", why);
	tmk_json_close_object(&j);
	rc = tmk_front_report_json(to, &j, err);
	tmk_buf_release(&line);
	return rc;
}

static void set_error(struct tmk_sign_item *item, const struct tmk_err *what)
{
	item->failed = true;
	item->err = malloc(sizeof(*item->err));
	if (item->err)
		*item->err = *what;
}

/* Whether it stands in its place, as far as is known. */
static bool is_put(const struct tmk_sign_job *job,
		   const struct tmk_sign_output *o)
{
	return !job->err.code || (!o->direct && !o->file.temp && o->file.path);
}

void tmk_sign_tell_job(struct tmk_sign_item *item,
		       const struct tmk_sign_job *job)
{
	struct tmk_err err = TMK_ERR_INIT;
	FILE *to = open_memstream(&item->lines, &item->lines_len);
	int i, rc = to ? 0 : tmk_err_nomem(&err);

	if (!rc && job->skip)
		rc = tmk_sign_tell_left(to, job->file, job->options->json,
					"is signed already", &err);
	item->skipped = job->skip && !job->err.code;
	for (i = 0; !rc && i < job->outputs; i++) {
		const struct tmk_sign_output *o = &job->output[i];

		/* A manifest is told by its signatures. */
		if (!is_put(job, o) || (o->want < 0 &&
		    (job->options->manifest || is_named(job, shown(job, o)))))
			continue;
		item->aside |= !strcmp(o->path, "-");
		rc = o->want < 0 ? tell_updated(to, job, o, &err) :
			tell_output(to, job, o, &err);
	}
	if (to && fclose(to) && !rc)
		rc = tmk_err_nomem(&err);
	if (job->err.code)
		set_error(item, &job->err);
	else if (rc)
		set_error(item, &err);
}

/* ---- printing --------------------------------------------------------------- */

/* The id that a refusal begins with; NULL when it begins with none. */
static const char *reason_of(const struct tmk_err *what)
{
	size_t len = strcspn(what->text, ":");
	int i;

	for (i = TMK_GOOD + 1; what->code == TMK_REFUSED &&
	     i < TMK_REASON_COUNT; i++) {
		const char *id = tmk_reason_id((enum tmk_reason)i);

		if (strlen(id) == len && !strncmp(id, what->text, len))
			return id;
	}
	return NULL;
}

int tmk_sign_tell_error(const char *file, bool json,
			const struct tmk_err *what, struct tmk_err *err)
{
	struct tmk_buf line = TMK_BUF_INIT(LINE_MAX_BYTES);
	const char *reason = reason_of(what);
	struct tmk_json j;
	int rc;

	if (!json || !reason)
		return tmk_front_report_error("touchmark", json, file, what,
					      err);
	tmk_json_init(&j, &line);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "file", file);
	tmk_json_string(&j, "status", "refused");
	tmk_json_string(&j, "reason", reason);
	tmk_json_string(&j, "text", what->text);
	tmk_json_string(&j, "hint", what->hint);
	tmk_json_close_object(&j);
	rc = tmk_front_report_json(stdout, &j, err);
	tmk_buf_release(&line);
	return rc;
}

int tmk_sign_tell_item(const struct tmk_sign_item *item, bool json,
		       struct tmk_err *err)
{
	FILE *to = item->aside ? stderr : stdout;
	struct tmk_err none = TMK_ERR_INIT;

	errno = 0;
	if (item->lines_len &&
	    (fwrite(item->lines, 1, item->lines_len, to) != item->lines_len ||
	     fflush(to)))
		return tmk_err_set(err, TMK_INPUT, "cannot write %s: %s",
				   item->aside ? "standard error" :
				   "standard output", strerror(errno));
	if (!item->failed)
		return 0;
	tmk_err_nomem(&none);
	return tmk_sign_tell_error(item->file, json,
				   item->err ? item->err : &none, err);
}
