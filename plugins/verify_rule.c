/*
 * verify_rule.c - from signatures to the verdict of an artefact: every
 * signature alone, then what the rules of the policy say about them together.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/judge_quorum.h"
#include "plugins/verify_case.h"
#include "x509/cert.h"

bool tmk_verify_has_rules(const struct tmk_verify *verify)
{
	return verify->trust.policy && verify->trust.policy->artefacts > 0;
}

/* ---- one signature ---------------------------------------------------------- */

static void describe(struct tmk_verify_signer *o, const struct tmk_finding *f)
{
	char sha256[TMK_FINGERPRINT_TEXT];

	o->verdict = f->verdict;
	o->unknown = f->verdict.reason == TMK_CERT_MISSING &&
		f->format != TMK_FORMAT_X509;
	o->time = f->time;
	o->stamped = f->stamped;
	memcpy(o->tsa, f->tsa, sizeof(o->tsa));
	if (f->cert) {
		tmk_cert_subject(o->signer, sizeof(o->signer), f->cert);
		snprintf(o->fingerprint, sizeof(o->fingerprint), "sha256:%s",
			 tmk_cert_sha256(sha256, f->cert));
		return;
	}
	snprintf(o->fingerprint, sizeof(o->fingerprint), "%s", f->key_id);
	/* Whose key it is nobody said, or not in words. */
	snprintf(o->signer, sizeof(o->signer), "%s",
		 f->user[0] ? f->user : f->key_id);
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
		return "a minisign";
	case TMK_FORMAT_SIGNIFY:
		return "a signify";
	}
	return "an unknown";
}

/* The judge of [trust], as a rule changes it. */
static struct tmk_judge judge_of(const struct tmk_verify_case *c,
				 const struct tmk_artefact_rule *rule)
{
	struct tmk_judge judge = c->verify->trust.judge;

	if (!rule)
		return judge;
	judge.timestamp = rule->timestamp;
	judge.ssh_key = rule->role ? rule->role->ssh_key : NULL;
	judge.ssh_keys = rule->role ? rule->role->ssh_keys : 0;
	return judge;
}

static int judge_one(struct tmk_finding *f, const struct tmk_judge *judge,
		     const struct tmk_verify_seal *s, int i,
		     const struct tmk_artefact_rule *rule, struct tmk_err *err)
{
	enum tmk_seal_format format = s->evidence->format;

	if (rule && rule->formats && !(rule->formats & 1u << format)) {
		tmk_verdict_refuse(&f->verdict, TMK_SIGNATURE_FORMAT, "%s "
			"signature is not what the policy takes for \"%s\"",
			format_name(format), rule->pattern);
		return 0;
	}
	/* Text inside the framework is signed as text, a package as bytes: a
	 * signature of the other kind is of something else. */
	if (s->inside && s->text != s->evidence->signature[i].text)
		return tmk_verdict_refuse(&f->verdict, TMK_SIGNATURE_BAD,
			s->text ? "a signature of bytes around a text" :
			"a signature of text in a package of bytes");
	if (s->input[i].verdict.reason) {
		f->verdict = s->input[i].verdict;
		return 0;
	}
	if (tmk_judge_signature(f, judge, s->evidence, i, s->input[i].data,
				s->input[i].len, err))
		return -1;
	if (tmk_policy_judge_member(f, rule ? rule->role : NULL))
		return -1;
	return tmk_policy_judge_env(f, rule ? rule->env : NULL);
}

/* ---- all of them ------------------------------------------------------------ */

static void forget(struct tmk_verify_case *c)
{
	int i;

	for (i = 0; i < c->answer->signers; i++)
		tmk_finding_release(&c->finding[i]);
	c->answer->signers = 0;
}

static struct tmk_verify_signer *
next_signer(struct tmk_verify_case *c, const struct tmk_verify_seal *s)
{
	struct tmk_verify_answer *a = c->answer;
	struct tmk_verify_signer *o;

	if (a->signers == c->room)
		return NULL;
	o = &a->signer[a->signers];
	memset(o, 0, sizeof(*o));
	o->time = TMK_TIME_NONE;
	memcpy(o->role, s->role, sizeof(o->role));
	tmk_finding_init(&c->finding[a->signers++]);
	return o;
}

/* Every signer, whatever the others are; false when there are too many. */
static int judge_signers(struct tmk_verify_case *c, bool *all,
			 const struct tmk_artefact_rule *rule,
			 struct tmk_err *err)
{
	struct tmk_judge judge = judge_of(c, rule);
	struct tmk_verify_signer *o;
	int i, k, n;

	*all = false;
	for (i = 0; i < c->seals; i++) {
		const struct tmk_verify_seal *s = &c->seal[i];

		n = s->evidence ? s->evidence->signatures : 1;
		for (k = 0; k < n; k++) {
			struct tmk_finding *f;

			o = next_signer(c, s);
			if (!o)
				return 0;
			f = &c->finding[c->answer->signers - 1];
			if (!s->evidence)
				f->verdict = s->form;
			else if (judge_one(f, &judge, s, k, rule, err))
				return -1;
			describe(o, f);
		}
	}
	*all = true;
	return 0;
}

/*
 * Without rules all signatures must be good, whoever made them. One exception:
 * that of a key that no keyring knows says nothing, and beside a good one it
 * takes nothing away; else nobody could sign in a second place before everybody
 * knows his key. A certificate that nobody trusts is told from one that is
 * forged by nothing, and stays a refusal.
 */
static void decide_plainly(struct tmk_verify_case *c)
{
	struct tmk_verify_answer *a = c->answer;
	int i, worst = -1, good = -1;

	for (i = 0; i < a->signers; i++)
		if (!a->signer[i].verdict.reason && good < 0)
			good = i;
	for (i = 0; i < a->signers; i++) {
		struct tmk_verify_signer *o = &a->signer[i];

		if (!o->verdict.reason)
			continue;
		o->passed_over = good >= 0 && o->unknown;
		if (!o->passed_over && worst < 0)
			worst = i;
	}
	a->all = a->signer[worst >= 0 ? worst : good >= 0 ? good : 0];
	/* Who is refused is told as such. */
	for (i = 0; worst >= 0 && i < a->signers; i++)
		a->signer[i].passed_over = false;
}

/* How near a refused signature came to one that counts. */
static int nearness(enum tmk_reason reason)
{
	switch (reason) {
	case TMK_GOOD:
	case TMK_SIGNATURE_MISSING:
		return 0;
	case TMK_SIGNATURE_FORMAT:
		return 1;
	case TMK_SIGNATURE_MALFORMED:
	case TMK_LIMIT_EXCEEDED:
	case TMK_CERT_MISSING:
		return 2;
	case TMK_SIGNATURE_BAD:
		return 3;
	default:
		return 4;
	}
}

static int nearest(const struct tmk_verify_answer *a)
{
	int i, best = 0;

	for (i = 1; i < a->signers; i++)
		if (nearness(a->signer[i].verdict.reason) >
		    nearness(a->signer[best].verdict.reason))
			best = i;
	return best;
}

static int count_people(struct tmk_verify_case *c, int want, int *good,
			struct tmk_err *err)
{
	const struct tmk_finding *list[TMK_JUDGE_SIGNERS_MAX];
	int i, n = 0;

	_Static_assert(TMK_VERIFY_SIGNERS <= TMK_JUDGE_SIGNERS_MAX,
		       "all signers are counted");
	for (i = 0; i < c->answer->signers; i++)
		if (!c->finding[i].verdict.reason)
			list[n++] = &c->finding[i];
	*good = n;
	return tmk_judge_quorum(list, n, want, err);
}

static void refuse_unmet(struct tmk_verify_answer *a,
			 const struct tmk_artefact_rule *rule, int have,
			 int good)
{
	const char *role = rule->role ? rule->role->name : "";
	const char *more = good > have ? "; some good signatures are by one "
		"person" : "";

	a->all.verdict = (struct tmk_verdict)TMK_VERDICT_INIT;
	tmk_verdict_refuse(&a->all.verdict, TMK_THRESHOLD_UNMET,
			   "%d of %d different signers%s%.64s%s%s", have,
			   rule->threshold, *role ? " of the role \"" : "",
			   role, *role ? "\"" : "", more);
	tmk_verdict_hint(&a->all.verdict, "collect the signatures of further "
			 "%s%.64s%s: touchmark approve, or a signature of "
			 "another format beside the file",
			 *role ? "members of the role \"" : "people", role,
			 *role ? "\"" : "");
}

/* By a rule those count who are good; of the others it is only told. */
static int decide(struct tmk_verify_case *c,
		  const struct tmk_artefact_rule *rule, struct tmk_err *err)
{
	struct tmk_verify_answer *a = c->answer;
	int i, good = 0, have = count_people(c, rule->threshold, &good, err);

	if (have < 0)
		return -1;
	if (have >= rule->threshold) {
		for (i = a->signers - 1; i >= 0; i--)
			if (a->signer[i].verdict.reason)
				a->signer[i].passed_over = true;
			else
				a->all = a->signer[i];
		return 0;
	}
	a->all = a->signer[nearest(a)];
	if (rule->threshold > 1 && a->all.verdict.reason !=
	    TMK_SIGNATURE_MISSING) {
		refuse_unmet(a, rule, have, good);
		a->together = true;
	}
	return 0;
}

static int judge_by(struct tmk_verify_case *c,
		    const struct tmk_artefact_rule *rule, struct tmk_err *err)
{
	struct tmk_verify_answer *a = c->answer;
	bool all = false;

	forget(c);
	if (judge_signers(c, &all, rule, err))
		return -1;
	a->together = false;
	if (!all) {
		a->together = true;
		a->all.verdict = (struct tmk_verdict)TMK_VERDICT_INIT;
		return tmk_verdict_refuse(&a->all.verdict, TMK_LIMIT_EXCEEDED,
			"more than %d signatures", TMK_VERIFY_SIGNERS);
	}
	if (rule)
		return decide(c, rule, err);
	decide_plainly(c);
	return 0;
}

/* One for each signature, but no more than are looked at. */
static int make_room(struct tmk_verify_case *c, struct tmk_err *err)
{
	int i, n = 0;

	for (i = 0; i < c->seals; i++)
		n += c->seal[i].evidence ? c->seal[i].evidence->signatures : 1;
	if (n > TMK_VERIFY_SIGNERS)
		n = TMK_VERIFY_SIGNERS;
	if (c->finding)
		return n == c->room ? 0 : tmk_err_set(err, TMK_INTERNAL,
			"a signature came after the judgement");
	c->finding = calloc((size_t)n, sizeof(*c->finding));
	if (!c->finding)
		return tmk_err_nomem(err);
	for (i = 0; i < n; i++)
		tmk_finding_init(&c->finding[i]);
	c->room = n;
	return 0;
}

static int refuse_unmatched(struct tmk_verify_answer *a)
{
	tmk_verdict_refuse(&a->all.verdict, TMK_REF_UNMATCHED, "no [artefact] "
			   "section of the policy is for this name");
	return tmk_verdict_hint(&a->all.verdict, "add [artefact \"PATTERN\"] "
				"to the policy, with a pattern that the name "
				"matches");
}

int tmk_verify_case_judge(struct tmk_verify_case *c, struct tmk_err *err)
{
	const struct tmk_policy *p = c->verify->trust.policy;
	struct tmk_verify_answer *a = c->answer;
	int i, found = 0;

	if (!c->seals)
		return tmk_err_set(err, TMK_INTERNAL, "nothing to judge");
	if (make_room(c, err))
		return -1;
	a->format = tmk_verify_case_format(c);
	if (!tmk_verify_has_rules(c->verify))
		return judge_by(c, NULL, err);
	for (i = 0; i < p->artefacts; i++) {
		if (!tmk_policy_artefact_applies(p, i, a->file))
			continue;
		found++;
		if (judge_by(c, &p->artefact[i], err))
			return -1;
		if (a->all.verdict.reason)
			return 0;
	}
	return found ? 0 : refuse_unmatched(a);
}
