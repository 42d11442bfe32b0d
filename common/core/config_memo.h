/*
 * config_memo.h - what a configuration file said the last time, for as long as
 * it is the same file.
 *
 * An agent reads the same few lines for every signature, and parsing them
 * takes longer than the signature. A file is parsed again when its identity,
 * size or times differ, when it changed so lately that its times cannot tell,
 * when it includes others, and when a PIN stands in it (which is not to stay
 * in memory). Knows no meaning of an entry. For one thread at a time.
 */
#ifndef TMK_CORE_CONFIG_MEMO_H
#define TMK_CORE_CONFIG_MEMO_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/err.h"

/* One entry; a negative return ends the walk. Strings are borrowed. */
typedef int (*tmk_config_memo_visit)(void *ctx, const char *name,
				     const char *value);

/* Replay what the file at `path` with this identity said. 1 when it is not
 * known, else 0, or -1 when `visit` ended it. */
int tmk_config_memo_replay(const char *path, const struct stat *st,
			   tmk_config_memo_visit visit, void *ctx)
	TMK_MUST_CHECK;

/* Begin to note what a file says; gives up without memory. */
void tmk_config_memo_begin(void);

/* Note one entry of it; `value` may be NULL. */
void tmk_config_memo_note(const char *name, const char *value, bool included);

/* It was read to its end (`whole`), and had this identity before: keep it if
 * it still has, else forget what was noted. */
void tmk_config_memo_end(const char *path, const struct stat *st, bool whole);

#endif
