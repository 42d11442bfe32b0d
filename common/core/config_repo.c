#include "core/config_repo.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"

#define LINK_MAX_BYTES 4096	/* of a `.git` or `commondir` file */

static char *join(const char *dir, const char *name)
{
	char *path = NULL;

	return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

/* The first line of a small file; NULL when there is none. */
static char *first_line(const char *file)
{
	struct tmk_buf text = TMK_BUF_INIT(LINK_MAX_BYTES);
	char *line = NULL;

	if (!tmk_file_read(&text, file, NULL) && text.len)
		line = strndup((const char *)text.data,
			       strcspn((const char *)text.data, "\r\n"));
	tmk_buf_release(&text);
	return line;
}

char *tmk_config_repo_common(const char *git_dir)
{
	char *file = join(git_dir, "commondir"), *line, *dir = NULL;

	if (!file)
		return NULL;
	line = first_line(file);
	dir = line && *line ? tmk_file_resolve(file, NULL, line) :
		strdup(git_dir);
	free(line);
	free(file);
	return dir;
}

static bool has(const char *dir, const char *name, mode_t type)
{
	char *path = join(dir, name);
	struct stat st;
	bool there = path && !stat(path, &st) && (st.st_mode & S_IFMT) == type;

	free(path);
	return there;
}

/* HEAD may be a link into nowhere: an unborn branch, as git once wrote it. */
static bool has_head(const char *dir)
{
	char *path = join(dir, "HEAD");
	struct stat st;
	bool there = path && !lstat(path, &st) &&
		(S_ISREG(st.st_mode) || S_ISLNK(st.st_mode));

	free(path);
	return there;
}

static bool is_git_dir(const char *dir)
{
	char *common;
	bool is;

	if (!has_head(dir))
		return false;
	common = tmk_config_repo_common(dir);
	is = common && has(common, "objects", S_IFDIR) &&
		has(common, "refs", S_IFDIR);
	free(common);
	return is;
}

/* What a `.git` file names: "gitdir: PATH". */
static int follow(char **out, const char *file, struct tmk_err *err)
{
	static const char word[] = "gitdir:";
	char *line = first_line(file), *dir = NULL;
	const char *p;

	if (line && !strncmp(line, word, strlen(word))) {
		p = line + strlen(word);
		p += strspn(p, " \t");
		dir = *p ? tmk_file_resolve(file, NULL, p) : NULL;
	}
	free(line);
	if (!dir || !is_git_dir(dir)) {
		free(dir);
		return tmk_err_set(err, TMK_USAGE, "%s does not lead to a "
				   "repository", file);
	}
	*out = dir;
	return 0;
}

/* Whether a repository is in this very directory; *out gets it. */
static int look(char **out, const char *dir, struct tmk_err *err)
{
	char *dot = join(dir, ".git");
	struct stat st;
	int rc = 0;

	if (!dot)
		return tmk_err_nomem(err);
	if (!stat(dot, &st) && S_ISREG(st.st_mode)) {
		rc = follow(out, dot, err);
	} else if (is_git_dir(dot)) {
		*out = dot;
		return 0;
	} else if (is_git_dir(dir)) {
		*out = strdup(dir);
		rc = *out ? 0 : tmk_err_nomem(err);
	}
	free(dot);
	return rc;
}

/* Whether the search must not go up into `dir`: it is one of the ceilings, a
 * list with colons between. Links in them are followed until an empty name
 * says that no more has any. */
static bool is_ceiling(const char *dir, const char *ceilings)
{
	const char *p = ceilings ? ceilings : "";
	bool plain = false;

	while (*p) {
		size_t n = strcspn(p, ":");
		char *one = strndup(p, n), *real = NULL;
		bool is = false;

		if (!n)
			plain = true;
		if (one && *one == '/') {
			real = plain ? strdup(one) : realpath(one, NULL);
			is = real && !strcmp(real, dir);
		}
		free(real);
		free(one);
		if (is)
			return true;
		p += n + (p[n] == ':');
	}
	return false;
}

/* Cut to the parent, in place; false at the root. */
static bool go_up(char *dir)
{
	char *slash = strrchr(dir, '/');

	if (!slash || !dir[1])
		return false;
	if (slash == dir)
		slash++;
	*slash = '\0';
	return true;
}

int tmk_config_repo_find(char **out, const char *start, const char *ceilings,
			 struct tmk_err *err)
{
	char *dir = realpath(start, NULL), *found = NULL;
	struct stat st;
	dev_t device;
	int rc = -1;

	if (!dir || stat(dir, &st)) {
		if (errno == ENOENT || errno == ENOTDIR) {
			*out = NULL;
			rc = 0;
		} else {
			tmk_err_set(err, TMK_USAGE, "%s: %s", start,
				    strerror(errno));
		}
		goto out;
	}
	device = st.st_dev;
	do {
		if (look(&found, dir, err))
			goto out;
	} while (!found && go_up(dir) && !is_ceiling(dir, ceilings) &&
		 !stat(dir, &st) && st.st_dev == device);
	*out = found;
	rc = 0;
out:
	free(dir);
	return rc;
}
