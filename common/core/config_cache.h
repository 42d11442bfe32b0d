/*
 * config_cache.h - what a configuration file said the last time, in a file of
 * the user's own, for programs that live for one signature.
 *
 * In $XDG_RUNTIME_DIR/touchmark, else $XDG_CACHE_HOME/touchmark, else
 * ~/.cache/touchmark: directories that only the user may write. An entry is
 * believed when it is a file of the user's alone (0600, no link) that names
 * exactly the path, the section and the identity asked for: device, inode,
 * size, and both times to the nanosecond. A file that changed so lately that
 * its times cannot tell is not kept. The number of entries is bounded; a newer
 * one takes the place of an older one. Nothing here fails: what cannot be read
 * is not known, what cannot be written is not kept. Knows no meaning of an
 * entry, and keeps what it is given: whether it may be kept is its caller's to
 * know (config_stream.h).
 */
#ifndef TMK_CORE_CONFIG_CACHE_H
#define TMK_CORE_CONFIG_CACHE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/buf.h"

/* The entry of the file at `path` with the identity `st`, of one section
 * (NULL: all) of it: appends the stream that was kept to `out`. False when
 * there is none that may be believed. */
bool tmk_config_cache_get(struct tmk_buf *out, const char *path,
			  const char *section, const struct stat *st);

/* Keep `stream` for the file at `path`, which had the identity `st` before it
 * was read, unless it has another one by now. */
void tmk_config_cache_put(const char *path, const char *section,
			  const struct stat *st, const struct tmk_buf *stream);

#endif
