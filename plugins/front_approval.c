/*
 * front_approval.c - the use of a key, held against the requests that are
 * kept: it meets its own, or makes one.
 */
#include "plugins/front_approval.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "iface/verdict.h"
#include "plugins/front_approval_judge.h"
#include "plugins/front_requesters.h"

#define OPEN_MAX_EACH 128	/* open requests of one requester */
#define CONTENT_BYTES 32	/* of a SHA-256 */
#define CLOCK_SLACK 300		/* s that a request may be from tomorrow */

/* ---- those that are in use by this process ---------------------------------- */

struct reserved {
	struct tmk_approval_request request;
	struct reserved *next;
};

static struct {
	pthread_mutex_t lock;
	struct reserved *first;
} reserved = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void reserve(struct reserved *r)
{
	pthread_mutex_lock(&reserved.lock);
	r->next = reserved.first;
	reserved.first = r;
	pthread_mutex_unlock(&reserved.lock);
}

static struct reserved *take_reserved(const char *id)
{
	struct reserved **at, *r;

	pthread_mutex_lock(&reserved.lock);
	for (at = &reserved.first; *at; at = &(*at)->next)
		if (!strcmp((*at)->request.id, id))
			break;
	r = *at;
	if (r)
		*at = r->next;
	pthread_mutex_unlock(&reserved.lock);
	return r;
}

static void drop(struct reserved *r)
{
	if (!r)
		return;
	tmk_approval_store_release(&r->request);
	free(r);
}

int tmk_front_approval_spend(const char *id, struct tmk_err *err)
{
	struct reserved *r;
	int rc;

	if (!*id)
		return 0;
	r = take_reserved(id);
	if (!r)
		return tmk_err_set(err, TMK_INTERNAL, "request %s was not "
				   "reserved", id);
	rc = tmk_approval_store_spend(r->request.path, err);
	drop(r);
	return rc;
}

void tmk_front_approval_giveback(const char *id)
{
	if (*id)
		drop(take_reserved(id));
}

/* ---- which request is meant ------------------------------------------------- */

static void name_requester(char *out, size_t size,
			   const struct tmk_front_use *use)
{
	if (use->requester)
		snprintf(out, size, "%s", use->requester);
	else
		tmk_front_requesters_local(out, size);
}

static bool is_open(const struct tmk_approval_request *r, int64_t now)
{
	return !r->spent && now < r->text.expires &&
		r->text.created <= now + CLOCK_SLACK;
}

struct search {
	struct tmk_approval_text want;
	int64_t now;
	/* for the request */
	char id[TMK_APPROVAL_ID];
	int mine;		/* open ones of this requester */
	/* for the signing time */
	const uint8_t *content;
	bool by_name;
	int64_t created, time;
};

/* Of the same requester, for the same key, use and format. */
static bool is_ours(const struct search *s, const struct tmk_approval_text *t)
{
	return !strcmp(t->requester, s->want.requester) &&
		!strcmp(t->key, s->want.key) &&
		!strcmp(t->spki, s->want.spki) &&
		!strcmp(t->what, s->want.what) &&
		!strcmp(t->format, s->want.format) &&
		!strcmp(t->name_space, s->want.name_space);
}

static int look(void *ctx, struct tmk_approval_request *r,
		struct tmk_err *err)
{
	const struct tmk_approval_text *t = &r->text;
	struct search *s = ctx;

	(void)err;
	if (!is_open(r, s->now))
		return 0;
	s->mine += !strcmp(t->requester, s->want.requester);
	if (!is_ours(s, t) || t->hash != s->want.hash ||
	    t->digest_len != s->want.digest_len ||
	    memcmp(t->digest, s->want.digest, t->digest_len))
		return 0;
	memcpy(s->id, r->id, sizeof(s->id));
	return 1;
}

/* The request of this use, made if there is none. */
static int find_or_make(char id[TMK_APPROVAL_ID], char **store,
			const struct tmk_front_use *use, struct tmk_err *err)
{
	struct search s = { .now = tmk_clock_now() };
	char requester[80], *path = NULL;
	int lock = -1, rc;

	name_requester(requester, sizeof(requester), use);
	if (tmk_approval_text_fill(&s.want, use, requester, s.now, err) ||
	    tmk_approval_store_open(&lock, &path, err))
		return -1;
	rc = tmk_approval_store_each(path, look, &s, err);
	if (!rc && !*s.id && s.mine >= OPEN_MAX_EACH) {
		tmk_err_set(err, TMK_REFUSED, "%s: %d requests of %s wait "
			    "already", tmk_reason_id(TMK_LIMIT_EXCEEDED),
			    s.mine, requester);
		rc = tmk_err_hint(err, "have them approved, or wait until "
				  "they expire");
	}
	if (!rc && !*s.id)
		rc = tmk_approval_store_make(s.id, path, &s.want,
					     use->content_digest, err);
	close(lock);
	if (rc) {
		free(path);
		return -1;
	}
	memcpy(id, s.id, sizeof(s.id));
	*store = path;
	return 0;
}

/* ---- is it approved --------------------------------------------------------- */

static int unmet(const struct tmk_front_use *use, const char *id,
		 const struct tmk_approval_tally *tally, struct tmk_err *err)
{
	tmk_err_set(err, TMK_REFUSED, "%s: %d of %d approvals for a signature "
		    "by key '%s'; request %s",
		    tmk_reason_id(TMK_THRESHOLD_UNMET), tally->count,
		    use->section->approvals, use->section->name, id);
	return tmk_err_hint(err, "its approvers run touchmark approve "
			    "--request %s -k KEY; then ask for it again", id);
}

/* With the request's lock: 0 when it may be used now, 1 when it was used or
 * expired meanwhile. */
static int judge_locked(struct tmk_approval_request *r,
			const struct tmk_front_use *use, struct tmk_err *err)
{
	struct tmk_approval_tally *tally = calloc(1, sizeof(*tally));
	struct tmk_approval_judge judge;
	int rc;

	if (!tally)
		return tmk_err_nomem(err);
	rc = tmk_approval_judge_open(&judge, use->section, err);
	if (!rc) {
		rc = tmk_approval_judge_all(tally, &judge, r, err);
		tmk_approval_judge_close(&judge);
	}
	if (!rc && tally->count < use->section->approvals)
		rc = unmet(use, r->id, tally, err);
	free(tally);
	return rc;
}

/* As above, for the request of this use. *out is set on 0. */
static int try_one(struct reserved **out, const struct tmk_front_use *use,
		   struct tmk_err *err)
{
	struct reserved *r = calloc(1, sizeof(*r));
	char id[TMK_APPROVAL_ID], *store = NULL;
	int rc;

	if (!r)
		return tmk_err_nomem(err);
	r->request.lock = -1;
	rc = find_or_make(id, &store, use, err);
	if (!rc)
		rc = tmk_approval_store_load(&r->request, store, id, err);
	if (!rc)
		rc = tmk_approval_store_lock(&r->request, err);
	if (!rc && !is_open(&r->request, tmk_clock_now()))
		rc = 1;
	if (!rc)
		rc = judge_locked(&r->request, use, err);
	free(store);
	if (rc)
		drop(r);
	else
		*out = r;
	return rc;
}

int tmk_front_approval_check(char id[TMK_APPROVAL_ID],
			     const struct tmk_front_use *use,
			     struct tmk_err *err)
{
	struct tmk_approval_judge judge;
	struct reserved *r = NULL;
	int tries, rc = 1;

	*id = '\0';
	if (!use->section || !use->section->approvals)
		return 0;
	/* A section that can never be satisfied makes no requests. */
	if (tmk_approval_judge_open(&judge, use->section, err))
		return -1;
	tmk_approval_judge_close(&judge);
	/* One that somebody else used up while we waited for its lock is none:
	 * the next one is new. */
	for (tries = 0; rc > 0 && tries < 3; tries++)
		rc = try_one(&r, use, err);
	if (rc > 0)
		return tmk_err_set(err, TMK_REFUSED, "%s: other processes use "
				   "up each request for this signature",
				   tmk_reason_id(TMK_THRESHOLD_UNMET));
	if (rc)
		return -1;
	memcpy(id, r->request.id, TMK_APPROVAL_ID);
	reserve(r);
	return 0;
}

/* ---- the signing time ------------------------------------------------------- */

static int look_time(void *ctx, struct tmk_approval_request *r,
		     struct tmk_err *err)
{
	const struct tmk_approval_text *t = &r->text;
	struct search *s = ctx;

	(void)err;
	if (!is_open(r, s->now) || !is_ours(s, t) || t->time == TMK_TIME_NONE)
		return 0;
	if (s->want.time != TMK_TIME_NONE) {
		s->time = t->time;
		return t->time == s->want.time;
	}
	if (s->content ? !r->has_content ||
	    memcmp(r->content, s->content, sizeof(r->content)) != 0 :
	    s->by_name && strcmp(t->artefact, s->want.artefact) != 0)
		return 0;
	if (s->time == TMK_TIME_NONE || t->created > s->created) {
		s->time = t->time;
		s->created = t->created;
	}
	return 0;
}

static int64_t find_time(struct search *s, const struct tmk_front_use *use)
{
	static const uint8_t none[CONTENT_BYTES];
	struct tmk_front_use some = *use;
	char requester[80], *path = NULL;
	int lock = -1;

	if (!use->section || !use->section->approvals)
		return TMK_TIME_NONE;
	name_requester(requester, sizeof(requester), use);
	/* What is not known yet is not compared. */
	some.hash = TMK_SHA256;
	some.digest = none;
	some.digest_len = sizeof(none);
	some.trailer_len = 0;
	if (tmk_approval_text_fill(&s->want, &some, requester, s->now, NULL) ||
	    tmk_approval_store_open(&lock, &path, NULL))
		return TMK_TIME_NONE;
	if (tmk_approval_store_each(path, look_time, s, NULL))
		s->time = TMK_TIME_NONE;
	close(lock);
	free(path);
	return s->time;
}

int64_t tmk_front_approval_time(const struct tmk_front_use *use,
				const uint8_t *content, size_t len)
{
	struct search s = { .now = tmk_clock_now(), .time = TMK_TIME_NONE,
		.content = len == CONTENT_BYTES ? content : NULL,
		.by_name = use->artefact && *use->artefact };
	struct tmk_front_use any = *use;

	any.time = TMK_TIME_NONE;
	return find_time(&s, &any);
}

bool tmk_front_approval_has_time(const struct tmk_front_use *use)
{
	struct search s = { .now = tmk_clock_now(), .time = TMK_TIME_NONE };

	return use->time != TMK_TIME_NONE && find_time(&s, use) == use->time;
}
