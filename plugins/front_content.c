#include "plugins/front_content.h"

#include "base/clock.h"

#include "plugins/front_file.h"

/* Begin anew: an answer is for one question. */
static void renew(struct tmk_answer *answer)
{
	tmk_answer_release(answer);
	tmk_answer_init(answer);
}

int tmk_front_content_prepare(struct tmk_answer *answer,
			      struct tmk_front_ask *ask,
			      struct tmk_request *request,
			      struct tmk_err *err)
{
	enum tmk_request_verb verb = request->verb;
	int rc;

	renew(answer);
	request->verb = TMK_REQUEST_PREPARE;
	request->time = TMK_TIME_NONE;
	rc = tmk_front_ask(answer, ask, request, err);
	request->verb = verb;
	return rc;
}

int tmk_front_content_sign(struct tmk_answer *answer,
			   struct tmk_front_ask *ask,
			   struct tmk_request *request, int fd,
			   const char *name, struct tmk_err *err)
{
	uint8_t digest[TMK_HASH_MAX];
	size_t len = 0;
	int rc;

	if (tmk_front_file_digest_with(digest, &len, fd, name, answer->hash,
				       answer->trailer.data,
				       answer->trailer.len, err))
		return -1;
	request->verb = TMK_REQUEST_SIGN;
	request->digest = digest;
	request->digest_len = len;
	request->hash = answer->hash;
	request->time = answer->time;
	renew(answer);
	rc = tmk_front_ask(answer, ask, request, err);
	/* The next content has a digest of its own. */
	request->digest = NULL;
	request->digest_len = 0;
	request->hash = 0;
	return rc;
}
