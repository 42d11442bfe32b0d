/*
 * status_html.c - one page with the picture and the tables, that needs nothing
 * else: no script, no font, no address that a browser would ask.
 *
 * The page says so itself (Content-Security-Policy: nothing but this very
 * style sheet, by its hash), and is well-formed XML.
 */
#include "plugins/status_facts.h"

#include <stdio.h>
#include <string.h>

#include "base/enc.h"
#include "iface/signer.h"
#include "x509/cert.h"
#include "x509/digest.h"

static const char style[] =
	"body{font:14px/1.4 sans-serif;margin:2em;color:#1b1f24;"
	"background:#fff}"
	"h1{font-size:1.5em}h2{font-size:1.15em;margin-top:1.6em}"
	"table{border-collapse:collapse;width:100%}"
	"th,td{text-align:left;padding:.25em .6em;border-bottom:1px solid "
	"#d0d7de;vertical-align:top}"
	"th{background:#f3f5f7}"
	".ok{color:#1a5e2a}.warning{color:#7a4b00;font-weight:bold}"
	".bad{color:#a40e26;font-weight:bold}"
	".hint,.mono{font-family:monospace;font-size:.92em;"
	"overflow-wrap:anywhere}"
	"svg{width:100%;height:auto;border:1px solid #d0d7de}"
	"svg text{font:11px sans-serif;fill:#1b1f24}"
	".grid{stroke:#d0d7de}.today{stroke:#a40e26;stroke-width:1.5}"
	".signs{fill:#2b6cb0}.spare{fill:#90b4d8}.next{fill:#5aa469}"
	".past{fill:#c4cad0}.unfit{fill:#d08770}.denied{fill:#a40e26}"
	".tsa{fill:#8a63a8}.root{fill:#6b7785}.mid{fill:#98a3ae}"
	".list{fill:#c78b0a}"
	"@media print{body{margin:0}tr,svg{break-inside:avoid}"
	"*{print-color-adjust:exact}}";

int tmk_status_escape(struct tmk_buf *out, const char *text)
{
	const unsigned char *c = (const unsigned char *)text;
	int rc = 0;

	for (; *c && !rc; c++) {
		if (*c == '&')
			rc = tmk_buf_addstr(out, "&amp;");
		else if (*c == '<')
			rc = tmk_buf_addstr(out, "&lt;");
		else if (*c == '>')
			rc = tmk_buf_addstr(out, "&gt;");
		else if (*c == '"')
			rc = tmk_buf_addstr(out, "&quot;");
		else if (*c == '\'')
			rc = tmk_buf_addstr(out, "&#39;");
		else if ((*c < 0x20 && *c != '\t') || *c == 0x7f)
			rc = tmk_buf_printf(out, "\\x%02x", *c);
		/* U+FFFE and U+FFFF are no characters of XML (XML 1.0 2.2). */
		else if (*c == 0xef && c[1] == 0xbf && c[2] >= 0xbe)
			rc = tmk_buf_addstr(out, "?"), c += 2;
		else
			rc = tmk_buf_addch(out, *c);
	}
	return rc;
}

static int cell(struct tmk_buf *out, const char *class, const char *text)
{
	if (tmk_buf_printf(out, "<td%s%s%s>", *class ? " class=\"" : "", class,
			   *class ? "\"" : "") ||
	    tmk_status_escape(out, text))
		return -1;
	return tmk_buf_addstr(out, "</td>");
}

static int date_cells(struct tmk_buf *out, const struct tmk_status *s,
		      int64_t t)
{
	char text[TMK_CLOCK_TEXT], days[24] = "-";

	if (t != TMK_TIME_NONE)
		snprintf(days, sizeof(days), "%lld",
			 (long long)tmk_status_days(s, t));
	return cell(out, "", tmk_status_date(text, t)) ||
		cell(out, "", days) ? -1 : 0;
}

static const char *class_of(enum tmk_status_level level)
{
	return level == TMK_STATUS_BAD ? "bad" :
		level == TMK_STATUS_SOON ? "warning" : "ok";
}

static int head(struct tmk_buf *out, struct tmk_err *err)
{
	struct tmk_buf hash = TMK_BUF_INIT(128);
	uint8_t digest[TMK_DIGEST_MAX];
	size_t len = 0;
	int rc = tmk_digest_bytes(TMK_SHA256, style, sizeof(style) - 1, digest,
				  &len, err);

	if (!rc)
		rc = tmk_enc_base64(&hash, digest, len, 0);
	if (!rc)
		rc = tmk_buf_printf(out, "<!DOCTYPE html>\n"
			"<html xmlns=\"http://www.w3.org/1999/xhtml\" "
			"lang=\"en\"><head><meta charset=\"utf-8\"/>\n"
			"<meta http-equiv=\"Content-Security-Policy\" "
			"content=\"default-src 'none'; style-src 'sha256-%s'; "
			"base-uri 'none'; form-action 'none'\"/>\n"
			"<meta name=\"referrer\" content=\"no-referrer\"/>\n"
			"<title>Keys and certificates</title>\n"
			"<style>%s</style></head>\n", tmk_buf_str(&hash),
			style);
	tmk_buf_release(&hash);
	return rc;
}

static int place_text(struct tmk_buf *out, const struct tmk_status_key *key)
{
	int i;

	if (tmk_buf_addstr(out, "<td class=\"mono\">"))
		return -1;
	for (i = 0; i < key->section->uris; i++)
		if ((i && tmk_buf_addstr(out, "<br/>")) ||
		    tmk_status_escape(out, key->place[i].uri) ||
		    tmk_buf_printf(out, " (%s)", tmk_status_where_word(
					   key->place[i].where)))
			return -1;
	return tmk_buf_addstr(out, "</td>");
}

static int keys(struct tmk_buf *out, const struct tmk_status *s)
{
	int i;

	if (tmk_buf_addstr(out, "<h2>Keys</h2>\n<table><thead><tr>"
			   "<th scope=\"col\">Key</th>"
			   "<th scope=\"col\">Environment</th>"
			   "<th scope=\"col\">State</th>"
			   "<th scope=\"col\">Certified until</th>"
			   "<th scope=\"col\">Days</th>"
			   "<th scope=\"col\">Places</th></tr></thead>"
			   "<tbody>\n"))
		return -1;
	for (i = 0; i < s->keys; i++) {
		const struct tmk_status_key *k = &s->key[i];

		if (tmk_buf_addstr(out, "<tr>") ||
		    cell(out, "", k->section->name) ||
		    cell(out, "", tmk_config_env_name(k->section->env)) ||
		    cell(out, class_of(k->level), k->state) ||
		    date_cells(out, s, k->until) || place_text(out, k) ||
		    tmk_buf_addstr(out, "</tr>\n"))
			return -1;
	}
	return tmk_buf_addstr(out, "</tbody></table>\n");
}

static int cert_row(struct tmk_buf *out, const struct tmk_status *s,
		    const struct tmk_status_key *k,
		    const struct tmk_status_cert *c)
{
	char name[512], from[TMK_CLOCK_TEXT], sha256[TMK_FINGERPRINT_TEXT];

	if (tmk_buf_addstr(out, "<tr>") || cell(out, "", k->section->name) ||
	    cell(out, "", tmk_status_use_word(c->use)) ||
	    cell(out, "", tmk_cert_subject(name, sizeof(name), c->cert)) ||
	    cell(out, "", tmk_cert_issuer(name, sizeof(name), c->cert)) ||
	    cell(out, "", tmk_status_date(from, c->from)) ||
	    date_cells(out, s, c->to) ||
	    cell(out, "mono", tmk_cert_sha256(sha256, c->cert)))
		return -1;
	return tmk_buf_addstr(out, "</tr>\n");
}

static int certs(struct tmk_buf *out, const struct tmk_status *s)
{
	int i, j;

	if (tmk_buf_addstr(out, "<h2>Certificates of keys</h2>\n<table>"
			   "<thead><tr><th scope=\"col\">Key</th>"
			   "<th scope=\"col\">Use</th>"
			   "<th scope=\"col\">Subject</th>"
			   "<th scope=\"col\">Issuer</th>"
			   "<th scope=\"col\">From</th>"
			   "<th scope=\"col\">Until</th>"
			   "<th scope=\"col\">Days</th>"
			   "<th scope=\"col\">SHA-256</th></tr></thead>"
			   "<tbody>\n"))
		return -1;
	for (i = 0; i < s->keys; i++)
		for (j = 0; j < s->key[i].certs; j++)
			if (cert_row(out, s, &s->key[i], &s->key[i].cert[j]))
				return -1;
	return tmk_buf_addstr(out, "</tbody></table>\n");
}

/* The file, or whose it was and when. */
static int from_cell(struct tmk_buf *out, const struct tmk_status_other *o)
{
	char text[TMK_STATUS_NAME + 64], at[TMK_CLOCK_TEXT];

	if (!*o->url)
		return cell(out, "mono", o->file);
	snprintf(text, sizeof(text), "%s, last seen %s", o->url,
		 tmk_status_date(at, o->seen));
	return cell(out, "mono", text);
}

static int others(struct tmk_buf *out, const struct tmk_status *s)
{
	int i;

	if (tmk_buf_addstr(out, "<h2>Authorities and revocation lists</h2>\n"
			   "<table><thead><tr><th scope=\"col\">What</th>"
			   "<th scope=\"col\">Name</th>"
			   "<th scope=\"col\">State</th>"
			   "<th scope=\"col\">Until</th>"
			   "<th scope=\"col\">Days</th>"
			   "<th scope=\"col\">From</th></tr></thead>"
			   "<tbody>\n"))
		return -1;
	for (i = 0; i < s->others; i++) {
		const struct tmk_status_other *o = &s->other[i];

		if (tmk_buf_addstr(out, "<tr>") ||
		    cell(out, "", tmk_status_kind_word(o->kind)) ||
		    cell(out, "", o->name) ||
		    cell(out, class_of(o->level), o->state) ||
		    date_cells(out, s, o->to) || from_cell(out, o) ||
		    tmk_buf_addstr(out, "</tr>\n"))
			return -1;
	}
	return tmk_buf_addstr(out, "</tbody></table>\n");
}

static int denials(struct tmk_buf *out, const struct tmk_status *s)
{
	int i;

	if (!s->denials)
		return 0;
	if (tmk_buf_addstr(out, "<h2>Denied keys</h2>\n<table><thead><tr>"
			   "<th scope=\"col\">Name</th>"
			   "<th scope=\"col\">Since</th>"
			   "<th scope=\"col\">Reason</th>"
			   "<th scope=\"col\">SHA-256 of the public key</th>"
			   "</tr></thead><tbody>\n"))
		return -1;
	for (i = 0; i < s->denials; i++) {
		const struct tmk_front_denied_key *d = &s->denied[i].key;

		if (tmk_buf_addstr(out, "<tr>") ||
		    cell(out, "", d->what.name) ||
		    cell(out, "", d->what.since) ||
		    cell(out, "", d->what.reason) ||
		    cell(out, "mono", d->sha256) ||
		    tmk_buf_addstr(out, "</tr>\n"))
			return -1;
	}
	return tmk_buf_addstr(out, "</tbody></table>\n");
}

static int problem(struct tmk_buf *out, enum tmk_status_level level,
		   const char *what, const char *text, const char *hint)
{
	if (tmk_buf_printf(out, "<li><span class=\"%s\">", class_of(level)) ||
	    tmk_status_escape(out, what) || tmk_buf_addstr(out, "</span>: ") ||
	    tmk_status_escape(out, text))
		return -1;
	if (*hint && (tmk_buf_addstr(out, "<br/><span class=\"hint\">") ||
		      tmk_status_escape(out, hint) ||
		      tmk_buf_addstr(out, "</span>")))
		return -1;
	return tmk_buf_addstr(out, "</li>\n");
}

static int problems(struct tmk_buf *out, const struct tmk_status *s)
{
	int i, rc = tmk_buf_addstr(out, "<h2>What to do</h2>\n<ul>\n");

	for (i = 0; !rc && i < s->keys; i++)
		if (s->key[i].level)
			rc = problem(out, s->key[i].level,
				     s->key[i].section->name, s->key[i].text,
				     s->key[i].hint);
	for (i = 0; !rc && i < s->others; i++)
		if (s->other[i].level)
			rc = problem(out, s->other[i].level, s->other[i].name,
				     s->other[i].text, s->other[i].hint);
	for (i = 0; !rc && i < s->faults; i++)
		rc = problem(out, TMK_STATUS_BAD, "cannot be read",
			     s->fault[i].err.text, s->fault[i].err.hint);
	if (!rc && !s->code)
		rc = tmk_buf_printf(out, "<li class=\"ok\">Nothing: all holds "
				    "for %d days and more.</li>\n", s->days);
	return rc ? -1 : tmk_buf_addstr(out, "</ul>\n");
}

int tmk_status_html(struct tmk_buf *out, const struct tmk_status *s,
		    struct tmk_err *err)
{
	char now[TMK_CLOCK_TEXT];

	if (head(out, err) ||
	    tmk_buf_printf(out, "<body><h1>Keys and certificates</h1>\n"
			   "<p>As of %s. Warnings come %d days before an "
			   "end.%s</p>\n", tmk_clock_format(now, s->now),
			   s->days, s->offline ? " No token was looked at." :
			   "") ||
	    problems(out, s) ||
	    tmk_buf_addstr(out, "<h2>Timeline</h2>\n") ||
	    tmk_status_svg(out, s, err) || keys(out, s) || certs(out, s) ||
	    others(out, s) || denials(out, s) ||
	    tmk_buf_addstr(out, "</body></html>\n")) {
		if (!err->code)
			tmk_err_set(err, TMK_INPUT, "the page is too long");
		return -1;
	}
	return 0;
}
