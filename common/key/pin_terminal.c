/* A person at the terminal: the last of the PIN's sources. */
#include "key/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/buf.h"

#define PROMPT_MAX 1024
/* A signal may reach another thread and not end our poll: look this often. */
#define LOOK_MS 500

/* Those that end or stop a program from the terminal. */
static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
#define N_CAUGHT (sizeof(caught) / sizeof(caught[0]))

static volatile sig_atomic_t signalled;

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

/* 0 when a line can be read, -1 when a signal came or the terminal is gone. */
static int wait_line(int tty)
{
	while (!signalled) {
		struct pollfd p = { .fd = tty, .events = POLLIN };
		int n = poll(&p, 1, LOOK_MS);

		if (n > 0)
			return p.revents & POLLIN ? 0 : -1;
		if (n < 0 && errno != EINTR)
			return -1;
	}
	return -1;
}

static int show(int tty, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(tty, text, len);

		if (n < 0 && errno == EINTR && !signalled)
			continue;
		if (n <= 0)
			return -1;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

static int prompt(int tty, const struct tmk_pin_request *r)
{
	struct tmk_buf b = TMK_BUF_INIT(PROMPT_MAX);
	int rc;

	rc = tmk_buf_printf(&b, "%s%sPIN for token %s%s%s%s: ",
			    r->retry ? "Wrong PIN.\n" : "",
			    r->count_low ? "Few tries are left before the "
			    "token locks itself.\n" : "",
			    *r->token ? r->token : "(no label)",
			    *r->serial ? " (serial " : "", r->serial,
			    *r->serial ? ")" : "");
	if (!rc)
		rc = show(tty, tmk_buf_str(&b), b.len);
	tmk_buf_release(&b);
	return rc;
}

/* With the echo off; 0 when a line was read. */
static int read_quietly(int tty, struct tmk_secret *pin,
			const struct tmk_pin_request *request,
			struct tmk_err *err)
{
	struct termios before, quiet;
	int rc = -1;

	if (tcgetattr(tty, &before))
		return tmk_err_set(err, TMK_KEY, "cannot ask for the PIN: %s",
				   strerror(errno));
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	quiet.c_lflag |= ICANON | ISIG;
	if (tcsetattr(tty, TCSAFLUSH, &quiet)) {
		tmk_err_set(err, TMK_KEY, "cannot turn the echo off: %s",
			    strerror(errno));
		goto out;
	}
	if (prompt(tty, request) || wait_line(tty)) {
		tmk_err_set(err, TMK_KEY, "no PIN was typed");
		goto out;
	}
	rc = tmk_secret_read(pin, tty, err);
	if (rc && err)
		err->code = TMK_KEY;
out:
	tcsetattr(tty, TCSAFLUSH, &before);
	(void)show(tty, "\n", 1);
	return rc;
}

static int no_terminal(struct tmk_err *err)
{
	tmk_err_set(err, TMK_KEY, "no PIN: none of its sources is there and "
		    "there is no terminal to ask at");
	return tmk_err_hint(err, "give --pin-file FILE, a pin-source in the "
			    "URI, or TOUCHMARK_PIN_FILE");
}

int tmk_pin_ask_terminal(struct tmk_secret *pin,
			 const struct tmk_pin_request *request,
			 struct tmk_err *err)
{
	struct sigaction before[N_CAUGHT];
	struct tmk_err why = TMK_ERR_INIT;
	int tty, rc, sig;

	tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (tty < 0)
		return no_terminal(err);
	do {
		catch_signals(before);
		rc = read_quietly(tty, pin, request, &why);
		restore_signals(before);
		sig = signalled;
		/* The terminal is as it was: now the signal may do its work. */
		if (sig)
			raise(sig);
		/* Stopped and continued: ask once more. */
	} while (rc && sig == SIGTSTP);
	close(tty);
	if (rc && err)
		*err = why;
	if (!rc && !tmk_secret_len(pin)) {
		tmk_err_set(err, TMK_KEY, "no PIN was typed");
		return tmk_err_hint(err, "try again and type it");
	}
	return rc;
}
