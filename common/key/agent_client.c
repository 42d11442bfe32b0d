#include "key/agent_client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "key/agent_io.h"
#include "key/agent_path.h"
#include "key/agent_start.h"

#define CONNECT_MS 5000	/* an agent that lets nobody in for so long is dead */
#define SEND_MS 10000
/* An agent at work gives a sign of life every five seconds. */
#define SILENCE_MS 30000
#define LOOK_MS 250	/* how often the one who asked is looked after */

/* 0 with *fd, 1 when nobody serves there, negative when it is not one of
 * ours. */
static int try_connect(int *fd, const char *path, struct tmk_err *err)
{
	struct sockaddr_un to;
	int rc, s, why;

	rc = tmk_agent_path_socket(path, err);
	if (rc)
		return rc;
	if (tmk_agent_io_address(&to, path))
		return 1;
	s = tmk_agent_io_socket();
	if (s < 0)
		return tmk_err_set(err, TMK_INTERNAL, "cannot make a socket: "
				   "%s", strerror(errno));
	why = tmk_agent_io_connect(s, &to, tmk_clock_ms() + CONNECT_MS);
	if (why) {
		close(s);
		if (why == ECONNREFUSED || why == ENOENT)
			return 1;
		tmk_err_set(err, TMK_KEY, "touchmark-agent lets nobody in: "
			    "%s", strerror(why));
		return tmk_err_hint(err, "end it by hand and try again");
	}
	if (!tmk_agent_io_peer_is_us(s)) {
		close(s);
		return tmk_err_set(err, TMK_KEY, "whoever serves %s does not "
				   "run as you", path);
	}
	*fd = s;
	return 0;
}

/* One of those who want an agent starts it, the others wait for that one. What
 * stands there was looked at before: a place where nothing can be made (full,
 * read-only) only means that there is no agent. */
static int start_and_connect(int *fd, const char *path, struct tmk_err *err)
{
	int lock, rc;

	if (tmk_agent_path_dir(true, NULL) ||
	    tmk_agent_path_lock(&lock, TMK_AGENT_START, 2 * CONNECT_MS, NULL))
		return 1;
	rc = try_connect(fd, path, err);
	if (rc == 1) {
		rc = tmk_agent_start(NULL);
		/* One that is just going away, or that somebody else started,
		 * may have kept it from its lock: what counts is who serves. */
		rc = rc < 0 ? 1 : try_connect(fd, path, err);
	}
	close(lock);
	return rc;
}

int tmk_agent_connect(int *fd, bool start, struct tmk_err *err)
{
	char path[TMK_AGENT_PATH_MAX];
	int rc;

	if (!*tmk_agent_socket(path, sizeof(path)))
		return 1;
	rc = tmk_agent_path_dir(false, err);
	if (rc < 0)
		return -1;
	if (!rc)
		rc = try_connect(fd, path, err);
	if (rc != 1 || !start)
		return rc;
	return start_and_connect(fd, path, err);
}

/* ---- asking --------------------------------------------------------------- */

static int broken(struct tmk_err *err)
{
	struct tmk_err why = *err;

	tmk_err_set(err, TMK_KEY, "touchmark-agent gave no answer: %s",
		    why.text);
	return tmk_err_hint(err, "nothing was signed; try again, a new agent "
			    "is started");
}

/* Until the agent says something; negative when whoever asked has gone: then
 * nothing is to be signed any more. */
static int wait_for_word(int fd, const struct tmk_person *person,
			 struct tmk_err *err)
{
	int64_t until = tmk_clock_ms() + SILENCE_MS;
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (!person || !person->gone)
		return 0;
	while (!poll(&p, 1, LOOK_MS) && tmk_clock_ms() < until)
		if (person->gone(person->ctx))
			return tmk_err_set(err, TMK_KEY, "nobody waits for "
					   "the answer");
	return 0;
}

/* Notices until the answer comes. 2 when the agent left without having read
 * the request. */
static int hear(struct tmk_answer *answer, int fd,
		const struct tmk_person *person, struct tmk_err *err)
{
	struct tmk_buf body = TMK_BUF_INIT(TMK_ANSWER_MAX);
	bool heard = false;
	char text[512];
	int rc;

	for (;;) {
		rc = wait_for_word(fd, person, err);
		if (rc)
			break;
		rc = tmk_agent_io_receive(&body, fd, TMK_ANSWER_MAX, NULL,
					  tmk_clock_ms() + SILENCE_MS, err);
		if (rc == 1 || (rc == 2 && heard))
			rc = tmk_err_set(err, TMK_KEY, "it ended or broke "
					 "down over this request");
		if (rc)
			break;
		heard = true;
		if (tmk_frame_kind(body.data, body.len) != TMK_FRAME_NOTICE) {
			rc = tmk_answer_decode(answer, body.data, body.len,
					       err);
			break;
		}
		rc = tmk_notice_decode(text, sizeof(text), body.data,
				       body.len, err);
		if (rc)
			break;
		/* An empty one says only that the agent is alive. */
		if (*text && person && person->notice)
			person->notice(person->ctx, text);
	}
	tmk_buf_release(&body);
	return rc < 0 ? broken(err) : rc;
}

/* The terminal that goes along; -1 when there is none. *own: to be closed. */
static int terminal(const struct tmk_person *person, bool *own)
{
	int tty;

	*own = false;
	if (person && person->tty == -2)
		return -1;
	if (person && person->tty >= 0)
		return person->tty;
	tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	*own = tty >= 0;
	return tty;
}

/* As tmk_agent_ask; 2 as above. */
static int ask_once(struct tmk_answer *answer, const struct tmk_buf *out,
		    const struct tmk_person *person, bool start,
		    struct tmk_err *err)
{
	struct tmk_err unsent = TMK_ERR_INIT;
	int fd = -1, rc, tty;
	bool own;

	rc = tmk_agent_connect(&fd, start, err);
	if (rc)
		return rc;
	tty = terminal(person, &own);
	/* Whether it went out or not: it may have answered before it has read
	 * everything, and what it says is better than that it was cut. */
	(void)!tmk_agent_io_send(fd, out->data, out->len, tty,
				 tmk_clock_ms() + SEND_MS, &unsent);
	if (own)
		close(tty);
	rc = hear(answer, fd, person, err);
	close(fd);
	return rc;
}

int tmk_agent_ask(struct tmk_answer *answer, const struct tmk_request *request,
		  const struct tmk_person *person, bool start,
		  struct tmk_err *err)
{
	struct tmk_buf out = TMK_BUF_INIT(TMK_REQUEST_MAX + TMK_FRAME_HEAD);
	struct tmk_err why = TMK_ERR_INIT;
	int rc, tries;

	if (tmk_request_encode(&out, request, err))
		return -1;
	/* One that was about to leave did not read it: once more, for whoever
	 * comes after. */
	for (rc = 2, tries = 0; rc == 2 && tries < 2; tries++)
		rc = ask_once(answer, &out, person, start, &why);
	if (rc == 2) {
		tmk_err_set(&why, TMK_KEY, "it reads no requests");
		rc = broken(&why);
	}
	if (rc < 0 && err)
		*err = why;
	tmk_buf_release(&out);
	return rc;
}
