#include "plugins/front_pick_known.h"

#include <stdlib.h>
#include <string.h>

#define KEPT 32			/* keys */
#define SPKI_MAX 2048		/* bytes */
#define URIS_MAX 16384		/* bytes of all URIs of a key */

struct known {
	char *name;
	char *uris;
	struct tmk_buf spki;
};

static struct known kept[KEPT];

static void drop(struct known *k)
{
	free(k->name);
	free(k->uris);
	tmk_buf_release(&k->spki);
	memset(k, 0, sizeof(*k));
}

/* All URIs in one text; NULL when there is none to be had. */
static char *join(char *const *uri, int uris)
{
	struct tmk_buf b = TMK_BUF_INIT(URIS_MAX);
	char *all = NULL;
	int i, rc = 0;

	for (i = 0; i < uris && !rc; i++)
		rc = strcasestr(uri[i], "pin-value") ||
			tmk_buf_addstr(&b, uri[i]) ||
			tmk_buf_addch(&b, '\n');
	if (!rc)
		all = strdup(tmk_buf_str(&b));
	tmk_buf_release(&b);
	return all;
}

void tmk_front_pick_unlearn(const char *name)
{
	int i;

	for (i = 0; i < KEPT; i++)
		if (kept[i].name && !strcmp(kept[i].name, name))
			drop(&kept[i]);
}

/* An empty place, -1 when there is none. */
static int room(void)
{
	int i;

	for (i = 0; i < KEPT; i++)
		if (!kept[i].name)
			return i;
	return -1;
}

void tmk_front_pick_learn(const struct tmk_front_pick *pick,
			  const struct tmk_buf *spki)
{
	const struct tmk_key_config *key = pick->key;
	int at;

	if (!key || !spki->len)
		return;
	tmk_front_pick_unlearn(key->name);
	at = room();
	if (at < 0)
		return;
	tmk_buf_init(&kept[at].spki, SPKI_MAX);
	kept[at].name = strdup(key->name);
	kept[at].uris = join(key->uri, key->uris);
	if (!kept[at].name || !kept[at].uris ||
	    tmk_buf_add(&kept[at].spki, spki->data, spki->len))
		drop(&kept[at]);
}

const struct tmk_buf *tmk_front_pick_known(const struct tmk_key_config *key)
{
	const struct tmk_buf *found = NULL;
	char *uris = join(key->uri, key->uris);
	int i;

	for (i = 0; i < KEPT && uris && !found; i++)
		if (kept[i].name && !strcmp(kept[i].name, key->name) &&
		    !strcmp(kept[i].uris, uris))
			found = &kept[i].spki;
	free(uris);
	return found;
}
