#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 256	/* bytes */

void tmk_wipe(void *data, size_t len)
{
	if (data && len)
		explicit_bzero(data, len);
}

void tmk_buf_init(struct tmk_buf *buf, size_t max)
{
	*buf = (struct tmk_buf)TMK_BUF_INIT(max);
}

void tmk_buf_release(struct tmk_buf *buf)
{
	tmk_wipe(buf->data, buf->cap);
	free(buf->data);
	*buf = (struct tmk_buf)TMK_BUF_INIT(buf->max);
}

void tmk_buf_clear(struct tmk_buf *buf)
{
	tmk_wipe(buf->data, buf->cap);
	buf->len = 0;
}

/* Not realloc(): it may leave a copy behind that nobody wipes. */
static int grow(struct tmk_buf *buf, size_t need)
{
	size_t cap = buf->cap ? buf->cap : FIRST_CAP;
	uint8_t *data;

	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	data = malloc(cap);
	if (!data)
		return -1;
	if (buf->len)
		memcpy(data, buf->data, buf->len);
	data[buf->len] = '\0';
	tmk_wipe(buf->data, buf->cap);
	free(buf->data);
	buf->data = data;
	buf->cap = cap;
	return 0;
}

uint8_t *tmk_buf_reserve(struct tmk_buf *buf, size_t len)
{
	if (len > buf->max || buf->len > buf->max - len)
		return NULL;
	if (buf->cap < buf->len + len + 1 && grow(buf, buf->len + len + 1))
		return NULL;
	return buf->data + buf->len;
}

void tmk_buf_commit(struct tmk_buf *buf, size_t len)
{
	buf->len += len;
	buf->data[buf->len] = '\0';
}

int tmk_buf_add(struct tmk_buf *buf, const void *data, size_t len)
{
	uint8_t *to = tmk_buf_reserve(buf, len);

	if (!to)
		return -1;
	if (len)
		memcpy(to, data, len);
	tmk_buf_commit(buf, len);
	return 0;
}

int tmk_buf_addstr(struct tmk_buf *buf, const char *s)
{
	return tmk_buf_add(buf, s, strlen(s));
}

int tmk_buf_addch(struct tmk_buf *buf, int c)
{
	uint8_t byte = (uint8_t)c;

	return tmk_buf_add(buf, &byte, 1);
}

int tmk_buf_printf(struct tmk_buf *buf, const char *fmt, ...)
{
	uint8_t *to;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return -1;
	to = tmk_buf_reserve(buf, (size_t)n);
	if (!to)
		return -1;
	va_start(ap, fmt);
	vsnprintf((char *)to, (size_t)n + 1, fmt, ap);
	va_end(ap);
	tmk_buf_commit(buf, (size_t)n);
	return 0;
}

const char *tmk_buf_str(const struct tmk_buf *buf)
{
	return buf->len ? (const char *)buf->data : "";
}
