/*
 * The line of progress: silent at first, not too often, whole at the end.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hooks/gate_progress.h"
#include "t/unit/tap.h"

static int ends[2];

static const char *said(void)
{
	static char text[4096];
	ssize_t n = read(ends[0], text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* What was said, its rate told by 'N' when it is that of some milliseconds
 * more than the test made of it: the machine may be slow. */
static const char *said_about(long rate)
{
	char *text = (char *)(uintptr_t)said(), *end = strstr(text, "/s");
	char *from = end;
	long got;

	while (from && from > text && (from[-1] == ',' ? from[-2] != ')' :
				       from[-1] >= '0' && from[-1] <= '9'))
		from--;
	if (!from)
		return text;
	for (got = 0; from < end; end--)
		if (end[-1] == ',')
			memmove(end - 1, end, strlen(end) + 1);
	got = strtol(from, &end, 10);
	if (got > rate || got < rate / 2)
		return text;
	*from = 'N';
	memmove(from + 1, end, strlen(end) + 1);
	return text;
}

/* As if it had begun so long ago. */
static void begin(struct tmk_gate_progress *p, int64_t ms)
{
	tmk_gate_progress_init(p, ends[1]);
	p->start -= ms;
	p->last -= ms;
}

int main(void)
{
	struct tmk_gate_progress p, none = { 0 };
	int i;

	if (!ok(pipe2(ends, O_NONBLOCK) == 0, "a pipe"))
		return tap_done();
	begin(&p, 0);
	tmk_gate_progress_expect(&p, 100);
	for (i = 0; i < 100; i++)
		tmk_gate_progress_step(&p);
	tmk_gate_progress_break(&p);
	tmk_gate_progress_end(&p);
	is_str(said(), "", "nothing about what takes no time");

	begin(&p, 10000);
	tmk_gate_progress_expect(&p, 10000);
	p.done = 4499;
	tmk_gate_progress_step(&p);
	is_str(said_about(450), "judging commits:  45% (4500/10000), N/s\r",
	       "how far it is");
	tmk_gate_progress_step(&p);
	is_str(said(), "", "not again at once");
	tmk_gate_progress_break(&p);
	is_str(said(), "\n", "another line gets its own");
	tmk_gate_progress_break(&p);
	is_str(said(), "", "once");
	p.start -= 10000;
	p.done = 10000;
	tmk_gate_progress_end(&p);
	is_str(said_about(500),
	       "judging commits: 100% (10000/10000), N/s, done\n",
	       "and the end of it");

	begin(&p, 4000);
	p.done = 4919999;
	tmk_gate_progress_step(&p);
	is_str(said_about(1230000), "judging commits: 4920000, N/s\r",
	       "nobody knows how many there are");
	tmk_gate_progress_expect(&p, 0);
	p.last -= 1000;
	tmk_gate_progress_step(&p);
	ok(strncmp(said(), "judging commits: 100% (4920001/4920001), ", 41) ==
	   0, "more than were expected");

	none.done = 7;
	none.start = none.last = -100000;
	tmk_gate_progress_step(&none);
	tmk_gate_progress_break(&none);
	tmk_gate_progress_end(&none);
	is_str(said(), "", "one that was not started is silent");
	close(ends[0]);
	close(ends[1]);
	return tap_done();
}
