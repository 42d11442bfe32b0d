/*
 * softhsm.h - a new token in SoftHSM, the token that comes with touchmark.
 *
 * Raw C_InitToken and C_InitPIN, so that the two PINs never stand on a command
 * line. Which folder SoftHSM writes to is the front-end's business
 * (SOFTHSM2_CONF). Fails with TMK_KEY.
 */
#ifndef TMK_KEY_SOFTHSM_H
#define TMK_KEY_SOFTHSM_H

#include <stdbool.h>

#include "base/err.h"
#include "base/secret.h"

/*
 * Make a token with this label (1 to 32 bytes, not taken yet) in the first
 * slot whose token is not initialised, and give it both PINs. `module` is the
 * path of libsofthsm2.so; `deadline_ms` as in struct tmk_place. The secrets
 * are borrowed for the call. *made (NULL: nobody asks) becomes true as soon as
 * a token of this label may be there, on failure too: it is to be deleted
 * then.
 */
int tmk_softhsm_init_token(bool *made, const char *module, const char *label,
			   const struct tmk_secret *so_pin,
			   const struct tmk_secret *user_pin, int deadline_ms,
			   struct tmk_err *err) TMK_MUST_CHECK;

#endif
