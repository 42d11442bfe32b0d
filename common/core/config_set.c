#include "core/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <git2.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "core/config_files.h"

#define LOCK_WAIT_MS 2000	/* for another writer */
#define LOCK_PAUSE_MS 20	/* between two looks */

int tmk_config_user_path(char **out, struct tmk_err *err)
{
	const char *named = tmk_config_env_get("TOUCHMARK_CONFIG");
	char *path = NULL, *cwd = NULL;

	if (!named || !*named) {
		path = tmk_config_files_xdg("touchmark/config");
	} else if (*named == '/') {
		path = strdup(named);
	} else {
		cwd = getcwd(NULL, 0);
		if (!cwd || asprintf(&path, "%s/%s", cwd, named) < 0)
			path = NULL;
		free(cwd);
	}
	if (!path) {
		tmk_err_set(err, TMK_USAGE, "there is no home directory to "
			    "keep the configuration in");
		return tmk_err_hint(err, "set HOME, XDG_CONFIG_HOME or "
				    "TOUCHMARK_CONFIG");
	}
	*out = path;
	return 0;
}

/* The directory of `path`, made when it is missing. */
static int make_dir(const char *path, struct tmk_err *err)
{
	char *dir = strdup(path), *slash = dir ? strrchr(dir, '/') : NULL;
	int ret = 0;

	if (!dir)
		return tmk_err_nomem(err);
	if (slash && slash != dir) {
		*slash = '\0';
		ret = tmk_file_mkdirs(dir, err);
	}
	free(dir);
	return ret;
}

/* The lock is held for as long as it takes to write a small file: somebody
 * who makes several keys at once waits his turn. */
static int open_lock(const char *lock)
{
	const struct timespec pause = { 0, LOCK_PAUSE_MS * 1000000L };
	int64_t until = tmk_clock_ms() + LOCK_WAIT_MS;
	int fd;

	for (;;) {
		fd = open(lock, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd >= 0 || errno != EEXIST || tmk_clock_ms() >= until)
			return fd;
		nanosleep(&pause, NULL);
	}
}

/* Copy `path` (which may be missing) to a new file `lock`, whose exclusive
 * creation keeps a second writer out as git's own lock files do. */
static int copy_to_lock(const char *path, const char *lock,
			struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(TMK_CONFIG_FILE_MAX);
	mode_t mode = 0600;
	struct stat st;
	int fd = -1, ret = -1;

	fd = open_lock(lock);
	if (fd < 0) {
		tmk_err_set(err, TMK_USAGE, "%s: %s", lock, strerror(errno));
		if (errno == EEXIST)
			tmk_err_hint(err, "another program is writing the "
				     "configuration; if none is, remove %s",
				     lock);
		return -1;
	}
	if (!stat(path, &st)) {
		mode = st.st_mode & 0777;
		if (tmk_file_read(&text, path, err) < 0)
			goto out;
	}
	if (fchmod(fd, mode) < 0) {
		tmk_err_set(err, TMK_USAGE, "%s: %s", lock, strerror(errno));
		goto out;
	}
	ret = tmk_file_write_fd(fd, tmk_buf_str(&text), text.len, lock, err);
out:
	if (close(fd) < 0 && !ret)
		ret = tmk_err_set(err, TMK_USAGE, "%s: %s", lock,
				  strerror(errno));
	if (ret < 0)
		unlink(lock);
	tmk_buf_release(&text);
	return ret;
}

static int set_values(const char *file, const struct tmk_config_value *values,
		      int n, struct tmk_err *err)
{
	git_config *cfg = NULL;
	int i, ret = -1;

	if (tmk_config_files_start(err) < 0)
		return -1;
	if (git_config_open_ondisk(&cfg, file) < 0)
		goto out;
	for (i = 0; i < n; i++)
		if (git_config_set_string(cfg, values[i].name,
					  values[i].value) < 0)
			goto out;
	ret = 0;
out:
	if (ret < 0) {
		const git_error *e = git_error_last();

		tmk_err_set(err, TMK_USAGE, "the configuration cannot be "
			    "changed: %s", e && e->message ? e->message :
			    "unknown reason");
	}
	git_config_free(cfg);
	return ret;
}

/* What libgit2 wrote, now under its final name, whole and on the disk. */
static int publish(const char *lock, const char *path, struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(TMK_CONFIG_FILE_MAX);
	mode_t mode = 0600;
	struct stat st;
	int ret = -1;

	if (!stat(path, &st))
		mode = st.st_mode & 0777;
	if (!tmk_file_read(&text, lock, err))
		ret = tmk_file_write(path, mode, tmk_buf_str(&text), text.len,
				     err);
	tmk_buf_release(&text);
	return ret;
}

int tmk_config_set_all(const struct tmk_config_value *values, int n,
		       struct tmk_err *err)
{
	char *path = NULL, *real = NULL, *lock = NULL;
	int ret = -1;

	if (tmk_config_user_path(&path, err) < 0)
		return -1;
	if (make_dir(path, err) < 0)
		goto out;
	/* A link into a folder of dot files stays a link. */
	real = realpath(path, NULL);
	if (!real)
		real = strdup(path);
	if (!real || asprintf(&lock, "%s.lock", real) < 0) {
		lock = NULL;
		tmk_err_nomem(err);
		goto out;
	}
	if (copy_to_lock(real, lock, err) < 0)
		goto out;
	if (!set_values(lock, values, n, err))
		ret = publish(lock, real, err);
	unlink(lock);
out:
	free(path);
	free(real);
	free(lock);
	return ret;
}

int tmk_config_set(const char *section_key, const char *value,
		   struct tmk_err *err)
{
	struct tmk_config_value one = { section_key, value };

	return tmk_config_set_all(&one, 1, err);
}
