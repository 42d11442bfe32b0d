/*
 * front_stamp_seen.h - with which certificate each timestamp authority signed
 * last, so that somebody learns that it ends before timestamps fail.
 *
 * Kept in tsa.certs under $XDG_STATE_HOME/touchmark (~/.local/state/touchmark),
 * a line for each authority, which stands there as a hash of its URL. Written
 * by whoever gets a timestamp that is good, at most once in an hour while it
 * stays the same. A convenience: what cannot be kept is not remembered, and
 * proves nothing about any timestamp.
 */
#ifndef TMK_PLUGINS_FRONT_STAMP_SEEN_H
#define TMK_PLUGINS_FRONT_STAMP_SEEN_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "base/err.h"

#define TMK_STAMP_SEEN_MAX 32	/* authorities; the one seen last stays */

/* A good token came at `now` from the authority of that name, its URL as it
 * may be shown (tmk_front_stamp_ask_show). */
void tmk_front_stamp_seen_note(const char *name, const uint8_t *token,
			       size_t len, int64_t now);

/* Everything that is remembered. */
struct tmk_stamp_seen;

/* Read it; what belongs to *out is empty when there is no such file. TMK_INPUT
 * for one that is not what we wrote; then nothing is remembered. */
int tmk_front_stamp_seen_read(struct tmk_stamp_seen **out,
			      struct tmk_err *err) TMK_MUST_CHECK;
void tmk_front_stamp_seen_free(struct tmk_stamp_seen *seen);

/* The file that it was read from; "" for none. Borrowed. */
const char *tmk_front_stamp_seen_path(const struct tmk_stamp_seen *seen);

/* What is remembered of an authority: its certificate, borrowed until _free,
 * and when it was seen; NULL for nothing. */
X509 *tmk_front_stamp_seen_get(int64_t *when,
			       const struct tmk_stamp_seen *seen,
			       const char *name);

#endif
