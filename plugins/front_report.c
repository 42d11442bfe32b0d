#include "plugins/front_report.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/enc.h"

#define LINE_MAX_BYTES 16384

static int print(FILE *to, const char *text, size_t len, struct tmk_err *err)
{
	errno = 0;
	if (fwrite(text, 1, len, to) == len && !fflush(to))
		return 0;
	return tmk_err_set(err, TMK_INPUT, "cannot write %s: %s",
			   to == stdout ? "standard output" :
			   "standard error", strerror(errno));
}

int tmk_front_report_line(FILE *to, struct tmk_err *err, const char *fmt, ...)
{
	char raw[LINE_MAX_BYTES / 4], line[LINE_MAX_BYTES];
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	tmk_enc_line_into(line, sizeof(line) - 1, raw, strlen(raw));
	n = strlen(line);
	line[n++] = '\n';
	return print(to, line, n, err);
}

int tmk_front_report_json(FILE *to, struct tmk_json *j, struct tmk_err *err)
{
	if (tmk_json_finish(j))
		return tmk_err_set(err, TMK_INTERNAL,
				   "a line of JSON is too long");
	return print(to, (const char *)j->out->data, j->out->len, err);
}

void tmk_front_report_fingerprint(struct tmk_json *j, const char *sha256)
{
	char text[80];

	snprintf(text, sizeof(text), "sha256:%s", sha256);
	tmk_json_string(j, "fingerprint", text);
}

static int error_json(const char *file, const struct tmk_err *what,
		      struct tmk_err *err)
{
	struct tmk_buf line = TMK_BUF_INIT(LINE_MAX_BYTES);
	struct tmk_json j;
	int rc;

	tmk_json_init(&j, &line);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "file", file);
	tmk_json_string(&j, "status", "error");
	tmk_json_int(&j, "code", what->code);
	tmk_json_string(&j, "error", what->text);
	tmk_json_string(&j, "hint", what->hint);
	tmk_json_close_object(&j);
	rc = tmk_front_report_json(stdout, &j, err);
	tmk_buf_release(&line);
	return rc;
}

int tmk_front_report_error(const char *program, bool json, const char *file,
			   const struct tmk_err *what, struct tmk_err *err)
{
	if (json)
		return error_json(file, what, err);
	/* A text that does not name the file itself gets its name. */
	fprintf(stderr, "%s: ", program);
	if (!strstr(what->text, file) && strcmp(file, "-")) {
		char name[1024];

		tmk_enc_line_into(name, sizeof(name), file, strlen(file));
		fprintf(stderr, "%s: ", name);
	}
	fprintf(stderr, "%s\n", what->text);
	if (what->hint[0])
		fprintf(stderr, "%s: hint: %s\n", program, what->hint);
	return 0;
}
