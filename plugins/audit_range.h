/*
 * audit_range.h - which changes of refs are to be judged?
 *
 * Writes what the gate reads: a line "old new ref" for each change, and "have
 * oid ref" for each ref that a server is known to have, as the remote-tracking
 * branches tell. A name of the local repository is never taken for one of a
 * server's. Knows no policy. Fails with TMK_USAGE or TMK_INPUT.
 */
#ifndef TMK_PLUGINS_AUDIT_RANGE_H
#define TMK_PLUGINS_AUDIT_RANGE_H

#include "base/buf.h"
#include "base/err.h"

#define TMK_AUDIT_INPUT_MAX (64u << 20)	/* bytes for the gate */

/*
 * `A..B` (new commits of B that A does not have; an empty side is HEAD), or
 * one revision: its whole history, or the tag that it names. `ref` is the
 * server's ref whose rules count, NULL for the one of that name.
 */
int tmk_audit_range_named(struct tmk_buf *input, const char *range,
			  const char *ref, struct tmk_err *err)
	TMK_MUST_CHECK;

/* What `git push` would bring in now: HEAD against the branch that it is
 * pushed to, else against its upstream; without one the whole history beside
 * the refs of the remote. */
int tmk_audit_range_default(struct tmk_buf *input, const char *ref,
			    struct tmk_err *err) TMK_MUST_CHECK;

/* The lines that git gives to a pre-push hook (githooks(5)) on `fd`; `remote`
 * is its first argument. *changes gets how many there were. */
int tmk_audit_range_pre_push(struct tmk_buf *input, int *changes, int fd,
			     const char *remote, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
