/*
 * config_parse.h - one file in git-config syntax, entry by entry.
 *
 * The parser is libgit2. A program links one of two answers to this door:
 * config_libgit2.c calls it, plugins/lean_config.c has touchmark-config call
 * it and keeps what that says (config_cache.h), since loading libgit2 costs a
 * short program more than all it does. Knows no meaning of an entry, and
 * nothing of repositories. Fails with TMK_USAGE, naming the file.
 */
#ifndef TMK_CORE_CONFIG_PARSE_H
#define TMK_CORE_CONFIG_PARSE_H

#include <stdbool.h>

#include "base/err.h"

/* One entry: `name` as git normalises it, `value` NULL for a key without "=",
 * `included` when it stands in a file that this one includes. Strings are
 * borrowed for the call; a negative return ends the walk. */
typedef int (*tmk_config_parse_visit)(void *ctx, const char *name,
				      const char *value, bool included);

/* Visit the entries of the file at `path`, in its order; with a `section`
 * ("touchmark", lower case; NULL: all) those of this one alone, with a
 * subsection or without. Negative when `visit` ended it (`err` is then left
 * to it), or when the file cannot be read or parsed to its end: entries before
 * the fault may have been visited. */
int tmk_config_parse(const char *path, const char *section,
		     tmk_config_parse_visit visit, void *ctx,
		     struct tmk_err *err) TMK_MUST_CHECK;

#endif
