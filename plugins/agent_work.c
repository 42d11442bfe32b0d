#include "plugins/agent_work.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "key/deadline.h"
#include "plugins/front_serve.h"

#define STATUS_MAX 65536	/* bytes */
#define LOOK_MS 250	/* how often one who waits is looked after */
#define NOTE_MS 2000	/* that lock and forget wait for a logout */
#define KEEP_MS 10000	/* how often the keeper looks at least */
#define FRESH_MS 100	/* that a status waits for fresh figures */

struct tmk_agent_work {
	pthread_mutex_t lock;	/* guards everything but `sessions` */
	pthread_cond_t change;
	pthread_t keeper;
	struct tmk_sessions *sessions;	/* of whoever made `busy` true */
	struct tmk_sessions_turn turn;
	bool busy;		/* somebody is at work */
	int paused;		/* who will be again, and hold a session */
	bool forget;		/* a note: log out before anything else */
	bool locked;
	atomic_bool quiet;	/* one of both: prompts are to end */
	bool leaving, finish;
	bool ended;		/* the keeper is to go */
	int waiting;
	int open;		/* sessions, when last looked */
	int64_t due;		/* clock ms when the next session is too old */
	int64_t last;		/* clock ms of the last use */
	int64_t started;	/* s since 1970 */
	long long requests;
	struct tmk_buf status;	/* of the sessions, when last looked */
};

/* What is asked about without the lock. The lock is held. */
static void hush(struct tmk_agent_work *w)
{
	atomic_store(&w->quiet, w->forget || w->locked);
}

/* Until something changes, at most `ms`. The lock is held. */
static void wait_change(struct tmk_agent_work *w, int64_t ms)
{
	struct timespec at;

	if (ms < 1)
		ms = 1;
	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += (time_t)(ms / 1000);
	at.tv_nsec += (long)(ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_nsec -= 1000000000;
		at.tv_sec++;
	}
	pthread_cond_timedwait(&w->change, &w->lock, &at);
}

/* Begin to work. The lock is held, and free while the work is done. */
static void begin(struct tmk_agent_work *w)
{
	w->busy = true;
	pthread_mutex_unlock(&w->lock);
}

/* The work is done: look at the sessions as long as they are ours. Returns
 * with the lock held. */
static void finish(struct tmk_agent_work *w)
{
	struct tmk_buf status = TMK_BUF_INIT(STATUS_MAX);
	int64_t now = tmk_clock_slept_ms(), left;
	int open;

	left = tmk_sessions_expire(w->sessions, now);
	open = tmk_sessions_count(w->sessions);
	if (tmk_sessions_status(w->sessions, &status, NULL))
		tmk_buf_clear(&status);
	pthread_mutex_lock(&w->lock);
	tmk_buf_release(&w->status);
	w->status = status;
	if (w->open != open)
		w->last = now;
	w->open = open;
	if (left < 0 || left == INT64_MAX)
		w->due = INT64_MAX;
	else
		w->due = now + (left < LOOK_MS ? LOOK_MS : left);
	w->busy = false;
	pthread_cond_broadcast(&w->change);
}

/* Somebody waits for something that needs no token: the next one may begin. */
static void give(void *ctx)
{
	struct tmk_agent_work *w = ctx;

	finish(w);
	w->paused++;
	pthread_mutex_unlock(&w->lock);
}

static void take(void *ctx)
{
	struct tmk_agent_work *w = ctx;

	pthread_mutex_lock(&w->lock);
	while (w->busy)
		wait_change(w, LOOK_MS);
	w->paused--;
	begin(w);
}

/* ---- the keeper ----------------------------------------------------------- */

static void *keep(void *arg)
{
	struct tmk_agent_work *w = arg;

	pthread_mutex_lock(&w->lock);
	while (!w->ended) {
		int64_t now = tmk_clock_slept_ms(), left = w->due - now;

		if (!w->busy && !w->paused && w->forget) {
			begin(w);
			tmk_sessions_forget(w->sessions);
			finish(w);
			w->forget = false;
			hush(w);
			pthread_cond_broadcast(&w->change);
			continue;
		}
		if (!w->busy && left <= 0) {
			begin(w);
			finish(w);
			continue;
		}
		wait_change(w, left > KEEP_MS ? KEEP_MS :
			    left > 0 ? left : LOOK_MS);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static int init_locks(struct tmk_agent_work *w)
{
	pthread_condattr_t attr;

	if (pthread_condattr_init(&attr))
		return -1;
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->change, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&w->lock, NULL);
	return 0;
}

int tmk_agent_work_new(struct tmk_agent_work **out, struct tmk_err *err)
{
	struct tmk_agent_work *w = calloc(1, sizeof(*w));

	if (!w)
		return tmk_err_nomem(err);
	tmk_buf_init(&w->status, STATUS_MAX);
	w->due = INT64_MAX;
	w->last = tmk_clock_ms();
	w->started = tmk_clock_now();
	if (tmk_sessions_new(&w->sessions, true, err))
		goto out;
	w->turn = (struct tmk_sessions_turn){ give, take, w };
	tmk_sessions_share(w->sessions, &w->turn);
	if (init_locks(w) || pthread_create(&w->keeper, NULL, keep, w)) {
		tmk_err_set(err, TMK_INTERNAL, "cannot start a thread");
		goto out;
	}
	*out = w;
	return 0;
out:
	tmk_sessions_free(w->sessions);
	free(w);
	return -1;
}

/* ---- signing -------------------------------------------------------------- */

static void say_locked(struct tmk_answer *answer)
{
	struct tmk_err err = TMK_ERR_INIT;

	tmk_err_set(&err, TMK_KEY, "touchmark-agent is locked");
	tmk_err_hint(&err, "touchmark agent start unlocks it");
	tmk_answer_fail(answer, &err);
}

static void decline(struct tmk_answer *answer, const char *why)
{
	struct tmk_err err = TMK_ERR_INIT;

	tmk_err_set(&err, TMK_KEY, "touchmark-agent %s", why);
	tmk_answer_fail(answer, &err);
	answer->declined = true;
}

/* An answer that says no must not carry anything that says yes. */
static void take_back(struct tmk_answer *answer)
{
	tmk_answer_release(answer);
	tmk_answer_init(answer);
	say_locked(answer);
}

/* Whether it may begin; else the answer says why not. The lock is held. */
static bool may_begin(struct tmk_agent_work *w, struct tmk_answer *answer)
{
	if (w->locked)
		say_locked(answer);
	else if (w->leaving && !w->finish)
		decline(answer, "is about to end");
	else
		return true;
	return false;
}

/* Wait for the turn. 0 at it, 1 when `answer` was given, -1 when the one who
 * asked has gone. The lock is held. */
static int queue(struct tmk_agent_work *w, struct tmk_answer *answer,
		 const struct tmk_person *person)
{
	int rc = 0;

	if (w->leaving || w->waiting >= TMK_AGENT_WAITING_MAX) {
		decline(answer, w->leaving ? "is about to end" :
			"has too many callers");
		return 1;
	}
	w->waiting++;
	while (!rc) {
		if (!may_begin(w, answer))
			rc = 1;
		/* Prompts end when all is forgotten; who waits does not. */
		else if (!w->forget && person->gone &&
			 person->gone(person->ctx))
			rc = -1;
		else if (!w->busy && !w->forget)
			break;
		else
			wait_change(w, LOOK_MS);
	}
	w->waiting--;
	return rc;
}

bool tmk_agent_work_serve(struct tmk_agent_work *work,
			  struct tmk_answer *answer,
			  const struct tmk_request *request,
			  const struct tmk_person *person)
{
	struct tmk_agent_work *w = work;
	int rc;

	pthread_mutex_lock(&w->lock);
	rc = queue(w, answer, person);
	if (!rc) {
		begin(w);
		tmk_front_serve(answer, request, w->sessions, person);
		finish(w);
		w->requests++;
		w->last = tmk_clock_ms();
		/* Locked while it ran: what it made does not go out. */
		if (w->locked)
			take_back(answer);
	}
	pthread_cond_broadcast(&w->change);
	pthread_mutex_unlock(&w->lock);
	return rc >= 0;
}

/* ---- what does not wait --------------------------------------------------- */

bool tmk_agent_work_forget(struct tmk_agent_work *work, bool lock)
{
	int64_t until = tmk_clock_ms() + NOTE_MS;
	bool done;

	pthread_mutex_lock(&work->lock);
	work->forget = true;
	if (lock)
		work->locked = true;
	hush(work);
	pthread_cond_broadcast(&work->change);
	while (work->forget && tmk_clock_ms() < until)
		wait_change(work, LOOK_MS);
	done = !work->forget;
	pthread_mutex_unlock(&work->lock);
	return done;
}

bool tmk_agent_work_unlock(struct tmk_agent_work *work)
{
	bool was;

	pthread_mutex_lock(&work->lock);
	was = work->locked;
	work->locked = false;
	hush(work);
	pthread_cond_broadcast(&work->change);
	pthread_mutex_unlock(&work->lock);
	return was;
}

bool tmk_agent_work_is_quiet(struct tmk_agent_work *work)
{
	return atomic_load(&work->quiet);
}

/* The lock is held. */
static int write_status(struct tmk_agent_work *w, struct tmk_buf *out)
{
	struct tmk_json j;

	tmk_json_init(&j, out);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "agent", w->locked ? "locked" : "running");
	tmk_json_int(&j, "pid", getpid());
	tmk_json_string(&j, "version", TMK_VERSION);
	tmk_json_int(&j, "seconds", tmk_clock_now() - w->started);
	tmk_json_int(&j, "sessions", w->open);
	tmk_json_int(&j, "requests", w->requests);
	tmk_json_int(&j, "waiting", w->waiting);
	tmk_json_bool(&j, "busy", w->busy);
	tmk_json_close_object(&j);
	if (tmk_json_finish(&j))
		return -1;
	return tmk_buf_add(out, w->status.data, w->status.len);
}

int tmk_agent_work_status(struct tmk_agent_work *work, struct tmk_buf *out,
			  struct tmk_err *err)
{
	int64_t until = tmk_clock_ms() + FRESH_MS;
	int rc;

	pthread_mutex_lock(&work->lock);
	while (work->busy && tmk_clock_ms() < until)
		wait_change(work, until - tmk_clock_ms());
	/* While somebody is at work, as it was before. */
	if (!work->busy) {
		struct tmk_buf fresh = TMK_BUF_INIT(STATUS_MAX);

		/* It takes no time, so the lock stays. */
		if (tmk_sessions_status(work->sessions, &fresh, NULL))
			tmk_buf_clear(&fresh);
		tmk_buf_release(&work->status);
		work->status = fresh;
	}
	rc = write_status(work, out);
	pthread_mutex_unlock(&work->lock);
	return rc ? tmk_err_nomem(err) : 0;
}

int64_t tmk_agent_work_idle_since(struct tmk_agent_work *work)
{
	int64_t since;

	pthread_mutex_lock(&work->lock);
	since = work->busy || work->paused || work->waiting || work->open ?
		-1 : work->last;
	pthread_mutex_unlock(&work->lock);
	return since;
}

bool tmk_agent_work_is_empty(struct tmk_agent_work *work)
{
	return tmk_agent_work_idle_since(work) >= 0;
}

bool tmk_agent_work_is_stuck(struct tmk_agent_work *work)
{
	bool stuck;

	/* Asked only between two pieces of work: while one runs the answer
	 * would wait for it. */
	pthread_mutex_lock(&work->lock);
	stuck = !work->busy && tmk_deadline_stuck();
	pthread_mutex_unlock(&work->lock);
	return stuck;
}

void tmk_agent_work_leave(struct tmk_agent_work *work, bool finish_all)
{
	pthread_mutex_lock(&work->lock);
	work->leaving = true;
	work->finish = finish_all;
	pthread_cond_broadcast(&work->change);
	pthread_mutex_unlock(&work->lock);
}

bool tmk_agent_work_end(struct tmk_agent_work *work, int ms, bool alone)
{
	int64_t until = tmk_clock_ms() + ms;
	bool idle;

	pthread_mutex_lock(&work->lock);
	while ((work->busy || work->paused || work->waiting) &&
	       tmk_clock_ms() < until)
		wait_change(work, LOOK_MS);
	idle = !work->busy && !work->paused && !work->waiting;
	if (idle) {
		/* Nobody else gets to work from here on. */
		work->busy = true;
		work->ended = true;
		pthread_cond_broadcast(&work->change);
	}
	pthread_mutex_unlock(&work->lock);
	if (!idle)
		return false;
	pthread_join(work->keeper, NULL);
	tmk_sessions_forget(work->sessions);
	if (!alone)
		return true;
	tmk_sessions_free(work->sessions);
	tmk_buf_release(&work->status);
	pthread_cond_destroy(&work->change);
	pthread_mutex_destroy(&work->lock);
	free(work);
	return true;
}
