/*
 * cmd_doctor.c - `touchmark doctor`: what is set up, what is not, and who
 * would show our signatures as verified.
 *
 * Looks and changes nothing: no PIN is asked for, no token logged in to. Ends
 * with 1 when something would fail, 0 when there are warnings at most.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <git2.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/opt.h"
#include "plugins/command.h"
#include "plugins/doctor_facts.h"
#include "plugins/front_libgit2.h"
#include "plugins/front_pick.h"
#include "plugins/front_report.h"

#define LINE_MAX_BYTES 16384
#define FACT_BYTES 2048

static const char synopsis[] =
	"touchmark doctor [--receiver git|gitlab|github|gate|rpm|apt] "
	"[--offline]\n"
	"                        [--json]";

static const char *const status_name[] = { "ok", "warn", "fail", "skip" };

/* ---- saying ------------------------------------------------------------- */

static void say_json(struct tmk_doctor *d, enum tmk_doctor_status status,
		     const char *id, const char *hint, const char *text)
{
	struct tmk_buf line = TMK_BUF_INIT(LINE_MAX_BYTES);
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_json j;

	tmk_json_init(&j, &line);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "id", id);
	tmk_json_string(&j, "status", status_name[status]);
	tmk_json_string(&j, "text", text);
	tmk_json_string(&j, "hint", hint);
	tmk_json_close_object(&j);
	if (tmk_front_report_json(stdout, &j, &err) && !d->err->code)
		*d->err = err;
	tmk_buf_release(&line);
}

void tmk_doctor_say(struct tmk_doctor *d, enum tmk_doctor_status status,
		    const char *id, const char *hint, const char *fmt, ...)
{
	struct tmk_err err = TMK_ERR_INIT;
	char text[FACT_BYTES], filled[sizeof(err.hint)];
	va_list ap;

	if (hint && d->about) {
		tmk_front_pick_fill(filled, sizeof(filled), hint, d->about);
		hint = filled;
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	d->failed += status == TMK_DOCTOR_FAIL;
	if (hint && !*hint)
		hint = NULL;
	if (d->json)
		say_json(d, status, id, hint, text);
	else if (tmk_front_report_line(stdout, &err, "%-4s  %-16s %s%s%s",
				       status_name[status], id, text,
				       hint ? "; " : "", hint ? hint : "") &&
		 !d->err->code)
		*d->err = err;
}

void tmk_doctor_say_error(struct tmk_doctor *d, enum tmk_doctor_status status,
			  const char *id, const struct tmk_err *what)
{
	tmk_doctor_say(d, status, id, what->hint, "%s", what->text);
}

void tmk_doctor_answer(struct tmk_doctor *d, const char *id, const char *ref,
		       enum tmk_doctor_answer answer, bool counts,
		       const char *hint, const char *because, ...)
{
	const char *word = answer == TMK_DOCTOR_YES ? "yes" :
		answer == TMK_DOCTOR_NO ? "no because " : "unknown because ";
	enum tmk_doctor_status status = answer == TMK_DOCTOR_YES ?
		TMK_DOCTOR_OK : TMK_DOCTOR_WARN;
	char why[FACT_BYTES / 2] = "";
	va_list ap;

	if (answer == TMK_DOCTOR_NO && d->named && counts)
		status = TMK_DOCTOR_FAIL;
	va_start(ap, because);
	if (answer != TMK_DOCTOR_YES)
		vsnprintf(why, sizeof(why), because, ap);
	va_end(ap);
	tmk_doctor_say(d, status, id, hint, "%s%swould show verified: %s%s",
		       ref, *ref ? ": " : "", word, why);
}

const char *tmk_doctor_format_name(enum tmk_seal_format format)
{
	return format == TMK_FORMAT_OPENPGP ? "OpenPGP" :
		format == TMK_FORMAT_SSH ? "SSH" : "X.509";
}

const char *tmk_doctor_format_type(enum tmk_seal_format format)
{
	return format == TMK_FORMAT_OPENPGP ? "openpgp" :
		format == TMK_FORMAT_SSH ? "ssh" : "x509";
}

/* ---- the run ------------------------------------------------------------ */

static void release(struct tmk_doctor *d)
{
	tmk_config_free(d->config);
	tmk_policy_free(d->policy);
	free(d->signing_key);
	free(d->ident);
	free(d->email);
	sk_X509_pop_free(d->chain, X509_free);
	tmk_buf_release(&d->token);
	tmk_buf_release(&d->spki);
}

static int look(struct tmk_doctor *d)
{
	d->now = tmk_clock_now();
	tmk_doctor_programs(d);
	tmk_doctor_config(d);
	/* Who signs packages alone need not have git sign. */
	if (d->receivers & ~(unsigned int)(TMK_DOCTOR_RPM | TMK_DOCTOR_APT))
		tmk_doctor_git(d);
	else
		d->format = TMK_FORMAT_OPENPGP;
	tmk_doctor_package_key(d);
	tmk_doctor_keys(d);
	tmk_doctor_services(d);
	tmk_doctor_trust(d);
	tmk_doctor_stamps(d);
	tmk_doctor_agent(d);
	tmk_doctor_receivers(d);
	tmk_doctor_gate(d);
	tmk_doctor_packages(d);
	release(d);
	if (d->err->code)
		return d->err->code;
	return d->failed ? TMK_REFUSED : TMK_OK;
}

static int choose_receivers(struct tmk_doctor *d,
			    const struct tmk_opt_list *names,
			    struct tmk_err *err)
{
	static const char *const known[] = { "git", "gitlab", "github",
					     "gate", "rpm", "apt" };
	int i, n, all = sizeof(known) / sizeof(*known);

	d->named = names->count;
	d->receivers = names->count ? 0 : (1u << all) - 1;
	for (i = 0; i < names->count; i++) {
		for (n = 0; n < all && strcmp(names->item[i], known[n]); n++)
			;
		if (n == all) {
			tmk_err_set(err, TMK_USAGE, "'%s' is no receiver that "
				    "is known", names->item[i]);
			return tmk_err_hint(err, "it is git, gitlab, github, "
					    "gate, rpm or apt");
		}
		d->receivers |= 1u << n;
	}
	return 0;
}

static int doctor_run(int argc, char **argv, struct tmk_err *err)
{
	struct tmk_doctor d = {
		.token = TMK_BUF_INIT(TMK_TST_MAX), .err = err,
		.spki = TMK_BUF_INIT(TMK_DOCTOR_SPKI_MAX),
		.created = TMK_TIME_NONE,
		.format = TMK_FORMAT_X509
	};
	struct tmk_opt_list receivers = { .count = 0 };
	bool help = false;
	const struct tmk_opt table[] = {
		{ 0, "receiver", TMK_OPT_LIST, &receivers, "NAME",
		  "git, gitlab, github, gate, rpm or apt; may repeat; "
		  "default: all" },
		{ 0, "offline", TMK_OPT_FLAG, &d.offline, NULL,
		  "ask nothing of the network" },
		{ 0, "json", TMK_OPT_FLAG, &d.json, NULL,
		  "one JSON object per check" },
		{ 'h', "help", TMK_OPT_FLAG, &help, NULL, "this text" },
		{ 0, NULL, TMK_OPT_FLAG, NULL, NULL, NULL }
	};
	int operands = 0, code;

	if (tmk_opt_parse(table, argc, argv, &operands, err) < 0)
		return err->code;
	if (help) {
		tmk_opt_help(stdout, synopsis, table);
		return TMK_OK;
	}
	if (operands) {
		tmk_err_set(err, TMK_USAGE, "doctor takes options alone");
		tmk_err_hint(err, "touchmark doctor --help");
		return TMK_USAGE;
	}
	if (choose_receivers(&d, &receivers, err) < 0)
		return err->code;
	tmk_front_libgit2_start();
	if (git_libgit2_init() < 0) {
		tmk_err_set(err, TMK_INTERNAL, "libgit2 does not start");
		return TMK_INTERNAL;
	}
	code = look(&d);
	git_libgit2_shutdown();
	return code;
}

const struct tmk_command tmk_command_doctor = {
	"doctor", "what is set up, what is not, and who would show it verified",
	doctor_run
};
