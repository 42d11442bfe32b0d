#include "base/clock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define YEAR_MAX 9999	/* four digits: RFC 3339, and GeneralizedTime */

int64_t tmk_clock_now(void)
{
	return (int64_t)time(NULL);
}

static int64_t read_ms(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts))
		return 0;
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t tmk_clock_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

int64_t tmk_clock_slept_ms(void)
{
	return read_ms(CLOCK_BOOTTIME);
}

/* Broken-down UTC, or false when the year has no four digits. */
static bool civil(struct tm *tm, int64_t t)
{
	time_t secs = (time_t)t;

	return t != TMK_TIME_NONE && gmtime_r(&secs, tm) &&
		tm->tm_year + 1900 >= 0 && tm->tm_year + 1900 <= YEAR_MAX;
}

char *tmk_clock_format(char *out, int64_t t)
{
	struct tm tm;

	if (!civil(&tm, t) ||
	    !strftime(out, TMK_CLOCK_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm))
		memcpy(out, "none", 5);
	return out;
}

char *tmk_clock_format_compact(char *out, int64_t t)
{
	struct tm tm;

	if (!civil(&tm, t) ||
	    !strftime(out, TMK_CLOCK_TEXT, "%Y%m%dT%H%M%S", &tm))
		memcpy(out, "0", 2);
	return out;
}

int64_t tmk_clock_from_civil(int year, int month, int day, int hour,
			     int minute, int second)
{
	/* Days by the era method: March is the first month of a year. */
	int64_t y = year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return (era * 146097 + doe - 719468) * 86400 + hour * 3600 +
		minute * 60 + second;
}

/* Exactly `n` digits at *s; moves past them. -1 when there are fewer. */
static int digits(const char **s, int n)
{
	int v = 0;

	while (n--) {
		if (**s < '0' || **s > '9')
			return -1;
		v = v * 10 + *(*s)++ - '0';
	}
	return v;
}

static bool expect(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

static int days_in(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30,
				    31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* "Z" or "+hh:mm" as seconds east of UTC; false for anything else. */
static bool parse_zone(const char **s, int *east)
{
	int sign = **s == '-' ? -1 : 1, h, m;

	*east = 0;
	if (**s == 'Z' || **s == 'z') {
		(*s)++;
		return true;
	}
	if (**s != '+' && **s != '-')
		return false;
	(*s)++;
	h = digits(s, 2);
	if (h < 0 || h > 23 || !expect(s, ':'))
		return false;
	m = digits(s, 2);
	if (m < 0 || m > 59)
		return false;
	*east = sign * (h * 3600 + m * 60);
	return true;
}

static bool parse_rfc3339(int64_t *out, const char *s)
{
	int year, month, day, h = 0, m = 0, sec = 0, east = 0;

	year = digits(&s, 4);
	if (year < 0 || !expect(&s, '-'))
		return false;
	month = digits(&s, 2);
	if (month < 1 || month > 12 || !expect(&s, '-'))
		return false;
	day = digits(&s, 2);
	if (day < 1 || day > days_in(year, month))
		return false;
	if (*s) {
		if (*s != 'T' && *s != 't' && *s != ' ')
			return false;
		s++;
		h = digits(&s, 2);
		if (h < 0 || h > 23 || !expect(&s, ':'))
			return false;
		m = digits(&s, 2);
		if (m < 0 || m > 59 || !expect(&s, ':'))
			return false;
		sec = digits(&s, 2);
		if (sec < 0 || sec > 60 || !parse_zone(&s, &east) || *s)
			return false;
	}
	*out = tmk_clock_from_civil(year, month, day, h, m, sec) - east;
	return true;
}

int tmk_clock_parse(int64_t *out, const char *text, struct tmk_err *err)
{
	int64_t t;

	if (text[0] == '@') {
		char *end;
		long long v;

		errno = 0;
		v = strtoll(text + 1, &end, 10);
		if (text[1] >= '0' && text[1] <= '9' && !*end && !errno &&
		    v <= 253402300799LL) {
			*out = v;
			return 0;
		}
	} else if (parse_rfc3339(&t, text)) {
		*out = t;
		return 0;
	}
	tmk_err_set(err, TMK_USAGE, "'%s' is not a time", text);
	return tmk_err_hint(err, "write 2026-11-21T06:30:00Z, 2026-11-21 or "
			    "@SECONDS");
}
