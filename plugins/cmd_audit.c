/*
 * cmd_audit.c - `touchmark audit`: what would the gate say to this push?
 *
 * The gate itself is asked, so its answer is the gate's. As a pre-push hook it
 * keeps a push at home that a server would refuse. No key, no token, no
 * network.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/opt.h"
#include "core/config.h"
#include "plugins/audit_gate.h"
#include "plugins/audit_git.h"
#include "plugins/audit_range.h"
#include "plugins/audit_show.h"
#include "plugins/command.h"
#include "plugins/front_libgit2.h"
#include "plugins/install_check.h"

struct options {
	bool help, json, sarif, pre_push, install_check;
	const char *policy, *ref;
	const char *repo, *range;	/* operands; NULL: not given */
};

static const char synopsis[] =
	"touchmark audit [--policy P] [--ref REF] [--json | --sarif] [REPO] "
	"[REVISION-RANGE]\n"
	"       touchmark audit --pre-push [--policy P] REMOTE [URL]\n"
	"       touchmark audit --install-check [--json] [REPO]";

/* An absolute path: the gate may run elsewhere. *out belongs to the caller. */
static int find_policy(char **out, const struct options *o,
		       struct tmk_err *err)
{
	struct tmk_config *config = NULL;
	const char *path = o->policy;
	int ret = -1;

	if (!path) {
		if (tmk_config_load(&config, ".", err) < 0)
			return -1;
		path = config->policy;
	}
	if (!path) {
		tmk_err_set(err, TMK_USAGE, "no policy is named");
		tmk_err_hint(err, "give --policy FILE, or: git config --global "
			     "touchmark.policy FILE; the server's is the one "
			     "that counts");
		goto out;
	}
	*out = realpath(path, NULL);
	if (*out)
		ret = 0;
	else
		tmk_err_set(err, TMK_USAGE, "the policy %s cannot be read",
			    path);
out:
	tmk_config_free(config);
	return ret;
}

static bool is_directory(const char *path)
{
	struct stat s;

	return !stat(path, &s) && S_ISDIR(s.st_mode);
}

/* One operand is REPO when it names a folder, else a range. */
static int take_operands(struct options *o, int operands, char **operand,
			 struct tmk_err *err)
{
	if (o->json && o->sarif)
		return tmk_err_set(err, TMK_USAGE, "--json and --sarif "
				   "exclude each other");
	if (o->install_check) {
		if (o->pre_push || o->sarif || o->ref || o->policy ||
		    operands > 1)
			return tmk_err_set(err, TMK_USAGE, "--install-check "
					   "takes at most --json and a "
					   "repository");
		o->repo = operands ? operand[0] : NULL;
		return 0;
	}
	if (o->pre_push) {
		if (o->json || o->sarif || o->ref)
			return tmk_err_set(err, TMK_USAGE, "--pre-push takes "
					   "no --json, --sarif or --ref");
		if (operands < 1 || operands > 2)
			return tmk_err_set(err, TMK_USAGE, "--pre-push takes "
					   "what git gives a hook: REMOTE URL");
		return 0;
	}
	if (operands > 2) {
		tmk_err_set(err, TMK_USAGE, "at most a repository and a range "
			    "are expected");
		return tmk_err_hint(err, "touchmark audit --help");
	}
	if (operands == 2 || (operands == 1 && is_directory(operand[0])))
		o->repo = operand[0];
	if (operands == 2 || (operands == 1 && !o->repo))
		o->range = operand[operands - 1];
	if (o->ref && strncmp(o->ref, "refs/", 5))
		return tmk_err_set(err, TMK_USAGE, "--ref takes a full name, "
				   "refs/heads/main say, not '%s'", o->ref);
	return 0;
}

/* What is told, and the exit code. */
static int tell(const struct options *o, const struct tmk_audit_answer *a,
		struct tmk_err *err)
{
	bool quiet = o->pre_push;
	int rc;

	if (o->json)
		rc = tmk_audit_show_json(a, err);
	else if (o->sarif)
		rc = tmk_audit_show_sarif(a, err);
	else
		rc = tmk_audit_show_text(quiet || a->failed ? stderr : stdout,
					 a, !quiet, err);
	if (rc < 0)
		return err->code;
	if (a->failed)
		return a->failed;
	return a->refused && (a->enforced || !o->pre_push) ? TMK_REFUSED :
		TMK_OK;
}

/* The lines for the gate; *changes 0: there is nothing to ask it. */
static int collect(struct tmk_buf *input, int *changes,
		   const struct options *o, const char *remote,
		   struct tmk_err *err)
{
	*changes = 1;
	if (tmk_audit_git_settle(o->repo, err) < 0)
		return -1;
	if (o->pre_push)
		return tmk_audit_range_pre_push(input, changes, STDIN_FILENO,
						remote, err);
	return o->range ?
		tmk_audit_range_named(input, o->range, o->ref, err) :
		tmk_audit_range_default(input, o->ref, err);
}

static int audit(const struct options *o, const char *remote,
		 struct tmk_err *err)
{
	struct tmk_buf input = TMK_BUF_INIT(TMK_AUDIT_INPUT_MAX);
	struct tmk_audit_answer answer = { .failed = 0 };
	char *policy = NULL;
	int changes = 0, code;

	if (find_policy(&policy, o, err) < 0)
		goto out;
	if (o->repo && chdir(o->repo) < 0) {
		tmk_err_set(err, TMK_INPUT, "%s cannot be entered", o->repo);
		goto out;
	}
	if (collect(&input, &changes, o, remote, err) < 0)
		goto out;
	if (changes && tmk_audit_gate_ask(&answer, policy, o->json, &input,
					  err) < 0)
		goto out;
out:
	code = err->code ? err->code : changes ? tell(o, &answer, err) :
		TMK_OK;
	tmk_audit_gate_release(&answer);
	tmk_buf_release(&input);
	free(policy);
	return code;
}

static int audit_run(int argc, char **argv, struct tmk_err *err)
{
	struct options o = { .help = false };
	const struct tmk_opt table[] = {
		{ 0, "policy", TMK_OPT_TEXT, &o.policy, "P",
		  "judge by this policy; default: touchmark.policy" },
		{ 0, "ref", TMK_OPT_TEXT, &o.ref, "REF",
		  "the server's ref whose rules count" },
		{ 0, "json", TMK_OPT_FLAG, &o.json, NULL,
		  "one JSON object per verdict, good ones too" },
		{ 0, "sarif", TMK_OPT_FLAG, &o.sarif, NULL,
		  "the refusals as a SARIF 2.1.0 log" },
		{ 0, "pre-push", TMK_OPT_FLAG, &o.pre_push, NULL,
		  "be git's pre-push hook" },
		{ 0, "install-check", TMK_OPT_FLAG, &o.install_check, NULL,
		  "is the gate of this server in the way of a push?" },
		{ 'h', "help", TMK_OPT_FLAG, &o.help, NULL, "this text" },
		{ 0, NULL, TMK_OPT_FLAG, NULL, NULL, NULL }
	};
	int operands = 0;

	if (tmk_opt_parse(table, argc, argv, &operands, err) < 0)
		return err->code;
	if (o.help) {
		tmk_opt_help(stdout, synopsis, table);
		return TMK_OK;
	}
	if (take_operands(&o, operands, argv + 1, err) < 0)
		return err->code;
	tmk_front_libgit2_start();
	if (o.install_check)
		return tmk_install_check(o.repo, o.json, err);
	return audit(&o, operands ? argv[1] : NULL, err);
}

const struct tmk_command tmk_command_audit = {
	"audit", "judge history as the gate would, before it is pushed",
	audit_run
};
