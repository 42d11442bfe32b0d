/* A report for people, and for a file that is kept. */
#include "plugins/report.h"

#include <string.h>

#define WIDTH 79
#define INDENT 16	/* columns before the reason of a verdict */

static int on_section(void *ctx, const char *title)
{
	struct tmk_buf *out = ctx;

	return tmk_buf_printf(out, "%s%s\n\n", out->len ? "\n" : "", title);
}

static int on_line(void *ctx, const char *label, const char *value)
{
	return tmk_buf_printf(ctx, "  %-24s %s\n", label, value);
}

/* The reason, broken at spaces. */
static int fold(struct tmk_buf *out, const char *text)
{
	size_t room = WIDTH - INDENT, len, n;

	while ((len = strlen(text))) {
		n = len;
		if (len > room) {
			for (n = room; n && text[n] != ' '; n--)
				;
			n = n ? n : room;
		}
		if (tmk_buf_printf(out, "%*s%.*s\n", INDENT, "", (int)n,
				   text) < 0)
			return -1;
		text += n;
		text += *text == ' ';
	}
	return 0;
}

static int on_requirement(void *ctx, const struct tmk_report_requirement *what)
{
	if (tmk_buf_printf(ctx, "  %-13s %s (%s)\n",
			   tmk_report_verdict_name(what->verdict),
			   what->title, what->section) < 0)
		return -1;
	return fold(ctx, what->why);
}

int tmk_report_text(struct tmk_buf *out, const struct tmk_report *report,
		    struct tmk_err *err)
{
	const struct tmk_report_sink sink = {
		out, on_section, on_line, on_requirement
	};

	return tmk_report_walk(report, &sink) < 0 ? tmk_err_nomem(err) : 0;
}
