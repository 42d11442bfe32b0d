#include "key/agent_start.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"

extern char **environ;

#define START_MS 5000
#define LOOK_MS 2

/* Beside us (a build tree, or both in bin), or in bin when we are in
 * libexec/touchmark. NULL when it is in neither place. */
static char *find_agent(void)
{
	static const char *const places[] = { "", "/../../bin" };
	struct tmk_err err;
	char *dir, *path;
	size_t i;

	if (tmk_proc_self_dir(&dir, &err))
		return NULL;
	for (i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (asprintf(&path, "%s%s/touchmark-agent", dir,
			     places[i]) < 0)
			break;
		if (!access(path, X_OK)) {
			free(dir);
			return path;
		}
		free(path);
	}
	free(dir);
	return NULL;
}

/* Standard error stays, so that it can say why it does not start. */
static int spawn(pid_t *pid, const char *path)
{
	static const int fd[3] = {
		TMK_PROC_NULL, TMK_PROC_NULL, TMK_PROC_KEEP
	};
	static char name[] = "touchmark-agent";
	char *argv[] = { name, NULL };

	return tmk_proc_spawn(pid, path, argv, environ, fd);
}

int tmk_agent_start(struct tmk_err *err)
{
	int64_t until = tmk_clock_ms() + START_MS;
	char *path = find_agent();
	int status, rc;
	pid_t pid;

	if (!path)
		return 1;
	rc = spawn(&pid, path);
	free(path);
	if (rc)
		return tmk_err_set(err, TMK_INTERNAL, "cannot start "
				   "touchmark-agent: %s", strerror(rc));
	/* It ends here as soon as the one that it leaves behind serves. */
	for (;;) {
		pid_t got = waitpid(pid, &status, WNOHANG);

		if (got == pid)
			return WIFEXITED(status) && !WEXITSTATUS(status) ?
				0 : 1;
		/* Where children are not reported its end stays unknown. */
		if (got < 0 && errno != EINTR)
			return 0;
		if (tmk_clock_ms() >= until)
			break;
		poll(NULL, 0, LOOK_MS);
	}
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return 1;
}
