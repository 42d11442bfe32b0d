/*
 * gate_bytes.c - one object: split, armour opened, seal judged.
 */
#include "hooks/gate_bytes.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "core/judge_object.h"
#include "formats/armour.h"
#include "formats/git_object.h"
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

static void name_signer(struct tmk_gate_signer *s,
			const struct tmk_finding *f)
{
	char hex[TMK_FINGERPRINT_TEXT];

	memset(s, 0, sizeof(*s));
	s->time = f->time;
	s->stamped = f->stamped;
	memcpy(s->tsa, f->tsa, sizeof(s->tsa));
	if (!f->cert) {
		snprintf(s->who, sizeof(s->who), "%s", f->user);
		snprintf(s->key, sizeof(s->key), "%s", f->key_id);
		return;
	}
	tmk_cert_subject(s->who, sizeof(s->who), f->cert);
	snprintf(s->key, sizeof(s->key), "sha256:%s",
		 tmk_cert_sha256(hex, f->cert));
	if (sk_X509_num(f->chain) > 1)
		snprintf(s->issuer, sizeof(s->issuer), "sha256:%s",
			 tmk_cert_sha256(hex, sk_X509_value(f->chain, 1)));
}

/* The seal, taken out of its armour, against the rule. */
static int judge_seal(struct tmk_gate_answer *answer,
		      struct tmk_judge_object *o,
		      const struct tmk_ref_rule *rule,
		      const struct tmk_parts *parts, struct tmk_err *err)
{
	struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);
	const struct tmk_finding *f;
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
	ret = tmk_judge_object_rule(o, rule, &answer->v, err);
	f = ret < 0 ? NULL : tmk_judge_object_finding(o, rule);
	if (f) {
		name_signer(&answer->signer[0], f);
		answer->signers = 1;
	}
out:
	tmk_judge_object_release(o);
	tmk_buf_release(&der);
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
	if ((!tag && job->type != TMK_OBJECT_COMMIT) || job->rule < 0 ||
	    job->rule >= policy->rules)
		return tmk_err_set(err, TMK_INTERNAL,
				   "a job that cannot be judged");
	tmk_parts_init(&parts);
	tmk_judge_object_init(&o);
	o.tag = tag;
	o.policy = policy;
	if (read_form(&o, &answer->tree, job, &answer->v))
		ret = format->split(&parts, job->data, job->len, &answer->v,
				    err);
	if (!ret && answer->v.reason == TMK_GOOD)
		ret = judge_seal(answer, &o, &policy->rule[job->rule], &parts,
				 err);
	tmk_parts_release(&parts);
	return ret;
}
