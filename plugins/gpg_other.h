/*
 * gpg_other.h - what is not ours: which program it goes to, and how.
 *
 * The real gpg or gpgsm gets the same arguments, descriptors, environment and
 * signal handling that we got. Refuses to know what they do. Returns only when
 * nothing could be started.
 */
#ifndef TMK_PLUGINS_GPG_OTHER_H
#define TMK_PLUGINS_GPG_OTHER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Become the real `program` ("gpg" or "gpgsm") with our own arguments. Always
 * returns -1: TMK_USAGE when none is installed. */
int tmk_gpg_other_run(const char *program, char *const argv[],
		      struct tmk_err *err) TMK_MUST_CHECK;

/*
 * The same when `len` bytes of an input have been read to its end already: the
 * program finds them again, under the descriptor `fd` that the caller gave.
 * With -1 the input was a pipe with a name: argv[operand], which named it, is
 * then the one word that changes.
 */
int tmk_gpg_other_rerun(const char *program, char *const argv[], int operand,
			int fd, const void *data, size_t len,
			struct tmk_err *err) TMK_MUST_CHECK;

/*
 * From here on the work is ours: keep closed standard descriptors from being
 * used for something else, ignore SIGPIPE (undone for a program that is
 * started), start OpenSSL without its configuration files, which load code
 * and cost a millisecond, and without the texts of its errors and the tidying
 * at exit that a process of one signature does not need.
 */
void tmk_gpg_other_settle(void);

/* The version of the real program first, for callers that parse its first
 * line, then ours. Returns the exit code. */
int tmk_gpg_other_version(const char *program);

#endif
