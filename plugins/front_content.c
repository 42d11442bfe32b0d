#include "plugins/front_content.h"

#include <string.h>

#include "base/clock.h"
#include "plugins/front_file.h"
#include "plugins/front_kind.h"
#include "x509/digest.h"

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

/* What is read, hashed and looked at in one go. */
struct reading {
	struct tmk_digest digest;
	uint8_t head[TMK_FRONT_KIND_HEAD];
	size_t head_len;
};

static int take(void *to, const uint8_t *data, size_t len,
		struct tmk_err *err)
{
	struct reading *r = to;
	size_t n = sizeof(r->head) - r->head_len;

	if (n > len)
		n = len;
	memcpy(r->head + r->head_len, data, n);
	r->head_len += n;
	return tmk_digest_update(&r->digest, data, len, err);
}

/* The digest of content and trailer; *kind is what the content looks like, and
 * `tag` (TMK_FRONT_KIND_HEAD bytes) what a git tag calls itself. */
static int read_content(uint8_t *digest, size_t *len, const char **kind,
			char *tag, const struct tmk_answer *ready, int fd,
			const char *name, struct tmk_err *err)
{
	struct reading r = { .head_len = 0 };
	int rc;

	if (tmk_digest_init(&r.digest, (int)ready->hash, err))
		return -1;
	rc = tmk_front_file_feed(fd, name, false, take, &r, err);
	if (!rc && ready->trailer.len)
		rc = tmk_digest_update(&r.digest, ready->trailer.data,
				       ready->trailer.len, err);
	if (!rc)
		rc = tmk_digest_final(&r.digest, digest, len, err);
	tmk_digest_release(&r.digest);
	*kind = tmk_front_kind(r.head, r.head_len);
	tmk_front_kind_tag(tag, TMK_FRONT_KIND_HEAD, r.head, r.head_len);
	return rc;
}

int tmk_front_content_sign(struct tmk_answer *answer,
			   struct tmk_front_ask *ask,
			   struct tmk_request *request, int fd,
			   const char *name, struct tmk_err *err)
{
	const char *said = request->content, *called = request->artefact;
	const char *kind = NULL;
	char tag[TMK_FRONT_KIND_HEAD];
	uint8_t digest[TMK_DIGEST_MAX];
	size_t len = 0;
	int rc;

	if (read_content(digest, &len, &kind, tag, answer, fd, name, err))
		return -1;
	if (!said)
		request->content = kind;
	if (!said && !called && *tag)
		request->artefact = tag;
	request->verb = TMK_REQUEST_SIGN;
	request->digest = digest;
	request->digest_len = len;
	request->hash = answer->hash;
	request->time = answer->time;
	renew(answer);
	rc = tmk_front_ask(answer, ask, request, err);
	/* The next content has a digest of its own. */
	request->content = said;
	request->artefact = called;
	request->digest = NULL;
	request->digest_len = 0;
	request->hash = 0;
	return rc;
}
