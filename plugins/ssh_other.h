/*
 * ssh_other.h - what is not ours: the real ssh-keygen, or our own full
 * program, with the same arguments.
 *
 * Both get the descriptors, environment and signal handling that we got.
 * Refuses to know what they do. Returns only when nothing could be started.
 * Needs libc alone.
 */
#ifndef TMK_PLUGINS_SSH_OTHER_H
#define TMK_PLUGINS_SSH_OTHER_H

#include "base/err.h"

/* From here on the work is ours: keep closed standard descriptors from being
 * used for something else, and ignore SIGPIPE (undone for what is started). */
void tmk_ssh_other_settle(void);

/* Become the real ssh-keygen. Always returns -1: TMK_USAGE when none is
 * installed. */
int tmk_ssh_other_run(char *const argv[], struct tmk_err *err) TMK_MUST_CHECK;

/* Become touchmark-ssh-keygen-full, whose files begin at argv[first]:
 * `done` of them are signed and left out. Always returns -1. */
int tmk_ssh_other_full(char *const argv[], int first, int done,
		       struct tmk_err *err) TMK_MUST_CHECK;

#endif
