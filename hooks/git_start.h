/*
 * git_start.h - libgit2 without its network, and with a bound on its
 * memory.
 *
 * The gate reads objects and refs, and has nothing to do with TLS or SSH;
 * starting those costs more than judging a push.
 */
#ifndef TMK_HOOKS_GIT_START_H
#define TMK_HOOKS_GIT_START_H

/* Start libgit2, once for the process. Negative when it does not start. */
int tmk_git_start(void);

#endif
