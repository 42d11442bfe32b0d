/*
 * touchmark-ssh-keygen-full - what touchmark-ssh-keygen does when no agent can
 * do it: `-Y sign` with touchmark's keys. Whatever else is asked of it is what
 * the real ssh-keygen does, and goes there with the same arguments.
 */
#include <stdio.h>

#include "base/secret.h"
#include "plugins/front_exit.h"
#include "plugins/ssh_args.h"
#include "plugins/ssh_other.h"
#include "plugins/ssh_request.h"
#include "plugins/ssh_sign.h"

int main(int argc, char **argv)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_ssh_args args;

	tmk_secret_harden_process();
	tmk_ssh_args_parse(&args, argc, argv);
	if (args.sign)
		tmk_front_exit(tmk_ssh_sign(&args, argv));
	(void)!tmk_ssh_other_run(argv, &err);
	fprintf(stderr, TMK_SSH_PROGRAM ": %s\n", err.text);
	if (err.hint[0])
		fprintf(stderr, TMK_SSH_PROGRAM ": hint: %s\n", err.hint);
	return err.code;
}
