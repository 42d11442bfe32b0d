/*
 * p11_login.h - one PIN to one token, and never one try too many.
 *
 * Fails with TMK_KEY; p->rv then tells whether the token refused the PIN.
 */
#ifndef TMK_KEY_P11_LOGIN_H
#define TMK_KEY_P11_LOGIN_H

#include <stdbool.h>

#include "base/err.h"
#include "base/secret.h"
#include "iface/pin.h"
#include "key/p11.h"

#define TMK_P11_PERSON_TRIES 3	/* wrong PINs of a person, in all */

/*
 * Log in as the user if the token wants it. A PIN that `*pin` already holds
 * (from an attempt that failed for another reason) is used first; else the
 * source is asked. A wrong PIN is asked again only of a person, three times in
 * all. The PIN that was taken is left in *pin, which belongs to the caller.
 */
int tmk_p11_login(struct tmk_p11 **p, const struct tmk_pin_source *source,
		  struct tmk_secret **pin, struct tmk_err *err)
	TMK_MUST_CHECK;

/* On the worker: C_Login with p->pin, or at the token's own pad, after the
 * token's flags allowed it. `user` is CKU_USER or CKU_CONTEXT_SPECIFIC. */
int tmk_p11_login_now(struct tmk_p11 *p, CK_USER_TYPE user,
		      struct tmk_err *err) TMK_MUST_CHECK;

/* Ask the source for a PIN, after the token's flags allowed it, and leave it in
 * both `pin` and p->pin. `retry`: the one before was wrong. */
int tmk_p11_ask_pin(struct tmk_p11 **p, const struct tmk_pin_source *source,
		    bool retry, struct tmk_secret *pin, bool *by_person,
		    struct tmk_err *err) TMK_MUST_CHECK;

/* Whether the token has a keypad of its own: no PIN is ours to ask. */
bool tmk_p11_has_pad(const struct tmk_p11 *p);

/* Put a copy of `pin` into p->pin, where the worker may read it however late
 * it comes back. */
int tmk_p11_give_pin(struct tmk_p11 *p, const struct tmk_secret *pin,
		     struct tmk_err *err) TMK_MUST_CHECK;

#endif
