/*
 * err.h - how a function tells its caller what went wrong.
 *
 * The caller owns one struct tmk_err and hands it down as the last argument.
 * A function that fails returns a negative number and fills it; a function
 * that succeeds leaves it alone. Libraries never print it, never exit: only a
 * front-end shows `text`, then `hint`, and ends with `code`.
 *
 * Knows nothing of verdicts: a refused signature is an answer, not an error
 * (see iface/verdict.h).
 */
#ifndef TMK_BASE_ERR_H
#define TMK_BASE_ERR_H

#include <stdarg.h>
#include <stddef.h>

#define TMK_MUST_CHECK __attribute__((warn_unused_result))
#define TMK_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* What an error means to whoever called the program; these numbers are the
 * exit codes of every touchmark program. */
enum tmk_code {
	TMK_OK = 0,
	TMK_REFUSED = 1,	/* a signature or object failed judgement */
	TMK_USAGE = 2,		/* command line or configuration */
	TMK_KEY = 3,		/* key or token: absent, ambiguous, PIN, gone */
	TMK_INPUT = 4,		/* the input cannot be read or is malformed */
	TMK_NET = 5,		/* timestamp or network service */
	TMK_INTERNAL = 70	/* ours: out of memory, a broken invariant */
};

struct tmk_err {
	int code;		/* enum tmk_code, 0 while nothing failed */
	char text[768];		/* one line, no full stop, already escaped */
	char hint[384];		/* what to do next; empty when unknown */
	const char *from;	/* the function that failed (static string) */
};

#define TMK_ERR_INIT { 0, "", "", NULL }

/* Turns the value below into a -1 that a compiler or analyser can see without
 * looking into another file. */
static inline int tmk_err_failed(int ignored)
{
	(void)ignored;
	return -1;
}

/*
 * Fill `err` (which may be NULL: then nothing is kept) with a code and one
 * line of text; control bytes, bidirectional overrides and invalid UTF-8 in
 * the result are escaped. A hint that was there is dropped. Returns -1 always,
 * so that `return tmk_err_set(err, ...)` reads as what it is.
 */
#define tmk_err_set(err, code, ...) \
	tmk_err_failed(tmk_err_set_from(__func__, (err), (code), __VA_ARGS__))
int tmk_err_set_from(const char *from, struct tmk_err *err, int code,
		     const char *fmt, ...) TMK_PRINTF(4, 5);

/* Add what the user should do next to an error that is already set. Returns
 * -1 always. */
#define tmk_err_hint(...) tmk_err_failed(tmk_err_set_hint(__VA_ARGS__))
int tmk_err_set_hint(struct tmk_err *err, const char *fmt, ...)
	TMK_PRINTF(2, 3);

/* Put "prefix: " before the text of an error that is already set, so that the
 * outer function can name what it was about. Returns -1 always. */
#define tmk_err_prefix(...) tmk_err_failed(tmk_err_set_prefix(__VA_ARGS__))
int tmk_err_set_prefix(struct tmk_err *err, const char *fmt, ...)
	TMK_PRINTF(2, 3);

/* Out of memory, said the same way everywhere. Returns -1 always. */
#define tmk_err_nomem(err) \
	tmk_err_set((err), TMK_INTERNAL, "out of memory")

#endif
