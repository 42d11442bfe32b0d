#include "base/radix64.h"

#include <stdbool.h>
#include <string.h>

#include "base/enc.h"

#define CRC_INIT 0xb704ceu
#define CRC_POLY 0x864cfbu

size_t tmk_radix64_chars(const uint8_t *text, size_t len, size_t most)
{
	const uint8_t *at = text, *newline;
	size_t left = len, width = 0, chars = 0, here;

	while (left) {
		newline = memchr(at, '\n', left);
		if (!newline)
			return 0;
		here = (size_t)(newline - at);
		if (!width)
			width = here;
		if (!here || here > most || here > width ||
		    (here < width && left > here + 1))
			return 0;
		chars += here;
		at = newline + 1;
		left -= here + 1;
	}
	return chars;
}

uint32_t tmk_radix64_crc(const uint8_t *data, size_t len)
{
	uint32_t crc = CRC_INIT;
	size_t i;
	int bit;

	for (i = 0; i < len; i++) {
		crc ^= (uint32_t)data[i] << 16;
		for (bit = 0; bit < 8; bit++) {
			crc <<= 1;
			if (crc & 0x1000000u)
				crc ^= CRC_POLY;
		}
	}
	return crc & 0xffffffu;
}

int tmk_radix64_encode(struct tmk_buf *out, const uint8_t *data, size_t len)
{
	uint32_t crc = tmk_radix64_crc(data, len);
	uint8_t sum[3] = { (uint8_t)(crc >> 16), (uint8_t)(crc >> 8),
			   (uint8_t)crc };

	if (tmk_buf_addch(out, '\n') ||
	    tmk_enc_base64(out, data, len, TMK_RADIX64_LINE) ||
	    tmk_buf_addch(out, '=') ||
	    tmk_enc_base64(out, sum, sizeof(sum), sizeof(sum) + 1))
		return -1;
	return 0;
}

static int wrong(const char **why, const char *what)
{
	*why = what;
	return -1;
}

/* "Name: text" of a name that says nothing about the bytes. */
static bool header_known(const uint8_t *line, size_t len)
{
	static const char *const names[] = {
		"Version", "Comment", "Hash", "MessageID", "Charset"
	};
	size_t i, n;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		n = strlen(names[i]);
		if (len >= n + 2 && !memcmp(line, names[i], n) &&
		    line[n] == ':' && line[n + 1] == ' ')
			return true;
	}
	return false;
}

static bool header_clean(const uint8_t *line, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (line[i] < ' ' || line[i] == 0x7f)
			return false;
	return tmk_enc_is_utf8((const char *)line, len);
}

/* Move over the headers and the empty line behind them. */
static int skip_headers(const uint8_t **at, size_t *left, const char **why)
{
	const uint8_t *newline;
	size_t here;
	int headers = 0;

	for (;;) {
		newline = *left ? memchr(*at, '\n', *left) : NULL;
		if (!newline)
			return wrong(why, "has no empty line behind its "
				     "headers");
		here = (size_t)(newline - *at);
		if (here && (++headers > TMK_RADIX64_HEADERS ||
			     here > TMK_RADIX64_HEADER_MAX))
			return wrong(why, "has too many or too long headers");
		if (here && (!header_known(*at, here) ||
			     !header_clean(*at, here)))
			return wrong(why, "has a header that is not known");
		*left -= here + 1;
		*at = newline + 1;
		if (!here)
			return 0;
	}
}

/* The checksum line at the end, "=" and four characters, if there is one:
 * *has tells, and *left shrinks to what stands before it. */
static int cut_checksum(bool *has, uint8_t sum[static 3], const uint8_t *at,
			size_t *left, const char **why)
{
	struct tmk_buf bytes = TMK_BUF_INIT(3);
	const size_t line = 6;
	const uint8_t *start;
	int rc;

	*has = false;
	if (*left < line)
		return 0;
	start = at + *left - line;
	if (start[0] != '=' || start[line - 1] != '\n' ||
	    (start != at && start[-1] != '\n'))
		return 0;
	if (!tmk_buf_reserve(&bytes, 3))
		return wrong(why, NULL);
	rc = tmk_dec_base64(&bytes, (const char *)start + 1, line - 2);
	if (!rc && bytes.len == 3) {
		memcpy(sum, bytes.data, 3);
		*left -= line;
		*has = true;
	} else {
		rc = wrong(why, "has a checksum that is none");
	}
	tmk_buf_release(&bytes);
	return rc;
}

int tmk_radix64_decode(struct tmk_buf *out, const uint8_t *body, size_t len,
		       const char **why)
{
	const uint8_t *at = body;
	size_t left = len, before = out->len, chars;
	uint8_t sum[3] = { 0 };
	uint32_t crc;
	bool has;

	if (skip_headers(&at, &left, why))
		return -1;
	if (cut_checksum(&has, sum, at, &left, why))
		return -1;
	chars = tmk_radix64_chars(at, left, TMK_RADIX64_LINE_MAX);
	if (!chars || chars % 4)
		return wrong(why, "has lines of uneven or wrong length");
	/* Made room for first, so that what fails after is the text alone. */
	if (!tmk_buf_reserve(out, chars / 4 * 3))
		return wrong(why, NULL);
	if (tmk_dec_base64(out, (const char *)at, left))
		return wrong(why, "is not canonical base64");
	crc = (uint32_t)sum[0] << 16 | (uint32_t)sum[1] << 8 | sum[2];
	if (has && crc != tmk_radix64_crc(out->data + before,
					  out->len - before)) {
		tmk_wipe(out->data + before, out->len - before);
		out->len = before;
		return wrong(why, "has a wrong checksum");
	}
	return 0;
}
