/*
 * gate_version.c - the policy's version only grows. The highest one seen is
 * kept in touchmark/policy-version inside the server's repository, so that an
 * old policy put back is noticed.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "hooks/gate.h"

#define LOCK_MS 5000		/* that another push is waited for */

/* Lock the folder itself: no lock file is left behind by a crash. */
static int lock_dir(const char *dir, struct tmk_err *err)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	if (fd < 0)
		return tmk_err_set(err, TMK_INTERNAL, "%s: %s", dir,
				   strerror(errno));
	rc = tmk_file_lock(fd, false, LOCK_MS, dir, err);
	if (rc) {
		close(fd);
		return tmk_err_set(err, TMK_INTERNAL, "%s: cannot be locked",
				   dir);
	}
	return fd;
}

static int read_version(const char *path, int64_t *out, struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(32);
	const char *s;
	size_t n;
	int ret = -1;

	*out = 0;
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	if (tmk_file_read(&text, path, err) < 0)
		goto out;
	s = tmk_buf_str(&text);
	n = strspn(s, "0123456789");
	if (!n || n > 15 || strcmp(s + n, "\n") || n + 1 != text.len) {
		tmk_err_set(err, TMK_USAGE, "%s: holds no version", path);
		tmk_err_hint(err, "the administrator must write the highest "
			     "policy version seen into it");
		goto out;
	}
	*out = strtoll(s, NULL, 10);
	ret = 0;
out:
	tmk_buf_release(&text);
	return ret;
}

static int compare(const char *path, int64_t version, struct tmk_err *err)
{
	char text[32];
	int64_t seen;

	if (read_version(path, &seen, err) < 0)
		return -1;
	if (version < seen) {
		if (version)
			tmk_err_set(err, TMK_USAGE, "the policy's version %"
				    PRId64 " is lower than %" PRId64
				    ", which was seen before", version, seen);
		else
			tmk_err_set(err, TMK_USAGE, "the policy has no "
				    "version, but %" PRId64 " was seen before",
				    seen);
		return tmk_err_hint(err, "the administrator must give the "
				    "policy a higher version");
	}
	if (version == seen)
		return 0;
	snprintf(text, sizeof(text), "%" PRId64 "\n", version);
	return tmk_file_write(path, 0644, text, strlen(text), err);
}

int tmk_gate_version_check(const char *repo_dir, int64_t version,
			   struct tmk_err *err)
{
	char dir[4096], path[4096 + 32];
	int fd, ret;

	if (snprintf(dir, sizeof(dir), "%s/touchmark", repo_dir) >=
	    (int)sizeof(dir))
		return tmk_err_set(err, TMK_INTERNAL,
				   "the repository's path is too long");
	snprintf(path, sizeof(path), "%s/policy-version", dir);
	if (!version && access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	if (tmk_file_mkdirs(dir, err) < 0)
		return -1;
	fd = lock_dir(dir, err);
	if (fd < 0)
		return -1;
	ret = compare(path, version, err);
	close(fd);
	return ret;
}
