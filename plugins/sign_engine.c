#include "plugins/sign_engine.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "iface/package.h"
#include "plugins/front_env.h"
#include "plugins/front_file.h"
#include "plugins/sign_ask.h"
#include "plugins/sign_beside.h"
#include "plugins/sign_queue.h"
#include "plugins/sign_stop.h"
#include "plugins/sign_tell.h"
#include "plugins/sign_work.h"

#define STAMP_THREADS 16	/* that wait for timestamps */
#define AUDIT_THREADS 32	/* that wait for the record of uses: two waits
				   for the disk around each signature */
#define SPARE_FDS 64		/* that groups leave to everything else */
#define FDS_PER_FILE 4		/* of a file in a group, about */
#define FIRST_MS 700		/* before a progress line is worth it */
#define EVERY_MS 200		/* between two of them */

/* One call of the engine. */
struct engine {
	struct tmk_sign_options *options;
	const struct tmk_config *config;
	struct tmk_sign_asker *asker;
	struct tmk_sign_queue *queue;
	struct tmk_sign_shop shop;
	pthread_t thread[TMK_SIGN_THREADS_MAX];
	int threads;		/* that were started */
	int told;		/* items that were told */
	int files;		/* that were named */
	int worst, failed, skipped;
	int left;		/* that were not begun */
	int64_t start, shown;	/* tmk_clock_ms() */
	bool terminal, line;	/* a progress line stands there */
	struct tmk_err err;	/* why nothing more can be told */
};

/* ---- progress ------------------------------------------------------------- */

static void wipe(struct engine *e)
{
	if (!e->line)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	e->line = false;
}

static void progress(struct engine *e, int finished)
{
	int all = tmk_sign_queue_count(e->queue);
	int64_t now = tmk_clock_ms();
	char left[48] = "";
	double rate;

	if (!e->terminal || all < 2 || now - e->start < FIRST_MS ||
	    now - e->shown < EVERY_MS)
		return;
	e->shown = now;
	rate = (double)finished * 1000 / (double)(now - e->start);
	if (rate > 0 && finished < all)
		snprintf(left, sizeof(left), ", %.0f s left",
			 (double)(all - finished) / rate);
	fprintf(stderr, "\r%d of %d files, %.0f files/s%s\033[K", finished,
		all, rate, left);
	fflush(stderr);
	e->line = true;
}

/* ---- telling -------------------------------------------------------------- */

static int tell_one(struct engine *e, struct tmk_sign_item *item,
		    struct tmk_err *err)
{
	wipe(e);
	if (item->failed) {
		e->worst = tmk_front_file_worst(e->worst, item->err ?
						item->err->code :
						TMK_INTERNAL);
		e->failed++;
	}
	e->skipped += item->skipped;
	if (tmk_sign_tell_item(item, e->options->json, err))
		return -1;
	free(item->lines);
	free(item->err);
	item->lines = NULL;
	item->err = NULL;
	return 0;
}

/* Tell those that are done, in order; waits for the next one at most `ms`.
 * Nothing more is signed when nothing more can be told. */
static void tell_done(struct engine *e, int ms)
{
	int finished = 0;

	while (!e->err.code && e->told < tmk_sign_queue_count(e->queue) &&
	       tmk_sign_queue_wait(e->queue, e->told, ms, &finished)) {
		if (tell_one(e, tmk_sign_queue_item(e->queue, e->told),
			     &e->err))
			tmk_sign_queue_stop(e->queue);
		e->told++;
		ms = 0;
	}
	if (tmk_sign_stop_asked())
		tmk_sign_queue_stop(e->queue);
	progress(e, finished);
}

static void told(void *ctx)
{
	tell_done(ctx, 0);
}

/* After a stop: those that were finished, between others that were not begun. */
static void tell_rest(struct engine *e)
{
	int finished;

	for (; !e->err.code && e->told < tmk_sign_queue_count(e->queue);
	     e->told++) {
		struct tmk_sign_item *item = tmk_sign_queue_item(e->queue,
								 e->told);

		if (!tmk_sign_queue_wait(e->queue, e->told, 0, &finished))
			e->left++;
		else
			(void)!tell_one(e, item, &e->err);
	}
}

/* For people: how it went, when the lines of the errors may be far above. */
static void summary(const struct engine *e)
{
	int signed_files = e->files - e->failed - e->skipped - e->left;

	if (e->options->json || e->files < 2 || e->err.code ||
	    (e->failed < 2 && !e->left && !e->terminal))
		return;
	fprintf(stderr, "touchmark: %d of %d files signed", signed_files,
		e->files);
	if (e->skipped)
		fprintf(stderr, ", %d left alone", e->skipped);
	if (e->failed)
		fprintf(stderr, ", %d failed", e->failed);
	if (e->left)
		fprintf(stderr, ", %d not begun", e->left);
	fputc('\n', stderr);
}

/* ---- what is named -------------------------------------------------------- */

static int tell_failed(struct engine *e, const char *file,
		       const struct tmk_err *what, struct tmk_err *err)
{
	e->worst = tmk_front_file_worst(e->worst, what->code);
	e->failed++;
	return tmk_sign_tell_error(file, e->options->json, what, err);
}

/* Look at the beginning of a file, to know its form. */
static int look(struct tmk_sign_item *item, const struct engine *e,
		struct tmk_err *err)
{
	const char *slash = strrchr(item->file, '/');
	uint8_t head[TMK_PACKAGE_HEAD];
	ssize_t n = 0;
	int fd;

	item->form = tmk_sign_form_of(e->options, item->file, head, 0);
	item->alone = !strcmp(item->file, "-") ||
		tmk_front_file_is_stream(item->file);
	/* A pipe is opened once, when its turn comes. */
	if (item->alone)
		return 0;
	if (tmk_front_file_open(&fd, item->file, err))
		return tmk_front_file_is_directory(item->file) ?
			tmk_err_hint(err, "name the files in it, all in one "
				     "call") : -1;
	if (e->options->embed)
		n = pread(fd, head, sizeof(head), 0);
	if (n < 0)
		tmk_err_set(err, TMK_INPUT, "%s: %s", item->file,
			    strerror(errno));
	close(fd);
	if (n < 0)
		return -1;
	item->form = tmk_sign_form_of(e->options, item->file, head, (size_t)n);
	if (item->form->rank)
		item->rank = item->form->rank(slash ? slash + 1 : item->file);
	return 0;
}

/* What a directory holds after a run beside what is to be signed; NULL for
 * that. Who names one file alone means that one. */
static const char *is_left(const char *file, bool alone)
{
	if (tmk_newfile_is_temp(file))
		return "left behind by a run that was cut off";
	return !alone && tmk_sign_beside_made(file) ?
		"belongs to the file beside it" : NULL;
}

/* A file that cannot be opened is told without a login for nothing. */
static int sort_out(struct engine *e, int files, char *const *file,
		    struct tmk_err *err)
{
	int i;

	for (i = 0; i < files; i++) {
		struct tmk_sign_item item = { .file = file[i] }, *to;
		struct tmk_err why = TMK_ERR_INIT;
		const char *left = is_left(file[i], files == 1 &&
					   !e->options->resume);

		if (left) {
			e->skipped++;
			if (tmk_sign_tell_left(stdout, file[i],
					       e->options->json, left, err))
				return -1;
			continue;
		}
		if (look(&item, e, &why) ||
		    tmk_front_env_file(e->config, e->options->key, file[i],
				       &why)) {
			if (tell_failed(e, file[i], &why, err))
				return -1;
			continue;
		}
		to = tmk_sign_queue_add(e->queue);
		if (!to)
			return tmk_err_set(err, TMK_INTERNAL, "more files "
					   "than were named");
		*to = item;
	}
	tmk_sign_queue_sort(e->queue);
	return 0;
}

/* Without the key no file that is left can be signed: each gets its line of
 * JSON, people one line for all. Returns the exit code. */
static int no_key(struct engine *e, struct tmk_err *err)
{
	struct tmk_err why = *err;
	int i;

	e->worst = tmk_front_file_worst(e->worst, why.code);
	if (!e->options->json)
		return e->worst;
	/* It is told here, and not once more at the end. */
	*err = (struct tmk_err)TMK_ERR_INIT;
	for (i = 0; i < tmk_sign_queue_count(e->queue); i++)
		if (tell_failed(e, tmk_sign_queue_item(e->queue, i)->file,
				&why, err))
			return -1;
	return e->worst;
}

/* ---- threads -------------------------------------------------------------- */

static int descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur > 65536)
		return 65536;
	return (int)limit.rlim_cur;
}

static int between(int least, int n, int most)
{
	return n < least ? least : n > most ? most : n;
}

/* Whether somebody stands by and is asked, or touches, for each file. */
static bool has_person(const struct tmk_config *config)
{
	int i;

	for (i = 0; i < config->n_keys; i++)
		if (config->keys[i].touch || config->keys[i].confirm)
			return true;
	return false;
}

/* How many threads, and how many files each has in hand. */
static int plan(struct engine *e, int asked)
{
	int files = tmk_sign_queue_count(e->queue), threads = asked;
	int fds = (descriptors() - SPARE_FDS) / FDS_PER_FILE;

	if (!threads) {
		threads = (int)sysconf(_SC_NPROCESSORS_ONLN);
		if (tmk_sign_asker_stamps(e->asker, false) &&
		    threads < STAMP_THREADS)
			threads = STAMP_THREADS;
		if (e->config->audit_log && threads < AUDIT_THREADS)
			threads = AUDIT_THREADS;
	}
	threads = between(1, threads, TMK_SIGN_THREADS_MAX);
	threads = between(1, threads, between(1, fds, files));
	/* Nobody is to be idle while another has a group to make; nor is what
	 * a person has said yes to kept waiting for the next question. */
	e->shop.group = has_person(e->config) ? 1 :
		between(1, files / threads / 2, TMK_SIGN_GROUP);
	e->shop.group = between(1, e->shop.group, between(1, fds / threads,
							  TMK_SIGN_GROUP));
	return threads;
}

static void *run(void *arg)
{
	struct engine *e = arg;

	tmk_sign_work(&e->shop);
	return NULL;
}

/* Signals are for the thread that tells; a pipe that breaks is an error. */
static void start_threads(struct engine *e, int wanted)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (e->threads < wanted &&
	       !pthread_create(&e->thread[e->threads], NULL, run, e))
		e->threads++;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void join_threads(struct engine *e)
{
	while (e->threads)
		pthread_join(e->thread[--e->threads], NULL);
}

/* Whether what is in hand ends by itself: of a pipe nobody knows. One file is
 * not worth waiting for. */
static bool can_stop(const struct engine *e)
{
	int i, n = tmk_sign_queue_count(e->queue);

	for (i = 0; i < n; i++)
		if (tmk_sign_queue_item(e->queue, i)->alone)
			return false;
	return n > 1;
}

/* One thread works and tells; several work while this one tells. */
static int sign_all(struct engine *e, int asked, struct tmk_err *err)
{
	int wanted = plan(e, asked);

	e->options->quiet = tmk_sign_queue_count(e->queue) > 1;
	e->start = tmk_clock_ms();
	if (can_stop(e))
		tmk_sign_stop_watch();
	if (wanted > 1)
		start_threads(e, wanted);
	if (!e->threads) {
		e->shop.told = told;
		e->shop.ctx = e;
		tmk_sign_work(&e->shop);
	}
	while (!e->err.code && !tmk_sign_stop_asked() &&
	       e->told < tmk_sign_queue_count(e->queue))
		tell_done(e, EVERY_MS);
	if (tmk_sign_stop_asked())
		tmk_sign_queue_stop(e->queue);
	join_threads(e);
	tell_rest(e);
	wipe(e);
	summary(e);
	if (e->err.code && err)
		*err = e->err;
	return e->err.code ? -1 : e->worst;
}

int tmk_sign_engine_run(struct tmk_sign_options *options,
			const struct tmk_config *config, int threads,
			char *const *file, int files, struct tmk_err *err)
{
	struct engine e = {
		.options = options, .config = config, .files = files,
		.terminal = isatty(STDERR_FILENO),
	};
	int rc = -1;

	options->file = file;
	options->files = files;
	if (tmk_sign_asker_new(&e.asker, options, config, err) ||
	    tmk_sign_queue_new(&e.queue, files, err) ||
	    sort_out(&e, files, file, err))
		goto out;
	e.shop.options = options;
	e.shop.asker = e.asker;
	e.shop.queue = e.queue;
	if (!tmk_sign_queue_count(e.queue))
		rc = e.worst;
	else if (tmk_sign_asker_start(e.asker, err))
		rc = no_key(&e, err);
	else
		rc = sign_all(&e, threads, err);
out:
	tmk_sign_queue_free(e.queue);
	tmk_sign_asker_free(e.asker);
	tmk_sign_stop_end();
	return rc;
}
