#include "base/json_scan.h"

#include <string.h>

#include "base/enc.h"

/* What may come next. */
enum state {
	S_BEGIN,		/* the object */
	S_VALUE,
	S_VALUE_OR_END,		/* behind '[' */
	S_KEY,
	S_KEY_OR_END,		/* behind '{' */
	S_COLON,
	S_AFTER,		/* ',' or an end */
	S_TEXT,
	S_ESCAPE,		/* behind a backslash */
	S_HEX,			/* behind \u */
	S_WORD,
	S_NUMBER,
	S_DONE,
	S_FAILED
};

void tmk_json_scan_init(struct tmk_json_scan *scan, tmk_json_visit visit,
			void *ctx)
{
	scan->visit = visit;
	scan->ctx = ctx;
	scan->state = S_BEGIN;
	scan->depth = 0;
	scan->in_key = false;
	scan->len = 0;
	scan->key[0] = '\0';
}

/* Tell one value, whose name is used up then. */
static bool tell(struct tmk_json_scan *s, enum tmk_json_kind kind, int depth)
{
	bool text = kind == TMK_JSON_STRING;
	const struct tmk_json_event e = {
		.kind = kind, .depth = depth, .key = s->key,
		.text = text ? s->text : "", .len = text ? s->len : 0,
		.number = kind != TMK_JSON_NUMBER ? 0 : s->negative ?
			-(int64_t)s->number : (int64_t)s->number
	};
	bool good = !s->visit || s->visit(s->ctx, &e) >= 0;

	s->key[0] = '\0';
	return good;
}

static bool open_level(struct tmk_json_scan *s, char c)
{
	if (s->depth == TMK_JSON_DEPTH_MAX ||
	    !tell(s, c == '{' ? TMK_JSON_OBJECT : TMK_JSON_ARRAY, s->depth))
		return false;
	s->stack[s->depth++] = c;
	s->state = c == '{' ? S_KEY_OR_END : S_VALUE_OR_END;
	return true;
}

static bool close_level(struct tmk_json_scan *s, char c)
{
	if (!s->depth || s->stack[s->depth - 1] != (c == '}' ? '{' : '['))
		return false;
	s->depth--;
	s->state = s->depth ? S_AFTER : S_DONE;
	return tell(s, TMK_JSON_END, s->depth);
}

static bool begin_word(struct tmk_json_scan *s, char c)
{
	s->word = c == 't' ? "rue" : c == 'f' ? "alse" : "ull";
	s->word_kind = c == 't' ? TMK_JSON_TRUE : c == 'f' ? TMK_JSON_FALSE :
		TMK_JSON_NULL;
	s->state = S_WORD;
	return true;
}

static bool begin_value(struct tmk_json_scan *s, char c)
{
	if (c == '{' || c == '[')
		return open_level(s, c);
	if (c == '"') {
		s->in_key = false;
		s->len = 0;
		s->state = S_TEXT;
		return true;
	}
	if (c == 't' || c == 'f' || c == 'n')
		return begin_word(s, c);
	if (c != '-' && (c < '0' || c > '9'))
		return false;
	s->negative = c == '-';
	s->digits = c != '-';
	s->number = c == '-' ? 0 : (uint64_t)(c - '0');
	s->state = S_NUMBER;
	return true;
}

static bool begin_key(struct tmk_json_scan *s, char c)
{
	if (c != '"')
		return false;
	s->in_key = true;
	s->len = 0;
	s->state = S_TEXT;
	return true;
}

/* The closing quote. */
static bool end_text(struct tmk_json_scan *s)
{
	s->text[s->len] = '\0';
	if (!tmk_enc_is_utf8(s->text, s->len))
		return false;
	if (!s->in_key) {
		s->state = S_AFTER;
		return tell(s, TMK_JSON_STRING, s->depth);
	}
	if (!s->len || s->len >= TMK_JSON_KEY_MAX ||
	    memchr(s->text, '\0', s->len))
		return false;
	memcpy(s->key, s->text, s->len + 1);
	s->state = S_COLON;
	return true;
}

static bool put(struct tmk_json_scan *s, unsigned int byte)
{
	if (s->len + 1 >= TMK_JSON_TEXT_MAX)
		return false;
	s->text[s->len++] = (char)byte;
	s->state = S_TEXT;
	return true;
}

/* \uNNNN: our writer makes them of control bytes alone. */
static bool take_hex(struct tmk_json_scan *s, char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	if (!at)
		return false;
	s->number = s->number << 4 | (uint64_t)(at - digits);
	if (++s->digits < 4)
		return true;
	return s->number < 0x80 && put(s, (unsigned int)s->number);
}

static bool take_escape(struct tmk_json_scan *s, char c)
{
	if (c == '"' || c == '\\')
		return put(s, (unsigned char)c);
	s->number = 0;
	s->digits = 0;
	s->state = S_HEX;
	return c == 'u';
}

static bool take_text(struct tmk_json_scan *s, char c)
{
	if (c == '"')
		return end_text(s);
	if (c == '\\') {
		s->state = S_ESCAPE;
		return true;
	}
	return (unsigned char)c >= 0x20 && put(s, (unsigned char)c);
}

static bool take_after(struct tmk_json_scan *s, char c)
{
	if (c != ',')
		return close_level(s, c);
	s->state = s->stack[s->depth - 1] == '{' ? S_KEY : S_VALUE;
	return true;
}

/* A number ends with the first byte that is none of it. */
static bool take_number(struct tmk_json_scan *s, char c)
{
	bool digit = c >= '0' && c <= '9';

	if (digit && (s->digits == 18 || (s->digits && !s->number)))
		return false;
	if (digit) {
		s->number = s->number * 10 + (uint64_t)(c - '0');
		s->digits++;
		return true;
	}
	if (!s->digits || (s->negative && !s->number))
		return false;
	s->state = S_AFTER;
	return tell(s, TMK_JSON_NUMBER, s->depth) && take_after(s, c);
}

static bool take_word(struct tmk_json_scan *s, char c)
{
	if (c != *s->word)
		return false;
	if (*++s->word)
		return true;
	s->state = S_AFTER;
	return tell(s, s->word_kind, s->depth);
}

static bool take(struct tmk_json_scan *s, char c)
{
	switch ((enum state)s->state) {
	case S_BEGIN:
		return c == '{' && open_level(s, c);
	case S_VALUE_OR_END:
		return c == ']' ? close_level(s, c) : begin_value(s, c);
	case S_VALUE:
		return begin_value(s, c);
	case S_KEY_OR_END:
		return c == '}' ? close_level(s, c) : begin_key(s, c);
	case S_KEY:
		return begin_key(s, c);
	case S_COLON:
		s->state = S_VALUE;
		return c == ':';
	case S_AFTER:
		return take_after(s, c);
	case S_TEXT:
		return take_text(s, c);
	case S_ESCAPE:
		return take_escape(s, c);
	case S_HEX:
		return take_hex(s, c);
	case S_WORD:
		return take_word(s, c);
	case S_NUMBER:
		return take_number(s, c);
	case S_DONE:
	case S_FAILED:
		break;
	}
	return false;
}

int tmk_json_scan_feed(struct tmk_json_scan *scan, const void *data,
		       size_t len)
{
	const char *at = data;
	size_t i;

	for (i = 0; i < len; i++)
		if (!take(scan, at[i])) {
			scan->state = S_FAILED;
			return -1;
		}
	return scan->state == S_FAILED ? -1 : 0;
}

int tmk_json_scan_end(const struct tmk_json_scan *scan)
{
	return scan->state == S_DONE ? 0 : -1;
}
