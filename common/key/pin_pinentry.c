/*
 * A person at a window: the PIN comes from touchmark-pinentry through a pipe,
 * straight into locked memory.
 */
#include "key/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/proc.h"

extern char **environ;

#define ENV_MAX 512		/* variables handed on */
#define LOOK_MS 500		/* how often one looks who still waits */
#define REAP_MS 10		/* how often a child is looked at */

/* How touchmark-pinentry ends. */
enum { GOT = 0, CANCELLED = 3, TIMED_OUT = 4 };

/* Where a window is shown, and how. Nothing else is taken from a person who
 * asks another process: the rest would choose what code that one runs. */
static const char *const shown[] = {
	"DISPLAY", "WAYLAND_DISPLAY", "GPG_TTY", "XAUTHORITY", "TERM", "LANG",
	"LC_ALL", "LC_CTYPE", "LC_MESSAGES", "DBUS_SESSION_BUS_ADDRESS",
	"XDG_SESSION_TYPE", "PINENTRY_USER_DATA", "INSIDE_EMACS"
};
#define N_SHOWN (sizeof(shown) / sizeof(shown[0]))
#define N_PLACES 3		/* of them: any one says that there is a place */

/* Whether `line` sets one of the first `n`, and to something. */
static bool sets(const char *line, size_t n)
{
	size_t i, len;

	for (i = 0; i < n; i++) {
		len = strlen(shown[i]);
		if (!strncmp(line, shown[i], len) && line[len] == '=')
			return line[len + 1];
	}
	return false;
}

static bool has_place(const char *const *env)
{
	for (; *env; env++)
		if (sets(*env, N_PLACES))
			return true;
	return false;
}

const char **tmk_pin_make_env(const char *const *person)
{
	const char **env = calloc(ENV_MAX + 1, sizeof(*env));
	size_t n = 0;
	char **own;

	if (!env)
		return NULL;
	for (own = environ; own && *own && n < ENV_MAX; own++)
		if (!person || !sets(*own, N_SHOWN))
			env[n++] = *own;
	for (; person && *person && n < ENV_MAX; person++)
		if (sets(*person, N_SHOWN))
			env[n++] = *person;
	return env;
}

/* ---- the child ------------------------------------------------------------ */

static int spawn_with(pid_t *pid, int out, const char *const argv[],
		      const char *const env[])
{
	const int fd[3] = { TMK_PROC_NULL, out, TMK_PROC_KEEP };

	/* The prototype lacks the const that POSIX promises. */
	return tmk_proc_spawn(pid, argv[0], (char *const *)(uintptr_t)argv,
			      (char *const *)(uintptr_t)env, fd);
}

/* Start it; *fd is where its answer comes. */
static int start(pid_t *pid, int *fd, const char *program,
		 const char *const *env, const struct tmk_pin_request *r)
{
	static const char *const which[] = {
		[TMK_PIN_PRESENT] = "first",
		[TMK_PIN_NEW] = "new",
		[TMK_PIN_NEW_AGAIN] = "again"
	};
	const char *const argv[] = {
		program, r->token, r->serial,
		r->retry ? "retry" : which[r->which],
		r->count_low ? "few" : "many", NULL
	};
	const char **child_env = tmk_pin_make_env(env);
	int out[2], rc;

	if (!child_env)
		return -1;
	if (pipe2(out, O_CLOEXEC)) {
		free(child_env);
		return -1;
	}
	rc = spawn_with(pid, out[1], argv, child_env);
	free(child_env);
	close(out[1]);
	if (rc) {
		close(out[0]);
		return -1;
	}
	*fd = out[0];
	return 0;
}

/* One line into `pin`. Whether it came, whole and in time, and while somebody
 * waited for it. */
static bool receive(struct tmk_secret *pin, int fd, int64_t end,
		    const struct tmk_person *person)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = end - tmk_clock_ms();
		uint8_t byte = 0;
		ssize_t n;
		int rc;

		if (left <= 0 || tmk_person_is_gone(person))
			return false;
		if (poll(&p, 1, left < LOOK_MS ? (int)left : LOOK_MS) < 0 &&
		    errno != EINTR)
			return false;
		if (!p.revents)
			continue;
		n = read(fd, &byte, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		if (byte == '\n')
			return true;
		rc = tmk_secret_add(pin, &byte, 1, NULL);
		tmk_wipe(&byte, 1);
		if (rc)
			return false;
	}
}

/* How it ended; one that does not is killed: -1. */
static int reap(pid_t pid, int64_t end)
{
	int status = 0;

	for (;;) {
		pid_t got = waitpid(pid, &status, WNOHANG);

		if (got == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
		if (got < 0 && errno != EINTR)
			return 1;
		if (tmk_clock_ms() >= end)
			break;
		poll(NULL, 0, REAP_MS);
	}
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return -1;
}

static int refused(const char *how, struct tmk_err *err)
{
	tmk_err_set(err, TMK_KEY, "no PIN: %s", how);
	return tmk_err_hint(err, "try again and type it");
}

int tmk_pin_ask_pinentry(struct tmk_secret *pin, const char *const *env,
			 int ms, const struct tmk_pin_request *request,
			 struct tmk_err *err)
{
	const int64_t end = tmk_clock_ms() + ms;
	char *program = NULL;
	bool came;
	pid_t pid;
	int fd, how;

	if (!has_place(env ? env : (const char *const *)environ) ||
	    tmk_proc_find_helper(&program, "touchmark-pinentry", NULL))
		return 1;
	if (start(&pid, &fd, program, env, request)) {
		free(program);
		return 1;
	}
	free(program);
	came = !tmk_secret_set(pin, NULL, 0, NULL) &&
		receive(pin, fd, end, request->person);
	close(fd);
	how = reap(pid, tmk_person_is_gone(request->person) ? 0 : end);
	if (came && how == GOT)
		return 0;
	if (tmk_secret_set(pin, NULL, 0, err))
		return -1;
	if (how == CANCELLED)
		return refused("cancelled at the pinentry", err);
	if (how == TIMED_OUT || how < 0)
		return refused("nobody answered the pinentry in time", err);
	return 1;
}
