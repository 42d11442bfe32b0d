/*
 * front_state.h - small files in which programs of one user keep what they
 * learned: where they lie, reading and writing them.
 *
 * A file counts only when it is a regular one of this user's that nobody else
 * may write. Refuses to know what stands in it, and locks nothing: it is
 * written beside and renamed, the last one to write wins. Prints nothing.
 */
#ifndef TMK_PLUGINS_FRONT_STATE_H
#define TMK_PLUGINS_FRONT_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Where touchmark/NAME lies: under $XDG_STATE_HOME, else ~/.local/state; with
 * `fleeting` under $XDG_RUNTIME_DIR where that is a folder of this user's.
 * NULL: nowhere. Belongs to the caller. */
char *tmk_front_state_path(const char *name, bool fleeting);

/* Append all of it to `out`, whose maximum is the limit: 0, 1 when there is no
 * such file, TMK_INPUT when it cannot be read or is not this user's alone. */
int tmk_front_state_read(struct tmk_buf *out, const char *path,
			 struct tmk_err *err) TMK_MUST_CHECK;

/* Read a number in such a file: decimal digits, at most `max` (below
 * INT64_MAX / 10), closed by `end`; *at then is behind that. False leaves both
 * as they are. */
bool tmk_front_state_number(int64_t *out, const char **at, char end,
			    int64_t max);

/* Put these bytes in its place, mode 0600, with the folders that lack. */
int tmk_front_state_write(const char *path, const void *data, size_t len,
			  struct tmk_err *err) TMK_MUST_CHECK;

/* Make the folder in which `path` lies, and its parents, mode 0700. */
int tmk_front_state_parent(const char *path, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Whether an open file is a regular one of this user's that nobody else may
 * write; else TMK_INPUT. */
int tmk_front_state_ours(int fd, const char *path, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
