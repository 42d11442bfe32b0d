#include "plugins/front_certs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "x509/cert.h"

#define KEPT 16		/* files */
/* The clock of a file system may stand still for so long: a second change in
 * that time leaves the same times. */
#define SETTLED 2		/* s */

struct kept {
	char *path;
	struct stat st;
	STACK_OF(X509) *certs;
};

static struct kept kept[KEPT];
static int next;

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool tmk_front_certs_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
		a->st_size == b->st_size && same_time(&a->st_mtim,
						      &b->st_mtim) &&
		same_time(&a->st_ctim, &b->st_ctim);
}

static int share(STACK_OF(X509) **out, STACK_OF(X509) *certs,
		 struct tmk_err *err)
{
	*out = X509_chain_up_ref(certs);
	return *out ? 0 : tmk_err_nomem(err);
}

/* Its place, -1 when it is not kept. */
static int find(const char *path)
{
	int i;

	for (i = 0; i < KEPT; i++)
		if (kept[i].path && !strcmp(kept[i].path, path))
			return i;
	return -1;
}

static void drop(struct kept *k)
{
	free(k->path);
	sk_X509_pop_free(k->certs, X509_free);
	memset(k, 0, sizeof(*k));
}

/* Whether a change from now on would show in the times. */
static bool settled(const struct stat *st)
{
	int64_t past = tmk_clock_now() - SETTLED;

	return st->st_ctim.tv_sec < past && st->st_mtim.tv_sec < past;
}

/* What cannot be kept is read again the next time: no failure. */
static void keep(const char *path, const struct stat *st,
		 STACK_OF(X509) *certs)
{
	STACK_OF(X509) *shared = X509_chain_up_ref(certs);
	char *name = strdup(path);
	int at = find(path);

	if (!shared || !name) {
		sk_X509_pop_free(shared, X509_free);
		free(name);
		return;
	}
	if (at < 0) {
		at = next;
		next = (next + 1) % KEPT;
	}
	drop(&kept[at]);
	kept[at].path = name;
	kept[at].st = *st;
	kept[at].certs = shared;
}

int tmk_front_certs_load(STACK_OF(X509) **out, const char *path,
			 struct tmk_err *err)
{
	int at = find(path);
	struct stat before, after;
	STACK_OF(X509) *certs = NULL;

	if (stat(path, &before))
		memset(&before, 0, sizeof(before));
	else if (at >= 0 && tmk_front_certs_same(&before, &kept[at].st))
		return share(out, kept[at].certs, err);
	if (tmk_cert_load_file(&certs, path, err))
		return -1;
	/* One that changed while it was read, or may yet do so unseen, is not
	 * kept. */
	if (!stat(path, &after) && tmk_front_certs_same(&before, &after) &&
	    settled(&after))
		keep(path, &after, certs);
	*out = certs;
	return 0;
}
