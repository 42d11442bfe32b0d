#include "plugins/agent_talk.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "key/agent_io.h"
#include "key/request.h"
#include "plugins/agent_confirm.h"

#define REQUEST_MS 10000	/* for a whole request to come */
#define ANSWER_MS 10000	/* for an answer to be taken */
#define NOTICE_MS 1000
#define STACK_BYTES (1024 * 1024)

struct talk {
	struct tmk_agent_talks *all;
	bool used;		/* guarded by all->lock */
	int fd;
	int tty;		/* of the one who asks; -2: none */
	bool has_saved;		/* guarded by `out` */
	struct termios saved;	/* the terminal as it came */
	pthread_mutex_t out;	/* guards what is sent, and these: */
	bool waits;		/* for an answer, and can be told things */
	bool broken;		/* half a message went out */
};

struct tmk_agent_talks {
	pthread_mutex_t lock;
	struct tmk_agent_work *work;
	int wake;
	const char *credentials;
	atomic_bool interrupted;	/* the agent ends */
	atomic_bool stop;
	int count;
	struct talk talk[TMK_AGENT_TALKS_MAX];
};

static void wake(struct tmk_agent_talks *all)
{
	uint64_t one = 1;

	(void)!write(all->wake, &one, sizeof(one));
}

/* ---- what goes out before the answer -------------------------------------- */

/* The lock `out` is held. */
static void tell(struct talk *t, const char *text, int ms)
{
	struct tmk_buf b = TMK_BUF_INIT(1024);

	if (!t->waits || t->broken)
		return;
	if (tmk_notice_encode(&b, text, NULL) ||
	    tmk_agent_io_send(t->fd, b.data, b.len, -1, tmk_clock_ms() + ms,
			      NULL))
		t->broken = true;
	tmk_buf_release(&b);
}

static void on_notice(void *ctx, const char *text)
{
	struct talk *t = ctx;

	if (!*text)
		return;
	pthread_mutex_lock(&t->out);
	tell(t, text, NOTICE_MS);
	pthread_mutex_unlock(&t->out);
}

static bool on_gone(void *ctx)
{
	struct talk *t = ctx;

	return atomic_load(&t->all->interrupted) ||
		tmk_agent_work_is_quiet(t->all->work) ||
		tmk_agent_io_gone(t->fd);
}

void tmk_agent_talks_pulse(struct tmk_agent_talks *talks)
{
	int i;

	for (i = 0; i < TMK_AGENT_TALKS_MAX; i++) {
		struct talk *t = &talks->talk[i];

		/* Who is just being told something knows that we live. */
		if (pthread_mutex_trylock(&t->out))
			continue;
		tell(t, "", 1);
		pthread_mutex_unlock(&t->out);
	}
}

/* ---- the person ----------------------------------------------------------- */

struct asker {
	struct tmk_person person;
	struct talk *talk;
};

static int on_confirm(void *ctx, const char *question, struct tmk_err *err)
{
	struct talk *t = ctx;
	struct tmk_person who = { .tty = t->tty, .gone = on_gone, .ctx = t };

	return tmk_agent_confirm(&who, question, err);
}

/* A terminal that came along: ours to close, and to be put back as it was. */
static void take_terminal(struct talk *t, int tty)
{
	t->tty = -2;
	if (tty < 0)
		return;
	if (!isatty(tty)) {
		close(tty);
		return;
	}
	t->tty = tty;
	pthread_mutex_lock(&t->out);
	t->has_saved = !tcgetattr(tty, &t->saved);
	pthread_mutex_unlock(&t->out);
}

static void give_terminal_back(struct talk *t)
{
	pthread_mutex_lock(&t->out);
	t->has_saved = false;
	if (t->tty >= 0)
		close(t->tty);
	t->tty = -2;
	pthread_mutex_unlock(&t->out);
}

void tmk_agent_talks_restore_terminals(struct tmk_agent_talks *talks)
{
	int i;

	for (i = 0; i < TMK_AGENT_TALKS_MAX; i++) {
		struct talk *t = &talks->talk[i];

		if (pthread_mutex_trylock(&t->out))
			continue;
		if (t->has_saved)
			tcsetattr(t->tty, TCSANOW, &t->saved);
		pthread_mutex_unlock(&t->out);
	}
}

/* ---- answering ------------------------------------------------------------ */

static void say(struct tmk_answer *answer, const char *text)
{
	(void)!tmk_buf_printf(&answer->lines, "touchmark-agent: %s\n", text);
}

/* False when nobody waits for the answer any more. */
static bool serve(struct talk *t, struct tmk_answer *answer,
		  struct tmk_request *request)
{
	static const char *const nothing[] = { NULL };
	struct tmk_agent_talks *all = t->all;
	struct tmk_person person = {
		.tty = t->tty, .env = request->env, .notice = on_notice,
		.ctx = t, .confirm = on_confirm, .gone = on_gone,
	};

	/* A requester is not here: nobody is asked anything for her. */
	if (request->requester) {
		person.afar = true;
		person.tty = -2;
		person.env = nothing;
		person.confirm = NULL;
	}
	if (!request->credentials_dir)
		request->credentials_dir = all->credentials;
	return tmk_agent_work_serve(all->work, answer, request, &person);
}

/* Everything that does not wait. */
static void manage(struct talk *t, struct tmk_answer *answer,
		   const struct tmk_request *request)
{
	struct tmk_agent_talks *all = t->all;
	struct tmk_err err = TMK_ERR_INIT;
	bool lock = request->verb == TMK_REQUEST_LOCK;

	switch (request->verb) {
	case TMK_REQUEST_STATUS:
		if (tmk_agent_work_status(all->work, &answer->seal, &err))
			tmk_answer_fail(answer, &err);
		break;
	case TMK_REQUEST_LOCK:
	case TMK_REQUEST_FORGET:
		if (!tmk_agent_work_forget(all->work, lock))
			say(answer, "a request still runs; everything is "
			    "logged out when it ends");
		break;
	case TMK_REQUEST_UNLOCK:
		if (tmk_agent_work_unlock(all->work))
			say(answer, "unlocked");
		break;
	case TMK_REQUEST_STOP:
		atomic_store(&all->stop, true);
		break;
	default:
		/* They lie in files; touchmark approve reads them itself. */
		tmk_err_set(&err, TMK_USAGE, "the agent keeps no requests for "
			    "approval");
		tmk_answer_fail(answer, &err);
		break;
	}
}

static void send_answer(struct talk *t, const struct tmk_answer *answer)
{
	struct tmk_buf out = TMK_BUF_INIT(TMK_ANSWER_MAX + TMK_FRAME_HEAD);
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_answer sorry;
	int rc;

	pthread_mutex_lock(&t->out);
	t->waits = false;
	rc = tmk_answer_encode(&out, answer, &err);
	if (rc) {
		tmk_answer_init(&sorry);
		tmk_answer_fail(&sorry, &err);
		rc = tmk_answer_encode(&out, &sorry, &err);
		tmk_answer_release(&sorry);
	}
	if (!rc && !t->broken)
		(void)!tmk_agent_io_send(t->fd, out.data, out.len, -1,
					 tmk_clock_ms() + ANSWER_MS, &err);
	pthread_mutex_unlock(&t->out);
	tmk_buf_release(&out);
}

/* One request; `body` holds what it says as long as it is answered. */
static void answer_one(struct talk *t, struct tmk_buf *body)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_answer answer;
	struct tmk_request request;
	bool waited_for = true;
	int rc, tty = -1;

	rc = tmk_agent_io_receive(body, t->fd, TMK_REQUEST_MAX, &tty,
				  tmk_clock_ms() + REQUEST_MS, &err);
	if (rc > 0)
		return;
	take_terminal(t, tty);
	tmk_answer_init(&answer);
	if (!rc)
		rc = tmk_request_decode(&request, body->data, body->len, &err);
	if (rc) {
		tmk_answer_fail(&answer, &err);
	} else if (request.verb == TMK_REQUEST_SIGN ||
		   request.verb == TMK_REQUEST_PREPARE) {
		pthread_mutex_lock(&t->out);
		t->waits = true;
		pthread_mutex_unlock(&t->out);
		waited_for = serve(t, &answer, &request);
	} else {
		manage(t, &answer, &request);
	}
	if (waited_for)
		send_answer(t, &answer);
	tmk_answer_release(&answer);
	give_terminal_back(t);
}

static void *talk_main(void *arg)
{
	struct talk *t = arg;
	struct tmk_buf body = TMK_BUF_INIT(TMK_REQUEST_MAX);

	answer_one(t, &body);
	tmk_buf_release(&body);
	pthread_mutex_lock(&t->out);
	t->waits = false;
	close(t->fd);
	t->fd = -1;
	pthread_mutex_unlock(&t->out);
	pthread_mutex_lock(&t->all->lock);
	t->used = false;
	t->all->count--;
	/* Under the lock: whoever sees a count of 0 may free everything, and
	 * waits for the lock to do so. */
	wake(t->all);
	pthread_mutex_unlock(&t->all->lock);
	return NULL;
}

/* ---- connections ---------------------------------------------------------- */

int tmk_agent_talks_new(struct tmk_agent_talks **out,
			struct tmk_agent_work *work, int wake_fd,
			const char *credentials, struct tmk_err *err)
{
	struct tmk_agent_talks *all = calloc(1, sizeof(*all));
	int i;

	if (!all)
		return tmk_err_nomem(err);
	pthread_mutex_init(&all->lock, NULL);
	all->work = work;
	all->wake = wake_fd;
	all->credentials = credentials;
	for (i = 0; i < TMK_AGENT_TALKS_MAX; i++) {
		all->talk[i].all = all;
		all->talk[i].fd = -1;
		all->talk[i].tty = -2;
		pthread_mutex_init(&all->talk[i].out, NULL);
	}
	*out = all;
	return 0;
}

static struct talk *take_place(struct tmk_agent_talks *all, int fd)
{
	struct talk *t = NULL;
	int i;

	pthread_mutex_lock(&all->lock);
	for (i = 0; i < TMK_AGENT_TALKS_MAX && !t; i++)
		if (!all->talk[i].used)
			t = &all->talk[i];
	if (t) {
		t->used = true;
		all->count++;
	}
	pthread_mutex_unlock(&all->lock);
	if (t) {
		pthread_mutex_lock(&t->out);
		t->fd = fd;
		t->tty = -2;
		t->waits = false;
		t->broken = false;
		pthread_mutex_unlock(&t->out);
	}
	return t;
}

int tmk_agent_talks_add(struct tmk_agent_talks *talks, int fd)
{
	struct talk *t = take_place(talks, fd);
	pthread_attr_t attr;
	pthread_t thread;
	int rc = -1;

	if (!t) {
		close(fd);
		return -1;
	}
	if (!pthread_attr_init(&attr)) {
		pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
		pthread_attr_setstacksize(&attr, STACK_BYTES);
		rc = pthread_create(&thread, &attr, talk_main, t);
		pthread_attr_destroy(&attr);
	}
	if (!rc)
		return 0;
	close(fd);
	pthread_mutex_lock(&talks->lock);
	t->used = false;
	talks->count--;
	pthread_mutex_unlock(&talks->lock);
	return -1;
}

int tmk_agent_talks_count(struct tmk_agent_talks *talks)
{
	int n;

	pthread_mutex_lock(&talks->lock);
	n = talks->count;
	pthread_mutex_unlock(&talks->lock);
	return n;
}

bool tmk_agent_talks_have_room(struct tmk_agent_talks *talks)
{
	return tmk_agent_talks_count(talks) < TMK_AGENT_TALKS_MAX;
}

bool tmk_agent_talks_stop_wanted(struct tmk_agent_talks *talks)
{
	return atomic_load(&talks->stop);
}

void tmk_agent_talks_interrupt(struct tmk_agent_talks *talks)
{
	atomic_store(&talks->interrupted, true);
}

void tmk_agent_talks_free(struct tmk_agent_talks *talks)
{
	int i;

	if (!talks)
		return;
	for (i = 0; i < TMK_AGENT_TALKS_MAX; i++)
		pthread_mutex_destroy(&talks->talk[i].out);
	pthread_mutex_destroy(&talks->lock);
	free(talks);
}
