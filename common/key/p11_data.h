/*
 * p11_data.h - small public notes beside the keys (CKO_DATA).
 *
 * What a token has no attribute for, the creation time of an OpenPGP key say,
 * is kept in a data object of application "touchmark" (PKCS#11 2.40 section
 * 4.5). It is readable by everybody and no secret; whoever can log in to the
 * token can change it. Fails with TMK_KEY.
 */
#ifndef TMK_KEY_P11_DATA_H
#define TMK_KEY_P11_DATA_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "iface/store.h"

#define TMK_P11_DATA_MAX 16384	/* bytes of one value */
#define TMK_P11_DATA_APPLICATION "touchmark"	/* CKA_APPLICATION of all */

/* The get_data of iface/store.h. */
int tmk_p11_get_data(const struct tmk_place *place, const char *label,
		     struct tmk_buf *out, struct tmk_err *err) TMK_MUST_CHECK;

/* The put_data of iface/store.h. The new object is read back before the old
 * ones go; when they cannot be removed the new one is, and it fails. One that
 * holds these bytes already is left alone. */
int tmk_p11_put_data(const struct tmk_place *place, const char *label,
		     const void *data, size_t len, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
