/*
 * tap.h - the few lines a C test needs to speak TAP to prove.
 *
 * A test program calls ok() and friends, ends with `return tap_done();`. The
 * plan is printed last; a crash before it is a failure for prove.
 */
#ifndef TMK_T_TAP_H
#define TMK_T_TAP_H

#include <stdbool.h>
#include <stddef.h>

/* One test line; returns `good`. */
bool ok(bool good, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Compare; what differs is shown as diagnostics. NULL is its own value. */
bool is_str(const char *got, const char *want, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool is_int(long long got, long long want, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool is_mem(const void *got, size_t got_len, const void *want,
	    size_t want_len, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* A line for the reader. */
void diag(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Signals that a person or a terminal sends do what they do by default: who
 * runs the tests in the background has them ignored. For tests of signals. */
void tap_default_signals(void);

/* Print the plan; 0 when every test passed. */
int tap_done(void);

#endif
