/*
 * Signatures without certificates (OpenPGP, SSH, minisign): the key comes from a keyring
 * that the judge was given, and what the keyring says of it is held against
 * the trusted time.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/judge_job.h"
#include "x509/cert.h"

static const struct tmk_keyring *choose(const struct tmk_judge_job *job)
{
	switch (job->evidence->format) {
	case TMK_FORMAT_OPENPGP:
		return job->judge->openpgp;
	case TMK_FORMAT_SSH:
		return job->judge->ssh;
	case TMK_FORMAT_MINISIGN:
	case TMK_FORMAT_SIGNIFY:
		return job->judge->minisign;
	case TMK_FORMAT_X509:
		break;
	}
	return NULL;
}

static int no_keyring(const struct tmk_judge_job *job)
{
	const char *what = "OpenPGP keyring", *option = "--keyring";

	switch (job->evidence->format) {
	case TMK_FORMAT_SSH:
		what = "allowed_signers file";
		option = "--allowed-signers";
		break;
	case TMK_FORMAT_MINISIGN:
	case TMK_FORMAT_SIGNIFY:
		what = "public key file";
		option = "--minisign-key";
		break;
	case TMK_FORMAT_OPENPGP:
	case TMK_FORMAT_X509:
		break;
	}
	tmk_verdict_refuse(job->v, TMK_CERT_MISSING, "the signature is by the "
			   "key %s, and no %s says whose that is",
			   job->sig->key_id, what);
	return tmk_verdict_hint(job->v, "name one that you trust: %s FILE",
				option);
}

static int judge_strength(const struct tmk_judge_job *job, EVP_PKEY *key,
			  unsigned int min_rsa)
{
	char why[200] = "";

	if (!tmk_cert_pkey_ok(key, min_rsa, why, sizeof(why)))
		return tmk_verdict_refuse(job->v, TMK_KEY_WEAK,
					  "the signer's key is refused: %s",
					  why);
	return 0;
}

static int refuse_expired(const struct tmk_judge_job *job,
			  const struct tmk_standing *s)
{
	char at[TMK_CLOCK_TEXT], end[TMK_CLOCK_TEXT];
	const struct tmk_finding *f = job->finding;

	tmk_clock_format(at, f->time);
	tmk_clock_format(end, s->valid_until);
	if (f->stamped)
		return tmk_verdict_refuse(job->v, TMK_CERT_EXPIRED,
			"the timestamp (%s) was made after the key %s expired "
			"(%s)", at, s->key_id, end);
	tmk_verdict_refuse(job->v, TMK_CERT_EXPIRED, "the key %s expired at "
			   "%s", s->key_id, end);
	if (job->judge->timestamp == TMK_STAMP_OFF)
		return tmk_verdict_hint(job->v, "sign again with a valid key: "
			"timestamps do not count here");
	return tmk_verdict_hint(job->v, "sign again with a valid key and a "
		"timestamp (touchmark.tsa), which outlasts it");
}

static int refuse_revoked(const struct tmk_judge_job *job,
			  const struct tmk_standing *s)
{
	char end[TMK_CLOCK_TEXT];

	if (s->revoked_hard)
		tmk_verdict_refuse(job->v, TMK_CERT_REVOKED, "the key %s was "
				   "revoked for a reason that ends all its "
				   "signatures", s->key_id);
	else
		tmk_verdict_refuse(job->v, TMK_CERT_REVOKED, "the key %s was "
				   "revoked at %s", s->key_id,
				   tmk_clock_format(end, s->revoked_at));
	return tmk_verdict_hint(job->v, "sign again with a key that is not "
				"revoked");
}

static bool was_valid(const struct tmk_standing *s, int64_t at)
{
	return at < s->valid_until &&
		(s->valid_from == TMK_TIME_NONE || at >= s->valid_from);
}

/* What the keyring says, at the trusted time. A revocation comes first: it is
 * the graver news. */
static int judge_standing(const struct tmk_judge_job *job,
			  const struct tmk_standing *s)
{
	char at[TMK_CLOCK_TEXT], begin[TMK_CLOCK_TEXT];
	int64_t time = job->finding->time;

	if (s->revoked_hard || (s->revoked_at != TMK_TIME_NONE &&
				s->revoked_at <= time))
		return refuse_revoked(job, s);
	if (s->valid_from != TMK_TIME_NONE && time < s->valid_from)
		return tmk_verdict_refuse(job->v, TMK_CERT_NOT_YET_VALID,
			"the %s (%s) is before the key %s became valid (%s)",
			job->finding->stamped ? "timestamp" : "time",
			tmk_clock_format(at, time), s->key_id,
			tmk_clock_format(begin, s->valid_from));
	if (s->valid_until == TMK_TIME_NONE || time < s->valid_until)
		return 0;
	if (!was_valid(s, job->judge->vouched) || !tmk_judge_is_vouched(job))
		return refuse_expired(job, s);
	job->finding->time = job->judge->vouched;
	job->finding->vouched = true;
	return 0;
}

/* A key that the policy names itself. What an allowed_signers file says of it
 * counts more: it is asked first, and only its silence is made up for. */
static bool is_named(const struct tmk_judge_job *job)
{
	const struct tmk_judge *judge = job->judge;
	int i;

	if (job->evidence->format != TMK_FORMAT_SSH || !job->sig->key ||
	    !job->sig->key_id[0])
		return false;
	for (i = 0; i < judge->ssh_keys; i++)
		if (!strcmp(judge->ssh_key[i], job->sig->key_id))
			return true;
	return false;
}

static void stand_alone(const struct tmk_judge_job *job,
			struct tmk_standing *s)
{
	*job->v = (struct tmk_verdict)TMK_VERDICT_INIT;
	memset(s, 0, sizeof(*s));
	s->key = job->sig->key;
	snprintf(s->key_id, sizeof(s->key_id), "%s", job->sig->key_id);
	s->valid_from = s->valid_until = s->revoked_at = TMK_TIME_NONE;
}

/* Whose key it is; the finding tells, whatever comes after. */
static int find_key(const struct tmk_judge_job *job,
		    const struct tmk_keyring *ring, int i,
		    struct tmk_standing *s, bool *listed)
{
	const char *name_space = job->judge->name_space;
	struct tmk_finding *f = job->finding;

	if (ring->ops->keyring_find(s, ring, job->evidence, i,
				    name_space ? name_space : "git", job->v,
				    job->err))
		return -1;
	*listed = tmk_judge_good(job);
	if (job->v->reason == TMK_CERT_MISSING && is_named(job))
		stand_alone(job, s);
	if (!tmk_judge_good(job))
		return 0;
	if (!s->key)
		return tmk_err_set(job->err, TMK_INTERNAL,
				   "the keyring gave no key");
	snprintf(f->key_id, sizeof(f->key_id), "%s", s->key_id);
	snprintf(f->primary_id, sizeof(f->primary_id), "%s",
		 s->primary_id[0] ? s->primary_id : s->key_id);
	snprintf(f->user, sizeof(f->user), "%s", s->user);
	return 0;
}

/* Who may be named as its owner, once nothing was refused. */
static int tell_owner(const struct tmk_judge_job *job,
		      const struct tmk_keyring *ring, int i,
		      const struct tmk_standing *s, bool listed)
{
	const char *name_space = job->judge->name_space;
	struct tmk_finding *f = job->finding;

	f->key = s->key;
	if (!listed || !ring->ops->keyring_emails)
		return 0;
	return ring->ops->keyring_emails(&f->emails, ring, job->evidence, i,
					 name_space ? name_space : "git",
					 f->time, job->err);
}

/* The keys of minisign and signify are the same files. */
static bool share_rings(enum tmk_seal_format a, enum tmk_seal_format b)
{
	return (a == TMK_FORMAT_MINISIGN || a == TMK_FORMAT_SIGNIFY) &&
		(b == TMK_FORMAT_MINISIGN || b == TMK_FORMAT_SIGNIFY);
}

/* `digest` is NULL for a signature that is not made yet: all but its
 * arithmetic is judged. */
static int by_key(const struct tmk_judge_job *job, int i,
		  const uint8_t *digest, size_t digest_len)
{
	const struct tmk_evidence *evidence = job->evidence;
	const struct tmk_keyring *ring = choose(job);
	struct tmk_finding *f = job->finding;
	struct tmk_standing s = { 0 };
	bool listed = false;
	int rc;

	snprintf(f->key_id, sizeof(f->key_id), "%s", job->sig->key_id);
	if (!ring)
		return no_keyring(job);
	if (ring->ops != evidence->ops && !share_rings(ring->ops->format,
						       evidence->format))
		return tmk_err_set(job->err, TMK_INTERNAL,
				   "a keyring of another format");
	rc = find_key(job, ring, i, &s, &listed);
	if (!rc && tmk_judge_good(job))
		rc = judge_strength(job, s.key, TMK_JUDGE_RSA_ANY);
	if (!rc && tmk_judge_good(job) && digest)
		rc = evidence->ops->check(evidence, i, s.key, digest,
					  digest_len, job->v, job->err);
	if (!rc && tmk_judge_good(job))
		rc = judge_strength(job, s.key,
				    tmk_judge_least_rsa(job->judge));
	/* Whoever breaks the owner's key binds keys of his own to it. */
	if (!rc && tmk_judge_good(job) && s.owner)
		rc = judge_strength(job, s.owner,
				    tmk_judge_least_rsa(job->judge));
	if (!rc && tmk_judge_good(job))
		rc = tmk_judge_time(job);
	if (!rc && tmk_judge_good(job))
		rc = judge_standing(job, &s);
	if (!rc && tmk_judge_good(job))
		rc = tell_owner(job, ring, i, &s, listed);
	return rc;
}

int tmk_judge_by_key(const struct tmk_judge_job *job, int i,
		     const uint8_t *digest, size_t digest_len)
{
	if (!digest)
		return tmk_err_set(job->err, TMK_INTERNAL,
				   "a judgement without digest");
	return by_key(job, i, digest, digest_len);
}

int tmk_judge_key(struct tmk_finding *finding, const struct tmk_judge *judge,
		  const struct tmk_evidence *evidence, struct tmk_err *err)
{
	struct tmk_finding f;
	struct tmk_judge_job job = { &f, judge, evidence,
		&evidence->signature[0], &f.verdict, err };

	tmk_finding_init(&f);
	f.format = evidence->format;
	if (by_key(&job, 0, NULL, 0)) {
		tmk_finding_release(&f);
		return -1;
	}
	*finding = f;
	return 0;
}
