/*
 * gate_bytes.c - one object: split, armour opened, seal judged.
 */
#include "hooks/gate_bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "core/judge_object.h"
#include "core/receipts.h"
#include "formats/armour.h"
#include "formats/git_object.h"
#include "formats/git_pushcert.h"
#include "x509/cert.h"

extern const struct tmk_format_ops tmk_format_git_commit;
extern const struct tmk_format_ops tmk_format_git_tag;

/* The strict grammar, and who the object says made it. */
static bool read_form(struct tmk_judge_object *o, struct tmk_oid *tree,
		      const struct tmk_gate_job *job, struct tmk_verdict *v)
{
	struct tmk_git_commit commit;
	struct tmk_git_tag tag;

	if (o->tag) {
		if (!tmk_git_tag_parse(&tag, job->data, job->len, job->hex,
				       v))
			return false;
		o->email = tag.tagger.email;
		o->has_signature = tag.has_signature;
		return true;
	}
	if (!tmk_git_commit_parse(&commit, job->data, job->len, job->hex, v))
		return false;
	o->email = commit.committer.email;
	o->has_signature = commit.has_signature;
	if (commit.tree.len != job->hex ||
	    !tmk_oid_read(tree, (const char *)commit.tree.data, job->hex))
		tmk_verdict_refuse(v, TMK_OBJECT_MALFORMED,
				   "the tree is no object id");
	return v->reason == TMK_GOOD;
}

/* The certificates above the signer's, as far as there is room for them. */
static void name_chain(struct tmk_gate_signer *s, STACK_OF(X509) *chain)
{
	char hex[TMK_FINGERPRINT_TEXT];
	size_t len = 0;
	int i;

	for (i = 1; i < sk_X509_num(chain); i++) {
		tmk_cert_sha256(hex, sk_X509_value(chain, i));
		if (i == 1)
			snprintf(s->issuer, sizeof(s->issuer), "sha256:%s",
				 hex);
		if (len + TMK_FINGERPRINT_TEXT + 1 <= sizeof(s->chain))
			len += (size_t)snprintf(s->chain + len,
						sizeof(s->chain) - len, "%s%s",
						len ? " " : "", hex);
	}
}

static void name_signer(struct tmk_gate_signer *s,
			const struct tmk_finding *f)
{
	char hex[TMK_FINGERPRINT_TEXT];

	memset(s, 0, sizeof(*s));
	s->time = f->time;
	s->stamped = f->stamped;
	s->vouched = f->vouched;
	memcpy(s->tsa, f->tsa, sizeof(s->tsa));
	if (!f->cert) {
		snprintf(s->who, sizeof(s->who), "%s", f->user);
		snprintf(s->key, sizeof(s->key), "%s", f->key_id);
		return;
	}
	tmk_cert_subject(s->who, sizeof(s->who), f->cert);
	snprintf(s->key, sizeof(s->key), "sha256:%s",
		 tmk_cert_sha256(hex, f->cert));
	name_chain(s, f->chain);
}

/* Approvals may come in armour as well; what is none of ours stays as it is
 * and counts for nothing. */
struct approvals {
	struct tmk_buf opened[TMK_GATE_EXTRAS_MAX];
	struct tmk_span span[TMK_GATE_EXTRAS_MAX];
};

static int open_approvals(struct approvals *a, const struct tmk_gate_job *job,
			  struct tmk_err *err)
{
	enum tmk_seal_format format;
	struct tmk_verdict v;
	int i;

	for (i = 0; i < job->extras; i++) {
		a->span[i] = job->extra[i];
		tmk_buf_init(&a->opened[i], TMK_SEAL_MAX);
		if (!job->extra[i].len || job->extra[i].data[0] != '-')
			continue;
		v = (struct tmk_verdict)TMK_VERDICT_INIT;
		format = 0;
		if (tmk_armour_read(&a->opened[i], &format, job->extra[i].data,
				    job->extra[i].len, &v, err) < 0)
			return -1;
		if (v.reason == TMK_GOOD && format == TMK_FORMAT_X509)
			a->span[i] = (struct tmk_span){ a->opened[i].data,
				a->opened[i].len };
	}
	return 0;
}

/* Those inside the object, whatever became of them; beside it those alone that
 * count, or it would be said of strangers that they approved. */
static void name_signers(struct tmk_gate_answer *answer,
			 const struct tmk_judge_object *o)
{
	const struct tmk_judge_signer *s;
	int i;

	for (i = 0; i < o->signers &&
	     answer->signers < TMK_SIGNATURES_MAX; i++) {
		s = &o->signer[i];
		if (!s->beside || s->finding.verdict.reason == TMK_GOOD)
			name_signer(&answer->signer[answer->signers++],
				    &s->finding);
	}
}

/* With the approvals beside it. */
static int judge_with(struct tmk_gate_answer *answer,
		      struct tmk_judge_object *o,
		      const struct tmk_gate_job *job,
		      const struct tmk_ref_rule *rule, struct tmk_err *err)
{
	struct approvals *a = NULL;
	int i, ret = -1;

	if (job->extras < 0 || job->extras > TMK_GATE_EXTRAS_MAX)
		return tmk_err_set(err, TMK_INTERNAL, "%d approvals",
				   job->extras);
	if (job->extras && rule->threshold > 1) {
		a = calloc(1, sizeof(*a));
		if (!a)
			return tmk_err_nomem(err);
		if (open_approvals(a, job, err) < 0)
			goto out;
		o->approval = a->span;
	}
	ret = tmk_judge_object_rule(o, rule, &answer->v, err);
	if (!ret)
		name_signers(answer, o);
out:
	/* what is released refers to what was opened */
	tmk_judge_object_release(o);
	for (i = 0; a && i < job->extras; i++)
		tmk_buf_release(&a->opened[i]);
	free(a);
	return ret;
}

/* The seal, taken out of its armour, against the rule. */
static int judge_seal(struct tmk_gate_answer *answer,
		      struct tmk_judge_object *o,
		      const struct tmk_gate_job *job,
		      const struct tmk_ref_rule *rule,
		      const struct tmk_parts *parts, struct tmk_err *err)
{
	struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);
	int ret = -1;

	if (o->has_signature &&
	    tmk_armour_read(&der, &o->format, parts->armour.data,
			    parts->armour.len, &answer->v, err) < 0)
		goto out;
	ret = 0;
	if (answer->v.reason != TMK_GOOD)
		goto out;
	o->payload = parts->payload;
	o->payloads = parts->payloads;
	o->seal = der.data;
	o->seal_len = der.len;
	ret = judge_with(answer, o, job, rule, err);
out:
	tmk_judge_object_release(o);
	tmk_buf_release(&der);
	return ret;
}

/*
 * A push certificate: good for a rule when a member of its role signed in a
 * format that it allows; without a rule anybody whom the policy trusts. It
 * names no identity, and its nonce says when it was made.
 */
static int judge_pushcert(struct tmk_gate_answer *answer,
			  const struct tmk_policy *policy,
			  const struct tmk_gate_job *job, struct tmk_err *err)
{
	struct tmk_ref_rule rule = { .formats = ~0u,
		.timestamp = TMK_STAMP_WHEN_EXPIRED };
	struct tmk_git_pushcert cert;
	struct tmk_judge_object o;
	struct tmk_parts parts;
	int ret = 0;

	if (job->rule >= 0)
		rule = policy->rule[job->rule];
	if (rule.timestamp == TMK_STAMP_ALWAYS)
		rule.timestamp = TMK_STAMP_WHEN_EXPIRED;
	rule.identity = TMK_IDENTITY_OFF;
	rule.threshold = 1;
	if (!tmk_git_pushcert_parse(&cert, job->data, job->len, job->hex,
				    &answer->v))
		return 0;
	tmk_parts_init(&parts);
	tmk_judge_object_init(&o);
	o.policy = policy;
	o.has_signature = true;
	parts.payload[0] = cert.payload;
	parts.payloads = 1;
	if (tmk_buf_add(&parts.armour, cert.signature.data,
			cert.signature.len))
		tmk_verdict_refuse(&answer->v, TMK_LIMIT_EXCEEDED, "the "
				   "signature is larger than %zu bytes",
				   parts.armour.max);
	else
		ret = judge_seal(answer, &o, job, &rule, &parts, err);
	tmk_parts_release(&parts);
	return ret;
}

int tmk_gate_bytes_judge(struct tmk_gate_answer *answer,
			 const struct tmk_policy *policy,
			 const struct tmk_gate_job *job, struct tmk_err *err)
{
	bool tag = job->type == TMK_OBJECT_TAG;
	const struct tmk_format_ops *format = tag ? &tmk_format_git_tag :
		&tmk_format_git_commit;
	struct tmk_judge_object o;
	struct tmk_parts parts;
	int ret = 0;

	answer->v = (struct tmk_verdict)TMK_VERDICT_INIT;
	memset(&answer->tree, 0, sizeof(answer->tree));
	answer->signers = 0;
	if (job->type == TMK_OBJECT_BLOB && job->rule >= -1 &&
	    job->rule < policy->rules)
		return judge_pushcert(answer, policy, job, err);
	if ((!tag && job->type != TMK_OBJECT_COMMIT) || job->rule < 0 ||
	    job->rule >= policy->rules)
		return tmk_err_set(err, TMK_INTERNAL,
				   "a job that cannot be judged");
	tmk_parts_init(&parts);
	tmk_judge_object_init(&o);
	o.tag = tag;
	o.policy = policy;
	o.whole.data = job->data;
	o.whole.len = job->len;
	o.approval = job->extra;
	o.approvals = job->extras;
	ret = tmk_receipts_find_object(&o.vouched, policy->vouching, job->hex,
				       tmk_object_type_name(job->type),
				       job->data, job->len, err);
	if (!ret && read_form(&o, &answer->tree, job, &answer->v))
		ret = format->split(&parts, job->data, job->len, &answer->v,
				    err);
	if (!ret && answer->v.reason == TMK_GOOD)
		ret = judge_seal(answer, &o, job, &policy->rule[job->rule],
				 &parts, err);
	tmk_parts_release(&parts);
	return ret;
}
