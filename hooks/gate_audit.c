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
#include "core/judge.h"
#include "hooks/gate.h"
#include "x509/cert.h"

#define HAVE_MAX 1000000	/* refs of a server */

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

int tmk_gate_audit_have(struct tmk_gate *gate, const char *ref,
			const git_oid *oid, struct tmk_err *err)
{
	size_t n = gate->refs;
	struct tmk_gate_ref *grown, own;

	if (n >= HAVE_MAX)
		return tmk_err_set(err, TMK_INPUT, "the server has more than "
				   "%d refs", HAVE_MAX);
	if (!(n & (n - 1))) {
		grown = realloc(gate->ref, (n ? n * 2 : 1) * sizeof(*grown));
		if (!grown)
			return tmk_err_nomem(err);
		gate->ref = grown;
	}
	own.name = strdup(ref);
	if (!own.name)
		return tmk_err_nomem(err);
	git_oid_cpy(&own.oid, oid);
	gate->ref[gate->refs++] = own;
	return 0;
}

/* A certificate's holder, or whom a key without one belongs to. */
static void name_signer(struct tmk_gate_audit *audit,
			const struct tmk_finding *f)
{
	char hex[TMK_FINGERPRINT_TEXT];

	if (f->cert) {
		tmk_cert_subject(audit->signer, sizeof(audit->signer),
				 f->cert);
		snprintf(audit->key, sizeof(audit->key), "sha256:%s",
			 tmk_cert_sha256(hex, f->cert));
		return;
	}
	snprintf(audit->signer, sizeof(audit->signer), "%s", f->user);
	snprintf(audit->key, sizeof(audit->key), "%s", f->key_id);
}

void tmk_gate_audit_found(struct tmk_gate_audit *audit, const git_oid *oid,
			  const struct tmk_finding *f)
{
	audit->known = f != NULL;
	if (!f)
		return;
	git_oid_cpy(&audit->oid, oid);
	audit->time = f->time;
	audit->stamped = f->stamped;
	memcpy(audit->tsa, f->tsa, sizeof(audit->tsa));
	name_signer(audit, f);
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
			const git_oid *oid, const struct tmk_verdict *v)
{
	const struct tmk_gate_audit *a = gate->audit;
	bool who = oid && a->known && git_oid_equal(oid, &a->oid);
	char hex[GIT_OID_HEXSZ + 1] = "", when[TMK_CLOCK_TEXT] = "";
	char name[TMK_GATE_REF_MAX];

	if (oid)
		git_oid_tostr(hex, sizeof(hex), oid);
	if (who && a->time != TMK_TIME_NONE)
		tmk_clock_format(when, a->time);
	field("object", '\t');
	field(tmk_enc_show_into(name, sizeof(name), ref, strlen(ref)), '\t');
	field(hex, '\t');
	field(tmk_reason_id(v->reason), '\t');
	field(gate->under ? gate->under->pattern : "", '\t');
	field(who ? a->signer : "", '\t');
	field(who ? a->key : "", '\t');
	field(when, '\t');
	field(who && a->stamped ? a->tsa : "", '\t');
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
