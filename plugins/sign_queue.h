/*
 * sign_queue.h - which file is next, and what became of each; private to the
 * engine (sign_engine.h).
 *
 * Files are handed out by rank and then in the order of the call; the next
 * rank begins when all of the one before are on the disk. Safe in any thread,
 * but for _new, _free and _add.
 */
#ifndef TMK_PLUGINS_SIGN_QUEUE_H
#define TMK_PLUGINS_SIGN_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "plugins/sign_job.h"

/* One file, from its place in the call to what is told of it. */
struct tmk_sign_item {
	const char *file;	/* borrowed */
	const struct tmk_sign_form *form;
	int rank;
	bool alone;		/* a pipe: opened when nothing else waits */
	/* Set by whoever took it, before tmk_sign_queue_done. */
	char *lines;		/* what is told; belongs to the item; NULL */
	size_t lines_len;
	bool aside;		/* on standard error, since a signature is on
				   standard output */
	bool skipped;
	bool failed;
	struct tmk_err *err;	/* why; belongs to the item; NULL: memory
				   ended */
};

struct tmk_sign_queue;

/* For at most `max` files. *out belongs to the caller. */
int tmk_sign_queue_new(struct tmk_sign_queue **out, int max,
		       struct tmk_err *err) TMK_MUST_CHECK;
/* NULL is fine. */
void tmk_sign_queue_free(struct tmk_sign_queue *queue);

/* One more file, to be filled by the caller. NULL when there are `max`. */
struct tmk_sign_item *tmk_sign_queue_add(struct tmk_sign_queue *queue);

/* All are added: put them in order. */
void tmk_sign_queue_sort(struct tmk_sign_queue *queue);

/* How many there are; the n-th in the order of the call. */
int tmk_sign_queue_count(const struct tmk_sign_queue *queue);
struct tmk_sign_item *tmk_sign_queue_item(struct tmk_sign_queue *queue, int n);

/*
 * The next file, or NULL: there is none any more (*over) or, unless `wait`, it
 * has to wait for files of a lower rank, which the caller may hold himself.
 */
struct tmk_sign_item *tmk_sign_queue_take(struct tmk_sign_queue *queue,
					  bool wait, bool *over);

/* It is on the disk, or failed: it may be told. */
void tmk_sign_queue_done(struct tmk_sign_queue *queue,
			 struct tmk_sign_item *item);

/* Whether the n-th is done; waits for it at most `ms` milliseconds. *finished:
 * how many are. */
bool tmk_sign_queue_wait(struct tmk_sign_queue *queue, int n, int ms,
			 int *finished);

/* Hand out no more. */
void tmk_sign_queue_stop(struct tmk_sign_queue *queue);

#endif
