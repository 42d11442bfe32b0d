#include "core/config_stream.h"

#include <string.h>

bool tmk_config_stream_wants(const char *section, const char *name)
{
	size_t n = section ? strlen(section) : 0;

	return !section || (!strncmp(name, section, n) && name[n] == '.');
}

/* "https://user:password@host/": curl takes it, and so do we. */
static bool holds_password(const char *value)
{
	const char *p = strstr(value, "://");

	return p && strchr(p, '@');
}

bool tmk_config_stream_keeps(const char *name, const char *value,
			     bool included)
{
	if (included || !strncmp(name, "include", 7))
		return false;
	return !value || (!strcasestr(value, "pin-value") &&
			  !holds_password(value));
}

int tmk_config_stream_add(struct tmk_buf *out, const char *name,
			  const char *value, bool included)
{
	static const char kinds[2][2] = { { 'n', 'v' }, { 'N', 'V' } };

	if (tmk_buf_addch(out, kinds[included][value != NULL]) ||
	    tmk_buf_add(out, name, strlen(name) + 1))
		return -1;
	return value ? tmk_buf_add(out, value, strlen(value) + 1) : 0;
}

int tmk_config_stream_end(struct tmk_buf *out, bool keep)
{
	return tmk_buf_addch(out, keep ? '.' : '!');
}

int tmk_config_stream_fail(struct tmk_buf *out, const struct tmk_err *err)
{
	tmk_buf_clear(out);
	if (tmk_buf_addch(out, 'e') ||
	    tmk_buf_add(out, err->text, strlen(err->text) + 1))
		return -1;
	return tmk_buf_add(out, err->hint, strlen(err->hint) + 1);
}

/* Past one text and its NUL; NULL when there is none before `end`. */
static const uint8_t *past(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *nul = memchr(p, '\0', (size_t)(end - p));

	return nul ? nul + 1 : NULL;
}

static bool is_error(const uint8_t *p, const uint8_t *end)
{
	p = past(p, end);
	return p && past(p, end) == end;
}

/* A name has a section and a key: "a.b". */
static bool name_ok(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot && dot != name && dot[1];
}

enum tmk_config_stream tmk_config_stream_check(const uint8_t *data,
					       size_t len)
{
	const uint8_t *p = data, *end = data + len;

	if (!len)
		return TMK_CONFIG_STREAM_BAD;
	if (*p == 'e')
		return is_error(p + 1, end) ? TMK_CONFIG_STREAM_FAILED :
			TMK_CONFIG_STREAM_BAD;
	while (p && p < end) {
		uint8_t kind = *p++;
		const char *name = (const char *)p;

		if (kind == '.' || kind == '!') {
			if (p != end)
				return TMK_CONFIG_STREAM_BAD;
			return kind == '.' ? TMK_CONFIG_STREAM_KEEP :
				TMK_CONFIG_STREAM_ONCE;
		}
		if (!kind || !strchr("vnVN", kind))
			return TMK_CONFIG_STREAM_BAD;
		p = past(p, end);
		if (p && !name_ok(name))
			return TMK_CONFIG_STREAM_BAD;
		if (p && (kind == 'v' || kind == 'V'))
			p = past(p, end);
	}
	return TMK_CONFIG_STREAM_BAD;
}

int tmk_config_stream_visit(const uint8_t *data, tmk_config_parse_visit visit,
			    void *ctx)
{
	const char *p = (const char *)data;

	while (*p != '.' && *p != '!') {
		char kind = *p++;
		const char *name = p, *value = NULL;

		p += strlen(p) + 1;
		if (kind == 'v' || kind == 'V') {
			value = p;
			p += strlen(p) + 1;
		}
		if (visit(ctx, name, value, kind == 'V' || kind == 'N') < 0)
			return -1;
	}
	return 0;
}

int tmk_config_stream_error(const uint8_t *data, struct tmk_err *err)
{
	const char *text = (const char *)data + 1;
	const char *hint = text + strlen(text) + 1;

	tmk_err_set(err, TMK_USAGE, "%s", text);
	return *hint ? tmk_err_hint(err, "%s", hint) : -1;
}
