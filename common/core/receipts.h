/*
 * receipts.h - what a gate's record proves about objects: that they were there
 * at a time, and good.
 *
 * Made from gate logs whose chain must be whole (core/chain_log.h). Of an
 * object that a push brought in, that the log calls good under an enforced
 * policy, the earliest time is kept; everything else in the log counts for
 * nothing. A receipt gives a time, never trust: the signature is judged at
 * that time as any other. Read only once it was loaded.
 */
#ifndef TMK_CORE_RECEIPTS_H
#define TMK_CORE_RECEIPTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TMK_RECEIPTS_MAX 8000000	/* objects; 40 bytes each */

struct tmk_receipts;

/*
 * Read `n` logs. *out belongs to the caller. Fails with TMK_USAGE when one
 * cannot be read or its chain breaks, naming file and line.
 */
int tmk_receipts_load(struct tmk_receipts **out, char *const *path, int n,
		      struct tmk_err *err) TMK_MUST_CHECK;
void tmk_receipts_free(struct tmk_receipts *receipts);

/* When the object with this name (`len` bytes, 20 or 32) was let in as a good
 * one; TMK_TIME_NONE when no log says so. `receipts` may be NULL. */
int64_t tmk_receipts_find(const struct tmk_receipts *receipts,
			  const uint8_t *id, size_t len);

/* The same for an object given by its type ("commit", "tag") and raw bytes;
 * `hex` is 40 or 64, the digits of its repository's names. Fails with
 * TMK_INTERNAL. */
int tmk_receipts_find_object(int64_t *out, const struct tmk_receipts *receipts,
			     size_t hex, const char *type, const uint8_t *data,
			     size_t len, struct tmk_err *err) TMK_MUST_CHECK;

#endif
