#include "hooks/repo_trees.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"

/* Whether `real`, resolved, lies below the folder `top`, resolved too. */
static bool is_below(const char *real, const char *top)
{
	size_t len = strlen(top);

	while (len && top[len - 1] == '/')
		len--;
	return !strncmp(real, top, len) && real[len] == '/';
}

/* Below this folder, links resolved. */
static bool is_in(const char *real, const char *dir)
{
	char *top = realpath(dir, NULL);
	bool in = top && is_below(real, top);

	free(top);
	return in;
}

/* In this working tree, but not in the repository that lies in it: what is in
 * there no push writes. A tree within the repository is a tree all the
 * same. */
static bool holds(const struct tmk_repo *repo, const char *tree,
		  const char *real)
{
	char *top = realpath(tree, NULL);
	bool in = top && is_below(real, top);

	if (in && ((is_below(repo->dir, top) && is_in(real, repo->dir)) ||
		   (is_below(repo->common_dir, top) &&
		    is_in(real, repo->common_dir))))
		in = false;
	free(top);
	return in;
}

/* WORKTREES/NAME/gitdir names the .git file of a linked working tree, from
 * there when it is relative. 1, 0, or negative when it cannot be read. */
static int linked_holds(const struct tmk_repo *repo, const char *name,
			const char *real, struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(PATH_MAX);
	char base[PATH_MAX], *tree = NULL, *slash;
	int ret = -1;

	if (snprintf(base, sizeof(base), "%s/worktrees/%s/gitdir",
		     repo->common_dir, name) >= (int)sizeof(base)) {
		tmk_err_set(err, TMK_INTERNAL, "the path of a working tree is "
			    "too long");
		goto out;
	}
	ret = 0;
	if (!tmk_file_exists(base))
		goto out;	/* git knows no working tree by that */
	ret = -1;
	if (tmk_file_read(&text, base, err) < 0) {
		if (err)
			err->code = TMK_INTERNAL;
		goto out;
	}
	while (text.len && text.data[text.len - 1] == '\n')
		text.data[--text.len] = '\0';
	tree = tmk_file_resolve(base, NULL, tmk_buf_str(&text));
	if (!tree) {
		tmk_err_nomem(err);
		goto out;
	}
	slash = strrchr(tree, '/');
	if (slash)
		*slash = '\0';
	ret = holds(repo, tree, real);
out:
	free(tree);
	tmk_buf_release(&text);
	return ret;
}

static int any_linked_holds(const struct tmk_repo *repo, const char *real,
			    struct tmk_err *err)
{
	char path[PATH_MAX];
	struct dirent *d;
	DIR *list;
	int ret = 0;

	if (snprintf(path, sizeof(path), "%s/worktrees", repo->common_dir) >=
	    (int)sizeof(path))
		return tmk_err_set(err, TMK_INTERNAL, "the repository's path "
				   "is too long");
	list = opendir(path);
	if (!list && errno == ENOENT)
		return 0;
	if (!list)
		return tmk_err_set(err, TMK_INTERNAL, "%s cannot be read: %s",
				   path, strerror(errno));
	while (!ret && (d = readdir(list)))
		if (d->d_name[0] != '.')
			ret = linked_holds(repo, d->d_name, real, err);
	closedir(list);
	return ret;
}

int tmk_repo_trees_hold(const struct tmk_repo *repo, const char *path,
			struct tmk_err *err)
{
	char *real = realpath(path, NULL);
	int ret = 0;

	if (!real)
		return 0;
	if (repo->worktree && holds(repo, repo->worktree, real))
		ret = 1;
	else
		ret = any_linked_holds(repo, real, err);
	free(real);
	return ret;
}
