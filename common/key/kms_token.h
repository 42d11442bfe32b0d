/*
 * kms_token.h - bearer tokens (RFC 6750), kept for as long as they are good.
 *
 * A batch of signatures asks for one token and not for a thousand. What is
 * kept lives in this process alone, is found again by what it was asked for
 * (never by a secret), and is wiped when it is dropped or has run out. Safe in
 * any thread. A token is never in a text.
 */
#ifndef TMK_KEY_KMS_TOKEN_H
#define TMK_KEY_KMS_TOKEN_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "key/kms.h"

#define TMK_KMS_TOKEN_MAX 8192	/* bytes of a token */

/* Ask for a new token: append it to `token`, and say for how many seconds it
 * is good. */
typedef int (*tmk_kms_token_fetch)(void *ctx, struct tmk_buf *token,
				   int64_t *seconds, struct tmk_err *err);

/* Append "Authorization: Bearer TOKEN" to `header`; the token is the one that
 * is kept under `id`, else fetched. Fails as `fetch` does. */
int tmk_kms_token_get(struct tmk_buf *header, const char *id,
		      tmk_kms_token_fetch fetch, void *ctx,
		      struct tmk_err *err) TMK_MUST_CHECK;

/* The service did not take it: forget what is kept under `id`. */
void tmk_kms_token_drop(const char *id);

/*
 * Take the token out of an answer of a token endpoint (RFC 6749 5.1, and
 * instance metadata, which answers alike): access_token, token_type, which is
 * Bearer, expires_in as a number or its text. Appends to `token`. `who` names
 * the endpoint in messages. An error answer (RFC 6749 5.2) is TMK_KEY with
 * its error and description; one that means "later" TMK_NET.
 */
int tmk_kms_token_read(struct tmk_buf *token, int64_t *seconds,
		       const char *who, const struct tmk_kms_answer *answer,
		       struct tmk_err *err) TMK_MUST_CHECK;

/* A token endpoint. */
struct tmk_kms_token_from {
	const char *who;	/* for messages */
	const char *url;
	const char *set_by;	/* as in struct tmk_kms_request */
};

/* POST a form to a token endpoint and read its answer, within `ms`. Fails with
 * TMK_NET when there is none. */
int tmk_kms_token_post(struct tmk_buf *token, int64_t *seconds,
		       const struct tmk_kms_token_from *from,
		       const struct tmk_buf *form, int ms,
		       struct tmk_err *err) TMK_MUST_CHECK;

#endif
