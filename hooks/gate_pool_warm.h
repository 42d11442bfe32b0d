/*
 * gate_pool_warm.h - what the hook does once before it makes a process that
 * can open nothing any more.
 *
 * Nothing that is pushed is looked at. Fails with TMK_INTERNAL.
 */
#ifndef TMK_HOOKS_GATE_POOL_WARM_H
#define TMK_HOOKS_GATE_POOL_WARM_H

#include "base/err.h"
#include "core/policy.h"

/* Load whatever libc and libcrypto load late. */
int tmk_gate_pool_warm(const struct tmk_policy *policy, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
