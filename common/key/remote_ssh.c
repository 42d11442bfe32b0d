/* The other end of a connection to a host: the ssh found on PATH, told what no
 * configuration may change. */
#include "key/remote_ends.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/proc.h"
#include "key/agent_path.h"

extern char **environ;

/* ssh binds a name with 17 characters more than ControlPath, and %C is 40. */
#define CONTROL_MORE (40 - 2 + 17)
#define PERSIST "60"		/* s that a connection waits for its next use */

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
static int spawn(struct tmk_remote_ends *ends, const struct args *a,
		 const char *auth_sock, const int fd[3])
{
	char **env = auth_sock ? environment(auth_sock) : NULL;
	int rc = auth_sock && !env ? ENOMEM :
		tmk_proc_spawn(&ends->pid, a->argv[0], a->argv,
			       env ? env : environ, fd);

	free(env);
	return rc;
}

int tmk_remote_ssh_start(struct tmk_remote_ends *out,
			 const struct tmk_remote_uri *uri, int ms,
			 const char *auth_sock, struct tmk_err *err)
{
	int in[2] = { -1, -1 }, back[2] = { -1, -1 }, said[2] = { -1, -1 };
	struct tmk_remote_ends ends;
	struct args args;
	int rc;

	make_args(&args, uri, ms);
	rc = make_pairs(in, back, said) ? errno : 0;
	if (!rc) {
		const int fd[3] = { in[1], back[1], said[1] };

		rc = spawn(&ends, &args, auth_sock, fd);
	}
	if (rc) {
		close_pair(in);
		close_pair(back);
		close_pair(said);
		tmk_err_set(err, TMK_KEY, "cannot run ssh: %s", strerror(rc));
		return tmk_err_hint(err, "install OpenSSH's client");
	}
	ends.in = in[0];
	ends.out = back[0];
	ends.said = said[0];
	close(in[1]);
	close(back[1]);
	close(said[1]);
	*out = ends;
	return 0;
}
