/*
 * buf.h - a growing byte buffer with a hard maximum that wipes on release.
 *
 * Invariants: `data[len]` is always a NUL byte once anything was added (so
 * text can be read as a C string), `len <= max`, and every byte ever held is
 * overwritten before its memory goes back to the allocator. Fails with a
 * negative number when the maximum would be passed or memory ends; the buffer
 * is then as it was before the call.
 */
#ifndef TMK_BASE_BUF_H
#define TMK_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct tmk_buf {
	uint8_t *data;		/* NULL while nothing was ever added */
	size_t len;		/* bytes in use, without the closing NUL */
	size_t cap;		/* bytes allocated */
	size_t max;		/* hard maximum of len */
};

/* A buffer that may grow to `maximum` bytes. */
#define TMK_BUF_INIT(maximum) { NULL, 0, 0, (maximum) }

/* Start a buffer on the stack; nothing is allocated. */
void tmk_buf_init(struct tmk_buf *buf, size_t max);

/* Wipe and free what it holds; it may be used again with the same maximum. */
void tmk_buf_release(struct tmk_buf *buf);

/* Wipe the content, keep the memory. */
void tmk_buf_clear(struct tmk_buf *buf);

/* Append `len` bytes. `data` may be NULL when len is 0. Returns 0, or -1 when
 * the maximum would be passed or memory ends. */
int tmk_buf_add(struct tmk_buf *buf, const void *data, size_t len)
	TMK_MUST_CHECK;

/* Append a C string without its NUL. */
int tmk_buf_addstr(struct tmk_buf *buf, const char *s) TMK_MUST_CHECK;

/* Append one byte. */
int tmk_buf_addch(struct tmk_buf *buf, int c) TMK_MUST_CHECK;

/* Append formatted text. */
int tmk_buf_printf(struct tmk_buf *buf, const char *fmt, ...)
	TMK_PRINTF(2, 3) TMK_MUST_CHECK;

/* Make room for `len` more bytes and return where they may be written; the
 * caller then adds to buf->len what it wrote and closes with a NUL through
 * tmk_buf_commit. NULL when the maximum would be passed or memory ends. */
uint8_t *tmk_buf_reserve(struct tmk_buf *buf, size_t len) TMK_MUST_CHECK;

/* Account for `len` bytes written behind tmk_buf_reserve. */
void tmk_buf_commit(struct tmk_buf *buf, size_t len);

/* The content as a C string ("" when empty); borrowed until the next call
 * that changes the buffer. The content may hold NUL bytes of its own. */
const char *tmk_buf_str(const struct tmk_buf *buf);

/* Overwrite memory in a way that the compiler may not remove. */
void tmk_wipe(void *data, size_t len);

#endif
