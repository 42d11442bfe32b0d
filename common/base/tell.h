/*
 * tell.h - a line for a person who is being waited for.
 *
 * A caller (git) keeps what its signing program writes on standard error and
 * shows it afterwards, if at all. That a token waits for a touch is of no use
 * then. Nothing fails: a line that reaches nobody is lost.
 */
#ifndef TMK_BASE_TELL_H
#define TMK_BASE_TELL_H

#include <stddef.h>

#define TMK_TELL_LINE 640	/* bytes that are enough */

/* "PROGRAM: TEXT", escaped and closed by a newline, in `out` (of `size` bytes,
 * TMK_TELL_LINE) for standard error; when that is no terminal, it goes to the
 * terminal of this process, if it has one. Returns `out`. */
char *tmk_tell_waiting(char *out, size_t size, const char *program,
		       const char *text);

#endif
