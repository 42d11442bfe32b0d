/*
 * front_trust.h - from options or the configured policy to a judge, for the
 * verifying commands.
 */
#ifndef TMK_PLUGINS_FRONT_TRUST_H
#define TMK_PLUGINS_FRONT_TRUST_H

#include "base/err.h"
#include "base/opt.h"
#include "core/config.h"
#include "core/judge.h"
#include "core/policy.h"

/* What the command line says; empty lists and NULL for what it does not. */
struct tmk_trust_options {
	const char *policy;
	struct tmk_opt_list roots, tsa_roots, crl;
	int64_t at;		/* TMK_TIME_NONE: now */
	const char *keyring;	/* OpenPGP */
	const char *allowed_signers;	/* SSH */
	const char *minisign_key;	/* and signify: one public key */
};

struct tmk_front_trust {
	struct tmk_policy *policy;	/* when one was used; owns the trust */
	struct tmk_trust *trust, *tsa_trust;	/* when options were */
	struct tmk_keyring *openpgp, *ssh, *minisign;	/* when options named them */
	struct tmk_judge judge;
};

/*
 * --policy, or --roots/--tsa-roots/--crl (revocation `check` without --crl,
 * `require` with it), or config->policy; none of them is TMK_USAGE with a
 * hint. --keyring, --allowed-signers and --minisign-key trust keys beside a --policy or
 * --roots; alone they trust nothing else, whatever is configured. What was
 * loaded belongs to *out.
 */
int tmk_front_trust_load(struct tmk_front_trust *out,
			 const struct tmk_trust_options *options,
			 const struct tmk_config *config, struct tmk_err *err)
	TMK_MUST_CHECK;
void tmk_front_trust_release(struct tmk_front_trust *trust);

#endif
