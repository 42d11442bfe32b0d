/*
 * agent_daemon.h - leaving behind the process that started us.
 *
 * An agent outlives its caller and answers others: nothing of the caller may
 * stay with it, neither descriptors nor the part of the environment that was
 * meant for one command.
 */
#ifndef TMK_PLUGINS_AGENT_DAEMON_H
#define TMK_PLUGINS_AGENT_DAEMON_H

#include <stdbool.h>

#include "base/err.h"

/* Fill descriptors 0 to 2 where they are closed and close all others, but for
 * number 3 when `keep` (a socket that was handed over). */
void tmk_agent_daemon_close(bool keep);

/* Take what belonged to one command out of the environment: git's variables
 * but those that choose its files, PIN files, and (unless `service`) a
 * service's credentials. */
void tmk_agent_daemon_forget_caller(bool service);

/* No debugger, no core, no directory, umask 077. */
void tmk_agent_daemon_harden(void);

/* Go on in a process of a session of its own, with /dev/null for standard
 * streams. 0 in that process, 1 in the one that was started (which ends), or
 * negative (TMK_INTERNAL). There must be one thread alone. */
int tmk_agent_daemon_detach(struct tmk_err *err) TMK_MUST_CHECK;

#endif
