/*
 * terminal.c - a command at a terminal, and somebody who types there.
 *
 *   terminal [OPTION...] COMMAND [ARG...]
 *
 *   --log FILE      all that the terminal showed
 *   --at TEXT       wait until it shows TEXT (after what was waited for
 *                   before), then the next --type, --touch or --close
 *   --type TEXT     type TEXT and Enter
 *   --keys TEXT     type TEXT alone; ^C is typed as \003
 *   --touch FILE    make FILE: what was waited for is there
 *   --close         hang up
 *   --again         begin with the first --at again when all is done
 *   --after MS      wait for the echo after the command's end, at most MS
 *                   milliseconds
 *   --limit MS      kill it all after so long (default 120000)
 *
 * Ends as the command does. The last line on standard output is "echo on" or
 * "echo off": how the terminal was left.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"

#define STEPS_MAX 32
#define SHOWN_MAX 65536

static struct step {
	enum { AT, TYPE, KEYS, TOUCH, CLOSE } what;
	const char *text;
} steps[STEPS_MAX];
static int n_steps;
static bool again;
static const char *log_name;
static long after_ms, limit_ms = 120000;

static char shown[SHOWN_MAX + 1];
static size_t n_shown, looked;	/* bytes; before `looked` all was found */

static void add_step(int what, const char *text)
{
	if (n_steps == STEPS_MAX)
		exit(2);
	steps[n_steps].what = what;
	steps[n_steps++].text = text;
}

static int options(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && !strncmp(argv[i], "--", 2); i++) {
		const char *o = argv[i] + 2;

		if (!strcmp(o, "close")) {
			add_step(CLOSE, NULL);
			continue;
		}
		if (!strcmp(o, "again")) {
			again = true;
			continue;
		}
		if (++i >= argc)
			return -1;
		if (!strcmp(o, "log"))
			log_name = argv[i];
		else if (!strcmp(o, "at"))
			add_step(AT, argv[i]);
		else if (!strcmp(o, "type"))
			add_step(TYPE, argv[i]);
		else if (!strcmp(o, "keys"))
			add_step(KEYS, argv[i]);
		else if (!strcmp(o, "touch"))
			add_step(TOUCH, argv[i]);
		else if (!strcmp(o, "after"))
			after_ms = strtol(argv[i], NULL, 10);
		else if (!strcmp(o, "limit"))
			limit_ms = strtol(argv[i], NULL, 10);
		else
			return -1;
	}
	return i < argc ? i : -1;
}

static void type(int fd, const char *text)
{
	for (; *text; text++) {
		char c = *text;

		if (!strncmp(text, "\\003", 4)) {
			c = 3;
			text += 3;
		}
		if (write(fd, &c, 1) != 1)
			return;
	}
}

static void touch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
}

/* Do what can be done with what was shown; returns the step that waits. */
static int act(int *master, int at)
{
	while (at < n_steps && *master >= 0) {
		const struct step *s = &steps[at];
		char *found;

		if (s->what == AT) {
			found = strstr(shown + looked, s->text);
			if (!found)
				return at;
			looked = (size_t)(found - shown) + strlen(s->text);
			/* Whoever asks may throw away what comes too early. */
			poll(NULL, 0, 100);
		} else if (s->what == CLOSE) {
			close(*master);
			*master = -1;
		} else if (s->what == TOUCH) {
			touch(s->text);
		} else {
			type(*master, s->text);
			if (s->what == TYPE)
				type(*master, "\r");
		}
		at++;
		if (at == n_steps && again)
			at = 0;
	}
	return at;
}

static void hear(int *master)
{
	char chunk[1024];
	ssize_t n = read(*master, chunk, sizeof(chunk)), i;

	if (n <= 0) {
		/* Nobody has it open at the moment. */
		poll(NULL, 0, 20);
		return;
	}
	for (i = 0; i < n && n_shown < SHOWN_MAX; i++)
		shown[n_shown++] = chunk[i] ? chunk[i] : '?';
}

static bool echo_is_on(int fd)
{
	struct termios t;

	return !tcgetattr(fd, &t) && t.c_lflag & ECHO;
}

static int watch(pid_t child, int *master, int slave)
{
	int64_t until = tmk_clock_ms() + limit_ms, end = 0;
	int status = 0, at = 0;
	bool ended = false;

	for (;;) {
		struct pollfd p = { *master, POLLIN, 0 };

		if (poll(&p, 1, 20) > 0 && p.revents)
			hear(master);
		at = act(master, at);
		if (!ended && waitpid(child, &status, WNOHANG) == child) {
			ended = true;
			end = tmk_clock_ms() + after_ms;
			/* What it showed last may have come since. */
			continue;
		}
		if (ended && !(p.revents & POLLIN) &&
		    (tmk_clock_ms() >= end || echo_is_on(slave)))
			break;
		if (!ended && tmk_clock_ms() >= until) {
			kill(-child, SIGKILL);
			kill(child, SIGKILL);
			fprintf(stderr, "terminal: it took too long\n");
			until = INT64_MAX;
		}
	}
	printf("echo %s\n", echo_is_on(slave) ? "on" : "off");
	return WIFEXITED(status) ? WEXITSTATUS(status) :
		128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	int first = options(argc, argv), master, slave, rc;
	pid_t child;
	FILE *log;

	if (first < 0) {
		fprintf(stderr, "usage: terminal [OPTION...] COMMAND...\n");
		return 2;
	}
	if (openpty(&master, &slave, NULL, NULL, NULL))
		return 4;
	(void)fcntl(master, F_SETFD, FD_CLOEXEC);
	fflush(NULL);
	child = fork();
	if (child < 0)
		return 4;
	if (!child) {
		setsid();
		if (ioctl(slave, TIOCSCTTY, 0))
			_exit(4);
		dup2(slave, 0);
		dup2(slave, 1);
		dup2(slave, 2);
		if (slave > 2)
			close(slave);
		execvp(argv[first], argv + first);
		_exit(127);
	}
	rc = watch(child, &master, slave);
	log = log_name ? fopen(log_name, "w") : NULL;
	if (log) {
		fwrite(shown, 1, n_shown, log);
		fclose(log);
	}
	fflush(stdout);
	return rc;
}
