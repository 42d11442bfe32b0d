#include "plugins/front_audit_write.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/stat.h>

/* Somebody who waits; on his stack. */
struct waiting {
	const char *path;
	bool syslog;
	struct tmk_chain_entry *entry;
	struct tmk_err err;
	int rc;
	bool done;
	struct waiting *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t change = PTHREAD_COND_INITIALIZER;
static struct waiting *first, **last = &first;
static int queued;		/* who waits and is in no batch yet */
static int company = 1;		/* how many the batch before had */
static bool writing;		/* somebody writes for all */

/* A log that another user keeps is not ours, whatever its mode says. */
static int check_owner(const char *path, struct tmk_err *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 :
			tmk_err_set(err, TMK_INPUT, "%s: %s", path,
				    strerror(errno));
	if (!S_ISREG(st.st_mode))
		return tmk_err_set(err, TMK_INPUT, "%s: not a regular file",
				   path);
	if (st.st_uid == geteuid())
		return 0;
	tmk_err_set(err, TMK_INPUT, "%s: it belongs to another user (%u)",
		    path, (unsigned int)st.st_uid);
	return tmk_err_hint(err, "touchmark.auditLog must name a file of the "
			    "user who signs");
}

/* Whoever may write the folder could move the record away, and another one
 * would begin as if there had been none. In a folder with the sticky bit only
 * its owner and ours move it. One that is missing will be made. */
static int check_folder(const char *path, struct tmk_err *err)
{
	char *folder = strdup(path);
	char *slash = folder ? strrchr(folder, '/') : NULL;
	struct stat st;
	int rc = 0;

	if (!folder)
		return tmk_err_nomem(err);
	if (slash)
		slash[slash == folder] = '\0';
	if (stat(slash ? folder : ".", &st) < 0) {
		if (errno != ENOENT)
			rc = tmk_err_set(err, TMK_INPUT, "%s: %s", path,
					 strerror(errno));
	} else if ((st.st_uid != geteuid() && st.st_uid) ||
		   (st.st_mode & S_IWOTH && !(st.st_mode & S_ISVTX))) {
		tmk_err_set(err, TMK_INPUT, "%s: others may move it away: its "
			    "folder belongs to another user, or can be "
			    "written by all", path);
		rc = tmk_err_hint(err, "keep the record in a folder of the "
				  "user who signs, or of root: chmod o-w %s",
				  slash ? folder : ".");
	}
	free(folder);
	return rc;
}

/* Those at the front that go into the same file, in their order. The lock is
 * held. Returns how many. */
static int take_batch(struct waiting **batch)
{
	const char *path = first ? first->path : "";
	int n = 0;

	while (first && n < TMK_CHAIN_BATCH && !strcmp(first->path, path)) {
		batch[n++] = first;
		first = first->next;
	}
	queued -= n;
	company = n;
	if (!first)
		last = &first;
	return n;
}

static void write_batch(struct waiting **batch, int n)
{
	struct tmk_chain_entry *entry[TMK_CHAIN_BATCH];
	struct tmk_err err = TMK_ERR_INIT;
	int i, rc;

	for (i = 0; i < n; i++)
		entry[i] = batch[i]->entry;
	rc = check_owner(batch[0]->path, &err);
	if (!rc)
		rc = check_folder(batch[0]->path, &err);
	if (!rc)
		rc = tmk_chain_log_append_all(batch[0]->path, entry, n, &err);
	for (i = 0; i < n; i++) {
		batch[i]->rc = rc;
		if (rc)
			batch[i]->err = err;
		else if (batch[i]->syslog)
			tmk_front_audit_forward(entry[i]);
	}
}

#define NAP_NS 150000		/* what a signature by a fast token takes */
#define NAPS_MAX 8

/* A sync costs as much as several signatures: those who sign at the same time
 * are waited for as long as they come, so that they share it. Who signs alone
 * does not wait. The lock is held, and free meanwhile. */
static void gather(void)
{
	const struct timespec nap = { 0, NAP_NS };
	int naps, before;

	if (company < 2 && queued < 2)
		return;
	for (naps = 0; naps < NAPS_MAX && queued < TMK_CHAIN_BATCH; naps++) {
		before = queued;
		pthread_mutex_unlock(&lock);
		nanosleep(&nap, NULL);
		pthread_mutex_lock(&lock);
		if (queued == before)
			break;
	}
}

/* Write for all who wait. The lock is held, and free meanwhile. */
static void lead(void)
{
	struct waiting *batch[TMK_CHAIN_BATCH];
	int n, i;

	if (!first)
		return;		/* whoever leads is in the queue himself */
	writing = true;
	gather();
	n = take_batch(batch);
	pthread_mutex_unlock(&lock);
	write_batch(batch, n);
	pthread_mutex_lock(&lock);
	writing = false;
	for (i = 0; i < n; i++)
		batch[i]->done = true;
	pthread_cond_broadcast(&change);
}

int tmk_front_audit_write(const struct tmk_config *config,
			  struct tmk_chain_entry *entry, struct tmk_err *err)
{
	struct waiting me = {
		.path = config->audit_log,
		.syslog = config->audit_syslog,
		.entry = entry,
		.err = TMK_ERR_INIT,
	};

	if (entry->len > TMK_CHAIN_FIELDS_MAX)
		return tmk_err_set(err, TMK_INTERNAL, "an entry of %zu bytes",
				   entry->len);
	pthread_mutex_lock(&lock);
	*last = &me;
	last = &me.next;
	queued++;
	while (!me.done) {
		if (writing)
			pthread_cond_wait(&change, &lock);
		else
			lead();
	}
	pthread_mutex_unlock(&lock);
	if (me.rc && err)
		*err = me.err;
	return me.rc;
}
