/* A person at the terminal: the last of the PIN's sources. */
#include "key/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

#define PROMPT_MAX 1024
/* A signal may reach another thread and not end our poll: look this often. */
#define LOOK_MS 500

/* Those that end or stop a program from the terminal. */
static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
#define N_CAUGHT (sizeof(caught) / sizeof(caught[0]))

static volatile sig_atomic_t signalled;

/* One asking. */
struct asking {
	int tty;
	bool ours;		/* our controlling terminal: signals are ours */
	int ms;			/* that it may take */
	int64_t end;		/* clock ms when it is given up */
	cc_t no[3];		/* characters that say no; 0: none */
	const struct tmk_person *person;	/* who may go away; or NULL */
};

static void on_signal(int sig)
{
	signalled = sig;
}

static void catch_signals(struct sigaction *before)
{
	struct sigaction now = { .sa_handler = on_signal };
	size_t i;

	signalled = 0;
	sigemptyset(&now.sa_mask);
	for (i = 0; i < N_CAUGHT; i++) {
		sigaction(caught[i], NULL, &before[i]);
		/* What the program ignores (nohup) it goes on ignoring. */
		if (before[i].sa_handler != SIG_IGN)
			sigaction(caught[i], &now, NULL);
	}
}

static void restore_signals(const struct sigaction *before)
{
	size_t i;

	for (i = 0; i < N_CAUGHT; i++)
		sigaction(caught[i], &before[i], NULL);
}

/* Whether a signal of ours ended the asking. */
static bool is_signalled(const struct asking *a)
{
	return a->ours && signalled;
}

/* 0 when the terminal is ready, -1 when a signal came, it or the one who asked
 * is gone, or it is too late. */
static int wait_ready(const struct asking *a, short events)
{
	while (!is_signalled(a)) {
		struct pollfd p = { .fd = a->tty, .events = events };
		int64_t left = a->end - tmk_clock_ms();
		int n;

		if (left <= 0 || tmk_person_is_gone(a->person))
			return -1;
		n = poll(&p, 1, left < LOOK_MS ? (int)left : LOOK_MS);
		if (n > 0)
			return p.revents & events ? 0 : -1;
		if (n < 0 && errno != EINTR)
			return -1;
	}
	return -1;
}

/* A terminal that was stopped (Ctrl-S) takes nothing: it is not waited for
 * longer than a person is. */
static int show(const struct asking *a, const char *text, size_t len)
{
	while (len) {
		ssize_t n;

		if (wait_ready(a, POLLOUT))
			return -1;
		n = write(a->tty, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

static int prompt(const struct asking *a, const struct tmk_pin_request *r)
{
	static const char *const which[] = {
		[TMK_PIN_PRESENT] = "PIN",
		[TMK_PIN_NEW] = "New PIN",
		[TMK_PIN_NEW_AGAIN] = "New PIN again"
	};
	struct tmk_buf b = TMK_BUF_INIT(PROMPT_MAX);
	int rc;

	rc = tmk_buf_printf(&b, "%s%s%s for token %s%s%s%s: ",
			    r->retry ? "Wrong PIN.\n" : "",
			    r->count_low ? "Few tries are left before the "
			    "token locks itself.\n" : "", which[r->which],
			    *r->token ? r->token : "(no label)",
			    *r->serial ? " (serial " : "", r->serial,
			    *r->serial ? ")" : "");
	if (!rc)
		rc = show(a, tmk_buf_str(&b), b.len);
	tmk_buf_release(&b);
	return rc;
}

static int not_typed(const struct asking *a, struct tmk_err *err)
{
	if (!is_signalled(a) && tmk_clock_ms() >= a->end) {
		tmk_err_set(err, TMK_KEY, "nobody typed the PIN in time");
		return tmk_err_hint(err, "try again and type it");
	}
	return tmk_err_set(err, TMK_KEY, "no PIN was typed");
}

static bool says_no(const struct asking *a, uint8_t byte)
{
	size_t i;

	for (i = 0; i < sizeof(a->no); i++)
		if (a->no[i] && a->no[i] == byte)
			return true;
	return false;
}

/* The terminal edits the line and gives it as a whole; a byte at a time, since
 * what follows is not ours. */
static int read_line(const struct asking *a, struct tmk_secret *pin,
		     struct tmk_err *err)
{
	if (tmk_secret_set(pin, NULL, 0, err))
		return -1;
	for (;;) {
		uint8_t byte = 0;
		ssize_t n;
		int rc;

		if (wait_ready(a, POLLIN))
			return not_typed(a, err);
		n = read(a->tty, &byte, 1);
		if (n < 0 && errno == EINTR && !is_signalled(a))
			continue;
		if (n <= 0)
			return not_typed(a, err);
		if (byte == '\n')
			return 0;
		if (says_no(a, byte)) {
			tmk_err_set(err, TMK_KEY, "no PIN: cancelled at the "
				    "terminal");
			return tmk_err_hint(err, "try again and type it");
		}
		rc = tmk_secret_add(pin, &byte, 1, err);
		tmk_wipe(&byte, 1);
		if (rc) {
			if (err)
				err->code = TMK_KEY;
			return -1;
		}
	}
}

/* The line that the person ended does not show: end it for them. */
static void end_line(int tty)
{
	struct pollfd p = { .fd = tty, .events = POLLOUT };

	if (poll(&p, 1, LOOK_MS) == 1 && write(tty, "\n", 1) < 0)
		return;
}

/* With the echo off; 0 when a line was read. */
static int read_quietly(struct asking *a, struct tmk_secret *pin,
			const struct tmk_pin_request *request,
			struct tmk_err *err)
{
	struct termios before, quiet;
	int rc = -1;

	a->end = tmk_clock_ms() + a->ms;
	if (tcgetattr(a->tty, &before))
		return tmk_err_set(err, TMK_KEY, "cannot ask for the PIN: %s",
				   strerror(errno));
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	quiet.c_lflag |= ICANON | ISIG;
	if (!a->ours) {
		/* They end a line too, so that they are seen at once. */
		quiet.c_lflag &= ~(tcflag_t)ISIG;
		quiet.c_lflag |= IEXTEN;
		a->no[0] = before.c_cc[VINTR];
		a->no[1] = before.c_cc[VQUIT];
		a->no[2] = before.c_cc[VSUSP];
		quiet.c_cc[VEOL] = a->no[0];
		quiet.c_cc[VEOL2] = a->no[1];
	}
	/* What was typed before is no answer; what is still to be shown is not
	 * waited for. */
	if (tcsetattr(a->tty, TCSANOW, &quiet)) {
		tmk_err_set(err, TMK_KEY, "cannot turn the echo off: %s",
			    strerror(errno));
		goto out;
	}
	tcflush(a->tty, TCIFLUSH);
	if (prompt(a, request))
		not_typed(a, err);
	else
		rc = read_line(a, pin, err);
	if (rc)
		tcflush(a->tty, TCIFLUSH);
out:
	tcsetattr(a->tty, TCSANOW, &before);
	end_line(a->tty);
	return rc;
}

static int no_terminal(struct tmk_err *err)
{
	tmk_err_set(err, TMK_KEY, "no PIN: none of its sources is there and "
		    "there is no terminal to ask at");
	return tmk_err_hint(err, "give --pin-file FILE, a pin-source in the "
			    "URI, or TOUCHMARK_PIN_FILE");
}

/* At our own terminal, whose signals are for us. */
static int ask_ours(struct asking *a, struct tmk_secret *pin,
		    const struct tmk_pin_request *request, struct tmk_err *err)
{
	struct sigaction before[N_CAUGHT];
	int rc, sig;

	do {
		catch_signals(before);
		rc = read_quietly(a, pin, request, err);
		restore_signals(before);
		sig = signalled;
		/* The terminal is as it was: now the signal may do its work. */
		if (sig)
			raise(sig);
		/* Stopped and continued: ask once more. */
	} while (rc && sig == SIGTSTP);
	return rc;
}

/* At somebody else's: its jobs are none of ours, and it must not stop us. */
static int ask_theirs(struct asking *a, struct tmk_secret *pin,
		      const struct tmk_pin_request *request,
		      struct tmk_err *err)
{
	sigset_t stop, before;
	int rc;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTTOU);
	sigaddset(&stop, SIGTTIN);
	pthread_sigmask(SIG_BLOCK, &stop, &before);
	rc = read_quietly(a, pin, request, err);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

int tmk_pin_ask_terminal(struct tmk_secret *pin, int tty, int ms,
			 const struct tmk_pin_request *request,
			 struct tmk_err *err)
{
	struct asking a = { .tty = tty, .ours = tty == -1, .ms = ms,
			    .person = request->person };
	struct tmk_err why = TMK_ERR_INIT;
	int rc;

	if (a.ours)
		a.tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (a.tty < 0 || !isatty(a.tty)) {
		if (a.ours && a.tty >= 0)
			close(a.tty);
		return no_terminal(err);
	}
	rc = a.ours ? ask_ours(&a, pin, request, &why) :
		ask_theirs(&a, pin, request, &why);
	if (a.ours)
		close(a.tty);
	if (rc && err)
		*err = why;
	if (!rc && !tmk_secret_len(pin)) {
		tmk_err_set(err, TMK_KEY, "no PIN was typed");
		return tmk_err_hint(err, "try again and type it");
	}
	return rc;
}
