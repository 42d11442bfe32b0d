/*
 * oidmap.h - numbers for object ids: the first one added is 0, the next 1.
 *
 * An open table keyed by a secret, so that ids chosen by a stranger do not
 * pile up in it. Knows nothing of objects. Adding fails with -1 when memory
 * ends or the bound is reached; nothing is ever taken out.
 */
#ifndef TMK_HOOKS_OIDMAP_H
#define TMK_HOOKS_OIDMAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "hooks/oid.h"

struct tmk_oidmap {
	struct tmk_oid *key;		/* by number */
	uint32_t count;
	uint32_t room;		/* keys allocated */
	uint32_t *slot;		/* number + 1, 0 free */
	size_t slots;		/* a power of two */
	uint64_t secret[4];
};

/* Start on the stack; draws the secret. -1 when there is no randomness. */
int tmk_oidmap_init(struct tmk_oidmap *map) TMK_MUST_CHECK;
void tmk_oidmap_release(struct tmk_oidmap *map);

/* The number of `oid`, or -1. */
int64_t tmk_oidmap_find(const struct tmk_oidmap *map, const struct tmk_oid *oid);

/* The number of `oid`, which is added when it is new (then it equals the
 * count before the call); -1 on failure. */
int64_t tmk_oidmap_add(struct tmk_oidmap *map, const struct tmk_oid *oid)
	TMK_MUST_CHECK;

#endif
