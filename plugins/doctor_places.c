/*
 * doctor_places.c - the other places of a key: whether they could take over
 * from the first that is there, and whether they hold the same key.
 */
#include <stdio.h>
#include <string.h>

#include "iface/store.h"
#include "plugins/doctor_facts.h"
#include "plugins/front_key.h"
#include "plugins/front_pick.h"
#include "plugins/front_places.h"
#include "plugins/front_spki.h"

bool tmk_doctor_places_elsewhere(const char *uri)
{
	struct tmk_err ignored = TMK_ERR_INIT;
	const struct tmk_store_ops *store = tmk_front_store(uri, &ignored);

	return store && (store->remote || store->service);
}

bool tmk_doctor_places_remote(const char *uri)
{
	struct tmk_err ignored = TMK_ERR_INIT;
	const struct tmk_store_ops *store = tmk_front_store(uri, &ignored);

	return store && store->remote;
}

void tmk_doctor_places_unasked(struct tmk_doctor *d,
			       const struct tmk_key_config *key,
			       const char *uri)
{
	char name[TMK_FRONT_PLACE_TEXT];

	tmk_doctor_say(d, TMK_DOCTOR_SKIP, "place", "leave --offline out",
		       "key '%s': %s was not asked", key->name,
		       tmk_front_places_shown(name, sizeof(name), uri));
}

/* The first public key that a place of the key showed, and who it was. */
struct first {
	char spki[TMK_FRONT_SPKI_HEX];	/* "": none yet */
	char from[TMK_FRONT_PLACE_TEXT];
	int compared;		/* places that showed one, the first too */
};

static void keep_first(struct first *f, const char *name, const char *spki)
{
	snprintf(f->spki, sizeof(f->spki), "%s", spki);
	snprintf(f->from, sizeof(f->from), "%s", name);
}

/* "" when no key is shown. */
static void name_key(char out[TMK_FRONT_SPKI_HEX], const struct tmk_buf *spki)
{
	if (!spki->len ||
	    tmk_front_spki_same(out, spki->data, spki->len, NULL))
		*out = '\0';
}

/* One key is there. */
static void compare(struct tmk_doctor *d, const struct tmk_key_config *key,
		    const char *name, const struct tmk_buf *spki,
		    struct first *f)
{
	char own[TMK_FRONT_SPKI_HEX];

	name_key(own, spki);
	if (!*own) {
		tmk_doctor_say(d, TMK_DOCTOR_WARN, "place", "touchmark key "
			       "selftest NAME signs in each place and compares",
			       "key '%s': %s is there, and shows no public "
			       "key", key->name, name);
		return;
	}
	f->compared++;
	if (!*f->spki) {
		keep_first(f, name, own);
		tmk_doctor_say(d, TMK_DOCTOR_OK, "place", NULL, "key '%s': %s "
			       "is there, and is the first to show its public "
			       "key", key->name, name);
	} else if (strcmp(own, f->spki)) {
		tmk_doctor_say(d, TMK_DOCTOR_FAIL, "place", "all places of a "
			       "key hold one key: take the wrong one out of "
			       "touchmark.NAME.uri", "key '%s': %s holds "
			       "another key than %s: sha256:%.16s... instead "
			       "of sha256:%.16s...", key->name, name, f->from,
			       own, f->spki);
	} else {
		tmk_doctor_say(d, TMK_DOCTOR_OK, "place", NULL, "key '%s': %s "
			       "holds the same key", key->name, name);
	}
}

static void look_at(struct tmk_doctor *d, const struct tmk_key_config *key,
		    const char *uri, struct first *f)
{
	struct tmk_place place = tmk_front_place(d->config, uri, NULL);
	struct tmk_err err = TMK_ERR_INIT;
	char name[TMK_FRONT_PLACE_TEXT];
	struct tmk_front_look look;

	tmk_front_places_shown(name, sizeof(name), uri);
	if (tmk_front_look(&look, &place, false, &err) < 0) {
		tmk_err_prefix(&err, "key '%s': %s is away", key->name, name);
		tmk_doctor_say_error(d, TMK_DOCTOR_WARN, "place", &err);
		return;
	}
	if (!look.keys)
		tmk_doctor_say(d, TMK_DOCTOR_WARN, "place", "plug it in; "
			       "until then this place cannot take over",
			       "key '%s': %s shows no such key", key->name,
			       name);
	else if (look.keys > 1)
		tmk_doctor_say(d, TMK_DOCTOR_WARN, "place", "name it by id= or "
			       "object= in the URI", "key '%s': %s fits %d "
			       "keys", key->name, name, look.keys);
	else
		compare(d, key, name, &look.info.spki, f);
	tmk_front_look_release(&look);
}

/* How many of them nobody was to ask. */
static int unasked(const struct tmk_doctor *d,
		   const struct tmk_key_config *key)
{
	int i, n = 0;

	for (i = 0; d->offline && i < key->uris; i++)
		n += tmk_doctor_places_elsewhere(key->uri[i]);
	return n;
}

void tmk_doctor_places(struct tmk_doctor *d, const struct tmk_key_config *key,
		       int from, const struct tmk_buf *spki)
{
	struct first f = { .compared = 0 };
	int i, left;

	name_key(f.spki, spki);
	if (*f.spki) {
		tmk_front_places_shown(f.from, sizeof(f.from),
				       key->uri[from - 1]);
		f.compared = 1;
	}
	for (i = from; i < key->uris; i++) {
		if (d->offline && tmk_doctor_places_elsewhere(key->uri[i]))
			tmk_doctor_places_unasked(d, key, key->uri[i]);
		else
			look_at(d, key, key->uri[i], &f);
	}
	left = key->uris - unasked(d, key) - f.compared;
	if (key->uris > 1 && left > 0)
		tmk_doctor_say(d, TMK_DOCTOR_WARN, "place", "touchmark key "
			       "selftest NAME signs in each place and compares; "
			       "run it when all of them are there",
			       "key '%s': whether %d of its %d places hold the "
			       "same key could not be seen", key->name, left,
			       key->uris);
}
