/*
 * repo_git_open.c - where the repository is, which hash it has, and what its
 * configuration says, asked of git.
 */
#include "hooks/repo_git.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define TEXT_MAX 65536	/* bytes of one short answer */

/* Take the first line off; NULL when it is not closed. */
static char *cut_line(char **rest)
{
	char *line = *rest, *newline = strchr(line, '\n');

	if (!newline)
		return NULL;
	*newline = '\0';
	*rest = newline + 1;
	return line;
}

/* A folder as git names it, last in its answer: links resolved, no slash at
 * the end. A newline may be part of it. */
static int keep_dir(char **out, char *text, struct tmk_err *err)
{
	size_t len = strlen(text);
	char *real;

	if (len < 2 || text[len - 1] != '\n')
		return tmk_err_set(err, TMK_INTERNAL, "git rev-parse names no "
				   "folder");
	text[len - 1] = '\0';
	real = realpath(text, NULL);
	if (!real)
		return tmk_err_set(err, TMK_INTERNAL, "the folder %s of the "
				   "repository cannot be entered", text);
	*out = real;
	return 0;
}

/* Run rev-parse; its answer, as text, is released by the caller. */
static int rev_parse(struct tmk_repo *repo, const char *const argv[],
		     struct tmk_buf *out, struct tmk_err *err)
{
	int status;

	if (tmk_repo_child_run(&tmk_repo_git_of(repo)->tool, argv, out,
			       &status, 0, TMK_INTERNAL, err) < 0)
		return -1;
	if (!out->len || strlen(tmk_buf_str(out)) != out->len)
		return tmk_err_set(err, TMK_INTERNAL,
				   "git rev-parse gives no text");
	return 0;
}

static int find_dir(struct tmk_repo *repo, bool *bare, struct tmk_err *err)
{
	static const char *const argv[] = {
		"rev-parse", "--show-object-format", "--is-bare-repository",
		"--absolute-git-dir", NULL
	};
	struct tmk_buf text = TMK_BUF_INIT(TEXT_MAX);
	char *rest, *hash, *is_bare = NULL;
	int ret = -1;

	if (rev_parse(repo, argv, &text, err) < 0)
		goto out;
	rest = (char *)text.data;
	hash = cut_line(&rest);
	if (hash)
		is_bare = cut_line(&rest);
	if (hash && !strcmp(hash, "sha1"))
		repo->hex = 40;
	else if (hash && !strcmp(hash, "sha256"))
		repo->hex = 64;
	if (!repo->hex || !is_bare ||
	    (strcmp(is_bare, "true") && strcmp(is_bare, "false"))) {
		tmk_err_set(err, TMK_INTERNAL, "git rev-parse says neither "
			    "sha1 nor sha256");
		tmk_err_hint(err, "the administrator must install git 2.29 or "
			     "later");
		goto out;
	}
	*bare = !strcmp(is_bare, "true");
	ret = keep_dir(&repo->dir, rest, err);
out:
	tmk_buf_release(&text);
	return ret;
}

static int find_common(struct tmk_repo *repo, struct tmk_err *err)
{
	static const char *const argv[] = {
		"rev-parse", "--git-common-dir", NULL
	};
	struct tmk_buf text = TMK_BUF_INIT(TEXT_MAX);
	int ret = rev_parse(repo, argv, &text, err);

	if (!ret)
		ret = keep_dir(&repo->common_dir, (char *)text.data, err);
	tmk_buf_release(&text);
	return ret;
}

/* `name` without `end`, when it ends so. */
static bool cut_end(char *name, const char *end)
{
	size_t len = strlen(name), n = strlen(end);

	if (len <= n || strcmp(name + len - n, end))
		return false;
	name[len - n] = '\0';
	return true;
}

/* The working tree of a linked one: DIR/gitdir names its .git file. */
static char *linked_tree(const struct tmk_repo *repo)
{
	struct tmk_buf text = TMK_BUF_INIT(PATH_MAX);
	char base[PATH_MAX], *tree = NULL;

	if (snprintf(base, sizeof(base), "%s/gitdir", repo->dir) <
	    (int)sizeof(base) && !tmk_file_read(&text, base, NULL) &&
	    text.len && cut_end((char *)text.data, "\n"))
		tree = tmk_file_resolve(base, NULL, (char *)text.data);
	tmk_buf_release(&text);
	if (tree && !cut_end(tree, "/.git")) {
		free(tree);
		return NULL;
	}
	return tree;
}

/* Where a push to the branch that is checked out would write. In a hook
 * GIT_DIR is set, and git then calls the current folder the working tree. */
static int find_tree(struct tmk_repo *repo, struct tmk_err *err)
{
	char base[PATH_MAX], *set = NULL, *real;

	if (tmk_repo_git_config(repo, &set, "core.worktree", true, err) < 0)
		return -1;
	if (set && *set && snprintf(base, sizeof(base), "%s/config",
				    repo->dir) < (int)sizeof(base))
		repo->worktree = tmk_file_resolve(base, NULL, set);
	else if (strcmp(repo->dir, repo->common_dir))
		repo->worktree = linked_tree(repo);
	else
		repo->worktree = strdup(repo->dir);
	free(set);
	if (!repo->worktree)
		return tmk_err_set(err, TMK_INTERNAL, "the repository's "
				   "working tree cannot be told");
	cut_end(repo->worktree, "/.git");
	real = realpath(repo->worktree, NULL);
	if (real) {	/* it may be gone: then nothing lies in it */
		free(repo->worktree);
		repo->worktree = real;
	}
	return 0;
}

int tmk_repo_git_locate(struct tmk_repo *repo, struct tmk_err *err)
{
	bool bare = true;

	if (find_dir(repo, &bare, err) < 0 || find_common(repo, err) < 0)
		return -1;
	return bare ? 0 : find_tree(repo, err);
}

int tmk_repo_git_config(struct tmk_repo *repo, char **out, const char *key,
			bool path, struct tmk_err *err)
{
	const char *argv[] = { "config", "--null", "--get", key, NULL, NULL };
	struct tmk_buf text = TMK_BUF_INIT(TEXT_MAX);
	int status = 0, ret = -1;
	char *value = NULL;

	if (path) {
		argv[2] = "--type=path";
		argv[3] = "--get";
		argv[4] = key;
	}
	/* 1: there is none */
	if (tmk_repo_child_run(&tmk_repo_git_of(repo)->tool, argv, &text,
			       &status, 1, TMK_USAGE, err) < 0)
		goto out;
	if (!status) {
		if (!text.len || text.data[text.len - 1] ||
		    strlen((char *)text.data) != text.len - 1) {
			tmk_err_set(err, TMK_INTERNAL, "git config gives no "
				    "text");
			goto out;
		}
		value = strdup((char *)text.data);
		if (!value) {
			tmk_err_nomem(err);
			goto out;
		}
	}
	*out = value;
	ret = 0;
out:
	tmk_buf_release(&text);
	return ret;
}
