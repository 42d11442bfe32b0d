/* Where a PIN comes from, and the files and terminals that are refused. */
#include "key/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "t/unit/key_token.h"

static struct tmk_err err;
static struct tmk_secret *pin;
static const struct tmk_pin_request request = { .token = "tok",
						.serial = "77" };

static bool is_pin(const char *want)
{
	return tmk_secret_len(pin) == strlen(want) &&
	       !memcmp(tmk_secret_bytes(pin), want, strlen(want));
}

static void file_refused(const char *path, const char *why)
{
	memset(&err, 0, sizeof(err));
	ok(tmk_pin_read_file(pin, path, false, &err) < 0, "%s is refused",
	   path);
	is_int(err.code, TMK_KEY, "as a key error");
	if (!ok(strstr(err.text, why) != NULL, "because: %s", why))
		diag("%s", err.text);
}

static void test_files(void)
{
	char longer[1200];

	spill("good", "1234\n", 0600);
	ok(!tmk_pin_read_file(pin, "good", false, &err) && is_pin("1234"),
	   "a PIN file");
	spill("read-only", "12 34\nsecond\n", 0400);
	ok(!tmk_pin_read_file(pin, "read-only", false, &err) &&
	   is_pin("12 34"), "its first line");
	spill("open", "1234\n", 0644);
	file_refused("open", "open to others (mode 0644)");
	is_str(err.hint, "chmod 600 open", "with what to do");
	spill("group", "1234\n", 0640);
	file_refused("group", "open to others (mode 0640)");
	ok(!tmk_pin_read_file(pin, "group", true, &err),
	   "a credential may show group bits");
	ok(tmk_pin_read_file(pin, "open", true, &err) < 0,
	   "but not be open to all");
	spill("empty", "\nx\n", 0600);
	file_refused("empty", "its first line is empty");
	file_refused("absent", "No such file");
	file_refused(".", "not a regular file");
	ok(!mkfifo("fifo", 0600), "a FIFO");
	file_refused("fifo", "not a regular file");
	memset(longer, '1', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	spill("longer", longer, 0600);
	file_refused("longer", "longer than 1024");
	if (!geteuid()) {
		spill("theirs", "1234\n", 0600);
		ok(!chown("theirs", 4711, 0), "a file of somebody else");
		file_refused("theirs", "belongs to somebody else (uid 4711)");
	}
}

/* Adding to a secret, as those do who get it in pieces. */
static void test_add(void)
{
	char longer[TMK_SECRET_MAX];

	memset(longer, 'x', sizeof(longer));
	ok(!tmk_secret_set(pin, "1", 1, &err) &&
	   !tmk_secret_add(pin, "23", 2, &err) &&
	   !tmk_secret_add(pin, NULL, 0, &err) && is_pin("123"),
	   "a PIN in pieces");
	ok(tmk_secret_add(pin, longer, sizeof(longer) - 2, &err) < 0 &&
	   is_pin("123"), "one byte too many is refused, what was there stays");
	ok(!tmk_secret_add(pin, longer, sizeof(longer) - 3, &err) &&
	   tmk_secret_len(pin) == TMK_SECRET_MAX, "and one less is not");
}

static int ask(struct tmk_pin_order *order, bool *by_person)
{
	struct tmk_pin_source source = tmk_pin_source_init(order);

	memset(&err, 0, sizeof(err));
	return source.ask(source.ctx, &request, pin, by_person, &err);
}

static void test_order(void)
{
	struct tmk_secret *value = NULL;
	struct tmk_pin_order o = { 0 };
	bool person = true;
	char source[128];

	snprintf(source, sizeof(source), "file:%s/f-uri", scratch);
	spill("f-opt", "opt\n", 0600);
	spill("f-uri", "uri\n", 0600);
	spill("f-env", "env\n", 0600);
	ok(!mkdir("creds", 0700), "a credentials directory");
	ok(!tmk_secret_new(&value, &err) &&
	   !tmk_secret_set(value, "val", 3, &err), "a pin-value");
	o.credentials_dir = "creds";
	o.pin_file_env = "f-env";
	o.pin_file = "f-opt";
	o.pin_source = source;
	ok(!ask(&o, &person) && is_pin("opt") && !person, "--pin-file first");
	o.pin_file = NULL;
	ok(!ask(&o, &person) && is_pin("uri"), "then pin-source");
	o.pin_source = source + 5;
	ok(!ask(&o, &person) && is_pin("uri"), "as a path too");
	snprintf(source, sizeof(source), "file://%s/f-uri", scratch);
	o.pin_source = source;
	ok(!ask(&o, &person) && is_pin("uri"), "as file:///... too");
	o.pin_source = "";
	o.pin_value = value;
	ok(!ask(&o, &person) && is_pin("val"), "or pin-value");
	o.pin_value = NULL;
	ok(!ask(&o, &person) && is_pin("env"), "then TOUCHMARK_PIN_FILE");
	o.pin_file_env = "";
	spill("creds/touchmark.pin", "cred", 0440);
	ok(!ask(&o, &person) && is_pin("cred"), "then the credential");
	o.pin_file = "absent";
	ok(ask(&o, &person) < 0 && strstr(err.text, "absent"),
	   "a named file that is not there is an error");
	o.pin_file = NULL;
	o.pin_source = "|cat /etc/passwd";
	ok(ask(&o, &person) < 0 && strstr(err.text, "absolute path"),
	   "a command is not run");
	o.pin_source = "file:f-uri";
	ok(ask(&o, &person) < 0, "nor a relative path taken");
	o.pin_source = "file://elsewhere/f-uri";
	ok(ask(&o, &person) < 0, "nor another host's");
	tmk_secret_free(value);
}

static void test_no_terminal(void)
{
	struct tmk_pin_order o = { .credentials_dir = "." };
	bool person;
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		/* A session of its own has no terminal. */
		setsid();
		_exit(ask(&o, &person) < 0 && err.code == TMK_KEY &&
		      strstr(err.text, "no terminal") &&
		      strstr(err.hint, "--pin-file") ? 0 : 1);
	}
	ok(waitpid(pid, &status, 0) == pid && !status,
	   "no source and no terminal: an error that names the sources");
}

/* ---- a terminal --------------------------------------------------------- */

/* Make this process one that has the terminal. */
static void take_terminal(const char *slave)
{
	int fd;

	setsid();
	fd = open(slave, O_RDWR);
	if (fd < 0 || ioctl(fd, TIOCSCTTY, 0))
		_exit(9);
}

/* What the child at the terminal does: 0 when it got "42 42", 3 when none. */
static void at_terminal(const char *slave)
{
	struct tmk_pin_request r = { .token = "tok", .serial = "77",
				     .count_low = true, .retry = true };

	take_terminal(slave);
	/* Secrets are wiped on fork: a new one. */
	if (tmk_secret_new(&pin, &err))
		_exit(8);
	if (tmk_pin_ask_terminal(pin, -1, 10000, &r, &err))
		_exit(err.code == TMK_KEY ? 3 : 7);
	_exit(is_pin("42 42") ? 0 : 1);
}

static bool echo_is_on(int master)
{
	struct termios t;

	return !tcgetattr(master, &t) && t.c_lflag & ECHO;
}

/* Read from the terminal until `until` was seen, at most half a minute of silence. */
static bool wait_for(int master, const char *until, char *all, size_t size)
{
	size_t n = strlen(all);
	struct pollfd p = { .fd = master, .events = POLLIN };

	while (!strstr(all, until)) {
		ssize_t got;

		if (poll(&p, 1, 30000) != 1 || n + 1 >= size)
			return false;
		got = read(master, all + n, size - 1 - n);
		if (got <= 0)
			return false;
		n += (size_t)got;
		all[n] = '\0';
	}
	return true;
}

/* Opens a key of token "one" with a PIN that a person types. */
static void at_token(const char *slave)
{
	struct tmk_place place = place_of("pkcs11:token=one;object=k");
	struct tmk_signer *s = NULL;
	int rc;

	take_terminal(slave);
	place.pin_file = NULL;
	rc = tmk_store_p11.open(&s, &place, &err);
	tmk_signer_free(s);
	_exit(!rc ? 0 : strstr(err.text, "wrong PIN") ? 3 : 7);
}

struct terminal {
	int master, slave;
	pid_t pid;
	char seen[2048];
};

static bool terminal_start(struct terminal *t, void (*run)(const char *))
{
	char name[64];

	memset(t, 0, sizeof(*t));
	t->master = posix_openpt(O_RDWR | O_NOCTTY);
	if (t->master < 0 || grantpt(t->master) || unlockpt(t->master) ||
	    ptsname_r(t->master, name, sizeof(name))) {
		/* A test without its tool is never skipped. */
		printf("Bail out! no pseudo-terminal: %s\n", strerror(errno));
		exit(1);
	}
	/* Held open, so that its settings outlive the child. */
	t->slave = open(name, O_RDWR | O_NOCTTY);
	fflush(stdout);
	t->pid = fork();
	if (t->pid < 0) {
		printf("Bail out! cannot fork: %s\n", strerror(errno));
		exit(1);
	}
	if (!t->pid) {
		close(t->master);
		close(t->slave);
		run(name);
	}
	return wait_for(t->master, "): ", t->seen, sizeof(t->seen));
}

static int terminal_end(struct terminal *t)
{
	int status = -1;

	if (waitpid(t->pid, &status, 0) != t->pid)
		status = -1;
	close(t->master);
	close(t->slave);
	return status;
}

static void put(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) < 0)
		diag("cannot type: %s", strerror(errno));
}

static void test_terminal(void)
{
	struct terminal t;

	ok(terminal_start(&t, at_terminal), "a prompt at the terminal");
	ok(strstr(t.seen, "PIN for token tok (serial 77): ") != NULL,
	   "names the token");
	ok(strstr(t.seen, "Wrong PIN") && strstr(t.seen, "Few tries"),
	   "and says what is known");
	ok(!echo_is_on(t.slave), "the echo is off");
	put(t.master, "42 42\n");
	ok(wait_for(t.master, "): \r\n", t.seen, sizeof(t.seen)) &&
	   !strstr(t.seen, "42"), "the PIN does not show");
	is_int(terminal_end(&t), 0, "the PIN is what was typed");
	ok(terminal_start(&t, at_terminal), "again");
	put(t.master, "\n");
	is_int(WEXITSTATUS(terminal_end(&t)), 3, "an empty line is no PIN");
}

static void test_signals(void)
{
	struct terminal t;
	int status;
	bool on;

	ok(terminal_start(&t, at_terminal), "a prompt, and then Ctrl-C");
	put(t.master, "12\x03");
	waitpid(t.pid, &status, 0);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT,
	   "ends the program");
	on = echo_is_on(t.slave);
	ok(on, "with the echo on");
	close(t.master);
	close(t.slave);
	ok(terminal_start(&t, at_terminal), "a prompt, and then SIGTERM");
	kill(t.pid, SIGTERM);
	waitpid(t.pid, &status, 0);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM,
	   "ends the program");
	ok(echo_is_on(t.slave), "with the echo on");
	close(t.master);
	close(t.slave);
	ok(terminal_start(&t, at_terminal), "a prompt, and then the end of input");
	put(t.master, "\x04");
	is_int(WEXITSTATUS(terminal_end(&t)), 3, "is no PIN");
}

/* A token and a key, made by a process of its own: see test_key_shim.c. */
static bool make_key(void)
{
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
	return waitpid(pid, &status, 0) == pid && !status;
}

/* Type an answer to each prompt; how the program ended. */
static int answer(const char *const *answers)
{
	struct terminal t;
	char seen[2048];
	int i;

	if (!terminal_start(&t, at_token))
		return -1;
	for (i = 0; answers[i]; i++) {
		if (i) {
			seen[0] = '\0';
			if (!wait_for(t.master, "): ", seen, sizeof(seen)) ||
			    !strstr(seen, "Wrong PIN"))
				diag("no second prompt: %s", seen);
		}
		put(t.master, answers[i]);
	}
	return WEXITSTATUS(terminal_end(&t));
}

static void test_person(void)
{
	static const char *const right[] = { "test-PIN\n", NULL };
	static const char *const second[] = { "1\n", "test-PIN\n", NULL };
	static const char *const wrong[] = { "1\n", "2\n", "3\n", NULL };

	ok(make_key(), "a token with a key");
	is_int(answer(right), 0, "a person types the PIN");
	is_int(answer(second), 0, "a person may try again");
	is_int(answer(wrong), 3, "three times in all");
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
	ok(!tmk_secret_new(&pin, &err), "a secret");
	test_files();
	test_add();
	test_order();
	test_no_terminal();
	test_terminal();
	test_signals();
	test_person();
	tmk_secret_free(pin);
	scratch_remove();
	return tap_done();
}
