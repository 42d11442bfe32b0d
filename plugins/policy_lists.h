/*
 * policy_lists.h - the authorities of a policy that have no current revocation
 * list, for `touchmark policy check`.
 *
 * Looks at who issued a list and until when it is current, and judges nothing:
 * a list of somebody else may stand in for one that is missing. Reads the files
 * that the policy names. Fails with TMK_INPUT, or TMK_INTERNAL.
 */
#ifndef TMK_PLUGINS_POLICY_LISTS_H
#define TMK_PLUGINS_POLICY_LISTS_H

#include <stdint.h>

#include "base/err.h"
#include "core/policy.h"

/* Told of one authority, escaped; `ends` is when its last list ended (s since
 * 1970), TMK_TIME_NONE when there is no list of it. */
typedef void tmk_policy_lists_fn(void *ctx, const char *authority,
				 int64_t ends);

/* Call `fn` for each authority among the roots and intermediates of a policy
 * that was loaded. At `now`, the reader's clock. */
int tmk_policy_lists_missing(const struct tmk_policy *policy, int64_t now,
			     tmk_policy_lists_fn *fn, void *ctx,
			     struct tmk_err *err) TMK_MUST_CHECK;

#endif
