#include "plugins/thin_gpg.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/tell.h"
#include "key/agent_client.h"
#include "key/agent_env.h"
#include "plugins/gpg_args.h"
#include "plugins/gpg_request.h"

struct call {
	struct tmk_gpg_args args;
	const char *program;
	struct tmk_request request;
	struct tmk_buf space;
	unsigned char *payload;
	size_t len;
};

/* Whether status lines can be written there; -1 is nowhere. */
static bool takes_status(int fd)
{
	int flags = fd < 0 ? O_WRONLY : fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

/* Only the form that git and its like use; another one is for the full
 * program. */
static bool is_plain(const struct tmk_gpg_args *a)
{
	return takes_status(a->status_fd) && a->op == TMK_GPG_SIGN &&
		a->detach && a->users <= 1 &&
		!a->output && !a->operands;
}

static void notice(void *ctx, const char *text)
{
	const struct call *call = ctx;
	char line[TMK_TELL_LINE];

	fputs(tmk_tell_waiting(line, sizeof(line), call->program, text),
	      stderr);
}

/* 0 answered, 1 nobody did; an error is an answer too. */
static int ask(struct call *call, struct tmk_answer *answer)
{
	struct tmk_person person = { -1, NULL, notice, call };
	struct tmk_err err = TMK_ERR_INIT;
	int rc;

	call->request.payload = call->payload;
	call->request.payload_len = call->len;
	rc = tmk_agent_ask(answer, &call->request, &person, false, &err);
	if (rc > 0 || (!rc && answer->declined))
		return 1;
	if (rc < 0)
		tmk_answer_fail(answer, &err);
	return 0;
}

static int finish(const struct call *call, struct tmk_answer *answer)
{
	struct tmk_err err = TMK_ERR_INIT;

	if (answer->lines.len)
		fwrite(answer->lines.data, 1, answer->lines.len, stderr);
	if (!answer->code &&
	    tmk_gpg_request_deliver(&call->args, answer, &err))
		tmk_answer_fail(answer, &err);
	return answer->code ?
		tmk_gpg_request_failed(&call->args, call->program, answer) : 0;
}

/* With the content in hand: 0 answered, 1 for the full program. */
static int run(int *code, struct call *call)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_answer answer;
	int rc, more;

	more = tmk_thin_read(&call->payload, &call->len,
			     TMK_REQUEST_PAYLOAD_MAX, &err);
	tmk_answer_init(&answer);
	if (more < 0) {
		tmk_answer_fail(&answer, &err);
		rc = 0;
	} else {
		rc = more ? 1 : ask(call, &answer);
		if (rc && tmk_thin_unread(call->payload, call->len, &err)) {
			tmk_answer_fail(&answer, &err);
			rc = 0;
		}
	}
	if (!rc)
		*code = finish(call, &answer);
	tmk_answer_release(&answer);
	return rc;
}

#define FULL "touchmark-gpg-full"
#define VERIFY "touchmark-gpg-verify"

const char *tmk_thin_gpg(int *code, int argc, char *const argv[])
{
	bool gpgsm = argc > 0 && tmk_gpg_args_name_is_gpgsm(argv[0]);
	struct call call = {
		.program = gpgsm ? "gpgsm" : "touchmark-gpg",
		.space = TMK_BUF_INIT(TMK_REQUEST_MAX),
	};
	char path[128];
	int rc = 1;

	/* Errors are told by the full program, which parses again. */
	if (tmk_gpg_args_parse(&call.args, argc, argv, NULL))
		return FULL;
	if (call.args.op == TMK_GPG_VERIFY &&
	    (call.args.operands == 1 || call.args.operands == 2))
		return VERIFY;
	if (!is_plain(&call.args) || !tmk_agent_env_plain() ||
	    !*tmk_agent_socket(path, sizeof(path)) || access(path, F_OK))
		return FULL;
	tmk_gpg_request(&call.request, &call.args, gpgsm, call.program);
	if (!tmk_agent_describe(&call.request, &call.space, NULL))
		rc = run(code, &call);
	tmk_buf_release(&call.space);
	free(call.payload);
	return rc ? FULL : NULL;
}
