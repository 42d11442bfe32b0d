/*
 * The caller's side of touchmark-pinentry: what the helper is given, and what
 * is made of a helper that hangs, dies, babbles or says no. The helper is a
 * script beside a copy of this program, as ours is beside each of ours.
 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "key/pin.h"
#include "t/unit/key_token.h"

static struct tmk_err err;
static char copy[128];

/* How the copy ends. */
enum { GOT = 0, NONE = 20, CANCELLED, LATE, OTHER };

static int ask_once(int ms, const char *const *env)
{
	const struct tmk_pin_request r = { .token = "tok en", .serial = "77",
					   .count_low = true };
	struct tmk_secret *pin = NULL;
	int64_t start = tmk_clock_ms();
	int rc;

	if (tmk_secret_new(&pin, &err))
		return OTHER;
	rc = tmk_pin_ask_pinentry(pin, env, ms, &r, &err);
	if (tmk_clock_ms() - start > 25000)
		return OTHER;
	if (!rc)
		return tmk_secret_len(pin) == 4 &&
			!memcmp(tmk_secret_bytes(pin), "1234", 4) ? GOT :
			OTHER;
	/* What did not come whole is wiped. */
	if (tmk_secret_len(pin))
		return OTHER;
	tmk_secret_free(pin);
	if (rc > 0)
		return NONE;
	return err.code != TMK_KEY || !err.hint[0] ? OTHER :
		strstr(err.text, "cancelled") ? CANCELLED :
		strstr(err.text, "in time") ? LATE : OTHER;
}

/* As the copy: ask, with the variables on the command line as the person's. */
static int as_copy(int argc, char **argv)
{
	const char *env[16] = { NULL };
	int i;

	for (i = 3; i < argc && i < 18; i++)
		env[i - 3] = argv[i];
	return ask_once((int)strtol(argv[2], NULL, 10),
			argc > 3 ? env : NULL);
}

/* Run the copy with a helper that does `script`. */
static int with_helper(const char *script, const char *ms,
		       const char *const *env)
{
	char path[sizeof(scratch) + 32], text[1024];
	const char *argv[20] = { copy, "ask", ms };
	int status = -1, n = 3;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/touchmark-pinentry", scratch);
	if (script) {
		snprintf(text, sizeof(text), "#!/bin/sh\ncd %s || exit 9\n%s",
			 scratch, script);
		spill(path, text, 0700);
	} else {
		unlink(path);
	}
	while (env && *env)
		argv[n++] = *env++;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		execv(copy, (char *const *)(uintptr_t)argv);
		_exit(OTHER);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static bool file_says(const char *path, const char *what)
{
	static char text[65536];
	FILE *in = fopen(path, "r");
	size_t n = in ? fread(text, 1, sizeof(text) - 1, in) : 0;

	if (in)
		fclose(in);
	text[n] = '\0';
	return strstr(text, what) != NULL;
}

static void test_answers(void)
{
	is_int(with_helper("echo 1234", "60000", NULL), GOT, "a PIN");
	is_int(with_helper("exit 3", "60000", NULL), CANCELLED, "cancelled");
	is_int(with_helper("exit 4", "60000", NULL), LATE, "nobody answered");
	is_int(with_helper("exit 1", "60000", NULL), NONE, "no pinentry");
	is_int(with_helper("exit 77", "60000", NULL), NONE, "any other end");
	is_int(with_helper(NULL, "60000", NULL), NONE, "no such program");
	is_int(with_helper("kill -SEGV $$", "60000", NULL), NONE, "a crash");
	is_int(with_helper("echo 1234; exit 3", "60000", NULL), CANCELLED,
	       "a PIN, and no: no");
	is_int(with_helper("echo 1234; kill -SEGV $$", "60000", NULL), NONE,
	       "a PIN, and a crash");
	is_int(with_helper("printf 1234", "60000", NULL), NONE, "half a line");
	is_int(with_helper("exec >&-", "60000", NULL), NONE, "nothing at all");
	is_int(with_helper("head -c 2000 /dev/zero | tr '\\0' 1; echo",
			   "60000", NULL), NONE, "a line that does not end");
}

static void test_late(void)
{
	pid_t pid = 0;
	FILE *in;

	is_int(with_helper("echo $$ >pid; exec sleep 30", "2500", NULL), LATE,
	       "one that hangs");
	in = fopen("pid", "r");
	ok(in && fscanf(in, "%d", &pid) == 1 && pid > 0 &&
	   kill(pid, 0) < 0 && errno == ESRCH, "was killed");
	if (in)
		fclose(in);
	is_int(with_helper("echo 1234; exec sleep 30", "2500", NULL), LATE,
	       "one that answers and hangs");
	is_int(with_helper("exec >&-; exec sleep 30", "2500", NULL), LATE,
	       "one that closes its end and hangs");
}

static void test_given(void)
{
	static const char *const person[] = {
		"DISPLAY=theirs:1", "LD_PRELOAD=/tmp/evil.so", "PATH=/tmp/evil",
		"GNUPGHOME=/tmp/evil", "XAUTHORITY=/theirs", "TERM=", NULL
	};
	static const char *const nowhere[] = { "TERM=vt100", "DISPLAY=", NULL };
	const char *look = "env >env; fds=$(ls -l /proc/$$/fd); "
		"echo \"$fds\" >fds; "
		"printf '<%s>' \"$@\" >args; cat >stdin; echo 1234";

	unlink("env");
	is_int(with_helper(look, "60000", NULL), GOT, "our own environment");
	ok(file_says("env", "DISPLAY=ours:1") && file_says("env", "GPG_TTY="),
	   "is what it gets");
	ok(file_says("args", "<tok en><77><first><few>"),
	   "with what is known of the token");
	ok(file_says("fds", " 0 -> /dev/null") && file_says("fds", " 1 -> pipe"),
	   "nothing to read, and a pipe to write to");
	ok(!file_says("fds", "/held"), "and no other file of ours");
	is_int(with_helper(look, "60000", person), GOT, "a person's");
	ok(file_says("env", "DISPLAY=theirs:1") &&
	   file_says("env", "XAUTHORITY=/theirs") &&
	   !file_says("env", "ours:1") && !file_says("env", "GPG_TTY="),
	   "says where to show it, ours does not");
	ok(!file_says("env", "evil"), "and nothing else");
	unlink("env");
	is_int(with_helper(look, "60000", nowhere), NONE, "a person without "
	       "a screen");
	ok(access("env", F_OK) < 0, "is not asked there");
}

static bool copy_self(void)
{
	char cmd[4096 + sizeof(copy)];
	char *self = realpath("/proc/self/exe", NULL);
	FILE *in = self ? fopen(self, "r") : NULL;
	FILE *out;
	size_t n;

	snprintf(copy, sizeof(copy), "%s/asker", scratch);
	out = fopen(copy, "w");
	while (in && out && (n = fread(cmd, 1, sizeof(cmd), in)) > 0)
		if (fwrite(cmd, 1, n, out) != n)
			break;
	free(self);
	if (in)
		fclose(in);
	return out && !fclose(out) && !chmod(copy, 0700);
}

int main(int argc, char **argv)
{
	int held;

	if (argc > 2 && !strcmp(argv[1], "ask"))
		return as_copy(argc, argv);
	alarm(60);
	scratch_make();
	setenv("DISPLAY", "ours:1", 1);
	setenv("GPG_TTY", "/dev/ours", 1);
	unsetenv("WAYLAND_DISPLAY");
	/* Inherited by the copy, and by nobody after it. */
	held = open("held", O_RDWR | O_CREAT, 0600);
	ok(copy_self() && held >= 0, "a copy of this program");
	test_answers();
	test_late();
	test_given();
	scratch_remove();
	return tap_done();
}
