#include "plugins/gpg_sign.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/enc.h"
#include "core/config.h"
#include "core/sign.h"
#include "formats/armour.h"
#include "plugins/front_file.h"
#include "plugins/front_key.h"
#include "plugins/front_pick.h"
#include "plugins/front_seal.h"
#include "plugins/front_stamp.h"
#include "plugins/gpg_other.h"
#include "plugins/gpg_status.h"

struct job {
	const struct tmk_gpg_args *args;
	const char *program;
	struct tmk_config *config;
	struct tmk_front_key key;
	struct tmk_front_stamp stamp;
	struct tmk_stamper *stamper;
	const struct tmk_seal_ops *seal;
	enum tmk_hash hash;
	int64_t now;
};

/* The bytes to sign: standard input or the one file named. */
static int hash_input(const struct job *job, uint8_t *digest, size_t *len,
		      struct tmk_err *err)
{
	const char *path = job->args->operands ? job->args->operand[0] : "-";
	int fd, rc;

	if (tmk_front_file_open(&fd, path, err))
		return -1;
	rc = tmk_front_file_digest(digest, len, fd,
				   tmk_front_file_name(path), job->hash, err);
	close(fd);
	return rc;
}

static int check_digest_option(const struct job *job, struct tmk_err *err)
{
	static const struct {
		const char *name;
		enum tmk_hash hash;
	} known[] = {
		{ "SHA256", TMK_SHA256 }, { "SHA-256", TMK_SHA256 },
		{ "SHA384", TMK_SHA384 }, { "SHA-384", TMK_SHA384 },
		{ "SHA512", TMK_SHA512 }, { "SHA-512", TMK_SHA512 },
	};
	size_t i;

	if (!job->args->digest)
		return 0;
	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcasecmp(job->args->digest, known[i].name) &&
		    known[i].hash == job->hash)
			return 0;
	tmk_err_set(err, TMK_USAGE, "--digest-algo %s is not what this key "
		    "signs with", job->args->digest);
	return tmk_err_hint(err, "leave it out: the digest is matched to the "
			    "key");
}

static int make(const struct job *job, struct tmk_buf *out,
		struct tmk_err *err)
{
	struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);
	uint8_t digest[TMK_HASH_MAX];
	struct tmk_seal_request request = {
		.signer = job->key.signer,
		.certs = job->key.chain,
		.hash = job->hash,
		.digest = digest,
		.signing_time = job->now,
		.stamper = job->stamper,
	};
	int rc = -1;

	if (hash_input(job, digest, &request.digest_len, err) ||
	    tmk_sign_seal(&der, job->seal, &request, err))
		goto out;
	if (job->args->armour)
		rc = tmk_armour_write(out, job->seal->armour, der.data,
				      der.len, err);
	else
		rc = tmk_buf_add(out, der.data, der.len) ?
			tmk_err_nomem(err) : 0;
out:
	tmk_buf_release(&der);
	return rc;
}

/* All bytes out, and only then the line that says so. */
static int deliver(const struct job *job, const struct tmk_buf *signature,
		   struct tmk_err *err)
{
	struct tmk_buf lines = TMK_BUF_INIT(TMK_GPG_STATUS_MAX);
	const char *to = job->args->output ? job->args->output : "-";
	struct tmk_gpg_report report;
	int rc;

	tmk_gpg_report_init(&report);
	tmk_gpg_report_cert(&report, sk_X509_value(job->key.chain, 0));
	report.hash = tmk_gpg_status_hash(job->hash);
	report.made = job->now;
	if (tmk_gpg_status_created(&lines, &report))
		return tmk_err_nomem(err);
	rc = tmk_front_file_put(to, signature->data, signature->len, err);
	/* Some file systems tell of a lost byte only when it is closed. */
	if (!rc && !job->args->output &&
	    job->args->status_fd != STDOUT_FILENO && close(STDOUT_FILENO))
		rc = tmk_err_set(err, TMK_INPUT,
				 "cannot write standard output");
	if (!rc)
		rc = tmk_gpg_status_send(job->args->status_fd, &lines, err);
	tmk_buf_release(&lines);
	return rc;
}

static int sign_with(struct job *job, struct tmk_err *err)
{
	struct tmk_buf signature = TMK_BUF_INIT(TMK_FRONT_SEAL_MAX);
	char warning[256] = "";
	const char *user = job->args->user;
	int rc = -1;

	job->now = tmk_clock_now();
	if (tmk_front_seal_find(&job->seal, "cms", err) ||
	    tmk_front_stamp_init(&job->stamp, job->config,
				 job->config->timestamp, job->program,
				 &job->stamper, err) ||
	    tmk_front_key_open(&job->key, job->config,
			       user && *user ? user : NULL, NULL, job->now,
			       warning, sizeof(warning), err))
		return -1;
	if (warning[0])
		fprintf(stderr, "%s: %s\n", job->program, warning);
	job->hash = tmk_sign_hash(sk_X509_value(job->key.chain, 0));
	if (!check_digest_option(job, err) && !make(job, &signature, err))
		rc = deliver(job, &signature, err);
	tmk_buf_release(&signature);
	tmk_front_key_release(&job->key);
	return rc;
}

/* GPGME tells its user which signer it was that failed. */
static void tell_failure(const struct tmk_gpg_args *args)
{
	struct tmk_buf lines = TMK_BUF_INIT(TMK_GPG_STATUS_MAX);
	const char *user = args->user ? args->user : "";
	char shown[256], text[300];

	tmk_enc_show_into(shown, sizeof(shown), user,
			  (size_t)tmk_front_pick_shown(user));
	snprintf(text, sizeof(text), "0 %s", shown[0] ? shown : "-");
	if (!tmk_gpg_status_line(&lines, "INV_SGNR", text))
		(void)!tmk_gpg_status_send(args->status_fd, &lines, NULL);
	tmk_buf_release(&lines);
}

static int check_call(const struct tmk_gpg_args *args, struct tmk_err *err)
{
	if (!args->detach) {
		tmk_err_set(err, TMK_USAGE, "only detached signatures are "
			    "made with this key");
		return tmk_err_hint(err, "add --detach-sign");
	}
	if (args->users > 1)
		return tmk_err_set(err, TMK_USAGE,
				   "one key signs at a time, %d are named",
				   args->users);
	if (args->operands && args->output &&
	    tmk_front_file_same(args->operand[0], args->output))
		return tmk_err_set(err, TMK_USAGE, "%s is the file to sign "
				   "and the signature", args->output);
	if (args->operands > 1)
		return tmk_err_set(err, TMK_USAGE,
				   "one file is signed at a time");
	return 0;
}

int tmk_gpg_sign(const struct tmk_gpg_args *args, const char *program,
		 char *const argv[], struct tmk_err *err)
{
	struct job job = { .args = args, .program = program };
	const char *user = args->user && *args->user ? args->user : NULL;
	int known, rc = -1;

	tmk_gpg_other_settle();
	if (tmk_config_load(&job.config, ".", err))
		return err->code;
	known = tmk_front_key_known(job.config, user, err);
	if (!known) {
		tmk_config_free(job.config);
		(void)!tmk_gpg_other_run("gpgsm", argv, err);
		return err->code;
	}
	if (known > 0 && !check_call(args, err))
		rc = sign_with(&job, err);
	if (rc && err->code == TMK_KEY)
		tell_failure(args);
	tmk_config_free(job.config);
	return rc ? err->code : TMK_OK;
}
