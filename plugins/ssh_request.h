/*
 * ssh_request.h - from ssh-keygen's arguments to a request, and from its
 * answer to what ssh-keygen's caller expects.
 *
 * Shared by the small program and the full one, so that a caller cannot tell
 * which of them signed. Needs libc alone.
 */
#ifndef TMK_PLUGINS_SSH_REQUEST_H
#define TMK_PLUGINS_SSH_REQUEST_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "key/request.h"
#include "plugins/ssh_args.h"

#define TMK_SSH_PROGRAM "touchmark-ssh-keygen"
#define TMK_SSH_KEY_FILE_MAX 16384	/* bytes */

/*
 * Which key -f means: the public key in that file (or in FILE.pub, when there
 * is no FILE), else the argument itself, as front_key.h takes it. 0 with the
 * text in `key`; 1 when it is a file that can be no key of ours (a private
 * key, or one that cannot be read).
 */
int tmk_ssh_request_key(struct tmk_buf *key, const char *file)
	TMK_MUST_CHECK;

/* A SIGN without content yet. Strings are borrowed from `args` and `key`. */
void tmk_ssh_request(struct tmk_request *request,
		     const struct tmk_ssh_args *args,
		     const struct tmk_buf *key);

/* What ssh-keygen says on standard error before it signs; `file` NULL:
 * standard input. */
void tmk_ssh_request_begin(const struct tmk_ssh_args *args, const char *file);

/*
 * Whether FILE.sig may be written: it is not there, or is a regular file and
 * whoever is at standard input says yes (ssh-keygen asks the same). 0 yes;
 * fails with TMK_INPUT. `path` gets the name and has `size` bytes; `ask` false
 * takes a file that is there for a no.
 */
int tmk_ssh_request_output(char *path, size_t size, const char *file, bool ask,
			   struct tmk_err *err) TMK_MUST_CHECK;

/* Deliver a signature: `path` as a new file that is renamed, or NULL: standard
 * output. Says what ssh-keygen says. Fails with TMK_INPUT. */
int tmk_ssh_request_deliver(const struct tmk_ssh_args *args, const char *path,
			    const struct tmk_answer *answer,
			    struct tmk_err *err) TMK_MUST_CHECK;

/* Say what went wrong. Returns the exit code. */
int tmk_ssh_request_failed(const struct tmk_answer *answer);

/* tmk_person.notice: a line on standard error, and on the terminal when that
 * is somewhere else, for git shows standard error only after a failure. */
void tmk_ssh_request_notice(void *ctx, const char *text);

#endif
