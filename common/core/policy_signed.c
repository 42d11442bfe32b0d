#include "core/policy_signed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/file.h"
#include "core/judge.h"
#include "core/policy_reader.h"
#include "iface/seal.h"
#include "x509/cert.h"
#include "x509/digest.h"

#define SUFFIX ".p7s"

/* One check. */
struct job {
	const char *path;
	char *seal_path;
	const struct tmk_policy_signers *signers;
	struct tmk_trust *trust, *tsa_trust;
	struct tmk_buf text, seal;
	struct tmk_evidence *evidence;
	struct tmk_finding finding;
	struct tmk_err *err;
};

static void job_release(struct job *job)
{
	tmk_finding_release(&job->finding);
	tmk_evidence_free(job->evidence);
	tmk_trust_free(job->trust);
	tmk_trust_free(job->tsa_trust);
	tmk_buf_release(&job->text);
	tmk_buf_release(&job->seal);
	free(job->seal_path);
}

static const struct tmk_seal_ops *find_cms(void)
{
	int i;

	for (i = 0; tmk_seals[i]; i++)
		if (tmk_seals[i]->format == TMK_FORMAT_X509)
			return tmk_seals[i];
	return NULL;
}

static int add_store(struct tmk_trust **out, const char *roots,
		     const char *crl, struct tmk_err *err)
{
	if (tmk_trust_new(out, err) < 0 ||
	    tmk_trust_add_roots(*out, roots, err) < 0)
		return -1;
	return crl ? tmk_trust_add_crls(*out, crl, err) : 0;
}

static int load(struct job *job)
{
	const struct tmk_policy_signers *s = job->signers;

	if (asprintf(&job->seal_path, "%s" SUFFIX, job->path) < 0) {
		job->seal_path = NULL;
		return tmk_err_nomem(job->err);
	}
	if (tmk_file_read(&job->text, job->path, job->err) < 0)
		return -1;
	if (tmk_file_read(&job->seal, job->seal_path, job->err) < 0) {
		tmk_err_prefix(job->err, "the policy must be signed");
		return tmk_err_hint(job->err, "touchmark sign %s", job->path);
	}
	if (add_store(&job->trust, s->roots, s->crl, job->err) < 0)
		return -1;
	return s->tsa_roots ? add_store(&job->tsa_trust, s->tsa_roots, s->crl,
					job->err) : 0;
}

/* What the judge found wrong, as the error that it is for a policy. */
static int refuse(const struct job *job, const struct tmk_verdict *v)
{
	tmk_err_set(job->err, TMK_USAGE, "the signature %s of the policy is "
		    "refused, %s: %s", job->seal_path,
		    tmk_reason_id(v->reason), v->text);
	return tmk_err_hint(job->err, "sign the policy again: touchmark sign "
			    "%s", job->path);
}

static int digest(const struct job *job, uint8_t *out, size_t *len)
{
	const struct tmk_signature *sig = &job->evidence->signature[0];
	struct tmk_digest d;
	int rc;

	if (tmk_digest_init(&d, (int)sig->hash, job->err) < 0)
		return -1;
	rc = tmk_digest_update(&d, job->text.data, job->text.len, job->err);
	if (!rc && sig->suffix)
		rc = tmk_digest_update(&d, sig->suffix, sig->suffix_len,
				       job->err);
	if (!rc)
		rc = tmk_digest_final(&d, out, len, job->err);
	tmk_digest_release(&d);
	return rc;
}

static int judge(struct job *job)
{
	const struct tmk_judge rule = {
		.trust = job->trust, .tsa_trust = job->tsa_trust,
		.revocation = job->signers->crl ? TMK_REVOCATION_REQUIRE :
			TMK_REVOCATION_CHECK,
		.tsa_revocation = TMK_REVOCATION_CHECK,
		.timestamp = job->tsa_trust ? TMK_STAMP_WHEN_EXPIRED :
			TMK_STAMP_OFF,
		.eku = { "codeSigning" }, .ekus = 1,
		.now = tmk_clock_now(), .at = TMK_TIME_NONE, .clock_skew = 300
	};
	const struct tmk_seal_ops *cms = find_cms();
	struct tmk_verdict v = TMK_VERDICT_INIT;
	uint8_t hash[TMK_HASH_MAX];
	size_t len = 0;

	if (!cms)
		return tmk_err_set(job->err, TMK_INTERNAL,
				   "no CMS is read here");
	if (cms->parse(&job->evidence, job->seal.data, job->seal.len, &v,
		       job->err) < 0)
		return -1;
	if (v.reason != TMK_GOOD)
		return refuse(job, &v);
	if (job->evidence->signatures != 1) {
		tmk_verdict_refuse(&v, TMK_SIGNATURE_MALFORMED,
				   "%d signers, exactly one is expected",
				   job->evidence->signatures);
		return refuse(job, &v);
	}
	if (digest(job, hash, &len) < 0 ||
	    tmk_judge_signature(&job->finding, &rule, job->evidence, 0, hash,
				len, job->err) < 0)
		return -1;
	return job->finding.verdict.reason == TMK_GOOD ? 0 :
		refuse(job, &job->finding.verdict);
}

/* What was parsed must be what was signed. */
static int same_bytes(const struct job *job, const struct tmk_policy *policy)
{
	uint8_t hash[TMK_DIGEST_MAX];
	char hex[2 * TMK_DIGEST_MAX + 1];
	size_t len = 0;

	if (tmk_digest_bytes(TMK_SHA256, job->text.data, job->text.len, hash,
			     &len, job->err) < 0)
		return -1;
	tmk_enc_hex(hex, hash, len);
	if (!strcmp(hex, policy->sha256))
		return 0;
	return tmk_err_set(job->err, TMK_USAGE, "%s: changed while it was "
			   "read", job->path);
}

int tmk_policy_signed_load(struct tmk_policy **out, char *who, size_t size,
			   const char *path,
			   const struct tmk_policy_signers *signers,
			   struct tmk_err *err)
{
	struct job job = {
		.path = path, .signers = signers,
		.text = TMK_BUF_INIT(TMK_POLICY_MAX),
		.seal = TMK_BUF_INIT(TMK_SEAL_MAX), .err = err
	};
	struct tmk_policy *policy = NULL;
	int rc;

	tmk_finding_init(&job.finding);
	rc = load(&job);
	if (!rc)
		rc = judge(&job);
	if (!rc)
		rc = tmk_policy_load(&policy, path, err);
	if (!rc)
		rc = same_bytes(&job, policy);
	if (!rc && who)
		tmk_cert_subject(who, size, job.finding.cert);
	job_release(&job);
	if (rc) {
		tmk_policy_free(policy);
		if (err && err->code != TMK_INTERNAL)
			err->code = TMK_USAGE;
		return -1;
	}
	*out = policy;
	return 0;
}
