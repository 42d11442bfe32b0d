/*
 * front_audit_bound.h - how many refused attempts go on record, so that nobody
 * fills a disk by being refused.
 *
 * Of one requester TMK_AUDIT_REFUSED_MAX within TMK_AUDIT_REFUSED_SPAN seconds
 * get an entry of their own; those beyond are counted, and the next entry
 * tells how many there were. The counts of all processes stand in FILE.refused
 * beside the log (docs/PROTOCOL.log): a connection that is made anew begins no
 * new count. What cannot be read there is begun anew. Knows no entry. Private
 * to plugins/front_audit*.c. Nothing to free.
 */
#ifndef TMK_PLUGINS_FRONT_AUDIT_BOUND_H
#define TMK_PLUGINS_FRONT_AUDIT_BOUND_H

#include <stdint.h>

#include "base/err.h"

#define TMK_AUDIT_REFUSED_MAX 32
#define TMK_AUDIT_REFUSED_SPAN 3600	/* s */

/* Whether one more refusal of `who` (NULL: the user himself) at `now` is to
 * have an entry in the log at `path`. 1 with *left_out, the number of those
 * before it that had none; 0 when it is counted alone; TMK_INPUT when that
 * cannot be kept. Waits two seconds at most. */
int tmk_front_audit_bound_take(uint64_t *left_out, const char *path,
			       const char *who, int64_t now,
			       struct tmk_err *err) TMK_MUST_CHECK;

/* The entry could not be written: it and the `left_out` before it wait for the
 * next one. */
void tmk_front_audit_bound_giveback(const char *path, const char *who,
				    uint64_t left_out, int64_t now);

#endif
