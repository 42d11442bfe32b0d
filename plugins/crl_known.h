/*
 * crl_known.h - who may sign the CRLs that `touchmark crl-fetch` keeps: the
 * certificates that a policy names, and those of --cert files that stand under
 * its roots.
 *
 * Reads files; asks no network. Fails with TMK_USAGE for what the policy names
 * and TMK_INPUT for a --cert file.
 */
#ifndef TMK_PLUGINS_CRL_KNOWN_H
#define TMK_PLUGINS_CRL_KNOWN_H

#include <stdint.h>

#include "base/err.h"
#include "base/opt.h"
#include "core/policy.h"
#include "plugins/crl_list.h"

/*
 * Fill `known` (certificates belong to it) and add to `list` what all of them
 * say about where CRLs are. A certificate of a --cert file tells where its
 * CRLs are in any case, but may sign one only with a path to a root of the
 * policy, at `now` (s since 1970) or when it was last valid.
 */
int tmk_crl_known(STACK_OF(X509) *known, struct tmk_crl_list *list,
		  const struct tmk_policy *policy,
		  const struct tmk_opt_list *certs, int64_t now,
		  struct tmk_err *err) TMK_MUST_CHECK;

#endif
