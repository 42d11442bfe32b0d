#include "key/kms_token.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "key/kms_text.h"

#define KEPT_MAX 8
#define ID_MAX 1024
#define EARLY_S 60		/* a token that is nearly over is over */
#define LONGEST_S 86400

struct kept {
	char id[ID_MAX];	/* "" : free */
	struct tmk_buf token;
	int64_t until;		/* tmk_clock_slept_ms */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct kept kept[KEPT_MAX];

static void forget(struct kept *k)
{
	tmk_buf_release(&k->token);
	k->id[0] = '\0';
}

/* The one with this id; else a free one, or the one that ends first. */
static struct kept *place_for(const char *id)
{
	struct kept *k = &kept[0];
	int i;

	for (i = 0; i < KEPT_MAX; i++)
		if (!strcmp(kept[i].id, id))
			return &kept[i];
	for (i = 0; i < KEPT_MAX; i++) {
		if (!kept[i].id[0])
			return &kept[i];
		if (kept[i].until < k->until)
			k = &kept[i];
	}
	return k;
}

static int renew(struct kept *k, const char *id, tmk_kms_token_fetch fetch,
		 void *ctx, struct tmk_err *err)
{
	int64_t seconds = 0;

	forget(k);
	tmk_buf_init(&k->token, TMK_KMS_TOKEN_MAX);
	if (fetch(ctx, &k->token, &seconds, err)) {
		forget(k);
		return -1;
	}
	if (seconds > LONGEST_S)
		seconds = LONGEST_S;
	seconds -= seconds > 2 * EARLY_S ? EARLY_S : seconds / 2;
	k->until = tmk_clock_slept_ms() + seconds * 1000;
	snprintf(k->id, sizeof(k->id), "%s", id);
	return 0;
}

int tmk_kms_token_get(struct tmk_buf *header, const char *id,
		      tmk_kms_token_fetch fetch, void *ctx,
		      struct tmk_err *err)
{
	struct kept *k;
	int rc = 0;

	if (!*id || strlen(id) >= ID_MAX)
		return tmk_err_set(err, TMK_USAGE, "the settings of the cloud "
				   "credentials are too long");
	pthread_mutex_lock(&lock);
	k = place_for(id);
	if (strcmp(k->id, id) || tmk_clock_slept_ms() >= k->until)
		rc = renew(k, id, fetch, ctx, err);
	if (!rc && (tmk_buf_addstr(header, "Authorization: Bearer ") ||
		    tmk_buf_add(header, k->token.data, k->token.len)))
		rc = tmk_err_nomem(err);
	pthread_mutex_unlock(&lock);
	return rc;
}

void tmk_kms_token_drop(const char *id)
{
	int i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < KEPT_MAX; i++)
		if (kept[i].id[0] && !strcmp(kept[i].id, id))
			forget(&kept[i]);
	pthread_mutex_unlock(&lock);
}

/* What the endpoint says against it, in its own words. */
static int refused(const char *who, const struct tmk_kms_answer *answer,
		   struct tmk_err *err)
{
	bool later = answer->status == 429 || answer->status >= 500;
	char code[128] = "", text[512] = "";

	if (tmk_kms_json(code, sizeof(code), &answer->body, "error", NULL))
		code[0] = '\0';
	if (tmk_kms_json(text, sizeof(text), &answer->body,
			 "error_description", NULL))
		text[0] = '\0';
	tmk_err_set(err, later ? TMK_NET : TMK_KEY, "%s gives no token "
		    "(HTTP %d%s%s)%s%s", who, answer->status,
		    *code ? ", " : "", code, *text ? ": " : "", text);
	return tmk_err_hint(err, later ? "try again later" :
			    "check the credentials in the environment; "
			    "touchmark doctor tells what is needed");
}

int tmk_kms_token_read(struct tmk_buf *token, int64_t *seconds,
		       const char *who, const struct tmk_kms_answer *answer,
		       struct tmk_err *err)
{
	char text[TMK_KMS_TOKEN_MAX + 1], type[16], age[24];
	uint64_t n = 0;
	int rc = -1;

	if (answer->status != 200)
		return refused(who, answer, err);
	if (tmk_kms_json(text, sizeof(text), &answer->body, "access_token",
			 NULL) ||
	    tmk_kms_json(type, sizeof(type), &answer->body, "token_type",
			 NULL) ||
	    tmk_kms_json(age, sizeof(age), &answer->body, "expires_in",
			 NULL) ||
	    tmk_kms_text_number(&n, age, INT32_MAX) ||
	    strcasecmp(type, "Bearer") ||
	    !tmk_kms_text_line(text, TMK_KMS_TOKEN_MAX)) {
		tmk_err_set(err, TMK_NET, "%s answers with no bearer token",
			    who);
	} else if (tmk_buf_addstr(token, text)) {
		tmk_err_nomem(err);
	} else {
		*seconds = (int64_t)n;
		rc = 0;
	}
	tmk_wipe(text, sizeof(text));
	return rc;
}

int tmk_kms_token_post(struct tmk_buf *token, int64_t *seconds,
		       const struct tmk_kms_token_from *from,
		       const struct tmk_buf *form, int ms,
		       struct tmk_err *err)
{
	struct tmk_kms_request request = {
		.method = "POST", .url = from->url,
		.header = { "Content-Type: application/x-www-form-urlencoded",
			    "Accept: application/json" },
		.headers = 2,
		.body = form->data, .body_len = form->len, .ms = ms,
		.set_by = from->set_by
	};
	struct tmk_kms_answer answer;
	int rc;

	tmk_kms_answer_init(&answer);
	rc = tmk_kms_ask(&answer, &request, NULL, err);
	if (!rc)
		rc = tmk_kms_token_read(token, seconds, from->who, &answer,
					err);
	tmk_kms_answer_release(&answer);
	return rc;
}
