/*
 * policy_artefacts.h - what the [artefact] sections of a policy ask of files,
 * in words, and what is allowed there but rarely meant. For `touchmark policy
 * check`. Nothing fails.
 */
#ifndef TMK_PLUGINS_POLICY_ARTEFACTS_H
#define TMK_PLUGINS_POLICY_ARTEFACTS_H

#include "base/err.h"
#include "core/policy.h"

/* Print every section to standard output. */
void tmk_policy_artefacts_show(const struct tmk_policy *policy);

/* Told of one thing that is doubtful: the section's line and a sentence. */
typedef void tmk_policy_artefacts_fn(int line, const char *path,
				     const char *fmt, ...) TMK_PRINTF(3, 4);

/* Call `warn` for each of them. */
void tmk_policy_artefacts_warn(const struct tmk_policy *policy,
			       tmk_policy_artefacts_fn *warn);

#endif
