/*
 * thin_gpg.h - what the small touchmark-gpg does: ask the agent, or hand over.
 *
 * Loads nothing that a signature from the agent does not need. Everything
 * else - no agent, no key of ours, content over a mebibyte, verifying - is
 * done by the full program with the same arguments and the same standard
 * input.
 */
#ifndef TMK_PLUGINS_THIN_GPG_H
#define TMK_PLUGINS_THIN_GPG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Keep closed standard descriptors from being used for something else, and
 * ignore SIGPIPE until tmk_thin_become. */
void tmk_thin_settle(void);

/*
 * Read standard input, at most `max` bytes. 0 with *data (malloc; belongs to
 * the caller); 1 when there is more: then what was read is in *data too.
 * Fails with TMK_INPUT.
 */
int tmk_thin_read(unsigned char **data, size_t *len, size_t max,
		  struct tmk_err *err) TMK_MUST_CHECK;

/* Put `len` bytes that were read already, and the rest of standard input,
 * where the next program reads them from its beginning. */
int tmk_thin_unread(const void *data, size_t len, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Become the helper program `name` with our own arguments. Returns -1 on
 * failure only. */
int tmk_thin_become(const char *name, char *const argv[], struct tmk_err *err)
	TMK_MUST_CHECK;

/* Answer a call of gpg: NULL with the exit code in *code, else the name of the
 * helper program that has to; standard input is then as it was. */
const char *tmk_thin_gpg(int *code, int argc, char *const argv[]);

#endif
