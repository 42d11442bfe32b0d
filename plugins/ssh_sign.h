/*
 * ssh_sign.h - `ssh-keygen -Y sign` with our keys, by this process or the
 * agent.
 */
#ifndef TMK_PLUGINS_SSH_SIGN_H
#define TMK_PLUGINS_SSH_SIGN_H

#include "base/err.h"
#include "plugins/ssh_args.h"

/* Sign every file of the call, in order, up to the first that fails; a key
 * that is not ours makes it the real ssh-keygen's. Says on standard error what
 * failed, and returns the exit code. */
int tmk_ssh_sign(const struct tmk_ssh_args *args, char *const argv[]);

#endif
