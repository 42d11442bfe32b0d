/*
 * gate_report.c - what the pusher reads. git puts "remote: " before each line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "hooks/gate.h"
#include "hooks/gate_record.h"

#define SHORT_OID 12	/* hex digits shown */

void tmk_gate_report_begin(struct tmk_gate *gate)
{
	tmk_oidmap_release(&gate->said);
	free(gate->said_why);
	gate->said_why = NULL;
	gate->said_room = 0;
}

/* Whether this was told already. Without memory it is told again. */
static bool told(struct tmk_gate *gate, const struct tmk_oid *oid,
		 enum tmk_reason reason)
{
	uint64_t *grown, bit = 1ULL << reason;
	uint32_t room;
	int64_t n;

	_Static_assert(TMK_REASON_COUNT <= 64, "a reason is a bit");
	if (!gate->said.slots && tmk_oidmap_init(&gate->said) < 0)
		return false;
	n = tmk_oidmap_add(&gate->said, oid);
	if (n < 0)
		return false;
	if ((uint32_t)n >= gate->said_room) {
		room = gate->said_room ? gate->said_room * 2 : 64;
		grown = realloc(gate->said_why, room * sizeof(*grown));
		if (!grown)
			return false;
		memset(grown + gate->said_room, 0,
		       (room - gate->said_room) * sizeof(*grown));
		gate->said_why = grown;
		gate->said_room = room;
	}
	if (gate->said_why[n] & bit)
		return true;
	gate->said_why[n] |= bit;
	return false;
}

void tmk_gate_report(struct tmk_gate *gate, const char *ref,
		     const struct tmk_oid *oid, const struct tmk_verdict *v)
{
	char hex[TMK_OID_TEXT] = "-", name[512];

	tmk_gate_record_say(gate, ref, oid, v);
	if (oid && told(gate, oid, v->reason))
		return;
	gate->refused++;
	if (gate->refused <= TMK_GATE_LINES_MAX || gate->audit)
		tmk_gate_progress_break(&gate->progress);
	if (gate->audit) {
		tmk_gate_audit_say(gate, ref, oid, v);
		return;
	}
	if (gate->refused > TMK_GATE_LINES_MAX)
		return;
	if (oid)
		tmk_oid_show(hex, oid)[SHORT_OID] = '\0';
	tmk_enc_show_into(name, sizeof(name), ref, strlen(ref));
	fprintf(stderr, "touchmark: refuse %s %s %s: %s; %s\n", name, hex,
		tmk_reason_id(v->reason), v->text, v->hint);
}

void tmk_gate_report_good(struct tmk_gate *gate, const char *ref,
			  const struct tmk_oid *oid)
{
	const struct tmk_verdict good = TMK_VERDICT_INIT;

	tmk_gate_record_say(gate, ref, oid, &good);
	if (gate->audit && gate->audit->all)
		tmk_gate_audit_say(gate, ref, oid, &good);
}

void tmk_gate_report_push(enum tmk_reason reason, const struct tmk_err *err)
{
	fprintf(stderr, "touchmark: refuse - - %s: %s; %s\n",
		tmk_reason_id(reason), err->text,
		err->hint[0] ? err->hint : tmk_reason_hint(reason));
}

void tmk_gate_report_end(const struct tmk_gate *gate)
{
	if (gate->refused > TMK_GATE_LINES_MAX)
		fprintf(stderr, "touchmark: %d refusals, %d shown\n",
			gate->refused, TMK_GATE_LINES_MAX);
	if (!gate->policy->enforce)
		fprintf(stderr, "touchmark: WARNING: the policy is not "
			"enforced (enforce = false): %d refusal%s, the push "
			"is let in\n", gate->refused,
			gate->refused == 1 ? "" : "s");
}
