#include "core/judge_object.h"

#include <stdio.h>
#include <string.h>

#include "core/identity.h"
#include "x509/cert.h"
#include "x509/digest.h"

void tmk_judge_object_init(struct tmk_judge_object *o)
{
	int i;

	memset(o, 0, sizeof(*o));
	for (i = 0; i <= TMK_STAMP_ALWAYS; i++)
		tmk_finding_init(&o->finding[i]);
}

void tmk_judge_object_release(struct tmk_judge_object *o)
{
	int i;

	for (i = 0; i <= TMK_STAMP_ALWAYS; i++)
		tmk_finding_release(&o->finding[i]);
	tmk_evidence_free(o->evidence);
	tmk_judge_object_init(o);
}

static const char *format_name(enum tmk_seal_format format)
{
	switch (format) {
	case TMK_FORMAT_X509:
		return "an X.509 (CMS)";
	case TMK_FORMAT_OPENPGP:
		return "an OpenPGP";
	case TMK_FORMAT_SSH:
		return "an SSH";
	}
	return "an unknown";
}

static const struct tmk_seal_ops *find_seal(enum tmk_seal_format format)
{
	int i;

	for (i = 0; tmk_seals[i]; i++)
		if (tmk_seals[i]->format == format)
			return tmk_seals[i];
	return NULL;
}

static int digest_payload(struct tmk_judge_object *o, struct tmk_err *err)
{
	const struct tmk_signature *sig = &o->evidence->signature[0];
	struct tmk_digest d;
	int i, ret = -1;

	if (tmk_digest_init(&d, sig->hash, err) < 0)
		return -1;
	for (i = 0; i < o->payloads; i++)
		if (tmk_digest_update(&d, o->payload[i].data,
				      o->payload[i].len, err) < 0)
			goto out;
	/* OpenPGP and SSH sign what the signature says of itself as well. */
	if (sig->suffix && tmk_digest_update(&d, sig->suffix, sig->suffix_len,
					     err) < 0)
		goto out;
	ret = tmk_digest_final(&d, o->digest, &o->digest_len, err);
out:
	tmk_digest_release(&d);
	return ret;
}

/* Read the seal, once; o->form keeps what is wrong with it. */
static int read_seal(struct tmk_judge_object *o, struct tmk_err *err)
{
	const struct tmk_seal_ops *ops = find_seal(o->format);

	if (o->read)
		return 0;
	if (!ops) {
		o->read = true;
		return tmk_verdict_refuse(&o->form, TMK_SIGNATURE_FORMAT,
			"%s signature cannot be judged here",
			format_name(o->format));
	}
	if (ops->parse(&o->evidence, o->seal, o->seal_len, &o->form,
		       err) < 0)
		return -1;
	o->read = true;
	if (o->form.reason != TMK_GOOD)
		return 0;
	if (!o->evidence)
		return tmk_err_set(err, TMK_INTERNAL,
				   "the seal's parser gave no answer");
	if (o->evidence->signatures != 1)
		return tmk_verdict_refuse(&o->form, TMK_SIGNATURE_MALFORMED,
			"the signature has %d signers, exactly one is "
			"expected", o->evidence->signatures);
	return digest_payload(o, err);
}

/* The form first, then the signature at its trusted time. */
static int judge_seal(struct tmk_judge_object *o,
		      const struct tmk_ref_rule *rule, struct tmk_verdict *v,
		      struct tmk_err *err)
{
	struct tmk_judge judge = o->policy->judge;
	int stamp = (int)rule->timestamp;

	if (read_seal(o, err) < 0)
		return -1;
	if (o->form.reason != TMK_GOOD) {
		*v = o->form;
		return 0;
	}
	if (!o->judged[stamp]) {
		judge.timestamp = rule->timestamp;
		if (tmk_judge_signature(&o->finding[stamp], &judge,
					o->evidence, 0, o->digest,
					o->digest_len, err) < 0)
			return -1;
		o->judged[stamp] = true;
	}
	*v = o->finding[stamp].verdict;
	return 0;
}

static int judge_member(const struct tmk_finding *f,
			const struct tmk_role *role, struct tmk_verdict *v)
{
	char subject[256];

	if (!role || (f->cert && tmk_policy_is_member(role, f->cert,
						      f->chain)))
		return 0;
	/* Members are named by certificate or e-mail address so far. */
	if (!f->cert) {
		tmk_verdict_refuse(v, TMK_SIGNER_NOT_ALLOWED, "the key %s is "
				   "no member of the role \"%s\"", f->key_id,
				   role->name);
		return tmk_verdict_hint(v, "ask a member of the role \"%s\" "
					"to sign", role->name);
	}
	tmk_cert_subject(subject, sizeof(subject), f->cert);
	tmk_verdict_refuse(v, TMK_SIGNER_NOT_ALLOWED,
			   "%s is no member of the role \"%s\"", subject,
			   role->name);
	return tmk_verdict_hint(v, "ask a member of the role \"%s\" to sign",
				role->name);
}

/* Only a certificate says whose address is whose. */
static int judge_identity(const struct tmk_finding *f, struct tmk_span email,
			  const char *who, struct tmk_verdict *v)
{
	if (f->cert)
		return tmk_identity_judge(v, f->cert, email, who);
	tmk_verdict_refuse(v, TMK_IDENTITY_MISMATCH, "the key %s has no "
			   "certificate that names the %s", f->key_id, who);
	return tmk_verdict_hint(v, "sign with a certificate, or write "
				"identity = off into the policy");
}

int tmk_judge_object_rule(struct tmk_judge_object *o,
			  const struct tmk_ref_rule *rule,
			  struct tmk_verdict *v, struct tmk_err *err)
{
	const char *who = o->tag ? "tagger" : "committer";
	const struct tmk_finding *f = &o->finding[rule->timestamp];
	struct tmk_verdict own = TMK_VERDICT_INIT;

	if (!o->has_signature) {
		tmk_verdict_refuse(v, o->tag ? TMK_TAG_UNSIGNED :
				   TMK_SIGNATURE_MISSING,
				   "the %s carries no signature",
				   o->tag ? "tag" : "commit");
		return 0;
	}
	if (!(rule->formats & 1u << o->format))
		return tmk_verdict_refuse(v, TMK_SIGNATURE_FORMAT,
			"%s signature is not what the policy allows here",
			format_name(o->format));
	if (judge_seal(o, rule, &own, err) < 0)
		return -1;
	if (own.reason == TMK_GOOD)
		judge_member(f, rule->role, &own);
	if (own.reason == TMK_GOOD &&
	    rule->identity == TMK_IDENTITY_COMMITTER)
		judge_identity(f, o->email, who, &own);
	if (own.reason != TMK_GOOD)
		*v = own;
	return 0;
}

const struct tmk_finding *
tmk_judge_object_finding(const struct tmk_judge_object *o,
			 const struct tmk_ref_rule *rule)
{
	return o->judged[rule->timestamp] ? &o->finding[rule->timestamp] :
		NULL;
}
