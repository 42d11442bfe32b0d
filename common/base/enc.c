#include "base/enc.h"

#include <stdio.h>
#include <string.h>

static void hex_with(char *out, const uint8_t *data, size_t len,
		     const char digits[static 16])
{
	size_t i;

	for (i = 0; i < len; i++) {
		out[2 * i] = digits[data[i] >> 4];
		out[2 * i + 1] = digits[data[i] & 15];
	}
	out[2 * len] = '\0';
}

void tmk_enc_hex(char *out, const uint8_t *data, size_t len)
{
	hex_with(out, data, len, "0123456789abcdef");
}

void tmk_enc_hex_upper(char *out, const uint8_t *data, size_t len)
{
	hex_with(out, data, len, "0123456789ABCDEF");
}

static int hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int tmk_dec_hex(uint8_t *out, size_t len, const char *hex, size_t hexlen)
{
	size_t i;

	if (hexlen / 2 != len || hexlen % 2)
		return -1;
	for (i = 0; i < hexlen; i++)
		if (hex_digit((unsigned char)hex[i]) < 0)
			return -1;
	for (i = 0; i < len; i++) {
		int high = hex_digit((unsigned char)hex[2 * i]);
		int low = hex_digit((unsigned char)hex[2 * i + 1]);

		out[i] = (uint8_t)((unsigned int)high << 4 |
				   (unsigned int)low);
	}
	return 0;
}

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void base64_group(char out[static 4], const uint8_t *in, size_t n)
{
	uint32_t v = (uint32_t)in[0] << 16;

	if (n > 1)
		v |= (uint32_t)in[1] << 8;
	if (n > 2)
		v |= in[2];
	out[0] = base64_digits[v >> 18];
	out[1] = base64_digits[v >> 12 & 63];
	out[2] = n > 1 ? base64_digits[v >> 6 & 63] : '=';
	out[3] = n > 2 ? base64_digits[v & 63] : '=';
}

int tmk_enc_base64(struct tmk_buf *out, const uint8_t *data, size_t len,
		   size_t line)
{
	size_t done, column = 0;

	for (done = 0; done < len; done += 3) {
		char group[4];
		int i;

		base64_group(group, data + done,
			     len - done < 3 ? len - done : 3);
		for (i = 0; i < 4; i++) {
			if (tmk_buf_addch(out, group[i]))
				return -1;
			if (line && ++column == line) {
				if (tmk_buf_addch(out, '\n'))
					return -1;
				column = 0;
			}
		}
	}
	return column ? tmk_buf_addch(out, '\n') : 0;
}

/* The value of each digit plus one; 0: no digit. */
static const uint8_t base64_values[256] = {
	['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6,
	['G'] = 7, ['H'] = 8, ['I'] = 9, ['J'] = 10, ['K'] = 11, ['L'] = 12,
	['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16, ['Q'] = 17,
	['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22,
	['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27,
	['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
	['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37,
	['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42,
	['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47,
	['v'] = 48, ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52,
	['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56, ['4'] = 57,
	['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62,
	['+'] = 63, ['/'] = 64
};

static int base64_value(int c)
{
	return base64_values[c & 0xff] - 1;
}

#define RUN 48			/* groups decoded at a time */

/* Whole groups of four digits, as many as stand at `text`, at most RUN.
 * Returns how many characters they are. */
static size_t base64_run(uint8_t out[static 3 * RUN], const char *text,
			 size_t len)
{
	size_t at = 0;
	uint32_t v;
	int i, d;

	while (at < 4 * RUN && len - at >= 4) {
		for (v = 0, i = 0; i < 4; i++) {
			d = base64_value((unsigned char)text[at + (size_t)i]);
			if (d < 0)
				return at;
			v = v << 6 | (uint32_t)d;
		}
		*out++ = (uint8_t)(v >> 16);
		*out++ = (uint8_t)(v >> 8);
		*out++ = (uint8_t)v;
		at += 4;
	}
	return at;
}

/* One group of four characters; `pad` counts its closing '='. */
static int base64_ungroup(struct tmk_buf *out, const char group[static 4],
			  int *pad)
{
	uint8_t bytes[3];
	uint32_t v = 0;
	int i, digits = 4;

	while (digits > 2 && group[digits - 1] == '=')
		digits--;
	for (i = 0; i < 4; i++) {
		int d = i < digits ? base64_value((unsigned char)group[i]) : 0;

		if (d < 0)
			return -1;
		v = v << 6 | (uint32_t)d;
	}
	/* Bits that no byte takes must be zero: one text for one value. */
	if ((digits == 3 && v & 0xff) || (digits == 2 && v & 0xffff))
		return -1;
	bytes[0] = (uint8_t)(v >> 16);
	bytes[1] = (uint8_t)(v >> 8);
	bytes[2] = (uint8_t)v;
	*pad = 4 - digits;
	return tmk_buf_add(out, bytes, (size_t)(digits - 1));
}

int tmk_dec_base64(struct tmk_buf *out, const char *text, size_t len)
{
	size_t before = out->len, i, run;
	uint8_t bytes[3 * RUN];
	char group[4];
	int n = 0, pad = 0;

	for (i = 0; i < len; i++) {
		if (text[i] == '\n')
			continue;
		if (pad)
			goto bad;
		run = n ? 0 : base64_run(bytes, text + i, len - i);
		if (run) {
			if (tmk_buf_add(out, bytes, run / 4 * 3))
				goto bad;
			i += run - 1;
			continue;
		}
		group[n++] = text[i];
		if (n < 4)
			continue;
		n = 0;
		if (base64_ungroup(out, group, &pad))
			goto bad;
	}
	if (!n)
		return 0;
bad:
	out->len = before;
	return -1;
}

/* Length of the well-formed UTF-8 sequence at `s` (RFC 3629 section 4), its
 * code point in *cp; 0 when there is none. */
static size_t utf8_one(const uint8_t *s, size_t len, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n, i;
	uint32_t v;

	if (s[0] < 0x80) {
		*cp = s[0];
		return 1;
	}
	n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || n > len)
		return 0;
	v = s[0] & (0xffu >> (n + 1));
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (s[i] & 0x3f);
	}
	if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return 0;
	*cp = v;
	return n;
}

bool tmk_enc_is_utf8(const char *text, size_t len)
{
	const uint8_t *s = (const uint8_t *)text;
	uint32_t cp;

	while (len) {
		size_t n = utf8_one(s, len, &cp);

		if (!n)
			return false;
		s += n;
		len -= n;
	}
	return true;
}

/* Code points that move the cursor, reorder text or cannot be seen. */
static bool is_unsafe(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) || cp == 0xad ||
		cp == 0x61c || cp == 0x180e ||
		(cp >= 0x200b && cp <= 0x200f) ||
		(cp >= 0x2028 && cp <= 0x202e) ||
		(cp >= 0x2060 && cp <= 0x206f) ||
		cp == 0xfeff || (cp >= 0xfff9 && cp <= 0xfffb) ||
		(cp >= 0xe0000 && cp <= 0xe007f);
}

#define STATUS_MARK "[GNUPG:]"

/*
 * Turn what stands at `s` into at most 16 characters of safe text. Returns
 * how many bytes were read; *n gets how many were written.
 */
static size_t show_one(const uint8_t *s, size_t len, char out[static 17],
		       size_t *n)
{
	uint32_t cp = 0;
	size_t used = utf8_one(s, len, &cp), i;

	if (len >= 8 && !memcmp(s, STATUS_MARK, 8)) {
		memcpy(out, "\\x5b", 5);
		*n = 4;
		return 1;
	}
	if (used && !is_unsafe(cp) && cp != '\\') {
		memcpy(out, s, used);
		*n = used;
		return used;
	}
	if (used && cp == '\\') {
		memcpy(out, "\\\\", 2);
		*n = 2;
		return 1;
	}
	if (!used)
		used = 1;
	for (i = 0; i < used; i++)
		snprintf(out + 4 * i, 5, "\\x%02x", s[i]);
	*n = 4 * used;
	return used;
}

int tmk_enc_show(struct tmk_buf *out, const char *text, size_t len)
{
	const uint8_t *s = (const uint8_t *)text;

	while (len) {
		char piece[17];
		size_t n, used = show_one(s, len, piece, &n);

		if (tmk_buf_add(out, piece, n))
			return -1;
		s += used;
		len -= used;
	}
	return 0;
}

static char *show_into(char *out, size_t size, const char *text, size_t len,
		       bool twice)
{
	const uint8_t *s = (const uint8_t *)text;
	size_t at = 0, safe = 0;

	/* `safe` is the last place where "..." would still fit. */
	while (len) {
		char piece[17];
		size_t n, used = show_one(s, len, piece, &n);

		if (*s == '\\' && twice)
			n = 1;
		if (at + n + 1 > size) {
			at = safe;
			if (size > safe + 3) {
				memcpy(out + at, "...", 3);
				at += 3;
			}
			break;
		}
		if (at + 4 <= size)
			safe = at;
		memcpy(out + at, piece, n);
		at += n;
		s += used;
		len -= used;
	}
	if (size)
		out[at] = '\0';
	return out;
}

char *tmk_enc_show_into(char *out, size_t size, const char *text, size_t len)
{
	return show_into(out, size, text, len, false);
}

char *tmk_enc_line_into(char *out, size_t size, const char *text, size_t len)
{
	return show_into(out, size, text, len, true);
}

#define RAW_LINE 2048	/* bytes of a message before it is escaped */

void tmk_enc_line_format(char *out, size_t size, const char *fmt, va_list ap)
{
	char raw[RAW_LINE];

	if (vsnprintf(raw, sizeof(raw), fmt, ap) < 0)
		raw[0] = '\0';
	tmk_enc_line_into(out, size, raw, strlen(raw));
}
