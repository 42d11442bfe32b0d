/*
 * front_stamp_memory.h - which timestamp authorities failed lately, so that a
 * dead one is not waited for at every commit of a rebase.
 *
 * Kept for all processes of a user in one small file,
 * $XDG_RUNTIME_DIR/touchmark/tsa.state or, without that directory,
 * tsa.state under $XDG_STATE_HOME/touchmark (~/.local/state/touchmark). An
 * authority stands there as a hash of how it is reached, never as its URL.
 * Refuses to know what a timestamp is. The memory is a convenience: a file
 * that is missing, damaged, somebody else's or cannot be written means that
 * nothing is remembered, and is never an error. Nothing to free.
 */
#ifndef TMK_PLUGINS_FRONT_STAMP_MEMORY_H
#define TMK_PLUGINS_FRONT_STAMP_MEMORY_H

#include <stdint.h>

#define TMK_STAMP_MEMORY_ID 65	/* bytes of a name: 64 hex digits, NUL */
#define TMK_STAMP_MEMORY_FIRST 60	/* s after the first failure */
#define TMK_STAMP_MEMORY_LONGEST 1800	/* s, after which it stays the same */

/* What is remembered of one authority. */
struct tmk_stamp_memory {
	int failures;		/* in a row; 0: nothing is remembered */
	int64_t failed;		/* when it failed last, s since 1970 */
};

/* Hash the `n` strings that say how an authority is reached (NULL is allowed
 * and is not the same as "") into its name. All zeros when that fails. */
void tmk_front_stamp_memory_id(char id[TMK_STAMP_MEMORY_ID],
			       const char *const *part, int n);

/* What is remembered of it at `now`. */
struct tmk_stamp_memory tmk_front_stamp_memory_get(const char *id,
						   int64_t now);

/* Seconds from `now` until it should be asked again: 60 after the first
 * failure, twice as long after each further one, at most 1800; 0 for at
 * once. */
int64_t tmk_front_stamp_memory_wait(const struct tmk_stamp_memory *memory,
				    int64_t now);

/* It failed at `now` after it was asked at `asked`. Several processes that
 * waited for it at the same time are one failure. */
void tmk_front_stamp_memory_failed(const char *id, int64_t asked,
				   int64_t now);

/* It answered: its failures are forgotten. */
void tmk_front_stamp_memory_worked(const char *id, int64_t now);

#endif
