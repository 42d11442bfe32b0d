/* The worker: results, late calls, a module that is given up. */
#include "key/deadline.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "t/unit/tap.h"

static struct tmk_err err;

static void sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static int add_one(void *state, struct tmk_err *e)
{
	(void)e;
	++*(int *)state;
	return 0;
}

static int fail(void *state, struct tmk_err *e)
{
	(void)state;
	return tmk_err_set(e, TMK_KEY, "it failed");
}

static int five_slow_calls(void *state, struct tmk_err *e)
{
	int i;

	(void)e;
	for (i = 0; i < 5; i++) {
		tmk_deadline_beat("slow");
		sleep_ms(700);
		++*(int *)state;
	}
	return 0;
}

static int person(void *state, struct tmk_err *e)
{
	(void)state;
	(void)e;
	tmk_deadline_beat_person("pad", 20000);
	sleep_ms(1800);
	return 0;
}

static int hang(void *state, struct tmk_err *e)
{
	(void)state;
	(void)e;
	tmk_deadline_beat("C_Hang");
	for (;;)
		pause();
	return 0;
}

static int late(void *state, struct tmk_err *e)
{
	(void)e;
	tmk_deadline_beat("C_Late");
	sleep_ms(2200);
	/* The memory is still ours: nobody freed it meanwhile. */
	*(int *)state = 7;
	return 0;
}

static int to_parent;

/* Somebody presses Ctrl-C while the token writes. */
static int stopped_while_writing(void *state, struct tmk_err *e)
{
	(void)e;
	tmk_deadline_beat("C_Login");
	kill(getpid(), *(int *)state);
	sleep_ms(200);
	return write(to_parent, "w", 1) == 1 ? 0 : -1;
}

static int stopped_while_hanging(void *state, struct tmk_err *e)
{
	(void)e;
	tmk_deadline_beat("C_Hang");
	kill(getpid(), *(int *)state);
	sleep_ms(20000);
	return 0;
}

/* Do the work in a child. Returns what it was ended by; *written gets whether
 * the work came to its end. */
static int in_child(tmk_work work, int sig, bool *written)
{
	const struct rlimit none = { 0, 0 };
	int fd[2], status = 0;
	char c;
	pid_t pid;

	*written = false;
	if (pipe(fd))
		return -1;
	pid = fork();
	if (!pid) {
		setrlimit(RLIMIT_CORE, &none);
		close(fd[0]);
		to_parent = fd[1];
		(void)!tmk_deadline_run("s", 30000, work, &sig, NULL);
		_exit(0);
	}
	close(fd[1]);
	*written = read(fd[0], &c, 1) == 1;
	close(fd[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void test_signals(void)
{
	static const int ends[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	bool written;
	int64_t start;
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		is_int(in_child(stopped_while_writing, ends[i], &written),
		       ends[i], "a signal ends the process");
		ok(written, "when the module has come back");
	}
	start = tmk_clock_ms();
	is_int(in_child(stopped_while_hanging, SIGINT, &written), SIGINT,
	       "and when it does not come back");
	ok(tmk_clock_ms() - start < 18000, "before the deadline");
}

/* Quick, slow, quick, slow: what is told of them. */
static int two_slow_calls(void *state, struct tmk_err *e)
{
	(void)state;
	(void)e;
	tmk_deadline_beat("C_Quick");
	sleep_ms(100);
	tmk_deadline_beat("C_Slow");
	sleep_ms(1300);
	tmk_deadline_beat("C_Quick");
	tmk_deadline_beat("C_Slower");
	sleep_ms(1300);
	return 1;
}

static void tell(void *ctx, const char *call)
{
	char *all = ctx;

	snprintf(all + strlen(all), 64, "%s ", call);
}

static void test_told(void)
{
	char all[512] = "";
	const struct tmk_deadline_slow slow = { tell, all };
	struct tmk_err untouched = TMK_ERR_INIT;

	untouched.code = 42;
	is_int(tmk_deadline_run_told("a", 20000, two_slow_calls, NULL, &slow,
				     &untouched), 1, "an answer of its own");
	is_str(all, "C_Slow C_Slower ", "each slow call is told, once");
	is_int(untouched.code, 42, "and is no error");
	all[0] = '\0';
	is_int(tmk_deadline_run_told("d", 2500, hang, NULL, &slow, &err),
	       TMK_STUCK, "one that hangs");
	is_str(all, "C_Hang ", "is told before it is given up");
}

int main(void)
{
	/* On the heap, and never freed: the late worker keeps it. */
	static int *late_state;
	int64_t start;
	int i, n = 0;

	tap_default_signals();
	late_state = calloc(1, sizeof(*late_state));
	tmk_deadline_beat("nowhere");
	is_int(tmk_deadline_run("a", 20000, add_one, &n, &err), 0, "work");
	is_int(n, 1, "was done");
	is_int(err.code, 0, "no error");
	is_int(tmk_deadline_run("a", 20000, fail, NULL, &err), -1,
	       "work that fails");
	is_str(err.text, "it failed", "with its error");
	is_int(tmk_deadline_run("a", 20000, fail, NULL, NULL), -1,
	       "without anybody to tell");
	is_int(tmk_deadline_run("a", 3000, five_slow_calls, &n, &err), 0,
	       "five calls, each in time, together over it");
	is_int(n, 6, "were done");
	is_int(tmk_deadline_run("a", 1500, person, NULL, &err), 0,
	       "a person gets longer");
	ok(!tmk_deadline_stuck(), "nothing is stuck");
	start = tmk_clock_ms();
	is_int(tmk_deadline_run("b", 1000, hang, NULL, &err), TMK_STUCK,
	       "a call that hangs");
	ok(tmk_clock_ms() - start < 20000, "is left in time");
	is_str(err.text, "the token did not answer C_Hang within 1 s "
	       "(module b)", "and named");
	ok(err.hint[0], "with a hint");
	ok(tmk_deadline_stuck(), "the process must end by _exit");
	is_int(tmk_deadline_run("b", 1000, add_one, &n, &err), -1,
	       "its module is not called again");
	is_int(n, 6, "really not");
	is_int(tmk_deadline_run("a", 20000, add_one, &n, &err), 0,
	       "another module is");
	is_int(tmk_deadline_run("c", 500, late, late_state, &err), TMK_STUCK,
	       "a call that comes back late");
	for (i = 0; i < 3000 && !*(volatile int *)late_state; i++)
		sleep_ms(10);
	is_int(*late_state, 7, "finds its memory");
	is_int(tmk_deadline_run("a", 20000, add_one, &n, &err), 0,
	       "and does not disturb the others");
	is_int(n, 8, "all done");
	test_told();
	test_signals();
	n = tap_done();
	fflush(stdout);
	/* As front-ends do: a thread is still inside "b". */
	_exit(n);
}
