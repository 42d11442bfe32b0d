/*
 * gate_record_job.h - what the parts of the gate's record share. Internal to
 * hooks/gate_record*.c.
 *
 * A record is a few spools that become one entry. Pieces of JSON are made in
 * `text` and moved on from there. A failure sticks in the spool it hit.
 */
#ifndef TMK_HOOKS_GATE_RECORD_JOB_H
#define TMK_HOOKS_GATE_RECORD_JOB_H

#include "base/buf.h"
#include "base/json.h"
#include "core/chain_log.h"
#include "hooks/gate_record.h"
#include "x509/digest.h"

#define TMK_GATE_RECORD_PIECE (128 * 1024)	/* bytes of one piece */
#define TMK_GATE_RECORD_SIGNERS 256	/* told apart; more are told again */

struct tmk_gate_record {
	char *path;		/* of the log */
	int facility;		/* of syslog; -1: it is not told */
	struct tmk_buf text;	/* one piece while it is made */
	struct tmk_chain_spool head;	/* all before the verdicts */
	struct tmk_chain_spool signers, verdicts;
	struct tmk_chain_spool tail;	/* what closes them */
	struct tmk_buf group;	/* the fields of the open group */
	bool group_named;	/* an object stands in it */
	/* SHA-256 of each signer as he was written */
	uint8_t signer[TMK_GATE_RECORD_SIGNERS][TMK_DIGEST_MAX];
	uint32_t signers_written;
	uint64_t judged;	/* verdicts about objects */
	struct tmk_oid oid;	/* of `answer` */
	bool known;
	struct tmk_gate_answer answer;
	/* Of the last verdict, when it was a good one with a signer: most
	 * objects of a push differ from the one before in their name alone. */
	bool again;
	const struct tmk_ref_rule *last_under;
	char last_ref[TMK_GATE_REF_MAX];
	bool no_memory;
};

/* Everything before the verdicts, into `head` (gate_record_entry.c). */
void tmk_gate_record_entry(const struct tmk_gate *gate, enum tmk_reason reason,
			   const struct tmk_err *why);

/* How the push ended: "accepted", "let-in" or "refused". */
const char *tmk_gate_record_outcome(const struct tmk_gate *gate,
				    const struct tmk_err *why);

/* Add what `text` holds between its first and its last byte, the braces of an
 * object, to a spool. */
void tmk_gate_record_fields(struct tmk_gate_record *record,
			    struct tmk_chain_spool *to, struct tmk_json *j);

/* The facility that a value of touchmark.gateSyslog names: -1 for false, -2
 * for what is none (gate_record_syslog.c). */
int tmk_gate_record_facility(const char *value);

/* Tell syslog of the entry that was written. */
void tmk_gate_record_forward(const struct tmk_gate *gate,
			     enum tmk_reason reason, const struct tmk_err *why,
			     const struct tmk_chain_head *head);

#endif
