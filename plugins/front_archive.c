#include "plugins/front_archive.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"
#include "formats/packed.h"

#define ALL_MS 3900000	/* the child has an hour of processor time */
#define END_MS 10000	/* between the end of its answer and its own */
#define CHUNK 65536	/* bytes read at once */
#define SAY 1024	/* bytes of what it says */

extern char **environ;

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

bool tmk_front_archive_is_packed(const uint8_t *head, size_t len)
{
	return tmk_packed_of(head, len) != TMK_PACKED_NONE;
}

static int start(struct tmk_front_archive *archive, const char *verb, int fd,
		 struct tmk_err *err)
{
	int out[2] = { -1, -1 }, say[2] = { -1, -1 };
	char *program, *what, *argv[3] = { NULL };
	struct tmk_front_archive made = { -1, -1, -1 };
	int rc;

	if (tmk_proc_find_helper(&program, "touchmark-archive", err) < 0)
		return -1;
	what = strdup(verb);
	argv[0] = program;
	argv[1] = what;
	if (!what) {
		rc = ENOMEM;
	} else if (pipe2(out, O_CLOEXEC) || pipe2(say, O_CLOEXEC)) {
		rc = errno;
	} else {
		/* below 3 one could stand in the way of another */
		const int given[3] = { fd, out[1], say[1] };

		rc = tmk_proc_spawn(&made.pid, program, argv, environ, given);
	}
	close_end(&out[1]);
	close_end(&say[1]);
	if (rc) {
		close_end(&out[0]);
		close_end(&say[0]);
		tmk_err_set(err, TMK_INTERNAL, "cannot run %s: %s", program,
			    strerror(rc));
	} else {
		made.fd = out[0];
		made.say = say[0];
		*archive = made;
	}
	free(program);
	free(what);
	return rc ? -1 : 0;
}

int tmk_front_archive_stream(struct tmk_front_archive *archive, int fd,
			     struct tmk_err *err)
{
	return start(archive, "stream", fd, err);
}

/* Read until nobody writes any more, at most `size` bytes that are kept; the
 * pipe takes more than the child has to say. 0, or -1 when it is late. */
static int hear(int fd, char *text, size_t size, size_t *len, int64_t end)
{
	char rest[256];

	*len = 0;
	for (;;) {
		struct pollfd p = { fd, POLLIN, 0 };
		int64_t left = end - tmk_clock_ms();
		bool room = *len < size;
		ssize_t n;

		if (left <= 0)
			return -1;
		if (poll(&p, 1, left > INT_MAX ? INT_MAX : (int)left) <= 0)
			continue;
		n = read(fd, room ? text + *len : rest,
			 room ? size - *len : sizeof(rest));
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return 0;
		if (room)
			*len += (size_t)n;
	}
}

static int wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 128 + SIGKILL;
	return WIFEXITED(status) ? WEXITSTATUS(status) :
		128 + WTERMSIG(status);
}

/* What the end of the child means. */
static int judge_end(int status, const char *say, size_t len, const char *name,
		     struct tmk_err *err)
{
	int code = status == TMK_REFUSED || status == TMK_INPUT ? status :
		TMK_INTERNAL;

	while (len && (say[len - 1] == '\n' || say[len - 1] == '\r'))
		len--;
	switch (status) {
	case TMK_OK:
		return 0;
	case 128 + SIGXCPU:
	case 128 + SIGKILL:
		return tmk_err_set(err, TMK_REFUSED, "limit-exceeded: %s: "
				   "takes too long to read", name);
	case 128 + SIGSYS:
		return tmk_err_set(err, TMK_INPUT, "%s: what reads archives "
				   "was led to do what it may not", name);
	case TMK_REFUSED:
	case TMK_INPUT:
	case TMK_INTERNAL:
		if (len)
			break;
		/* fall through */
	default:
		return tmk_err_set(err, code, "%s: touchmark-archive ended "
				   "with %d", name, status);
	}
	if (code == TMK_REFUSED && len > 16 &&
	    !memcmp(say, "limit-exceeded: ", 16))
		return tmk_err_set(err, code, "limit-exceeded: %s: %.*s", name,
				   (int)len - 16, say + 16);
	tmk_err_set(err, code, "%s: %.*s", name, (int)len, say);
	if (code == TMK_INTERNAL)
		return tmk_err_hint(err, "archives are read in a process that "
				    "needs seccomp filters and some memory: "
				    "see that it may have them");
	return -1;
}

/* Hear the child out, give it up when it does not end, and reap it. */
static int finish(struct tmk_front_archive *archive, const char *name,
		  struct tmk_err *err)
{
	char say[SAY];
	size_t len;
	int status;

	close_end(&archive->fd);
	if (hear(archive->say, say, sizeof(say), &len,
		 tmk_clock_ms() + END_MS) < 0 && archive->pid > 0)
		kill(archive->pid, SIGKILL);
	close_end(&archive->say);
	status = wait_for(archive->pid);
	archive->pid = -1;
	return judge_end(status, say, len, name, err);
}

int tmk_front_archive_end(struct tmk_front_archive *archive, const char *name,
			  struct tmk_err *err)
{
	return finish(archive, name, err);
}

/* Read the whole answer. NULL, or what is wrong with it. */
static const char *take_all(struct tmk_buf *out, int fd)
{
	int64_t end = tmk_clock_ms() + ALL_MS;

	for (;;) {
		struct pollfd p = { fd, POLLIN, 0 };
		int64_t left = end - tmk_clock_ms();
		uint8_t *room;
		ssize_t n;

		if (left <= 0)
			return "takes too long to read";
		if (poll(&p, 1, left > INT_MAX ? INT_MAX : (int)left) <= 0)
			continue;
		room = tmk_buf_reserve(out, CHUNK);
		if (!room)
			return "has too long a manifest";
		n = read(fd, room, CHUNK);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		/* what is cut is no manifest */
		if (n <= 0)
			return NULL;
		tmk_buf_commit(out, (size_t)n);
	}
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size &&
		a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
		a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
		a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
		a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* What a confined process says is believed only in the form that it has, and
 * about this file. */
static int check_answer(const uint8_t *data, size_t len,
			const struct stat *seen, const char *name,
			struct tmk_err *err)
{
	struct tmk_manifest m;

	if (tmk_manifest_read(&m, data, len, err) < 0)
		return tmk_err_prefix(err, "%s", name);
	if (S_ISREG(seen->st_mode) &&
	    m.raw.size != (uint64_t)seen->st_size)
		return tmk_err_set(err, TMK_INPUT,
				   "%s: was not read as a whole", name);
	return 0;
}

int tmk_front_archive_manifest(struct tmk_buf *out, int fd, const char *name,
			       struct tmk_err *err)
{
	struct tmk_front_archive archive = { -1, -1, -1 };
	struct stat before, after;
	const char *why;
	struct tmk_buf made;
	int rc = -1;

	if (fstat(fd, &before) < 0)
		return tmk_err_set(err, TMK_INPUT, "%s: %s", name,
				   strerror(errno));
	if (start(&archive, "manifest", fd, err) < 0)
		return -1;
	tmk_buf_init(&made, out->max - out->len);
	why = take_all(&made, archive.fd);
	if (why && archive.pid > 0)
		kill(archive.pid, SIGKILL);
	if (finish(&archive, name, err) < 0 && !why)
		goto out;
	if (why) {
		tmk_err_set(err, TMK_REFUSED, "limit-exceeded: %s: %s", name,
			    why);
		goto out;
	}
	if (fstat(fd, &after) < 0 ||
	    (S_ISREG(before.st_mode) && !same_file(&before, &after))) {
		tmk_err_set(err, TMK_INPUT,
			    "%s: changed while it was read", name);
		goto out;
	}
	if (check_answer(made.data, made.len, &before, name, err) < 0)
		goto out;
	rc = tmk_buf_add(out, made.data, made.len);
	if (rc < 0)
		tmk_err_nomem(err);
out:
	tmk_buf_release(&made);
	return rc;
}
