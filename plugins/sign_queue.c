#include "plugins/sign_queue.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct tmk_sign_queue {
	pthread_mutex_t lock;
	pthread_cond_t change;
	struct tmk_sign_item *item;	/* in the order of the call */
	bool *done;		/* of each */
	int *order;		/* in which they are handed out */
	int max, count, next;
	int under_way;		/* handed out, not done */
	int finished;
	bool stopped;
};

int tmk_sign_queue_new(struct tmk_sign_queue **out, int max,
		       struct tmk_err *err)
{
	struct tmk_sign_queue *q = calloc(1, sizeof(*q));
	size_t n = max > 0 ? (size_t)max : 1;
	pthread_condattr_t attr;

	if (!q)
		return tmk_err_nomem(err);
	q->max = max;
	q->item = calloc(n, sizeof(*q->item));
	q->done = calloc(n, sizeof(*q->done));
	q->order = calloc(n, sizeof(*q->order));
	if (!q->item || !q->done || !q->order ||
	    pthread_condattr_init(&attr)) {
		free(q->item);
		free(q->done);
		free(q->order);
		free(q);
		return tmk_err_nomem(err);
	}
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&q->change, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&q->lock, NULL);
	*out = q;
	return 0;
}

void tmk_sign_queue_free(struct tmk_sign_queue *queue)
{
	int i;

	if (!queue)
		return;
	for (i = 0; i < queue->count; i++) {
		free(queue->item[i].lines);
		free(queue->item[i].err);
	}
	free(queue->item);
	free(queue->done);
	free(queue->order);
	pthread_cond_destroy(&queue->change);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}

struct tmk_sign_item *tmk_sign_queue_add(struct tmk_sign_queue *queue)
{
	if (queue->count == queue->max)
		return NULL;
	queue->order[queue->count] = queue->count;
	return &queue->item[queue->count++];
}

static int compare(const void *a, const void *b, void *ctx)
{
	const struct tmk_sign_queue *q = ctx;
	const int *x = a, *y = b;
	int rank = q->item[*x].rank - q->item[*y].rank;

	return rank ? rank : *x - *y;
}

void tmk_sign_queue_sort(struct tmk_sign_queue *queue)
{
	qsort_r(queue->order, (size_t)queue->count, sizeof(*queue->order),
		compare, queue);
}

int tmk_sign_queue_count(const struct tmk_sign_queue *queue)
{
	return queue->count;
}

struct tmk_sign_item *tmk_sign_queue_item(struct tmk_sign_queue *queue, int n)
{
	return &queue->item[n];
}

/* Whether the next one has to wait for what is under way. The lock is held. */
static bool must_wait(const struct tmk_sign_queue *q)
{
	const int *at = q->order + q->next;

	return q->next && q->under_way &&
		q->item[at[0]].rank != q->item[at[-1]].rank;
}

struct tmk_sign_item *tmk_sign_queue_take(struct tmk_sign_queue *queue,
					  bool wait, bool *over)
{
	struct tmk_sign_item *item = NULL;

	pthread_mutex_lock(&queue->lock);
	for (;;) {
		*over = queue->stopped || queue->next == queue->count;
		if (*over)
			break;
		if (!must_wait(queue)) {
			item = &queue->item[queue->order[queue->next++]];
			queue->under_way++;
			break;
		}
		if (!wait)
			break;
		pthread_cond_wait(&queue->change, &queue->lock);
	}
	pthread_mutex_unlock(&queue->lock);
	return item;
}

void tmk_sign_queue_done(struct tmk_sign_queue *queue,
			 struct tmk_sign_item *item)
{
	pthread_mutex_lock(&queue->lock);
	queue->done[item - queue->item] = true;
	queue->under_way--;
	queue->finished++;
	pthread_cond_broadcast(&queue->change);
	pthread_mutex_unlock(&queue->lock);
}

static struct timespec after(int ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += (long)(ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_nsec -= 1000000000;
		at.tv_sec++;
	}
	return at;
}

bool tmk_sign_queue_wait(struct tmk_sign_queue *queue, int n, int ms,
			 int *finished)
{
	struct timespec until = after(ms);
	bool done;

	pthread_mutex_lock(&queue->lock);
	while (!queue->done[n])
		if (pthread_cond_timedwait(&queue->change, &queue->lock,
					   &until))
			break;
	done = queue->done[n];
	*finished = queue->finished;
	pthread_mutex_unlock(&queue->lock);
	return done;
}

void tmk_sign_queue_stop(struct tmk_sign_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->stopped = true;
	pthread_cond_broadcast(&queue->change);
	pthread_mutex_unlock(&queue->lock);
}
