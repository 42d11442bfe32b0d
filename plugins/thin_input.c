/* Standard input and the program that takes over: libc alone. */
#include "plugins/thin_gpg.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"

#define CHUNK 65536

static void (*pipe_before)(int) = SIG_DFL;

void tmk_thin_settle(void)
{
	int fd;

	/* A placeholder of the wrong direction makes its use an error. */
	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)!open("/dev/null", fd == STDIN_FILENO ?
				    O_WRONLY : O_RDONLY);
	pipe_before = signal(SIGPIPE, SIG_IGN);
}

/* As read(2), gone on with after a signal. */
static ssize_t read_some(void *to, size_t size)
{
	ssize_t n;

	do
		n = read(STDIN_FILENO, to, size);
	while (n < 0 && errno == EINTR);
	return n;
}

int tmk_thin_read(unsigned char **data, size_t *len, size_t max,
		  struct tmk_err *err)
{
	unsigned char *all = malloc(max + 1);
	size_t have = 0;
	ssize_t n = 0;

	if (!all)
		return tmk_err_nomem(err);
	while (have <= max && (n = read_some(all + have, max + 1 - have)) > 0)
		have += (size_t)n;
	if (n < 0) {
		free(all);
		return tmk_err_set(err, TMK_INPUT,
				   "cannot read standard input: %s",
				   strerror(errno));
	}
	*data = all;
	*len = have;
	return have > max;
}

static int copy_rest(int fd, struct tmk_err *err)
{
	char chunk[CHUNK];
	ssize_t n;

	while ((n = read_some(chunk, sizeof(chunk))) > 0)
		if (tmk_file_write_fd(fd, chunk, (size_t)n,
				      "a copy of the input", err))
			return -1;
	return n < 0 ? tmk_err_set(err, TMK_INPUT,
				   "cannot read standard input: %s",
				   strerror(errno)) : 0;
}

int tmk_thin_unread(const void *data, size_t len, struct tmk_err *err)
{
	int fd = memfd_create("stdin", MFD_CLOEXEC);
	int rc = -1;

	if (fd < 0)
		return tmk_err_set(err, TMK_INTERNAL, "memfd: %s",
				   strerror(errno));
	if (tmk_file_write_fd(fd, data, len, "a copy of the input", err) ||
	    copy_rest(fd, err))
		goto out;
	if (lseek(fd, 0, SEEK_SET) || dup2(fd, STDIN_FILENO) < 0)
		tmk_err_set(err, TMK_INTERNAL, "cannot give the input on: %s",
			    strerror(errno));
	else
		rc = 0;
out:
	close(fd);
	return rc;
}

int tmk_thin_become(const char *name, char *const argv[], struct tmk_err *err)
{
	char *path = NULL;

	if (tmk_proc_find_helper(&path, name, err))
		return -1;
	if (pipe_before != SIG_ERR)
		signal(SIGPIPE, pipe_before);
	execv(path, argv);
	tmk_err_set(err, TMK_INTERNAL, "cannot run %s: %s", path,
		    strerror(errno));
	free(path);
	return -1;
}
