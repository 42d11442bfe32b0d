/*
 * gate_progress.h - how far it is, for a pusher who waits.
 *
 * A line that is written over itself, as git does it: with a carriage return
 * behind it, which git hands on to the pusher. Nothing is said before two
 * seconds have passed, and nothing more often than twice a second. git does
 * not tell a hook that a push is to be quiet. Knows nothing of what is
 * counted. Never fails: what cannot be written is not.
 */
#ifndef TMK_HOOKS_GATE_PROGRESS_H
#define TMK_HOOKS_GATE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct tmk_gate_progress {
	bool on;		/* else nothing is said */
	int fd;
	int64_t start, last;	/* tmk_clock_ms() */
	bool open;		/* a line stands there without its end */
	bool said;		/* anything at all */
	uint64_t done, total;	/* 0: nobody knows yet */
};

/* Start the clock; lines go to `fd`, which is borrowed. One that was never
 * started (all zero) says nothing. */
void tmk_gate_progress_init(struct tmk_gate_progress *progress, int fd);

/* One more is done. Cheap to call for each. */
void tmk_gate_progress_step(struct tmk_gate_progress *progress);

/* It became known that there are `more` than those that are done. */
void tmk_gate_progress_expect(struct tmk_gate_progress *progress,
			      uint64_t more);

/* Another line is about to be written: end the one that stands there. */
void tmk_gate_progress_break(struct tmk_gate_progress *progress);

/* It is over. Says the last numbers if any were said before. */
void tmk_gate_progress_end(struct tmk_gate_progress *progress);

#endif
