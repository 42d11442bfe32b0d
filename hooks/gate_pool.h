/*
 * gate_pool.h - judging in processes that can reach nothing.
 *
 * The hook reads objects; children judge their bytes (gate_bytes.h). A child
 * is made by fork after the policy was loaded and one judgement warmed up
 * everything that OpenSSL loads late; then it gives up files, network and
 * programs (sandbox.h) and answers jobs that come through a socket, in order.
 * One child until there is enough work for more, at most one for each core.
 * A child that dies, is killed, hangs, says nonsense or cannot be confined
 * refuses the push: every function then fails with TMK_INTERNAL. SIGCHLD must
 * not be ignored.
 */
#ifndef TMK_HOOKS_GATE_POOL_H
#define TMK_HOOKS_GATE_POOL_H

#include "base/err.h"
#include "core/policy.h"
#include "hooks/gate_bytes.h"

struct tmk_gate_pool;

/* What becomes of an answer; called from _submit and _drain, in the order of
 * the jobs. `ctx` is the job's own. It must not ask the pool for anything. */
typedef int (*tmk_gate_pool_done)(void *ctx, uint64_t number,
				  const struct tmk_gate_answer *answer,
				  struct tmk_err *err);

/* Prepare; no process is made before the first job. `deadline` is a
 * tmk_clock_ms(). The policy is borrowed as long as the pool lives. */
int tmk_gate_pool_new(struct tmk_gate_pool **out,
		      const struct tmk_policy *policy, int64_t deadline,
		      struct tmk_err *err) TMK_MUST_CHECK;

/* Hand out a job; its bytes are copied before anything else is done. `number`
 * is given back with the answer. May call `done` for earlier jobs; memory
 * stays bounded because it waits for answers when too much is on its way. */
int tmk_gate_pool_submit(struct tmk_gate_pool *pool,
			 const struct tmk_gate_job *job, uint64_t number,
			 tmk_gate_pool_done done, void *ctx,
			 struct tmk_err *err) TMK_MUST_CHECK;

/* Wait until every job that was handed out is answered. */
int tmk_gate_pool_drain(struct tmk_gate_pool *pool, struct tmk_err *err)
	TMK_MUST_CHECK;

/* One job and its answer. */
int tmk_gate_pool_judge(struct tmk_gate_pool *pool,
			struct tmk_gate_answer *answer,
			const struct tmk_gate_job *job, struct tmk_err *err)
	TMK_MUST_CHECK;

/* End the children and free. NULL is fine. */
void tmk_gate_pool_free(struct tmk_gate_pool *pool);

#endif
