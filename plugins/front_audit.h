/*
 * front_audit.h - the record of every use of a key (touchmark-audit-log(5)).
 *
 * touchmark.auditLog names a hash-chained log (core/chain_log.h). Each use has
 * two entries: `intent` before the key is used, `result` after it, which names
 * the intent by its number. Both are on the disk when their function returns,
 * so that a signature that was given out is always on record; entries of
 * several threads and processes share one write. Prints nothing.
 */
#ifndef TMK_PLUGINS_FRONT_AUDIT_H
#define TMK_PLUGINS_FRONT_AUDIT_H

#include <stdint.h>

#include "core/config.h"
#include "plugins/front_guard.h"

/* Write the intent; *seq gets its number, 0 when no log is configured. Fails
 * with TMK_INPUT when it cannot be written, TMK_REFUSED when the log is not
 * what was written. */
int tmk_front_audit_intent(uint64_t *seq, const struct tmk_config *config,
			   const struct tmk_front_use *use,
			   struct tmk_err *err) TMK_MUST_CHECK;

/* Write the result of intent `seq` (0: nothing is written). */
int tmk_front_audit_result(const struct tmk_config *config, uint64_t seq,
			   const struct tmk_front_use *use,
			   const struct tmk_front_outcome *outcome,
			   struct tmk_err *err) TMK_MUST_CHECK;

/*
 * A use that was refused, and why: an entry `refused` with the fields of an
 * intent as far as they are known (no SPKI, digest and place otherwise), texts
 * cut to 256 bytes. It is no use of a key. A requester who is refused again
 * and again is counted (front_audit_bound.h). A no stays one whatever becomes
 * of the entry: use->warn hears of one that cannot be written.
 */
void tmk_front_audit_refused(const struct tmk_config *config,
			     const struct tmk_front_use *use,
			     const struct tmk_err *why);

/* A timestamp was put beside a signature after it was made: `seal` as the
 * result has it, without the timestamp. `stamped` TMK_TIME_NONE: nothing is
 * written. */
int tmk_front_audit_stamped(const struct tmk_config *config,
			    const uint8_t *seal, size_t len, int64_t stamped,
			    struct tmk_err *err) TMK_MUST_CHECK;

/* The same by `touchmark stamp`, with what was done to which file. Borrowed. */
struct tmk_front_restamp {
	const char *artefact;	/* the signature's own file, as it was named */
	const struct tmk_buf *was;	/* the seal in binary, before */
	const struct tmk_buf *is;	/* and with the new timestamp */
	int64_t stamped;	/* genTime of the new one */
	const char *tsa;	/* its authority, escaped */
};
int tmk_front_audit_restamp(const struct tmk_config *config,
			    const struct tmk_front_restamp *what,
			    struct tmk_err *err) TMK_MUST_CHECK;

/* An event in the life of a key that is no use of it: "generated", "adopted",
 * "destroyed", "denied", "pin-changed". `note` (or NULL) says more. */
int tmk_front_audit_event(const struct tmk_config *config, const char *event,
			  const char *key, const uint8_t *spki,
			  size_t spki_len, const char *note,
			  struct tmk_err *err) TMK_MUST_CHECK;

#endif
