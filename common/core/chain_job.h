/*
 * chain_job.h - one hash-chained log, locked and held against its head.
 * Internal to core/chain_log.c and core/chain_rotate.c.
 *
 * Takes up what an interrupted append left whole and notes what is to be cut
 * away; says what is wrong with a log that no append leaves behind. Writes
 * nothing but what it makes: lock, folders, an empty log. Fails with TMK_INPUT.
 */
#ifndef TMK_CORE_CHAIN_JOB_H
#define TMK_CORE_CHAIN_JOB_H

#include "base/buf.h"
#include "core/chain_file.h"

#define TMK_CHAIN_PREFIX 256	/* bytes of "seq" and "prev", more than ever */

/* One log, locked. */
struct tmk_chain_job {
	const char *path;	/* borrowed */
	int lock, fd;
	uint64_t size;		/* of the file */
	bool known;		/* there is a head that can be read */
	bool headed;		/* there is one */
	bool dirty;		/* the head in memory is newer */
	struct tmk_chain_head head;
	char broken[300];	/* why nothing may be appended; or "" */
};

/* Lock, open (`make`: create), look at the end. Released by the caller,
 * whatever comes. */
int tmk_chain_job_begin(struct tmk_chain_job *job, const char *path, bool make,
			struct tmk_err *err) TMK_MUST_CHECK;
void tmk_chain_job_release(struct tmk_chain_job *job);

/* The four fields of the entry that would follow `head`, as far as its hash.
 * Returns the length. */
int tmk_chain_job_prefix(char out[TMK_CHAIN_PREFIX],
			 const struct tmk_chain_head *head);

/* Where the log is gone since a rotation was interrupted between its steps,
 * finish that: the job then goes on in a new log. Any other log stays as it
 * is. */
int tmk_chain_job_rotated(struct tmk_chain_job *job, int64_t time,
			  struct tmk_err *err) TMK_MUST_CHECK;

/* An interrupted append is owed an entry: cut away what is left of it and
 * write that. */
int tmk_chain_job_recover(struct tmk_chain_job *job, int64_t time,
			  struct tmk_err *err) TMK_MUST_CHECK;

#endif
