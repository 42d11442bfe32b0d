/*
 * front_log_seals.h - the timestamps that stand in a log, held against its
 * lines while it is read.
 *
 * A timestamp covers the hash of an earlier entry, and with it everything
 * before. The hashes of the last lines are kept (a bound, not all of them);
 * one that covers an older line is counted, not believed. Knows no file.
 */
#ifndef TMK_PLUGINS_FRONT_LOG_SEALS_H
#define TMK_PLUGINS_FRONT_LOG_SEALS_H

#include "base/err.h"
#include "core/chain_log.h"
#include "x509/chain.h"

struct tmk_log_seals;

/* What was found. */
struct tmk_log_proof {
	uint64_t seals;		/* timestamps that are good */
	uint64_t covers;	/* the last entry that one of them covers */
	int64_t time;		/* and by when it stood there */
	char tsa[256];		/* who says so, escaped */
	uint64_t unknown;	/* that cover a line too far away */
	uint64_t broken;	/* entry whose timestamp is not good; 0: none */
	char text[512];		/* and why, escaped */
};

/* `trust` (borrowed; NULL: signatures alone are checked) says which
 * authorities are believed. *out belongs to the caller. */
int tmk_log_seals_new(struct tmk_log_seals **out,
		      const struct tmk_trust *trust,
		      enum tmk_revocation revocation, struct tmk_err *err)
	TMK_MUST_CHECK;
void tmk_log_seals_free(struct tmk_log_seals *seals);

/* For tmk_chain_log_read, one file after the other, the oldest first. */
const struct tmk_chain_visit *tmk_log_seals_visit(struct tmk_log_seals *seals);

/* What was found so far; borrowed. */
const struct tmk_log_proof *tmk_log_seals_proof(
	const struct tmk_log_seals *seals);

#endif
