#include "plugins/agent_daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/proc.h"
#include "base/secret.h"

extern char **environ;

void tmk_agent_daemon_close(bool keep)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
	if (!keep) {
		tmk_proc_close_others();
		return;
	}
	if (close_range(4, UINT_MAX, 0)) {
		/* A kernel before 5.9: carry the one that stays over. */
		int kept = dup2(3, STDIN_FILENO);

		tmk_proc_close_others();
		if (kept >= 0)
			(void)dup2(STDIN_FILENO, 3);
	}
}

/* Whether a variable was meant for the command that started us. */
static bool is_callers(const char *entry, bool service)
{
	static const char *const stay[] = {
		"GIT_CONFIG_GLOBAL=", "GIT_CONFIG_SYSTEM=",
		"GIT_CONFIG_NOSYSTEM="
	};
	static const char *const go[] = {
		"TOUCHMARK_PIN_FILE=", "LISTEN_PID=", "LISTEN_FDS=",
		"LISTEN_FDNAMES=", "OLDPWD=", "PWD="
	};
	size_t i;

	for (i = 0; i < sizeof(stay) / sizeof(*stay); i++)
		if (!strncmp(entry, stay[i], strlen(stay[i])))
			return false;
	for (i = 0; i < sizeof(go) / sizeof(*go); i++)
		if (!strncmp(entry, go[i], strlen(go[i])))
			return true;
	return !strncmp(entry, "GIT_", 4) ||
		(!service && !strncmp(entry, "CREDENTIALS_DIRECTORY=", 22));
}

void tmk_agent_daemon_forget_caller(bool service)
{
	char **from, **to;

	/* unsetenv() would need a copy of each name. */
	for (from = to = environ; *from; from++)
		if (!is_callers(*from, service))
			*to++ = *from;
	*to = NULL;
}

void tmk_agent_daemon_harden(void)
{
	tmk_secret_harden_process();
	umask(077);
	if (chdir("/"))
		abort();	/* there is always a root */
}

static int split(pid_t *child, struct tmk_err *err)
{
	*child = fork();
	if (*child < 0)
		return tmk_err_set(err, TMK_INTERNAL, "cannot fork: %s",
				   strerror(errno));
	return 0;
}

static void silence(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (null < 0)
			close(fd);
		else
			(void)dup2(null, fd);
	}
	if (null > STDERR_FILENO)
		close(null);
}

int tmk_agent_daemon_detach(struct tmk_err *err)
{
	pid_t child;
	int status;

	if (split(&child, err))
		return -1;
	if (child) {
		/* It ends as soon as it has made the second one. */
		while (waitpid(child, &status, 0) < 0)
			if (errno != EINTR)
				return 1;
		if (WIFEXITED(status) && !WEXITSTATUS(status))
			return 1;
		return tmk_err_set(err, TMK_INTERNAL, "cannot leave the "
				   "process that started it");
	}
	/* A leader of a session may get a terminal by opening one: the second
	 * child is none. */
	if (setsid() < 0 || split(&child, NULL))
		_exit(1);
	if (child)
		_exit(0);
	silence();
	tmk_agent_daemon_harden();
	return 0;
}
