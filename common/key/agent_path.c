#include "key/agent_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "key/agent_client.h"

/* XDG base directories 0.8: owned by the user, mode 0700, an absolute path. */
static const char *runtime_dir(void)
{
	const char *dir = secure_getenv("XDG_RUNTIME_DIR");
	struct stat st;

	if (!dir || *dir != '/' || stat(dir, &st))
		return NULL;
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 0777) != 0700)
		return NULL;
	return dir;
}

char *tmk_agent_path(char *out, const char *name)
{
	const char *dir = runtime_dir();
	int n = -1;

	/* One length for all names: either all of them fit or none does. */
	if (dir && strlen(dir) + sizeof("/touchmark/" TMK_AGENT_SOCKET) <=
	    TMK_AGENT_PATH_MAX)
		n = snprintf(out, TMK_AGENT_PATH_MAX, "%s/touchmark%s%s", dir,
			     *name ? "/" : "", name);
	if (n < 0 || n >= TMK_AGENT_PATH_MAX)
		*out = '\0';
	return out;
}

char *tmk_agent_socket(char *out, size_t size)
{
	char path[TMK_AGENT_PATH_MAX];

	if ((size_t)snprintf(out, size, "%s",
			     tmk_agent_path(path, TMK_AGENT_SOCKET)) >= size)
		*out = '\0';
	return out;
}

int tmk_agent_path_dir(bool make, struct tmk_err *err)
{
	char dir[TMK_AGENT_PATH_MAX];
	struct stat st;

	if (!*tmk_agent_path(dir, ""))
		return 1;
	/* Whatever the umask takes away is needed. */
	if (make && (mkdir(dir, 0700) ? errno != EEXIST : chmod(dir, 0700)))
		return tmk_err_set(err, TMK_KEY, "cannot make %s: %s", dir,
				   strerror(errno));
	if (lstat(dir, &st)) {
		if (errno == ENOENT)
			return 1;
		return tmk_err_set(err, TMK_KEY, "%s: %s", dir,
				   strerror(errno));
	}
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 07777) != 0700) {
		tmk_err_set(err, TMK_KEY, "%s is not a directory of yours "
			    "alone (mode 0700): no agent is asked there", dir);
		return tmk_err_hint(err, "find out who made it, then remove "
				    "it; touchmark makes it anew");
	}
	return 0;
}

int tmk_agent_path_socket(const char *path, struct tmk_err *err)
{
	struct stat st;

	if (lstat(path, &st)) {
		if (errno == ENOENT)
			return 1;
		return tmk_err_set(err, TMK_KEY, "%s: %s", path,
				   strerror(errno));
	}
	if (!S_ISSOCK(st.st_mode) || st.st_uid != geteuid()) {
		tmk_err_set(err, TMK_KEY, "%s is not a socket of yours: no "
			    "agent is asked there", path);
		return tmk_err_hint(err, "find out who made it, then remove "
				    "it");
	}
	return 0;
}

int tmk_agent_path_lock(int *fd, const char *name, int ms,
			struct tmk_err *err)
{
	char path[TMK_AGENT_PATH_MAX];
	int lock, rc;

	if (!*tmk_agent_path(path, name))
		return tmk_err_set(err, TMK_KEY, "XDG_RUNTIME_DIR is not a "
				   "directory of yours alone (mode 0700)");
	lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
		    O_NOCTTY | O_NONBLOCK, 0600);
	if (lock < 0 || fchmod(lock, 0600)) {
		tmk_err_set(err, TMK_KEY, "%s: %s", path, strerror(errno));
		if (lock >= 0)
			close(lock);
		return -1;
	}
	rc = tmk_file_lock(lock, false, ms, path, err);
	if (rc)
		close(lock);
	else
		*fd = lock;
	return rc;
}
