#include "t/unit/tap.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int count, failed;

static bool report(bool good, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static bool report(bool good, const char *fmt, va_list ap)
{
	count++;
	if (!good)
		failed++;
	printf("%sok %d - ", good ? "" : "not ", count);
	vprintf(fmt, ap);
	putchar('\n');
	fflush(stdout);
	return good;
}

bool ok(bool good, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(good, fmt, ap);
	va_end(ap);
	return good;
}

bool is_str(const char *got, const char *want, const char *fmt, ...)
{
	bool same = got == want || (got && want && !strcmp(got, want));
	va_list ap;

	va_start(ap, fmt);
	report(same, fmt, ap);
	va_end(ap);
	if (!same)
		diag("got '%s', want '%s'", got ? got : "(null)",
		     want ? want : "(null)");
	return same;
}

bool is_int(long long got, long long want, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(got == want, fmt, ap);
	va_end(ap);
	if (got != want)
		diag("got %lld, want %lld", got, want);
	return got == want;
}

bool is_mem(const void *got, size_t got_len, const void *want,
	    size_t want_len, const char *fmt, ...)
{
	bool same = got_len == want_len &&
		(!got_len || !memcmp(got, want, got_len));
	va_list ap;

	va_start(ap, fmt);
	report(same, fmt, ap);
	va_end(ap);
	if (!same)
		diag("got %zu bytes, want %zu bytes", got_len, want_len);
	return same;
}

void diag(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("# ", stdout);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

void tap_default_signals(void)
{
	signal(SIGHUP, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
}

int tap_done(void)
{
	printf("1..%d\n", count);
	return failed || !count;
}
