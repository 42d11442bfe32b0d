/*
 * front_birth.h - when an OpenPGP key was born, and whose it is.
 *
 * The creation time is part of an OpenPGP fingerprint, and PKCS#11 has no
 * field for it: it is chosen once and kept in the configuration and in a data
 * object in the token, so that the key can be derived from either. The
 * configuration wins.
 */
#ifndef TMK_PLUGINS_FRONT_BIRTH_H
#define TMK_PLUGINS_FRONT_BIRTH_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/config.h"
#include "iface/signer.h"
#include "iface/store.h"
#include "plugins/front_pick.h"

#define TMK_BIRTH_LABEL 64	/* bytes of a data object's label */

/*
 * Creation time (s since 1970, four octets: RFC 9580 section 5.5.2) and user
 * id ("" when none is known; `size` bytes) of a picked key. `at` is the index
 * of its URI in use. Fails with TMK_KEY, and what to do, when no creation time
 * is known.
 */
int tmk_front_birth(int64_t *created, char *user_id, size_t size,
		    const struct tmk_front_pick *pick,
		    const struct tmk_config *config, int at,
		    const struct tmk_signer *signer, struct tmk_err *err)
	TMK_MUST_CHECK;

/* The label of the data object of a public key: `what` and the first 40 hex
 * digits of its SHA-256. `out` has TMK_BIRTH_LABEL bytes. */
int tmk_front_birth_label(char *out, const char *what, const uint8_t *spki,
			  size_t len, struct tmk_err *err) TMK_MUST_CHECK;

/* Write the data object. Fails with TMK_KEY, when the token keeps none too. */
int tmk_front_birth_put(const struct tmk_store_ops *store,
			const struct tmk_place *place, int64_t created,
			const char *user_id, const uint8_t *spki, size_t len,
			struct tmk_err *err) TMK_MUST_CHECK;

/* Read it: 0 found, 1 there is none (or none that is whole); negative when
 * the token cannot be asked. */
int tmk_front_birth_get(int64_t *created, char *user_id, size_t size,
			const struct tmk_store_ops *store,
			const struct tmk_place *place, const uint8_t *spki,
			size_t len, struct tmk_err *err) TMK_MUST_CHECK;

#endif
