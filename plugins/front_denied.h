/*
 * front_denied.h - keys that are not to be used any more, whatever they are
 * called.
 *
 * `touchmark key compromise` puts the public key of a key into a file of the
 * user's, `denied` beside the configuration; the administrator's is
 * /etc/touchmark/denied. git-config syntax: [denied "sha256:HEX-OF-SPKI"] with
 * `since` (RFC 3339), `name` and `reason`. What cannot be read or understood
 * denies every key. Read anew whenever it changed.
 */
#ifndef TMK_PLUGINS_FRONT_DENIED_H
#define TMK_PLUGINS_FRONT_DENIED_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct tmk_front_denied {
	char since[32];		/* RFC 3339 */
	char name[64];		/* what it was called, escaped */
	char reason[128];	/* escaped */
};

/* Whether this SubjectPublicKeyInfo (DER) is denied: 1 with *out (may be
 * NULL), 0, or negative (TMK_USAGE) when the files cannot be read. */
int tmk_front_denied_find(struct tmk_front_denied *out, const uint8_t *spki,
			  size_t len, struct tmk_err *err) TMK_MUST_CHECK;

/* Refuse a denied key: TMK_KEY with why and what to do. */
int tmk_front_denied_check(const uint8_t *spki, size_t len,
			   struct tmk_err *err) TMK_MUST_CHECK;

/* Deny it from now on, on the disk when it returns. 1 when it was already. */
int tmk_front_denied_add(const uint8_t *spki, size_t len, const char *name,
			 const char *reason, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
