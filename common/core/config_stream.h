/*
 * config_stream.h - what a file in git-config syntax says, as flat bytes.
 *
 * What touchmark-config answers, and what is kept of it (config_cache.h): one
 * record per entry, then a mark for the end. A record is one byte ('v' an
 * entry with a value, 'n' one without, upper case when it stands in an included
 * file), the name, NUL, and for 'v' the value and NUL. The mark is '.', or '!'
 * for what must not be kept; or the whole is 'e', a text, NUL, a hint, NUL: the
 * file was not understood. Needs libc alone; who frees is told at each call.
 */
#ifndef TMK_CORE_CONFIG_STREAM_H
#define TMK_CORE_CONFIG_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/config_parse.h"

/* Bytes of a stream: each byte of a file makes a few of a name at most. */
#define TMK_CONFIG_STREAM_MAX (4 * 1024 * 1024)

/* Whether an entry of this name belongs to the section; all do to NULL. */
bool tmk_config_stream_wants(const char *section, const char *name);

/* Whether what the file says may be kept by another file: not when the entry
 * includes others or is included, nor when its value holds a secret (a PIN in
 * a URI, a password in an address). */
bool tmk_config_stream_keeps(const char *name, const char *value,
			     bool included);

/* Append one entry. Negative when `out` is full. */
int tmk_config_stream_add(struct tmk_buf *out, const char *name,
			  const char *value, bool included) TMK_MUST_CHECK;

/* Append the mark. Negative when `out` is full. */
int tmk_config_stream_end(struct tmk_buf *out, bool keep) TMK_MUST_CHECK;

/* Make `out` the answer that says why a file was not understood. */
int tmk_config_stream_fail(struct tmk_buf *out, const struct tmk_err *err)
	TMK_MUST_CHECK;

/* What a stream is. */
enum tmk_config_stream {
	TMK_CONFIG_STREAM_BAD = 0,	/* none that is understood */
	TMK_CONFIG_STREAM_KEEP,
	TMK_CONFIG_STREAM_ONCE,		/* not to be kept */
	TMK_CONFIG_STREAM_FAILED	/* an error */
};

/* Look at all of it, before anything is believed. */
enum tmk_config_stream tmk_config_stream_check(const uint8_t *data,
					       size_t len);

/* Visit the entries of a stream that was checked to be KEEP or ONCE. Negative
 * when `visit` ended it. */
int tmk_config_stream_visit(const uint8_t *data, tmk_config_parse_visit visit,
			    void *ctx) TMK_MUST_CHECK;

/* The error of a stream that was checked to be FAILED: TMK_USAGE. Returns -1. */
int tmk_config_stream_error(const uint8_t *data, struct tmk_err *err);

#endif
