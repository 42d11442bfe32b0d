#include "plugins/ssh_thin.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "key/agent_client.h"
#include "key/agent_env.h"
#include "plugins/ssh_request.h"
#include "plugins/thin_gpg.h"

struct call {
	const struct tmk_ssh_args *args;
	struct tmk_buf key, space, content;
	struct tmk_request request;
	struct tmk_answer answer;
};

/* Whether the content is there to be asked for: small, and readable again by
 * the full program. */
static bool read_content(struct call *call, const char *file)
{
	struct stat st;

	tmk_buf_clear(&call->content);
	return !stat(file, &st) && S_ISREG(st.st_mode) &&
		st.st_size <= TMK_REQUEST_PAYLOAD_MAX &&
		!tmk_file_read(&call->content, file, NULL);
}

/* 0 answered, 1 nobody did; an error is an answer too. */
static int ask(struct call *call, const unsigned char *data, size_t len)
{
	struct tmk_person person = { .tty = -1,
				     .notice = tmk_ssh_request_notice };
	static const unsigned char nothing[1];
	struct tmk_err err = TMK_ERR_INIT;
	int rc;

	tmk_answer_release(&call->answer);
	tmk_answer_init(&call->answer);
	call->request.payload = len ? data : nothing;
	call->request.payload_len = len;
	rc = tmk_agent_ask(&call->answer, &call->request, &person, false,
			   &err);
	if (rc > 0 || (!rc && call->answer.declined))
		return 1;
	if (rc < 0)
		tmk_answer_fail(&call->answer, &err);
	return 0;
}

/* What was answered for `file` (NULL: standard input). The exit code. */
static int finish(struct call *call, const char *file, const char *path)
{
	struct tmk_err err = TMK_ERR_INIT;

	tmk_ssh_request_begin(call->args, file);
	if (!call->answer.code &&
	    tmk_ssh_request_deliver(call->args, path, &call->answer, &err))
		tmk_answer_fail(&call->answer, &err);
	return call->answer.code ? tmk_ssh_request_failed(&call->answer) : 0;
}

static int sign_stdin(int *code, struct call *call)
{
	struct tmk_err err = TMK_ERR_INIT;
	unsigned char *data = NULL;
	size_t len = 0;
	int rc, more;

	more = tmk_thin_read(&data, &len, TMK_REQUEST_PAYLOAD_MAX, &err);
	if (more < 0) {
		tmk_answer_fail(&call->answer, &err);
		rc = 0;
	} else {
		rc = more ? 1 : ask(call, data, len);
		if (rc && tmk_thin_unread(data, len, &err)) {
			tmk_answer_fail(&call->answer, &err);
			rc = 0;
		}
	}
	free(data);
	if (!rc)
		*code = finish(call, NULL, NULL);
	return rc;
}

/* A signature that is there already, a stream, a large file: the full program
 * asks and reads. */
static int sign_file(int *code, struct call *call, const char *file)
{
	char path[4096];

	if (tmk_ssh_args_is_stdin(file) ||
	    tmk_ssh_request_output(path, sizeof(path), file, false, NULL) ||
	    !read_content(call, file) ||
	    ask(call, call->content.data, call->content.len))
		return 1;
	*code = finish(call, file, path);
	return 0;
}

static int sign_all(int *code, int *done, struct call *call,
		    char *const argv[])
{
	if (!call->args->files)
		return sign_stdin(code, call);
	for (*done = 0, *code = 0; *done < call->args->files && !*code;
	     (*done)++)
		if (sign_file(code, call, argv[call->args->first + *done]))
			return 1;
	return 0;
}

int tmk_ssh_thin(int *code, int *done, const struct tmk_ssh_args *args,
		 char *const argv[])
{
	struct call call = {
		.args = args,
		.key = TMK_BUF_INIT(TMK_REQUEST_TEXT_MAX),
		.space = TMK_BUF_INIT(TMK_REQUEST_MAX),
		.content = TMK_BUF_INIT(TMK_REQUEST_PAYLOAD_MAX),
	};
	char path[128];
	int rc = 1;

	*done = 0;
	/* Errors are told by the full program, which looks again. */
	if ((args->hash && strcmp(args->hash, "sha512")) ||
	    !tmk_agent_env_plain() ||
	    !*tmk_agent_socket(path, sizeof(path)) || access(path, F_OK) ||
	    tmk_ssh_request_key(&call.key, args->key))
		goto out;
	tmk_answer_init(&call.answer);
	tmk_ssh_request(&call.request, args, &call.key);
	if (!tmk_agent_describe(&call.request, &call.space, NULL))
		rc = sign_all(code, done, &call, argv);
	tmk_answer_release(&call.answer);
out:
	tmk_buf_release(&call.key);
	tmk_buf_release(&call.space);
	tmk_buf_release(&call.content);
	return rc;
}
