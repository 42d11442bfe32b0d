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

void tmk_doctor_places_unasked(struct tmk_doctor *d,
			       const struct tmk_key_config *key,
			       const char *uri)
{
	char name[TMK_FRONT_PLACE_TEXT];

	tmk_doctor_say(d, TMK_DOCTOR_SKIP, "place", "leave --offline out",
		       "key '%s': %s was not asked", key->name,
		       tmk_front_places_shown(name, sizeof(name), uri));
}

/* 1 the same, 0 another, negative when one of them is not shown. */
static int same(const struct tmk_buf *a, const struct tmk_buf *b)
{
	char one[TMK_FRONT_SPKI_HEX], other[TMK_FRONT_SPKI_HEX];

	if (!a->len || !b->len ||
	    tmk_front_spki_same(one, a->data, a->len, NULL) ||
	    tmk_front_spki_same(other, b->data, b->len, NULL))
		return -1;
	return !strcmp(one, other);
}

static void look_at(struct tmk_doctor *d, const struct tmk_key_config *key,
		    const char *uri, const struct tmk_buf *spki)
{
	struct tmk_place place = tmk_front_place(d->config, uri, NULL);
	struct tmk_err err = TMK_ERR_INIT;
	char name[TMK_FRONT_PLACE_TEXT];
	struct tmk_front_look look;
	int rc;

	tmk_front_places_shown(name, sizeof(name), uri);
	if (tmk_front_look(&look, &place, false, &err) < 0) {
		tmk_err_prefix(&err, "key '%s': %s is away", key->name, name);
		tmk_doctor_say_error(d, TMK_DOCTOR_WARN, "place", &err);
		return;
	}
	rc = look.keys == 1 ? same(&look.info.spki, spki) : -1;
	if (!look.keys)
		tmk_doctor_say(d, TMK_DOCTOR_WARN, "place", "plug it in; "
			       "until then this place cannot take over",
			       "key '%s': %s shows no such key", key->name,
			       name);
	else if (look.keys > 1)
		tmk_doctor_say(d, TMK_DOCTOR_WARN, "place", "name it by id= or "
			       "object= in the URI", "key '%s': %s fits %d "
			       "keys", key->name, name, look.keys);
	else if (rc < 0)
		tmk_doctor_say(d, TMK_DOCTOR_WARN, "place", "touchmark key "
			       "selftest NAME signs in each place and compares",
			       "key '%s': %s is there, and shows no public "
			       "key", key->name, name);
	else if (!rc)
		tmk_doctor_say(d, TMK_DOCTOR_FAIL, "place", "all places of a "
			       "key hold one key: take the wrong one out of "
			       "touchmark.NAME.uri", "key '%s': %s holds "
			       "another key", key->name, name);
	else
		tmk_doctor_say(d, TMK_DOCTOR_OK, "place", NULL, "key '%s': %s "
			       "holds the same key", key->name, name);
	tmk_front_look_release(&look);
}

void tmk_doctor_places(struct tmk_doctor *d, const struct tmk_key_config *key,
		       int from, const struct tmk_buf *spki)
{
	int i;

	for (i = from; i < key->uris; i++) {
		if (d->offline && tmk_doctor_places_elsewhere(key->uri[i]))
			tmk_doctor_places_unasked(d, key, key->uri[i]);
		else
			look_at(d, key, key->uri[i], spki);
	}
}
