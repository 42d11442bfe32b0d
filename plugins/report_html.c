/*
 * A report as one page that needs nothing else: no script, no picture, no
 * address that a browser would fetch, readable on paper.
 */
#include "plugins/report.h"

#include <string.h>

struct page {
	struct tmk_buf *out;
	int in_table;		/* 0 none, 1 of lines, 2 of requirements */
};

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	"<meta charset=\"utf-8\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" "
	"content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
	"<meta name=\"viewport\" content=\"width=device-width\">\n";

static const char style[] =
	"<style>\n"
	"body { font: 10pt/1.4 sans-serif; max-width: 52em; "
	"margin: 2em auto; padding: 0 1em; color: #111; "
	"background: #fff; }\n"
	"h1 { font-size: 1.5em; } h2 { font-size: 1.1em; "
	"margin: 1.6em 0 .4em; break-after: avoid; }\n"
	"table { border-collapse: collapse; width: 100%; }\n"
	"tr { break-inside: avoid; }\n"
	"th, td { text-align: left; vertical-align: top; "
	"padding: .2em .6em .2em 0; border-bottom: 1px solid #ccc; "
	"overflow-wrap: anywhere; }\n"
	"th { font-weight: normal; color: #444; width: 14em; }\n"
	".pass { color: #060; } .fail { color: #a00; font-weight: bold; }\n"
	".asserted { color: #640; } .open { color: #444; }\n"
	"@media print { body { margin: 0; max-width: none; } }\n"
	"</style>\n";

static int escaped(struct tmk_buf *out, const char *text)
{
	int rc = 0;

	for (; !rc && *text; text++)
		switch (*text) {
		case '<': rc = tmk_buf_addstr(out, "&lt;"); break;
		case '>': rc = tmk_buf_addstr(out, "&gt;"); break;
		case '&': rc = tmk_buf_addstr(out, "&amp;"); break;
		case '"': rc = tmk_buf_addstr(out, "&quot;"); break;
		case '\'': rc = tmk_buf_addstr(out, "&#39;"); break;
		default: rc = tmk_buf_addch(out, *text);
		}
	return rc;
}

static int element(struct tmk_buf *out, const char *open, const char *text,
		   const char *close)
{
	return tmk_buf_addstr(out, open) || escaped(out, text) ||
		tmk_buf_addstr(out, close) ? -1 : 0;
}

static int table(struct page *p, int kind)
{
	int rc = 0;

	if (p->in_table == kind)
		return 0;
	if (p->in_table)
		rc = tmk_buf_addstr(p->out, "</table>\n");
	if (!rc && kind)
		rc = tmk_buf_addstr(p->out, "<table>\n");
	p->in_table = kind;
	return rc;
}

static int on_section(void *ctx, const char *title)
{
	struct page *p = ctx;

	return table(p, 0) || element(p->out, "<h2>", title, "</h2>\n") ?
		-1 : 0;
}

static int on_line(void *ctx, const char *label, const char *value)
{
	struct page *p = ctx;

	return table(p, 1) ||
		element(p->out, "<tr><th scope=\"row\">", label, "</th>") ||
		element(p->out, "<td>", value, "</td></tr>\n") ? -1 : 0;
}

static int on_requirement(void *ctx, const struct tmk_report_requirement *what)
{
	static const char *const open[] = {
		[TMK_REPORT_PASS] = "<td class=\"pass\">",
		[TMK_REPORT_FAIL] = "<td class=\"fail\">",
		[TMK_REPORT_ASSERTED] = "<td class=\"asserted\">",
		[TMK_REPORT_UNKNOWN] = "<td class=\"open\">",
	};
	struct page *p = ctx;

	return table(p, 2) ||
		element(p->out, "<tr><th scope=\"row\">", what->title,
			"<br>") ||
		element(p->out, "", what->section, "</th>") ||
		element(p->out, open[what->verdict],
			tmk_report_verdict_name(what->verdict), "</td>") ||
		element(p->out, "<td>", what->why, "</td></tr>\n") ? -1 : 0;
}

int tmk_report_html(struct tmk_buf *out, const struct tmk_report *report,
		    struct tmk_err *err)
{
	struct page p = { out, 0 };
	const struct tmk_report_sink sink = {
		&p, on_section, on_line, on_requirement
	};

	if (tmk_buf_addstr(out, head) ||
	    element(out, "<title>Key report: ", report->pick.name,
		    "</title>\n") ||
	    tmk_buf_addstr(out, style) ||
	    element(out, "</head>\n<body>\n<h1>Key report: ",
		    report->pick.name, "</h1>\n") ||
	    tmk_report_walk(report, &sink) < 0 || table(&p, 0) ||
	    tmk_buf_addstr(out, "</body>\n</html>\n"))
		return tmk_err_nomem(err);
	return 0;
}
