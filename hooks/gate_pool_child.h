/*
 * gate_pool_child.h - the process in which judging is done.
 *
 * It reads jobs from its socket and writes answers to it until the socket
 * closes. What it is to judge with was loaded before it was made.
 */
#ifndef TMK_HOOKS_GATE_POOL_CHILD_H
#define TMK_HOOKS_GATE_POOL_CHILD_H

#include <sys/types.h>

#include "hooks/gate_pool.h"

/* tmk_gate_bytes_judge, or what a test puts in its place. */
typedef int (*tmk_gate_pool_judge_fn)(struct tmk_gate_answer *answer,
				      const struct tmk_policy *policy,
				      const struct tmk_gate_job *job,
				      struct tmk_err *err);

/* How a pool is made. */
struct tmk_gate_pool_setup {
	tmk_gate_pool_judge_fn judge;
	/* called once in the hook before the first process is made, so that
	 * nothing has to be opened later; NULL: nothing to do */
	int (*warm)(const struct tmk_policy *policy, struct tmk_err *err);
	int processes;		/* at most; 0: as the policy says */
	int64_t grace;		/* ms beyond the deadline for an answer */
};

/* As tmk_gate_pool_new, for whom wants it otherwise. */
int tmk_gate_pool_make(struct tmk_gate_pool **out,
		       const struct tmk_gate_pool_setup *setup,
		       const struct tmk_policy *policy, int64_t deadline,
		       struct tmk_err *err) TMK_MUST_CHECK;

/* How many processes there are now. */
int tmk_gate_pool_processes(const struct tmk_gate_pool *pool);

/* Be the child: confine, say so, judge what comes over `fd`. Does not return.
 * `parent` is the process to end with. */
void tmk_gate_pool_child_run(int fd, pid_t parent,
			     tmk_gate_pool_judge_fn judge,
			     const struct tmk_policy *policy)
	__attribute__((noreturn));

#endif
