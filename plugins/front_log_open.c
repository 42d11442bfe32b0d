#include "plugins/front_log_open.h"

#include <stdlib.h>
#include <string.h>

int tmk_log_open_add(struct tmk_log_open *open, uint64_t seq,
		     struct tmk_err *err)
{
	size_t room = open->room ? 2 * open->room : 64;
	uint64_t *more;

	if (open->n == open->room) {
		more = reallocarray(open->seq, room, sizeof(*more));
		if (!more)
			return tmk_err_nomem(err);
		open->seq = more;
		open->room = room;
	}
	open->seq[open->n++] = seq;
	return 0;
}

/* Where it stands, or would. */
static size_t find(const struct tmk_log_open *open, uint64_t seq)
{
	size_t from = 0, to = open->n;

	while (from < to) {
		size_t at = from + (to - from) / 2;

		if (open->seq[at] < seq)
			from = at + 1;
		else
			to = at;
	}
	return from;
}

void tmk_log_open_end(struct tmk_log_open *open, uint64_t seq)
{
	size_t at = find(open, seq);

	if (!tmk_log_open_has(open, seq))
		return;
	memmove(open->seq + at, open->seq + at + 1,
		(open->n - at - 1) * sizeof(*open->seq));
	open->n--;
}

bool tmk_log_open_has(const struct tmk_log_open *open, uint64_t seq)
{
	size_t at = find(open, seq);

	return at < open->n && open->seq[at] == seq;
}

void tmk_log_open_release(struct tmk_log_open *open)
{
	free(open->seq);
	*open = (struct tmk_log_open)TMK_LOG_OPEN_INIT;
}
