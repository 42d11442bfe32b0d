/*
 * config_files.h - which files configure us, and what they say, entry by
 * entry.
 *
 * The order is fixed here: /etc/touchmark/config, the user's own file, then
 * git's files and what `git -c` left in the environment. config_parse.h does
 * the parsing. Nothing here knows what an entry means. Fails with TMK_USAGE,
 * naming the file (and the line where libgit2 tells one). Strings of an entry
 * are borrowed for the call of the visitor.
 */
#ifndef TMK_CORE_CONFIG_FILES_H
#define TMK_CORE_CONFIG_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define TMK_CONFIG_FILE_MAX (1024 * 1024)	/* bytes of one file */

/* Whose word an entry is, weakest first. */
enum tmk_config_origin {
	TMK_ORIGIN_SYSTEM = 1,	/* /etc/touchmark/config */
	TMK_ORIGIN_USER,	/* the user's file, or TOUCHMARK_CONFIG */
	TMK_ORIGIN_GIT_SYSTEM,	/* /etc/gitconfig */
	TMK_ORIGIN_GIT_USER,	/* $XDG_CONFIG_HOME/git/config, ~/.gitconfig */
	TMK_ORIGIN_GIT_REPO,	/* the repository's: a stranger may have
				   written it */
	TMK_ORIGIN_GIT_COMMAND	/* git -c, GIT_CONFIG_COUNT */
};

struct tmk_config_entry {
	const char *name;	/* as git normalises it: touchmark.NAME.uri */
	const char *value;	/* NULL: a key without "=" */
	const char *file;	/* where it stands */
	enum tmk_config_origin origin;
	int sequence;		/* number of the file, in reading order */
	bool included;		/* stands in a file that `file` includes */
};

/* A negative return ends the walk with it. */
typedef int (*tmk_config_visit)(void *ctx, const struct tmk_config_entry *e,
				struct tmk_err *err);

/* Start libgit2 unless this process has done so already (here); it stays. For
 * one thread at a time. In config_libgit2.c: programs that have no libgit2 in
 * them cannot call it. */
int tmk_config_files_start(struct tmk_err *err) TMK_MUST_CHECK;

/* Every entry of our own two files. A missing file is an empty one; a file
 * that others may write, or that belongs to a stranger, is refused: it can
 * name code to load. */
int tmk_config_files_own(tmk_config_visit visit, void *ctx,
			 struct tmk_err *err) TMK_MUST_CHECK;

/*
 * Every entry of git's files whose name begins with `prefix` ("touchmark.").
 * `repo_dir` is where a repository may be found, NULL for none. A file in
 * which neither the prefix's section nor an include occurs is not parsed; no
 * repository is opened. When a conditional include stands somewhere (and there
 * is a repository to ask about), git itself is asked.
 * `sequence` continues after our own files.
 */
int tmk_config_files_git(const char *repo_dir, const char *prefix,
			 tmk_config_visit visit, void *ctx,
			 struct tmk_err *err) TMK_MUST_CHECK;

/* One value of git's configuration ("user.email"), as git would answer it.
 * *out belongs to the caller and is NULL when it is not set. */
int tmk_config_files_git_get(char **out, const char *repo_dir,
			     const char *name, struct tmk_err *err)
	TMK_MUST_CHECK;

/* The entries of GIT_CONFIG_COUNT and GIT_CONFIG_PARAMETERS (git-config(1),
 * ENVIRONMENT) that begin with `prefix`. */
int tmk_config_env_visit(const char *prefix, int sequence,
			 tmk_config_visit visit, void *ctx,
			 struct tmk_err *err) TMK_MUST_CHECK;

/* One variable of the environment, borrowed from it; NULL when it is unset or
 * the program runs with another's rights (secure_getenv(3)). */
const char *tmk_config_env_get(const char *name);

/* Lower the case of what git takes without regard to case: all before the
 * first and after the last dot. */
void tmk_config_env_fold(char *name);

/* The line of `e->file` that holds this key, when exactly one can; else 0. */
int tmk_config_files_line(const struct tmk_config_entry *e);

/* $XDG_CONFIG_HOME/TAIL, else ~/.config/TAIL; belongs to the caller; NULL
 * when neither is known (or memory ends). */
char *tmk_config_files_xdg(const char *tail);

#endif
