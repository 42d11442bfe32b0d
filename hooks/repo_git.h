/*
 * repo_git.h - what the files of the reader over git's plumbing share.
 *
 * For repo_git*.c only; everyone else goes through repo.h. One process answers
 * for headers, one for contents, both kept as long as the repository is open;
 * all else is a process for each question. Errors are TMK_INTERNAL.
 */
#ifndef TMK_HOOKS_REPO_GIT_H
#define TMK_HOOKS_REPO_GIT_H

#include "hooks/repo.h"
#include "hooks/repo_answer.h"
#include "hooks/repo_child.h"

/* Every ref with its value, sorted by name, in one piece of memory. */
struct tmk_repo_snapshot {
	char *text;		/* "ID TARGET\0NAME\0" ... */
	size_t len, room;
	size_t *line;		/* where each begins */
	size_t lines, line_room;
	bool ready;
	bool files;		/* a ref that is not listed may be a file */
};

struct tmk_repo_git {
	struct tmk_repo_tool tool;
	struct tmk_repo_child check;	/* cat-file --batch-check */
	struct tmk_repo_child batch;	/* cat-file --batch */
	struct tmk_repo_answer last;	/* the header that was read last */
	struct tmk_buf data;		/* the object that was read last */
	int asked;			/* refs asked for one by one */
	struct tmk_repo_snapshot refs;
};

/* What a repository of this reader keeps; borrowed from it. */
struct tmk_repo_git *tmk_repo_git_of(const struct tmk_repo *repo);

/* ---- repo_git_refs.c ---------------------------------------------------- */

/* The ops of the same names (repo.h). */
int tmk_repo_git_ref(struct tmk_repo *repo, struct tmk_oid *oid, char *target,
		     const char *name, struct tmk_err *err) TMK_MUST_CHECK;
int tmk_repo_git_refs(struct tmk_repo *repo, const char *prefix,
		      tmk_repo_visit visit, void *ctx, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Free the snapshot. */
void tmk_repo_git_forget(struct tmk_repo_git *g);

/* ---- repo_git_open.c ---------------------------------------------------- */

/* One value of git's configuration: the last; NULL when there is none. *out
 * belongs to the caller. */
int tmk_repo_git_config(struct tmk_repo *repo, char **out, const char *key,
			bool path, struct tmk_err *err) TMK_MUST_CHECK;

/* Find out the repository's folders and its hash, with the tool that is in
 * it already. */
int tmk_repo_git_locate(struct tmk_repo *repo, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
