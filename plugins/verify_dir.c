#include "plugins/verify_dir.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "plugins/front_file.h"
#include "plugins/front_report.h"
#include "plugins/verify_case.h"
#include "plugins/verify_parts.h"
#include "plugins/verify_tell.h"
#include "plugins/verify_tree.h"

#define THREADS_MAX 8
#define NEWS 32			/* results that are worth a wake-up */
#define NEWS_MS 100		/* and how long a few of them may wait */

/* What became of one entry. */
struct result {
	struct tmk_buf told;
	struct tmk_err err;	/* of telling: nothing can go on */
	int code;
	bool first;		/* a list of other files: judged before them.
				   The name only says in which order */
	bool done;
	bool again;		/* an unsigned one: other lists may name it */
	char *named_by;		/* the signed list that names it */
};

struct work {
	struct tmk_verify_tree tree;
	struct result *result;	/* one for each entry */
	bool json;
	bool rules;
	bool lists;		/* what is judged now: the lists, or the rest */
	pthread_mutex_t lock;	/* of what follows, and of named_by */
	pthread_cond_t news;
	size_t next;
	size_t untold;		/* done since the last news */
	bool stop;
};

struct thread {
	pthread_t id;
	bool started;
	struct work *work;
	struct tmk_verify verify;
	struct tmk_verify_answer answer;
};

/* ---- one file ----------------------------------------------------------------- */

/* Of several lists the one that comes first, whichever was faster. */
static void keep_name(struct result *r, const char *by)
{
	if (r->named_by && strcmp(r->named_by, by) <= 0)
		return;
	free(r->named_by);
	r->named_by = strdup(by);
}

static void note_named(void *ctx, const char *path, const char *by)
{
	struct work *w = ctx;
	const struct tmk_verify_entry *e = tmk_verify_tree_find(&w->tree, path);
	struct result *r;

	/* Later some files would be judged before it and some behind. */
	if (!e || !w->lists)
		return;
	r = &w->result[e - w->tree.entry];
	pthread_mutex_lock(&w->lock);
	keep_name(r, by);
	pthread_mutex_unlock(&w->lock);
}

/* Whether nobody signed it who is known here. A signature whose key no keyring
 * knows says nothing, neither good nor bad. */
static bool is_unsigned(const struct tmk_verify_answer *a)
{
	int i;

	if (a->all.verdict.reason == TMK_SIGNATURE_MISSING)
		return true;
	for (i = 0; i < a->signers && a->signer[i].unknown; i++)
		;
	return a->signers && i == a->signers && !a->together;
}

/* What nobody signed, but whose digest is in a list that somebody signed. */
static void forgive_named(struct tmk_verify_answer *a, const struct work *w,
			  const struct result *r)
{
	if (w->rules || !r->named_by || !is_unsigned(a))
		return;
	tmk_verify_answer_init(a, a->file);
	a->named_by = r->named_by;
}

static void refuse_orphan(struct tmk_verify_answer *a, const char *path)
{
	tmk_verify_answer_init(a, path);
	tmk_verdict_refuse(&a->all.verdict, TMK_OBJECT_MISSING,
			   "what this signature is for is not here");
	tmk_verdict_hint(&a->all.verdict, "fetch the file again from where the "
			 "signature came from, or remove the signature");
}

static int judge(struct thread *t, const struct tmk_verify_entry *e,
		 struct result *r)
{
	struct tmk_err why = TMK_ERR_INIT;
	int rc = 0;

	if (e->kind == TMK_VERIFY_ORPHAN)
		refuse_orphan(&t->answer, e->path);
	else
		rc = tmk_verify_file(&t->answer, &t->verify, e->path, NULL,
				     &why);
	if (rc) {
		r->code = why.code;
		return tmk_verify_tell_error(&r->told, e->path, &why,
					     t->work->json, &r->err);
	}
	/* What names it is only known when all lists are judged. */
	r->again = t->work->lists && is_unsigned(&t->answer);
	if (r->again)
		return 0;
	forgive_named(&t->answer, t->work, r);
	r->code = t->answer.all.verdict.reason ? TMK_REFUSED : TMK_OK;
	return tmk_verify_tell(&r->told, &t->answer, t->work->json, &r->err);
}

static void handle(struct thread *t, size_t i)
{
	const struct tmk_verify_entry *e = &t->work->tree.entry[i];
	struct result *r = &t->work->result[i];
	int rc = 0;

	tmk_buf_init(&r->told, TMK_VERIFY_TOLD);
	switch (e->kind) {
	case TMK_VERIFY_ARTEFACT:
	case TMK_VERIFY_ORPHAN:
		rc = judge(t, e, r);
		break;
	case TMK_VERIFY_LINK:
	case TMK_VERIFY_SPECIAL:
		rc = tmk_verify_tell_skipped(&r->told, e->path,
			e->kind == TMK_VERIFY_LINK ? "a link is not followed" :
			"no regular file", t->work->json, &r->err);
		break;
	case TMK_VERIFY_SIGNATURE:
		break;		/* told with its artefact */
	}
	if (rc && !r->err.code)
		tmk_err_set(&r->err, TMK_INTERNAL, "%s was not told", e->path);
}

/* ---- all of them --------------------------------------------------------------- */

/* The next one of this round, or the number of entries. */
static size_t next_entry(struct work *w)
{
	size_t i;

	pthread_mutex_lock(&w->lock);
	while (!w->stop && w->next < w->tree.entries &&
	       w->result[w->next].first != w->lists)
		w->next++;
	i = w->stop ? w->tree.entries : w->next;
	if (i < w->tree.entries)
		w->next++;
	pthread_mutex_unlock(&w->lock);
	return i;
}

/* Small files are judged faster than somebody can be woken for each of them:
 * `last` is when there will be no more. The lock is held. */
static void tell_news(struct work *w, bool last)
{
	if (!last && ++w->untold < NEWS)
		return;
	w->untold = 0;
	pthread_cond_broadcast(&w->news);
}

static void *run_thread(void *arg)
{
	struct thread *t = arg;
	struct work *w = t->work;
	size_t i;

	while ((i = next_entry(w)) < w->tree.entries) {
		handle(t, i);
		pthread_mutex_lock(&w->lock);
		w->result[i].done = true;
		tell_news(w, false);
		pthread_mutex_unlock(&w->lock);
	}
	pthread_mutex_lock(&w->lock);
	tell_news(w, true);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static int start(struct thread *t, int n, struct tmk_err *err)
{
	int i;

	for (i = 0; i < n; i++) {
		if (pthread_create(&t[i].id, NULL, run_thread, &t[i])) {
			/* Those that run do the work; without any it stays
			 * undone. */
			if (i)
				return 0;
			return tmk_err_set(err, TMK_INTERNAL,
					   "cannot start a thread");
		}
		t[i].started = true;
	}
	return 0;
}

static void join(struct thread *t, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (t[i].started) {
			pthread_join(t[i].id, NULL);
			t[i].started = false;
		}
}

static void wait_for(struct work *w, size_t i)
{
	struct timespec at;

	pthread_mutex_lock(&w->lock);
	while (!w->result[i].done) {
		clock_gettime(CLOCK_MONOTONIC, &at);
		at.tv_nsec += NEWS_MS * 1000000L;
		if (at.tv_nsec >= 1000000000) {
			at.tv_nsec -= 1000000000;
			at.tv_sec++;
		}
		(void)pthread_cond_timedwait(&w->news, &w->lock, &at);
	}
	pthread_mutex_unlock(&w->lock);
}

struct sum {
	size_t good, refused, failed, skipped;
	int code;
};

static void count(struct sum *s, const struct work *w, size_t i)
{
	const struct result *r = &w->result[i];

	switch (w->tree.entry[i].kind) {
	case TMK_VERIFY_SIGNATURE:
		return;
	case TMK_VERIFY_LINK:
	case TMK_VERIFY_SPECIAL:
		s->skipped++;
		return;
	case TMK_VERIFY_ARTEFACT:
	case TMK_VERIFY_ORPHAN:
		break;
	}
	if (!r->code)
		s->good++;
	else if (r->code == TMK_REFUSED)
		s->refused++;
	else
		s->failed++;
	s->code = tmk_front_file_worst(s->code, r->code);
}

/* In the order of the names, as soon as each is judged. */
static int print_all(struct sum *s, struct work *w, struct tmk_err *err)
{
	struct result *r;
	size_t i;

	for (i = 0; i < w->tree.entries; i++) {
		r = &w->result[i];
		wait_for(w, i);
		if (r->err.code) {
			*err = r->err;
			return -1;
		}
		count(s, w, i);
		if (tmk_verify_tell_print(&r->told, err))
			return -1;
		tmk_buf_release(&r->told);
	}
	return 0;
}

/* The second round: the rest, and the lists that nobody signed. */
static void again(struct work *w)
{
	size_t i;

	for (i = 0; i < w->tree.entries; i++)
		if (w->result[i].again)
			w->result[i].first = w->result[i].done = false;
	w->lists = false;
	w->next = 0;
}

static int judge_all(struct sum *s, struct work *w, struct thread *t, int n,
		     struct tmk_err *err)
{
	int rc;

	w->lists = true;
	rc = start(t, n, err);
	join(t, n);
	again(w);
	if (!rc)
		rc = start(t, n, err);
	if (!rc)
		rc = print_all(s, w, err);
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_mutex_unlock(&w->lock);
	join(t, n);
	return rc;
}

/* ---- the frame ------------------------------------------------------------------ */

static int work_init(struct work *w, const char *dir, struct tmk_err *err)
{
	size_t i;

	if (tmk_verify_tree_read(&w->tree, dir, err))
		return -1;
	w->result = calloc(w->tree.entries + 1, sizeof(*w->result));
	if (!w->result)
		return tmk_err_nomem(err);
	for (i = 0; i < w->tree.entries; i++)
		w->result[i].first = w->tree.entry[i].kind ==
			TMK_VERIFY_ARTEFACT &&
			tmk_verify_is_list(w->tree.entry[i].path);
	return 0;
}

static void work_release(struct work *w)
{
	size_t i;

	for (i = 0; w->result && i < w->tree.entries; i++) {
		tmk_buf_release(&w->result[i].told);
		free(w->result[i].named_by);
	}
	free(w->result);
	tmk_verify_tree_release(&w->tree);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->news);
}

static int threads_for(size_t files)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	if (n < 1)
		n = 1;
	if (n > THREADS_MAX)
		n = THREADS_MAX;
	return (size_t)n > files && files ? (int)files : (int)n;
}

static int load(struct thread *t, int n, struct work *w,
		const struct tmk_trust_options *options,
		const struct tmk_config *config, struct tmk_err *err)
{
	int i;

	for (i = 0; i < n; i++) {
		t[i].work = w;
		if (tmk_verify_init(&t[i].verify, options, config, err))
			return -1;
		t[i].verify.quiet = true;
		t[i].verify.several = true;
		t[i].verify.named = note_named;
		t[i].verify.ctx = w;
	}
	w->rules = tmk_verify_has_rules(&t[0].verify);
	return 0;
}

static int tell_sum(const struct sum *s, const char *dir, struct tmk_err *err)
{
	char skipped[64] = "", failed[64] = "";

	if (s->failed)
		snprintf(failed, sizeof(failed), ", %zu not readable",
			 s->failed);
	if (s->skipped)
		snprintf(skipped, sizeof(skipped), "; %zu not looked at",
			 s->skipped);
	return tmk_front_report_line(stdout, err, "%s: %zu file%s: %zu good, "
		"%zu refused%s%s", dir, s->good + s->refused + s->failed,
		s->good + s->refused + s->failed == 1 ? "" : "s", s->good,
		s->refused, failed, skipped);
}

static int judge_tree(struct sum *sum, struct work *w,
		      const struct tmk_trust_options *options,
		      const struct tmk_config *config, struct tmk_err *err)
{
	int i, rc, n = threads_for(w->tree.entries);
	struct thread *t = calloc(THREADS_MAX, sizeof(*t));

	if (!t)
		return tmk_err_nomem(err);
	rc = load(t, n, w, options, config, err);
	if (!rc)
		rc = judge_all(sum, w, t, n, err);
	for (i = 0; i < n; i++)
		tmk_verify_release(&t[i].verify);
	free(t);
	return rc;
}

/* The clock may be set while somebody waits. */
static void init_news(pthread_cond_t *news)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(news, &attr);
	pthread_condattr_destroy(&attr);
}

int tmk_verify_dir(const char *dir, const struct tmk_trust_options *options,
		   const struct tmk_config *config, bool json,
		   struct tmk_err *err)
{
	struct work w = { .json = json };
	struct sum sum = { 0 };
	int rc;

	pthread_mutex_init(&w.lock, NULL);
	init_news(&w.news);
	rc = work_init(&w, dir, err);
	if (!rc)
		rc = judge_tree(&sum, &w, options, config, err);
	if (!rc && !json)
		rc = tell_sum(&sum, dir, err);
	work_release(&w);
	return rc ? err->code : sum.code;
}
