/*
 * doctor_gate.c - our own gate as a receiver: every rule of the configured
 * policy, asked about the certificate and the committer that git would use.
 *
 * The judge's own functions answer: the chain, the role, the identity. Only
 * the arithmetic of a signature that is not made yet is left out.
 */
#include <string.h>

#include "core/identity.h"
#include "plugins/doctor_chain.h"
#include "plugins/doctor_facts.h"
#include "x509/cert.h"

#define GATE "receiver-gate"

/* A token of the authority that answered, as this policy sees it. */
static int judge_stamp(struct tmk_doctor *d, const struct tmk_ref_rule *rule,
		       struct tmk_verdict *v, struct tmk_err *err)
{
	static const char data[] = TMK_DOCTOR_STAMP_DATA;
	struct tmk_tst_answer answer;

	/* An SSH signature has no place for a timestamp. */
	if (rule->timestamp == TMK_STAMP_OFF || !d->stamped ||
	    d->format == TMK_FORMAT_SSH)
		return 0;
	if (!d->policy->tsa_trust)
		return tmk_verdict_refuse(v, TMK_TIMESTAMP_UNTRUSTED,
			"the policy names no tsaRoots, and signatures carry a "
			"timestamp");
	if (tmk_tst_judge(&answer, d->token.data, d->token.len, data,
			  sizeof(data) - 1, d->policy->tsa_trust,
			  d->policy->judge.tsa_revocation, d->now, err) < 0)
		return -1;
	if (answer.result != TMK_TST_GOOD)
		tmk_verdict_refuse(v, answer.result == TMK_TST_UNTRUSTED ?
				   TMK_TIMESTAMP_UNTRUSTED : TMK_TIMESTAMP_BAD,
				   "%s", answer.text);
	return 0;
}

/* Chain, role, identity, timestamp: in the judge's order. */
static int judge_rule(struct tmk_doctor *d, const struct tmk_ref_rule *rule,
		      struct tmk_verdict *v, struct tmk_err *err)
{
	struct tmk_chain_answer answer = { 0 };
	X509 *leaf = sk_X509_value(d->chain, 0);
	struct tmk_span email = { (const uint8_t *)d->email,
				  d->email ? strlen(d->email) : 0 };
	int ret = -1;

	if (judge_stamp(d, rule, v, err) < 0 ||
	    tmk_doctor_chain(&answer, d, &d->policy->judge, err) < 0)
		return -1;
	if (v->reason == TMK_GOOD && answer.result != TMK_CHAIN_GOOD)
		tmk_verdict_refuse(v, tmk_judge_chain_reason(answer.result),
				   "%s", answer.text);
	if (v->reason == TMK_GOOD && rule->role &&
	    !tmk_policy_is_member(rule->role, leaf, answer.chain))
		tmk_verdict_refuse(v, TMK_SIGNER_NOT_ALLOWED, "the certificate "
				   "is no member of the role \"%s\"",
				   rule->role->name);
	if (v->reason == TMK_GOOD && rule->env &&
	    !tmk_policy_is_member(rule->env, leaf, answer.chain))
		tmk_verdict_refuse(v, TMK_SIGNER_NOT_ALLOWED, "the certificate "
				   "is of no key of the environment \"%s\"",
				   rule->env->name);
	if (v->reason == TMK_GOOD &&
	    rule->identity == TMK_IDENTITY_COMMITTER)
		tmk_identity_judge(v, leaf, email, "committer");
	ret = 0;
	tmk_chain_answer_release(&answer);
	return ret;
}

static const char *no_stamp(const struct tmk_doctor *d)
{
	return d->config->timestamp == TMK_STAMP_NEVER ?
		"touchmark.timestamp is never" : !d->config->tsas ?
		"no touchmark.tsa is configured" :
		"no configured authority gave one";
}

/* What has nothing to do with the certificate. Whether it was answered. */
static bool answer_early(struct tmk_doctor *d, const struct tmk_ref_rule *rule)
{
	if (!(rule->formats & 1u << d->format)) {
		tmk_doctor_answer(d, GATE, rule->pattern, TMK_DOCTOR_NO, false,
				  "git config gpg.format, as the policy names "
				  "it", "signature-format: %s signatures are "
				  "not what the policy allows here",
				  tmk_doctor_format_name(d->format));
		return true;
	}
	if (d->format == TMK_FORMAT_X509 && !d->chain && d->remote) {
		tmk_doctor_answer(d, GATE, rule->pattern, TMK_DOCTOR_UNKNOWN,
				  false, "touchmark audit tells, once "
				  "something is signed", "its signing host "
				  "has the certificate");
		return true;
	}
	if (d->format == TMK_FORMAT_X509 && !d->chain) {
		tmk_doctor_answer(d, GATE, rule->pattern, TMK_DOCTOR_NO, false,
				  "mend what the lines above say of the key",
				  "there is no certificate to sign with");
		return true;
	}
	if (rule->timestamp != TMK_STAMP_ALWAYS)
		return false;
	if (d->format == TMK_FORMAT_SSH) {
		tmk_doctor_answer(d, GATE, rule->pattern, TMK_DOCTOR_NO, false,
				  "git config gpg.format x509, or openpgp, as "
				  "the policy names it", "timestamp-missing: "
				  "one is required, and SSH signatures have "
				  "no place for it");
		return true;
	}
	if (d->stamped)
		return false;
	if (d->offline && d->config->tsas &&
	    d->config->timestamp != TMK_STAMP_NEVER)
		tmk_doctor_answer(d, GATE, rule->pattern, TMK_DOCTOR_UNKNOWN,
				  false, "run it without --offline",
				  "a timestamp is required, and none was "
				  "asked for");
	else
		tmk_doctor_answer(d, GATE, rule->pattern, TMK_DOCTOR_NO, false,
				  tmk_reason_hint(TMK_TIMESTAMP_MISSING),
				  "timestamp-missing: one is required, and "
				  "%s", no_stamp(d));
	return true;
}

/* Certificate or key, and the timestamp that it would have. */
static int judge_either(struct tmk_doctor *d, const struct tmk_ref_rule *rule,
			struct tmk_verdict *v, struct tmk_err *err)
{
	char why[256];

	if (d->format == TMK_FORMAT_X509)
		return judge_rule(d, rule, v, err);
	if (!tmk_doctor_gate_key(d, rule, v, why, sizeof(why))) {
		tmk_err_set(err, TMK_INPUT, "%s", why);
		return tmk_err_hint(err, "touchmark audit tells, once "
				    "something is signed");
	}
	return v->reason == TMK_GOOD ? judge_stamp(d, rule, v, err) : 0;
}

/* Whether the rule would let a signature of ours pass, as far as is known. */
static bool answer_rule(struct tmk_doctor *d, const struct tmk_ref_rule *rule)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;

	if (answer_early(d, rule))
		return false;
	if (judge_either(d, rule, &v, &err) < 0) {
		tmk_doctor_answer(d, GATE, rule->pattern, TMK_DOCTOR_UNKNOWN,
				  false, err.hint, "%s", err.text);
		return false;
	}
	if (v.reason != TMK_GOOD) {
		tmk_doctor_answer(d, GATE, rule->pattern, TMK_DOCTOR_NO, false,
				  v.hint, "%s: %s", tmk_reason_id(v.reason),
				  v.text);
		return false;
	}
	if (rule->threshold > 1) {
		tmk_doctor_answer(d, GATE, rule->pattern, TMK_DOCTOR_UNKNOWN,
				  false, "touchmark approve adds another "
				  "signer", "ours counts, but %d different "
				  "signers are wanted", rule->threshold);
		return true;
	}
	tmk_doctor_answer(d, GATE, rule->pattern, TMK_DOCTOR_YES, false, NULL,
			  " ");
	return true;
}

void tmk_doctor_gate(struct tmk_doctor *d)
{
	int i, asked = 0, good = 0;

	if (!(d->receivers & TMK_DOCTOR_GATE))
		return;
	if (!d->policy) {
		tmk_doctor_answer(d, GATE, "", TMK_DOCTOR_UNKNOWN, false,
				  "set touchmark.policy to a copy of the "
				  "server's policy", "no policy can be read");
		return;
	}
	for (i = 0; i < d->policy->rules; i++) {
		if (d->policy->rule[i].require == TMK_REQUIRE_NOTHING)
			continue;
		asked++;
		good += answer_rule(d, &d->policy->rule[i]);
	}
	if (!asked)
		tmk_doctor_say(d, TMK_DOCTOR_OK, GATE, NULL, "no ref of the "
			       "policy asks for a signature");
	else if (!good && d->named)
		tmk_doctor_say(d, TMK_DOCTOR_FAIL, GATE, "the lines above say "
			       "why", "no ref of the policy is known to take a "
			       "signature of ours");
	if (!d->policy->enforce)
		tmk_doctor_say(d, TMK_DOCTOR_WARN, GATE, NULL, "the policy is "
			       "not enforced (enforce = false)");
}
