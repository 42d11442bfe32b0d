/*
 * git_memory.c - libgit2's allocator: the system's, with a bound while an
 * object is read.
 *
 * What libgit2 has of the system otherwise (lists of refs, indexes of packs)
 * is the repository's, and not what a push made large.
 */
#include "hooks/git_memory.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <git2.h>
#include <git2/sys/alloc.h>

static struct {
	bool on, denied;
	int64_t used, most;	/* what was there before may be given back */
} bound;

static bool may_take(size_t n)
{
	if (!bound.on || (n <= INT64_MAX / 2 &&
			  bound.used + (int64_t)n <= bound.most))
		return true;
	bound.denied = true;
	return false;
}

static void *count(void *p)
{
	if (bound.on)
		bound.used += (int64_t)malloc_usable_size(p);
	return p;
}

static void give_back(void *p)
{
	if (bound.on)
		bound.used -= (int64_t)malloc_usable_size(p);
	free(p);
}

static void *take(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return may_take(n) ? count(malloc(n)) : NULL;
}

/* The old piece and the new one may be there at once. */
static void *take_again(void *p, size_t n, const char *file, int line)
{
	int64_t was = bound.on ? (int64_t)malloc_usable_size(p) : 0;
	void *grown;

	(void)file;
	(void)line;
	grown = may_take(n) ? realloc(p, n) : NULL;
	if (!grown)
		return NULL;
	bound.used -= was;
	return count(grown);
}

/* libgit2 1.7 makes the others of these three by itself. */
#if LIBGIT2_VER_MAJOR == 1 && LIBGIT2_VER_MINOR < 7

static void *take_zeroed(size_t n, size_t size, const char *file, int line)
{
	size_t all;

	(void)file;
	(void)line;
	if (__builtin_mul_overflow(n, size, &all) || !may_take(all))
		return NULL;
	return count(calloc(n, size));
}

static char *copy(const char *text, size_t n)
{
	char *p = take(n + 1, NULL, 0);

	if (!p)
		return NULL;
	memcpy(p, text, n);
	p[n] = '\0';
	return p;
}

static char *copy_text(const char *text, const char *file, int line)
{
	(void)file;
	(void)line;
	return copy(text, strlen(text));
}

static char *copy_most(const char *text, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return copy(text, strnlen(text, n));
}

static char *copy_bytes(const char *text, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return copy(text, n);
}

static void *take_again_array(void *p, size_t n, size_t size, const char *file,
			      int line)
{
	size_t all;

	return __builtin_mul_overflow(n, size, &all) ? NULL :
		take_again(p, all, file, line);
}

static void *take_array(size_t n, size_t size, const char *file, int line)
{
	return take_again_array(NULL, n, size, file, line);
}

#endif

int tmk_git_memory_take(void)
{
	static git_allocator allocator = {
		.gmalloc = take, .grealloc = take_again, .gfree = give_back,
#if LIBGIT2_VER_MAJOR == 1 && LIBGIT2_VER_MINOR < 7
		.gcalloc = take_zeroed, .gstrdup = copy_text,
		.gstrndup = copy_most, .gsubstrdup = copy_bytes,
		.greallocarray = take_again_array, .gmallocarray = take_array,
#endif
	};

	return git_libgit2_opts(GIT_OPT_SET_ALLOCATOR, &allocator);
}

void tmk_git_memory_begin(uint64_t most)
{
	bound.on = true;
	bound.denied = false;
	bound.used = 0;
	bound.most = most > INT64_MAX / 2 ? INT64_MAX / 2 : (int64_t)most;
}

bool tmk_git_memory_end(void)
{
	bound.on = false;
	return bound.denied;
}
