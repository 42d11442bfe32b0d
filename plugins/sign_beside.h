/*
 * sign_beside.h - what stands beside a file that is to be signed: what an
 * earlier run made of it, and what no signature may take the place of.
 *
 * Names say what might be meant, the first bytes whether it is. Refuses to
 * know whether a signature is good.
 */
#ifndef TMK_PLUGINS_SIGN_BESIDE_H
#define TMK_PLUGINS_SIGN_BESIDE_H

#include <stdbool.h>

#include "base/err.h"

/* What a manifest begins with (docs/PROTOCOL.manifest). */
#define TMK_SIGN_BESIDE_MANIFEST "touchmark-manifest "

/* Whether `file` is a signature or manifest of a file that is there beside it,
 * or the InRelease of a Release. */
bool tmk_sign_beside_made(const char *file);

/* Whether a signature may be written to `path`; a manifest, with `manifest`:
 * nothing is there, or one that it replaces. Somebody's key or text of that
 * name would be lost: TMK_INPUT. */
int tmk_sign_beside_ok(const char *path, bool manifest, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
