#include "plugins/gpg_verify.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/file.h"
#include "core/config.h"
#include "core/judge.h"
#include "plugins/front_file.h"
#include "plugins/front_seal.h"
#include "plugins/front_trust.h"
#include "plugins/gpg_other.h"
#include "plugins/gpg_status.h"
#include "x509/cert.h"

bool tmk_gpg_verify_is_pgp(const uint8_t *data, size_t len)
{
	static const char begin[] = "-----BEGIN PGP ";

	return len && ((data[0] & 0x80) ||
		       (len >= sizeof(begin) - 1 &&
			!memcmp(data, begin, sizeof(begin) - 1)));
}

struct job {
	const struct tmk_gpg_args *args;
	const char *program;
	struct tmk_front_trust trust;
	struct tmk_evidence *evidence;	/* NULL when malformed */
	struct tmk_finding finding;
	struct tmk_gpg_report report;
};

static void say_made(const struct job *job)
{
	const struct tmk_gpg_report *r = &job->report;
	X509 *cert = job->evidence->signature[0].cert;
	EVP_PKEY *key = cert ? X509_get0_pubkey(cert) : NULL;
	char when[TMK_CLOCK_TEXT];

	if (!r->fingerprint[0]) {
		fprintf(stderr, "%s: certificate not found\n", job->program);
		return;
	}
	tmk_clock_format(when, r->made);
	if (r->made == TMK_TIME_NONE)
		fprintf(stderr, "%s: Signature made [date not given]\n",
			job->program);
	else
		fprintf(stderr, "%s: Signature made %.10s %.8s UTC\n",
			job->program, when, when + 11);
	fprintf(stderr, "%s:                using %s%d key %s\n",
		job->program, r->algorithm == 1 ? "rsa" : "nistp",
		key ? EVP_PKEY_get_bits(key) : 0, r->fingerprint);
}

static void say_good(const struct job *job)
{
	char mail[256], shown[512], when[TMK_CLOCK_TEXT];
	const struct tmk_finding *f = &job->finding;
	int i;

	fprintf(stderr, "%s: Good signature from \"%s\"\n", job->program,
		job->report.subject);
	for (i = 0; tmk_cert_email(mail, sizeof(mail), f->cert, i); i++) {
		tmk_enc_show_into(shown, sizeof(shown), mail, strlen(mail));
		fprintf(stderr, "%s:                 aka \"%s\"\n",
			job->program, shown);
	}
	if (f->stamped)
		fprintf(stderr, "%s: Signature existed at %s, timestamp by "
			"%s\n", job->program, tmk_clock_format(when, f->time),
			f->tsa);
}

/* gpgsm's first words, then our reason and what to do about it. */
static void say_verdict(const struct job *job)
{
	const struct tmk_verdict *v = &job->finding.verdict;

	if (job->evidence)
		say_made(job);
	if (v->reason == TMK_GOOD) {
		say_good(job);
		return;
	}
	fprintf(stderr, "%s: invalid signature: %s: %s\n", job->program,
		tmk_reason_id(v->reason), v->text);
	fprintf(stderr, "%s: hint: %s\n", job->program, v->hint);
}

static int tell(const struct job *job, struct tmk_err *err)
{
	struct tmk_buf lines = TMK_BUF_INIT(TMK_GPG_STATUS_MAX);
	int rc;

	rc = tmk_gpg_status_report(&lines, &job->report) ? tmk_err_nomem(err) :
		tmk_gpg_status_send(job->args->status_fd, &lines, err);
	tmk_buf_release(&lines);
	return rc;
}

static int judge(struct job *job, const char *data, struct tmk_err *err)
{
	const struct tmk_trust_options options = { .at = TMK_TIME_NONE };
	const struct tmk_signature *s = &job->evidence->signature[0];
	struct tmk_config *config = NULL;
	uint8_t digest[TMK_HASH_MAX];
	size_t len = 0;
	int fd, rc;

	if (tmk_front_file_open(&fd, data, err))
		return -1;
	rc = tmk_front_file_digest(digest, &len, fd,
				   tmk_front_file_name(data), s->hash, err);
	close(fd);
	if (!rc)
		rc = tmk_config_load(&config, ".", err);
	if (!rc)
		rc = tmk_front_trust_load(&job->trust, &options, config, err);
	if (!rc)
		rc = tmk_judge_signature(&job->finding, &job->trust.judge,
					 job->evidence, 0, digest, len, err);
	tmk_config_free(config);
	return rc;
}

/* Read, judge and fill the report; negative with the report as it began. */
static int examine(struct job *job, const struct tmk_buf *sig,
		   struct tmk_err *err)
{
	const struct tmk_signature *s;

	if (tmk_front_seal_parse(&job->evidence, sig->data, sig->len,
				 &job->finding.verdict, err))
		return -1;
	if (job->evidence) {
		s = &job->evidence->signature[0];
		job->report.hash = tmk_gpg_status_hash(s->hash);
		job->report.made = s->claimed_time;
		if (s->cert)
			tmk_gpg_report_cert(&job->report, s->cert);
		if (judge(job, job->args->operand[1], err))
			return -1;
	}
	job->report.reason = job->finding.verdict.reason;
	return 0;
}

static int verify_ours(const struct tmk_gpg_args *args, const char *program,
		       const struct tmk_buf *sig, struct tmk_err *err)
{
	struct job job = { .args = args, .program = program };
	struct tmk_err late = TMK_ERR_INIT;
	int rc;

	tmk_gpg_other_settle();
	tmk_gpg_report_init(&job.report);
	tmk_finding_init(&job.finding);
	rc = examine(&job, sig, err) ? err->code : TMK_OK;
	if (!rc) {
		say_verdict(&job);
		rc = job.report.reason == TMK_GOOD ? TMK_OK : TMK_REFUSED;
	}
	if (tell(&job, &late) && rc <= TMK_REFUSED) {
		*err = late;
		rc = late.code;
	}
	tmk_finding_release(&job.finding);
	tmk_evidence_free(job.evidence);
	tmk_front_trust_release(&job.trust);
	return rc;
}

static int hand_over(const struct tmk_gpg_args *args, const char *to,
		     char *const argv[], const struct tmk_buf *sig,
		     struct tmk_err *err)
{
	if (!strcmp(args->operand[0], "-"))
		(void)!tmk_gpg_other_rerun(to, argv, sig->data, sig->len, err);
	else
		(void)!tmk_gpg_other_run(to, argv, err);
	return err->code;
}

/* 0, or -1 with a signature that nobody could read. */
static int read_signature(struct tmk_buf *sig, const char *path,
			  struct tmk_err *err)
{
	int fd, rc;

	if (tmk_front_file_open(&fd, path, err))
		return -1;
	rc = tmk_file_read_fd(sig, fd, tmk_front_file_name(path), err);
	close(fd);
	return rc;
}

int tmk_gpg_verify(const struct tmk_gpg_args *args, const char *program,
		   char *const argv[], struct tmk_err *err)
{
	struct tmk_buf sig = TMK_BUF_INIT(TMK_FRONT_SEAL_MAX);
	int rc;

	if (read_signature(&sig, args->operand[0], err))
		rc = err->code;
	else if (tmk_gpg_verify_is_pgp(sig.data, sig.len))
		rc = hand_over(args, "gpg", argv, &sig, err);
	else if (args->operands == 1)
		rc = hand_over(args, "gpgsm", argv, &sig, err);
	else
		rc = verify_ours(args, program, &sig, err);
	tmk_buf_release(&sig);
	return rc;
}
