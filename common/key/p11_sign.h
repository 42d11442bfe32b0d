/*
 * p11_sign.h - a signer (iface/signer.h) over one private key on a token.
 *
 * The key never leaves: CKM_RSA_PKCS over our own DigestInfo and CKM_ECDSA
 * over the digest, the two mechanisms every module has. What the module
 * returns is measured; whether it is a good signature is for the seal, which
 * verifies it with the public key. Fails with TMK_KEY.
 */
#ifndef TMK_KEY_P11_SIGN_H
#define TMK_KEY_P11_SIGN_H

#include "base/err.h"
#include "iface/signer.h"
#include "iface/store.h"

/* Find the one private key that the place names and log in for it: the open
 * of iface/store.h. *out belongs to the caller. */
int tmk_p11_signer_open(struct tmk_signer **out, const struct tmk_place *place,
			struct tmk_err *err) TMK_MUST_CHECK;

#endif
