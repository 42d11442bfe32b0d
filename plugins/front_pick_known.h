/*
 * front_pick_known.h - the public keys of the sessions that are open.
 *
 * A key may be asked for by its public part (SSH does). Which of the
 * configured keys that is would have to be looked for on the tokens each time;
 * for a key that is open it is known. Forgotten when its session is. For one
 * thread at a time.
 */
#ifndef TMK_PLUGINS_FRONT_PICK_KNOWN_H
#define TMK_PLUGINS_FRONT_PICK_KNOWN_H

#include "base/buf.h"
#include "core/config.h"
#include "plugins/front_pick.h"

/* Remember the SubjectPublicKeyInfo of a picked key. Without memory, and for a
 * URI that holds a PIN, nothing is remembered. */
void tmk_front_pick_learn(const struct tmk_front_pick *pick,
			  const struct tmk_buf *spki);

/* Forget the key of this name. */
void tmk_front_pick_unlearn(const char *name);

/* What is known of a configured key with exactly these URIs, borrowed until it
 * is forgotten; NULL when nothing is. */
const struct tmk_buf *tmk_front_pick_known(const struct tmk_key_config *key);

#endif
