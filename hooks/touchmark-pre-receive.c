/*
 * touchmark-pre-receive - refuse a push that the server's policy does not
 * allow. git runs it as hooks/pre-receive, once for the whole push.
 *
 * Holds no key, no PIN and no way to the network. Ends with 0 when the push
 * may come in and with 1 for everything else, its own failures included.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hooks/gate.h"

#define LATE 60		/* seconds beyond [limits] seconds: then it is killed */

static const char help[] =
"usage: touchmark-pre-receive\n"
"\n"
"git runs this as hooks/pre-receive of a server's repository, with\n"
"\"old new ref\" lines on standard input. The policy is the file that\n"
"touchmark.policy names in the repository's configuration, else\n"
"/etc/touchmark/policy. See touchmark-pre-receive(8).\n";

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
	int i;

	*reason = TMK_INTERNAL_ERROR;
	if (tmk_gate_open_repo(gate, err) < 0)
		return -1;
	if (tmk_gate_open_policy(gate, err) < 0) {
		*reason = err->code == TMK_INTERNAL ? TMK_INTERNAL_ERROR :
			TMK_POLICY_INVALID;
		return -1;
	}
	alarm((unsigned int)gate->policy->limit_seconds + LATE);
	if (tmk_gate_input_read(gate, STDIN_FILENO, err) < 0) {
		*reason = reason_of(err);
		return -1;
	}
	for (i = 0; i < gate->commands; i++)
		if (tmk_gate_command_judge(gate, &gate->command[i], err) < 0)
			return -1;
	return 0;
}

int main(int argc, char **argv)
{
	struct tmk_gate gate = { 0 };
	struct tmk_err err = TMK_ERR_INIT;
	enum tmk_reason reason;
	int ret = 1;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(help, stdout);
		return fflush(stdout) ? 1 : 0;
	}
	if (argc != 1) {
		fprintf(stderr, "touchmark-pre-receive: it takes no "
			"arguments; see --help\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	if (git_libgit2_init() < 0) {
		tmk_err_set(&err, TMK_INTERNAL, "libgit2 does not start");
		tmk_gate_report_push(TMK_INTERNAL_ERROR, &err);
		return 1;
	}
	if (judge(&gate, &reason, &err) < 0) {
		tmk_gate_report_push(reason, &err);
	} else {
		tmk_gate_report_end(&gate);
		ret = gate.refused && gate.policy->enforce;
	}
	tmk_gate_release(&gate);
	git_libgit2_shutdown();
	return ret;
}
