/*
 * p11_keygen.h - a key pair born in the token, and proof that it says so.
 *
 * Raw C_GenerateKeyPair: libp11 makes RSA keys alone, lets them decrypt and
 * unwrap, and cannot ask for a key that cannot be taken out. The template is
 * strict first; what a module refuses is dropped only where it is a wish
 * (usage that is off by default), never SENSITIVE and EXTRACTABLE. What the
 * token then tells of the key decides: anything else than a sensitive,
 * unextractable key for signing alone is destroyed. Fails with TMK_KEY.
 */
#ifndef TMK_KEY_P11_KEYGEN_H
#define TMK_KEY_P11_KEYGEN_H

#include "base/err.h"
#include "iface/store.h"

/* The generate of iface/store.h. */
int tmk_p11_generate(const struct tmk_place *place,
		     const struct tmk_keygen *what, struct tmk_key_info *info,
		     struct tmk_err *err) TMK_MUST_CHECK;

#endif
