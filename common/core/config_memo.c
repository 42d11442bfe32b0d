#include "core/config_memo.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KEPT 4		/* files */
#define ENTRIES 512	/* of one file; a longer one is parsed each time */
#define SETTLED 2	/* s after which times tell every change */

struct entry {
	char *name;
	char *value;	/* NULL: a key without "=" */
};

struct memo {
	char *path;
	struct stat st;
	struct entry *entry;
	int count;
};

static struct memo kept[KEPT];
static unsigned int oldest;
static struct memo noting;
static bool usable;

static void drop(struct memo *m)
{
	while (m->count) {
		struct entry *e = &m->entry[--m->count];

		free(e->name);
		free(e->value);
	}
	free(m->entry);
	free(m->path);
	memset(m, 0, sizeof(*m));
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
		a->st_size == b->st_size &&
		same_time(&a->st_mtim, &b->st_mtim) &&
		same_time(&a->st_ctim, &b->st_ctim);
}

static struct memo *find(const char *path)
{
	int i;

	for (i = 0; i < KEPT; i++)
		if (kept[i].path && !strcmp(kept[i].path, path))
			return &kept[i];
	return NULL;
}

int tmk_config_memo_replay(const char *path, const struct stat *st,
			   tmk_config_memo_visit visit, void *ctx)
{
	const struct memo *m = find(path);
	int i;

	if (!m || !same_file(&m->st, st))
		return 1;
	for (i = 0; i < m->count; i++)
		if (visit(ctx, m->entry[i].name, m->entry[i].value) < 0)
			return -1;
	return 0;
}

void tmk_config_memo_begin(void)
{
	drop(&noting);
	noting.entry = calloc(ENTRIES, sizeof(*noting.entry));
	usable = noting.entry;
}

void tmk_config_memo_note(const char *name, const char *value, bool included)
{
	struct entry *e;

	if (included || !strncmp(name, "include", 7) ||
	    (value && strcasestr(value, "pin-value")) ||
	    noting.count == ENTRIES)
		usable = false;
	if (!usable)
		return;
	e = &noting.entry[noting.count];
	e->name = strdup(name);
	e->value = value ? strdup(value) : NULL;
	noting.count++;
	if (!e->name || (value && !e->value))
		usable = false;
}

/* Two changes within one tick of the clock leave the same times. */
static bool is_settled(const struct stat *st)
{
	time_t now = time(NULL);

	return st->st_ctim.tv_sec + SETTLED < now &&
		st->st_mtim.tv_sec + SETTLED < now;
}

void tmk_config_memo_end(const char *path, const struct stat *st, bool whole)
{
	struct stat now;
	struct memo *m;

	if (!whole || !usable || stat(path, &now) || !same_file(&now, st) ||
	    !is_settled(st)) {
		drop(&noting);
		return;
	}
	m = find(path);
	if (!m)
		m = &kept[oldest++ % KEPT];
	drop(m);
	noting.path = strdup(path);
	noting.st = *st;
	if (!noting.path) {
		drop(&noting);
		return;
	}
	*m = noting;
	memset(&noting, 0, sizeof(noting));
}
