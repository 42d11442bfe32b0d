/* Which file is next: ranks, waiting, stopping, several threads. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "plugins/sign_queue.h"
#include "t/unit/tap.h"

#define MANY 500
#define THREADS 4

static struct tmk_err err = TMK_ERR_INIT;

static void add(struct tmk_sign_queue *q, const char *file, int rank)
{
	struct tmk_sign_item *item = tmk_sign_queue_add(q);

	ok(item != NULL, "room for %s", file);
	if (!item)
		return;
	item->file = file;
	item->rank = rank;
}

static const char *take(struct tmk_sign_queue *q, bool *over)
{
	struct tmk_sign_item *item = tmk_sign_queue_take(q, false, over);

	return item ? item->file : "";
}

static void test_ranks(void)
{
	struct tmk_sign_queue *q = NULL;
	struct tmk_sign_item *a, *b;
	int finished = -1;
	bool over;

	ok(!tmk_sign_queue_new(&q, 4, &err), "for four files");
	add(q, "x.changes", 2);
	add(q, "a", 0);
	add(q, "x.dsc", 1);
	add(q, "b", 0);
	ok(!tmk_sign_queue_add(q), "no room for a fifth");
	tmk_sign_queue_sort(q);
	is_int(tmk_sign_queue_count(q), 4, "four are there");
	is_str(tmk_sign_queue_item(q, 0)->file, "x.changes",
	       "in the order of the call");
	a = tmk_sign_queue_take(q, true, &over);
	b = tmk_sign_queue_take(q, true, &over);
	is_str(a->file, "a", "the lowest rank first");
	is_str(b->file, "b", "as they were named");
	is_str(take(q, &over), "", "the next rank waits");
	ok(!over, "and is still to come");
	tmk_sign_queue_done(q, b);
	is_str(take(q, &over), "", "for all of the one before");
	ok(!tmk_sign_queue_wait(q, 1, 1, &finished), "a is not done");
	is_int(finished, 1, "one is");
	tmk_sign_queue_done(q, a);
	ok(tmk_sign_queue_wait(q, 1, 1, &finished), "now it is");
	a = tmk_sign_queue_take(q, true, &over);
	is_str(a->file, "x.dsc", "then the next rank");
	is_str(take(q, &over), "", "and not yet the one after it");
	tmk_sign_queue_done(q, a);
	is_str(take(q, &over), "x.changes", "the last one");
	is_str(take(q, &over), "", "nothing more");
	ok(over, "and that is all");
	tmk_sign_queue_free(q);
}

static void test_stop(void)
{
	struct tmk_sign_queue *q = NULL;
	bool over = false;

	ok(!tmk_sign_queue_new(&q, 2, &err), "two files");
	add(q, "a", 0);
	add(q, "b", 0);
	tmk_sign_queue_sort(q);
	is_str(take(q, &over), "a", "one is taken");
	tmk_sign_queue_stop(q);
	is_str(take(q, &over), "", "no other one after a stop");
	ok(over, "it is over");
	tmk_sign_queue_free(q);
	tmk_sign_queue_free(NULL);
}

static atomic_int at_work[2], mixed, taken;

/* Works as the engine does: gives back what it holds before it waits. */
static void *work(void *arg)
{
	struct tmk_sign_queue *q = arg;
	struct tmk_sign_item *item;
	bool over;

	while ((item = tmk_sign_queue_take(q, true, &over)) || !over) {
		if (!item)
			continue;
		at_work[item->rank]++;
		taken++;
		if (at_work[!item->rank])
			mixed++;
		at_work[item->rank]--;
		tmk_sign_queue_done(q, item);
	}
	return NULL;
}

static void test_threads(void)
{
	struct tmk_sign_queue *q = NULL;
	pthread_t thread[THREADS];
	int i, finished = 0;

	ok(!tmk_sign_queue_new(&q, MANY, &err), "many files");
	for (i = 0; i < MANY; i++) {
		struct tmk_sign_item *item = tmk_sign_queue_add(q);

		item->file = "f";
		item->rank = i % 2;
	}
	tmk_sign_queue_sort(q);
	for (i = 0; i < THREADS; i++)
		ok(!pthread_create(&thread[i], NULL, work, q), "a thread");
	for (i = 0; i < MANY; i++)
		while (!tmk_sign_queue_wait(q, i, 1000, &finished))
			;
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	is_int(finished, MANY, "all are done");
	is_int(taken, MANY, "each was taken once");
	is_int(mixed, 0, "no rank begins before another is done");
	tmk_sign_queue_free(q);
}

int main(void)
{
	test_ranks();
	test_stop();
	test_threads();
	return tap_done();
}
