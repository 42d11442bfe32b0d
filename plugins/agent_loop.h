/*
 * agent_loop.h - letting callers in until there is a reason to end.
 */
#ifndef TMK_PLUGINS_AGENT_LOOP_H
#define TMK_PLUGINS_AGENT_LOOP_H

#include <stdbool.h>

#include "base/err.h"
#include "plugins/agent_home.h"

/* No signal ends the process from now on: the loop sees to them. Before the
 * first thread. */
void tmk_agent_loop_hold_signals(void);

/*
 * Serve until somebody asks for the end, a signal does, nothing was asked for
 * `idle` seconds and nothing is open, the socket or the program is no longer
 * ours, or a module was lost. Then logs out and frees all; the lock of `home`
 * may stay until the process ends.
 * `credentials` is the agent's own folder of them, or NULL. 0; 1 when
 * something did not end in time, so that the process must end by _exit;
 * negative (TMK_INTERNAL) when it could not begin.
 */
int tmk_agent_loop_run(struct tmk_agent_home *home, int idle,
		       const char *credentials, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
