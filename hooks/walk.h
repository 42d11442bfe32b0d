/*
 * walk.h - which commits does a tip bring in?
 *
 * A walk over raw parent links, newest first by the dates that the commits
 * claim. The dates only choose the order: marks flow from commits to their
 * parents alone, so whatever lies about its date is looked at too often, never
 * too seldom. After tmk_walk_settle the marks are exact.
 *
 * Grafts, replace refs and shallow files are unknown here: only what the
 * object itself says counts. Knows no rule and judges nothing. Every function
 * is bounded by the gate's deadline and [limits] commits and says so in the
 * walk's verdict; negative means that it could not walk (TMK_INTERNAL).
 */
#ifndef TMK_HOOKS_WALK_H
#define TMK_HOOKS_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "hooks/gate.h"
#include "hooks/light.h"
#include "hooks/oidmap.h"
#include "iface/verdict.h"

enum tmk_walk_mark {
	TMK_WALK_NEW = 1,	/* reached from the tip */
	TMK_WALK_OLD = 2,	/* reached from the ref's old value, or from
				   one judged along first parents as well */
	TMK_WALK_KNOWN = 4,	/* let in under a rule as strict, or judged */
	TMK_WALK_EXEMPT = 8	/* [exempt] */
};

#define TMK_WALK_HIDDEN (TMK_WALK_OLD | TMK_WALK_KNOWN | TMK_WALK_EXEMPT)

enum tmk_walk_state {
	TMK_WALK_UNREAD = 0,	/* named by a child, not reached yet */
	TMK_WALK_GOOD,		/* a commit whose links were read */
	TMK_WALK_MISSING,
	TMK_WALK_BROKEN		/* no commit, too large, or unreadable */
};

struct tmk_walk_entry {
	int64_t time;		/* claimed */
	uint32_t parent;	/* first of its links in walk->link */
	uint32_t child;		/* that named it first; itself at the start */
	uint16_t parents;
	uint8_t marks;
	uint8_t sent;		/* marks handed on to the parents */
	uint8_t state;		/* enum tmk_walk_state */
	uint8_t queued;
	uint8_t good;		/* it was judged on the way, and is good */
};

/* A new commit that nothing has hidden so far is read; `raw` is borrowed for
 * the call, in which the walk must not be used. */
typedef int (*tmk_walk_seen)(void *ctx, uint32_t n,
			     const struct tmk_gate_raw *raw,
			     struct tmk_err *err);

struct tmk_walk {
	struct tmk_gate *gate;
	bool first_parent;	/* NEW and OLD follow first parents alone */
	struct tmk_oidmap ids;
	struct tmk_walk_entry *entry;	/* by number in ids */
	uint32_t room;
	uint32_t *link;		/* numbers of parents */
	uint32_t links, link_room;
	uint32_t *heap;		/* numbers, newest first */
	uint32_t heaped, heap_room;
	uint32_t live;		/* queued entries that are new, not hidden */
	uint32_t news;		/* new commits taken from the queue */
	const struct tmk_oidmap *judged;	/* KNOWN without a mark */
	tmk_walk_seen seen;	/* NULL: nobody wants to know */
	void *seen_ctx;
	struct tmk_verdict stop;	/* why the walk had to end early */
	struct tmk_light_commit light;
};

/* Start. `judged` (may be NULL) are commits that count as KNOWN; borrowed. */
int tmk_walk_init(struct tmk_walk *walk, struct tmk_gate *gate,
		  bool first_parent, const struct tmk_oidmap *judged,
		  struct tmk_err *err) TMK_MUST_CHECK;
void tmk_walk_release(struct tmk_walk *walk);

/* Mark a commit to begin from. One that is not there and is not NEW is
 * passed over. */
int tmk_walk_push(struct tmk_walk *walk, const struct tmk_oid *oid,
		  unsigned int marks, struct tmk_err *err) TMK_MUST_CHECK;

/* Go on until every new commit that is not hidden was found, or `most` new
 * ones were (0: no bound). Returns 1 when there is nothing left to find, 0
 * when it stopped before (walk->stop, or `most`). */
int tmk_walk_run(struct tmk_walk *walk, uint32_t most, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Go on until every mark has reached everything it can: from now on a commit
 * that is not hidden is not reachable from anything hidden. */
int tmk_walk_settle(struct tmk_walk *walk, struct tmk_err *err)
	TMK_MUST_CHECK;

/* The entry of a commit; NULL when the walk never met it. */
const struct tmk_walk_entry *tmk_walk_find(const struct tmk_walk *walk,
					   const struct tmk_oid *oid);

#endif
