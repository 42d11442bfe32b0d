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
	scan->any = false;
	scan->state = S_BEGIN;
	scan->depth = 0;
	scan->in_key = false;
	scan->high = 0;
	scan->len = 0;
	scan->key[0] = '\0';
}

void tmk_json_scan_init_any(struct tmk_json_scan *scan, tmk_json_visit visit,
			    void *ctx)
{
	tmk_json_scan_init(scan, visit, ctx);
	scan->any = true;
}

/* Tell one value, whose name is used up then. */
static bool tell(struct tmk_json_scan *s, enum tmk_json_kind kind, int depth)
{
	bool text = kind == TMK_JSON_STRING ||
		(s->any && kind == TMK_JSON_NUMBER);
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
	if (s->depth == (s->any ? TMK_JSON_ANY_DEPTH_MAX :
			 TMK_JSON_DEPTH_MAX) ||
	    !tell(s, c == '{' ? TMK_JSON_OBJECT : TMK_JSON_ARRAY, s->depth))
		return false;
	s->stack[s->depth++] = c;
	s->state = c == '{' ? S_KEY_OR_END : S_VALUE_OR_END;
	return true;
}

static bool close_level(struct tmk_json_scan *s, char c)
{
	if (!s->depth || (c != '}' && c != ']') ||
	    s->stack[s->depth - 1] != (c == '}' ? '{' : '['))
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
		s->in_key = s->foreign = false;
		s->len = 0;
		s->state = S_TEXT;
		return true;
	}
	if (c == 't' || c == 'f' || c == 'n')
		return begin_word(s, c);
	if (c != '-' && (c < '0' || c > '9'))
		return false;
	if (s->any) {
		s->text[0] = c;
		s->len = 1;
	}
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
	s->foreign = false;
	s->len = 0;
	s->state = S_TEXT;
	return true;
}

/* The closing quote. */
static bool end_text(struct tmk_json_scan *s)
{
	s->text[s->len] = '\0';
	if (s->foreign && !tmk_enc_is_utf8(s->text, s->len))
		return false;
	if (!s->in_key) {
		s->state = S_AFTER;
		return tell(s, TMK_JSON_STRING, s->depth);
	}
	if (s->any ? s->len >= TMK_JSON_ANY_KEY_MAX :
	    !s->len || s->len >= TMK_JSON_KEY_MAX)
		return false;
	if (memchr(s->text, '\0', s->len))
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
	s->foreign |= byte >= 0x80;
	s->state = S_TEXT;
	return true;
}

/* A character as UTF-8 (RFC 3629 3). */
static bool put_utf8(struct tmk_json_scan *s, unsigned int c)
{
	if (c < 0x80)
		return put(s, c);
	if (c < 0x800)
		return put(s, 0xc0 | c >> 6) && put(s, 0x80 | (c & 0x3f));
	if (c < 0x10000)
		return put(s, 0xe0 | c >> 12) &&
			put(s, 0x80 | (c >> 6 & 0x3f)) &&
			put(s, 0x80 | (c & 0x3f));
	return put(s, 0xf0 | c >> 18) && put(s, 0x80 | (c >> 12 & 0x3f)) &&
		put(s, 0x80 | (c >> 6 & 0x3f)) && put(s, 0x80 | (c & 0x3f));
}

/* One \uNNNN of what others write: two of them may be one character (RFC 8259
 * 7). */
static bool put_unit(struct tmk_json_scan *s, unsigned int unit)
{
	unsigned int high = s->high;

	if (unit >= 0xd800 && unit < 0xdc00) {
		s->high = unit;
		s->state = S_TEXT;
		return !high;
	}
	s->high = 0;
	if (unit >= 0xdc00 && unit < 0xe000)
		return high && put_utf8(s, 0x10000 + ((high - 0xd800) << 10) +
					(unit - 0xdc00));
	return !high && put_utf8(s, unit);
}

/* \uNNNN: our writer makes them of control bytes alone. */
static bool take_hex(struct tmk_json_scan *s, char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at;

	if (s->any && c >= 'A' && c <= 'F')
		c = (char)(c - 'A' + 'a');
	at = c ? strchr(digits, c) : NULL;
	if (!at)
		return false;
	s->number = s->number << 4 | (uint64_t)(at - digits);
	if (++s->digits < 4)
		return true;
	if (s->any)
		return put_unit(s, (unsigned int)s->number);
	return s->number < 0x80 && put(s, (unsigned int)s->number);
}

static bool take_escape(struct tmk_json_scan *s, char c)
{
	static const char names[] = "/bfnrt", bytes[] = "/\b\f\n\r\t";
	const char *at = s->any && c ? strchr(names, c) : NULL;

	if (s->high && c != 'u')
		return false;
	if (c == '"' || c == '\\')
		return put(s, (unsigned char)c);
	if (at)
		return put(s, (unsigned char)bytes[at - names]);
	s->number = 0;
	s->digits = 0;
	s->state = S_HEX;
	return c == 'u';
}

static bool take_text(struct tmk_json_scan *s, char c)
{
	if (s->high && c != '\\')
		return false;
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

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t count_digits(const char *at)
{
	return strspn(at, "0123456789");
}

/* What was gathered is a number (RFC 8259 6). */
static bool end_any_number(struct tmk_json_scan *s)
{
	const char *at = s->text + s->negative;
	size_t whole, n;

	s->text[s->len] = '\0';
	whole = count_digits(at);
	if (!whole || (*at == '0' && whole > 1))
		return false;
	s->number = 0;
	for (n = 0; n < whole && whole <= 18; n++)
		s->number = s->number * 10 + (uint64_t)(at[n] - '0');
	at += whole;
	if (*at)
		s->number = 0;
	if (*at == '.') {
		n = count_digits(at + 1);
		if (!n)
			return false;
		at += 1 + n;
	}
	if (*at == 'e' || *at == 'E') {
		at++;
		at += *at == '+' || *at == '-';
		n = count_digits(at);
		if (!n)
			return false;
		at += n;
	}
	return !*at;
}

static bool take_any_number(struct tmk_json_scan *s, char c)
{
	if (c && strchr("0123456789+-.eE", c)) {
		if (s->len >= TMK_JSON_ANY_NUMBER_MAX)
			return false;
		s->text[s->len++] = c;
		return true;
	}
	if (!end_any_number(s))
		return false;
	s->state = S_AFTER;
	return tell(s, TMK_JSON_NUMBER, s->depth) &&
		(is_space(c) || take_after(s, c));
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

/* Where nothing is half read others may put white space. */
static bool may_be_spaced(const struct tmk_json_scan *s)
{
	switch ((enum state)s->state) {
	case S_TEXT:
	case S_ESCAPE:
	case S_HEX:
	case S_WORD:
	case S_NUMBER:
	case S_FAILED:
		return false;
	default:
		return s->any;
	}
}

static bool take(struct tmk_json_scan *s, char c)
{
	if (is_space(c) && may_be_spaced(s))
		return true;
	switch ((enum state)s->state) {
	case S_BEGIN:
		return (c == '{' || (s->any && c == '[')) && open_level(s, c);
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
		return s->any ? take_any_number(s, c) : take_number(s, c);
	case S_DONE:
	case S_FAILED:
		break;
	}
	return false;
}

/* The bytes of a text up to the first one that means something, or that does
 * not fit: what take_text would do with each of them. Returns how many. */
static size_t take_run(struct tmk_json_scan *s, const char *at, size_t len)
{
	size_t room = TMK_JSON_TEXT_MAX - 1 - s->len, n;
	unsigned char all = 0;
	char *to = s->text + s->len;

	if (len > room)
		len = room;
	for (n = 0; n < len; n++) {
		unsigned char c = (unsigned char)at[n];

		if (c == '"' || c == '\\' || c < 0x20)
			break;
		all |= c;
		to[n] = at[n];
	}
	s->foreign |= all >= 0x80;
	s->len += n;
	return n;
}

int tmk_json_scan_feed(struct tmk_json_scan *scan, const void *data,
		       size_t len)
{
	const char *at = data;
	size_t i = 0;

	while (i < len) {
		if (scan->state == S_TEXT)
			i += take_run(scan, at + i, len - i);
		if (i == len)
			break;
		if (!take(scan, at[i++])) {
			scan->state = S_FAILED;
			return -1;
		}
	}
	return scan->state == S_FAILED ? -1 : 0;
}

int tmk_json_scan_end(const struct tmk_json_scan *scan)
{
	return scan->state == S_DONE ? 0 : -1;
}
