#include "base/err.h"

#include <stdio.h>
#include <string.h>

#include "base/enc.h"

int tmk_err_set_from(const char *from, struct tmk_err *err, int code,
		     const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	tmk_enc_line_format(err->text, sizeof(err->text), fmt, ap);
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
	tmk_enc_line_format(err->hint, sizeof(err->hint), fmt, ap);
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
	tmk_enc_line_format(prefix, sizeof(prefix), fmt, ap);
	va_end(ap);
	memcpy(old, err->text, sizeof(old));
	snprintf(err->text, sizeof(err->text), "%s: %.*s", prefix,
		 (int)(sizeof(old) - sizeof(prefix) - 3), old);
	return -1;
}
