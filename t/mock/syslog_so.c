/*
 * syslog_so.c - syslog(3) into a file, for LD_PRELOAD: a test machine may have
 * nobody who listens on /dev/log. $SYSLOG_FILE gets a line for each call.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char ident[64];
static int where;

void openlog(const char *name, int option, int facility);
void closelog(void);
void syslog(int priority, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void __syslog_chk(int priority, int flag, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void openlog(const char *name, int option, int facility)
{
	(void)option;
	snprintf(ident, sizeof(ident), "%s", name);
	where = facility;
}

void closelog(void)
{
	ident[0] = '\0';
}

static void put(int priority, const char *format, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void put(int priority, const char *format, va_list ap)
{
	const char *path = getenv("SYSLOG_FILE");
	FILE *f = path ? fopen(path, "a") : NULL;

	if (!f)
		return;
	fprintf(f, "%s %d.%d ", ident, where >> 3, priority & 7);
	vfprintf(f, format, ap);
	fputc('\n', f);
	fclose(f);
}

void syslog(int priority, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	put(priority, format, ap);
	va_end(ap);
}

void __syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list ap;

	(void)flag;
	va_start(ap, format);
	put(priority, format, ap);
	va_end(ap);
}
