/*
 * policy_keyrings.h - keys that are trusted without a certificate, from the
 * files that a policy or a command line names.
 *
 * Knows no format of its own: the seals read them. Every file must be readable
 * and understood, or nothing is loaded (TMK_USAGE, naming the file).
 */
#ifndef TMK_CORE_POLICY_KEYRINGS_H
#define TMK_CORE_POLICY_KEYRINGS_H

#include "base/err.h"
#include "core/policy.h"
#include "iface/seal.h"

/* Read one keyring out of `paths` files of this format, all in the same form
 * (binary or armoured), 16 MiB together. *out belongs to the caller
 * (tmk_keyring_free). */
int tmk_policy_keyrings_read(struct tmk_keyring **out,
			     enum tmk_seal_format format,
			     const char *const *path, int paths,
			     struct tmk_err *err) TMK_MUST_CHECK;

/* Load what [trust] keyring and allowedSigners name into the policy and its
 * judge. Where a rule takes SSH signatures and no file is named there are no
 * keys but those that a role names. */
int tmk_policy_keyrings_load(struct tmk_policy *policy, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
