/*
 * status_table.c - the table for people: one line for each thing that ends,
 * in 80 columns, then what should be done.
 */
#include "plugins/status_facts.h"

#include <stdio.h>
#include <string.h>

#include "plugins/front_file.h"

#define NAME_WIDTH 18
#define DETAIL_WIDTH 22

char *tmk_status_date(char *out, int64_t t)
{
	if (t == TMK_TIME_NONE) {
		snprintf(out, TMK_CLOCK_TEXT, "-");
		return out;
	}
	tmk_clock_format(out, t);
	out[strcspn(out, "T")] = '\0';
	return out;
}

/* Cut at a whole character; cut text ends with "..". */
static char *cut(char *out, size_t size, const char *text, size_t width)
{
	size_t at = 0, chars = 0, last = 0;

	for (; text[at] && at + 4 < size; at++) {
		if (((unsigned char)text[at] & 0xc0) == 0x80)
			continue;
		if (chars == width - 2)
			last = at;
		if (chars++ == width)
			break;
	}
	if (chars <= width && !text[at])
		snprintf(out, size, "%s", text);
	else
		snprintf(out, size, "%.*s..", (int)last, text);
	return out;
}

static void row(const struct tmk_status *s, const char *what,
		const char *name, int64_t until, const char *state,
		const char *detail)
{
	char date[TMK_CLOCK_TEXT], days[24] = "-";
	char n[4 * NAME_WIDTH + 8], d[4 * DETAIL_WIDTH + 8];

	if (until != TMK_TIME_NONE)
		snprintf(days, sizeof(days), "%lld",
			 (long long)tmk_status_days(s, until));
	printf("%-5s %-*s %-10s %6s %-14s %s\n", what, NAME_WIDTH,
	       cut(n, sizeof(n), name, NAME_WIDTH),
	       tmk_status_date(date, until), days, state,
	       cut(d, sizeof(d), detail, DETAIL_WIDTH));
}

static void key_row(const struct tmk_status *s, const struct tmk_status_key *k)
{
	const char *env = tmk_config_env_name(k->section->env);
	char detail[128];
	int i, there = 0;

	for (i = 0; i < k->section->uris; i++)
		there += k->place[i].where == TMK_STATUS_THERE;
	if (s->offline)
		snprintf(detail, sizeof(detail), "%s%s%d place%s", env,
			 *env ? ", " : "", k->section->uris,
			 k->section->uris == 1 ? "" : "s");
	else
		snprintf(detail, sizeof(detail), "%s%s%d of %d place%s", env,
			 *env ? ", " : "", there, k->section->uris,
			 k->section->uris == 1 ? "" : "s");
	row(s, "key", k->section->name, k->until, k->state, detail);
}

static void cert_row(const struct tmk_status *s,
		     const struct tmk_status_key *k,
		     const struct tmk_status_cert *c)
{
	char detail[64], from[TMK_CLOCK_TEXT];

	snprintf(detail, sizeof(detail), "from %s%s%s",
		 tmk_status_date(from, c->from), c->in_file ? ", file" : "",
		 c->on_token ? ", token" : "");
	row(s, "cert", k->section->name, c->to, tmk_status_use_word(c->use),
	    detail);
}

static void keys(const struct tmk_status *s)
{
	int i, j;

	for (i = 0; i < s->keys; i++) {
		key_row(s, &s->key[i]);
		for (j = 0; j < s->key[i].certs; j++)
			cert_row(s, &s->key[i], &s->key[i].cert[j]);
		for (j = 0; j < s->key[i].section->uris; j++) {
			const struct tmk_status_place *p = &s->key[i].place[j];

			if (p->where != TMK_STATUS_THERE &&
			    p->where != TMK_STATUS_UNSEEN)
				printf("      %s %s: %s\n",
				       tmk_status_where_word(p->where),
				       p->uri, p->text);
		}
	}
}

static void others(const struct tmk_status *s)
{
	static const char *const word[] = {
		[TMK_STATUS_ROOT] = "root", [TMK_STATUS_INTERMEDIATE] = "ca",
		[TMK_STATUS_TSA] = "tsa", [TMK_STATUS_CRL] = "crl",
	};
	int i;

	for (i = 0; i < s->others; i++) {
		const struct tmk_status_other *o = &s->other[i];
		const char *base = strrchr(o->file, '/');
		char seen[64], at[TMK_CLOCK_TEXT];

		snprintf(seen, sizeof(seen), "signed, %s",
			 tmk_status_date(at, o->seen));
		row(s, word[o->kind], o->name, o->to, o->state,
		    *o->url ? seen : base && base[1] ? base + 1 : o->file);
	}
}

static void denials(const struct tmk_status *s)
{
	int i;

	for (i = 0; i < s->denials; i++) {
		const struct tmk_front_denied_key *d = &s->denied[i].key;

		printf("deny  %-*.*s since %s\n      sha256:%s%s%s\n",
		       NAME_WIDTH, NAME_WIDTH,
		       *d->what.name ? d->what.name : "-",
		       *d->what.since ? d->what.since : "(not said)",
		       d->sha256, *d->what.reason ? "\n      " : "",
		       d->what.reason);
	}
}

static void problem(const char *what, const char *name, const char *text,
		    const char *hint)
{
	printf("%s%s%s: %s\n", what, *what ? " " : "", name, text);
	if (*hint)
		printf("  %s\n", hint);
}

/* What should be done, after a blank line. */
static void problems(const struct tmk_status *s)
{
	int i;

	if (s->code)
		putchar('\n');
	for (i = 0; i < s->keys; i++)
		if (s->key[i].level)
			problem("key", s->key[i].section->name,
				s->key[i].text, s->key[i].hint);
	for (i = 0; i < s->others; i++)
		if (s->other[i].level)
			problem(tmk_status_kind_word(s->other[i].kind),
				s->other[i].name, s->other[i].text,
				s->other[i].hint);
	for (i = 0; i < s->faults; i++)
		problem("", "cannot be read", s->fault[i].err.text,
			s->fault[i].err.hint);
}

int tmk_status_table(const struct tmk_status *s, struct tmk_err *err)
{
	printf("%-5s %-*s %-10s %6s %-14s %s\n", "WHAT", NAME_WIDTH, "NAME",
	       "UNTIL", "DAYS", "STATE", "MORE");
	keys(s);
	others(s);
	denials(s);
	problems(s);
	if (ferror(stdout))
		return tmk_err_set(err, TMK_INPUT, "standard output cannot be "
				   "written");
	return 0;
}
