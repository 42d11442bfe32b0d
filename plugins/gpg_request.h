/*
 * gpg_request.h - from gpg's arguments to a request, and from its answer to
 * what gpg's caller expects.
 *
 * Shared by the small program and the full one, so that a caller cannot tell
 * which of them signed. Needs libc alone.
 */
#ifndef TMK_PLUGINS_GPG_REQUEST_H
#define TMK_PLUGINS_GPG_REQUEST_H

#include <stdbool.h>

#include "base/err.h"
#include "key/request.h"
#include "plugins/gpg_args.h"

/* A SIGN without content yet. `gpgsm`: by this name CMS is made, else what
 * git's gpg.format says when it is git that calls, else OpenPGP. Strings are
 * borrowed from `args`. */
void tmk_gpg_request(struct tmk_request *request,
		     const struct tmk_gpg_args *args, bool gpgsm,
		     const char *program);

/*
 * Deliver a signature: every byte to `fd` (standard output; closed when it
 * carries no status, since some file systems tell of a lost byte only then),
 * and only then the SIG_CREATED line. Fails with TMK_INPUT.
 */
int tmk_gpg_request_deliver(const struct tmk_gpg_args *args,
			    const struct tmk_answer *answer,
			    struct tmk_err *err) TMK_MUST_CHECK;

/* The SIG_CREATED line alone, for a signature that went to a file. */
int tmk_gpg_request_created(int status_fd, const struct tmk_answer *answer,
			    struct tmk_err *err) TMK_MUST_CHECK;

/* Say what went wrong: to a person, and to GPGME which signer it was. Returns
 * the exit code. */
int tmk_gpg_request_failed(const struct tmk_gpg_args *args,
			   const char *program,
			   const struct tmk_answer *answer);

/* How many bytes of what names a key may be shown: a URI may hold a PIN. */
size_t tmk_gpg_request_shown(const char *key);

#endif
