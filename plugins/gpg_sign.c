#include "plugins/gpg_sign.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "core/config.h"
#include "formats/armour.h"
#include "plugins/front_ask.h"
#include "plugins/front_content.h"
#include "plugins/front_file.h"
#include "plugins/front_signers.h"
#include "plugins/gpg_other.h"
#include "plugins/gpg_request.h"

struct job {
	const struct tmk_gpg_args *args;
	const char *program;
	struct tmk_config *config;
	struct tmk_front_ask ask;
	struct tmk_request request;
	struct tmk_answer answer;
	char path[4096];
	const char *to;		/* "-": standard output */
};

#define SEALS_MAX (TMK_FRONT_SIGNERS_MAX * 65536)	/* bytes */

static int check_call(const struct tmk_gpg_args *args, bool cms,
		      struct tmk_err *err)
{
	if (!args->detach && !args->clear) {
		tmk_err_set(err, TMK_USAGE, "with this key signatures are "
			    "detached or around a text");
		return tmk_err_hint(err, "add --detach-sign or --clearsign");
	}
	if (cms && args->users > 1)
		return tmk_err_set(err, TMK_USAGE,
				   "one key signs at a time, %d are named",
				   args->users);
	if (args->operands > 1)
		return tmk_err_set(err, TMK_USAGE,
				   "one file is signed at a time");
	return 0;
}

/* Standard input or the one file named. */
static int sign_content(struct job *job, struct tmk_err *err)
{
	const char *path = job->args->operands ? job->args->operand[0] : "-";
	int fd, rc;

	if (tmk_front_file_open(&fd, path, err))
		return -1;
	rc = tmk_front_content_sign(&job->answer, &job->ask, &job->request,
				    fd, tmk_front_file_name(path), err);
	close(fd);
	return rc;
}

/* gpg asks before it replaces a file, gpgsm does not; we ask nobody. */
static int check_free(const char *path, struct tmk_err *err)
{
	struct stat st;

	if (!strcmp(path, "-") || stat(path, &st) || !S_ISREG(st.st_mode))
		return 0;
	tmk_err_set(err, TMK_USAGE, "%s is there already", path);
	return tmk_err_hint(err, "add --yes to replace it, or name another "
			    "file with -o");
}

/* Where the signature goes; asked before anything is signed. */
static int choose_output(struct job *job, bool cms, struct tmk_err *err)
{
	const struct tmk_gpg_args *args = job->args;

	job->to = tmk_gpg_args_output(job->path, sizeof(job->path), args, cms);
	if (!job->to)
		return tmk_err_set(err, TMK_USAGE, "the name of the "
				   "signature's file is too long");
	if (args->operands && tmk_front_file_same(args->operand[0], job->to))
		return tmk_err_set(err, TMK_USAGE, "%s is the file to sign "
				   "and the signature", job->to);
	return cms || args->yes ? 0 : check_free(job->to, err);
}

/* All bytes out, and only then the line that says so. */
static int deliver(const struct job *job, struct tmk_err *err)
{
	const struct tmk_answer *a = &job->answer;

	if (!strcmp(job->to, "-"))
		return tmk_gpg_request_deliver(job->args, a, err);
	if (tmk_front_file_put(job->to, a->seal.data, a->seal.len, err))
		return -1;
	return tmk_gpg_request_created(job->args->status_fd, a, err);
}

/* 0 signed, 1 the key is not ours, negative on failure. */
static int sign_with(struct job *job, bool cms, struct tmk_err *err)
{
	struct tmk_answer *a = &job->answer;
	int rc;

	tmk_gpg_request(&job->request, job->args, cms, job->program);
	if (!cms)
		job->request.format = TMK_REQUEST_OPENPGP;
	/* Before standard input is read: whose key is it? */
	if (tmk_front_content_prepare(a, &job->ask, &job->request, err))
		return -1;
	if (a->declined)
		return 1;
	if (a->code || check_call(job->args, cms, err) ||
	    choose_output(job, cms, err))
		return -1;
	rc = sign_content(job, err);
	if (!rc && !a->code)
		return deliver(job, err);
	return -1;
}

/* ---- text, and several keys ------------------------------------------------ */

/* Whose keys they are: all ours (0) or all others' (1). */
static int add_signers(struct job *job, struct tmk_front_signers *signers,
		       struct tmk_err *err)
{
	const struct tmk_gpg_args *args = job->args;
	int n = args->users ? args->users : 1, others = 0, i, rc;
	struct tmk_err other = TMK_ERR_INIT;

	for (i = 0; i < n; i++) {
		tmk_gpg_request(&job->request, args, false, job->program);
		job->request.key = args->users && *args->signer[i] ?
			args->signer[i] : NULL;
		rc = tmk_front_signers_add(signers, &job->request,
					   others ? err : &other);
		if (rc < 0) {
			if (!others && err)
				*err = other;
			return -1;
		}
		others += rc;
	}
	if (!others || others == n)
		return others ? 1 : 0;
	if (err)
		*err = other;
	return tmk_err_hint(err, "one call signs with keys of touchmark or "
			    "with keys of GnuPG, not with both");
}

/* The text with its signatures. It is read as a whole, for they stand behind
 * it and say what stands before. */
static int sign_text(struct job *job, struct tmk_front_signers *signers,
		     int fd, const char *name, struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(TMK_CLEARTEXT_MAX);
	struct tmk_buf seals = TMK_BUF_INIT(SEALS_MAX);
	struct tmk_buf *out = &job->answer.seal;
	int rc;

	tmk_buf_init(out, 2 * TMK_CLEARTEXT_MAX);
	rc = tmk_file_read_fd(&text, fd, name, err);
	if (!rc && tmk_cleartext_check(text.data, text.len, err))
		rc = tmk_err_prefix(err, "%s", name);
	if (!rc)
		rc = tmk_front_signers_feed(signers, text.data, text.len, err);
	if (!rc)
		rc = tmk_front_signers_sign(signers, &seals, err);
	if (!rc)
		rc = tmk_cleartext_write(out, text.data, text.len, seals.data,
					 seals.len, err);
	tmk_buf_release(&text);
	tmk_buf_release(&seals);
	return rc;
}

static int sign_bytes(struct job *job, struct tmk_front_signers *signers,
		      int fd, const char *name, struct tmk_err *err)
{
	struct tmk_buf seals = TMK_BUF_INIT(SEALS_MAX);
	struct tmk_buf *out = &job->answer.seal;
	int rc;

	rc = tmk_front_signers_feed_fd(signers, fd, name, err);
	if (!rc)
		rc = tmk_front_signers_sign(signers, &seals, err);
	if (!rc && job->args->armour)
		rc = tmk_armour_write(out, TMK_ARMOUR_LABEL_OPENPGP,
				      seals.data, seals.len, err);
	else if (!rc && tmk_buf_add(out, seals.data, seals.len))
		rc = tmk_err_nomem(err);
	tmk_buf_release(&seals);
	return rc;
}

/* The lines about every signature, and only when all of them are out. */
static int deliver_all(struct job *job, struct tmk_front_signers *signers,
		       struct tmk_err *err)
{
	int i;

	for (i = 0; i < signers->signers; i++) {
		struct tmk_answer *a = &signers->signer[i].answer;

		/* "C" is a text with its signature (GnuPG doc/DETAILS). */
		if (job->args->clear && a->created[0] == 'D')
			a->created[0] = 'C';
	}
	snprintf(job->answer.created, sizeof(job->answer.created), "%s",
		 signers->signer[0].answer.created);
	if (deliver(job, err))
		return -1;
	for (i = 1; i < signers->signers; i++)
		if (tmk_gpg_request_created(job->args->status_fd,
					    &signers->signer[i].answer, err))
			return -1;
	return 0;
}

/* As sign_with. */
static int sign_several(struct job *job, struct tmk_err *err)
{
	const struct tmk_gpg_args *args = job->args;
	const char *path = args->operands ? args->operand[0] : "-";
	struct tmk_front_signers *signers = calloc(1, sizeof(*signers));
	int fd = -1, rc;

	if (!signers)
		return tmk_err_nomem(err);
	tmk_front_signers_init(signers, &job->ask, args->clear ?
			       TMK_CLEARTEXT_FRAMED : 0);
	rc = add_signers(job, signers, err);
	if (!rc && (check_call(args, false, err) ||
		    choose_output(job, false, err) ||
		    tmk_front_file_open(&fd, path, err)))
		rc = -1;
	if (!rc && args->clear)
		rc = sign_text(job, signers, fd, tmk_front_file_name(path),
			       err);
	else if (!rc)
		rc = sign_bytes(job, signers, fd, tmk_front_file_name(path),
				err);
	if (!rc)
		rc = deliver_all(job, signers, err);
	if (fd >= 0)
		close(fd);
	tmk_front_signers_release(signers);
	free(signers);
	return rc;
}

int tmk_gpg_sign(const struct tmk_gpg_args *args, bool cms,
		 const char *program, char *const argv[], struct tmk_err *err)
{
	struct job job = { .args = args, .program = program };
	int rc;

	tmk_gpg_other_settle();
	if (tmk_config_load(&job.config, ".", err))
		return err->code;
	tmk_front_ask_init(&job.ask, job.config, program);
	tmk_answer_init(&job.answer);
	rc = !cms && (args->clear || args->users > 1) ?
		sign_several(&job, err) : sign_with(&job, cms, err);
	if (rc < 0) {
		if (!job.answer.code)
			tmk_answer_fail(&job.answer, err);
		*err = (struct tmk_err)TMK_ERR_INIT;
		rc = tmk_gpg_request_failed(args, program, &job.answer);
	} else if (rc) {
		tmk_front_ask_release(&job.ask);
		(void)!tmk_gpg_other_run(cms ? "gpgsm" : "gpg", argv, err);
		rc = err->code;
	}
	tmk_answer_release(&job.answer);
	tmk_front_ask_release(&job.ask);
	tmk_config_free(job.config);
	return rc;
}
