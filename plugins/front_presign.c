/*
 * front_presign.c - the command that must agree: started in a process group of
 * its own, so that nothing of it is left when its time is over.
 */
#include "plugins/front_presign.h"

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
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/enc.h"
#include "core/config_files.h"
#include "plugins/front_requesters.h"

#define DEADLINE_S 60		/* when none is configured */
#define VARIABLES 24
#define VALUE_MAX 8192		/* bytes of one variable */
#define LINE 512		/* bytes of one line that are shown at once */
#define OUTPUT_MAX 32768	/* bytes that are shown at all */
#define LINE_COST 20		/* bytes that come before each line */
#define REAP_MS 20

/* ---- what it is told -------------------------------------------------------- */

struct environment {
	char *value[VARIABLES + 1];
	int count;
	bool failed;
};

/* What a command may be told goes through as it came but for control
 * characters: a name with a newline in it must not look like two lines. */
static void add(struct environment *e, const char *name, const char *value)
{
	char shown[VALUE_MAX];

	if (!value || e->failed)
		return;
	tmk_enc_show_into(shown, sizeof(shown), value, strlen(value));
	if (e->count == VARIABLES ||
	    asprintf(&e->value[e->count], "%s=%s", name, shown) < 0)
		e->failed = true;
	else
		e->value[++e->count] = NULL;
}

/* One of ours, as it stands there. */
static void keep(struct environment *e, const char *name)
{
	const char *value = tmk_config_env_get(name);

	if (!value || e->failed)
		return;
	if (e->count == VARIABLES ||
	    asprintf(&e->value[e->count], "%s=%s", name, value) < 0)
		e->failed = true;
	else
		e->value[++e->count] = NULL;
}

static const char *hash_name(enum tmk_hash hash)
{
	return hash == TMK_SHA256 ? "sha256" : hash == TMK_SHA384 ? "sha384" :
		hash == TMK_SHA512 ? "sha512" :
		hash == TMK_BLAKE2B512 ? "blake2b512" : NULL;
}

static int describe(struct environment *e, const struct tmk_front_use *use,
		    struct tmk_err *err)
{
	char hex[2 * TMK_HASH_MAX + 1], when[TMK_CLOCK_TEXT], user[256];

	memset(e, 0, sizeof(*e));
	add(e, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
	    "/sbin:/bin");
	keep(e, "HOME");
	keep(e, "USER");
	keep(e, "LOGNAME");
	add(e, "LC_ALL", "C.UTF-8");
	add(e, "TOUCHMARK_USE", use->what);
	add(e, "TOUCHMARK_REQUESTER", use->requester ? use->requester :
	    tmk_front_requesters_local(user, sizeof(user)));
	add(e, "TOUCHMARK_KEY", use->key);
	add(e, "TOUCHMARK_PLACE", use->place);
	add(e, "TOUCHMARK_FORMAT", use->format);
	add(e, "TOUCHMARK_HASH", hash_name(use->hash));
	if (use->digest && use->digest_len <= TMK_HASH_MAX) {
		tmk_enc_hex(hex, use->digest, use->digest_len);
		add(e, "TOUCHMARK_DIGEST", hex);
	}
	if (use->time != TMK_TIME_NONE)
		add(e, "TOUCHMARK_TIME", tmk_clock_format(when, use->time));
	add(e, "TOUCHMARK_ARTEFACT", use->artefact);
	add(e, "TOUCHMARK_CONTENT", use->content);
	if (use->section)
		add(e, "TOUCHMARK_ENV", tmk_config_env_name(
			use->section->env));
	return e->failed ? tmk_err_nomem(err) : 0;
}

static void release(struct environment *e)
{
	while (e->count)
		free(e->value[--e->count]);
}

/* ---- what it says ----------------------------------------------------------- */

struct saying {
	int fd;			/* -1: it closed its output */
	char line[LINE];
	size_t len, shown;
};

static void flush_line(struct saying *s)
{
	char safe[4 * LINE + 64];

	if (!s->len)
		return;
	if (s->shown > OUTPUT_MAX) {
		s->len = 0;
		return;
	}
	s->shown += s->len + LINE_COST;
	if (s->shown > OUTPUT_MAX)
		fputs("touchmark: preSign: (more is not shown)\n", stderr);
	else
		fprintf(stderr, "touchmark: preSign: %s\n",
			tmk_enc_show_into(safe, sizeof(safe), s->line,
					  s->len));
	s->len = 0;
}

static void hear(struct saying *s)
{
	char chunk[LINE];
	ssize_t n = read(s->fd, chunk, sizeof(chunk)), i;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close(s->fd);
		s->fd = -1;
		return;
	}
	for (i = 0; i < n; i++) {
		if (chunk[i] != '\n')
			s->line[s->len++] = chunk[i];
		if (chunk[i] == '\n' || s->len == sizeof(s->line))
			flush_line(s);
	}
}

/* ---- running it ------------------------------------------------------------- */

static int start(pid_t *pid, int out, const char *command, char *const env[])
{
	char sh[] = "sh", c[] = "-c", dashes[] = "--";
	char *text = strdup(command);
	char *argv[] = { sh, c, dashes, text, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t all, none;
	int rc;

	if (!text || posix_spawn_file_actions_init(&actions)) {
		free(text);
		return ENOMEM;
	}
	sigfillset(&all);
	sigemptyset(&none);
	rc = posix_spawnattr_init(&attr);
	if (!rc) {
		/* Its own group, to be ended as one; its own session too, so
		 * that there is no terminal to talk to or to be stopped by. */
		posix_spawnattr_setsigdefault(&attr, &all);
		posix_spawnattr_setsigmask(&attr, &none);
		posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF |
					 POSIX_SPAWN_SETSIGMASK |
					 POSIX_SPAWN_SETSID);
		rc = posix_spawn_file_actions_adddup2(&actions, out, 1);
		if (!rc)
			rc = posix_spawn_file_actions_adddup2(&actions, out,
							      2);
		if (!rc)
			rc = posix_spawn_file_actions_addopen(&actions, 0,
				"/dev/null", O_RDONLY, 0);
		if (!rc)
			rc = posix_spawn_file_actions_addclosefrom_np(&actions,
								      3);
		if (!rc)
			rc = posix_spawn(pid, "/bin/sh", &actions, &attr, argv,
					 env);
		posix_spawnattr_destroy(&attr);
	}
	posix_spawn_file_actions_destroy(&actions);
	free(text);
	return rc;
}

/* Whether it has ended; it stays a zombie, so that its number, which is that
 * of its group, is nobody else's. */
static bool has_ended(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, (id_t)pid, &info,
		      WEXITED | WNOHANG | WNOWAIT) || info.si_pid == pid;
}

/* What is left of its output, without waiting for more. */
static void hear_rest(struct saying *s)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN };

	while (s->fd >= 0 && s->shown <= OUTPUT_MAX && poll(&p, 1, 0) > 0)
		hear(s);
}

/* Until it has ended: 0, or 1 when it is late. What it left running with its
 * output open is not waited for. */
static int wait_for(pid_t pid, struct saying *s, int64_t until)
{
	while (!has_ended(pid)) {
		struct pollfd p = { .fd = s->fd, .events = POLLIN };
		int64_t left = until - tmk_clock_ms();

		if (left <= 0)
			return 1;
		if (poll(&p, s->fd >= 0 ? 1 : 0, left > REAP_MS ? REAP_MS :
			 (int)left) > 0)
			hear(s);
	}
	hear_rest(s);
	return 0;
}

static int run(const char *command, const struct environment *e, int seconds,
	       struct tmk_err *err)
{
	struct saying s = { .fd = -1 };
	int pipe_fd[2], status = 0, rc, late;
	pid_t pid = -1;

	if (pipe2(pipe_fd, O_CLOEXEC))
		return tmk_err_set(err, TMK_INTERNAL, "preSign: %s",
				   strerror(errno));
	rc = start(&pid, pipe_fd[1], command, e->value);
	close(pipe_fd[1]);
	s.fd = pipe_fd[0];
	if (rc) {
		close(s.fd);
		return tmk_err_set(err, TMK_REFUSED, "preSign cannot be run: "
				   "%s", strerror(rc));
	}
	late = wait_for(pid, &s, tmk_clock_ms() + 1000LL * seconds);
	flush_line(&s);
	/* All of its group, also what an agreement left behind. */
	if (pid > 1)
		kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR) {
			status = -1;
			break;
		}
	if (s.fd >= 0)
		close(s.fd);
	if (late)
		return tmk_err_set(err, TMK_REFUSED, "the command preSign did "
				   "not end within %d seconds", seconds);
	if (status == -1 || !WIFEXITED(status))
		return tmk_err_set(err, TMK_REFUSED, "the command preSign was "
				   "ended by a signal");
	return WEXITSTATUS(status) ?
		tmk_err_set(err, TMK_REFUSED, "the command preSign says no: "
			    "it ended with %d", WEXITSTATUS(status)) : 0;
}

int tmk_front_presign(const struct tmk_config *config,
		      const struct tmk_front_use *use, struct tmk_err *err)
{
	const char *command = use->section && use->section->pre_sign ?
		use->section->pre_sign : config->pre_sign;
	int seconds = config->pre_sign_deadline;
	struct environment e;
	int rc;

	if (!command || !*command)
		return 0;
	rc = describe(&e, use, err);
	if (!rc && run(command, &e, seconds > 0 ? seconds : DEADLINE_S, err)) {
		tmk_err_hint(err, "what it wrote is above; touchmark.preSign "
			     "in touchmark.conf(5)");
		rc = -1;
	}
	release(&e);
	return rc;
}
