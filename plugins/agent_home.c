#include "plugins/agent_home.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "key/agent_client.h"
#include "key/agent_io.h"

#define HANDED_FD 3	/* SD_LISTEN_FDS_START */
#define BACKLOG 128	/* callers that wait to be let in */
#define LOCK_MS 4000	/* that one who leaves may take for it */
#define LOOK_MS 50

bool tmk_agent_home_handed(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	char want[24];

	snprintf(want, sizeof(want), "%ld", (long)getpid());
	return pid && fds && !strcmp(pid, want) && !strcmp(fds, "1");
}

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whether somebody answers there. */
static bool served(void)
{
	struct tmk_err err;
	int fd;

	if (tmk_agent_connect(&fd, false, &err))
		return false;
	close(fd);
	return true;
}

/* 0 with the lock, 1 when another agent serves. One that holds the lock and
 * does not serve is on its way out. `handed`: who connects there reaches our
 * own queue, so only the lock tells. */
static int take_lock(struct tmk_agent_home *home, bool handed,
		     struct tmk_err *err)
{
	int64_t until = tmk_clock_ms() + LOCK_MS;
	int rc;

	for (;;) {
		rc = tmk_agent_path_lock(&home->lock, TMK_AGENT_LOCK, LOOK_MS,
					 err);
		if (rc <= 0)
			return rc;
		if (!handed && served())
			return 1;
		if (tmk_clock_ms() < until)
			continue;
		tmk_err_set(err, TMK_KEY, "another touchmark-agent holds the "
			    "lock and does not serve");
		return tmk_err_hint(err, "find the process that has "
				    "$XDG_RUNTIME_DIR/touchmark/agent.lock "
				    "open, and end it");
	}
}

static int make_socket(struct tmk_agent_home *home, struct tmk_err *err)
{
	char fresh[TMK_AGENT_PATH_MAX];
	struct sockaddr_un at;
	int rc;

	tmk_agent_path(fresh, TMK_AGENT_NEW);
	if (tmk_agent_io_address(&at, fresh))
		return tmk_err_set(err, TMK_KEY, "XDG_RUNTIME_DIR went away");
	/* What stands in the way must be a socket of ours, or nothing. */
	rc = tmk_agent_path_socket(home->path, err);
	if (rc < 0)
		return -1;
	unlink(fresh);
	home->listener = tmk_agent_io_socket();
	if (home->listener < 0 ||
	    bind(home->listener, (struct sockaddr *)&at, sizeof(at)) ||
	    chmod(fresh, 0600) || listen(home->listener, BACKLOG) ||
	    rename(fresh, home->path)) {
		tmk_err_set(err, TMK_KEY, "cannot serve at %s: %s",
			    home->path, strerror(errno));
		unlink(fresh);
		return -1;
	}
	return 0;
}

static int take_handed(struct tmk_agent_home *home, struct tmk_err *err)
{
	int type = 0, listens = 0;
	socklen_t n = sizeof(type), m = sizeof(listens);
	struct sockaddr_un at = { 0 };
	socklen_t len = sizeof(at);

	home->listener = HANDED_FD;
	home->activated = true;
	if (getsockname(HANDED_FD, (struct sockaddr *)&at, &len) ||
	    at.sun_family != AF_UNIX ||
	    getsockopt(HANDED_FD, SOL_SOCKET, SO_TYPE, &type, &n) ||
	    type != SOCK_STREAM ||
	    getsockopt(HANDED_FD, SOL_SOCKET, SO_ACCEPTCONN, &listens, &m) ||
	    !listens || strncmp(at.sun_path, home->path, sizeof(at.sun_path)))
		return tmk_err_set(err, TMK_KEY, "the socket that was handed "
				   "over does not listen at %s", home->path);
	if (fcntl(HANDED_FD, F_SETFD, FD_CLOEXEC) ||
	    fcntl(HANDED_FD, F_SETFL, O_NONBLOCK))
		return tmk_err_set(err, TMK_KEY, "the socket that was handed "
				   "over: %s", strerror(errno));
	return 0;
}

static void remember_program(struct tmk_agent_home *home)
{
	ssize_t n = readlink("/proc/self/exe", home->program_path,
			     sizeof(home->program_path) - 1);

	home->program_path[n > 0 ? n : 0] = '\0';
	if (n <= 0 || stat(home->program_path, &home->program))
		home->program_path[0] = '\0';
}

int tmk_agent_home_enter(struct tmk_agent_home *home, bool handed,
			 struct tmk_err *err)
{
	int rc;

	*home = (struct tmk_agent_home){ .listener = -1, .lock = -1 };
	rc = tmk_agent_path_dir(true, err);
	if (rc > 0 || (!rc && !*tmk_agent_path(home->path,
					       TMK_AGENT_SOCKET))) {
		tmk_err_set(err, TMK_KEY, "XDG_RUNTIME_DIR names no directory "
			    "of yours alone (mode 0700)");
		rc = tmk_err_hint(err, "log in through a session manager, or "
				  "make one and set XDG_RUNTIME_DIR");
	}
	if (rc)
		return -1;
	rc = take_lock(home, handed, err);
	if (rc)
		return rc;
	rc = handed ? take_handed(home, err) : make_socket(home, err);
	if (!rc && lstat(home->path, &home->socket))
		rc = tmk_err_set(err, TMK_KEY, "%s: %s", home->path,
				 strerror(errno));
	if (rc) {
		tmk_agent_home_leave(home);
		return -1;
	}
	remember_program(home);
	return 0;
}

bool tmk_agent_home_is_ours(const struct tmk_agent_home *home)
{
	struct stat now;

	return !lstat(home->path, &now) && same(&now, &home->socket);
}

bool tmk_agent_home_is_outdated(const struct tmk_agent_home *home)
{
	struct stat now;

	return *home->program_path && (stat(home->program_path, &now) ||
				       !same(&now, &home->program));
}

void tmk_agent_home_hide(struct tmk_agent_home *home)
{
	/* Only the holder of the lock makes sockets there, so between the look
	 * and the unlink nobody puts another one in its place. */
	if (!home->activated && home->listener >= 0 &&
	    tmk_agent_home_is_ours(home))
		unlink(home->path);
}

void tmk_agent_home_close(struct tmk_agent_home *home)
{
	if (home->listener >= 0)
		close(home->listener);
	home->listener = -1;
}

void tmk_agent_home_leave(struct tmk_agent_home *home)
{
	tmk_agent_home_close(home);
	if (home->lock >= 0)
		close(home->lock);
	home->lock = -1;
}
