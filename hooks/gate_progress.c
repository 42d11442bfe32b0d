#include "hooks/gate_progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define SILENT 2000		/* ms before the first line */
#define EVERY 500		/* ms between lines */
#define LINE 160

void tmk_gate_progress_init(struct tmk_gate_progress *progress, int fd)
{
	memset(progress, 0, sizeof(*progress));
	progress->on = true;
	progress->fd = fd;
	progress->start = progress->last = tmk_clock_ms();
}

/* 12300 as "12,300". */
static void group(char out[32], uint64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%llu",
			   (unsigned long long)n);
	int i, at = 0;

	for (i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = '\0';
}

static void say(struct tmk_gate_progress *p, const char *end)
{
	int64_t took = p->last - p->start;
	char line[LINE], rate[32];
	int len;
	ssize_t n;

	group(rate, p->done * 1000 / (uint64_t)(took > 0 ? took : 1));
	if (p->total)
		len = snprintf(line, sizeof(line), "judging commits: %3u%% "
			       "(%llu/%llu), %s/s%s",
			       (unsigned int)(p->done * 100 / p->total),
			       (unsigned long long)p->done,
			       (unsigned long long)p->total, rate, end);
	else
		len = snprintf(line, sizeof(line), "judging commits: %llu, "
			       "%s/s%s", (unsigned long long)p->done, rate,
			       end);
	n = write(p->fd, line, (size_t)len);
	/* whoever does not listen does not count */
	(void)n;
	p->said = true;
	p->open = end[0] == '\r';
}

void tmk_gate_progress_step(struct tmk_gate_progress *progress)
{
	int64_t now;

	progress->done++;
	if (progress->total && progress->total < progress->done)
		progress->total = progress->done;
	if (!progress->on)
		return;
	now = tmk_clock_ms();
	if (now - progress->start < SILENT || now - progress->last < EVERY)
		return;
	progress->last = now;
	say(progress, "\r");
}

void tmk_gate_progress_expect(struct tmk_gate_progress *progress,
			      uint64_t more)
{
	progress->total = progress->done + more;
}

void tmk_gate_progress_break(struct tmk_gate_progress *progress)
{
	ssize_t n;

	if (!progress->open)
		return;
	n = write(progress->fd, "\n", 1);
	(void)n;
	progress->open = false;
}

void tmk_gate_progress_end(struct tmk_gate_progress *progress)
{
	if (!progress->on || !progress->said)
		return;
	progress->last = tmk_clock_ms();
	say(progress, ", done\n");
}
