#include "plugins/gpg_verify.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "core/config.h"
#include "core/judge.h"
#include "plugins/front_file.h"
#include "plugins/front_seal.h"
#include "plugins/front_trust.h"
#include "plugins/gpg_other.h"
#include "plugins/gpg_status.h"

bool tmk_gpg_verify_is_pgp(const uint8_t *data, size_t len)
{
	static const char begin[] = "-----BEGIN PGP ";

	return len && ((data[0] & 0x80) ||
		       (len >= sizeof(begin) - 1 &&
			!memcmp(data, begin, sizeof(begin) - 1)));
}

/* DER, or any armour: what cannot be OpenPGP. */
static bool looks_like_cms(const uint8_t *data, size_t len)
{
	static const char begin[] = "-----BEGIN ";

	return len && !tmk_gpg_verify_is_pgp(data, len) &&
		(data[0] == 0x30 || (len >= sizeof(begin) - 1 &&
				     !memcmp(data, begin, sizeof(begin) - 1)));
}

struct job {
	const struct tmk_gpg_args *args;
	const char *program;
	int say;		/* descriptor of the human lines */
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
		dprintf(job->say, "%s: certificate not found\n", job->program);
		return;
	}
	tmk_clock_format(when, r->made);
	if (r->made == TMK_TIME_NONE)
		dprintf(job->say, "%s: Signature made [date not given]\n",
			job->program);
	else
		dprintf(job->say, "%s: Signature made %.10s %.8s UTC\n",
			job->program, when, when + 11);
	dprintf(job->say, "%s:                using %s%d key %s\n",
		job->program, r->algorithm == 1 ? "rsa" : "nistp",
		key ? EVP_PKEY_get_bits(key) : 0, r->fingerprint);
}

static void say_good(const struct job *job)
{
	char name[600], when[TMK_CLOCK_TEXT];
	const struct tmk_finding *f = &job->finding;
	int i;

	dprintf(job->say, "%s: Good signature from \"%s\"\n", job->program,
		job->report.subject);
	for (i = 0; tmk_gpg_report_alias(name, sizeof(name), f->cert, i); i++)
		dprintf(job->say, "%s:                 aka \"%s\"\n",
			job->program, name);
	if (f->stamped)
		dprintf(job->say, "%s: Signature existed at %s, timestamp by "
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
	dprintf(job->say, "%s: invalid signature: %s: %s\n", job->program,
		tmk_reason_id(v->reason), v->text);
	dprintf(job->say, "%s: hint: %s\n", job->program, v->hint);
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
	struct job job = {
		.args = args,
		.program = program,
		.say = args->logger_fd < 0 ? STDERR_FILENO : args->logger_fd,
	};
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

/* What the caller gave as the signature, so far. */
struct input {
	int fd;
	bool rewindable;	/* a file: who reads it next finds it whole */
	struct tmk_buf data;
};

/* 0, or -1 with a signature that nobody could read. A file is only looked
 * into, anything else is read to its end. */
static int open_input(struct input *in, const char *path, struct tmk_err *err)
{
	uint8_t head[16];
	struct stat st;
	ssize_t n;
	int rc = 0;

	if (tmk_front_file_open(&in->fd, path, err))
		return -1;
	/* Standard input has a position, which is not ours to move. */
	in->rewindable = !fstat(in->fd, &st) && S_ISREG(st.st_mode) &&
		tmk_gpg_args_fd(path) < 0;
	if (in->rewindable) {
		n = pread(in->fd, head, sizeof(head), 0);
		if (n > 0 && tmk_buf_add(&in->data, head, (size_t)n))
			rc = tmk_err_nomem(err);
	} else {
		rc = tmk_file_read_fd(&in->data, in->fd,
				      tmk_front_file_name(path), err);
	}
	return rc;
}

/* The rest of a file that turned out to be for us. */
static int read_all(struct input *in, const char *path, struct tmk_err *err)
{
	if (!in->rewindable)
		return 0;
	tmk_buf_clear(&in->data);
	return tmk_file_read_fd(&in->data, in->fd, tmk_front_file_name(path),
				err);
}

static int hand_over(const struct tmk_gpg_args *args, const char *to,
		     char *const argv[], const struct input *in,
		     struct tmk_err *err)
{
	if (in->rewindable)
		(void)!tmk_gpg_other_run(to, argv, err);
	else
		(void)!tmk_gpg_other_rerun(to, argv, args->first,
					   tmk_gpg_args_fd(args->operand[0]),
					   in->data.data, in->data.len, err);
	return err->code;
}

/* The real program for these bytes; NULL when they are for us. Called gpgsm
 * we judge everything but OpenPGP, called gpg only what is CMS. Content inside
 * the signature (one operand) is nothing that we make: gpgsm has it. */
static const char *whose(const struct tmk_gpg_args *args, bool gpgsm,
			 const struct tmk_buf *sig)
{
	if (tmk_gpg_verify_is_pgp(sig->data, sig->len) ||
	    (!gpgsm && !looks_like_cms(sig->data, sig->len)))
		return "gpg";
	return args->operands == 1 ? "gpgsm" : NULL;
}

int tmk_gpg_verify(const struct tmk_gpg_args *args, const char *program,
		   char *const argv[], struct tmk_err *err)
{
	struct input in = { -1, false, TMK_BUF_INIT(TMK_FRONT_SEAL_MAX) };
	const char *path = args->operand[0], *to;
	bool gpgsm = !strcmp(program, "gpgsm");
	int rc;

	/* A message that holds its content may be of any size, and a stream
	 * cannot be looked into. */
	if (args->operands == 1 && (tmk_gpg_args_fd(path) >= 0 ||
				    tmk_front_file_is_stream(path))) {
		(void)!tmk_gpg_other_run(gpgsm ? "gpgsm" : "gpg", argv, err);
		return err->code;
	}
	if (open_input(&in, path, err)) {
		rc = err->code;
	} else {
		to = whose(args, gpgsm, &in.data);
		if (to)
			rc = hand_over(args, to, argv, &in, err);
		else if (read_all(&in, path, err))
			rc = err->code;
		else
			rc = verify_ours(args, program, &in.data, err);
	}
	if (in.fd >= 0)
		close(in.fd);
	tmk_buf_release(&in.data);
	return rc;
}
