#include "core/judge_job.h"

#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "base/clock.h"
#include "x509/cert.h"
#include "x509/tst.h"

#define CERTIFICATES_DEFAULT 16	/* [limits] certificates */
#define RSA_DEFAULT 3072	/* bits: [trust] minRsa */

/* Microsoft's "Lifetime Signing": CA/Browser Forum Code Signing BR. */
#define EKU_LIFETIME "1.3.6.1.4.1.311.10.3.13"

void tmk_finding_init(struct tmk_finding *finding)
{
	memset(finding, 0, sizeof(*finding));
	tmk_buf_init(&finding->emails, TMK_FINDING_EMAILS_MAX);
	finding->time = TMK_TIME_NONE;
}

void tmk_finding_release(struct tmk_finding *finding)
{
	sk_X509_pop_free(finding->chain, X509_free);
	tmk_buf_release(&finding->emails);
	tmk_finding_init(finding);
}

/* What a stranger can make large, before anything is computed from it. */
static int judge_limits(const struct tmk_judge_job *job)
{
	int most = job->judge->certificates, have;

	if (!most)
		most = CERTIFICATES_DEFAULT;
	have = job->evidence->bag ? sk_X509_num(job->evidence->bag) : 0;
	if (have > most)
		return tmk_verdict_refuse(job->v, TMK_LIMIT_EXCEEDED,
			"the signature carries %d certificates, %d are allowed",
			have, most);
	if (job->sig->tokens > TMK_TOKENS_MAX)
		return tmk_verdict_refuse(job->v, TMK_LIMIT_EXCEEDED,
			"the signature carries %d timestamps, %d are allowed",
			job->sig->tokens, TMK_TOKENS_MAX);
	return 0;
}

/* Minisign and signify have digests of their own, or none at all: Ed25519 then
 * takes the content itself, and there is nothing weaker than the key. */
static bool fits_format(enum tmk_seal_format format, unsigned int hash)
{
	return (format == TMK_FORMAT_MINISIGN &&
		(hash == TMK_BLAKE2B512 || hash == TMK_WHOLE)) ||
		(format == TMK_FORMAT_SIGNIFY && hash == TMK_WHOLE);
}

static int refuse_digest(const struct tmk_judge_job *job, const char *name)
{
	return tmk_verdict_refuse(job->v, TMK_DIGEST_WEAK,
		"the signature uses %s, which the policy does not allow",
		name);
}

static int judge_digest(const struct tmk_judge_job *job)
{
	static const char *const names[] = {
		[TMK_SHA256] = "SHA-256", [TMK_SHA384] = "SHA-384",
		[TMK_SHA512] = "SHA-512", [TMK_BLAKE2B512] = "BLAKE2b-512"
	};
	unsigned int hash = job->sig->hash, allowed = job->judge->hashes;

	if (fits_format(job->evidence->format, hash))
		return !allowed || hash == TMK_WHOLE || allowed & 1u << hash ?
			0 : refuse_digest(job, names[hash]);
	if (hash < TMK_SHA256 || hash > TMK_SHA512 ||
	    job->sig->value_hash > TMK_SHA512)
		return tmk_verdict_refuse(job->v, TMK_DIGEST_WEAK,
			"the signature uses a digest that is not SHA-2");
	/* Of two digests the weaker one is forged. */
	if (allowed & 1u << hash && job->sig->value_hash)
		hash = job->sig->value_hash;
	if (allowed && !(allowed & 1u << hash))
		return refuse_digest(job, names[hash]);
	return 0;
}

unsigned int tmk_judge_least_rsa(const struct tmk_judge *judge)
{
	return judge->min_rsa ? judge->min_rsa : RSA_DEFAULT;
}

static int judge_key(const struct tmk_judge_job *job, unsigned int min_rsa)
{
	char why[200] = "";

	if (!tmk_cert_key_ok(job->sig->cert, min_rsa, why, sizeof(why)))
		return tmk_verdict_refuse(job->v, TMK_KEY_WEAK,
					  "the signer's key is refused: %s",
					  why);
	return 0;
}

/* Absurd keys fall before they cost anything; a key that is only too short is
 * named as such after its signature has proved that it is meant. */
static int judge_signature(const struct tmk_judge_job *job, int i,
			   const uint8_t *digest, size_t digest_len)
{
	const struct tmk_evidence *evidence = job->evidence;

	if (!job->sig->cert)
		return tmk_verdict_refuse(job->v, TMK_CERT_MISSING,
			"the signer's certificate is not in the signature");
	if (judge_key(job, TMK_JUDGE_RSA_ANY) || !tmk_judge_good(job))
		return 0;
	return evidence->ops->check(evidence, i, NULL, digest, digest_len,
				    job->v, job->err);
}

/* Whether the leaf says that a timestamp does not outlive it. */
static bool is_lifetime(X509 *cert)
{
	EXTENDED_KEY_USAGE *eku;
	char oid[80];
	bool found = false;
	int i;

	eku = X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
	for (i = 0; i < sk_ASN1_OBJECT_num(eku) && !found; i++) {
		OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(eku, i), 1);
		found = !strcmp(oid, EKU_LIFETIME);
	}
	sk_ASN1_OBJECT_pop_free(eku, ASN1_OBJECT_free);
	return found;
}

/* One token: it must be whole, from a TSA we trust, and not from the
 * future. */
static int judge_token(const struct tmk_judge_job *job, int i,
		       struct tmk_tst_answer *answer)
{
	const struct tmk_judge *judge = job->judge;
	const struct tmk_signature *sig = job->sig;
	char text[TMK_CLOCK_TEXT];

	if (tmk_tst_judge(answer, sig->token[i], sig->token_len[i],
			  sig->value, sig->value_len, judge->tsa_trust,
			  judge->tsa_revocation, judge->now, job->err))
		return -1;
	if (answer->result == TMK_TST_BAD)
		return tmk_verdict_refuse(job->v, TMK_TIMESTAMP_BAD,
					  "the timestamp is not good: %s",
					  answer->text);
	/* Without a trust of TSAs only the form was looked at. */
	if (!judge->tsa_trust) {
		tmk_verdict_refuse(job->v, TMK_TIMESTAMP_UNTRUSTED,
			"the signature has a timestamp, and no timestamp "
			"authority is trusted here");
		return tmk_verdict_hint(job->v, "name the roots of the "
			"timestamp authority: tsaRoots or --tsa-roots");
	}
	if (answer->result != TMK_TST_GOOD)
		return tmk_verdict_refuse(job->v, TMK_TIMESTAMP_UNTRUSTED,
			"the timestamp authority is not trusted: %s",
			answer->text);
	if (answer->time > judge->now &&
	    answer->time - judge->now > judge->clock_skew)
		return tmk_verdict_refuse(job->v, TMK_TIMESTAMP_ORDER,
			"the timestamp's time %s lies in the future",
			tmk_clock_format(text, answer->time));
	return 0;
}

/* All tokens must be good; the earliest gives the time. */
static int judge_tokens(const struct tmk_judge_job *job)
{
	struct tmk_finding *f = job->finding;
	struct tmk_tst_answer answer;
	int i;

	for (i = 0; i < job->sig->tokens; i++) {
		memset(&answer, 0, sizeof(answer));
		answer.result = TMK_TST_BAD;
		if (judge_token(job, i, &answer))
			return -1;
		if (!tmk_judge_good(job))
			return 0;
		if (f->stamped && answer.time >= f->time)
			continue;
		f->stamped = true;
		f->time = answer.time;
		snprintf(f->tsa, sizeof(f->tsa), "%s", answer.tsa);
	}
	return 0;
}

/* A timestamp proves nothing for a certificate that was not valid when it was
 * made; said here, because here both times can be named. */
static int judge_order(const struct tmk_judge_job *job)
{
	char stamp[TMK_CLOCK_TEXT], edge[TMK_CLOCK_TEXT];
	int64_t from, to, at = job->finding->time;
	struct tmk_err why = TMK_ERR_INIT;

	if (tmk_cert_validity(&from, &to, job->sig->cert, &why)) {
		if (why.code == TMK_INTERNAL)
			return tmk_err_set(job->err, TMK_INTERNAL, "%s",
					   why.text);
		return tmk_verdict_refuse(job->v, TMK_SIGNATURE_MALFORMED,
			"the signer's certificate has no readable validity");
	}
	tmk_clock_format(stamp, at);
	if (at > to)
		return tmk_verdict_refuse(job->v, TMK_CERT_EXPIRED,
			"the timestamp (%s) was made after the certificate "
			"expired (%s)", stamp, tmk_clock_format(edge, to));
	if (at < from)
		return tmk_verdict_refuse(job->v, TMK_CERT_NOT_YET_VALID,
			"the timestamp (%s) was made before the certificate "
			"became valid (%s)", stamp,
			tmk_clock_format(edge, from));
	return 0;
}

int tmk_judge_time(const struct tmk_judge_job *job)
{
	const struct tmk_judge *judge = job->judge;
	struct tmk_finding *f = job->finding;
	bool given = judge->at != TMK_TIME_NONE;

	f->time = given ? judge->at : judge->now;
	if (judge->timestamp == TMK_STAMP_OFF)
		return 0;
	if (!given && judge_tokens(job))
		return -1;
	if (tmk_judge_good(job) && !f->stamped &&
	    judge->timestamp != TMK_STAMP_WHEN_EXPIRED)
		tmk_verdict_refuse(job->v, TMK_TIMESTAMP_MISSING,
				   given ? "a timestamp is required, and a "
				   "given time stands in for none" :
				   "a timestamp is required, and the signature "
				   "has none");
	return 0;
}

bool tmk_judge_is_vouched(const struct tmk_judge_job *job)
{
	const struct tmk_judge *judge = job->judge;

	return judge->vouched > 0 && judge->vouched <= judge->now &&
		judge->at == TMK_TIME_NONE && !job->finding->stamped &&
		judge->timestamp != TMK_STAMP_OFF;
}

enum tmk_reason tmk_judge_chain_reason(enum tmk_chain_result result)
{
	switch (result) {
	case TMK_CHAIN_GOOD:
		return TMK_GOOD;
	case TMK_CHAIN_NOT_TRUSTED:
		return TMK_CHAIN_UNTRUSTED;
	case TMK_CHAIN_EXPIRED:
		return TMK_CERT_EXPIRED;
	case TMK_CHAIN_NOT_YET_VALID:
		return TMK_CERT_NOT_YET_VALID;
	case TMK_CHAIN_REVOKED:
		return TMK_CERT_REVOKED;
	case TMK_CHAIN_REVOCATION_UNKNOWN:
		return TMK_REVOCATION_UNKNOWN;
	case TMK_CHAIN_USAGE:
		return TMK_CERT_USAGE;
	case TMK_CHAIN_KEY_WEAK:
		return TMK_KEY_WEAK;
	case TMK_CHAIN_DIGEST_WEAK:
		return TMK_DIGEST_WEAK;
	}
	return TMK_INTERNAL_ERROR;
}

/* An expired certificate: the way out depends on whether a timestamp would
 * have helped. */
static void hint_expired(const struct tmk_judge_job *job, bool lifetime)
{
	if (lifetime)
		tmk_verdict_hint(job->v, "sign again with a valid certificate: "
			"this one ends all its signatures when it expires");
	else if (job->judge->timestamp == TMK_STAMP_OFF)
		tmk_verdict_hint(job->v, "sign again with a valid certificate:"
			" timestamps do not count here");
	else if (!job->finding->stamped)
		tmk_verdict_hint(job->v, "sign again with a valid certificate "
			"and a timestamp (touchmark.tsa), which outlasts it");
}

/* The chain has expired by now, but the content was there before. */
static int judge_vouched(const struct tmk_judge_job *job,
			 struct tmk_chain_request *request,
			 struct tmk_chain_answer *answer)
{
	struct tmk_finding *f = job->finding;

	if (answer->result != TMK_CHAIN_EXPIRED ||
	    !tmk_judge_is_vouched(job) || is_lifetime(request->leaf))
		return 0;
	tmk_chain_answer_release(answer);
	memset(answer, 0, sizeof(*answer));
	request->at = f->time = job->judge->vouched;
	request->stamped = f->vouched = true;
	return tmk_chain_judge(answer, request, job->err);
}

/* The signer's chain at the trusted time. */
static int judge_chain(const struct tmk_judge_job *job)
{
	const struct tmk_judge *judge = job->judge;
	struct tmk_finding *f = job->finding;
	struct tmk_chain_request request = {
		.trust = judge->trust, .leaf = job->sig->cert,
		.untrusted = job->evidence->bag, .now = judge->now,
		.revocation = judge->revocation, .ekus = judge->ekus,
		.honour_invalidity = judge->honour_invalidity,
		.ocsp = job->sig->staple, .ocsp_len = job->sig->staple_len,
		.ocsps = job->sig->staples,
		.min_rsa = tmk_judge_least_rsa(judge)
	};
	struct tmk_chain_answer answer = { 0 };
	bool lifetime = is_lifetime(job->sig->cert);

	memcpy(request.eku, judge->eku, sizeof(request.eku));
	if (lifetime && f->stamped) {
		f->time = judge->now;
		f->stamped = false;
	}
	request.at = f->time;
	request.stamped = f->stamped;
	if (tmk_chain_judge(&answer, &request, job->err) ||
	    judge_vouched(job, &request, &answer))
		return -1;
	f->chain = answer.chain;
	answer.chain = NULL;	/* the finding's now */
	if (answer.result != TMK_CHAIN_GOOD)
		tmk_verdict_refuse(job->v, tmk_judge_chain_reason(answer.result), "%s",
				   answer.text);
	if (answer.result == TMK_CHAIN_EXPIRED)
		hint_expired(job, lifetime);
	tmk_chain_answer_release(&answer);
	return 0;
}

/* A signature whose certificate stands under a root. */
static int judge_x509(const struct tmk_judge_job *job, int i,
		      const uint8_t *digest, size_t digest_len)
{
	int rc;

	if (!job->judge->trust)
		return tmk_err_set(job->err, TMK_INTERNAL,
				   "a judgement without trust");
	rc = judge_signature(job, i, digest, digest_len);
	if (!rc && tmk_judge_good(job))
		rc = judge_key(job, tmk_judge_least_rsa(job->judge));
	if (!rc && tmk_judge_good(job))
		rc = tmk_judge_time(job);
	if (!rc && tmk_judge_good(job) && job->finding->stamped)
		rc = judge_order(job);
	if (!rc && tmk_judge_good(job))
		rc = judge_chain(job);
	if (!rc && tmk_judge_good(job))
		job->finding->key = X509_get0_pubkey(job->sig->cert);
	return rc;
}

int tmk_judge_signature(struct tmk_finding *finding,
			const struct tmk_judge *judge,
			const struct tmk_evidence *evidence, int i,
			const uint8_t *digest, size_t digest_len,
			struct tmk_err *err)
{
	struct tmk_finding f;
	struct tmk_judge_job job = { &f, judge, evidence, NULL, &f.verdict,
		err };
	int rc = 0;

	if (i < 0 || i >= evidence->signatures)
		return tmk_err_set(err, TMK_INTERNAL,
				   "a judgement without signature");
	tmk_finding_init(&f);
	job.sig = &evidence->signature[i];
	f.format = evidence->format;
	f.cert = job.sig->cert;
	rc = judge_limits(&job);
	if (!rc && tmk_judge_good(&job))
		rc = judge_digest(&job);
	if (!rc && tmk_judge_good(&job)) {
		if (evidence->format == TMK_FORMAT_X509)
			rc = judge_x509(&job, i, digest, digest_len);
		else
			rc = tmk_judge_by_key(&job, i, digest, digest_len);
	}
	if (rc) {
		tmk_finding_release(&f);
		return -1;
	}
	*finding = f;
	return 0;
}
