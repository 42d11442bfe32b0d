/* Each line begins with the number of its stream, which is not printed. */
#include "plugins/verify_tell.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/json.h"
#include "plugins/front_file.h"

#define LINE 16384
#define OUT '1'
#define ERR '2'

static int add_line(struct tmk_buf *out, char stream, struct tmk_err *err,
		    const char *fmt, ...) TMK_PRINTF(4, 5);

static int add_line(struct tmk_buf *out, char stream, struct tmk_err *err,
		    const char *fmt, ...)
{
	char raw[LINE / 4], line[LINE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	tmk_enc_line_into(line, sizeof(line), raw, strlen(raw));
	if (tmk_buf_addch(out, stream) || tmk_buf_addstr(out, line) ||
	    tmk_buf_addch(out, '\n'))
		return tmk_err_nomem(err);
	return 0;
}

/* ---- for people ------------------------------------------------------------- */

/* What else there is to say of a good one: how it carries the signature. */
static const char *how(char *out, size_t size,
		       const struct tmk_verify_answer *a,
		       const struct tmk_verify_signer *o)
{
	snprintf(out, size, "%s%s%s%s%s", a->uncompressed ?
		 ", signs the uncompressed content" : "",
		 a->same ? ", " : "", a->same ? a->same : "",
		 o->role[0] && a->form && !strcmp(a->form, "deb") ?
		 ", role " : "",
		 o->role[0] && a->form && !strcmp(a->form, "deb") ?
		 o->role : "");
	return out;
}

static int tell_good(struct tmk_buf *out, const struct tmk_verify_answer *a,
		     const struct tmk_verify_signer *o, struct tmk_err *err)
{
	const char *file = tmk_front_file_name(a->file);
	char when[TMK_CLOCK_TEXT], more[256];

	tmk_clock_format(when, o->time);
	how(more, sizeof(more), a, o);
	if (a->named_by)
		return add_line(out, OUT, err, "%s: good, named by %s", file,
				a->named_by);
	if (a->token_only)
		return add_line(out, OUT, err, "%s: existed at %s (timestamp "
				"by %s)", file, when, o->tsa);
	if (o->stamped)
		return add_line(out, OUT, err, "%s: good signature of %s (%s)"
				", made before %s (timestamp by %s)%s", file,
				o->signer, o->fingerprint, when, o->tsa, more);
	return add_line(out, OUT, err, "%s: good signature of %s (%s), no "
			"timestamp, judged at %s%s", file, o->signer,
			o->fingerprint, when, more);
}

static int tell_bad(struct tmk_buf *out, const struct tmk_verify_answer *a,
		    const struct tmk_verify_signer *o, bool named,
		    struct tmk_err *err)
{
	const char *file = tmk_front_file_name(a->file);

	if (o->passed_over)
		return add_line(out, OUT, err, "%s: does not count, %s: %s%s%s"
				"%s", file, tmk_reason_id(o->verdict.reason),
				named ? "signature of " : "",
				named ? o->signer : "", named ? ": " : "",
				o->verdict.text);
	if (add_line(out, OUT, err, "%s: refused %s: %s%s%s%s", file,
		     tmk_reason_id(o->verdict.reason),
		     named ? "signature of " : "", named ? o->signer : "",
		     named ? ": " : "", o->verdict.text))
		return -1;
	return add_line(out, ERR, err, "touchmark: hint: %s", o->verdict.hint);
}

static int tell_differences(struct tmk_buf *out,
			    const struct tmk_verify_answer *a,
			    struct tmk_err *err)
{
	int i, rc = 0;

	for (i = 0; !rc && i < a->differences &&
	     i < TMK_VERIFY_DIFFERENCES; i++)
		rc = add_line(out, OUT, err, "%s: %s",
			      tmk_front_file_name(a->file), a->difference[i]);
	if (!rc && a->differences > TMK_VERIFY_DIFFERENCES)
		rc = add_line(out, OUT, err, "%s: and %d more",
			      tmk_front_file_name(a->file),
			      a->differences - TMK_VERIFY_DIFFERENCES);
	return rc;
}

/* A line for each signer, and one for all when they are judged together. */
static int tell_text(struct tmk_buf *out, const struct tmk_verify_answer *a,
		     struct tmk_err *err)
{
	bool several = a->signers > 1;
	const struct tmk_verify_signer *o;
	bool refused = false;	/* one of them, and it was told */
	int i, rc = 0;

	for (i = 0; !rc && several && i < a->signers; i++) {
		o = &a->signer[i];
		/* Of several it must be said whose is meant. */
		rc = o->verdict.reason ?
			tell_bad(out, a, o, o->signer[0], err) :
			tell_good(out, a, o, err);
		refused |= o->verdict.reason && !o->passed_over;
	}
	if (!rc && (!several || a->together ||
		    (a->all.verdict.reason && !refused)))
		rc = a->all.verdict.reason ?
			tell_bad(out, a, &a->all, false, err) :
			tell_good(out, a, &a->all, err);
	return rc ? rc : tell_differences(out, a, err);
}

/* ---- for programs ----------------------------------------------------------- */

static void add_one(struct tmk_json *j, const struct tmk_verify_signer *o)
{
	bool good = o->verdict.reason == TMK_GOOD;
	char when[TMK_CLOCK_TEXT];

	tmk_json_string(j, "status", good ? "good" : "refused");
	tmk_json_string(j, "reason",
			good ? NULL : tmk_reason_id(o->verdict.reason));
	tmk_json_string(j, "text", good ? NULL : o->verdict.text);
	tmk_json_string(j, "hint", good ? NULL : o->verdict.hint);
	tmk_json_string(j, "signer", o->signer[0] ? o->signer : NULL);
	tmk_json_string(j, "fingerprint",
			o->fingerprint[0] ? o->fingerprint : NULL);
	tmk_json_string(j, "time", o->time == TMK_TIME_NONE ? NULL :
			tmk_clock_format(when, o->time));
	tmk_json_bool(j, "stamped", o->stamped);
	tmk_json_string(j, "tsa", o->tsa[0] ? o->tsa : NULL);
	tmk_json_string(j, "role", o->role[0] ? o->role : NULL);
}

static void add_signers(struct tmk_json *j, const struct tmk_verify_answer *a)
{
	int i;

	tmk_json_open_array(j, "signers");
	for (i = 0; i < a->signers; i++) {
		tmk_json_open_object(j, NULL);
		add_one(j, &a->signer[i]);
		tmk_json_bool(j, "counts", !a->signer[i].passed_over);
		tmk_json_close_object(j);
	}
	tmk_json_close_array(j);
}

static void add_differences(struct tmk_json *j,
			    const struct tmk_verify_answer *a)
{
	int i;

	tmk_json_open_array(j, "differences");
	for (i = 0; i < a->differences && i < TMK_VERIFY_DIFFERENCES; i++)
		tmk_json_string(j, NULL, a->difference[i]);
	tmk_json_close_array(j);
	tmk_json_int(j, "different", a->differences);
}

static int end_json(struct tmk_json *j, struct tmk_err *err)
{
	tmk_json_close_object(j);
	if (tmk_json_finish(j))
		return tmk_err_set(err, TMK_INTERNAL,
				   "a line of JSON is too long");
	return 0;
}

static int begin_json(struct tmk_buf *out, struct tmk_json *j,
		      const char *file, struct tmk_err *err)
{
	if (tmk_buf_addch(out, OUT))
		return tmk_err_nomem(err);
	tmk_json_init(j, out);
	tmk_json_open_object(j, NULL);
	tmk_json_string(j, "file", file);
	return 0;
}

static int tell_json(struct tmk_buf *out, const struct tmk_verify_answer *a,
		     struct tmk_err *err)
{
	struct tmk_json j;

	if (begin_json(out, &j, a->file, err))
		return -1;
	tmk_json_string(&j, "format", a->format);
	tmk_json_string(&j, "form", a->form);
	add_one(&j, &a->all);
	tmk_json_bool(&j, "uncompressed", a->uncompressed);
	tmk_json_string(&j, "same", a->same);
	tmk_json_string(&j, "namedBy", a->named_by);
	if (a->differences)
		add_differences(&j, a);
	if (a->signers > 1)
		add_signers(&j, a);
	return end_json(&j, err);
}

/* ---- both ------------------------------------------------------------------- */

int tmk_verify_tell(struct tmk_buf *out, const struct tmk_verify_answer *answer,
		    bool json, struct tmk_err *err)
{
	return json ? tell_json(out, answer, err) :
		tell_text(out, answer, err);
}

int tmk_verify_tell_error(struct tmk_buf *out, const char *file,
			  const struct tmk_err *what, bool json,
			  struct tmk_err *err)
{
	bool named = strstr(what->text, file) != NULL;
	struct tmk_json j;

	if (!json) {
		if (add_line(out, ERR, err, "touchmark: %s%s%s",
			     named ? "" : file, named ? "" : ": ",
			     what->text))
			return -1;
		return what->hint[0] ? add_line(out, ERR, err,
			"touchmark: hint: %s", what->hint) : 0;
	}
	if (begin_json(out, &j, file, err))
		return -1;
	tmk_json_string(&j, "status", "error");
	tmk_json_int(&j, "code", what->code);
	tmk_json_string(&j, "error", what->text);
	tmk_json_string(&j, "hint", what->hint);
	return end_json(&j, err);
}

int tmk_verify_tell_skipped(struct tmk_buf *out, const char *file,
			    const char *why, bool json, struct tmk_err *err)
{
	struct tmk_json j;

	if (!json)
		return add_line(out, OUT, err, "%s: not looked at: %s", file,
				why);
	if (begin_json(out, &j, file, err))
		return -1;
	tmk_json_string(&j, "status", "skipped");
	tmk_json_string(&j, "text", why);
	return end_json(&j, err);
}

int tmk_verify_tell_print(const struct tmk_buf *told, struct tmk_err *err)
{
	const char *at = (const char *)told->data;
	const char *end = at + told->len, *stop;
	FILE *to;

	for (; at && at < end; at = stop + 1) {
		stop = memchr(at, '\n', (size_t)(end - at));
		if (!stop)
			return tmk_err_set(err, TMK_INTERNAL,
					   "a line without end");
		to = *at == OUT ? stdout : stderr;
		errno = 0;
		if (fwrite(at + 1, 1, (size_t)(stop - at), to) !=
		    (size_t)(stop - at) || fflush(to))
			return tmk_err_set(err, TMK_INPUT, "cannot write %s: "
					   "%s", to == stdout ?
					   "standard output" :
					   "standard error", strerror(errno));
	}
	return 0;
}
