/*
 * A PIN asked at a terminal that is not our own: an agent has no controlling
 * terminal and was handed an open one.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>

#include "base/clock.h"
#include "key/pin.h"
#include "t/unit/key_token.h"

static struct tmk_err err;
static const struct tmk_pin_request request = { .token = "tok",
						.serial = "77" };

struct terminal {
	int master, slave;
	pid_t pid;
	char seen[2048];
};

static void terminal_open(struct terminal *t)
{
	const char *name = NULL;

	memset(t, 0, sizeof(*t));
	t->master = posix_openpt(O_RDWR | O_NOCTTY);
	if (t->master >= 0 && !grantpt(t->master) && !unlockpt(t->master))
		name = ptsname(t->master);
	t->slave = name ? open(name, O_RDWR | O_NOCTTY) : -1;
	if (t->slave < 0) {
		/* A test without its tool is never skipped. */
		printf("Bail out! no pseudo-terminal: %s\n", strerror(errno));
		exit(1);
	}
}

static void terminal_close(struct terminal *t)
{
	if (t->master >= 0)
		close(t->master);
	close(t->slave);
}

/* How the child ends: 0 with "12 34", else what the error says. */
enum { RIGHT = 0, WRONG = 10, CANCELLED, NOT_TYPED, LATE, NO_TERMINAL, OTHER };

static int outcome(int rc, const struct tmk_secret *pin)
{
	if (!rc)
		return tmk_secret_len(pin) == 5 &&
			!memcmp(tmk_secret_bytes(pin), "12 34", 5) ? RIGHT :
			WRONG;
	if (err.code != TMK_KEY)
		return OTHER;
	return strstr(err.text, "cancelled") ? CANCELLED :
		strstr(err.text, "in time") ? LATE :
		strstr(err.text, "no PIN was typed") ? NOT_TYPED :
		strstr(err.text, "no terminal") ? NO_TERMINAL : OTHER;
}

/* Ask at `tty` in a session of its own, which has no terminal. */
static void ask_at(struct terminal *t, int tty, int ms)
{
	fflush(stdout);
	t->pid = fork();
	if (!t->pid) {
		struct tmk_secret *pin = NULL;
		int rc;

		setsid();
		close(t->master);
		if (tmk_secret_new(&pin, &err))
			_exit(OTHER);
		rc = tmk_pin_ask_terminal(pin, tty, ms, &request, &err);
		_exit(outcome(rc, pin));
	}
	if (t->pid < 0) {
		printf("Bail out! cannot fork: %s\n", strerror(errno));
		exit(1);
	}
}

static int end_of(const struct terminal *t)
{
	int status = -1;

	if (waitpid(t->pid, &status, 0) != t->pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static bool wait_for(struct terminal *t, const char *until)
{
	struct pollfd p = { .fd = t->master, .events = POLLIN };
	size_t n = strlen(t->seen);

	while (!strstr(t->seen, until)) {
		ssize_t got;

		if (poll(&p, 1, 30000) != 1 || n + 1 >= sizeof(t->seen))
			return false;
		got = read(t->master, t->seen + n, sizeof(t->seen) - 1 - n);
		if (got <= 0)
			return false;
		n += (size_t)got;
		t->seen[n] = '\0';
	}
	return true;
}

static void put(const struct terminal *t, const char *text)
{
	if (write(t->master, text, strlen(text)) < 0)
		diag("cannot type: %s", strerror(errno));
}

/* Everything but which flow of output there is. */
static bool same_settings(const struct termios *a, const struct termios *b)
{
	return a->c_lflag == b->c_lflag && a->c_iflag == b->c_iflag &&
		!memcmp(a->c_cc, b->c_cc, sizeof(a->c_cc));
}

static void answered(const char *typed, int want, const char *name)
{
	struct termios before, during, after;
	struct terminal t;

	terminal_open(&t);
	tcgetattr(t.slave, &before);
	ask_at(&t, t.slave, 10000);
	ok(wait_for(&t, "PIN for token tok (serial 77): "), "%s: asked", name);
	tcgetattr(t.slave, &during);
	ok(!(during.c_lflag & ECHO), "%s: the echo is off", name);
	put(&t, typed);
	is_int(end_of(&t), want, "%s: what came of it", name);
	tcgetattr(t.slave, &after);
	ok(same_settings(&before, &after), "%s: the terminal is as it was",
	   name);
	ok(!strstr(t.seen, "12"), "%s: nothing showed", name);
	terminal_close(&t);
}

static void test_hang_up(void)
{
	struct terminal t;

	terminal_open(&t);
	ask_at(&t, t.slave, 10000);
	ok(wait_for(&t, "): "), "asked, and then the line breaks");
	close(t.master);
	t.master = -1;
	is_int(end_of(&t), NOT_TYPED, "no PIN, and no signal");
	terminal_close(&t);
}

static void test_late(void)
{
	struct termios before, after;
	struct terminal t;
	int64_t start;

	terminal_open(&t);
	tcgetattr(t.slave, &before);
	start = tmk_clock_ms();
	ask_at(&t, t.slave, 2000);
	ok(wait_for(&t, "): "), "asked, and nobody is there");
	put(&t, "12");
	is_int(end_of(&t), LATE, "which is said");
	ok(tmk_clock_ms() - start < 30000, "in time");
	tcgetattr(t.slave, &after);
	ok(same_settings(&before, &after), "the terminal is as it was");
	terminal_close(&t);
	/* Ctrl-S: nothing can be shown, and nothing waits for it. */
	terminal_open(&t);
	tcflow(t.slave, TCOOFF);
	start = tmk_clock_ms();
	ask_at(&t, t.slave, 2000);
	is_int(end_of(&t), LATE, "a terminal that was stopped");
	ok(tmk_clock_ms() - start < 30000, "in time");
	terminal_close(&t);
}

static void test_none(void)
{
	struct terminal t;
	int fd[2];

	terminal_open(&t);
	ask_at(&t, -2, 10000);
	is_int(end_of(&t), NO_TERMINAL, "none");
	ask_at(&t, -1, 10000);
	is_int(end_of(&t), NO_TERMINAL, "our own, which is none");
	if (pipe(fd))
		return;
	ask_at(&t, fd[0], 10000);
	is_int(end_of(&t), NO_TERMINAL, "a pipe");
	ask_at(&t, 999, 10000);
	is_int(end_of(&t), NO_TERMINAL, "a descriptor that is not open");
	close(fd[0]);
	close(fd[1]);
	terminal_close(&t);
}

/* The one who asked goes away: the prompt does too, at once. */
static bool is_gone(void *ctx)
{
	return tmk_clock_ms() > *(const int64_t *)ctx;
}

static void test_gone(void)
{
	struct termios before, after;
	struct terminal t;
	int64_t start = tmk_clock_ms(), leaves = start + 2500;

	terminal_open(&t);
	tcgetattr(t.slave, &before);
	fflush(stdout);
	t.pid = fork();
	if (!t.pid) {
		const struct tmk_person person = { .tty = t.slave,
						   .gone = is_gone,
						   .ctx = &leaves };
		struct tmk_pin_request asked = { .token = "tok",
						 .serial = "77",
						 .person = &person };
		struct tmk_secret *pin = NULL;

		setsid();
		if (tmk_secret_new(&pin, &err))
			_exit(OTHER);
		_exit(outcome(tmk_pin_ask_terminal(pin, t.slave, 20000, &asked,
						   &err), pin));
	}
	ok(wait_for(&t, "): "), "asked, and the one who asked goes");
	is_int(end_of(&t), NOT_TYPED, "no PIN");
	ok(tmk_clock_ms() - start < 18000, "at once");
	tcgetattr(t.slave, &after);
	ok(same_settings(&before, &after), "the terminal is as it was");
	terminal_close(&t);
}

/* Somebody at another machine asks: whoever is at this one is not disturbed,
 * whatever terminal came along. */
static void test_afar(void)
{
	struct terminal t;
	int64_t start = tmk_clock_ms(), leaves = start + 30000;
	struct tmk_person person = { .gone = is_gone, .ctx = &leaves,
				     .afar = true };
	struct tmk_pin_order order = { .person = &person };
	struct tmk_pin_source source = tmk_pin_source_init(&order);
	struct tmk_secret *pin = NULL;
	struct pollfd shown;
	bool by_person = false;

	terminal_open(&t);
	person.tty = t.slave;
	err = (struct tmk_err)TMK_ERR_INIT;
	if (tmk_secret_new(&pin, &err))
		abort();
	ok(source.ask(source.ctx, &request, pin, &by_person, &err) &&
	   err.code == TMK_KEY, "no PIN for somebody elsewhere");
	ok(strstr(err.text, "nobody has logged in") &&
	   strstr(err.hint, "signing host") &&
	   strstr(err.hint, "touchmark agent open"), "who hears what to do");
	shown = (struct pollfd){ .fd = t.master, .events = POLLIN };
	is_int(poll(&shown, 1, 0), 0, "the terminal shows nothing");
	ok(!by_person && tmk_clock_ms() < leaves, "nobody was waited for");
	tmk_secret_free(pin);
	terminal_close(&t);
}

/* What stands in the queue was typed for somebody else. */
static void test_typed_before(void)
{
	struct terminal t;

	terminal_open(&t);
	put(&t, "secret-of-another\n");
	ask_at(&t, t.slave, 10000);
	ok(wait_for(&t, "): "), "asked after something was typed");
	put(&t, "12 34\n");
	is_int(end_of(&t), RIGHT, "only what was typed then counts");
	terminal_close(&t);
}

/* A wrong PIN at the token: a person at a handed terminal may try again. */
static void at_token(const char *const *typed, int want, const char *name)
{
	struct terminal t;
	int i;

	terminal_open(&t);
	fflush(stdout);
	t.pid = fork();
	if (!t.pid) {
		const struct tmk_person person = { .tty = t.slave };
		struct tmk_place place = place_of("pkcs11:token=one;object=k");
		struct tmk_signer *s = NULL;
		enum tmk_open_failure why = TMK_OPEN_DEVICE;
		int rc;

		setsid();
		place.pin_file = NULL;
		place.person = &person;
		place.why = &why;
		rc = tmk_store_p11.open(&s, &place, &err);
		tmk_signer_free(s);
		_exit(!rc ? RIGHT : why != TMK_OPEN_PIN ? OTHER :
		      strstr(err.text, "cancelled") ? CANCELLED :
		      strstr(err.text, "wrong PIN") ? WRONG : OTHER);
	}
	for (i = 0; typed[i]; i++) {
		memset(t.seen, 0, sizeof(t.seen));
		ok(wait_for(&t, "): "), "%s: prompt %d", name, i + 1);
		is_int(strstr(t.seen, "Wrong PIN") != NULL, i > 0,
		       "%s: with what is known", name);
		put(&t, typed[i]);
	}
	is_int(end_of(&t), want, "%s", name);
	terminal_close(&t);
}

static void test_token(void)
{
	static const char *const second[] = { "1\n", "test-PIN\n", NULL };
	static const char *const wrong[] = { "1\n", "2\n", "3\n", NULL };
	static const char *const no[] = { "1\n", "\x03", NULL };
	const struct tmk_place place = place_of("pkcs11:token=one");
	const struct tmk_keygen what = { .label = "k", .bits = 256,
					 .algorithm = TMK_KEY_EC };
	struct tmk_key_info info;
	int status = 1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		tmk_key_info_init(&info);
		_exit(token_make("one", &err) ||
		      tmk_store_p11.generate(&place, &what, &info, &err));
	}
	ok(waitpid(pid, &status, 0) == pid && !status, "a token with a key");
	at_token(second, RIGHT, "the second one is right");
	at_token(wrong, WRONG, "three are wrong");
	at_token(no, CANCELLED, "wrong, then cancelled");
}

int main(void)
{
	tap_default_signals();
	/* Whatever goes wrong with a terminal, it ends. */
	alarm(60);
	unsetenv("DISPLAY");
	unsetenv("WAYLAND_DISPLAY");
	unsetenv("GPG_TTY");
	scratch_make();
	answered("12 34\n", RIGHT, "a PIN");
	answered("99\x7f\x7f" "12 34\n", RIGHT, "a PIN, edited");
	answered("\n", NOT_TYPED, "an empty line");
	answered("\x04", NOT_TYPED, "the end of input");
	answered("12\x03", CANCELLED, "Ctrl-C");
	answered("12\x1c", CANCELLED, "Ctrl-\\");
	answered("\x03", CANCELLED, "Ctrl-C at once");
	answered("12\x1a\n", CANCELLED, "Ctrl-Z");
	test_typed_before();
	test_hang_up();
	test_late();
	test_gone();
	test_afar();
	test_none();
	test_token();
	scratch_remove();
	return tap_done();
}
