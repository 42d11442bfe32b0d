#include "base/json.h"

#include <inttypes.h>
#include <string.h>

#include "base/enc.h"

void tmk_json_init(struct tmk_json *j, struct tmk_buf *out)
{
	*j = (struct tmk_json){ out, false, false };
}

static void put(struct tmk_json *j, const char *text)
{
	if (tmk_buf_addstr(j->out, text))
		j->failed = true;
}

/* Bytes of the well-formed UTF-8 sequence that `s` begins with; 0: none. */
static size_t sequence(const char *s, size_t len)
{
	size_t n;

	for (n = 1; n <= 4 && n <= len; n++)
		if (tmk_enc_is_utf8(s, n))
			return n;
	return 0;
}

static void put_string(struct tmk_json *j, const char *s, size_t len)
{
	put(j, "\"");
	while (len) {
		unsigned char c = (unsigned char)*s;
		size_t n = sequence(s, len);
		int bad;

		if (!n) {
			bad = tmk_buf_addstr(j->out, "\xef\xbf\xbd");
			n = 1;
		} else if (c == '"' || c == '\\') {
			bad = tmk_buf_printf(j->out, "\\%c", c);
		} else if (c < 0x20 || c == 0x7f) {
			bad = tmk_buf_printf(j->out, "\\u%04x", c);
		} else {
			bad = tmk_buf_add(j->out, s, n);
		}
		if (bad)
			j->failed = true;
		s += n;
		len -= n;
	}
	put(j, "\"");
}

/* The comma before a value, and its name. */
static void begin(struct tmk_json *j, const char *key)
{
	if (j->comma)
		put(j, ",");
	j->comma = true;
	if (key) {
		put_string(j, key, strlen(key));
		put(j, ":");
	}
}

static void open_with(struct tmk_json *j, const char *key, const char *mark)
{
	begin(j, key);
	put(j, mark);
	j->comma = false;
}

static void close_with(struct tmk_json *j, const char *mark)
{
	put(j, mark);
	j->comma = true;
}

void tmk_json_open_object(struct tmk_json *j, const char *key)
{
	open_with(j, key, "{");
}

void tmk_json_close_object(struct tmk_json *j)
{
	close_with(j, "}");
}

void tmk_json_open_array(struct tmk_json *j, const char *key)
{
	open_with(j, key, "[");
}

void tmk_json_close_array(struct tmk_json *j)
{
	close_with(j, "]");
}

void tmk_json_string_n(struct tmk_json *j, const char *key, const char *value,
		       size_t len)
{
	begin(j, key);
	put_string(j, value, len);
}

void tmk_json_string(struct tmk_json *j, const char *key, const char *value)
{
	if (value)
		tmk_json_string_n(j, key, value, strlen(value));
	else
		tmk_json_null(j, key);
}

void tmk_json_int(struct tmk_json *j, const char *key, int64_t value)
{
	begin(j, key);
	if (tmk_buf_printf(j->out, "%" PRId64, value))
		j->failed = true;
}

void tmk_json_bool(struct tmk_json *j, const char *key, bool value)
{
	begin(j, key);
	put(j, value ? "true" : "false");
}

void tmk_json_null(struct tmk_json *j, const char *key)
{
	begin(j, key);
	put(j, "null");
}

int tmk_json_finish(struct tmk_json *j)
{
	put(j, "\n");
	return j->failed ? -1 : 0;
}
