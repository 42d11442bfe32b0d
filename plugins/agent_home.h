/*
 * agent_home.h - where an agent lives: its lock, its socket, its program.
 *
 * One agent for each user: who has the lock serves. The socket is made under
 * another name and gets its own when it can be used, so that nobody finds one
 * that does not answer. Knows nothing of requests. Fails with TMK_KEY.
 */
#ifndef TMK_PLUGINS_AGENT_HOME_H
#define TMK_PLUGINS_AGENT_HOME_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/err.h"
#include "key/agent_path.h"

struct tmk_agent_home {
	int listener;		/* does not block; -1 once we have left */
	int lock;		/* -1 once we have left */
	char path[TMK_AGENT_PATH_MAX];	/* of the socket */
	struct stat socket;	/* what stood there when we came */
	struct stat program;	/* our own file when we came */
	char program_path[512];	/* "" when it cannot be told */
	bool activated;		/* the socket is a service manager's */
};

/*
 * Take the lock and make the socket, or take the one that a service manager
 * handed over as descriptor 3 (LISTEN_PID, LISTEN_FDS: sd_listen_fds(3)).
 * `handed` says that it did. 0; 1 when another agent serves already; negative
 * when there is no place for one.
 */
int tmk_agent_home_enter(struct tmk_agent_home *home, bool handed,
			 struct tmk_err *err) TMK_MUST_CHECK;

/* Whether the environment says that descriptor 3 is a socket for us. */
bool tmk_agent_home_handed(void);

/* Whether callers still find us: our socket has its name. */
bool tmk_agent_home_is_ours(const struct tmk_agent_home *home);

/* Whether our program was replaced by another since (an upgrade). */
bool tmk_agent_home_is_outdated(const struct tmk_agent_home *home);

/* Take the socket's name away, so that nobody new comes. */
void tmk_agent_home_hide(struct tmk_agent_home *home);

/* Close the socket. */
void tmk_agent_home_close(struct tmk_agent_home *home);

/* Close the socket and let go of the lock: another one may serve. */
void tmk_agent_home_leave(struct tmk_agent_home *home);

#endif
