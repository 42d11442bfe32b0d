/*
 * p11_pin.h - another PIN for the user of a token.
 *
 * C_SetPIN as the user, never as the security officer: whoever signs cannot
 * give himself a PIN that he does not know the old one of. The old PIN is
 * tried by a login first, so that a wrong one is told (and counted) as it is
 * everywhere else; the new one is tried by a login afterwards, so that what
 * the caller keeps is known to open the token. A token with a keypad asks for
 * both there. Fails with TMK_KEY.
 */
#ifndef TMK_KEY_P11_PIN_H
#define TMK_KEY_P11_PIN_H

#include "base/err.h"
#include "iface/pin.h"
#include "iface/store.h"

/* The set_pin of iface/store.h. Lengths that the token does not take, and a
 * new PIN that is the old one, are refused before the token is asked. */
int tmk_p11_set_pin(const struct tmk_place *place,
		    const struct tmk_pin_source *fresh, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
