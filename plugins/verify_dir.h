/*
 * verify_dir.h - judge every artefact below a directory.
 *
 * Regular files alone; no link is followed. Signatures that stand beside their
 * file are judged with it. Files are judged by several threads, each with a
 * trust of its own, and told in the order of their names.
 */
#ifndef TMK_PLUGINS_VERIFY_DIR_H
#define TMK_PLUGINS_VERIFY_DIR_H

#include <stdbool.h>

#include "base/err.h"
#include "plugins/verify.h"

/*
 * Judge what is below `dir` and print a line for each artefact, and for people
 * one for all of them. Returns the exit code: the worst of all files. `err` is
 * set when nothing could be judged (TMK_USAGE for the trust, TMK_INPUT for a
 * directory that is too deep, too large or not readable).
 */
int tmk_verify_dir(const char *dir, const struct tmk_trust_options *options,
		   const struct tmk_config *config, bool json,
		   struct tmk_err *err) TMK_MUST_CHECK;

#endif
