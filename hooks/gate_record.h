/*
 * gate_record.h - the gate's record: one entry of a hash-chained log for each
 * push, with every verdict (docs/PROTOCOL.log).
 *
 * touchmark.gateLog in the server's configuration names the log. Verdicts are
 * kept as they come, in memory or in a file without a name, and become one
 * entry when the push was judged; git hears of success only when that is on
 * the disk. What the environment says of the pusher is kept as what it is: the
 * server's word. Judges nothing. A record that cannot be kept refuses the
 * push: tmk_gate_record_end fails then.
 */
#ifndef TMK_HOOKS_GATE_RECORD_H
#define TMK_HOOKS_GATE_RECORD_H

#include "base/err.h"
#include "hooks/gate.h"

struct tmk_gate_record;

/*
 * Read the configuration of the open repository, and see that an entry could
 * be written. gate->record stays NULL when no log is configured. Fails with
 * TMK_USAGE for what is configured wrongly, TMK_INTERNAL when the log cannot
 * be written or is not what was written.
 */
int tmk_gate_record_open(struct tmk_gate *gate, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Who signed an object, as far as it is known (`answer` may be NULL); for the
 * verdicts about it that come next. `record` may be NULL, here and below. */
void tmk_gate_record_found(struct tmk_gate_record *record,
			   const struct tmk_oid *oid,
			   const struct tmk_gate_answer *answer);

/* A verdict, under gate->under. `oid` may be NULL. */
void tmk_gate_record_say(struct tmk_gate *gate, const char *ref,
			 const struct tmk_oid *oid,
			 const struct tmk_verdict *v);

/*
 * The push was judged, or could not be: then `why` is not NULL, and `reason`
 * that of the whole push. Write the entry, and tell syslog when that is
 * configured. On failure (TMK_INTERNAL) the push must not come in.
 */
int tmk_gate_record_end(struct tmk_gate *gate, enum tmk_reason reason,
			const struct tmk_err *why, struct tmk_err *err)
	TMK_MUST_CHECK;

/* NULL is fine. */
void tmk_gate_record_free(struct tmk_gate_record *record);

#endif
