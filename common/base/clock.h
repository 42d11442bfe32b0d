/*
 * clock.h - the time, and how it is written.
 *
 * Times are seconds since 1970-01-01T00:00:00Z as int64_t; TMK_TIME_NONE says
 * that there is none. Deadlines are milliseconds of the monotonic clock.
 */
#ifndef TMK_BASE_CLOCK_H
#define TMK_BASE_CLOCK_H

#include <stdint.h>

#include "base/err.h"

#define TMK_TIME_NONE INT64_MIN
#define TMK_CLOCK_TEXT 32	/* bytes that the longest form needs */

/* Now, by the system's clock. */
int64_t tmk_clock_now(void);

/* Milliseconds of the monotonic clock, for deadlines. */
int64_t tmk_clock_ms(void);

/* The same with the time that the machine slept: for what is to end by itself
 * whether anybody was there or not. */
int64_t tmk_clock_slept_ms(void);

/* 2026-11-21T06:32:46Z into `out` (TMK_CLOCK_TEXT bytes); "none" for
 * TMK_TIME_NONE. Returns `out`. */
char *tmk_clock_format(char *out, int64_t t);

/* 20261121T063246, as gpg's status lines want it (doc/DETAILS of GnuPG). */
char *tmk_clock_format_compact(char *out, int64_t t);

/* Read RFC 3339 (a date alone is midnight UTC) or @SECONDS. Fails with
 * TMK_USAGE. */
int tmk_clock_parse(int64_t *out, const char *text, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Seconds since 1970 of a UTC calendar time (month 1-12), proleptic
 * Gregorian; the caller has checked the ranges. */
int64_t tmk_clock_from_civil(int year, int month, int day, int hour,
			     int minute, int second);

#endif
