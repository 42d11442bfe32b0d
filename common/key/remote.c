#include "key/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"
#include "key/agent_io.h"
#include "key/agent_path.h"

extern char **environ;

#define SEND_MS 10000
/* Who is at work gives a sign of life every five seconds. */
#define ALIVE_MS 7000
#define TOTAL_MS 300000		/* whatever signs of life there are */
#define SAID_MAX 16384		/* bytes of ssh's standard error that are read */
#define REAP_MS 300		/* what ssh gets to end by itself */
#define LOOK_MS 2
/* ssh binds a name with 17 characters more than ControlPath, and %C is 40. */
#define CONTROL_MORE (40 - 2 + 17)
#define PERSIST "60"		/* s that a connection waits for its next use */

struct tmk_remote {
	pid_t pid;		/* -1: it has ended */
	int in, out;		/* ssh's standard input and output */
	int said;		/* its standard error; the shared connection
				   may hold it open, nobody waits for its end */
	int ms;
	bool heard;		/* the other side has said something */
	char where[TMK_REMOTE_SHOWN];
};

/* ---- the command line ------------------------------------------------------ */

#define ARGS_MAX 64

struct args {
	char *argv[ARGS_MAX];
	int n;
	char timeout[40], path[TMK_AGENT_PATH_MAX + 32], port[16];
	char to[2 * TMK_REMOTE_TEXT];
};

/* Borrowed; ssh does not write there. */
static void add(struct args *a, const char *word)
{
	char *w;

	memcpy(&w, &word, sizeof(w));
	if (a->n < ARGS_MAX - 1)
		a->argv[a->n++] = w;
}

static void add_option(struct args *a, const char *option)
{
	add(a, "-o");
	add(a, option);
}

/* What ssh's %C leaves out: the name under which the user's configuration has
 * the host, by which it may choose another identity (FNV-1a, 32 bits). */
static uint32_t alias(const struct tmk_remote_uri *uri)
{
	const unsigned char *p = (const unsigned char *)uri->host;
	uint32_t h = 2166136261u;

	for (; *p; p++)
		h = (h ^ *p) * 16777619u;
	return h;
}

/* Share the connection where there is a place for its socket, of nobody's but
 * ours. The signals of life end a shared one whose host has gone. */
static void add_sharing(struct args *a, const struct tmk_remote_uri *uri)
{
	/* ssh gives a meaning to others. */
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";
	char name[32], path[TMK_AGENT_PATH_MAX];

	snprintf(name, sizeof(name), "ssh-%%C-%08x", alias(uri));
	if (tmk_agent_path_dir(true, NULL) ||
	    !*tmk_agent_path(path, name) ||
	    strlen(path) + CONTROL_MORE >= TMK_AGENT_PATH_MAX ||
	    strspn(path, plain) + strlen(name) < strlen(path)) {
		add_option(a, "ControlMaster=no");
		add_option(a, "ControlPath=none");
		return;
	}
	snprintf(a->path, sizeof(a->path), "ControlPath=%s", path);
	add_option(a, "ControlMaster=auto");
	add_option(a, a->path);
	add_option(a, "ControlPersist=" PERSIST);
}

/*
 * The user's configuration says how the host is reached. What would make ssh
 * ask, believe an unknown host, run something else or hand on more than the
 * frames is settled here, since the first word for an option counts.
 */
static void make_args(struct args *a, const struct tmk_remote_uri *uri, int ms)
{
	static const char *const settled[] = {
		"IgnoreUnknown=SessionType,StdinNull,ForkAfterAuthentication",
		"BatchMode=yes", "StrictHostKeyChecking=yes",
		"LogLevel=ERROR", "RequestTTY=no", "RemoteCommand=none",
		"SessionType=default", "StdinNull=no",
		"ForkAfterAuthentication=no", "EscapeChar=none",
		"PermitLocalCommand=no", "ClearAllForwardings=yes",
		"ForwardAgent=no", "ForwardX11=no", "Tunnel=no",
		"ServerAliveInterval=5", "ServerAliveCountMax=2",
	};
	size_t i;

	memset(a, 0, sizeof(*a));
	add(a, "ssh");
	add(a, "-T");
	for (i = 0; i < sizeof(settled) / sizeof(*settled); i++)
		add_option(a, settled[i]);
	snprintf(a->timeout, sizeof(a->timeout), "ConnectTimeout=%d",
		 (ms + 999) / 1000);
	add_option(a, a->timeout);
	add_sharing(a, uri);
	if (uri->port) {
		snprintf(a->port, sizeof(a->port), "%d", uri->port);
		add(a, "-p");
		add(a, a->port);
	}
	snprintf(a->to, sizeof(a->to), "%s@%s", uri->user, uri->host);
	add(a, "--");
	add(a, a->to);
	/* What authorized_keys says takes its place. */
	add(a, "touchmark");
	add(a, "serve");
}

/* ---- ssh ------------------------------------------------------------------- */

static void close_pair(int pair[2])
{
	int i;

	for (i = 0; i < 2; i++) {
		if (pair[i] >= 0)
			close(pair[i]);
		pair[i] = -1;
	}
}

/* Ours does not block, ssh's does. */
static int make_pairs(int in[2], int out[2], int said[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, out) ||
	    pipe2(said, O_CLOEXEC))
		return -1;
	return fcntl(in[0], F_SETFL, O_NONBLOCK) ||
		fcntl(out[0], F_SETFL, O_NONBLOCK) ||
		fcntl(said[0], F_SETFL, O_NONBLOCK) ? -1 : 0;
}

/* This process' environment with the one variable that chooses ssh's keys;
 * NULL when memory ends. */
static char **environment(const char *auth_sock)
{
	static const char name[] = "SSH_AUTH_SOCK=";
	size_t n, size = *auth_sock ? sizeof(name) + strlen(auth_sock) : 0;
	char **env, **e, **to, *text;

	for (n = 0; environ[n]; n++)
		;
	env = malloc((n + 2) * sizeof(*env) + size);
	if (!env)
		return NULL;
	for (to = env, e = environ; *e; e++)
		if (strncmp(*e, name, sizeof(name) - 1))
			*to++ = *e;
	if (size) {
		text = (char *)(env + n + 2);
		snprintf(text, size, "%s%s", name, auth_sock);
		*to++ = text;
	}
	*to = NULL;
	return env;
}

/* 0, or errno. */
static int spawn(struct tmk_remote *r, const struct args *a,
		 const char *auth_sock, const int fd[3])
{
	char **env = auth_sock ? environment(auth_sock) : NULL;
	int rc = auth_sock && !env ? ENOMEM :
		tmk_proc_spawn(&r->pid, a->argv[0], a->argv,
			       env ? env : environ, fd);

	free(env);
	return rc;
}

static int start(struct tmk_remote *r, const struct args *a,
		 const char *auth_sock, struct tmk_err *err)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, said[2] = { -1, -1 };
	int rc = make_pairs(in, out, said) ? errno : 0;

	if (!rc) {
		const int fd[3] = { in[1], out[1], said[1] };

		rc = spawn(r, a, auth_sock, fd);
	}
	if (rc) {
		close_pair(in);
		close_pair(out);
		close_pair(said);
		tmk_err_set(err, TMK_KEY, "cannot run ssh: %s", strerror(rc));
		return tmk_err_hint(err, "install OpenSSH's client");
	}
	r->in = in[0];
	r->out = out[0];
	r->said = said[0];
	close(in[1]);
	close(out[1]);
	close(said[1]);
	return 0;
}

int tmk_remote_open(struct tmk_remote **out, const struct tmk_remote_uri *uri,
		    int ms, const char *auth_sock, struct tmk_err *err)
{
	struct tmk_remote *r = calloc(1, sizeof(*r));
	struct args args;

	if (!r)
		return tmk_err_nomem(err);
	r->ms = ms > 0 ? ms : TMK_REMOTE_MS;
	tmk_remote_shown(r->where, sizeof(r->where), uri);
	make_args(&args, uri, r->ms);
	if (start(r, &args, auth_sock, err)) {
		free(r);
		return -1;
	}
	*out = r;
	return 0;
}

/* Whether ssh has ended, within `ms`; *status as of waitpid(2). */
static bool ended(struct tmk_remote *r, int ms, int *status)
{
	int64_t until = tmk_clock_ms() + ms;

	while (r->pid > 0) {
		pid_t got = waitpid(r->pid, status, WNOHANG);

		if (got == r->pid || (got < 0 && errno != EINTR)) {
			r->pid = -1;
			return got > 0;
		}
		if (tmk_clock_ms() >= until)
			return false;
		poll(NULL, 0, LOOK_MS);
	}
	return true;
}

void tmk_remote_free(struct tmk_remote *remote)
{
	int status;

	if (!remote)
		return;
	close(remote->in);
	close(remote->out);
	close(remote->said);
	/* Nothing is left to be said: whoever answers has finished before. The
	 * shared connection is another process. */
	if (!ended(remote, 0, &status))
		kill(remote->pid, SIGTERM);
	if (!ended(remote, REAP_MS, &status)) {
		kill(remote->pid, SIGKILL);
		while (waitpid(remote->pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	free(remote);
}

/* ---- why there is no answer -------------------------------------------------- */

/* The last line of what was said, hints left out; it is ssh's or the other
 * host's, and not escaped yet. Returns `line`. */
static char *last_line(char *line, size_t size, const char *said, size_t len)
{
	size_t end, from;

	*line = '\0';
	for (end = len; end && !*line; end = from ? from - 1 : 0) {
		for (from = end; from && said[from - 1] != '\n'; from--)
			;
		snprintf(line, size, "%.*s", (int)(end - from), said + from);
		line[strcspn(line, "\r")] = '\0';
		if (strspn(line, " \t") == strlen(line) ||
		    strstr(line, ": hint: "))
			*line = '\0';
	}
	return line;
}

/* What is there of standard error, without waiting. */
static char *what_it_said(char *line, size_t size, const struct tmk_remote *r)
{
	char said[SAID_MAX];
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(said)) {
		n = read(r->said, said + len, sizeof(said) - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	return last_line(line, size, said, len);
}

static int hint_for(const char *line, int code, struct tmk_err *err)
{
	if (strstr(line, "Host key verification failed") ||
	    strstr(line, "host key is known"))
		return tmk_err_hint(err, "compare the host's key with what "
				    "its administrator says, then put it into "
				    "~/.ssh/known_hosts");
	if (strstr(line, "Permission denied"))
		return tmk_err_hint(err, "ask the host's administrator for a "
				    "line in authorized_keys: touchmark-serve"
				    "(8); ssh-add, or IdentityFile in "
				    "~/.ssh/config, chooses the key");
	if (code == 127)
		return tmk_err_hint(err, "install touchmark on that host, and "
				    "name its whole path in authorized_keys");
	return -1;
}

/* The host was not reached, or hung up. Returns 1 always. */
static int away(struct tmk_remote *r, bool late, struct tmk_err *err)
{
	char line[512];
	int status = 0, code = 0;

	if (!late && ended(r, REAP_MS, &status) && WIFEXITED(status))
		code = WEXITSTATUS(status);
	what_it_said(line, sizeof(line), r);
	if (late)
		tmk_err_set(err, TMK_KEY, "%s does not answer within %d "
			    "seconds%s%s", r->where, (r->ms + 999) / 1000,
			    *line ? ": " : "", line);
	else if (*line)
		tmk_err_set(err, TMK_KEY, "%s: %s", r->where, line);
	else
		tmk_err_set(err, TMK_KEY, "%s hung up without an answer",
			    r->where);
	(void)hint_for(line, code, err);
	if (err && !*err->hint)
		(void)tmk_err_hint(err, "try it by hand: ssh %s touchmark "
				   "serve </dev/null", r->where);
	return 1;
}

/* What came is no message of ours; `err` says what is wrong with it. */
static void no_answer(const struct tmk_remote *r, struct tmk_err *err)
{
	(void)tmk_err_prefix(err, "%s said what is no answer", r->where);
	err->code = TMK_KEY;
	(void)tmk_err_hint(err, "nothing is believed of it; see that `ssh "
			    "HOST true` prints nothing, and that touchmark "
			    "serve is what authorized_keys names there");
}

/* ---- asking ---------------------------------------------------------------- */

/* When the next message has to be there. */
static int64_t next_until(const struct tmk_remote *r, int64_t end)
{
	int64_t ms = r->heard ? (r->ms > ALIVE_MS ? r->ms : ALIVE_MS) :
		2 * (int64_t)r->ms;	/* to connect, and to answer */
	int64_t until = tmk_clock_ms() + ms;

	return until < end ? until : end;
}

/* As tmk_agent_io_receive; 1 for whatever means that nobody is there. */
static int receive(struct tmk_buf *body, struct tmk_remote *r, int64_t end,
		   struct tmk_err *err)
{
	int64_t until = next_until(r, end);
	struct tmk_err why = TMK_ERR_INIT;
	int rc = tmk_agent_io_receive(body, r->out, TMK_ANSWER_MAX, NULL,
				      until, &why);

	if (!rc) {
		r->heard = true;
		return 0;
	}
	if (rc > 0)
		return away(r, false, err);
	if (why.code == TMK_KEY)	/* late, or cut */
		return away(r, tmk_clock_ms() >= until, err);
	no_answer(r, &why);
	if (err)
		*err = why;
	return -1;
}

static int hear(struct tmk_answer *answer, struct tmk_remote *r,
		const struct tmk_person *person, struct tmk_err *err)
{
	struct tmk_buf body = TMK_BUF_INIT(TMK_ANSWER_MAX);
	int64_t end = tmk_clock_ms() + TOTAL_MS;
	struct tmk_err why = TMK_ERR_INIT;
	char text[512];
	int rc;

	for (;;) {
		rc = receive(&body, r, end, err);
		if (rc)
			break;
		if (tmk_frame_kind(body.data, body.len) != TMK_FRAME_NOTICE) {
			rc = tmk_answer_decode(answer, body.data, body.len,
					       &why);
			break;
		}
		rc = tmk_notice_decode(text, sizeof(text), body.data,
				       body.len, &why);
		if (rc)
			break;
		if (*text && person && person->notice)
			person->notice(person->ctx, text);
		if (tmk_person_is_gone(person)) {
			tmk_err_set(err, TMK_KEY, "nobody waits any more");
			rc = 1;
			break;
		}
	}
	if (rc < 0 && why.code) {
		no_answer(r, &why);
		if (err)
			*err = why;
	}
	tmk_buf_release(&body);
	return rc;
}

int tmk_remote_ask(struct tmk_answer *answer, struct tmk_remote *remote,
		   const struct tmk_request *request,
		   const struct tmk_person *person, struct tmk_err *err)
{
	struct tmk_buf out = TMK_BUF_INIT(TMK_REQUEST_MAX + TMK_FRAME_HEAD);
	int rc = tmk_request_encode(&out, request, err);

	/* Whether all of it went out or not: what the other side says is
	 * better than that it was cut. */
	if (!rc)
		(void)!tmk_agent_io_send(remote->in, out.data, out.len, -1,
					 tmk_clock_ms() + SEND_MS, NULL);
	tmk_buf_release(&out);
	return rc ? -1 : hear(answer, remote, person, err);
}
