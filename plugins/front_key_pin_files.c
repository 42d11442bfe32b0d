#include "plugins/front_key_pin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static int cut_off(const char *path, const char *fresh, struct tmk_err *err)
{
	tmk_err_set(err, TMK_KEY, "an earlier change of this PIN was cut off: "
		    "%s holds the one that was to be set", fresh);
	return tmk_err_hint(err, "if the token still opens with %s, remove "
			    "%s; else mv it there", path, fresh);
}

/* Whether it is a file of ours in a folder that we can write in. */
static bool is_ours(const char *real)
{
	const char *slash = strrchr(real, '/');
	struct stat st;
	bool ours;
	char *dir;

	if (!slash || lstat(real, &st) || !S_ISREG(st.st_mode) ||
	    st.st_uid != geteuid())
		return false;
	dir = strndup(real, slash == real ? 1 : (size_t)(slash - real));
	ours = dir && !access(dir, W_OK | X_OK);
	free(dir);
	return ours;
}

int tmk_pin_files_add(struct tmk_pin_files *files, const char *path,
		      struct tmk_err *err)
{
	char *real = realpath(path, NULL), *fresh = NULL;
	struct stat st;
	int i, rc = 1;

	if (!real || !is_ours(real))
		goto out;
	rc = 0;
	for (i = 0; i < files->n; i++)
		if (!strcmp(files->path[i], real))
			goto out;
	if (files->n == TMK_PIN_FILES_MAX) {
		rc = tmk_err_set(err, TMK_KEY, "more than %d files hold the "
				 "token's PIN", TMK_PIN_FILES_MAX);
		goto out;
	}
	if (asprintf(&fresh, "%s.new", real) < 0) {
		fresh = NULL;
		rc = tmk_err_nomem(err);
		goto out;
	}
	if (!lstat(fresh, &st)) {
		rc = cut_off(real, fresh, err);
		goto out;
	}
	files->path[files->n] = real;
	files->fresh[files->n++] = fresh;
	real = fresh = NULL;
out:
	free(real);
	free(fresh);
	return rc;
}

/* The PIN goes from locked memory to the file, without a copy in between. */
static int write_pin(int fd, const struct tmk_secret *pin, const char *path,
		     struct tmk_err *err)
{
	if (tmk_file_write_fd(fd, tmk_secret_bytes(pin), tmk_secret_len(pin),
			      path, err) ||
	    tmk_file_write_fd(fd, "\n", 1, path, err))
		return -1;
	if (fsync(fd))
		return tmk_err_set(err, TMK_INPUT, "%s: %s", path,
				   strerror(errno));
	return 0;
}

static int stage(struct tmk_pin_files *files, int i,
		 const struct tmk_secret *pin, struct tmk_err *err)
{
	const char *path = files->fresh[i];
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC |
		      O_NOFOLLOW, 0600);
	int rc;

	if (fd < 0 && errno == EEXIST)
		return cut_off(files->path[i], path, err);
	if (fd < 0)
		return tmk_err_set(err, TMK_INPUT, "%s: %s", path,
				   strerror(errno));
	files->staged[i] = true;
	rc = write_pin(fd, pin, path, err);
	if (close(fd) && !rc)
		rc = tmk_err_set(err, TMK_INPUT, "%s: %s", path,
				 strerror(errno));
	return rc ? rc : tmk_file_sync_directory(path, err);
}

int tmk_pin_files_stage(struct tmk_pin_files *files,
			const struct tmk_secret *pin, struct tmk_err *err)
{
	int i;

	for (i = 0; i < files->n; i++)
		if (stage(files, i, pin, err)) {
			tmk_pin_files_drop(files);
			return -1;
		}
	return 0;
}

int tmk_pin_files_commit(struct tmk_pin_files *files, struct tmk_err *err)
{
	int i, rc = 0;

	for (i = 0; i < files->n; i++) {
		const char *path = files->path[i];

		if (!files->staged[i])
			continue;
		if (!rename(files->fresh[i], path)) {
			files->staged[i] = false;
			if (!tmk_file_sync_directory(path, rc ? NULL : err))
				continue;
		} else if (!rc) {
			tmk_err_set(err, TMK_INPUT, "%s: %s", path,
				    strerror(errno));
			tmk_err_hint(err, "%s holds the new PIN: mv it "
				     "there", files->fresh[i]);
		}
		rc = -1;
	}
	return rc;
}

void tmk_pin_files_drop(struct tmk_pin_files *files)
{
	int i;

	for (i = 0; i < files->n; i++) {
		if (files->staged[i])
			unlink(files->fresh[i]);
		files->staged[i] = false;
	}
}

void tmk_pin_files_release(struct tmk_pin_files *files)
{
	while (files->n) {
		free(files->path[--files->n]);
		free(files->fresh[files->n]);
	}
}
