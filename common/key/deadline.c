#include "key/deadline.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include "base/clock.h"

#define GIVEN_UP_MAX 32		/* modules */
#define HOLD_MS 2000		/* that a signal waits for a module */
#define MODULE_MAX 512		/* bytes of a module's name kept */

struct worker {
	pthread_mutex_t lock;
	pthread_cond_t wake;	/* for the worker: there is work */
	pthread_cond_t done;	/* for the caller: it is done */
	tmk_work work;		/* NULL while idle */
	void *state;
	struct tmk_err err;	/* the work's: never the caller's memory */
	int rc;
	bool finished, abandoned;
	const char *call;	/* the module call it is in */
	int64_t since, until;	/* clock ms when that call began, is late */
	bool told;		/* that it takes long */
	int ms;			/* deadline of each call */
	int limit;		/* of the call it is in */
	pid_t pid;		/* threads do not survive a fork */
};

/* One caller at a time, and the guard of what follows. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static struct worker *idle;
static char given_up[GIVEN_UP_MAX][MODULE_MAX];
static int n_given_up;
static _Thread_local struct worker *self;

/* What a module leaks is not ours, and LeakSanitizer, which cannot follow a
 * stack through libraries without frame pointers, would call it ours. Our own
 * code on this thread is looked at by valgrind. */
static void leaks_are_the_modules(void)
{
#ifdef __SANITIZE_ADDRESS__
	__lsan_disable();
#endif
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	bool abandoned = false;

	leaks_are_the_modules();
	self = w;
	while (!abandoned) {
		struct tmk_err err = TMK_ERR_INIT;
		tmk_work work;
		int rc;

		pthread_mutex_lock(&w->lock);
		while (!w->work)
			pthread_cond_wait(&w->wake, &w->lock);
		work = w->work;
		pthread_mutex_unlock(&w->lock);
		rc = work(w->state, &err);
		pthread_mutex_lock(&w->lock);
		w->rc = rc;
		w->err = err;
		w->work = NULL;
		w->finished = true;
		abandoned = w->abandoned;
		/* Signals come after the lock is free: who wakes up would only
		 * wait for it, twice the switches for every piece of work. */
		pthread_mutex_unlock(&w->lock);
		pthread_cond_signal(&w->done);
	}
	/* It came back too late: nobody waits, nobody holds `w` any more. */
	free(w);
	return NULL;
}

static int worker_start(struct worker *w)
{
	sigset_t all, before;
	pthread_attr_t attr;
	pthread_t thread;
	int rc;

	/* Only one of the two runs at a time: memory pools of their own would
	 * cost a module that starts more than the thread does. */
	(void)mallopt(M_ARENA_MAX, 1);
	/* Signals are for the thread that can be interrupted: the caller's. */
	sigfillset(&all);
	if (pthread_attr_init(&attr))
		return -1;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&thread, &attr, worker_main, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return rc ? -1 : 0;
}

static struct worker *worker_new(void)
{
	struct worker *w = calloc(1, sizeof(*w));
	pthread_condattr_t attr;

	if (!w)
		return NULL;
	w->pid = getpid();
	if (pthread_condattr_init(&attr))
		goto out;
	/* A deadline must not move when somebody sets the clock. */
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	pthread_cond_init(&w->done, &attr);
	pthread_condattr_destroy(&attr);
	if (worker_start(w))
		goto out;
	return w;
out:
	free(w);
	return NULL;
}

static bool is_given_up(const char *module)
{
	int i;

	/* With the table full every module counts as given up. */
	if (n_given_up == GIVEN_UP_MAX)
		return true;
	for (i = 0; i < n_given_up; i++)
		if (!strncmp(given_up[i], module, MODULE_MAX - 1))
			return true;
	return false;
}

static void give_up(const char *module)
{
	size_t n = strnlen(module, MODULE_MAX - 1);

	if (n_given_up == GIVEN_UP_MAX)
		return;
	memcpy(given_up[n_given_up], module, n);
	given_up[n_given_up++][n] = '\0';
}

static void wait_at_most(struct worker *w, int64_t ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += (time_t)(ms / 1000);
	at.tv_nsec += (long)(ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_nsec -= 1000000000;
		at.tv_sec++;
	}
	pthread_cond_timedwait(&w->done, &w->lock, &at);
}

/* Say that the current call takes long; the lock is free meanwhile, since
 * whoever is told may take long as well. */
static void tell(struct worker *w, const struct tmk_deadline_slow *slow)
{
	const char *call = w->call;

	w->told = true;
	pthread_mutex_unlock(&w->lock);
	slow->tell(slow->ctx, call);
	pthread_mutex_lock(&w->lock);
}

/* Wait until the work is done or its current module call is late; after
 * HOLD_MS signals are as in `before` again. Returns whether it is done. The
 * lock is held. */
static bool wait_done(struct worker *w, const sigset_t *before,
		      const struct tmk_deadline_slow *slow)
{
	int64_t hold = tmk_clock_ms() + HOLD_MS;

	while (!w->finished) {
		int64_t now = tmk_clock_ms(), left = w->until - now;
		int64_t patience = w->since + TMK_DEADLINE_SLOW_MS - now;

		if (left <= 0)
			return false;
		if (slow && !w->told && patience <= 0) {
			tell(w, slow);
			continue;
		}
		if (slow && !w->told && patience < left)
			left = patience;
		if (now >= hold)
			pthread_sigmask(SIG_SETMASK, before, NULL);
		else if (hold - now < left)
			left = hold - now;
		wait_at_most(w, left);
	}
	return true;
}

static int late(const char *module, const char *call, int ms,
		struct tmk_err *err)
{
	give_up(module);
	tmk_err_set(err, TMK_KEY, "the token did not answer %s within %g s "
		    "(module %s)", call, ms / 1000.0, module);
	tmk_err_hint(err, "see that the token is connected and its service "
		     "runs; a slow one is given more time by "
		     "touchmark.moduleDeadline");
	return TMK_STUCK;
}

static int run_on(struct worker *w, const char *module, int ms, tmk_work work,
		  void *state, const sigset_t *before,
		  const struct tmk_deadline_slow *slow, struct tmk_err *err)
{
	const char *call;
	int rc, limit;

	pthread_mutex_lock(&w->lock);
	w->state = state;
	w->finished = false;
	w->call = "a call";
	w->ms = ms;
	w->limit = ms;
	w->since = tmk_clock_ms();
	w->until = w->since + ms;
	w->told = false;
	w->work = work;
	pthread_mutex_unlock(&w->lock);
	pthread_cond_signal(&w->wake);
	pthread_mutex_lock(&w->lock);
	if (wait_done(w, before, slow)) {
		rc = w->rc;
		if (rc < 0 && err)
			*err = w->err;
		pthread_mutex_unlock(&w->lock);
		return rc;
	}
	w->abandoned = true;
	if (idle == w)
		idle = NULL;
	call = w->call;
	limit = w->limit;
	pthread_mutex_unlock(&w->lock);
	return late(module, call, limit, err);
}

/* The requests to end are held back: a software token that is stopped while
 * it writes its file, as some do at every login, is lost. */
static void hold_signals(sigset_t *before)
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGHUP);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGQUIT);
	sigaddset(&ends, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &ends, before);
}

int tmk_deadline_run(const char *module, int ms, tmk_work work, void *state,
		     struct tmk_err *err)
{
	return tmk_deadline_run_told(module, ms, work, state, NULL, err);
}

int tmk_deadline_run_told(const char *module, int ms, tmk_work work,
			  void *state, const struct tmk_deadline_slow *slow,
			  struct tmk_err *err)
{
	sigset_t before;
	int rc;

	if (ms <= 0)
		ms = TMK_DEADLINE_MS;
	pthread_mutex_lock(&gate);
	if (is_given_up(module)) {
		rc = tmk_err_set(err, TMK_KEY, "the module %s did not answer "
				 "before and is not called again", module);
		tmk_err_hint(err, "end this program, see to the token, then "
			     "try again");
		goto out;
	}
	if (idle && idle->pid != getpid()) {
		/* We are the child of a fork: its thread is not here. */
		free(idle);
		idle = NULL;
	}
	if (!idle)
		idle = worker_new();
	if (!idle) {
		rc = tmk_err_set(err, TMK_INTERNAL,
				 "cannot start a thread: %s", strerror(errno));
		goto out;
	}
	hold_signals(&before);
	rc = run_on(idle, module, ms, work, state, &before, slow, err);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
out:
	pthread_mutex_unlock(&gate);
	return rc;
}

void tmk_deadline_beat_person(const char *call, int ms)
{
	if (!self)
		return;
	pthread_mutex_lock(&self->lock);
	self->call = call;
	self->limit = ms > self->ms ? ms : self->ms;
	self->since = tmk_clock_ms();
	self->until = self->since + self->limit;
	self->told = false;
	pthread_mutex_unlock(&self->lock);
}

void tmk_deadline_beat(const char *call)
{
	tmk_deadline_beat_person(call, 0);
}

bool tmk_deadline_stuck(void)
{
	bool stuck;

	pthread_mutex_lock(&gate);
	stuck = n_given_up > 0;
	pthread_mutex_unlock(&gate);
	return stuck;
}
