/* Messages of the request protocol, frames and all: what is read can be
 * written, and is then read as the same. */
#include <stdlib.h>
#include <string.h>

#include "key/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory of exactly its size, so that a byte too far is seen. */
static uint8_t *copy_of(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	if (size)
		memcpy(copy, data, size);
	return copy;
}

static void said_why(const struct tmk_err *err)
{
	if (!err->code || !*err->text)
		abort();
}

static void request(const uint8_t *data, size_t size)
{
	struct tmk_buf once = TMK_BUF_INIT(2 * TMK_REQUEST_MAX);
	struct tmk_buf twice = TMK_BUF_INIT(2 * TMK_REQUEST_MAX);
	uint8_t *body = copy_of(data, size), *next;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_request r;

	if (tmk_request_decode(&r, body, size, &err)) {
		said_why(&err);
		goto out;
	}
	if (tmk_request_encode(&once, &r, &err))
		abort();
	/* There is one form for each request. */
	if (once.len != size + TMK_FRAME_HEAD ||
	    memcmp(once.data + TMK_FRAME_HEAD, data, size))
		abort();
	next = copy_of(once.data + TMK_FRAME_HEAD, size);
	if (tmk_request_decode(&r, next, size, &err) ||
	    tmk_request_encode(&twice, &r, &err) || once.len != twice.len ||
	    memcmp(once.data, twice.data, once.len))
		abort();
	free(next);
out:
	free(body);
	tmk_buf_release(&once);
	tmk_buf_release(&twice);
}

static void answer(const uint8_t *data, size_t size)
{
	struct tmk_buf out = TMK_BUF_INIT(2 * TMK_ANSWER_MAX);
	uint8_t *body = copy_of(data, size);
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_answer a, again;

	tmk_answer_init(&a);
	tmk_answer_init(&again);
	if (tmk_answer_decode(&a, body, size, &err)) {
		said_why(&err);
		goto out;
	}
	if ((a.code || a.declined) && (a.seal.len || a.trailer.len))
		abort();
	if (tmk_answer_encode(&out, &a, &err) ||
	    tmk_answer_decode(&again, out.data + TMK_FRAME_HEAD,
			      out.len - TMK_FRAME_HEAD, &err) ||
	    again.code != a.code || again.seal.len != a.seal.len)
		abort();
out:
	free(body);
	tmk_answer_release(&a);
	tmk_answer_release(&again);
	tmk_buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tmk_err err = TMK_ERR_INIT;
	uint8_t *body;
	char text[512];

	if (size < TMK_FRAME_HEAD || size > 65536)
		return 0;
	if (tmk_frame_length(data, TMK_REQUEST_MAX, &err) < 0)
		said_why(&err);
	data += TMK_FRAME_HEAD;
	size -= TMK_FRAME_HEAD;
	request(data, size);
	answer(data, size);
	body = copy_of(data, size);
	if (!tmk_notice_decode(text, sizeof(text), body, size, &err) &&
	    strlen(text) >= sizeof(text))
		abort();
	free(body);
	return 0;
}
