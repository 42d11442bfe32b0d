/*
 * cmd_serve.c - `touchmark serve`: sign for one requester, at the other end
 * of a connection that sshd or systemd made.
 *
 * Who asks is vouched for by whoever started this: the forced command of an
 * authorized key names the requester, a socket names its peer's user. Reads
 * requests from standard input and answers on standard output; nothing else
 * ever goes there.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/opt.h"
#include "plugins/command.h"
#include "plugins/front_libgit2.h"
#include "plugins/front_requesters.h"
#include "plugins/serve_request.h"
#include "plugins/serve_wire.h"

#define IDLE_MS 30000		/* that a client may be silent between two */
#define REQUESTS_MAX 64		/* on one connection */
#define NAME_BYTES 256

static const char synopsis[] = "touchmark serve [--requester NAME | --peer]";

struct server {
	struct tmk_serve serve;
	struct tmk_person person;
	struct tmk_config *config;
	struct tmk_sessions *sessions;
	struct tmk_serve_wire *wire;
	struct tmk_buf body;
	struct tmk_err trouble;	/* why there is no configuration */
	char requester[NAME_BYTES];
};

/* ---- who asks --------------------------------------------------------------- */

static int peer_name(char out[NAME_BYTES], struct tmk_err *err)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address), len;
	struct passwd entry, *found = NULL;
	struct ucred peer = { .pid = 0 };
	char space[16384];

	address.ss_family = AF_UNSPEC;
	len = sizeof(peer);
	if (getsockname(STDIN_FILENO, (struct sockaddr *)&address, &size) ||
	    address.ss_family != AF_UNIX ||
	    getsockopt(STDIN_FILENO, SOL_SOCKET, SO_PEERCRED, &peer, &len) ||
	    len != sizeof(peer) || peer.pid <= 0) {
		tmk_err_set(err, TMK_USAGE, "--peer: standard input is no "
			    "connected unix socket");
		return tmk_err_hint(err, "start it from a socket unit with "
				    "Accept=yes; over ssh use --requester");
	}
	if (getpwuid_r(peer.uid, &entry, space, sizeof(space), &found) ||
	    !found)
		return tmk_err_set(err, TMK_USAGE, "--peer: the user %lu at "
				   "the other end has no name here",
				   (unsigned long)peer.uid);
	snprintf(out, NAME_BYTES, "%s", found->pw_name);
	return 0;
}

static int choose_requester(struct server *s, const char *named, bool peer,
			    struct tmk_err *err)
{
	if (!named == !peer) {
		tmk_err_set(err, TMK_USAGE, "either --requester NAME or "
			    "--peer says who asks");
		return tmk_err_hint(err, "touchmark-serve(8)");
	}
	if (peer && peer_name(s->requester, err))
		return -1;
	if (named)
		snprintf(s->requester, sizeof(s->requester), "%s", named);
	if (tmk_request_name_ok(s->requester))
		return 0;
	return tmk_err_set(err, TMK_USAGE, "'%s' cannot be a requester: 1 to "
			   "64 letters, digits, '.', '_', '-' or '@'",
			   s->requester);
}

/* ---- the two ends ----------------------------------------------------------- */

static void on_notice(void *ctx, const char *text)
{
	struct server *s = ctx;

	tmk_serve_wire_notice(s->wire, text);
}

static bool on_gone(void *ctx)
{
	struct server *s = ctx;

	return tmk_serve_wire_gone(s->wire);
}

/* Take the two ends; in their place nothing is read, and what a module prints
 * goes to standard error. */
static int open_wire(struct server *s, struct tmk_err *err)
{
	int in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (in < 0 || out < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
		tmk_err_set(err, TMK_INPUT, "standard input and output cannot "
			    "be taken: %s", strerror(errno));
		if (in >= 0)
			close(in);
		if (out >= 0)
			close(out);
		in = -1;
	}
	if (null >= 0)
		close(null);
	return in < 0 ? -1 : tmk_serve_wire_new(&s->wire, in, out, err);
}

/* ---- one after the other ---------------------------------------------------- */

static int send_answer(struct server *s, const struct tmk_answer *answer,
		       struct tmk_err *err)
{
	struct tmk_buf out = TMK_BUF_INIT(TMK_ANSWER_MAX + TMK_FRAME_HEAD);
	struct tmk_answer sorry;
	struct tmk_err why = TMK_ERR_INIT;
	int rc;

	rc = tmk_answer_encode(&out, answer, &why);
	if (rc) {
		tmk_answer_init(&sorry);
		tmk_answer_fail(&sorry, &why);
		rc = tmk_answer_encode(&out, &sorry, err);
		tmk_answer_release(&sorry);
	}
	if (!rc)
		rc = tmk_serve_wire_send(s->wire, out.data, out.len, err);
	tmk_buf_release(&out);
	return rc;
}

/* What was received is answered; after what cannot be read nothing is. */
static int answer_body(struct server *s, int received, struct tmk_err *err)
{
	struct tmk_err why = *err;
	struct tmk_answer answer;
	struct tmk_request request;
	int rc = received;

	tmk_answer_init(&answer);
	if (!rc)
		rc = tmk_request_decode(&request, s->body.data, s->body.len,
					&why);
	if (rc) {
		tmk_answer_fail(&answer, &why);
	} else if (s->trouble.code) {
		tmk_answer_fail(&answer, &s->trouble);
	} else {
		tmk_serve_wire_working(s->wire);
		tmk_serve_request(&answer, &s->serve, &request);
	}
	if (send_answer(s, &answer, rc ? NULL : err))
		rc = -1;
	tmk_answer_release(&answer);
	if (rc && !received)
		*err = why.code ? why : *err;
	return rc ? -1 : 0;
}

static int talk(struct server *s, struct tmk_err *err)
{
	int i, rc = 0;

	for (i = 0; !rc && i < REQUESTS_MAX; i++) {
		rc = tmk_serve_wire_receive(&s->body, s->wire, IDLE_MS, err);
		if (rc > 0)
			return 0;
		if (!rc && tmk_serve_wire_gone(s->wire))
			return tmk_err_set(err, TMK_KEY, "nobody waits for "
					   "the answer");
		rc = answer_body(s, rc, err);
	}
	return rc < 0 ? -1 : 0;
}

/* ---- the command ------------------------------------------------------------ */

/* A host whose configuration is broken says so to whoever asks. */
static int prepare(struct server *s, struct tmk_err *err)
{
	static const char *const nothing[] = { NULL };

	if (tmk_config_load(&s->config, NULL, &s->trouble))
		return 0;
	if (tmk_sessions_new(&s->sessions, false, err))
		return -1;
	tmk_sessions_configure(s->sessions, s->config);
	/* Nobody is here: no terminal, no window, nothing that is asked. */
	s->person = (struct tmk_person){
		.tty = -2, .afar = true, .env = nothing, .notice = on_notice,
		.gone = on_gone, .ctx = s,
	};
	s->serve = (struct tmk_serve){
		.config = s->config, .sessions = s->sessions,
		.requester = s->requester, .person = &s->person,
	};
	return 0;
}

static int serve(struct server *s, struct tmk_err *err)
{
	int rc;

	if (isatty(STDIN_FILENO)) {
		tmk_err_set(err, TMK_USAGE, "standard input is a terminal: "
			    "this speaks to programs");
		return tmk_err_hint(err, "touchmark-serve(8) tells how sshd "
				    "or systemd starts it");
	}
	if (open_wire(s, err))
		return -1;
	tmk_front_libgit2_start();
	tmk_buf_init(&s->body, TMK_REQUEST_MAX);
	rc = prepare(s, err);
	if (!rc)
		rc = talk(s, err);
	tmk_sessions_free(s->sessions);
	tmk_serve_wire_free(s->wire);
	tmk_config_free(s->config);
	tmk_buf_release(&s->body);
	return rc;
}

static int serve_run(int argc, char **argv, struct tmk_err *err)
{
	struct server s = { .trouble = TMK_ERR_INIT };
	const char *requester = NULL;
	bool peer = false, help = false;
	const struct tmk_opt table[] = {
		{ 0, "requester", TMK_OPT_TEXT, &requester, "NAME",
		  "for whom: what sshd's authorized_keys says" },
		{ 0, "peer", TMK_OPT_FLAG, &peer, NULL,
		  "for the user at the other end of the unix socket that is "
		  "standard input" },
		{ 'h', "help", TMK_OPT_FLAG, &help, NULL, "this text" },
		{ 0, NULL, TMK_OPT_FLAG, NULL, NULL, NULL }
	};
	int operands;

	if (tmk_opt_parse(table, argc, argv, &operands, err))
		return err->code;
	if (help) {
		tmk_opt_help(stdout, synopsis, table);
		return TMK_OK;
	}
	if (operands) {
		tmk_err_set(err, TMK_USAGE, "serve takes no operand");
		tmk_err_hint(err, "touchmark serve --help");
		return TMK_USAGE;
	}
	if (choose_requester(&s, requester, peer, err) || serve(&s, err))
		return err->code;
	return TMK_OK;
}

const struct tmk_command tmk_command_serve = {
	"serve", "sign for a requester at the other end of standard input",
	serve_run
};
