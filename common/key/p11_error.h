/*
 * p11_error.h - what a CK_RV means to the person who reads it.
 *
 * Text and hint for each return value of PKCS#11 2.40 section 11.1 that a
 * signer can meet; others are shown by number. Knows no token and no PIN.
 */
#ifndef TMK_KEY_P11_ERROR_H
#define TMK_KEY_P11_ERROR_H

#include <stdbool.h>

#include <p11-kit/pkcs11.h>

#include "base/err.h"

/* Fill `err` (TMK_KEY) from what `call` returned. Returns -1 always. */
int tmk_p11_error_set(struct tmk_err *err, CK_RV rv, const char *call);

/* Whether the value says that the PIN was refused or may not be tried: after
 * these nothing is ever tried again by itself. */
bool tmk_p11_error_is_pin(CK_RV rv);

/* Whether the value says that the session is gone, or may be: a new one may do
 * better. Never for what is about a PIN. */
bool tmk_p11_error_is_loss(CK_RV rv);

#endif
