#include "plugins/ssh_other.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/proc.h"

static void (*pipe_before)(int) = SIG_ERR;

void tmk_ssh_other_settle(void)
{
	int fd;

	/* A placeholder of the wrong direction makes its use an error. */
	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)!open("/dev/null", fd == STDIN_FILENO ?
				    O_WRONLY : O_RDONLY);
	pipe_before = signal(SIGPIPE, SIG_IGN);
}

static void unsettle(void)
{
	if (pipe_before != SIG_ERR)
		signal(SIGPIPE, pipe_before);
}

/* A copy of argv without `skip` words from `at` on, argv[0] replaced (unless
 * NULL). Belongs to the caller; the words are borrowed. */
static char **copy_argv(char *const argv[], char *name, int at, int skip)
{
	char **copy;
	int n = 0, i, to = 0;

	while (argv[n])
		n++;
	copy = calloc((size_t)n + 2, sizeof(*copy));
	if (!copy)
		return NULL;
	for (i = 0; i < n; i++)
		if (i < at || i >= at + skip)
			copy[to++] = argv[i];
	if (name)
		copy[0] = name;
	return copy;
}

int tmk_ssh_other_run(char *const argv[], struct tmk_err *err)
{
	char name[] = "ssh-keygen";
	char **copy = copy_argv(argv, name, 0, 0);

	if (!copy)
		return tmk_err_nomem(err);
	unsettle();
	if (tmk_proc_exec_other(copy, err))
		tmk_err_hint(err, "this is not for a touchmark key, and "
			     "ssh-keygen is not there to do it; touchmark key "
			     "list shows our keys");
	free(copy);
	return -1;
}

int tmk_ssh_other_full(char *const argv[], int first, int done,
		       struct tmk_err *err)
{
	char **copy = NULL, *path = NULL;

	if (tmk_proc_find_helper(&path, "touchmark-ssh-keygen-full", err))
		return -1;
	copy = copy_argv(argv, NULL, first, done);
	if (copy) {
		unsettle();
		execv(path, copy);
		tmk_err_set(err, TMK_INTERNAL, "cannot run %s: %s", path,
			    strerror(errno));
	} else {
		tmk_err_nomem(err);
	}
	free(copy);
	free(path);
	return -1;
}
