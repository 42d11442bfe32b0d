/*
 * doctor_gate_key.c - what our own policy says of a key without certificate.
 *
 * The judge finds a key by what a signature says of it. Here that much of a
 * signature is made up, and the judge is asked about everything but its
 * arithmetic.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "core/identity.h"
#include "plugins/doctor_facts.h"
#include "plugins/front_seal.h"
#include "seal/openpgp_key.h"
#include "seal/openpgp_sig.h"
#include "seal/ssh_sig.h"

/* What signatures of both formats would hold; the parts that are not needed
 * to find the key are empty. */
struct made_up {
	struct tmk_evidence evidence;
	struct tmk_openpgp_sig openpgp;
	struct tmk_ssh_sig ssh;
	struct tmk_buf blob;
};

static int make_up_openpgp(struct made_up *m, const struct tmk_doctor *d,
			   struct tmk_err *err)
{
	struct tmk_signature *sig = &m->evidence.signature[0];
	size_t len = 0;

	if (d->created == TMK_TIME_NONE)
		return tmk_err_set(err, TMK_KEY, "no creation time of the key "
				   "is known, which its fingerprint needs");
	if (tmk_openpgp_key_fingerprint(sig->key_id, d->spki.data,
					d->spki.len, d->created, err))
		return -1;
	if (!OPENSSL_hexstr2buf_ex(m->openpgp.fpr, sizeof(m->openpgp.fpr),
				   &len, sig->key_id, '\0') ||
	    len != sizeof(m->openpgp.fpr))
		return tmk_err_set(err, TMK_INTERNAL, "a fingerprint that is "
				   "no hex");
	m->openpgp.has_fpr = true;
	sig->priv = &m->openpgp;
	return 0;
}

static int make_up_ssh(struct made_up *m, const struct tmk_doctor *d,
		       struct tmk_err *err)
{
	struct tmk_signature *sig = &m->evidence.signature[0];
	const char *why = "is of a kind that SSH does not know";

	if (tmk_ssh_key_blob(&m->blob, d->spki.data, d->spki.len, err) ||
	    tmk_ssh_key_blob_fingerprint(sig->key_id, m->blob.data,
					 m->blob.len, err))
		return -1;
	m->ssh.blob.data = m->blob.data;
	m->ssh.blob.len = m->blob.len;
	m->ssh.name_space.data = (const uint8_t *)"git";
	m->ssh.name_space.len = 3;
	if (tmk_ssh_key_read(&m->ssh.key, m->blob.data, m->blob.len, &why))
		sig->key = tmk_ssh_key_decode(&m->ssh.key);
	if (!sig->key)
		return tmk_err_set(err, TMK_KEY, "the key %s", why);
	sig->priv = &m->ssh;
	return 0;
}

static int ask(const struct made_up *m, const struct tmk_doctor *d,
	       const struct tmk_ref_rule *rule, struct tmk_verdict *v,
	       struct tmk_err *err)
{
	struct tmk_span email = { (const uint8_t *)d->email,
				  d->email ? strlen(d->email) : 0 };
	struct tmk_judge judge = d->policy->judge;
	struct tmk_finding f;

	/* What is stamped is judged beside: here it is now. */
	judge.timestamp = TMK_STAMP_OFF;
	judge.now = d->now;
	judge.ssh_key = rule->role ? rule->role->ssh_key : NULL;
	judge.ssh_keys = rule->role ? rule->role->ssh_keys : 0;
	if (tmk_judge_key(&f, &judge, &m->evidence, err))
		return -1;
	*v = f.verdict;
	if (v->reason == TMK_GOOD && rule->role &&
	    !tmk_policy_is_signer(rule->role, &f))
		tmk_verdict_refuse(v, TMK_SIGNER_NOT_ALLOWED, "the key %s is "
				   "no member of the role \"%s\"", f.key_id,
				   rule->role->name);
	if (v->reason == TMK_GOOD && rule->env &&
	    !tmk_policy_is_signer(rule->env, &f))
		tmk_verdict_refuse(v, TMK_SIGNER_NOT_ALLOWED, "the key %s is "
				   "none of the environment \"%s\"", f.key_id,
				   rule->env->name);
	if (v->reason == TMK_GOOD && rule->identity == TMK_IDENTITY_COMMITTER)
		tmk_identity_judge_key(v, &f.emails, f.key_id, email,
				       "committer");
	tmk_finding_release(&f);
	return 0;
}

bool tmk_doctor_gate_key(const struct tmk_doctor *d,
			 const struct tmk_ref_rule *rule,
			 struct tmk_verdict *v, char *text, size_t size)
{
	struct made_up m = { .blob = TMK_BUF_INIT(TMK_SSH_KEY_MAX) };
	struct tmk_err err = TMK_ERR_INIT;
	int rc;

	m.evidence.ops = tmk_front_seal_of(d->format);
	m.evidence.format = d->format;
	m.evidence.signatures = 1;
	m.evidence.signature[0].claimed_time = d->now;
	if (!d->spki.len)
		rc = tmk_err_set(&err, TMK_KEY, "no token shows the key that "
				 "git would sign with");
	else if (d->format == TMK_FORMAT_SSH)
		rc = make_up_ssh(&m, d, &err);
	else
		rc = make_up_openpgp(&m, d, &err);
	if (!rc)
		rc = ask(&m, d, rule, v, &err);
	if (rc)
		snprintf(text, size, "%s", err.text);
	EVP_PKEY_free(m.evidence.signature[0].key);
	tmk_buf_release(&m.blob);
	return !rc;
}
