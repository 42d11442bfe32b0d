/*
 * front_guard_names.h - one key under several names, of which one asks for
 * more than the others.
 *
 * Approvals, a command that must agree and an environment belong to the key,
 * not to the name somebody chose for it. A section means the same key when it
 * names the same URI, when its certificate is of that key, or, without one,
 * when its URI contradicts none of the other's: what cannot be told is taken
 * for the same. Asks no token, which could be slow, gone, or lie.
 */
#ifndef TMK_PLUGINS_FRONT_GUARD_NAMES_H
#define TMK_PLUGINS_FRONT_GUARD_NAMES_H

#include "base/err.h"
#include "core/config.h"
#include "plugins/front_guard.h"

/* 0 when no other section of this key asks for more than the one it is used
 * by; else fails with TMK_REFUSED and names that one. */
int tmk_front_guard_names(const struct tmk_config *config,
			  const struct tmk_front_use *use,
			  struct tmk_err *err) TMK_MUST_CHECK;

#endif
