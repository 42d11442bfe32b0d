#include "plugins/front_key_verbs.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/opt.h"
#include "plugins/front_pick.h"
#include "plugins/front_report.h"
#include "plugins/practice.h"

#define LINE_MAX_BYTES 8192

static const char *const verdict_name[] = {
	[TMK_PRACTICE_PASS] = "pass", [TMK_PRACTICE_FAIL] = "fail",
	[TMK_PRACTICE_UNKNOWN] = "unknown",
};

static int show_json(const struct tmk_practice_row *row,
		     enum tmk_practice_verdict v, const char *why,
		     struct tmk_err *err)
{
	struct tmk_buf out = TMK_BUF_INIT(LINE_MAX_BYTES);
	struct tmk_json j;
	int rc;

	tmk_json_init(&j, &out);
	tmk_json_open_object(&j, NULL);
	tmk_json_int(&j, "row", row->number);
	tmk_json_string(&j, "name", row->title);
	tmk_json_string(&j, "status", verdict_name[v]);
	tmk_json_string(&j, "why", why);
	if (*row->mend && v != TMK_PRACTICE_PASS)
		tmk_json_string(&j, "command", row->mend);
	else
		tmk_json_null(&j, "command");
	tmk_json_close_object(&j);
	rc = tmk_front_report_json(stdout, &j, err);
	tmk_buf_release(&out);
	return rc;
}

static int show_text(const struct tmk_practice_row *row,
		     enum tmk_practice_verdict v, const char *why,
		     struct tmk_err *err)
{
	if (tmk_front_report_line(stdout, err, "%-8s%3d  %s", verdict_name[v],
				  row->number, row->title) < 0 ||
	    tmk_front_report_line(stdout, err, "             %s", why) < 0)
		return -1;
	if (!*row->mend || v == TMK_PRACTICE_PASS)
		return 0;
	return tmk_front_report_line(stdout, err, "             > %s",
				     row->mend);
}

/* The command as it can be typed: with one key there is no doubt which is
 * meant; with several the reason names it. */
static void fill(struct tmk_practice_row *row, char *space, size_t size,
		 const struct tmk_practice *p)
{
	if (p->keys != 1)
		return;
	tmk_front_pick_fill(space, size, row->mend, p->key[0].key->name);
	row->mend = space;
}

/* The rows, one after the other. *failed gets how many did. */
static int show(const struct tmk_practice *p, bool json, int *failed,
		struct tmk_err *err)
{
	int i, count[3] = { 0, 0, 0 };

	for (i = 0; i < TMK_PRACTICE_ROWS; i++) {
		struct tmk_practice_row row = tmk_practice_rows[i];
		enum tmk_practice_verdict v = TMK_PRACTICE_UNKNOWN;
		char why[TMK_PRACTICE_WHY] = "", command[512];

		if (row.check)
			v = row.check(p, why, sizeof(why));
		else
			snprintf(why, sizeof(why), "the organisation's to "
				 "tell: %s", row.ask);
		fill(&row, command, sizeof(command), p);
		count[v]++;
		if ((json ? show_json(&row, v, why, err) :
		     show_text(&row, v, why, err)) < 0)
			return -1;
	}
	*failed = count[TMK_PRACTICE_FAIL];
	if (json)
		return 0;
	return tmk_front_report_line(stdout, err, "%d pass, %d fail, %d "
				     "unknown", count[TMK_PRACTICE_PASS],
				     count[TMK_PRACTICE_FAIL],
				     count[TMK_PRACTICE_UNKNOWN]);
}

int tmk_front_key_audit(int argc, char **argv, struct tmk_err *err)
{
	bool json = false, offline = false, help = false;
	const struct tmk_opt table[] = {
		{ 0, "offline", TMK_OPT_FLAG, &offline, NULL,
		  "look at files alone, at no token" },
		{ 0, "json", TMK_OPT_FLAG, &json, NULL,
		  "one object for each row" },
		{ 'h', "help", TMK_OPT_FLAG, &help, NULL, "show this" },
		{ 0, NULL }
	};
	struct tmk_practice p;
	int operands = 0, failed = 0, rc;

	if (tmk_opt_parse(table, argc, argv, &operands, err) < 0)
		return err->code;
	if (help) {
		tmk_opt_help(stdout, "touchmark key audit [OPTION...]", table);
		return TMK_OK;
	}
	if (operands) {
		tmk_err_set(err, TMK_USAGE, "key audit takes no argument");
		return TMK_USAGE;
	}
	rc = tmk_practice_gather(&p, offline, err);
	if (!rc)
		rc = show(&p, json, &failed, err);
	tmk_practice_release(&p);
	if (rc < 0)
		return err->code;
	return failed ? TMK_REFUSED : TMK_OK;
}
