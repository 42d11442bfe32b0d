/*
 * nomem_so.c - the n-th allocation fails: preloaded by tests.
 *
 *   TMK_NOMEM_AT      which one, from 1; 0 or none: all are given
 *   TMK_NOMEM_COUNT   file that gets the number of allocations at the end
 *
 * Counts malloc, calloc and realloc of each process on its own; one made by
 * fork goes on with the number of its parent.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned long at, count;
static char early[65536];	/* for dlsym itself */
static size_t early_used;

static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);

static void find(void);

__attribute__((constructor)) static void start(void)
{
	const char *text = getenv("TMK_NOMEM_AT");

	at = text ? strtoul(text, NULL, 10) : 0;
	count = 0;
	find();
}

__attribute__((destructor)) static void end(void)
{
	const char *path = getenv("TMK_NOMEM_COUNT");
	char line[32];
	int fd, n;

	if (!path)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	n = snprintf(line, sizeof(line), "%lu\n", count);
	if (fd < 0 || write(fd, line, (size_t)n) != n)
		_exit(98);
	close(fd);
}

static int none_left(void)
{
	if (__sync_add_and_fetch(&count, 1) != at)
		return 0;
	errno = ENOMEM;
	return 1;
}

static void find(void)
{
	void *p;

	if (real_realloc)
		return;
	p = dlsym(RTLD_NEXT, "malloc");
	memcpy(&real_malloc, &p, sizeof(p));
	p = dlsym(RTLD_NEXT, "calloc");
	memcpy(&real_calloc, &p, sizeof(p));
	p = dlsym(RTLD_NEXT, "realloc");
	memcpy(&real_realloc, &p, sizeof(p));
}

void *malloc(size_t size)
{
	find();
	return none_left() ? NULL : real_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	void *p;

	/* dlsym may ask for memory before there is any */
	if (!real_calloc) {
		if (n > sizeof(early) || size > sizeof(early) ||
		    n * size > sizeof(early) - early_used)
			return NULL;
		p = early + early_used;
		early_used += (n * size + 15) & ~(size_t)15;
		return p;
	}
	return none_left() ? NULL : real_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	find();
	return none_left() ? NULL : real_realloc(p, size);
}
