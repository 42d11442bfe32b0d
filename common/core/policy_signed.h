/*
 * policy_signed.h - a policy file that is signed itself.
 *
 * FILE.p7s is a detached CMS signature (DER, or one PEM block) over exactly
 * the bytes of FILE, as `touchmark sign FILE` makes it. Who may sign is said
 * outside of the policy. Loads the policy only when the signature is good, and
 * holds what was parsed against what was signed. Fails with TMK_USAGE.
 */
#ifndef TMK_CORE_POLICY_SIGNED_H
#define TMK_CORE_POLICY_SIGNED_H

#include "base/err.h"
#include "core/policy.h"

/* Who may sign policies. Borrowed. */
struct tmk_policy_signers {
	const char *roots;	/* PEM; the leaf needs the EKU codeSigning */
	const char *tsa_roots;	/* PEM; NULL: tokens are ignored, now counts */
	const char *crl;	/* file or folder; NULL: revocation is not
				   known. With it every CA needs a list. */
};

/* As tmk_policy_load, behind the signature. `who` gets the subject of its
 * signer (`size` bytes, escaped; may be NULL). */
int tmk_policy_signed_load(struct tmk_policy **out, char *who, size_t size,
			   const char *path,
			   const struct tmk_policy_signers *signers,
			   struct tmk_err *err) TMK_MUST_CHECK;

#endif
