#include "plugins/sign_work.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "plugins/front_file.h"
#include "plugins/sign_tell.h"

#define GROUP_MS 250		/* how long the first of a group waits for the
				   others at most */
#define GROUP_BYTES (64 * 1024 * 1024)	/* of what they made */

/* The files that this thread has in hand. */
struct group {
	struct tmk_sign_job *job;
	int room;		/* jobs */
	struct tmk_sign_item *item[TMK_SIGN_GROUP];
	int n;
	int64_t since;		/* tmk_clock_ms() of the first */
	uint64_t bytes;
};

/* ---- one file, as far as its temporary files ------------------------------ */

static int open_job(struct tmk_sign_job *job, struct tmk_err *err)
{
	if (tmk_front_file_open(&job->fd, job->file, err))
		return -1;
	if (fstat(job->fd, &job->seen))
		return tmk_err_set(err, TMK_INPUT, "%s: cannot be looked at",
				   job->file);
	return job->form->open(job, err);
}

/* The time of a signature is taken before its content is hashed, since the
 * trailer of an OpenPGP signature holds it. */
static int prepare(struct tmk_sign_job *job, struct tmk_err *err)
{
	int i;

	for (i = 0; i < job->wants; i++)
		if (tmk_sign_ready_now(job, i, err))
			return -1;
	return 0;
}

static int make_seals(struct tmk_sign_job *job, struct tmk_err *err)
{
	if (prepare(job, err))
		return -1;
	if (!job->form->chained && job->form->digest(job, err))
		return -1;
	for (job->asked = 0; job->asked < job->wants; job->asked++)
		if ((job->form->chained && job->form->digest(job, err)) ||
		    tmk_sign_ask(job, job->asked, err))
			return -1;
	return 0;
}

static int make(struct tmk_sign_job *job, struct tmk_err *err)
{
	if (open_job(job, err))
		return -1;
	if (job->skip)
		return 0;
	return make_seals(job, err) || job->form->write(job, err) ||
		job->form->check(job, err) ? -1 : 0;
}

/* What is not needed for the commit: descriptors are few. */
static void close_job(struct tmk_sign_job *job)
{
	job->form->close(job);
	if (job->fd >= 0)
		close(job->fd);
	job->fd = -1;
}

/* ---- a group -------------------------------------------------------------- */

static void finish(const struct tmk_sign_shop *shop, struct tmk_sign_job *job,
		   struct tmk_sign_item *item)
{
	tmk_sign_tell_job(item, job);
	tmk_sign_output_release(job);
	tmk_sign_ask_end(job);
	tmk_sign_queue_done(shop->queue, item);
}

static void commit(const struct tmk_sign_shop *shop, struct group *g)
{
	struct tmk_sign_job *jobs[TMK_SIGN_GROUP];
	int i;

	for (i = 0; i < g->n; i++)
		jobs[i] = &g->job[i];
	tmk_sign_commit(jobs, g->n);
	for (i = 0; i < g->n; i++)
		finish(shop, &g->job[i], g->item[i]);
	g->n = 0;
	g->bytes = 0;
	if (shop->told)
		shop->told(shop->ctx);
}

static uint64_t bytes_of(const struct tmk_sign_job *job)
{
	uint64_t bytes = 0;
	struct stat st;
	int i;

	for (i = 0; i < job->outputs; i++)
		if (job->output[i].file.fd >= 0 &&
		    !fstat(job->output[i].file.fd, &st) && st.st_size > 0)
			bytes += (uint64_t)st.st_size;
	return bytes;
}

static void take_in(const struct tmk_sign_shop *shop, struct group *g,
		    struct tmk_sign_item *item)
{
	struct tmk_sign_job *job = &g->job[g->n];

	memset(job, 0, sizeof(*job));
	job->fd = -1;
	job->file = item->file;
	job->options = shop->options;
	job->form = item->form;
	job->asker = shop->asker;
	if (make(job, &job->err) || job->skip) {
		close_job(job);
		finish(shop, job, item);
		return;
	}
	close_job(job);
	if (!g->n)
		g->since = tmk_clock_ms();
	g->item[g->n++] = item;
	g->bytes += bytes_of(job);
}

static bool is_full(const struct group *g)
{
	return g->n >= g->room || g->bytes >= GROUP_BYTES ||
		tmk_clock_ms() - g->since >= GROUP_MS;
}

void tmk_sign_work(const struct tmk_sign_shop *shop)
{
	struct tmk_sign_job one, *many;
	struct group g = { .n = 0 };
	struct tmk_sign_item *item;
	bool over = false;

	many = calloc((size_t)shop->group, sizeof(*many));
	g.job = many ? many : &one;
	g.room = many ? shop->group : 1;
	for (;;) {
		item = tmk_sign_queue_take(shop->queue, !g.n, &over);
		if (!item && !g.n && over)
			break;
		/* Nobody knows how long a pipe keeps silent. */
		if (g.n && (!item || item->alone))
			commit(shop, &g);
		if (!item)
			continue;
		take_in(shop, &g, item);
		if (g.n && is_full(&g))
			commit(shop, &g);
		if (!g.n && shop->told)
			shop->told(shop->ctx);
	}
	free(many);
}
