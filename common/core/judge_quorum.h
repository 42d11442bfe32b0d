/*
 * judge_quorum.h - how many different people signed?
 *
 * Given good signers, it answers for how many people they surely stand. Two
 * signers are one person when they share a key, an OpenPGP primary key or an
 * e-mail address; two certificates also when their subjects are the same and
 * one of them has no address; and whoever has more addresses than are looked at
 * (64, or 16 KiB) cannot be told from anybody. Knows nothing of roles and refs.
 */
#ifndef TMK_CORE_JUDGE_QUORUM_H
#define TMK_CORE_JUDGE_QUORUM_H

#include "base/err.h"
#include "core/judge.h"

#define TMK_JUDGE_SIGNERS_MAX 64	/* looked at for one object */

/*
 * The largest number of findings (of `n` good ones, at most
 * TMK_JUDGE_SIGNERS_MAX), no two of them by one person, but no more than
 * `want`. A bounded search: what it does not find in time does not count.
 * Negative when memory ends.
 */
int tmk_judge_quorum(const struct tmk_finding *const *finding, int n, int want,
		     struct tmk_err *err) TMK_MUST_CHECK;

#endif
