#include "key/request_field.h"

#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "key/request.h"

#define FIELD_HEAD 5	/* bytes: tag and be32 length */
#define TIME_MAX 253402300799LL	/* 9999-12-31T23:59:59Z */

static void put_be32(uint8_t *to, uint32_t n)
{
	to[0] = (uint8_t)(n >> 24);
	to[1] = (uint8_t)(n >> 16);
	to[2] = (uint8_t)(n >> 8);
	to[3] = (uint8_t)n;
}

static uint32_t get_be32(const uint8_t *from)
{
	return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 |
		(uint32_t)from[2] << 8 | from[3];
}

/* ---- writing -------------------------------------------------------------- */

void tmk_field_begin(struct tmk_field_writer *w, struct tmk_buf *out,
		     int kind)
{
	static const uint8_t head[TMK_FRAME_HEAD] = { 'T', 'M', 'K', '1' };

	w->out = out;
	w->start = out->len;
	w->failed = NULL;
	if (tmk_buf_add(out, head, sizeof(head)) || tmk_buf_addch(out, kind))
		w->failed = "message";
}

void tmk_field_bytes(struct tmk_field_writer *w, int tag, const void *data,
		     size_t len, size_t max, const char *name)
{
	uint8_t head[FIELD_HEAD];

	if (w->failed)
		return;
	head[0] = (uint8_t)tag;
	put_be32(head + 1, (uint32_t)len);
	if (len > max || tmk_buf_add(w->out, head, sizeof(head)) ||
	    tmk_buf_add(w->out, data, len))
		w->failed = name;
}

void tmk_field_text(struct tmk_field_writer *w, int tag, const char *text,
		    size_t max, const char *name)
{
	if (text)
		tmk_field_bytes(w, tag, text, strlen(text), max, name);
}

void tmk_field_byte(struct tmk_field_writer *w, int tag, int value)
{
	uint8_t byte = (uint8_t)value;

	if (value)
		tmk_field_bytes(w, tag, &byte, 1, 1, "number");
}

void tmk_field_time(struct tmk_field_writer *w, int tag, int64_t value)
{
	uint8_t bytes[8];

	if (value == TMK_TIME_NONE)
		return;
	if (value < 0 || value > TIME_MAX) {
		w->failed = "time";
		return;
	}
	put_be32(bytes, (uint32_t)(value >> 32));
	put_be32(bytes + 4, (uint32_t)value);
	tmk_field_bytes(w, tag, bytes, sizeof(bytes), sizeof(bytes), "time");
}

int tmk_field_finish(struct tmk_field_writer *w, struct tmk_err *err)
{
	struct tmk_buf *out = w->out;

	if (w->failed) {
		size_t part = out->len - w->start;

		if (part)
			tmk_wipe(out->data + w->start, part);
		out->len = w->start;
		return tmk_err_set(err, TMK_INPUT, "the %s is too long for "
				   "one request", w->failed);
	}
	put_be32(out->data + w->start + 4,
		 (uint32_t)(out->len - w->start - TMK_FRAME_HEAD));
	return 0;
}

/* ---- reading -------------------------------------------------------------- */

static int malformed(struct tmk_err *err, const char *what)
{
	return tmk_err_set(err, TMK_INPUT, "not a message of touchmark's "
			   "protocol: %s", what);
}

int64_t tmk_frame_length(const uint8_t head[TMK_FRAME_HEAD], size_t max,
			 struct tmk_err *err)
{
	uint32_t len = get_be32(head + 4);

	if (memcmp(head, "TMK1", 4))
		return malformed(err, "other first bytes");
	if (!len)
		return malformed(err, "no body");
	if (len > max)
		return malformed(err, "too long");
	return len;
}

int tmk_frame_kind(const uint8_t *body, size_t len)
{
	if (!len || body[0] < TMK_FRAME_REQUEST || body[0] > TMK_FRAME_NOTICE)
		return -1;
	return body[0];
}

void tmk_field_start(struct tmk_field_reader *r, uint8_t *body, size_t len,
		     int repeats)
{
	r->next = body + 1;
	r->left = len - 1;
	r->last = 0;
	r->repeats = repeats;
}

int tmk_field_next(struct tmk_field *out, struct tmk_field_reader *r,
		   struct tmk_err *err)
{
	uint32_t len;
	int tag;

	if (!r->left)
		return 1;
	if (r->left < FIELD_HEAD)
		return malformed(err, "cut within a field");
	tag = r->next[0];
	len = get_be32(r->next + 1);
	if (tag < r->last || (tag == r->last && tag != r->repeats) || !tag)
		return malformed(err, "fields out of order");
	if (len > r->left - FIELD_HEAD)
		return malformed(err, "a field longer than the message");
	out->tag = tag;
	out->data = r->next + FIELD_HEAD;
	out->len = len;
	r->next += FIELD_HEAD + len;
	r->left -= FIELD_HEAD + len;
	r->last = tag;
	return 0;
}

int tmk_field_get_text(const char **out, const struct tmk_field *f,
		       size_t max, struct tmk_err *err)
{
	uint8_t *to = f->data - 1;

	if (f->len > max)
		return malformed(err, "a text that is too long");
	if (f->len && memchr(f->data, '\0', f->len))
		return malformed(err, "a NUL in a text");
	memmove(to, f->data, f->len);
	to[f->len] = '\0';
	*out = (const char *)to;
	return 0;
}

int tmk_field_get_byte(int *out, const struct tmk_field *f, int min, int max,
		       struct tmk_err *err)
{
	if (f->len != 1 || f->data[0] < min || f->data[0] > max)
		return malformed(err, "a number that means nothing");
	*out = f->data[0];
	return 0;
}

int tmk_field_get_time(int64_t *out, const struct tmk_field *f,
		       struct tmk_err *err)
{
	int64_t t;

	if (f->len != 8 || f->data[0] & 0x80)
		return malformed(err, "no time");
	t = (int64_t)((uint64_t)get_be32(f->data) << 32 |
		      get_be32(f->data + 4));
	if (t > TIME_MAX)
		return malformed(err, "no time");
	*out = t;
	return 0;
}

int tmk_field_showable(const uint8_t *data, size_t len, int lines)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((data[i] < 0x20 && !(lines && data[i] == '\n')) ||
		    data[i] == 0x7f)
			return 0;
	return !len || tmk_enc_is_utf8((const char *)data, len);
}

int tmk_field_get_shown(char *out, size_t size, const struct tmk_field *f,
			struct tmk_err *err)
{
	if (f->len >= size)
		return malformed(err, "a text that is too long");
	if (!tmk_field_showable(f->data, f->len, 0))
		return malformed(err, "a text that cannot be shown");
	memcpy(out, f->data, f->len);
	out[f->len] = '\0';
	return 0;
}
