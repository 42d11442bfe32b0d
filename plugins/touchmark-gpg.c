/*
 * touchmark-gpg - stands where git expects gpg or gpgsm.
 *
 * A small program that loads next to nothing: a signature that a running agent
 * can make costs little more than the asking. What the agent cannot answer is
 * done by touchmark-gpg-full, and `--verify` by touchmark-gpg-verify, called
 * with the same arguments and by the same name.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/secret.h"
#include "plugins/thin_gpg.h"

int main(int argc, char **argv)
{
	struct tmk_err err = TMK_ERR_INIT;
	const char *helper;
	int code = 0;

	/* What is signed may not be public yet. */
	tmk_secret_harden_process();
	tmk_thin_settle();
	helper = tmk_thin_gpg(&code, argc, argv);
	if (!helper)
		return code;
	(void)!tmk_thin_become(helper, argv, &err);
	fprintf(stderr, "touchmark-gpg: %s\n", err.text);
	return err.code;
}
