#include "base/err.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/enc.h"

#define RAW_TEXT 2048	/* bytes of a message before it is escaped */

/* Format, escape what could do harm, and store one line. */
static void set_line(char *out, size_t size, const char *fmt, va_list ap)
{
	char raw[RAW_TEXT];
	int n = vsnprintf(raw, sizeof(raw), fmt, ap);

	if (n < 0)
		raw[0] = '\0';
	tmk_enc_line_into(out, size, raw, strlen(raw));
}

int tmk_err_set_from(const char *from, struct tmk_err *err, int code,
		     const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	set_line(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	err->code = code;
	err->hint[0] = '\0';
	err->from = from;
	return -1;
}

int tmk_err_set_hint(struct tmk_err *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	set_line(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
	return -1;
}

int tmk_err_set_prefix(struct tmk_err *err, const char *fmt, ...)
{
	char prefix[256], old[sizeof(err->text)];
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	set_line(prefix, sizeof(prefix), fmt, ap);
	va_end(ap);
	memcpy(old, err->text, sizeof(old));
	snprintf(err->text, sizeof(err->text), "%s: %.*s", prefix,
		 (int)(sizeof(old) - sizeof(prefix) - 3), old);
	return -1;
}
