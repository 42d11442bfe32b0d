/*
 * p11_sign.h - a signer (iface/signer.h) over one private key on a token.
 *
 * The key never leaves: CKM_RSA_PKCS over our own DigestInfo, CKM_ECDSA over
 * the digest and CKM_EDDSA over the message, mechanisms that every module with
 * such keys has. What the module returns is measured; whether it is a good
 * signature is for the seal, which verifies it with the public key.
 *
 * A key that is always authenticated wants its PIN at each use. It is kept, in
 * locked memory, while the signer lives; with ask_each_time it is asked for
 * each time and wiped after the signature, and the one that was typed at the
 * opening is good for the first signature if that follows within 30 s. A PIN
 * that was refused is wiped.
 *
 * Fails with TMK_KEY.
 */
#ifndef TMK_KEY_P11_SIGN_H
#define TMK_KEY_P11_SIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "iface/signer.h"
#include "iface/store.h"
#include "key/p11.h"

/* What p11_open.c makes and p11_sign.c uses. */
struct tmk_p11_signer {
	struct tmk_signer base;
	struct tmk_p11 *p;	/* NULL once the module was given up */
	CK_OBJECT_HANDLE key;
	bool always;		/* CKA_ALWAYS_AUTHENTICATE */
	bool touch;		/* waits for a touch at each use */
	bool ask_each_time;
	int64_t pin_until;	/* clock ms: how long p->pin is good */
	/* Where a PIN may come from later; copies, or NULL. */
	char *pin_file, *pin_file_env, *credentials_dir;
};

extern const struct tmk_signer_ops tmk_p11_signer_ops;

/* Find the one private key that the place names and log in for it: the open
 * of iface/store.h. *out belongs to the caller. */
int tmk_p11_signer_open(struct tmk_signer **out, const struct tmk_place *place,
			struct tmk_err *err) TMK_MUST_CHECK;

#endif
