/*
 * sign_check.h - whether a signature was made by the key that is to sign: what
 * was made just now, and what an earlier run left.
 *
 * Arithmetic alone, with the public key of the answer to PREPARE: nobody is
 * trusted, no time is judged. Asks nobody and writes nothing.
 */
#ifndef TMK_PLUGINS_SIGN_CHECK_H
#define TMK_PLUGINS_SIGN_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "iface/seal.h"
#include "key/request.h"

/* Whether signature `i` says that it is of the key in `ready`: by its
 * certificate, or by the key's id. */
bool tmk_sign_check_names(const struct tmk_answer *ready,
			  const struct tmk_evidence *evidence, int i);

/* Whether it is good: *good by the arithmetic over a digest made with its
 * hash over content and suffix. Negative (TMK_INTERNAL) when that could not
 * be found out. */
int tmk_sign_check_good(bool *good, const struct tmk_answer *ready,
			const struct tmk_evidence *evidence, int i,
			const uint8_t *digest, size_t len,
			struct tmk_err *err) TMK_MUST_CHECK;

/* What was made, read anew: one signature of this key over exactly what was
 * hashed with ready->trailer. Fails with TMK_INTERNAL; `name` is for
 * messages. */
int tmk_sign_check_made(const struct tmk_answer *ready,
			const struct tmk_evidence *evidence,
			const uint8_t *digest, size_t len, const char *name,
			struct tmk_err *err) TMK_MUST_CHECK;

#endif
