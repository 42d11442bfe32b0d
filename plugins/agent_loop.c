#include "plugins/agent_loop.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "key/agent_io.h"
#include "plugins/agent_talk.h"
#include "plugins/agent_work.h"

#define PULSE_MS 5000	/* those who wait hear of us this often */
#define END_MS 4000	/* that a request may take when we are to end */
#define DRAIN_MS 60000	/* the same when the others are to be served first */

struct loop {
	struct tmk_agent_home *home;
	struct tmk_agent_work *work;
	struct tmk_agent_talks *talks;
	int signals, wake;
	int64_t idle_ms;
	int64_t pulse;		/* clock ms of the next one */
};

enum end {
	END_NOT = 0,
	END_NOW,		/* asked for: who waits is declined */
	END_SERVED		/* of itself: who waits is served first */
};

static void signal_set(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGQUIT);
}

void tmk_agent_loop_hold_signals(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t set;

	sigaction(SIGPIPE, &ignore, NULL);
	/* Terminals that are handed to us are not ours to be stopped by. */
	sigaction(SIGTTIN, &ignore, NULL);
	sigaction(SIGTTOU, &ignore, NULL);
	sigaction(SIGTSTP, &ignore, NULL);
	/* Nor do these mean anything to us. */
	sigaction(SIGUSR1, &ignore, NULL);
	sigaction(SIGUSR2, &ignore, NULL);
	sigaction(SIGALRM, &ignore, NULL);
	signal_set(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* Everybody who waits at the door; who does not run as us is shown out. */
static void let_in(struct loop *l)
{
	while (tmk_agent_talks_have_room(l->talks)) {
		int fd = accept4(l->home->listener, NULL, NULL,
				 SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0 && errno == EINTR)
			continue;
		if (fd < 0)
			return;
		if (tmk_agent_io_peer_is_us(fd))
			(void)tmk_agent_talks_add(l->talks, fd);
		else
			close(fd);
	}
}

static bool signalled(struct loop *l)
{
	struct signalfd_siginfo info;

	return read(l->signals, &info, sizeof(info)) == sizeof(info);
}

/* Milliseconds until the agent has been idle for too long. */
static int64_t idle_left(struct loop *l, int64_t now)
{
	int64_t since = tmk_agent_work_idle_since(l->work);

	if (since < 0 || tmk_agent_talks_count(l->talks))
		return PULSE_MS;
	return since + l->idle_ms - now;
}

static enum end why_end(struct loop *l)
{
	if (signalled(l) || tmk_agent_talks_stop_wanted(l->talks))
		return END_NOW;
	if (tmk_agent_work_is_stuck(l->work) ||
	    !tmk_agent_home_is_ours(l->home))
		return END_SERVED;
	if (!tmk_agent_work_is_empty(l->work))
		return END_NOT;
	if (tmk_agent_home_is_outdated(l->home) ||
	    idle_left(l, tmk_clock_ms()) <= 0)
		return END_SERVED;
	return END_NOT;
}

static enum end turn(struct loop *l)
{
	struct pollfd p[3] = {
		{ .fd = l->wake, .events = POLLIN },
		{ .fd = l->signals, .events = POLLIN },
		/* Nobody is let in while there is no room: they wait. */
		{ .fd = tmk_agent_talks_have_room(l->talks) ?
			l->home->listener : -1, .events = POLLIN },
	};
	int64_t now = tmk_clock_ms(), left = l->pulse - now;
	int64_t idle = idle_left(l, now);
	uint64_t count;

	if (idle < left)
		left = idle;
	poll(p, 3, left < 0 ? 0 : (int)left + 1);
	(void)!read(l->wake, &count, sizeof(count));
	if (p[2].revents)
		let_in(l);
	if (tmk_clock_ms() >= l->pulse) {
		tmk_agent_talks_pulse(l->talks);
		l->pulse = tmk_clock_ms() + PULSE_MS;
	}
	return why_end(l);
}

/* Wait for the threads of those who talk. */
static bool wait_talks(struct loop *l, int ms)
{
	int64_t until = tmk_clock_ms() + ms;

	while (tmk_agent_talks_count(l->talks)) {
		struct pollfd p = { .fd = l->wake, .events = POLLIN };
		int64_t left = until - tmk_clock_ms();
		uint64_t count;

		if (left <= 0)
			return false;
		poll(&p, 1, left < PULSE_MS ? (int)left : PULSE_MS);
		(void)!read(l->wake, &count, sizeof(count));
		tmk_agent_talks_pulse(l->talks);
	}
	return true;
}

/* 0, or 1 when something did not end. */
static int end(struct loop *l, enum end why)
{
	int ms = why == END_NOW ? END_MS : DRAIN_MS;
	bool all_ended;

	tmk_agent_work_leave(l->work, why == END_SERVED);
	tmk_agent_home_hide(l->home);
	/* Those who came before the name was gone get an answer. A service
	 * manager keeps them for the next of us. */
	if (!l->home->activated)
		let_in(l);
	tmk_agent_home_close(l->home);
	/* Who asked for the end sees by the lock, which goes with the process,
	 * that everything is logged out. Else the next one may begin while we
	 * see to those who are left. */
	if (why == END_NOW)
		tmk_agent_talks_interrupt(l->talks);
	else
		tmk_agent_home_leave(l->home);
	all_ended = wait_talks(l, ms);
	if (!tmk_agent_work_end(l->work, all_ended ? END_MS : 1,
				all_ended)) {
		tmk_agent_talks_restore_terminals(l->talks);
		return 1;
	}
	if (!all_ended)
		return 1;
	tmk_agent_talks_free(l->talks);
	return 0;
}

int tmk_agent_loop_run(struct tmk_agent_home *home, int idle,
		       const char *credentials, struct tmk_err *err)
{
	struct loop l = { .home = home, .signals = -1, .wake = -1,
			  .idle_ms = (int64_t)idle * 1000 };
	enum end why;
	sigset_t set;
	int rc = -1;

	signal_set(&set);
	l.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	l.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l.signals < 0 || l.wake < 0) {
		tmk_err_set(err, TMK_INTERNAL, "cannot wait for events: %s",
			    strerror(errno));
		goto out;
	}
	if (tmk_agent_work_new(&l.work, err))
		goto out;
	if (tmk_agent_talks_new(&l.talks, l.work, l.wake, credentials, err)) {
		(void)tmk_agent_work_end(l.work, END_MS, true);
		goto out;
	}
	l.pulse = tmk_clock_ms() + PULSE_MS;
	do
		why = turn(&l);
	while (!why);
	rc = end(&l, why);
out:
	if (rc < 0)
		tmk_agent_home_leave(home);
	if (l.signals >= 0)
		close(l.signals);
	if (l.wake >= 0)
		close(l.wake);
	return rc;
}
