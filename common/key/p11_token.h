/*
 * p11_token.h - from a module to a session on exactly one token.
 *
 * Tokens are matched by what the URI says of them, never by slot number. The
 * PIN goes to the chosen token alone, after its flags were read: a locked one
 * or one at its last try is refused, one with few tries left is only for a
 * person. Fails with TMK_KEY.
 */
#ifndef TMK_KEY_P11_TOKEN_H
#define TMK_KEY_P11_TOKEN_H

#include <stdbool.h>

#include "base/err.h"
#include "iface/pin.h"
#include "iface/store.h"
#include "key/p11.h"

enum {
	TMK_P11_WRITE = 1,	/* a session that may write */
	TMK_P11_LOGIN = 2	/* log in if the token wants it */
};

/*
 * Load, initialise, find the one token that the place's URI names, open a
 * session and log in as `flags` say. Start-up that fails because another
 * process is writing SoftHSM's files is tried again, at most nine times and
 * not after a PIN was refused. *out belongs to the caller.
 */
int tmk_p11_connect(struct tmk_p11 **out, const struct tmk_place *place,
		    int flags, struct tmk_err *err) TMK_MUST_CHECK;

/* The modules that a place may mean, initialised, each with its matching
 * tokens; what failed on the way is passed over unless the place names the
 * module. A SoftHSM
 * that shows no token is asked again, seven times, since another process may be
 * writing its files. `out` has TMK_P11_MODULES_MAX entries; those below *n belong to the
 * caller. `skipped` (may be NULL) gets the reason of the first one passed over. */
int tmk_p11_scan(struct tmk_p11 **out, int *n, const struct tmk_place *place,
		 struct tmk_err *skipped, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Initialise the module and note every initialised token that the URI
 * matches, or with `blank` every token without exception. */
int tmk_p11_find_tokens(struct tmk_p11 **p, bool blank, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Open a session on token number `at`. */
int tmk_p11_open_session(struct tmk_p11 **p, int at, bool write,
			 struct tmk_err *err) TMK_MUST_CHECK;

/* Tell the caller of open why, if it wants to know. */
void tmk_p11_blame(const struct tmk_place *place, enum tmk_open_failure why);

/* Whether a login that ended with `rv` failed over the PIN. */
bool tmk_p11_is_about_pin(CK_RV rv);

/* A label or the like of `size` blank-padded bytes as a C string without the
 * padding; `out` has size + 1 bytes. Returns `out`. */
char *tmk_p11_unpad(char *out, const CK_UTF8CHAR *text, size_t size);

#endif
