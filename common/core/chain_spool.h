/*
 * chain_spool.h - what is going to be an entry of a log, collected piece by
 * piece.
 *
 * Small ones stay in memory. A large one goes into a file beside the log that
 * has no name, so that nothing is left behind by a crash and memory does not
 * grow with a push. Knows nothing of what is collected. A failure sticks: the
 * first one is told by tmk_chain_spool_finish, once.
 */
#ifndef TMK_CORE_CHAIN_SPOOL_H
#define TMK_CORE_CHAIN_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct tmk_chain_spool {
	const char *beside;	/* a file in whose folder it lies, borrowed */
	struct tmk_buf text;	/* what is not in the file yet */
	int fd;			/* -1: all of it is in `text` */
	uint64_t len;		/* bytes added */
	struct tmk_err err;	/* the first failure */
};

/* Start; `beside` is borrowed until _release. */
void tmk_chain_spool_init(struct tmk_chain_spool *spool, const char *beside);
void tmk_chain_spool_release(struct tmk_chain_spool *spool);

/* Append. */
void tmk_chain_spool_add(struct tmk_chain_spool *spool, const void *data,
			 size_t len);
void tmk_chain_spool_addstr(struct tmk_chain_spool *spool, const char *text);

/* Whether everything was kept; else TMK_INPUT or TMK_INTERNAL. Nothing may be
 * added afterwards. */
int tmk_chain_spool_finish(struct tmk_chain_spool *spool, struct tmk_err *err)
	TMK_MUST_CHECK;

typedef int (*tmk_chain_spool_sink)(void *ctx, const void *data, size_t len,
				    struct tmk_err *err);

/* Hand all of it to `sink`, in pieces. */
int tmk_chain_spool_copy(const struct tmk_chain_spool *spool,
			 tmk_chain_spool_sink sink, void *ctx,
			 struct tmk_err *err) TMK_MUST_CHECK;

#endif
