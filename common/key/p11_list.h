/*
 * p11_list.h - every key pair that a URI matches, for listings.
 *
 * Without a login only what tokens show to anybody: public keys. Fails with
 * TMK_KEY.
 */
#ifndef TMK_KEY_P11_LIST_H
#define TMK_KEY_P11_LIST_H

#include <stdbool.h>

#include "base/err.h"
#include "iface/store.h"

/* The list of iface/store.h. */
int tmk_p11_list(const struct tmk_place *place, bool login,
		 tmk_key_visit visit, void *ctx, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
