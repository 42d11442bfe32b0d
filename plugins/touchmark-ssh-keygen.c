/*
 * touchmark-ssh-keygen - stands where git expects ssh-keygen.
 *
 * A small program that loads next to nothing: a signature that a running agent
 * can make costs little more than the asking. What the agent cannot answer is
 * done by touchmark-ssh-keygen-full, and every call but `-Y sign` by the real
 * ssh-keygen, both with the same arguments.
 */
#include <stdio.h>

#include "base/secret.h"
#include "plugins/ssh_args.h"
#include "plugins/ssh_other.h"
#include "plugins/ssh_request.h"
#include "plugins/ssh_thin.h"

int main(int argc, char **argv)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_ssh_args args;
	int code = 0, done = 0;

	tmk_ssh_args_parse(&args, argc, argv);
	if (args.sign) {
		/* What is signed may not be public yet. */
		tmk_secret_harden_process();
		tmk_ssh_other_settle();
		if (!tmk_ssh_thin(&code, &done, &args, argv))
			return code;
		(void)!tmk_ssh_other_full(argv, args.first, done, &err);
	} else {
		(void)!tmk_ssh_other_run(argv, &err);
	}
	fprintf(stderr, TMK_SSH_PROGRAM ": %s\n", err.text);
	if (err.hint[0])
		fprintf(stderr, TMK_SSH_PROGRAM ": hint: %s\n", err.hint);
	return err.code;
}
