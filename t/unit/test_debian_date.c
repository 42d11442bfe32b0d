/*
 * test_debian_date.c - the times in a Release.
 */
#include <string.h>

#include "formats/debian_date.h"
#include "t/unit/tap.h"

static bool read_text(int64_t *out, const char *text)
{
	return tmk_debian_date_read(out, (const uint8_t *)text, strlen(text));
}

int main(void)
{
	static const struct {
		const char *text;
		int64_t time;
	} good[] = {
		{ "Thu, 01 Jan 1970 00:00:00 UTC", 0 },
		{ "Sat, 21 Nov 2026 12:00:00 UTC", 1795262400 },
		{ "Sat, 21 Nov 2026 12:00:00 GMT", 1795262400 },
		{ "Sat, 21 Nov 2026 12:00:00 +0000", 1795262400 },
		{ "Sat, 21 Nov 2026 12:00:00 Z", 1795262400 },
		{ "21 Nov 2026 12:00:00 UTC", 1795262400 },
		{ "Thu, 1 Jan 1970 0:00:01 UTC", 1 },
		{ "Thu, 29 Feb 2024 23:59:59 UTC", 1709251199 },
	};
	static const char *const bad[] = {
		"", "Sat", "Sat, ", "now", "2026-11-21T12:00:00Z",
		"Sat 21 Nov 2026 12:00:00 UTC",
		"Sat, 21 Nov 2026 12:00:00", "Sat, 21 Nov 2026 12:00:00 ",
		"Sat, 21 Nov 2026 12:00:00 CET",
		"Sat, 21 Nov 2026 12:00:00 +0100",
		"Sat, 21 Nov 2026 12:00:00 -0000",
		"Sat, 21 Nov 2026 12:00:00 UTC ",
		"Sat, 21 Nov 2026 12:00:00 UTCx",
		" Sat, 21 Nov 2026 12:00:00 UTC",
		"Sat, 21 nov 2026 12:00:00 UTC",
		"Sat, 21 Nov 26 12:00:00 UTC",
		"Sat, 21 Nov 20266 12:00:00 UTC",
		"Sat, 00 Nov 2026 12:00:00 UTC",
		"Sat, 31 Nov 2026 12:00:00 UTC",
		"Sat, 29 Feb 2026 12:00:00 UTC",
		"Sat, 29 Feb 2100 12:00:00 UTC",
		"Sat, 211 Nov 2026 12:00:00 UTC",
		"Sat, 21 Nov 2026 24:00:00 UTC",
		"Sat, 21 Nov 2026 12:60:00 UTC",
		"Sat, 21 Nov 2026 12:00:60 UTC",
		"Sat, 21 Nov 2026 12:00 UTC",
		"Wed, 31 Dec 1969 23:59:59 UTC",
		"Sat, 21 Nov 2026 -1:00:00 UTC",
		"Sat, 21 Nov 2026  9:00:00 UTC",
	};
	int64_t t;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		t = -1;
		ok(read_text(&t, good[i].text) && t == good[i].time, "\"%s\"",
		   good[i].text);
	}
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		t = 7;
		ok(!read_text(&t, bad[i]) && t == 7, "not \"%s\"", bad[i]);
	}
	return tap_done();
}
