/*
 * repo_child.c - one git process: its socket, its deadline, its end.
 */
#include "hooks/repo_child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/proc.h"

#define CHUNK 65536
#define WORDS 2048	/* bytes of complaint that are kept */
#define WORDS_SHOWN 300
#define ARGS_MAX 16
#define REAP_MS 2	/* how often an ending child is looked at */

/* Standard error as memory that cannot grow: a child may complain without
 * end, and nobody has to read it meanwhile. */
static int words_open(void)
{
	int fd = memfd_create("git-stderr", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	if (ftruncate(fd, WORDS) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* posix_spawn wants the strings writable, and writes to none of them. */
static int spawn_git(pid_t *pid, const struct tmk_repo_tool *tool,
		     const char *const argv[], int end, int words)
{
	union {
		const char *in[ARGS_MAX + 2];
		char *out[ARGS_MAX + 2];
	} args;
	const int fd[3] = { end, end, words };
	int n;

	args.in[0] = "git";
	for (n = 0; argv[n]; n++) {
		if (n == ARGS_MAX)
			return E2BIG;
		args.in[n + 1] = argv[n];
	}
	args.in[n + 1] = NULL;
	return tmk_proc_spawn(pid, tool->git, args.out, tool->env, fd);
}

/* Never one of the three that the child's own ends are moved to. */
static int above_two(int fd)
{
	int moved;

	if (fd < 0 || fd > 2)
		return fd;
	moved = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	close(fd);
	return moved;
}

int tmk_repo_child_start(struct tmk_repo_child *child,
			 const struct tmk_repo_tool *tool,
			 const char *const argv[], struct tmk_err *err)
{
	struct tmk_repo_child c = { .ms = tool->ms, .name = argv[0] };
	int pair[2] = { -1, -1 }, rc = 0;

	c.buf = malloc(CHUNK);
	c.words = above_two(words_open());
	if (!c.buf || c.words < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		rc = c.buf ? errno : ENOMEM;
	pair[0] = above_two(pair[0]);
	pair[1] = above_two(pair[1]);
	if (!rc && (pair[0] < 0 || pair[1] < 0))
		rc = EMFILE;
	if (!rc)
		rc = spawn_git(&c.pid, tool, argv, pair[1], c.words);
	if (pair[1] >= 0)
		close(pair[1]);
	if (rc) {
		if (pair[0] >= 0)
			close(pair[0]);
		if (c.words >= 0)
			close(c.words);
		free(c.buf);
		return tmk_err_set(err, TMK_INTERNAL, "cannot run %s %s: %s",
				   tool->git, argv[0], strerror(rc));
	}
	c.fd = pair[0];
	*child = c;
	return 0;
}

int tmk_repo_child_bound(struct tmk_repo_child *child, uint64_t bytes,
			 struct tmk_err *err)
{
	struct rlimit limit;

	/* packs are mapped, not copied: they do not count */
	if (prlimit(child->pid, RLIMIT_DATA, NULL, &limit) < 0)
		return tmk_repo_child_failed(child, "cannot be bounded", err);
	if (limit.rlim_cur <= bytes)
		return 0;
	limit.rlim_cur = (rlim_t)bytes;
	if (limit.rlim_max > bytes)
		limit.rlim_max = (rlim_t)bytes;
	return !prlimit(child->pid, RLIMIT_DATA, &limit, NULL) ? 0 :
		tmk_repo_child_failed(child, "cannot be bounded", err);
}

/* End of input or not, it has to go. It only ever reads: nothing is lost. */
static int put_down(struct tmk_repo_child *c)
{
	int raw = 0;

	if (c->pid > 0) {
		kill(c->pid, SIGKILL);
		while (waitpid(c->pid, &raw, 0) < 0 && errno == EINTR)
			;
	}
	c->pid = 0;
	return raw;
}

void tmk_repo_child_stop(struct tmk_repo_child *child)
{
	if (!child->buf)
		return;
	put_down(child);
	close(child->fd);
	close(child->words);
	free(child->buf);
	memset(child, 0, sizeof(*child));
}

/* The first lines it wrote, made one; *out is "" when it said nothing. */
static void last_words(const struct tmk_repo_child *c, char *out, size_t size)
{
	ssize_t n = pread(c->words, out, size - 1, 0);
	size_t len = n > 0 ? (size_t)n : 0, i;

	out[len] = '\0';
	len = strlen(out);	/* memory that was never written is zero */
	while (len && out[len - 1] == '\n')
		out[--len] = '\0';
	for (i = 0; i < len; i++)
		if (out[i] == '\n')
			out[i] = ' ';
}

int tmk_repo_child_failed(struct tmk_repo_child *child, const char *what,
			  struct tmk_err *err)
{
	char words[WORDS_SHOWN];

	last_words(child, words, sizeof(words));
	tmk_err_set(err, TMK_INTERNAL, "git %s %s%s%s", child->name, what,
		    *words ? ": " : "", words);
	tmk_repo_child_stop(child);
	return -1;
}

int tmk_repo_child_ask(struct tmk_repo_child *child, const void *data,
		       size_t len, struct tmk_err *err)
{
	ssize_t n;

	do {
		n = send(child->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	/* the socket is empty before each question: what does not fit was
	 * not read */
	if (n < 0 || (size_t)n != len)
		return tmk_repo_child_failed(child, n < 0 && errno == EPIPE ?
					     "has ended" : "does not listen",
					     err);
	return 0;
}

/* Wait for bytes and take what is there: 1, 0 at the end, or -1. */
static int take(struct tmk_repo_child *c, uint8_t *out, size_t size,
		size_t *len, int64_t end, struct tmk_err *err)
{
	struct pollfd p = { c->fd, POLLIN, 0 };
	int64_t left;
	ssize_t n;
	int rc;

	for (;;) {
		left = end - tmk_clock_ms();
		if (left <= 0)
			return tmk_repo_child_failed(c,
				"did not answer in time", err);
		rc = poll(&p, 1, left > INT_MAX ? INT_MAX : (int)left);
		if (rc == 0 || (rc < 0 && errno == EINTR))
			continue;
		n = rc < 0 ? -1 : recv(c->fd, out, size, MSG_DONTWAIT);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		/* it ended before it had read a question */
		if (n < 0 && errno == ECONNRESET)
			n = 0;
		if (n < 0)
			return tmk_repo_child_failed(c, "cannot be read from",
						     err);
		*len = (size_t)n;
		return n > 0;
	}
}

static int fill(struct tmk_repo_child *c, int64_t end, struct tmk_err *err)
{
	size_t len = 0;
	int rc = take(c, c->buf, CHUNK, &len, end, err);

	if (rc >= 0) {
		c->at = 0;
		c->end = len;
	}
	return rc;
}

int tmk_repo_child_line(struct tmk_repo_child *child, char *line, size_t size,
			size_t *len, struct tmk_err *err)
{
	int64_t end = tmk_clock_ms() + child->ms;
	const uint8_t *newline;
	size_t n = 0, more;
	int rc;

	for (;;) {
		if (child->at == child->end) {
			rc = fill(child, end, err);
			if (rc < 0)
				return rc;
			if (!rc && n)
				return tmk_repo_child_failed(child,
					"broke off in a line", err);
			if (!rc)
				return 0;
		}
		more = child->end - child->at;
		newline = memchr(child->buf + child->at, '\n', more);
		if (newline)
			more = (size_t)(newline - child->buf) - child->at;
		if (more >= size - n)
			return tmk_repo_child_failed(child,
				"answers too long a line", err);
		memcpy(line + n, child->buf + child->at, more);
		n += more;
		child->at += more + (newline ? 1 : 0);
		if (newline)
			break;
	}
	line[n] = '\0';
	*len = n;
	return 1;
}

int tmk_repo_child_bytes(struct tmk_repo_child *child, uint8_t *out,
			 size_t len, struct tmk_err *err)
{
	int64_t end = tmk_clock_ms() + child->ms;
	size_t have = child->end - child->at, n = 0;
	int rc;

	if (have > len)
		have = len;
	memcpy(out, child->buf + child->at, have);
	child->at += have;
	while (have < len) {
		rc = take(child, out + have, len - have, &n, end, err);
		if (rc < 0)
			return rc;
		if (!rc)
			return tmk_repo_child_failed(child,
				"broke off in an object", err);
		have += n;
	}
	return 0;
}

int tmk_repo_child_finish(struct tmk_repo_child *child, int *status,
			  struct tmk_err *err)
{
	int64_t end = tmk_clock_ms() + child->ms;
	pid_t got;
	int raw = 0;

	while (!(got = waitpid(child->pid, &raw, WNOHANG)) ||
	       (got < 0 && errno == EINTR)) {
		if (tmk_clock_ms() >= end)
			return tmk_repo_child_failed(child,
				"did not end in time", err);
		poll(NULL, 0, REAP_MS);
	}
	child->pid = 0;
	if (got < 0 || !WIFEXITED(raw))
		return tmk_repo_child_failed(child, "was killed", err);
	*status = WEXITSTATUS(raw);
	return 0;
}

/* Everything up to its end. */
static int take_all(struct tmk_repo_child *c, struct tmk_buf *out,
		    struct tmk_err *err)
{
	int64_t end = tmk_clock_ms() + c->ms;
	int rc;

	while ((rc = fill(c, end, err)) > 0)
		if (tmk_buf_add(out, c->buf, c->end))
			return tmk_repo_child_failed(c, "answers too much",
						     err);
	return rc;
}

int tmk_repo_child_run(const struct tmk_repo_tool *tool,
		       const char *const argv[], struct tmk_buf *out,
		       int *status, int most, int code, struct tmk_err *err)
{
	struct tmk_repo_child c;
	int end = 0;

	if (tmk_repo_child_start(&c, tool, argv, err) < 0)
		return -1;
	if (take_all(&c, out, err) < 0 ||
	    tmk_repo_child_finish(&c, &end, err) < 0)
		return -1;
	if (end > most) {
		tmk_repo_child_failed(&c, "failed", err);
		if (err)
			err->code = code;
		return -1;
	}
	tmk_repo_child_stop(&c);
	*status = end;
	return 0;
}
