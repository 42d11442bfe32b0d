/*
 * config_repo.h - where the repository around a directory is.
 *
 * As git looks for it (gitrepository-layout(5)): a `.git` directory or file,
 * or a bare repository, here or in a parent, on the same file system, not past
 * a ceiling. Only its place is told: no file of it but `.git` is opened. Needs
 * libc alone.
 */
#ifndef TMK_CORE_CONFIG_REPO_H
#define TMK_CORE_CONFIG_REPO_H

#include "base/err.h"

/*
 * *out becomes the git directory of the repository around `start`, and NULL
 * when there is none (or no such directory); it belongs to the caller.
 * `ceilings` is a list as in GIT_CEILING_DIRECTORIES (git(1)), or NULL. Fails
 * with TMK_USAGE when `start` cannot be resolved, or a `.git` file leads
 * nowhere.
 */
int tmk_config_repo_find(char **out, const char *start, const char *ceilings,
			 struct tmk_err *err) TMK_MUST_CHECK;

/* The directory that the worktrees of a git directory share (its `commondir`
 * says it). Belongs to the caller; NULL when memory ends. */
char *tmk_config_repo_common(const char *git_dir);

#endif
