#include "plugins/agent_confirm.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/proc.h"
#include "key/pin.h"

#define ASK_MS 120000
#define LOOK_MS 250	/* how often one looks whether anybody still waits */
#define QUESTION_MAX 1024
#define TYPED_MAX 64	/* bytes of an answer that count */
#define SAYS_NO 3	/* exit code of touchmark-pinentry --confirm */

enum reply { REPLY_YES, REPLY_NO, REPLY_NONE };

static bool nobody_waits(const struct tmk_person *person, int64_t until)
{
	return tmk_clock_ms() >= until ||
		(person->gone && person->gone(person->ctx));
}

/* ---- a window ------------------------------------------------------------- */

static int spawn(pid_t *pid, char *path, int in, char *const *env)
{
	static char option[] = "--confirm";
	const int fd[3] = { in, TMK_PROC_NULL, TMK_PROC_KEEP };
	char *argv[] = { path, option, NULL };

	return tmk_proc_spawn(pid, path, argv, env, fd);
}

static enum reply reap(pid_t pid, const struct tmk_person *person,
		       int64_t until)
{
	int status = 0;

	for (;;) {
		pid_t got = waitpid(pid, &status, WNOHANG);

		if (got == pid)
			break;
		if (got < 0 && errno != EINTR)
			return REPLY_NONE;
		if (nobody_waits(person, until)) {
			kill(pid, SIGKILL);
			while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
				;
			return REPLY_NO;
		}
		poll(NULL, 0, LOOK_MS);
	}
	if (!WIFEXITED(status))
		return REPLY_NONE;
	return !WEXITSTATUS(status) ? REPLY_YES :
		WEXITSTATUS(status) == SAYS_NO ? REPLY_NO : REPLY_NONE;
}

static enum reply ask_window(const struct tmk_person *person,
			     const char *question, int64_t until)
{
	enum reply reply = REPLY_NONE;
	struct tmk_err err = TMK_ERR_INIT;
	const char **env = tmk_pin_make_env(person->env);
	char *path = NULL;
	int p[2];
	pid_t pid;

	if (!env || tmk_proc_find_helper(&path, "touchmark-pinentry", &err) ||
	    pipe2(p, O_CLOEXEC)) {
		free(path);
		free(env);
		return REPLY_NONE;
	}
	/* The question fits into the pipe: nothing waits for a reader. */
	if (!tmk_file_write_fd(p[1], question, strlen(question), "a pipe",
			       &err) &&
	    !spawn(&pid, path, p[0], (char *const *)(uintptr_t)env)) {
		close(p[1]);
		p[1] = -1;
		reply = reap(pid, person, until);
	}
	close(p[0]);
	if (p[1] >= 0)
		close(p[1]);
	free(path);
	free(env);
	return reply;
}

/* ---- a terminal ----------------------------------------------------------- */

static int show(int tty, const char *text, int64_t until)
{
	size_t len = strlen(text);

	while (len) {
		struct pollfd p = { .fd = tty, .events = POLLOUT };
		ssize_t n;

		/* A terminal that is held back (XOFF) takes nothing. */
		if (poll(&p, 1, LOOK_MS) > 0) {
			n = write(tty, text, len);
			if (n < 0 && errno != EINTR && errno != EAGAIN)
				return -1;
			if (n > 0) {
				text += n;
				len -= (size_t)n;
				continue;
			}
		}
		if (tmk_clock_ms() >= until)
			return -1;
	}
	return 0;
}

/* One line; more than fits is read and counts as another answer than yes. */
static int read_line(char *line, size_t size, int tty,
		     const struct tmk_person *person, int64_t until)
{
	size_t used = 0;

	for (;;) {
		struct pollfd p = { .fd = tty, .events = POLLIN };
		char c;
		ssize_t n;

		if (nobody_waits(person, until))
			return -1;
		if (poll(&p, 1, LOOK_MS) <= 0)
			continue;
		n = read(tty, &c, 1);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return -1;
		if (c == '\n')
			break;
		if (used < size)
			line[used] = c;
		used++;
	}
	line[used < size ? used : 0] = '\0';
	return 0;
}

static enum reply ask_terminal(const struct tmk_person *person,
			       const char *question, int64_t until)
{
	char line[TYPED_MAX] = "";
	int tty = person->tty;
	enum reply reply;

	if (tty < 0 || !isatty(tty))
		return REPLY_NONE;
	/* What was typed before the question is no answer to it. */
	tcflush(tty, TCIFLUSH);
	if (show(tty, question, until) ||
	    show(tty, "? Type yes to allow it: ", until))
		return REPLY_NONE;
	if (read_line(line, sizeof(line) - 1, tty, person, until)) {
		(void)show(tty, "\n", until);
		return REPLY_NO;
	}
	reply = !strcmp(line, "yes") ? REPLY_YES : REPLY_NO;
	return reply;
}

int tmk_agent_confirm(const struct tmk_person *person, const char *question,
		      struct tmk_err *err)
{
	int64_t until = tmk_clock_ms() + ASK_MS;
	enum reply reply;

	if (strlen(question) > QUESTION_MAX)
		return tmk_err_set(err, TMK_KEY, "the question whether to "
				   "sign is too long");
	reply = ask_window(person, question, until);
	if (reply == REPLY_NONE)
		reply = ask_terminal(person, question, until);
	if (reply == REPLY_YES)
		return 0;
	if (reply == REPLY_NO)
		return tmk_err_set(err, TMK_KEY, "the use of the key was not "
				   "confirmed");
	tmk_err_set(err, TMK_KEY, "the key must be confirmed at each use, and "
		    "there is nobody to ask");
	return tmk_err_hint(err, "call it from a terminal, or set "
			    "touchmark.NAME.confirm to false");
}
