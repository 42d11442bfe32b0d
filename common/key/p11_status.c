#include "key/p11_status.h"

#include <stdio.h>
#include <string.h>

#include "base/enc.h"
#include "key/p11.h"
#include "key/p11_token.h"
#include "key/uri.h"

#define FIELD_MAX 64		/* bytes of the longest fixed field */

/* A blank-padded field, escaped. */
static void show(char *out, size_t size, const CK_UTF8CHAR *text, size_t len)
{
	char raw[FIELD_MAX + 1];

	tmk_p11_unpad(raw, text, len);
	tmk_enc_show_into(out, size, raw, strlen(raw));
}

#define SHOW(out, field) show(out, sizeof(out), field, sizeof(field))

/* The result of the one module call made here. */
struct info_job {
	CK_INFO info;
	bool good;
};

static int info_work(void *state, struct tmk_err *err)
{
	struct tmk_p11 *p = state;
	struct info_job *job = p->job;

	(void)err;
	job->good = TMK_P11(p, C_GetInfo, &job->info) == CKR_OK;
	return 0;
}

/* What the module calls itself; one that does not say so is no failure. */
static int library(char *out, size_t size, struct tmk_p11 **p,
		   struct tmk_err *err)
{
	char what[33 * 4], maker[33 * 4];
	struct info_job *job = tmk_p11_job(*p, sizeof(*job), NULL);

	*out = '\0';
	if (!job)
		return tmk_err_nomem(err);
	if (tmk_p11_run(p, info_work, err))
		return -1;
	if (!job->good)
		return 0;
	SHOW(what, job->info.libraryDescription);
	SHOW(maker, job->info.manufacturerID);
	snprintf(out, size, "%s by %s, version %d.%d", what, maker,
		 job->info.libraryVersion.major,
		 job->info.libraryVersion.minor);
	return 0;
}

static void fill(struct tmk_token_status *s, const struct tmk_p11 *p,
		 const CK_TOKEN_INFO *info)
{
	tmk_enc_show_into(s->module, sizeof(s->module), p->path,
			  strlen(p->path));
	SHOW(s->token, info->label);
	SHOW(s->serial, info->serialNumber);
	SHOW(s->model, info->model);
	SHOW(s->manufacturer, info->manufacturerID);
	s->login = info->flags & CKF_LOGIN_REQUIRED;
	s->pin_set = info->flags & CKF_USER_PIN_INITIALIZED;
	s->pin_low = info->flags & CKF_USER_PIN_COUNT_LOW;
	s->pin_final = info->flags & CKF_USER_PIN_FINAL_TRY;
	s->pin_locked = info->flags & CKF_USER_PIN_LOCKED;
	s->pin_change = info->flags & CKF_USER_PIN_TO_BE_CHANGED;
	s->pad = info->flags & CKF_PROTECTED_AUTHENTICATION_PATH;
}

int tmk_p11_status(const struct tmk_place *place, tmk_token_visit visit,
		   void *ctx, struct tmk_err *skipped, struct tmk_err *err)
{
	struct tmk_p11 *set[TMK_P11_MODULES_MAX] = { NULL };
	int n = 0, i, j, rc;

	rc = tmk_p11_scan(set, &n, place, skipped, err);
	for (i = 0; i < n && rc >= 0; i++) {
		struct tmk_token_status status = { .login = false };

		/* A module that stops answering is passed over like one that
		 * never did. */
		if (set[i]->tokens &&
		    library(status.library, sizeof(status.library), &set[i],
			    skipped) < 0)
			continue;
		for (j = 0; j < set[i]->tokens && rc >= 0; j++) {
			fill(&status, set[i], &set[i]->token[j].info);
			rc = visit(ctx, &status, err);
		}
	}
	for (i = 0; i < n; i++)
		tmk_p11_free(set[i]);
	return rc < 0 ? rc : 0;
}

/* RFC 7512 2.4: a path or a file: URI (RFC 8089); NULL for anything else. */
static const char *source_path(const char *source)
{
	if (!strncmp(source, "file:", 5)) {
		source += 5;
		if (!strncmp(source, "//localhost/", 12))
			source += 11;
		else if (!strncmp(source, "///", 3))
			source += 2;
	}
	return source[0] == '/' && source[1] != '/' ? source : NULL;
}

int tmk_p11_status_pin(struct tmk_pin_status *out, const char *uri,
		       struct tmk_err *err)
{
	struct tmk_pin_status pin = { .value = false };
	const char *path;
	struct tmk_uri u;
	size_t len;

	if (tmk_uri_parse(&u, uri, err))
		return -1;
	pin.value = u.pin;
	path = source_path(u.pin_source);
	len = path ? strlen(path) : 0;
	if (len && len < sizeof(pin.file))
		memcpy(pin.file, path, len + 1);
	else
		pin.other = u.pin_source[0];
	tmk_uri_release(&u);
	*out = pin;
	return 0;
}
