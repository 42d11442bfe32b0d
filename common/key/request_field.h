/*
 * request_field.h - the fields of a message: tag, length, bytes.
 *
 * A body is one byte of kind, then fields {u8 tag, be32 length, bytes} whose
 * tags ascend; one tag of the reader's choice may repeat. Knows no message.
 * Writers append to the caller's buffer; readers borrow from the body. Fails
 * with TMK_INPUT. Needs libc alone.
 */
#ifndef TMK_KEY_REQUEST_FIELD_H
#define TMK_KEY_REQUEST_FIELD_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* A message that is being written. Failures stick: only _finish is checked. */
struct tmk_field_writer {
	struct tmk_buf *out;	/* borrowed */
	size_t start;		/* where the frame begins */
	const char *failed;	/* which field; NULL while all is well */
};

/* Begin a frame of `kind` at the end of `out`. */
void tmk_field_begin(struct tmk_field_writer *w, struct tmk_buf *out,
		     int kind);

/* Append a field; `max` is the most bytes that it may have, `name` is for the
 * message of a failure. */
void tmk_field_bytes(struct tmk_field_writer *w, int tag, const void *data,
		     size_t len, size_t max, const char *name);

/* The same for a text without its NUL; NULL writes nothing. */
void tmk_field_text(struct tmk_field_writer *w, int tag, const char *text,
		    size_t max, const char *name);

/* One byte; 0 writes nothing, so that there is one form for each value. */
void tmk_field_byte(struct tmk_field_writer *w, int tag, int value);

/* Eight bytes, big-endian; TMK_TIME_NONE writes nothing. */
void tmk_field_time(struct tmk_field_writer *w, int tag, int64_t value);

/* Put the length into the frame's head. On failure `out` is as before. */
int tmk_field_finish(struct tmk_field_writer *w, struct tmk_err *err)
	TMK_MUST_CHECK;

/* One field that was read; `data` is borrowed from the body and has five
 * bytes of the body before it. */
struct tmk_field {
	int tag;
	uint8_t *data;
	size_t len;
};

struct tmk_field_reader {
	uint8_t *next;		/* borrowed from the body */
	size_t left;
	int last;		/* tag of the field before */
	int repeats;		/* the tag that may stand more than once */
};

/* Start at a body whose kind byte was looked at. */
void tmk_field_start(struct tmk_field_reader *r, uint8_t *body, size_t len,
		     int repeats);

/* The next field: 0 with *out, 1 at the end, negative when the bytes are no
 * field or its tag does not ascend. */
int tmk_field_next(struct tmk_field *out, struct tmk_field_reader *r,
		   struct tmk_err *err) TMK_MUST_CHECK;

/* What a field says. All fail (negative, TMK_INPUT) for a value out of its
 * range. A text of a request is closed by a NUL by moving it one byte towards
 * the beginning, over its own length; it may hold no NUL itself. */
int tmk_field_get_text(const char **out, const struct tmk_field *f,
		       size_t max, struct tmk_err *err) TMK_MUST_CHECK;
int tmk_field_get_byte(int *out, const struct tmk_field *f, int min, int max,
		       struct tmk_err *err) TMK_MUST_CHECK;
int tmk_field_get_time(int64_t *out, const struct tmk_field *f,
		       struct tmk_err *err) TMK_MUST_CHECK;

/* A text that is shown to a person, copied into `out` (`size` bytes): UTF-8
 * without control characters, shorter than `size`. */
int tmk_field_get_shown(char *out, size_t size, const struct tmk_field *f,
			struct tmk_err *err) TMK_MUST_CHECK;

/* Whether bytes may be shown as they are, newlines aside when `lines`. */
int tmk_field_showable(const uint8_t *data, size_t len, int lines);

#endif
