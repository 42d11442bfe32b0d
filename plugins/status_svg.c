/*
 * status_svg.c - the timeline: a bar for each certificate from its first to
 * its last day, those of one key below each other so that overlaps and gaps
 * are seen, a diamond where the next revocation list is due, a line for today.
 *
 * Positions are attributes and colours are classes, so that no style has to be
 * allowed inside; each bar has a title, which says the same in words.
 */
#include "plugins/status_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "x509/cert.h"

#define DAY 86400LL
#define YEAR (366 * DAY)
#define WIDTH 1000
#define LEFT 190		/* where time begins */
#define RIGHT 990
#define TOP 46
#define ROW 18
#define BAR 11
#define LABEL 26		/* characters */
#define LEGEND 44

/* From the left to the right edge, s since 1970. */
struct span {
	int64_t from, to;
};

struct drawing {
	struct tmk_buf *out;
	const struct tmk_status *s;
	struct span span;
	int y;
};

static void widen(struct span *span, int64_t from, int64_t to)
{
	if (from != TMK_TIME_NONE && from < span->from)
		span->from = from;
	if (to != TMK_TIME_NONE && to > span->to)
		span->to = to;
}

/* What lies more than a year back or five ahead would make today a point. */
static struct span span_of(const struct tmk_status *s)
{
	struct span span = { s->now - 30 * DAY, s->now + 90 * DAY };
	int i, j;

	for (i = 0; i < s->keys; i++)
		for (j = 0; j < s->key[i].certs; j++)
			widen(&span, s->key[i].cert[j].from,
			      s->key[i].cert[j].to);
	for (i = 0; i < s->others; i++)
		widen(&span, s->other[i].from, s->other[i].to);
	if (span.from < s->now - YEAR)
		span.from = s->now - YEAR;
	if (span.to > s->now + 5 * YEAR)
		span.to = s->now + 5 * YEAR;
	return span;
}

/* Tenths of a unit from the left edge of the picture, inside the frame. */
static int x_of(const struct drawing *d, int64_t t)
{
	if (t <= d->span.from)
		return LEFT * 10;
	if (t >= d->span.to)
		return RIGHT * 10;
	return LEFT * 10 + (int)((t - d->span.from) * ((RIGHT - LEFT) * 10) /
				 (d->span.to - d->span.from));
}

static int text_at(struct drawing *d, int x, int y, const char *anchor,
		   const char *text)
{
	char short_[4 * LABEL + 8];
	size_t n = 0, chars = 0;

	for (; text[n] && n < sizeof(short_) - 4; n++)
		if (((unsigned char)text[n] & 0xc0) != 0x80 &&
		    chars++ == LABEL)
			break;
	snprintf(short_, sizeof(short_), "%.*s%s", (int)n, text,
		 text[n] ? ".." : "");
	if (tmk_buf_printf(d->out, "<text x=\"%d\" y=\"%d\" "
			   "text-anchor=\"%s\">", x, y, anchor) ||
	    tmk_status_escape(d->out, short_))
		return -1;
	return tmk_buf_addstr(d->out, "</text>\n");
}

static int title(struct drawing *d, const char *name, const char *what,
		 int64_t from, int64_t to)
{
	char a[TMK_CLOCK_TEXT], b[TMK_CLOCK_TEXT];

	if (tmk_buf_addstr(d->out, "<title>") ||
	    tmk_status_escape(d->out, name))
		return -1;
	return tmk_buf_printf(d->out, ", %s: %s to %s</title>", what,
			      tmk_status_date(a, from), tmk_status_date(b, to));
}

static int bar(struct drawing *d, const char *class, const char *name,
	       const char *what, int64_t from, int64_t to)
{
	int x = x_of(d, from), w = x_of(d, to) - x;

	if (w < 15)
		w = 15;	/* one that is over, or short, is seen as well */
	if (x + w > RIGHT * 10)
		x = RIGHT * 10 - w;
	if (tmk_buf_printf(d->out, "<g role=\"img\"><rect class=\"%s\" "
			   "x=\"%d.%d\" y=\"%d\" width=\"%d.%d\" "
			   "height=\"%d\" rx=\"2\">", class, x / 10, x % 10,
			   d->y + 3, w / 10, w % 10, BAR) ||
	    title(d, name, what, from, to))
		return -1;
	return tmk_buf_addstr(d->out, "</rect></g>\n");
}

/* ---- rows ----------------------------------------------------------------- */

static int key_rows(struct drawing *d, const struct tmk_status_key *key)
{
	static const char *const class[] = {
		[TMK_STATUS_SIGNS] = "signs", [TMK_STATUS_NEXT] = "next",
		[TMK_STATUS_SPARE] = "spare", [TMK_STATUS_PAST] = "past",
		[TMK_STATUS_UNFIT] = "unfit", [TMK_STATUS_DENIED] = "denied",
	};
	char label[TMK_STATUS_NAME + 200];
	const char *token = key->place[0].token;
	int i;

	snprintf(label, sizeof(label), "%s%s%s%s", key->section->name,
		 *token ? " (" : "", token, *token ? ")" : "");
	if (text_at(d, 8, d->y + 12, "start", label))
		return -1;
	if (!key->certs) {
		if (text_at(d, LEFT + 4, d->y + 12, "start", key->denied ?
			    "denied" : "no certificate"))
			return -1;
		d->y += ROW;
		return 0;
	}
	for (i = 0; i < key->certs; i++) {
		const struct tmk_status_cert *c = &key->cert[i];

		if (bar(d, key->denied ? "denied" : class[c->use],
			key->section->name, key->denied ? "denied" :
			tmk_status_use_word(c->use), c->from, c->to))
			return -1;
		d->y += ROW;
	}
	return 0;
}

/* A list is a point in time: when the next one is due. */
static int mark(struct drawing *d, const struct tmk_status_other *o)
{
	int x = x_of(d, o->to) / 10, y = d->y + 8;

	if (o->to == TMK_TIME_NONE)
		return text_at(d, LEFT + 4, d->y + 12, "start",
			       "no next list is announced");
	if (tmk_buf_printf(d->out, "<g role=\"img\"><path class=\"list\" "
			   "d=\"M%d %dl6 6l-6 6l-6 -6z\">", x, y - 6) ||
	    title(d, o->name, "next revocation list", o->from, o->to))
		return -1;
	return tmk_buf_addstr(d->out, "</path></g>\n");
}

static int other_row(struct drawing *d, const struct tmk_status_other *o)
{
	static const char *const class[] = {
		[TMK_STATUS_ROOT] = "root", [TMK_STATUS_INTERMEDIATE] = "mid",
		[TMK_STATUS_TSA] = "tsa",
	};

	if (text_at(d, 8, d->y + 12, "start", o->name))
		return -1;
	if (o->kind == TMK_STATUS_CRL ? mark(d, o) :
	    bar(d, o->to < d->s->now ? "past" : class[o->kind], o->name,
		*o->url ? "signed timestamps" :
		tmk_status_kind_word(o->kind), o->from, o->to))
		return -1;
	d->y += ROW;
	return 0;
}

/* ---- the frame --------------------------------------------------------------- */

static int height_of(const struct tmk_status *s)
{
	int i, rows = s->others;

	for (i = 0; i < s->keys; i++)
		rows += s->key[i].certs ? s->key[i].certs : 1;
	return TOP + rows * ROW + LEGEND;
}

/* A line for each year, or for each month when the span is short. */
static int grid(struct drawing *d, int bottom)
{
	bool months = d->span.to - d->span.from < 2 * YEAR;
	char text[TMK_CLOCK_TEXT];
	int64_t t;
	int year, month, n = 0, x;

	tmk_clock_format(text, d->span.from);
	year = (int)strtol(text, NULL, 10);	/* "2026-11-21T..." */
	month = (int)strtol(text + 5, NULL, 10);
	for (; n < 64; n++) {
		month += months ? 1 : 13 - month;
		if (month > 12) {
			month = 1;
			year++;
		}
		t = tmk_clock_from_civil(year, month, 1, 0, 0, 0);
		if (t >= d->span.to)
			break;
		x = x_of(d, t) / 10;
		snprintf(text, sizeof(text), months && month != 1 ? "%02d" :
			 "%d", months && month != 1 ? month : year);
		if (tmk_buf_printf(d->out, "<path class=\"grid\" d=\"M%d "
				   "%dV%d\"/>\n", x, TOP - 6, bottom) ||
		    text_at(d, x, TOP - 10, "middle", text))
			return -1;
	}
	return 0;
}

static int today(struct drawing *d, int bottom)
{
	char date[TMK_CLOCK_TEXT], label[TMK_CLOCK_TEXT + 8];
	int x = x_of(d, d->s->now) / 10;

	snprintf(label, sizeof(label), "today %s",
		 tmk_status_date(date, d->s->now));
	if (tmk_buf_printf(d->out, "<path class=\"today\" d=\"M%d %dV%d\">"
			   "<title>today</title></path>\n", x, 18, bottom))
		return -1;
	return text_at(d, x, 14, "middle", label);
}

static int legend(struct drawing *d)
{
	static const struct {
		const char *class, *text;
	} item[] = {
		{ "signs", "signs now" }, { "next", "comes next" },
		{ "spare", "valid, unused" }, { "past", "expired" },
		{ "unfit", "unfit" }, { "denied", "denied" },
		{ "tsa", "timestamps" }, { "root", "root" },
		{ "mid", "intermediate" }, { "list", "next list" },
	};
	const int step = (RIGHT - 8) / (int)(sizeof(item) / sizeof(*item));
	size_t i;

	for (i = 0; i < sizeof(item) / sizeof(*item); i++) {
		int x = 8 + (int)i * step;

		if (tmk_buf_printf(d->out, "<rect class=\"%s\" x=\"%d\" "
				   "y=\"%d\" width=\"12\" height=\"12\"/>",
				   item[i].class, x, d->y + 16) ||
		    text_at(d, x + 16, d->y + 26, "start", item[i].text))
			return -1;
	}
	return 0;
}

int tmk_status_svg(struct tmk_buf *out, const struct tmk_status *s,
		   struct tmk_err *err)
{
	struct drawing d = { out, s, span_of(s), TOP };
	int i, height = height_of(s), bottom = height - LEGEND, rc;

	rc = tmk_buf_printf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" "
		"viewBox=\"0 0 %d %d\" role=\"img\" "
		"aria-labelledby=\"svgtitle svgdesc\">\n"
		"<title id=\"svgtitle\">Validity of keys and "
		"authorities</title>\n<desc id=\"svgdesc\">A bar for each "
		"certificate, from its first to its last day; the tables "
		"below say the same.</desc>\n", WIDTH, height);
	if (!rc)
		rc = grid(&d, bottom);
	for (i = 0; !rc && i < s->keys; i++)
		rc = key_rows(&d, &s->key[i]);
	for (i = 0; !rc && i < s->others; i++)
		rc = other_row(&d, &s->other[i]);
	if (!rc)
		rc = today(&d, bottom);
	if (!rc)
		rc = legend(&d);
	if (!rc)
		rc = tmk_buf_addstr(out, "</svg>\n");
	return rc ? tmk_err_set(err, TMK_INPUT, "the page is too long") : 0;
}
