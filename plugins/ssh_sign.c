#include "plugins/ssh_sign.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "core/config.h"
#include "plugins/front_ask.h"
#include "plugins/front_content.h"
#include "plugins/front_file.h"
#include "plugins/ssh_other.h"
#include "plugins/ssh_request.h"

struct job {
	const struct tmk_ssh_args *args;
	struct tmk_buf key;
	struct tmk_config *config;
	struct tmk_front_ask ask;
	struct tmk_request request;
	struct tmk_answer answer;
};

static int check_hash(const struct tmk_ssh_args *args, struct tmk_err *err)
{
	if (!args->hash || !strcmp(args->hash, "sha512"))
		return 0;
	tmk_err_set(err, TMK_USAGE, "hashalg=%s: touchmark's keys sign "
		    "with sha512", args->hash);
	return tmk_err_hint(err, "leave -O hashalg out");
}

/* One file, or standard input. Where its signature goes is settled before
 * anything is signed. */
static int sign_one(struct job *job, const char *file, struct tmk_err *err)
{
	bool input = tmk_ssh_args_is_stdin(file);
	char path[4096];
	int fd, rc;

	if (tmk_front_file_open(&fd, file, err))
		return -1;
	tmk_ssh_request_begin(job->args, input && !job->args->files ? NULL :
			      file);
	rc = input ? 0 : tmk_ssh_request_output(path, sizeof(path), file, true,
						err);
	if (!rc)
		rc = tmk_front_content_sign(&job->answer, &job->ask,
					    &job->request, fd,
					    tmk_front_file_name(file), err);
	close(fd);
	if (rc || job->answer.code)
		return -1;
	/* The warnings have been told. */
	tmk_buf_clear(&job->answer.lines);
	return tmk_ssh_request_deliver(job->args, input ? NULL : path,
				       &job->answer, err);
}

/* A key of ours that could not be looked at may have been the one: whoever
 * reads ssh-keygen's complaint should know. */
static void tell_unseen(const struct tmk_answer *answer)
{
	static const char unseen[] = "key '";

	if (!strncmp(answer->text, unseen, sizeof(unseen) - 1))
		fprintf(stderr, TMK_SSH_PROGRAM ": %s\n", answer->text);
}

/* 0 signed, 1 the key is not ours, negative on failure. */
static int sign_all(struct job *job, char *const argv[], struct tmk_err *err)
{
	const struct tmk_ssh_args *args = job->args;
	int i;

	for (i = 0; i < args->files || !i; i++) {
		/* Nothing of the file before. */
		tmk_ssh_request(&job->request, args, &job->key);
		if (tmk_front_content_prepare(&job->answer, &job->ask,
					      &job->request, err))
			return -1;
		if (job->answer.declined && !i) {
			tell_unseen(&job->answer);
			return 1;
		}
		if (job->answer.code || check_hash(args, err))
			return -1;
		if (sign_one(job, args->files ? argv[args->first + i] : "-",
			     err))
			return -1;
	}
	return 0;
}

static int sign(struct job *job, char *const argv[], struct tmk_err *err)
{
	if (tmk_config_load(&job->config, ".", err))
		return -1;
	tmk_front_ask_init(&job->ask, job->config, TMK_SSH_PROGRAM);
	job->ask.person.notice = tmk_ssh_request_notice;
	return sign_all(job, argv, err);
}

int tmk_ssh_sign(const struct tmk_ssh_args *args, char *const argv[])
{
	struct job job = { .args = args,
			   .key = TMK_BUF_INIT(TMK_REQUEST_TEXT_MAX) };
	struct tmk_err err = TMK_ERR_INIT;
	bool other;
	int rc = 0;

	tmk_answer_init(&job.answer);
	other = tmk_ssh_request_key(&job.key, args->key);
	if (!other) {
		tmk_ssh_other_settle();
		/* No configuration files that load code, no texts of errors,
		 * no tidying at the exit of a process that signs once. */
		OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG |
				    OPENSSL_INIT_NO_ATEXIT |
				    OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS, NULL);
		rc = sign(&job, argv, &err);
		other = rc > 0;
		tmk_front_ask_release(&job.ask);
	}
	if (other)
		rc = tmk_ssh_other_run(argv, &err);
	if (rc) {
		if (err.code)
			tmk_answer_fail(&job.answer, &err);
		rc = tmk_ssh_request_failed(&job.answer);
	}
	tmk_answer_release(&job.answer);
	tmk_config_free(job.config);
	tmk_buf_release(&job.key);
	return rc;
}
