#include "key/p11_list.h"

#include <string.h>

#include "key/p11.h"
#include "key/p11_find.h"
#include "key/p11_token.h"

#define KEYS_MAX 2048		/* objects of one class on one token */

struct list_job {
	/* The objects of each class: private keys, then public ones. */
	CK_OBJECT_HANDLE h[2][KEYS_MAX];
	size_t found[2];
	/* One for each key pair. Room for all, of which only what is used is
	 * ever more than address space. */
	size_t n;
	struct tmk_key_info info[2 * KEYS_MAX];
};

static const CK_OBJECT_CLASS classes[2] = { CKO_PRIVATE_KEY, CKO_PUBLIC_KEY };

static void list_job_release(void *job)
{
	struct list_job *j = job;

	while (j->n)
		tmk_key_info_release(&j->info[--j->n]);
}

/* Whether a public object belongs to a key pair that is listed already. */
static bool is_listed(const struct list_job *j, const struct tmk_p11_key *key)
{
	size_t i;

	for (i = 0; i < j->n; i++)
		if (key->id_len && j->info[i].id_len == key->id_len &&
		    !memcmp(j->info[i].id, key->id, key->id_len))
			return true;
	return false;
}

/* A key of another type, or one that cannot be read, is not listed and does
 * not hide the others. */
static void list_one(struct tmk_p11 *p, struct list_job *j,
		     CK_OBJECT_HANDLE h, CK_OBJECT_CLASS class)
{
	struct tmk_key_info *info = &j->info[j->n];
	struct tmk_err why = TMK_ERR_INIT;
	struct tmk_p11_key key;

	if (tmk_p11_read_key(p, &key, h, class, true, &why) ||
	    (class == CKO_PUBLIC_KEY && is_listed(j, &key)))
		return;
	tmk_key_info_init(info);
	if (tmk_p11_key_info(p, &key, info, &why) < 0)
		tmk_key_info_release(info);
	else
		j->n++;
}

static int list_work(void *state, struct tmk_err *err)
{
	struct tmk_p11 *p = state;
	struct list_job *j = p->job;
	const char *label = p->uri.label[0] ? p->uri.label : NULL;
	size_t i, c;

	for (c = 0; c < 2; c++)
		if (tmk_p11_search_keys(p, classes[c], p->uri.id,
					p->uri.id_len, label, j->h[c],
					KEYS_MAX, &j->found[c], err))
			return -1;
	for (c = 0; c < 2; c++)
		for (i = 0; i < j->found[c]; i++)
			list_one(p, j, j->h[c][i], classes[c]);
	return 0;
}

static int close_work(void *state, struct tmk_err *err)
{
	(void)err;
	tmk_p11_close_session(state);
	return 0;
}

/* List the token whose session is open. 1: passed over, with the reason. */
static int list_session(struct tmk_p11 **p, tmk_key_visit visit, void *ctx,
			struct tmk_err *skipped, struct tmk_err *err)
{
	struct list_job *j;
	size_t i;
	int rc = 0;

	j = tmk_p11_job(*p, sizeof(*j), list_job_release);
	if (!j)
		return tmk_err_nomem(err);
	if (tmk_p11_run(p, list_work, skipped))
		return 1;
	for (i = 0; i < j->n && !rc; i++)
		rc = visit(ctx, &j->info[i], err);
	return rc;
}

/* Every token of every module, without a login. */
static int list_all(const struct tmk_place *place, tmk_key_visit visit,
		    void *ctx, struct tmk_err *err)
{
	struct tmk_p11 *set[TMK_P11_MODULES_MAX] = { NULL };
	struct tmk_err skipped = TMK_ERR_INIT;
	int n = 0, i, j, rc = 0, done = 0;

	rc = tmk_p11_scan(set, &n, place, &skipped, err);
	for (i = 0; i < n && rc >= 0; i++) {
		int tokens = set[i]->tokens;

		for (j = 0; j < tokens && rc >= 0 && set[i]; j++) {
			rc = tmk_p11_open_session(&set[i], j, false, &skipped);
			rc = rc ? 1 : list_session(&set[i], visit, ctx,
						   &skipped, err);
			done += !rc;
			if (set[i] && tmk_p11_run(&set[i], close_work, NULL))
				break;
		}
	}
	for (i = 0; i < n; i++)
		tmk_p11_free(set[i]);
	if (rc < 0)
		return rc;
	/* Nothing at all could be looked at, and a reason is known. */
	if (!done && skipped.code) {
		if (err)
			*err = skipped;
		return -1;
	}
	return 0;
}

int tmk_p11_list(const struct tmk_place *place, bool login,
		 tmk_key_visit visit, void *ctx, struct tmk_err *err)
{
	struct tmk_p11 *p = NULL;
	struct tmk_err why = TMK_ERR_INIT;
	int rc;

	if (!login)
		return list_all(place, visit, ctx, err);
	/* One PIN is for one token: more than one that matches is refused. */
	if (tmk_p11_connect(&p, place, TMK_P11_LOGIN, err))
		return -1;
	rc = list_session(&p, visit, ctx, &why, err);
	if (rc > 0 && err)
		*err = why;
	tmk_p11_free(p);
	return rc ? -1 : 0;
}
