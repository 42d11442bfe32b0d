/*
 * front_guarded.h - a signer every use of which passes the guard.
 *
 * For whoever has a key opened and hands it to code that signs by itself: a
 * certificate request, an OpenPGP self-signature, a test, a report. Each sign
 * becomes one use (front_guard.h) with its own digest: denied keys, approvals,
 * commands and the record hold for it as for any signature. Knows no seal: what
 * goes on record as made is the bare signature. What was refused by the guard,
 * or could not be recorded, gives no signature.
 */
#ifndef TMK_PLUGINS_FRONT_GUARDED_H
#define TMK_PLUGINS_FRONT_GUARDED_H

#include "core/config.h"
#include "plugins/front_guard.h"

/*
 * Put the guard around *signer, which becomes the guarded one and owns what it
 * was: tmk_signer_free gives both back. `use` tells what the signatures are
 * for (what, requester, key, section, place, format, artefact, content, warn);
 * the struct is copied, its strings are borrowed as long as the signer lives,
 * and so is `config`. SPKI, digest and time are set for each use. After a
 * failure *signer is as it was.
 */
int tmk_front_guarded_wrap(struct tmk_signer **signer,
			   const struct tmk_config *config,
			   const struct tmk_front_use *use,
			   struct tmk_err *err) TMK_MUST_CHECK;

#endif
