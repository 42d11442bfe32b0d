#include "plugins/gpg_sign.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/config.h"
#include "plugins/front_ask.h"
#include "plugins/front_content.h"
#include "plugins/front_file.h"
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
	if (a->code || check_call(job->args, err) ||
	    choose_output(job, cms, err))
		return -1;
	rc = sign_content(job, err);
	if (!rc && !a->code)
		return deliver(job, err);
	return -1;
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
	rc = sign_with(&job, cms, err);
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
