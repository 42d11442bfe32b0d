#include "plugins/front_places.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "key/remote.h"
#include "key/request.h"
#include "plugins/front_key.h"
#include "plugins/front_session.h"
#include "plugins/front_spki.h"
#include "x509/digest.h"

#define AWAY_MS 60000		/* how long a place that was away comes last */
#define KEPT 64			/* places, and keys, that are remembered */

/* A digest, since a URI may hold a PIN. */
struct mark {
	uint8_t of[TMK_DIGEST_MAX];
	size_t len;
};

static int make_mark(struct mark *m, const char *text)
{
	memset(m, 0, sizeof(*m));
	return tmk_digest_bytes(TMK_SHA256, text, strlen(text), m->of, &m->len,
				NULL);
}

static bool same_mark(const struct mark *a, const struct mark *b)
{
	return a->len && a->len == b->len && !memcmp(a->of, b->of, a->len);
}

/* ---- who was away ------------------------------------------------------------ */

static struct {
	struct mark uri;
	int64_t until;		/* tmk_clock_slept_ms; 0: it is there */
} seen[KEPT];
static int next_seen;

/* Its place in the memory, or -1. */
static int find_seen(const char *uri)
{
	struct mark m;
	int i;

	if (make_mark(&m, uri))
		return -1;
	for (i = 0; i < KEPT; i++)
		if (same_mark(&seen[i].uri, &m))
			return i;
	return -1;
}

static bool was_away(const char *uri)
{
	int i = find_seen(uri);

	return i >= 0 && tmk_clock_slept_ms() < seen[i].until;
}

void tmk_front_places_note(const char *uri, bool away)
{
	int i = find_seen(uri);

	if (i < 0) {
		if (!away)
			return;
		i = next_seen;
		next_seen = (next_seen + 1) % KEPT;
		if (make_mark(&seen[i].uri, uri)) {
			memset(&seen[i], 0, sizeof(seen[i]));
			return;
		}
	}
	seen[i].until = away ? tmk_clock_slept_ms() + AWAY_MS : 0;
}

int tmk_front_places_order(int order[TMK_CONFIG_URI_MAX],
			   const struct tmk_front_pick *pick)
{
	bool away[TMK_CONFIG_URI_MAX] = { false };
	int i, n = 0;

	for (i = 0; pick->uris > 1 && i < pick->uris; i++)
		away[i] = was_away(pick->uri[i]);
	for (i = 0; i < pick->uris; i++)
		if (!away[i])
			order[n++] = i;
	for (i = 0; i < pick->uris; i++)
		if (away[i])
			order[n++] = i;
	return n;
}

/* ---- what they are ----------------------------------------------------------- */

char *tmk_front_places_shown(char *out, size_t size, const char *uri)
{
	char text[TMK_REMOTE_SHOWN];
	struct tmk_remote_uri u;

	if (tmk_remote_claims(uri) && !tmk_remote_uri_parse(&u, uri, NULL))
		tmk_remote_shown(text, sizeof(text), &u);
	else
		snprintf(text, sizeof(text), "%.*s",
			 tmk_front_pick_shown(uri), uri);
	if (!tmk_remote_claims(uri))
		text[strcspn(text, "?")] = '\0';
	return tmk_enc_show_into(out, size, text, strlen(text));
}

bool tmk_front_places_far(const char *uri)
{
	struct tmk_err ignored = TMK_ERR_INIT;
	const struct tmk_store_ops *store = tmk_front_store(uri, &ignored);

	return store && (store->remote || store->service);
}

bool tmk_front_places_own(const struct tmk_front_pick *pick)
{
	const struct tmk_store_ops *store;
	struct tmk_err ignored = TMK_ERR_INIT;
	int i;

	for (i = 0; i < pick->uris; i++) {
		store = tmk_front_store(pick->uri[i], &ignored);
		if (store && store->service)
			return true;
	}
	return false;
}

/* ---- the same key everywhere --------------------------------------------------- */

static struct {
	struct mark key;	/* name and URIs */
	char shown[TMK_FRONT_PLACE_TEXT];	/* who showed it first */
	int place;
	char spki[TMK_FRONT_SPKI_HEX];
} shown[KEPT];
static int next_shown;
/* One place is asked for itself: whoever does so compares, and shows what each
 * of them has. */
static bool alone;

static int mark_key(struct mark *m, const struct tmk_front_pick *pick)
{
	struct tmk_buf all = TMK_BUF_INIT(TMK_CONFIG_URI_MAX * 8192 + 256);
	int i, rc = tmk_buf_addstr(&all, pick->name);

	memset(m, 0, sizeof(*m));
	for (i = 0; !rc && i < pick->uris; i++)
		rc = tmk_buf_printf(&all, "\n%s", pick->uri[i]);
	if (!rc)
		rc = tmk_digest_bytes(TMK_SHA256, all.data, all.len, m->of,
				      &m->len, NULL);
	tmk_buf_release(&all);
	return rc;
}

static int another(const struct tmk_front_pick *pick, int i, int first,
		   const char *spki, struct tmk_err *err)
{
	char name[TMK_FRONT_PLACE_TEXT];

	tmk_err_set(err, TMK_KEY, "key '%s': %s holds another key than %s: "
		    "sha256:%.16s... instead of sha256:%.16s...", pick->name,
		    tmk_front_places_shown(name, sizeof(name), pick->uri[i]),
		    shown[first].shown, spki, shown[first].spki);
	return tmk_err_hint(err, "all places of a key hold one key; touchmark "
			    "key selftest %s tells which one is wrong",
			    pick->key ? pick->name : "");
}

int tmk_front_places_same(const struct tmk_front_pick *pick, int i,
			  const uint8_t *spki, size_t len, struct tmk_err *err)
{
	char now[TMK_FRONT_SPKI_HEX];
	struct mark key;
	int at;

	if (pick->uris < 2 || alone)
		return 0;
	if (mark_key(&key, pick) || tmk_front_spki_same(now, spki, len, NULL))
		return tmk_err_set(err, TMK_INTERNAL, "cannot compare keys");
	for (at = 0; at < KEPT; at++)
		if (same_mark(&shown[at].key, &key))
			break;
	if (at < KEPT && shown[at].place != i)
		return !strcmp(shown[at].spki, now) ? 0 :
			another(pick, i, at, now, err);
	/* The same place may have got another key since. */
	if (at == KEPT) {
		at = next_shown;
		next_shown = (next_shown + 1) % KEPT;
	}
	shown[at].key = key;
	shown[at].place = i;
	memcpy(shown[at].spki, now, sizeof(now));
	tmk_front_places_shown(shown[at].shown, sizeof(shown[at].shown),
			       pick->uri[i]);
	return 0;
}

int tmk_front_places_pinned(const struct tmk_front_pick *pick, int i,
			    const uint8_t *spki, size_t len,
			    struct tmk_err *err)
{
	char name[TMK_FRONT_PLACE_TEXT], now[TMK_FRONT_SPKI_HEX];
	const struct tmk_key_config *key = pick->key;

	if (!key || !*key->spki)
		return 0;
	if (tmk_front_spki_same(now, spki, len, err))
		return -1;
	if (!strcmp(now, key->spki))
		return 0;
	tmk_err_set(err, TMK_KEY, "key '%s': %s holds another key than "
		    "touchmark.%s.spki says: sha256:%.16s... instead of "
		    "sha256:%.16s...", pick->name,
		    tmk_front_places_shown(name, sizeof(name), pick->uri[i]),
		    key->name, now, key->spki);
	return tmk_err_hint(err, "nothing was signed; find out who changed "
			    "that place, or write what touchmark key show "
			    "tells when the new key is wanted");
}

/* Sessions for this one place. */
static int one_place(struct tmk_sessions **out, struct tmk_request *request,
		     const struct tmk_config *config, const char *what,
		     const struct tmk_front_pick *pick, int i,
		     struct tmk_err *err)
{
	if (tmk_sessions_new(out, false, err))
		return -1;
	tmk_sessions_configure(*out, config);
	(*out)->what = what;
	/* A bare URI is one place. */
	(*out)->only = pick->key ? i + 1 : 0;
	request->key = pick->key ? pick->name : pick->uri[i];
	return 0;
}

int tmk_front_places_ask(struct tmk_answer *answer,
			 const struct tmk_request *request,
			 const struct tmk_config *config, const char *what,
			 const struct tmk_front_pick *pick, int i,
			 const struct tmk_person *person, struct tmk_err *err)
{
	struct tmk_sessions *sessions = NULL;
	struct tmk_request mine = *request;

	if (one_place(&sessions, &mine, config, what, pick, i, err))
		return -1;
	alone = true;
	tmk_front_serve(answer, &mine, sessions, person);
	alone = false;
	tmk_sessions_free(sessions);
	if (!answer->away)
		return 0;
	tmk_err_set(err, answer->code, "%s", answer->text);
	(void)tmk_err_hint(err, "%s", answer->hint);
	return 1;
}
