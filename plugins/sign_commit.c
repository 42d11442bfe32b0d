/* What a group of jobs made goes to the disk together. */
#include "plugins/sign_work.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "plugins/front_file.h"

/* A directory that has been made safe, told by a path in it. */
struct synced {
	const char *path;
	size_t len;		/* of the directory's part */
};

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* What is replaced must be what was read: whoever wrote it meanwhile would
 * lose his work. */
static int check_replaced(const struct tmk_sign_job *job,
			  const struct tmk_sign_output *o, struct tmk_err *err)
{
	const struct stat *seen = &job->seen;
	struct stat now;

	if (stat(o->path, &now))
		return 0;
	/* Another file that stands there was made by an earlier run. */
	if (now.st_dev != seen->st_dev || now.st_ino != seen->st_ino) {
		if (!tmk_front_file_same(job->file, o->path))
			return 0;
	} else if (now.st_size == seen->st_size &&
		   same_time(&now.st_mtim, &seen->st_mtim) &&
		   same_time(&now.st_ctim, &seen->st_ctim)) {
		return 0;
	}
	tmk_err_set(err, TMK_INPUT, "%s: changed while it was signed",
		    job->file);
	return tmk_err_hint(err, "wait until nothing writes to it, then try "
			    "again");
}

/* Let the disk begin with all of them before the first one is waited for. */
static void start_all(struct tmk_sign_job *const *jobs, int n)
{
	int i, j;

	for (i = 0; i < n; i++)
		for (j = 0; !jobs[i]->err.code && j < jobs[i]->outputs; j++)
			if (jobs[i]->output[j].file.fd >= 0)
				(void)sync_file_range(
					jobs[i]->output[j].file.fd, 0, 0,
					SYNC_FILE_RANGE_WRITE);
}

static void sync_job(struct tmk_sign_job *job)
{
	int i;

	for (i = 0; !job->err.code && i < job->outputs; i++)
		if (job->output[i].file.fd >= 0)
			(void)!tmk_newfile_sync(&job->output[i].file,
						&job->err);
}

static int put(struct tmk_sign_job *job, struct tmk_sign_output *o,
	       struct tmk_err *err)
{
	if (o->direct)
		return tmk_front_file_put(o->path, o->direct->data,
					  o->direct->len, err);
	return check_replaced(job, o, err) ||
		tmk_newfile_rename(&o->file, err) ? -1 : 0;
}

/* Those after one that failed are not put in place: job->outputs says how
 * many are. */
static void rename_job(struct tmk_sign_job *job)
{
	int i;

	for (i = 0; i < job->outputs; i++)
		if (put(job, &job->output[i], &job->err))
			return;
}

static bool is_synced(const struct synced *s, int n, const char *path,
		      size_t len)
{
	while (n--)
		if (s[n].len == len && !memcmp(s[n].path, path, len))
			return true;
	return false;
}

static void sync_directories(struct tmk_sign_job *const *jobs, int n)
{
	struct synced done[TMK_SIGN_GROUP];
	int i, j, have = 0;

	for (i = 0; i < n; i++)
		for (j = 0; j < jobs[i]->outputs; j++) {
			const struct tmk_sign_output *o = &jobs[i]->output[j];
			const char *slash = strrchr(o->path, '/');
			size_t len = slash ? (size_t)(slash + 1 - o->path) : 0;

			if (o->direct || o->file.temp ||
			    is_synced(done, have, o->path, len))
				continue;
			if (tmk_file_sync_directory(o->path, &jobs[i]->err))
				continue;
			if (have < TMK_SIGN_GROUP)
				done[have++] = (struct synced){ o->path, len };
		}
}

void tmk_sign_commit(struct tmk_sign_job *const *jobs, int n)
{
	int i;

	start_all(jobs, n);
	for (i = 0; i < n; i++)
		sync_job(jobs[i]);
	for (i = 0; i < n; i++)
		if (!jobs[i]->err.code)
			rename_job(jobs[i]);
	sync_directories(jobs, n);
}
