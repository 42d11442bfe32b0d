/*
 * ssh_thin.h - what the small touchmark-ssh-keygen does: ask the agent, or
 * hand over.
 *
 * Loads nothing that a signature from the agent does not need. Everything else
 * - no agent, no key of ours, content over a mebibyte, a question to a person
 * - is left to the full program. Needs libc alone.
 */
#ifndef TMK_PLUGINS_SSH_THIN_H
#define TMK_PLUGINS_SSH_THIN_H

#include "plugins/ssh_args.h"

/* Sign the files of a call: 0 with the exit code in *code; 1 when the full
 * program has to go on, for all but the first *done files; standard input is
 * then as it was. */
int tmk_ssh_thin(int *code, int *done, const struct tmk_ssh_args *args,
		 char *const argv[]);

#endif
