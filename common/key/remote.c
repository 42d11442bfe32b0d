#include "key/remote.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "key/agent_io.h"
#include "key/remote_ends.h"

#define SEND_MS 10000
/* Who is at work gives a sign of life every five seconds. */
#define ALIVE_MS 7000
#define TOTAL_MS 300000		/* whatever signs of life there are */
#define SAID_MAX 16384		/* bytes of ssh's standard error that are read */
#define REAP_MS 300		/* what ssh gets to end by itself */
#define LOOK_MS 2

struct tmk_remote {
	struct tmk_remote_ends ends;
	int ms;
	bool local;		/* a socket of this machine */
	bool there;		/* there are ends; else `why` */
	struct tmk_err why;
	bool heard;		/* the other side has said something */
	char where[TMK_REMOTE_SHOWN];
};

int tmk_remote_open(struct tmk_remote **out, const struct tmk_remote_uri *uri,
		    int ms, const char *auth_sock, struct tmk_err *err)
{
	struct tmk_remote *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return tmk_err_nomem(err);
	r->ms = ms > 0 ? ms : TMK_REMOTE_MS;
	r->local = *uri->socket != '\0';
	tmk_remote_shown(r->where, sizeof(r->where), uri);
	if (r->local)
		rc = tmk_remote_socket_connect(&r->ends, uri, r->ms, &r->why);
	else
		rc = tmk_remote_ssh_start(&r->ends, uri, r->ms, auth_sock, err);
	if (rc < 0) {
		if (r->local && err)
			*err = r->why;
		free(r);
		return -1;
	}
	r->there = !rc;
	*out = r;
	return 0;
}

/* Whether ssh has ended, within `ms`; *status as of waitpid(2). */
static bool ended(struct tmk_remote *r, int ms, int *status)
{
	int64_t until = tmk_clock_ms() + ms;

	while (r->ends.pid > 0) {
		pid_t got = waitpid(r->ends.pid, status, WNOHANG);

		if (got == r->ends.pid || (got < 0 && errno != EINTR)) {
			r->ends.pid = -1;
			return got > 0;
		}
		if (tmk_clock_ms() >= until)
			return false;
		poll(NULL, 0, LOOK_MS);
	}
	return true;
}

static void hang_up(struct tmk_remote *r)
{
	int status;

	close(r->ends.in);
	if (r->local)
		return;
	close(r->ends.out);
	close(r->ends.said);
	/* Nothing is left to be said: whoever answers has finished before. The
	 * shared connection is another process. */
	if (!ended(r, 0, &status))
		kill(r->ends.pid, SIGTERM);
	if (!ended(r, REAP_MS, &status)) {
		kill(r->ends.pid, SIGKILL);
		while (waitpid(r->ends.pid, &status, 0) < 0 && errno == EINTR)
			;
	}
}

void tmk_remote_free(struct tmk_remote *remote)
{
	if (!remote)
		return;
	if (remote->there)
		hang_up(remote);
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
		n = read(r->ends.said, said + len, sizeof(said) - len);
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

	if (!r->local && !late && ended(r, REAP_MS, &status) &&
	    WIFEXITED(status))
		code = WEXITSTATUS(status);
	*line = '\0';
	if (!r->local)
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
	if (r->local)
		(void)tmk_err_hint(err, "journalctl -u 'touchmark-serve@*' "
				   "tells why");
	else if (err && !*err->hint)
		(void)tmk_err_hint(err, "try it by hand: ssh %s touchmark "
				   "serve </dev/null", r->where);
	return 1;
}

/* What came is no message of ours; `err` says what is wrong with it. */
static void no_answer(const struct tmk_remote *r, struct tmk_err *err)
{
	(void)tmk_err_prefix(err, "%s said what is no answer", r->where);
	err->code = TMK_KEY;
	if (r->local)
		(void)tmk_err_hint(err, "nothing is believed of it; `touchmark "
				   "serve --peer` belongs behind that socket");
	else
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
	int rc = tmk_agent_io_receive(body, r->ends.out, TMK_ANSWER_MAX, NULL,
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
	int rc;

	if (!remote->there) {
		if (err)
			*err = remote->why;
		return 1;
	}
	rc = tmk_request_encode(&out, request, err);
	/* Whether all of it went out or not: what the other side says is
	 * better than that it was cut. */
	if (!rc)
		(void)!tmk_agent_io_send(remote->ends.in, out.data, out.len, -1,
					 tmk_clock_ms() + SEND_MS, NULL);
	tmk_buf_release(&out);
	return rc ? -1 : hear(answer, remote, person, err);
}
