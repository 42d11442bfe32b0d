/*
 * verify_tell.h - an answer of verify in words, or as one line of JSON.
 *
 * What is to be printed is made first and printed later, so that threads that
 * judge do not have to wait for those who print. Every line is escaped. Fails
 * with TMK_INTERNAL when a line is too long, TMK_INPUT when it cannot be
 * written.
 */
#ifndef TMK_PLUGINS_VERIFY_TELL_H
#define TMK_PLUGINS_VERIFY_TELL_H

#include "base/buf.h"
#include "plugins/verify.h"

#define TMK_VERIFY_TOLD (1024 * 1024)	/* bytes of all lines of one answer */

/* Append what is said about an answer to `out` (see _print). */
int tmk_verify_tell(struct tmk_buf *out, const struct tmk_verify_answer *answer,
		    bool json, struct tmk_err *err) TMK_MUST_CHECK;

/* The same for a file that could not be judged: as tmk_front_report_error. */
int tmk_verify_tell_error(struct tmk_buf *out, const char *file,
			  const struct tmk_err *what, bool json,
			  struct tmk_err *err) TMK_MUST_CHECK;

/* The same for a file that was not looked at, and why. */
int tmk_verify_tell_skipped(struct tmk_buf *out, const char *file,
			    const char *why, bool json, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Print it: answers to standard output, hints and errors to standard error, in
 * the order in which they were made. */
int tmk_verify_tell_print(const struct tmk_buf *told, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
