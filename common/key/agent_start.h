/*
 * agent_start.h - starting touchmark-agent.
 *
 * Looked for beside this program and where it is installed, never in PATH and
 * never in the environment. Needs libc alone.
 */
#ifndef TMK_KEY_AGENT_START_H
#define TMK_KEY_AGENT_START_H

#include "base/err.h"

/*
 * Run touchmark-agent and wait until it serves or has given up, at most five
 * seconds. 0 when it says that one serves, 1 when there is none to be had
 * (the program is not installed or did not start: it says why itself, on
 * standard error), negative when the system fails us (TMK_INTERNAL).
 */
int tmk_agent_start(struct tmk_err *err) TMK_MUST_CHECK;

#endif
