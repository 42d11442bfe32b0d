/*
 * gate_audit.c - the same judgement, asked for by hand.
 *
 * What differs from a push: whose policy it is, which refs count, and that
 * every verdict is told, to a program. What judges is the same code.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/enc.h"
#include "hooks/gate.h"

int tmk_gate_audit_open(struct tmk_gate *gate, struct tmk_err *err)
{
	const char *path = gate->audit->policy;

	if (access(path, F_OK) < 0)
		return tmk_err_set(err, TMK_USAGE, "there is no policy %s",
				   path);
	if (tmk_policy_load(&gate->policy, path, err) < 0)
		return -1;
	return tmk_gate_open_rules(gate, err);
}

void tmk_gate_audit_found(struct tmk_gate_audit *audit,
			  const struct tmk_oid *oid,
			  const struct tmk_gate_answer *answer)
{
	audit->known = answer && answer->signers;
	if (!audit->known)
		return;
	audit->oid = *oid;
	audit->signer = answer->signer[0];
}

/* One field and what follows it. Nothing in it can end the field. */
static void field(const char *text, char end)
{
	char shown[4096];

	tmk_enc_line_into(shown, sizeof(shown), text, strlen(text));
	fputs(shown, stdout);
	putchar(end);
}

void tmk_gate_audit_say(const struct tmk_gate *gate, const char *ref,
			const struct tmk_oid *oid, const struct tmk_verdict *v)
{
	const struct tmk_gate_audit *a = gate->audit;
	bool who = oid && a->known && tmk_oid_equal(oid, &a->oid);
	const struct tmk_gate_signer *s = &a->signer;
	char hex[TMK_OID_TEXT] = "", when[TMK_CLOCK_TEXT] = "";
	char name[TMK_GATE_REF_MAX];

	if (oid)
		tmk_oid_show(hex, oid);
	if (who && s->time != TMK_TIME_NONE)
		tmk_clock_format(when, s->time);
	field("object", '\t');
	field(tmk_enc_show_into(name, sizeof(name), ref, strlen(ref)), '\t');
	field(hex, '\t');
	field(tmk_reason_id(v->reason), '\t');
	field(gate->under ? gate->under->pattern : "", '\t');
	field(who ? s->who : "", '\t');
	field(who ? s->key : "", '\t');
	field(when, '\t');
	field(who && s->stamped ? s->tsa : "", '\t');
	field(v->text, '\t');
	field(v->hint, '\n');
}

void tmk_gate_audit_say_failed(enum tmk_reason reason,
			       const struct tmk_err *err)
{
	field("failed", '\t');
	field(tmk_reason_id(reason), '\t');
	field(err->text, '\t');
	field(err->hint[0] ? err->hint : tmk_reason_hint(reason), '\n');
}

int tmk_gate_audit_end(const struct tmk_gate *gate, struct tmk_err *err)
{
	printf("end\t%" PRIu64 "\t%d\t%s\n", gate->audit->judged,
	       gate->refused, gate->policy->enforce ? "enforced" :
	       "not-enforced");
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	return tmk_err_set(err, TMK_INPUT, "standard output: %s",
			   errno ? strerror(errno) :
			   "not everything was written");
}
