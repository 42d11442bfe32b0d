/*
 * judge_job.h - one judgement while it is made: what its steps share. Internal
 * to core/.
 *
 * A step refuses in job->v and returns 0, or returns a negative number with
 * job->err when it could not judge. Everything is borrowed.
 */
#ifndef TMK_CORE_JUDGE_JOB_H
#define TMK_CORE_JUDGE_JOB_H

#include <stdbool.h>

#include "core/judge.h"

#define TMK_JUDGE_RSA_ANY 512	/* bits: only absurd keys fall */

/* All that one judgement looks at. */
struct tmk_judge_job {
	struct tmk_finding *finding;
	const struct tmk_judge *judge;
	const struct tmk_evidence *evidence;
	const struct tmk_signature *sig;
	struct tmk_verdict *v;
	struct tmk_err *err;
};

/* Whether nothing was refused so far. */
static inline bool tmk_judge_good(const struct tmk_judge_job *job)
{
	return job->v->reason == TMK_GOOD;
}

/* The shortest RSA key that the judge accepts, in bits. */
unsigned int tmk_judge_least_rsa(const struct tmk_judge *judge);

/* Find the trusted time (judge.c): a token's, else the clock's, into
 * finding->time, ->stamped and ->tsa. */
int tmk_judge_time(const struct tmk_judge_job *job) TMK_MUST_CHECK;

/* Whether judge->vouched may stand in for a time that came too late: nothing
 * else gives a time, and the rule does not refuse every proof of one. */
bool tmk_judge_is_vouched(const struct tmk_judge_job *job);

/* Judge a signature whose key comes from a keyring (judge_key.c), after limits
 * and digest. */
int tmk_judge_by_key(const struct tmk_judge_job *job, int i,
		     const uint8_t *digest, size_t digest_len) TMK_MUST_CHECK;

#endif
