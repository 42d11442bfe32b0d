#include "formats/git_lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/enc.h"

bool tmk_span_is(struct tmk_span span, const char *text)
{
	size_t len = strlen(text);

	return span.len == len && (!len || !memcmp(span.data, text, len));
}

void tmk_git_lines_say(struct tmk_git_lines *in, enum tmk_reason reason,
		       const char *fmt, ...)
{
	char why[384];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	tmk_verdict_refuse(in->v, reason, "the %s %s", in->what, why);
}

/* Make the line that begins at in->at the current one. */
static bool load(struct tmk_git_lines *in)
{
	const uint8_t *line = in->data + in->at, *newline;

	newline = in->at < in->len ?
		memchr(line, '\n', in->len - in->at) : NULL;
	if (!newline)
		return tmk_git_lines_refuse(in,
			"has no empty line after its headers");
	in->line.data = line;
	in->line.len = (size_t)(newline - line);
	return true;
}

bool tmk_git_lines_init(struct tmk_git_lines *in, const char *what,
			const uint8_t *data, size_t len,
			struct tmk_verdict *v)
{
	memset(in, 0, sizeof(*in));
	in->what = what;
	in->data = data;
	in->len = len;
	in->v = v;
	/* C readers stop at a NUL and would not show what follows. */
	if (len && memchr(data, '\0', len))
		return tmk_git_lines_refuse(in, "holds a NUL byte");
	return load(in);
}

bool tmk_git_lines_next(struct tmk_git_lines *in)
{
	in->at += in->line.len + 1;
	return load(in);
}

bool tmk_git_lines_is(const struct tmk_git_lines *in, const char *name,
		      struct tmk_span *value)
{
	size_t len = strlen(name);

	if (in->line.len <= len || memcmp(in->line.data, name, len) ||
	    in->line.data[len] != ' ')
		return false;
	value->data = in->line.data + len + 1;
	value->len = in->line.len - len - 1;
	return true;
}

bool tmk_git_lines_has_control(struct tmk_span span)
{
	bool utf8 = tmk_enc_is_utf8((const char *)span.data, span.len);
	size_t i;

	for (i = 0; i < span.len; i++) {
		uint8_t c = span.data[i];

		if (c < 0x20 || c == 0x7f)
			return true;
		/* U+0080 to U+009F */
		if (utf8 && c == 0xc2 && span.data[i + 1] < 0xa0)
			return true;
	}
	return false;
}

bool tmk_git_lines_take(struct tmk_git_lines *in, const char *name,
			struct tmk_span *value)
{
	if (!tmk_git_lines_is(in, name, value)) {
		char seen[64];

		return tmk_git_lines_refuse(in,
			"has \"%s\" where the %s header belongs",
			tmk_enc_show_into(seen, sizeof(seen),
					  (const char *)in->line.data,
					  in->line.len), name);
	}
	if (in->line.len > TMK_GIT_LINE_MAX)
		return tmk_git_lines_limit(in,
			"has a %s header of more than %d bytes", name,
			TMK_GIT_LINE_MAX);
	if (tmk_git_lines_has_control(*value))
		return tmk_git_lines_refuse(in,
			"has a control character in its %s header", name);
	if (!tmk_git_lines_next(in))
		return false;
	if (in->line.len && in->line.data[0] == ' ')
		return tmk_git_lines_refuse(in, "has a folded %s header",
					    name);
	return true;
}

static bool is_hex(struct tmk_span span)
{
	size_t i;

	for (i = 0; i < span.len; i++) {
		uint8_t c = span.data[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
	}
	return true;
}

bool tmk_git_lines_take_id(struct tmk_git_lines *in, const char *name,
			   size_t *hex, struct tmk_span *id)
{
	struct tmk_span value;

	if (!tmk_git_lines_take(in, name, &value))
		return false;
	if (!is_hex(value) || (value.len != TMK_GIT_HEX_SHA1 &&
			       value.len != TMK_GIT_HEX_SHA256))
		return tmk_git_lines_refuse(in,
			"has a bad object id in its %s header", name);
	if (*hex && value.len != *hex)
		return tmk_git_lines_refuse(in,
			"has an object id of another length in its %s header",
			name);
	*hex = value.len;
	*id = value;
	return true;
}

bool tmk_git_lines_take_ident(struct tmk_git_lines *in, const char *name,
			      struct tmk_git_ident *out)
{
	struct tmk_span value;
	const char *why = "";

	if (!tmk_git_lines_take(in, name, &value))
		return false;
	if (!tmk_git_ident_read(out, value, &why))
		return tmk_git_lines_refuse(in, "has a bad %s: %s", name, why);
	return true;
}
