#include "plugins/gpg_other.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/file.h"
#include "base/proc.h"

#define VERSION_SECONDS 10	/* that the real program may take */

/* What was done on SIGPIPE before tmk_gpg_other_settle; SIG_ERR: nothing was
 * changed. */
static void (*pipe_before)(int) = SIG_ERR;

/* A standard descriptor that the caller closed would be given to the next
 * file that is opened, and what is meant for standard output would be written
 * there. A placeholder of the wrong direction makes its use an error. */
static void hold_standard_descriptors(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)!open("/dev/null", fd == STDIN_FILENO ?
				    O_WRONLY : O_RDONLY);
}

void tmk_gpg_other_settle(void)
{
	hold_standard_descriptors();
	pipe_before = signal(SIGPIPE, SIG_IGN);
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG |
			    OPENSSL_INIT_NO_ATEXIT |
			    OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS, NULL);
}

/* A copy of argv that calls itself `program`, `word` at `operand` unless that
 * is NULL. Only the two new words are ours; NULL when memory ends. */
static char **rename_call(const char *program, char *const argv[],
			  int operand, char *word)
{
	size_t n = 0;
	char **copy;

	while (argv[n])
		n++;
	copy = calloc(n + 2, sizeof(*copy));
	if (!copy)
		return NULL;
	if (n > 1)
		memcpy(copy + 1, argv + 1, (n - 1) * sizeof(*copy));
	if (word && operand > 0 && (size_t)operand < n)
		copy[operand] = word;
	copy[0] = strdup(program);
	if (!copy[0]) {
		free(copy);
		return NULL;
	}
	return copy;
}

static int become(const char *program, char *const argv[], int operand,
		  char *word, struct tmk_err *err)
{
	char **copy = rename_call(program, argv, operand, word);

	if (!copy)
		return tmk_err_nomem(err);
	if (pipe_before != SIG_ERR)
		signal(SIGPIPE, pipe_before);
	if (tmk_proc_exec_other(copy, err))
		tmk_err_hint(err, "this is not for a touchmark key, and GnuPG "
			     "is not there to do it; touchmark key list shows "
			     "our keys");
	free(copy[0]);
	free(copy);
	return -1;
}

int tmk_gpg_other_run(const char *program, char *const argv[],
		      struct tmk_err *err)
{
	return become(program, argv, 0, NULL, err);
}

/* *out gets a descriptor from whose beginning the bytes can be read. */
static int replay(int *out, const void *data, size_t len, struct tmk_err *err)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	if (fd < 0)
		return tmk_err_set(err, TMK_INTERNAL, "memfd: %s",
				   strerror(errno));
	if (tmk_file_write_fd(fd, data, len, "a copy of the input", err)) {
		close(fd);
		return -1;
	}
	if (lseek(fd, 0, SEEK_SET)) {
		close(fd);
		return tmk_err_set(err, TMK_INTERNAL, "memfd: %s",
				   strerror(errno));
	}
	*out = fd;
	return 0;
}

int tmk_gpg_other_rerun(const char *program, char *const argv[], int operand,
			int fd, const void *data, size_t len,
			struct tmk_err *err)
{
	char word[32];
	int from, to;

	if (replay(&from, data, len, err))
		return -1;
	/* A duplicate stays open over exec, the original does not. */
	to = fd >= 0 ? dup2(from, fd) : dup(from);
	close(from);
	if (to < 0)
		return tmk_err_set(err, TMK_INTERNAL,
				   "cannot give the input on: %s",
				   strerror(errno));
	snprintf(word, sizeof(word), "/dev/fd/%d", to);
	return become(program, argv, operand, fd < 0 ? word : NULL, err);
}

/* In a child, so that a line of ours can follow. */
static void run_version(const char *program)
{
	char name[16], option[] = "--version";
	char *argv[] = { name, option, NULL };
	int status;
	pid_t pid;

	snprintf(name, sizeof(name), "%s", program);
	pid = fork();
	if (!pid) {
		alarm(VERSION_SECONDS);
		if (tmk_proc_exec_other(argv, NULL))
			_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
}

int tmk_gpg_other_version(const char *program)
{
	run_version(program);
	printf("touchmark-gpg (touchmark) %s\n", TMK_VERSION);
	return fflush(stdout) ? TMK_INPUT : TMK_OK;
}
