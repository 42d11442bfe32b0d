/*
 * config_program.h - git's configuration as `git config` itself tells it.
 *
 * For conditional includes, which ask about the repository: slower than reading
 * the files, right in every case. Fails with TMK_USAGE. Owns nothing after the call.
 */
#ifndef TMK_CORE_CONFIG_PROGRAM_H
#define TMK_CORE_CONFIG_PROGRAM_H

#include "core/config_files.h"

/* Visit every entry below `prefix` that git sees in `repo_dir`, whatever its
 * scope (git-config(1), --show-scope, --show-origin). */
int tmk_config_program_visit(const char *repo_dir, const char *prefix,
			     int sequence, tmk_config_visit visit, void *ctx,
			     struct tmk_err *err) TMK_MUST_CHECK;

#endif
