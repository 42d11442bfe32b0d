#include "formats/debian_date.h"

#include <string.h>

#include "base/clock.h"

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char days[] = "SunMonTueWedThuFriSat";

/* A place in the text. */
struct cursor {
	const uint8_t *at;
	size_t left;
};

static bool skip(struct cursor *c, const char *word)
{
	size_t n = strlen(word);

	if (c->left < n || memcmp(c->at, word, n))
		return false;
	c->at += n;
	c->left -= n;
	return true;
}

/* Which of the words of three letters stands here, from 0; -1: none. */
static int take_word(struct cursor *c, const char *words)
{
	int i;

	for (i = 0; words[3 * i]; i++)
		if (c->left >= 3 && !memcmp(c->at, words + 3 * i, 3)) {
			c->at += 3;
			c->left -= 3;
			return i;
		}
	return -1;
}

/* A number of `least` to `most` digits; -1: none. */
static int take_number(struct cursor *c, int least, int most)
{
	int value = 0, n;

	for (n = 0; n < most && c->left && *c->at >= '0' && *c->at <= '9';
	     n++) {
		value = value * 10 + (*c->at++ - '0');
		c->left--;
	}
	return n < least ? -1 : value;
}

static bool is_zone(struct cursor *c)
{
	return (skip(c, "UTC") || skip(c, "GMT") || skip(c, "Z") ||
		skip(c, "+0000")) && !c->left;
}

static int days_of(int year, int month)
{
	static const int most[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return most[month] + (month == 1 && leap);
}

bool tmk_debian_date_read(int64_t *out, const uint8_t *text, size_t len)
{
	struct cursor c = { text, len };
	int day, month, year, hour, minute, second;

	if (take_word(&c, days) >= 0 && !skip(&c, ", "))
		return false;
	day = take_number(&c, 1, 2);
	if (!skip(&c, " "))
		return false;
	month = take_word(&c, months);
	if (month < 0 || !skip(&c, " "))
		return false;
	year = take_number(&c, 4, 4);
	if (year < 1970 || day < 1 || day > days_of(year, month) ||
	    !skip(&c, " "))
		return false;
	hour = take_number(&c, 1, 2);
	if (hour < 0 || hour > 23 || !skip(&c, ":"))
		return false;
	minute = take_number(&c, 2, 2);
	if (minute < 0 || minute > 59 || !skip(&c, ":"))
		return false;
	second = take_number(&c, 2, 2);
	if (second < 0 || second > 59 || !skip(&c, " ") || !is_zone(&c))
		return false;
	*out = tmk_clock_from_civil(year, month + 1, day, hour, minute,
				    second);
	return true;
}
