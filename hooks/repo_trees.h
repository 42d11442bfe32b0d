/*
 * repo_trees.h - what a push may write besides the repository: its working
 * trees.
 *
 * With receive.denyCurrentBranch = updateInstead a push to the branch that is
 * checked out somewhere changes the files there, in the main working tree or
 * in a linked one (git-worktree(1)), also of a bare repository. What lies
 * there is as good as pushed. Looks at folders alone and knows no policy.
 */
#ifndef TMK_HOOKS_REPO_TREES_H
#define TMK_HOOKS_REPO_TREES_H

#include "base/err.h"
#include "hooks/repo.h"

/* Whether `path` lies in a working tree of this repository, links resolved,
 * and not in the repository's own folder within it: 1 or 0. What is not there
 * lies nowhere. Negative (TMK_INTERNAL) when it cannot be told. */
int tmk_repo_trees_hold(const struct tmk_repo *repo, const char *path,
			struct tmk_err *err) TMK_MUST_CHECK;

#endif
