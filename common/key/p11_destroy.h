/*
 * p11_destroy.h - the end of a key pair in a token.
 *
 * The private key goes first: a token that does not let it go keeps everything
 * else too. What belongs to it is told by its public key and not by its names:
 * the public key object, the certificates of this key and our own notes about
 * it (p11_data.h). Another key of the same label or id stays as it is, and so
 * does what belongs to it. Fails with TMK_KEY.
 */
#ifndef TMK_KEY_P11_DESTROY_H
#define TMK_KEY_P11_DESTROY_H

#include "base/err.h"
#include "iface/store.h"

/* The destroy of iface/store.h. A key pair of which the public part is left
 * alone (an earlier try was cut off) is destroyed as well. */
int tmk_p11_destroy(const struct tmk_place *place, int *objects,
		    struct tmk_err *err) TMK_MUST_CHECK;

#endif
