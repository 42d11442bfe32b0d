/* The worker: results, late calls, a module that is given up. */
#include "key/deadline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
		sleep_ms(100);
		++*(int *)state;
	}
	return 0;
}

static int person(void *state, struct tmk_err *e)
{
	(void)state;
	(void)e;
	tmk_deadline_beat_person("pad", 2000);
	sleep_ms(400);
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
	sleep_ms(300);
	/* The memory is still ours: nobody freed it meanwhile. */
	*(int *)state = 7;
	return 0;
}

int main(void)
{
	/* On the heap, and never freed: the late worker keeps it. */
	static int *late_state;
	int64_t start;
	int n = 0;

	late_state = calloc(1, sizeof(*late_state));
	tmk_deadline_beat("nowhere");
	is_int(tmk_deadline_run("a", 1000, add_one, &n, &err), 0, "work");
	is_int(n, 1, "was done");
	is_int(err.code, 0, "no error");
	is_int(tmk_deadline_run("a", 1000, fail, NULL, &err), -1,
	       "work that fails");
	is_str(err.text, "it failed", "with its error");
	is_int(tmk_deadline_run("a", 1000, fail, NULL, NULL), -1,
	       "without anybody to tell");
	is_int(tmk_deadline_run("a", 250, five_slow_calls, &n, &err), 0,
	       "five calls, each in time, together over it");
	is_int(n, 6, "were done");
	is_int(tmk_deadline_run("a", 250, person, NULL, &err), 0,
	       "a person gets longer");
	ok(!tmk_deadline_stuck(), "nothing is stuck");
	start = tmk_clock_ms();
	is_int(tmk_deadline_run("b", 200, hang, NULL, &err), TMK_STUCK,
	       "a call that hangs");
	ok(tmk_clock_ms() - start < 2000, "is left in time");
	is_str(err.text, "the token did not answer C_Hang within 0.2 s "
	       "(module b)", "and named");
	ok(err.hint[0], "with a hint");
	ok(tmk_deadline_stuck(), "the process must end by _exit");
	is_int(tmk_deadline_run("b", 200, add_one, &n, &err), -1,
	       "its module is not called again");
	is_int(n, 6, "really not");
	is_int(tmk_deadline_run("a", 1000, add_one, &n, &err), 0,
	       "another module is");
	is_int(tmk_deadline_run("c", 100, late, late_state, &err), TMK_STUCK,
	       "a call that comes back late");
	sleep_ms(500);
	is_int(*late_state, 7, "finds its memory");
	is_int(tmk_deadline_run("a", 1000, add_one, &n, &err), 0,
	       "and does not disturb the others");
	is_int(n, 8, "all done");
	n = tap_done();
	fflush(stdout);
	/* As front-ends do: a thread is still inside "b". */
	_exit(n);
}
