/*
 * gate_report.c - what the pusher reads. git puts "remote: " before each line.
 */
#include <stdio.h>
#include <string.h>

#include "base/enc.h"
#include "hooks/gate.h"

#define SHORT_OID 12	/* hex digits shown */

void tmk_gate_report(struct tmk_gate *gate, const char *ref,
		     const git_oid *oid, const struct tmk_verdict *v)
{
	char hex[GIT_OID_HEXSZ + 1] = "-", name[512];

	if (gate->refused++ >= TMK_GATE_LINES_MAX)
		return;
	if (oid)
		git_oid_tostr(hex, SHORT_OID + 1, oid);
	tmk_enc_show_into(name, sizeof(name), ref, strlen(ref));
	fprintf(stderr, "touchmark: refuse %s %s %s: %s; %s\n", name, hex,
		tmk_reason_id(v->reason), v->text, v->hint);
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
