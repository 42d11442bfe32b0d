/*
 * front_stamp_trust.h - which timestamp authorities a signer believes.
 *
 * Those under touchmark.tsaRoots; else those that [trust] of touchmark.policy
 * names, since that is what the signature will be judged by. Refuses to know
 * where a timestamp comes from.
 */
#ifndef TMK_PLUGINS_FRONT_STAMP_TRUST_H
#define TMK_PLUGINS_FRONT_STAMP_TRUST_H

#include "base/err.h"
#include "core/config.h"
#include "core/policy.h"
#include "x509/chain.h"

struct tmk_stamp_trust {
	const struct tmk_trust *trust;	/* NULL: nothing says whom to trust */
	enum tmk_revocation revocation;
	struct tmk_trust *own;		/* what was loaded: one of these */
	struct tmk_policy *policy;
};

/*
 * Load it. What was loaded belongs to *out. Roots that are named and cannot be
 * read fail; a policy that cannot leaves trust NULL and the reason in *odd
 * (code 0 when there is none), for a signer is not who mends it.
 */
int tmk_front_stamp_trust_load(struct tmk_stamp_trust *out,
			       const struct tmk_config *config,
			       struct tmk_err *odd, struct tmk_err *err)
	TMK_MUST_CHECK;
/* Free what was loaded. */
void tmk_front_stamp_trust_release(struct tmk_stamp_trust *trust);

#endif
