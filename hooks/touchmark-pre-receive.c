/*
 * touchmark-pre-receive - refuse a push that the server's policy does not
 * allow. git runs it as hooks/pre-receive, once for the whole push. With
 * --audit `touchmark audit` asks it what it would say.
 *
 * Holds no key, no PIN and no way to the network. As a hook it ends with 0
 * when the push may come in and with 1 for everything else, its own failures
 * included.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <git2.h>

#include "base/opt.h"
#include "core/libgit2_start.h"
#include "hooks/gate.h"
#include "hooks/gate_pushcert.h"
#include "hooks/gate_record.h"
#include "hooks/git_memory.h"

#define LATE 60		/* seconds beyond [limits] seconds: then it is killed */

static const char help[] =
"usage: touchmark-pre-receive\n"
"       touchmark-pre-receive --audit --policy FILE [--all]\n"
"\n"
"git runs this as hooks/pre-receive of a server's repository, with\n"
"\"old new ref\" lines on standard input. The policy is the file that\n"
"touchmark.policy names in the repository's configuration, else\n"
"/etc/touchmark/policy. touchmark audit asks with --audit what would be\n"
"said. See touchmark-pre-receive(8).\n";

/* Which reason an error stands for that ends the judgement of the push. */
static enum tmk_reason reason_of(const struct tmk_err *err)
{
	switch (err->code) {
	case TMK_USAGE:
		return TMK_POLICY_INVALID;
	case TMK_INPUT:
		return TMK_LIMIT_EXCEEDED;
	default:
		return TMK_INTERNAL_ERROR;
	}
}

/* Open, read, judge command by command. */
static int judge(struct tmk_gate *gate, enum tmk_reason *reason,
		 struct tmk_err *err)
{
	int i, rc, ret = -1;

	*reason = TMK_INTERNAL_ERROR;
	if (tmk_repo_open(&gate->repo, !gate->audit, err) < 0)
		return -1;
	rc = gate->audit ? 0 : tmk_gate_record_open(gate, err);
	if (!rc)
		rc = gate->audit ? tmk_gate_audit_open(gate, err) :
			tmk_gate_open_policy(gate, err);
	if (rc < 0) {
		*reason = err->code == TMK_INTERNAL ? TMK_INTERNAL_ERROR :
			TMK_POLICY_INVALID;
		return -1;
	}
	alarm((unsigned int)gate->policy->limit_seconds + LATE);
	/* git hands on what a hook writes; a person asks for an audit */
	if (!gate->audit || isatty(STDERR_FILENO))
		tmk_gate_progress_init(&gate->progress, STDERR_FILENO);
	if (tmk_gate_input_read(gate, STDIN_FILENO, err) < 0) {
		*reason = reason_of(err);
		return -1;
	}
	if (!gate->audit && tmk_gate_pushcert_judge(gate, err) < 0) {
		*reason = reason_of(err);
		goto out;
	}
	for (i = 0; i < gate->commands; i++)
		if (tmk_gate_command_judge(gate, &gate->command[i], err) < 0)
			goto out;
	tmk_gate_progress_end(&gate->progress);
	ret = 0;
out:
	tmk_gate_progress_break(&gate->progress);
	return ret;
}

/* What git is told: whether the push comes in. */
static int as_hook(struct tmk_gate *gate)
{
	struct tmk_err err = TMK_ERR_INIT, lost = TMK_ERR_INIT;
	enum tmk_reason reason;
	int rc = judge(gate, &reason, &err);

	if (rc < 0)
		tmk_gate_report_push(reason, &err);
	/* before git is told anything */
	if (tmk_gate_record_end(gate, reason, rc < 0 ? &err : NULL,
				&lost) < 0) {
		tmk_gate_report_push(TMK_INTERNAL_ERROR, &lost);
		return 1;
	}
	if (rc < 0)
		return 1;
	tmk_gate_report_end(gate);
	return gate->refused && gate->policy->enforce;
}

/* What touchmark audit is told, whether the policy is enforced or not. */
static int as_audit(struct tmk_gate *gate)
{
	struct tmk_err err = TMK_ERR_INIT;
	enum tmk_reason reason;

	if (judge(gate, &reason, &err) < 0) {
		tmk_gate_audit_say_failed(reason, &err);
		fflush(stdout);
		return reason == TMK_POLICY_INVALID ? TMK_USAGE :
			gate->policy ? TMK_INTERNAL : TMK_INPUT;
	}
	if (tmk_gate_audit_end(gate, &err) < 0)
		return TMK_INPUT;
	return gate->refused ? TMK_REFUSED : TMK_OK;
}

static int read_options(int argc, char **argv, struct tmk_gate_audit *audit,
			bool *asked, bool *show, struct tmk_err *err)
{
	const struct tmk_opt table[] = {
		{ 0, "audit", TMK_OPT_FLAG, asked, NULL,
		  "say what a push would be told" },
		{ 0, "policy", TMK_OPT_TEXT, &audit->policy, "FILE",
		  "judge by this policy" },
		{ 0, "all", TMK_OPT_FLAG, &audit->all, NULL,
		  "tell the good objects too" },
		{ 0, "help", TMK_OPT_FLAG, show, NULL, "show this" },
		{ 0, NULL, TMK_OPT_FLAG, NULL, NULL, NULL }
	};
	int operands = 0;

	if (tmk_opt_parse(table, argc, argv, &operands, err) < 0)
		return -1;
	if (*show)
		return 0;
	if (operands || (*asked && !audit->policy) ||
	    (!*asked && (audit->policy || audit->all)))
		return tmk_err_set(err, TMK_USAGE, "it takes no arguments, or "
				   "--audit and --policy FILE");
	return 0;
}

int main(int argc, char **argv)
{
	struct tmk_gate_audit audit = { 0 };
	struct tmk_gate gate = { 0 };
	struct tmk_err err = TMK_ERR_INIT;
	bool asked = false, show = false;
	int ret;

	if (read_options(argc, argv, &audit, &asked, &show, &err) < 0) {
		fprintf(stderr, "touchmark-pre-receive: %s; see --help\n",
			err.text);
		return TMK_USAGE;
	}
	if (show) {
		fputs(help, stdout);
		return fflush(stdout) ? 1 : 0;
	}
	signal(SIGPIPE, SIG_IGN);
	/* a caller that ignores it would hide how a child ended */
	signal(SIGCHLD, SIG_DFL);
	if (tmk_git_memory_take() < 0 || tmk_libgit2_start() < 0) {
		tmk_err_set(&err, TMK_INTERNAL, "libgit2 does not start");
		tmk_gate_report_push(TMK_INTERNAL_ERROR, &err);
		return asked ? TMK_INTERNAL : 1;
	}
	gate.audit = asked ? &audit : NULL;
	ret = asked ? as_audit(&gate) : as_hook(&gate);
	tmk_gate_release(&gate);
	git_libgit2_shutdown();
	return ret;
}
