/*
 * pem.h - walking over the PEM blocks of one kind in a file.
 *
 * Text around the blocks is passed over; a block of another kind, an
 * encrypted one or a broken one ends the walk with an error, so that what an
 * administrator named is never half read. Knows nothing of what the bytes
 * mean. Internal to x509/.
 */
#ifndef TMK_X509_PEM_H
#define TMK_X509_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Called with the DER bytes of one block, borrowed for the call. A negative
 * return ends the walk with it. */
typedef int (*tmk_pem_visit)(void *ctx, const uint8_t *der, size_t len,
			     struct tmk_err *err);

/*
 * Visit every block of `data` labelled `label` or `label2` (may be NULL).
 * Returns how many there were (0: no PEM in it), or a negative number
 * (TMK_INPUT). `name` is for messages.
 */
int tmk_pem_walk(const uint8_t *data, size_t len, const char *label,
		 const char *label2, const char *name, tmk_pem_visit visit,
		 void *ctx, struct tmk_err *err) TMK_MUST_CHECK;

/* Whether the bytes begin as a DER SEQUENCE rather than as text. */
bool tmk_pem_is_der(const uint8_t *data, size_t len);

#endif
