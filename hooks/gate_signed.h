/*
 * gate_signed.h - the policy behind its signature, when the server asks for
 * one.
 *
 * touchmark.policyRoots in the server's configuration names who may sign
 * policies, touchmark.policyTsaRoots whose timestamps prove when, and
 * touchmark.policyCrl what was revoked. Without the first the policy is loaded
 * as it is, and the other two are errors.
 */
#ifndef TMK_HOOKS_GATE_SIGNED_H
#define TMK_HOOKS_GATE_SIGNED_H

#include "base/err.h"
#include "hooks/gate.h"

/* Load gate->policy from `path`. Fails with TMK_USAGE for a signature that is
 * missing or bad, as for a policy that is. */
int tmk_gate_signed_load(struct tmk_gate *gate, const char *path,
			 struct tmk_err *err) TMK_MUST_CHECK;

#endif
