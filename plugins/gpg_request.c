#include "plugins/gpg_request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/enc.h"
#include "base/file.h"
#include "base/tell.h"
#include "plugins/gpg_status.h"

#define LINE_BYTES 512

void tmk_gpg_request(struct tmk_request *request,
		     const struct tmk_gpg_args *args, bool gpgsm,
		     const char *program)
{
	tmk_request_init(request);
	request->verb = TMK_REQUEST_SIGN;
	request->program = program;
	request->key = args->user && *args->user ? args->user : NULL;
	request->format = gpgsm ? TMK_REQUEST_CMS :
		tmk_gpg_args_is_git(args) ? TMK_REQUEST_GIT :
		TMK_REQUEST_OPENPGP;
	request->armour = args->armour;
	request->digest_algo = args->digest;
}

size_t tmk_gpg_request_shown(const char *key)
{
	const char *pin = strcasestr(key, "pin-value");
	size_t query = strcspn(key, "?");

	if (!pin)
		return strlen(key);
	return (size_t)(pin - key) < query ? (size_t)(pin - key) : query;
}

/* In one piece, so that lines of others do not get between. */
static int send_line(int fd, const char *line, struct tmk_err *err)
{
	if (fd < 0)
		return 0;
	return tmk_file_write_fd(fd, line, strlen(line), "the status", err);
}

int tmk_gpg_request_created(int status_fd, const struct tmk_answer *answer,
			    struct tmk_err *err)
{
	struct tmk_buf lines = TMK_BUF_INIT(TMK_GPG_STATUS_MAX);
	int rc;

	if (tmk_gpg_status_signed(&lines, answer->created))
		rc = tmk_err_set(err, TMK_INTERNAL,
				 "the answer does not say what was made");
	else
		rc = tmk_gpg_status_send(status_fd, &lines, err);
	tmk_buf_release(&lines);
	return rc;
}

int tmk_gpg_request_deliver(const struct tmk_gpg_args *args,
			    const struct tmk_answer *answer,
			    struct tmk_err *err)
{
	struct stat st;

	if (tmk_file_write_fd(STDOUT_FILENO, answer->seal.data,
			      answer->seal.len, "standard output", err))
		return -1;
	if (!fstat(STDOUT_FILENO, &st) && S_ISREG(st.st_mode) &&
	    fsync(STDOUT_FILENO))
		return tmk_err_set(err, TMK_INPUT,
				   "cannot write standard output: %s",
				   strerror(errno));
	if (args->status_fd != STDOUT_FILENO && close(STDOUT_FILENO))
		return tmk_err_set(err, TMK_INPUT,
				   "cannot write standard output: %s",
				   strerror(errno));
	return tmk_gpg_request_created(args->status_fd, answer, err);
}

/* git reads our standard error as status lines and may show nothing of it:
 * then a person hears the reason at the terminal. */
static void say(const struct tmk_gpg_args *args, const char *program,
		const char *text)
{
	char line[TMK_TELL_LINE];

	if (args->status_fd == STDERR_FILENO)
		fputs(tmk_tell_waiting(line, sizeof(line), program, text),
		      stderr);
	else
		fprintf(stderr, "%s: %s\n", program, text);
}

int tmk_gpg_request_failed(const struct tmk_gpg_args *args,
			   const char *program,
			   const struct tmk_answer *answer)
{
	const char *user = args->user ? args->user : "";
	char shown[256], line[LINE_BYTES], hint[sizeof(answer->hint) + 8];

	say(args, program, answer->text);
	snprintf(hint, sizeof(hint), "hint: %s", answer->hint);
	if (answer->hint[0])
		say(args, program, hint);
	if (answer->code == TMK_KEY) {
		tmk_enc_show_into(shown, sizeof(shown), user,
				  tmk_gpg_request_shown(user));
		snprintf(line, sizeof(line), "[GNUPG:] INV_SGNR 0 %s\n",
			 shown[0] ? shown : "-");
		(void)!send_line(args->status_fd, line, NULL);
	}
	return answer->code ? answer->code : TMK_INTERNAL;
}
