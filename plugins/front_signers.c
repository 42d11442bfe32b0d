#include "plugins/front_signers.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "plugins/front_content.h"

#define CHUNK 65536

/* The canonical text, or the bytes themselves, into every digest. */
static int hash(void *to, const uint8_t *data, size_t len,
		struct tmk_err *err)
{
	struct tmk_front_signers *s = to;
	int i;

	for (i = 0; i < s->signers; i++)
		if (tmk_digest_update(&s->signer[i].digest, data, len, err))
			return -1;
	return 0;
}

void tmk_front_signers_init(struct tmk_front_signers *s,
			    struct tmk_front_ask *ask,
			    enum tmk_cleartext_form form)
{
	memset(s, 0, sizeof(*s));
	s->ask = ask;
	s->form = form;
	if (form)
		tmk_cleartext_init(&s->text, form, hash, s);
}

void tmk_front_signers_release(struct tmk_front_signers *s)
{
	int i, n = s->signers + s->failed;

	for (i = 0; i < n && i < TMK_FRONT_SIGNERS_MAX; i++) {
		tmk_digest_release(&s->signer[i].digest);
		tmk_answer_release(&s->signer[i].answer);
	}
	s->signers = 0;
	s->failed = false;
}

/* An answer that says no, as an error. */
static int refused(const struct tmk_answer *answer, struct tmk_err *err)
{
	tmk_err_set(err, answer->code, "%s", answer->text);
	return answer->hint[0] ? tmk_err_hint(err, "%s", answer->hint) : -1;
}

int tmk_front_signers_add(struct tmk_front_signers *s,
			  const struct tmk_request *request,
			  struct tmk_err *err)
{
	struct tmk_front_signer *one = &s->signer[s->signers];
	bool declined;

	if (s->signers == TMK_FRONT_SIGNERS_MAX)
		return tmk_err_set(err, TMK_USAGE, "more than %d keys sign",
				   TMK_FRONT_SIGNERS_MAX);
	memset(one, 0, sizeof(*one));
	one->request = *request;
	one->request.format = TMK_REQUEST_OPENPGP;
	one->request.text = s->form != 0;
	one->request.armour = false;
	tmk_answer_init(&one->answer);
	s->failed = true;	/* what is begun is released */
	if (tmk_front_content_prepare(&one->answer, s->ask, &one->request,
				      err))
		return -1;
	declined = one->answer.declined;
	if (declined || one->answer.code)
		(void)!refused(&one->answer, err);
	else if (!tmk_digest_init(&one->digest, (int)one->answer.hash, err)) {
		s->failed = false;
		s->signers++;
		return 0;
	}
	tmk_answer_release(&one->answer);
	s->failed = false;
	return declined ? 1 : -1;
}

int tmk_front_signers_feed(void *to, const uint8_t *data, size_t len,
			   struct tmk_err *err)
{
	struct tmk_front_signers *s = to;

	return s->form ? tmk_cleartext_feed(&s->text, data, len, err) :
		hash(s, data, len, err);
}

int tmk_front_signers_feed_fd(struct tmk_front_signers *s, int fd,
			      const char *name, struct tmk_err *err)
{
	uint8_t chunk[CHUNK];
	ssize_t n;

	for (;;) {
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return tmk_err_set(err, TMK_INPUT,
					   "cannot read %s: %s", name,
					   strerror(errno));
		if (!n)
			return 0;
		if (tmk_front_signers_feed(s, chunk, (size_t)n, err))
			return -1;
	}
}

static int sign_one(struct tmk_front_signers *s, struct tmk_front_signer *one,
		    struct tmk_err *err)
{
	struct tmk_request *r = &one->request;
	struct tmk_answer *a = &one->answer;
	size_t len = 0;
	int rc;

	if (tmk_digest_update(&one->digest, a->trailer.data, a->trailer.len,
			      err) ||
	    tmk_digest_final(&one->digest, one->value, &len, err))
		return -1;
	r->verb = TMK_REQUEST_SIGN;
	r->digest = one->value;
	r->digest_len = len;
	r->hash = a->hash;
	r->time = a->time;
	tmk_answer_release(a);
	tmk_answer_init(a);
	rc = tmk_front_ask(a, s->ask, r, err);
	r->digest = NULL;
	r->digest_len = 0;
	return rc ? rc : a->code ? refused(a, err) : 0;
}

int tmk_front_signers_sign(struct tmk_front_signers *s, struct tmk_buf *out,
			   struct tmk_err *err)
{
	struct tmk_buf all = TMK_BUF_INIT(out->max);
	int i, rc = 0;

	if (s->form && tmk_cleartext_end(&s->text, err))
		return -1;
	for (i = 0; !rc && i < s->signers; i++) {
		rc = sign_one(s, &s->signer[i], err);
		if (!rc && tmk_buf_add(&all, s->signer[i].answer.seal.data,
				       s->signer[i].answer.seal.len))
			rc = tmk_err_nomem(err);
	}
	if (!rc && tmk_buf_add(out, all.data, all.len))
		rc = tmk_err_nomem(err);
	tmk_buf_release(&all);
	return rc;
}
