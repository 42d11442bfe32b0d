/*
 * front_places.h - one key in several places: tokens, signing hosts, services.
 *
 * In which order they are asked, and whether they all hold the same key. What
 * is remembered is of this process alone, and gone with it: a place that was
 * away a moment ago is asked last for a while. Knows no token itself. For one
 * thread at a time.
 */
#ifndef TMK_PLUGINS_FRONT_PLACES_H
#define TMK_PLUGINS_FRONT_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/config.h"
#include "iface/pin.h"
#include "key/request.h"
#include "plugins/front_pick.h"

#define TMK_FRONT_PLACE_TEXT 256

/* The places of a key (indices of pick->uri) as they are to be asked: in the
 * order of the configuration, those that were away within the last 60 seconds
 * after the others. Returns how many. */
int tmk_front_places_order(int order[TMK_CONFIG_URI_MAX],
			   const struct tmk_front_pick *pick);

/* It was away just now, or it was there. */
void tmk_front_places_note(const char *uri, bool away);

/* How a place is named to people, without any PIN, escaped: "USER@HOST",
 * "token=LABEL;...". Returns `out` (`size` bytes). */
char *tmk_front_places_shown(char *out, size_t size, const char *uri);

/* Whether a place is not on this machine: a signing host, a service. */
bool tmk_front_places_far(const char *uri);

/* Whether a place is reached with credentials in the caller's environment (a
 * service): then an agent leaves the key to the caller. */
bool tmk_front_places_own(const struct tmk_front_pick *pick);

/*
 * All places of a key hold one key. The public key that place `i` shows
 * (SubjectPublicKeyInfo, DER) is held against what another place showed to
 * this process before: TMK_KEY, naming both, when it is another one. Not when
 * one place is asked by itself (tmk_front_places_ask).
 */
int tmk_front_places_same(const struct tmk_front_pick *pick, int i,
			  const uint8_t *spki, size_t len,
			  struct tmk_err *err) TMK_MUST_CHECK;

/*
 * The public key that place `i` shows is the one that touchmark.NAME.spki says,
 * if it says one: else TMK_KEY, naming both.
 */
int tmk_front_places_pinned(const struct tmk_front_pick *pick, int i,
			    const uint8_t *spki, size_t len,
			    struct tmk_err *err) TMK_MUST_CHECK;

/*
 * Have a SIGN or PREPARE answered by the place `i` alone, a token or a host,
 * past the guard as `what` ("selftest"; static). 0 with an answer (initialised
 * by the caller), which may say no; 1 when the place is away; negative when
 * nothing could be asked. For the key of `pick` whatever request->key says;
 * which public key it has is for the caller to compare.
 */
int tmk_front_places_ask(struct tmk_answer *answer,
			 const struct tmk_request *request,
			 const struct tmk_config *config, const char *what,
			 const struct tmk_front_pick *pick, int i,
			 const struct tmk_person *person, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
