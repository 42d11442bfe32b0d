#include "plugins/front_key_verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/opt.h"
#include "plugins/front_file.h"
#include "plugins/status_facts.h"

#define DAYS 30
#define DAYS_MAX 36500
#define PAGE_MAX (64 * 1024 * 1024)

struct options {
	const char *warn, *html;
	bool help, json, offline;
};

/* "30", or "30d" as other tools write it. */
static int read_days(int *out, const char *text, struct tmk_err *err)
{
	char *end = NULL;
	long n;

	if (!text) {
		*out = DAYS;
		return 0;
	}
	n = *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : -1;
	if (end && *end == 'd')
		end++;
	if (n >= 0 && n <= DAYS_MAX && end && !*end) {
		*out = (int)n;
		return 0;
	}
	tmk_err_set(err, TMK_USAGE, "--warn takes days, 0 to %d, not '%s'",
		    DAYS_MAX, text);
	return tmk_err_hint(err, "touchmark key status --warn 60");
}

static int write_page(const struct tmk_status *s, const char *path,
		      struct tmk_err *err)
{
	struct tmk_buf page = TMK_BUF_INIT(PAGE_MAX);
	int rc = tmk_status_html(&page, s, err);

	if (!rc)
		rc = tmk_front_file_put(path, page.data, page.len, err);
	tmk_buf_release(&page);
	return rc;
}

/* The page takes the place of the table when it goes to standard output. */
static int show(const struct tmk_status *s, const struct options *o,
		struct tmk_err *err)
{
	if (o->html && write_page(s, o->html, err))
		return -1;
	if (o->html && !strcmp(o->html, "-"))
		return 0;
	return o->json ? tmk_status_json(s, err) : tmk_status_table(s, err);
}

static int status(const struct options *o, int *code, struct tmk_err *err)
{
	struct tmk_status s = { .now = tmk_clock_now(),
		.offline = o->offline };
	int rc = -1;

	if (read_days(&s.days, o->warn, err) ||
	    tmk_config_load(&s.config, ".", err) ||
	    tmk_status_keys(&s, err) || tmk_status_trust(&s, err) ||
	    tmk_status_denials(&s, err))
		goto out;
	tmk_status_judge(&s);
	if (s.odd.code)
		fprintf(stderr, "touchmark: warning: %s; passed over\n",
			s.odd.text);
	rc = show(&s, o, err);
	*code = s.code;
out:
	tmk_status_keys_release(&s);
	tmk_status_trust_release(&s);
	tmk_config_free(s.config);
	return rc;
}

int tmk_front_key_status(int argc, char **argv, struct tmk_err *err)
{
	struct options o = { .help = false };
	const struct tmk_opt table[] = {
		{ 0, "warn", TMK_OPT_TEXT, &o.warn, "DAYS",
		  "warn of what ends within so many days (default 30)" },
		{ 0, "offline", TMK_OPT_FLAG, &o.offline, NULL,
		  "look at files alone, at no token, service or host" },
		{ 0, "json", TMK_OPT_FLAG, &o.json, NULL,
		  "one JSON object per key, certificate and list" },
		{ 0, "html", TMK_OPT_TEXT, &o.html, "FILE",
		  "write a page with a timeline too" },
		{ 'h', "help", TMK_OPT_FLAG, &o.help, NULL, "show this" },
		{ 0, NULL }
	};
	int operands = 0, code = TMK_OK;

	if (tmk_opt_parse(table, argc, argv, &operands, err) < 0)
		return err->code;
	if (o.help) {
		tmk_opt_help(stdout, "touchmark key status [OPTION...]",
			     table);
		return TMK_OK;
	}
	if (operands) {
		tmk_err_set(err, TMK_USAGE, "key status takes no name: it "
			    "shows every key");
		tmk_err_hint(err, "touchmark key show NAME tells about one");
		return TMK_USAGE;
	}
	if (status(&o, &code, err))
		return err->code;
	return code;
}
