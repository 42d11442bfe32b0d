#include "plugins/front_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "core/config_files.h"

/* Only a directory of our own: under another's rights (sudo) the variable may
 * still name the first user's. */
static bool is_ours(const char *dir)
{
	struct stat st;

	return dir && dir[0] == '/' && !stat(dir, &st) &&
		S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

char *tmk_front_state_path(const char *name, bool fleeting)
{
	const char *run = tmk_config_env_get("XDG_RUNTIME_DIR");
	const char *state = tmk_config_env_get("XDG_STATE_HOME");
	const char *home = tmk_config_env_get("HOME");
	char *path = NULL;
	int n = -1;

	if (fleeting && is_ours(run))
		n = asprintf(&path, "%s/touchmark/%s", run, name);
	else if (state && state[0] == '/')
		n = asprintf(&path, "%s/touchmark/%s", state, name);
	else if (home && home[0] == '/')
		n = asprintf(&path, "%s/.local/state/touchmark/%s", home,
			     name);
	return n < 0 ? NULL : path;
}

int tmk_front_state_ours(int fd, const char *path, struct tmk_err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return tmk_err_set(err, TMK_INPUT, "%s: %s", path,
				   strerror(errno));
	if (S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	    !(st.st_mode & (S_IWGRP | S_IWOTH)))
		return 0;
	return tmk_err_set(err, TMK_INPUT, "%s: not a file of this user alone",
			   path);
}

int tmk_front_state_read(struct tmk_buf *out, const char *path,
			 struct tmk_err *err)
{
	/* No link and no pipe in its place is followed or waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK |
		      O_NOFOLLOW), rc;

	if (fd < 0)
		return errno == ENOENT ? 1 :
			tmk_err_set(err, TMK_INPUT, "%s: %s", path,
				    strerror(errno));
	rc = tmk_front_state_ours(fd, path, err);
	if (!rc)
		rc = tmk_file_read_fd(out, fd, path, err);
	close(fd);
	return rc;
}

bool tmk_front_state_number(int64_t *out, const char **at, char end,
			    int64_t max)
{
	const char *p = *at;
	int64_t n = 0;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		n = n * 10 + (*p - '0');
		if (n > max)
			return false;
	}
	if (*p != end)
		return false;
	*at = p + 1;
	*out = n;
	return true;
}

int tmk_front_state_parent(const char *path, struct tmk_err *err)
{
	const char *slash = strrchr(path, '/');
	char *dir;
	int rc;

	if (!slash || slash == path)
		return 0;
	dir = strndup(path, (size_t)(slash - path));
	rc = dir ? tmk_file_mkdirs(dir, err) : tmk_err_nomem(err);
	free(dir);
	return rc;
}

int tmk_front_state_write(const char *path, const void *data, size_t len,
			  struct tmk_err *err)
{
	return tmk_front_state_parent(path, err) ? -1 :
		tmk_file_write(path, 0600, data, len, err);
}
