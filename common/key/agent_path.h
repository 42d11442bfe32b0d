/*
 * agent_path.h - where the agent's files are, and whether they are safe.
 *
 * Everything is in $XDG_RUNTIME_DIR/touchmark: the socket, the lock that the
 * agent holds as long as it lives, and the lock of those who start one. Both
 * directories must be ours and nobody else's. Needs libc alone.
 */
#ifndef TMK_KEY_AGENT_PATH_H
#define TMK_KEY_AGENT_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* sun_path of unix(7), and all names that we make are as short as the
 * socket's. */
#define TMK_AGENT_PATH_MAX 108

#define TMK_AGENT_SOCKET "agent.sock"
#define TMK_AGENT_LOCK "agent.lock"	/* the agent's, as long as it lives */
#define TMK_AGENT_START "start.lock"	/* of whoever starts one */
#define TMK_AGENT_NEW "agent.new"	/* the socket before it has its name */

/* $XDG_RUNTIME_DIR/touchmark/NAME into `out` (TMK_AGENT_PATH_MAX bytes), or
 * "" when there is no such directory to be had. Returns `out`. */
char *tmk_agent_path(char *out, const char *name);

/* See to $XDG_RUNTIME_DIR/touchmark; `make` makes it. 0 when it is there and
 * ours alone (mode 0700), 1 when it is not there or XDG_RUNTIME_DIR is no
 * directory of ours alone, negative (TMK_KEY) when something else stands in
 * its place. */
int tmk_agent_path_dir(bool make, struct tmk_err *err) TMK_MUST_CHECK;

/* Look at the socket's name. 0 when a socket of ours is there, 1 when nothing
 * is, negative (TMK_KEY) when it is something else. */
int tmk_agent_path_socket(const char *path, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Open a lock file of that directory, made when missing, and lock it within
 * `ms` milliseconds. 0 with *fd (belongs to the caller; closing it unlocks),
 * 1 when somebody else holds it, negative for other failures (TMK_KEY; TMK_INPUT
 * when the system locks nothing). */
int tmk_agent_path_lock(int *fd, const char *name, int ms,
			struct tmk_err *err) TMK_MUST_CHECK;

#endif
