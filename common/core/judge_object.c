#include "core/judge_object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/identity.h"
#include "x509/cert.h"
#include "x509/digest.h"

void tmk_judge_object_init(struct tmk_judge_object *o)
{
	memset(o, 0, sizeof(*o));
}

static void forget_signers(struct tmk_judge_object *o)
{
	while (o->signers)
		tmk_finding_release(&o->signer[--o->signers].finding);
}

void tmk_judge_object_release(struct tmk_judge_object *o)
{
	int i;

	forget_signers(o);
	free(o->signer);
	tmk_evidence_free(o->own.evidence);
	for (i = 0; o->other && i < o->approvals; i++)
		tmk_evidence_free(o->other[i].evidence);
	free(o->other);
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
	case TMK_FORMAT_MINISIGN:
	case TMK_FORMAT_SIGNIFY:
		break;	/* no armour of git's begins so */
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

static int digest_content(const struct tmk_judge_seal *s,
			  const struct tmk_signature *sig, uint8_t *digest,
			  size_t *len, struct tmk_err *err)
{
	struct tmk_digest d;
	int i, ret = -1;

	if (tmk_digest_init(&d, sig->hash, err) < 0)
		return -1;
	for (i = 0; i < s->contents; i++)
		if (tmk_digest_update(&d, s->content[i].data,
				      s->content[i].len, err) < 0)
			goto out;
	/* OpenPGP and SSH sign what the signature says of itself as well. */
	if (sig->suffix && tmk_digest_update(&d, sig->suffix, sig->suffix_len,
					     err) < 0)
		goto out;
	ret = tmk_digest_final(&d, digest, len, err);
out:
	tmk_digest_release(&d);
	return ret;
}

/*
 * An object is bytes, and its signature is one: git tells nobody that what it
 * showed may have other line ends than what was signed, nor which of several
 * keys it speaks of. Several signers of a CMS are for the policy.
 */
static void check_form(const struct tmk_evidence *e, struct tmk_verdict *v)
{
	int i;

	for (i = 0; i < e->signatures && !v->reason; i++)
		if (e->signature[i].text)
			tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED, "the "
				"signature is one of text (type 0x01), whose "
				"line ends may change");
	if (!v->reason && e->format != TMK_FORMAT_X509 && e->signatures != 1)
		tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED, "the signature "
			"has %d signers, exactly one is expected",
			e->signatures);
}

/* Read the seal, once; s->form keeps what is wrong with it. */
static int read_seal(struct tmk_judge_seal *s, struct tmk_err *err)
{
	const struct tmk_seal_ops *ops = find_seal(s->format);

	if (s->read)
		return 0;
	if (!ops) {
		s->read = true;
		return tmk_verdict_refuse(&s->form, TMK_SIGNATURE_FORMAT,
			"%s signature cannot be judged here",
			format_name(s->format));
	}
	if (ops->parse(&s->evidence, s->bytes.data, s->bytes.len, &s->form,
		       err) < 0)
		return -1;
	s->read = true;
	if (s->form.reason == TMK_GOOD && !s->evidence)
		return tmk_err_set(err, TMK_INTERNAL,
				   "the seal's parser gave no answer");
	if (s->evidence)
		check_form(s->evidence, &s->form);
	return 0;
}

/* One signature of a seal, alone, into the next place for a signer. */
static int judge_signature(struct tmk_judge_object *o,
			   const struct tmk_judge_seal *s,
			   const struct tmk_ref_rule *rule, int i,
			   struct tmk_err *err)
{
	struct tmk_judge judge = o->policy->judge;
	struct tmk_judge_signer *to = &o->signer[o->signers];
	uint8_t digest[TMK_HASH_MAX];
	size_t len = 0;

	judge.timestamp = rule->timestamp;
	/* of an approval the object's name says nothing */
	judge.vouched = s->beside ? 0 : o->vouched;
	judge.ssh_key = rule->role ? rule->role->ssh_key : NULL;
	judge.ssh_keys = rule->role ? rule->role->ssh_keys : 0;
	if (digest_content(s, &s->evidence->signature[i], digest, &len,
			   err) < 0 ||
	    tmk_judge_signature(&to->finding, &judge, s->evidence, i, digest,
				len, err) < 0)
		return -1;
	to->beside = s->beside;
	o->signers++;
	if (tmk_policy_judge_member(&to->finding, rule->role))
		return -1;
	return tmk_policy_judge_env(&to->finding, rule->env);
}

/* The form, then every signature of it as far as there is room for signers. */
static int judge_seal(struct tmk_judge_object *o, struct tmk_judge_seal *s,
		      const struct tmk_ref_rule *rule, struct tmk_err *err)
{
	int i;

	if (read_seal(s, err) < 0)
		return -1;
	if (s->form.reason != TMK_GOOD)
		return 0;
	for (i = 0; i < s->evidence->signatures &&
	     o->signers < o->room; i++)
		if (judge_signature(o, s, rule, i, err) < 0)
			return -1;
	return 0;
}

static void judge_identity(const struct tmk_judge_object *o,
			   const struct tmk_finding *f, struct tmk_verdict *v)
{
	const char *who = o->tag ? "tagger" : "committer";

	if (f->cert)
		tmk_identity_judge(v, f->cert, o->email, who);
	else
		tmk_identity_judge_key(v, &f->emails, f->key_id, o->email,
				       who);
}

/* What is inside the object: all of it must be good, and one of the signers
 * whom the object names. */
static int judge_own(struct tmk_judge_object *o,
		     const struct tmk_ref_rule *rule, struct tmk_verdict *v,
		     struct tmk_err *err)
{
	struct tmk_verdict first = TMK_VERDICT_INIT, each;
	int i;

	if (read_seal(&o->own, err) < 0)
		return -1;
	if (o->own.form.reason == TMK_GOOD && rule->threshold <= 1 &&
	    o->own.evidence->signatures != 1)
		return tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED,
			"the signature has %d signers, exactly one is "
			"expected", o->own.evidence->signatures);
	if (judge_seal(o, &o->own, rule, err) < 0)
		return -1;
	*v = o->own.form;
	for (i = 0; i < o->signers && v->reason == TMK_GOOD; i++)
		*v = o->signer[i].finding.verdict;
	if (v->reason != TMK_GOOD || rule->identity == TMK_IDENTITY_OFF)
		return 0;
	for (i = 0; i < o->signers; i++) {
		each = (struct tmk_verdict)TMK_VERDICT_INIT;
		judge_identity(o, &o->signer[i].finding, &each);
		if (each.reason == TMK_GOOD)
			return 0;
		if (!i)
			first = each;
	}
	*v = first;
	return 0;
}

/* ---- more than one signer ----------------------------------------------- */

/* How near a refused approval came to being one. */
static int nearness(const struct tmk_verdict *v)
{
	switch (v->reason) {
	case TMK_GOOD:
		return 0;
	case TMK_SIGNATURE_MALFORMED:
	case TMK_SIGNATURE_FORMAT:
	case TMK_LIMIT_EXCEEDED:
		return 1;
	case TMK_SIGNATURE_BAD:
		return 2;
	default:
		return 3;
	}
}

static void prefer(struct tmk_verdict *best, const struct tmk_verdict *v)
{
	if (nearness(v) > nearness(best))
		*best = *v;
}

/* Whether one of the first `n` signers brought the same certificate. */
static bool is_known(const struct tmk_judge_object *o, int n, X509 *cert)
{
	int i;

	for (i = 0; cert && i < n; i++)
		if (o->signer[i].finding.cert &&
		    !X509_cmp(o->signer[i].finding.cert, cert))
			return true;
	return false;
}

/* Only those signers from `from` on stay who count: whoever may push approvals
 * cannot fill the room of others with bad ones, or with his own. Returns how
 * many good ones went. */
static int keep_good(struct tmk_judge_object *o, int from,
		     struct tmk_verdict *best)
{
	int i, kept = from, good = 0;

	for (i = from; i < o->signers; i++) {
		struct tmk_finding *f = &o->signer[i].finding;

		prefer(best, &f->verdict);
		good += f->verdict.reason == TMK_GOOD;
		if (f->verdict.reason != TMK_GOOD ||
		    is_known(o, kept, f->cert) || kept == TMK_JUDGE_SIGNERS_MAX)
			tmk_finding_release(f);
		else if (kept++ != i)
			o->signer[kept - 1] = o->signer[i];
	}
	o->signers = kept;
	return good - (kept - from);
}

/* Every approval alone; *best gets the refusal that came nearest, *again how
 * many good ones were no news. */
static int judge_approvals(struct tmk_judge_object *o,
			   const struct tmk_ref_rule *rule,
			   struct tmk_verdict *best, int *again,
			   struct tmk_err *err)
{
	struct tmk_judge_seal *s;
	int i, before;

	if (!o->other)
		o->other = calloc((size_t)o->approvals, sizeof(*o->other));
	if (!o->other)
		return tmk_err_nomem(err);
	for (i = 0; i < o->approvals; i++) {
		s = &o->other[i];
		s->format = TMK_FORMAT_X509;
		s->bytes = o->approval[i];
		s->content = &o->whole;
		s->contents = 1;
		s->beside = true;
		before = o->signers;
		if (judge_seal(o, s, rule, err) < 0)
			return -1;
		prefer(best, &s->form);
		*again += keep_good(o, before, best);
	}
	return 0;
}

static int count_good(const struct tmk_judge_object *o, int want, int *good,
		      struct tmk_err *err)
{
	const struct tmk_finding *list[TMK_JUDGE_SIGNERS_MAX];
	int i, n = 0;

	for (i = 0; i < o->signers; i++)
		if (o->signer[i].finding.verdict.reason == TMK_GOOD)
			list[n++] = &o->signer[i].finding;
	*good = n;
	return tmk_judge_quorum(list, n, want, err);
}

static void refuse_unmet(struct tmk_verdict *v,
			 const struct tmk_ref_rule *rule, bool tag, int have,
			 int good, const struct tmk_verdict *best)
{
	const char *how = tag ? "touchmark approve --tag NAME" :
		"touchmark approve";
	char why[384] = "";

	if (best->reason != TMK_GOOD)
		snprintf(why, sizeof(why), "; an approval does not count, %s: "
			 "%.300s", tmk_reason_id(best->reason), best->text);
	else if (good > have)
		snprintf(why, sizeof(why), "; %d good signatures, but some "
			 "are by one person", good);
	tmk_verdict_refuse(v, TMK_THRESHOLD_UNMET, "%d of %d different "
			   "signers%s%.64s%s%s", have, rule->threshold,
			   rule->role ? " of the role \"" : "",
			   rule->role ? rule->role->name : "",
			   rule->role ? "\"" : "", why);
	if (rule->role)
		tmk_verdict_hint(v, "collect the signatures of further members "
				 "of the role \"%.64s\": %s",
				 rule->role->name, how);
	else
		tmk_verdict_hint(v, "collect the signatures of further people: "
				 "%s", how);
}

static int judge_quorum(struct tmk_judge_object *o,
			const struct tmk_ref_rule *rule,
			struct tmk_verdict *v, struct tmk_err *err)
{
	struct tmk_verdict best = TMK_VERDICT_INIT;
	int have, good = 0, again = 0;

	if (o->approvals > TMK_JUDGE_APPROVALS_MAX)
		return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED,
			"%d approvals lie beside the object, %d are looked at",
			o->approvals, TMK_JUDGE_APPROVALS_MAX);
	if (o->approvals > 0 &&
	    judge_approvals(o, rule, &best, &again, err) < 0)
		return -1;
	have = count_good(o, rule->threshold, &good, err);
	if (have < 0)
		return -1;
	if (have < rule->threshold)
		refuse_unmet(v, rule, o->tag, have, good + again, &best);
	return 0;
}

/* One signer is the usual case, and a large history is judged by it. */
static int make_room(struct tmk_judge_object *o, int room,
		     struct tmk_err *err)
{
	struct tmk_judge_signer *signer;

	if (o->room >= room)
		return 0;
	signer = calloc((size_t)room, sizeof(*signer));
	if (!signer)
		return tmk_err_nomem(err);
	free(o->signer);	/* forgotten before */
	o->signer = signer;
	o->room = room;
	return 0;
}

/* With what to say to git instead: the formats have git's own names. */
static int refuse_format(struct tmk_verdict *v,
			 const struct tmk_ref_rule *rule,
			 enum tmk_seal_format format)
{
	static const struct {
		enum tmk_seal_format format;
		const char *name;
	} names[] = {
		{ TMK_FORMAT_X509, "x509" }, { TMK_FORMAT_OPENPGP, "openpgp" },
		{ TMK_FORMAT_SSH, "ssh" }
	};
	char list[32] = "";
	size_t i, len = 0;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (rule->formats & 1u << names[i].format)
			len += (size_t)snprintf(list + len, sizeof(list) - len,
						"%s%s", len ? " or " : "",
						names[i].name);
	tmk_verdict_refuse(v, TMK_SIGNATURE_FORMAT,
			   "%s signature is not what the policy allows here",
			   format_name(format));
	return tmk_verdict_hint(v, "set gpg.format to %s and sign again",
				list);
}

int tmk_judge_object_rule(struct tmk_judge_object *o,
			  const struct tmk_ref_rule *rule,
			  struct tmk_verdict *v, struct tmk_err *err)
{
	struct tmk_verdict own = TMK_VERDICT_INIT;

	forget_signers(o);
	if (!o->has_signature) {
		tmk_verdict_refuse(v, o->tag ? TMK_TAG_UNSIGNED :
				   TMK_SIGNATURE_MISSING,
				   "the %s carries no signature",
				   o->tag ? "tag" : "commit");
		return 0;
	}
	if (!(rule->formats & 1u << o->format))
		return refuse_format(v, rule, o->format);
	/* those who count, and one more seal */
	if (make_room(o, rule->threshold > 1 ? TMK_JUDGE_SIGNERS_MAX +
		      TMK_SIGNATURES_MAX : 1, err) < 0)
		return -1;
	o->own.format = o->format;
	o->own.bytes = (struct tmk_span){ o->seal, o->seal_len };
	o->own.content = o->payload;
	o->own.contents = o->payloads;
	if (judge_own(o, rule, &own, err) < 0)
		return -1;
	if (own.reason == TMK_GOOD && rule->threshold > 1 &&
	    judge_quorum(o, rule, &own, err) < 0)
		return -1;
	if (own.reason != TMK_GOOD)
		*v = own;
	return 0;
}

const struct tmk_finding *
tmk_judge_object_finding(const struct tmk_judge_object *o,
			 const struct tmk_ref_rule *rule)
{
	(void)rule;
	return o->signers ? &o->signer[0].finding : NULL;
}
