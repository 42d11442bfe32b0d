#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

extern char **environ;

#define CHUNK 65536	/* bytes moved at once */
#define REAP_MS 10	/* how often a child without pipes is looked at */

void tmk_proc_close_others(void)
{
	/* close_range() is in the kernel since 5.9; the loop is for older. */
	long fd, top;

	if (!close_range(3, UINT_MAX, 0))
		return;
	top = sysconf(_SC_OPEN_MAX);
	for (fd = 3; fd < (top > 0 && top < 65536 ? top : 65536); fd++)
		close((int)fd);
}

/* Two pipes to a child; -1 marks an end that is closed. */
struct child {
	pid_t pid;
	int in;		/* we write */
	int out;	/* we read */
};

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Numbers first: /dev/null may take the place of one of them. */
static int give_descriptors(posix_spawn_file_actions_t *actions,
			    const int fd[3])
{
	int n, rc = 0;

	for (n = 0; !rc && n < 3; n++)
		if (fd[n] >= 0)
			rc = posix_spawn_file_actions_adddup2(actions, fd[n],
							      n);
	for (n = 0; !rc && n < 3; n++)
		if (fd[n] == TMK_PROC_NULL)
			rc = posix_spawn_file_actions_addopen(actions, n,
				"/dev/null", n ? O_WRONLY : O_RDONLY, 0);
	if (!rc)
		rc = posix_spawn_file_actions_addclosefrom_np(actions, 3);
	return rc;
}

int tmk_proc_spawn(pid_t *pid, const char *program, char *const argv[],
		   char *const env[], const int fd[3])
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t all, none;
	int rc;

	sigfillset(&all);
	sigemptyset(&none);
	if (posix_spawn_file_actions_init(&actions))
		return ENOMEM;
	if (posix_spawnattr_init(&attr)) {
		posix_spawn_file_actions_destroy(&actions);
		return ENOMEM;
	}
	rc = posix_spawnattr_setsigdefault(&attr, &all);
	if (!rc)
		rc = posix_spawnattr_setsigmask(&attr, &none);
	if (!rc)
		rc = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF |
					      POSIX_SPAWN_SETSIGMASK);
	if (!rc)
		rc = give_descriptors(&actions, fd);
	if (!rc)
		rc = posix_spawnp(pid, program, &actions, &attr, argv, env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

static int start(struct child *c, char *const argv[], char *const env[],
		 int code, struct tmk_err *err)
{
	int to[2] = { -1, -1 }, from[2] = { -1, -1 };
	int rc;

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC)) {
		rc = errno;
	} else {
		const int fd[3] = { to[0], from[1], TMK_PROC_KEEP };

		rc = tmk_proc_spawn(&c->pid, argv[0], argv, env, fd);
	}
	close_end(&to[0]);
	close_end(&from[1]);
	if (rc) {
		close_end(&to[1]);
		close_end(&from[0]);
		return tmk_err_set(err, code, "cannot run %s: %s", argv[0],
				   strerror(rc));
	}
	c->in = to[1];
	c->out = from[0];
	(void)fcntl(c->in, F_SETFL, O_NONBLOCK);
	return 0;
}

/* Write what fits; a child that stops reading early is no failure of ours. */
static void feed(struct child *c, const uint8_t *in, size_t inlen,
		 size_t *fed)
{
	ssize_t n = write(c->in, in + *fed, inlen - *fed);

	if (n > 0)
		*fed += (size_t)n;
	else if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || *fed == inlen)
		close_end(&c->in);
}

/* Read what is there. Returns 0, or -1 when it is more than `out` takes. */
static int drain(struct child *c, struct tmk_buf *out)
{
	uint8_t chunk[CHUNK];
	ssize_t n = read(c->out, chunk, sizeof(chunk));
	int rc;

	if (n < 0 && errno == EINTR)
		return 0;
	if (n <= 0) {
		close_end(&c->out);
		return 0;
	}
	rc = tmk_buf_add(out, chunk, (size_t)n);
	/* A helper may have answered with a secret. */
	tmk_wipe(chunk, (size_t)n);
	return rc;
}

/* Move bytes until the child has closed its output. 0, or why not. */
static const char *converse(struct child *c, const uint8_t *in, size_t inlen,
			    struct tmk_buf *out, int64_t end)
{
	size_t fed = 0;

	if (!inlen)
		close_end(&c->in);
	while (c->out >= 0) {
		struct pollfd p[2] = { { c->out, POLLIN, 0 },
				       { c->in, POLLOUT, 0 } };
		int64_t left = end - tmk_clock_ms();

		if (left <= 0)
			return "did not answer in time";
		if (poll(p, 2, left > INT_MAX ? INT_MAX : (int)left) < 0 &&
		    errno != EINTR)
			return "cannot be waited for";
		if (c->in >= 0 && p[1].revents)
			feed(c, in, inlen, &fed);
		if (p[0].revents && drain(c, out))
			return "answers too much";
	}
	close_end(&c->in);
	return NULL;
}

/* Wait for the end of the child until `end`. 0, or why not. */
static const char *reap(struct child *c, int64_t end, int *status)
{
	for (;;) {
		pid_t got = waitpid(c->pid, status, WNOHANG);

		if (got == c->pid)
			return NULL;
		if (got < 0 && errno != EINTR)
			return "cannot be waited for";
		if (tmk_clock_ms() >= end)
			return "did not end in time";
		poll(NULL, 0, REAP_MS);
	}
}

static int run(char *const argv[], char *const env[], const void *in,
	       size_t inlen, struct tmk_buf *out, int ms, int *status,
	       int code, struct tmk_err *err)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old;
	struct child c = { -1, -1, -1 };
	int64_t end = tmk_clock_ms() + ms;
	const char *why;
	int raw = 0;

	if (start(&c, argv, env, code, err))
		return -1;
	sigaction(SIGPIPE, &ignore, &old);
	why = converse(&c, in, inlen, out, end);
	sigaction(SIGPIPE, &old, NULL);
	if (!why)
		why = reap(&c, end, &raw);
	close_end(&c.in);
	close_end(&c.out);
	if (why) {
		kill(c.pid, SIGKILL);
		while (waitpid(c.pid, &raw, 0) < 0 && errno == EINTR)
			;
		return tmk_err_set(err, code, "%s %s", argv[0], why);
	}
	*status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
	return 0;
}

int tmk_proc_run(char *const argv[], const void *in, size_t inlen,
		 struct tmk_buf *out, int ms, int *status, int code,
		 struct tmk_err *err)
{
	return run(argv, environ, in, inlen, out, ms, status, code, err);
}

/* The entry "NAME=..." of our environment, or NULL. */
static char *entry_of(const char *name)
{
	size_t n = strlen(name);
	char **e;

	for (e = environ; *e; e++)
		if (!strncmp(*e, name, n) && (*e)[n] == '=')
			return *e;
	return NULL;
}

int tmk_proc_run_only(char *const argv[], const char *const names[],
		      const void *in, size_t inlen, struct tmk_buf *out,
		      int ms, int *status, int code, struct tmk_err *err)
{
	size_t n = 0, at = 0, i;
	char **env;
	int rc;

	while (names[n])
		n++;
	env = calloc(n + 1, sizeof(*env));
	if (!env)
		return tmk_err_nomem(err);
	for (i = 0; i < n; i++) {
		env[at] = entry_of(names[i]);
		at += env[at] != NULL;
	}
	rc = run(argv, env, in, inlen, out, ms, status, code, err);
	free(env);
	return rc;
}

/* Whether both paths are the same file. */
static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev &&
		x.st_ino == y.st_ino;
}

/* One of ours may stand under another's name as a link; the small program and
 * the full one, or two installations, must not call each other for ever. */
static bool is_ours(const char *path)
{
	static const char mark[] = "/touchmark-";
	char *real = realpath(path, NULL), *slash;
	bool ours;

	slash = real ? strrchr(real, '/') : NULL;
	ours = slash && !strncmp(slash, mark, sizeof(mark) - 1);
	free(real);
	return ours;
}

static bool is_other_program(const char *path)
{
	return !access(path, X_OK) && !same_file(path, "/proc/self/exe") &&
		!is_ours(path);
}

int tmk_proc_exec_other(char *const argv[], struct tmk_err *err)
{
	const char *path = getenv("PATH");
	const char *dir = path && *path ? path : "/usr/local/bin:/usr/bin:/bin";

	while (dir) {
		const char *colon = strchr(dir, ':');
		int n = colon ? (int)(colon - dir) : (int)strlen(dir);
		char *file;

		/* An empty element would mean the current directory, which a
		 * stranger's checkout may be. */
		if (n && dir[0] == '/') {
			if (asprintf(&file, "%.*s/%s", n, dir, argv[0]) < 0)
				return tmk_err_nomem(err);
			if (is_other_program(file))
				execv(file, argv);
			free(file);
		}
		dir = colon ? colon + 1 : NULL;
	}
	return tmk_err_set(err, TMK_USAGE, "cannot find another %s in PATH",
			   argv[0]);
}

int tmk_proc_self_dir(char **out, struct tmk_err *err)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash, *dir;

	if (n <= 0)
		return tmk_err_set(err, TMK_INTERNAL,
				   "cannot tell where this program is: %s",
				   strerror(errno));
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return tmk_err_set(err, TMK_INTERNAL,
				   "cannot tell where this program is");
	*slash = '\0';
	dir = strdup(path);
	if (!dir)
		return tmk_err_nomem(err);
	*out = dir;
	return 0;
}

int tmk_proc_find_helper(char **out, const char *name, struct tmk_err *err)
{
	static const char *const places[] = { "", "/../libexec/touchmark" };
	char *dir, *path;
	size_t i;

	if (tmk_proc_self_dir(&dir, err))
		return -1;
	for (i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (asprintf(&path, "%s%s/%s", dir, places[i], name) < 0) {
			free(dir);
			return tmk_err_nomem(err);
		}
		if (!access(path, X_OK)) {
			free(dir);
			*out = path;
			return 0;
		}
		free(path);
	}
	tmk_err_set(err, TMK_USAGE, "cannot find %s beside this program or in "
		    "%s/../libexec/touchmark", name, dir);
	free(dir);
	return tmk_err_hint(err, "install touchmark again: make install");
}
