/*
 * status_tokens.c - the places of keys, looked at without a login.
 *
 * A module takes milliseconds to load and a token to list, whatever is asked
 * of it: keys whose URIs differ in nothing but the object are answered from
 * one listing of their token.
 */
#include "plugins/status_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/enc.h"
#include "iface/store.h"
#include "key/uri.h"
#include "plugins/front_key.h"
#include "plugins/front_pick.h"
#include "plugins/front_places.h"
#include "x509/cert.h"

#define LISTED_MAX 65536	/* keys in one token */

/* What is kept of one key in a token. */
struct listed {
	char label[256], token[192];
	uint8_t id[64];
	size_t id_len;
	uint8_t *spki;
	size_t spki_len;
};

/* All that one token (or all that one module) shows. */
struct token {
	struct token *next;
	char *uri;		/* without object, id and type */
	struct listed *key;
	int keys;
	STACK_OF(X509) *certs;
	char (*cert_key)[TMK_FRONT_SPKI_HEX];	/* whose each of them is */
	struct tmk_err why;	/* code 0: it was listed */
};

struct tmk_status_tokens {
	struct token *first;
};

int tmk_status_tokens_new(struct tmk_status_tokens **out, struct tmk_err *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : tmk_err_nomem(err);
}

void tmk_status_tokens_free(struct tmk_status_tokens *tokens)
{
	struct token *t;
	int i;

	while (tokens && (t = tokens->first)) {
		tokens->first = t->next;
		for (i = 0; i < t->keys; i++)
			free(t->key[i].spki);
		free(t->key);
		sk_X509_pop_free(t->certs, X509_free);
		free(t->cert_key);
		free(t->uri);
		free(t);
	}
	free(tokens);
}

/* ---- one listing ------------------------------------------------------------- */

static int on_key(void *ctx, const struct tmk_key_info *info,
		  struct tmk_err *err)
{
	struct token *t = ctx;
	struct listed *grown, *k;

	if (t->keys == LISTED_MAX)
		return tmk_err_set(err, TMK_KEY, "more than %d keys in one "
				   "token", LISTED_MAX);
	grown = realloc(t->key, ((size_t)t->keys + 1) * sizeof(*grown));
	if (!grown)
		return tmk_err_nomem(err);
	t->key = grown;
	k = &grown[t->keys];
	memset(k, 0, sizeof(*k));
	if (info->spki.len) {
		k->spki = malloc(info->spki.len);
		if (!k->spki)
			return tmk_err_nomem(err);
		memcpy(k->spki, info->spki.data, info->spki.len);
		k->spki_len = info->spki.len;
	}
	snprintf(k->label, sizeof(k->label), "%s", info->label);
	snprintf(k->token, sizeof(k->token), "%s", info->token);
	memcpy(k->id, info->id, sizeof(k->id));
	k->id_len = info->id_len;
	t->keys++;
	return 0;
}

static int on_cert(void *ctx, const uint8_t *der, size_t len,
		   struct tmk_err *err)
{
	struct token *t = ctx;
	X509 *cert = NULL;

	/* What cannot be read is no certificate of a key of ours. */
	if (tmk_cert_from_der(&cert, der, len, "on the token", NULL))
		return 0;
	if (!sk_X509_push(t->certs, cert)) {
		X509_free(cert);
		return tmk_err_nomem(err);
	}
	return 0;
}

/* The URI of all keys beside this one: its path without what names one of
 * them, of the query only the module. NULL when memory ends. */
static char *uri_of_token(const char *uri)
{
	static const char *const drop[] = { "object=", "id=", "type=" };
	struct tmk_buf out = TMK_BUF_INIT(TMK_URI_MAX);
	const char *at = uri + strlen("pkcs11:"), *between = "";
	int rc = tmk_buf_addstr(&out, "pkcs11:");
	char *copy = NULL;
	size_t i, len;

	for (; !rc && *at && *at != '?'; at += len + (at[len] == ';')) {
		len = strcspn(at, ";?");
		for (i = 0; i < sizeof(drop) / sizeof(*drop); i++)
			if (!strncmp(at, drop[i], strlen(drop[i])))
				break;
		if (!len || i < sizeof(drop) / sizeof(*drop))
			continue;
		rc = tmk_buf_printf(&out, "%s%.*s", between, (int)len, at);
		between = ";";
	}
	for (between = "?"; !rc && *at; at += len) {
		at++;
		len = strcspn(at, "&");
		if (strncmp(at, "module-", 7))
			continue;
		rc = tmk_buf_printf(&out, "%s%.*s", between, (int)len, at);
		between = "&";
	}
	if (!rc)
		copy = strdup(tmk_buf_str(&out));
	tmk_buf_release(&out);
	return copy;
}

static int key_of_cert(char hex[TMK_FRONT_SPKI_HEX], X509 *cert,
		       struct tmk_err *err)
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der), rc;

	if (len <= 0)
		return tmk_err_nomem(err);
	rc = tmk_front_spki_same(hex, der, (size_t)len, err);
	OPENSSL_free(der);
	return rc;
}

/* Once, not for each key that is looked for. */
static int name_certs(struct token *t, struct tmk_err *err)
{
	int i, n = sk_X509_num(t->certs);

	t->cert_key = calloc(n ? (size_t)n : 1, sizeof(*t->cert_key));
	if (!t->cert_key)
		return tmk_err_nomem(err);
	for (i = 0; i < n; i++)
		if (key_of_cert(t->cert_key[i], sk_X509_value(t->certs, i),
				err))
			return -1;
	return 0;
}

static int list(struct token *t, const struct tmk_config *config,
		struct tmk_err *err)
{
	const struct tmk_store_ops *store = tmk_front_store(t->uri, err);
	struct tmk_place place;

	if (!store)
		return -1;
	t->certs = sk_X509_new_null();
	if (!t->certs)
		return tmk_err_nomem(err);
	place = tmk_front_place(config, t->uri, NULL);
	if (store->list(&place, false, on_key, t, &t->why) ||
	    store->certs(&place, NULL, 0, on_cert, t, &t->why)) {
		if (t->why.code != TMK_INTERNAL)
			return 0;
		*err = t->why;
		return -1;
	}
	return name_certs(t, err);
}

static int token_of(struct token **out, struct tmk_status_tokens *tokens,
		    const struct tmk_config *config, const char *uri,
		    struct tmk_err *err)
{
	char *own = uri_of_token(uri);
	struct token *t;

	if (!own)
		return tmk_err_nomem(err);
	for (t = tokens->first; t; t = t->next)
		if (!strcmp(t->uri, own)) {
			free(own);
			*out = t;
			return 0;
		}
	t = calloc(1, sizeof(*t));
	if (!t) {
		free(own);
		return tmk_err_nomem(err);
	}
	t->uri = own;
	t->next = tokens->first;
	tokens->first = t;
	*out = t;
	return list(t, config, err);
}

/* ---- one key in it ------------------------------------------------------------ */

static void away(struct tmk_status_place *place, const struct tmk_err *why)
{
	place->where = TMK_STATUS_AWAY;
	snprintf(place->text, sizeof(place->text), "%s", why->text);
}

/* What a place showed: `spki` may be empty. */
static int take(struct tmk_status_key *key, struct tmk_status_place *place,
		const char *token, const uint8_t *spki, size_t len,
		struct tmk_err *err)
{
	char have[TMK_FRONT_SPKI_HEX];

	place->where = TMK_STATUS_THERE;
	snprintf(place->token, sizeof(place->token), "%s", token);
	if (!len)
		return 0;
	if (tmk_front_spki_same(have, spki, len, err))
		return -1;
	if (!key->spki.len) {
		memcpy(key->spki_hex, have, sizeof(have));
		return tmk_buf_add(&key->spki, spki, len) ?
			tmk_err_nomem(err) : 0;
	}
	if (!strcmp(have, key->spki_hex))
		return 0;
	place->where = TMK_STATUS_OTHER_KEY;
	snprintf(place->text, sizeof(place->text), "it holds another key "
		 "(sha256:%.16s...) than the places before it", have);
	return 0;
}

static bool fits(const struct listed *k, const struct tmk_uri *u)
{
	char label[256];

	if (u->has_id && (u->id_len != k->id_len ||
			  memcmp(u->id, k->id, k->id_len)))
		return false;
	return !u->label[0] ||
		!strcmp(k->label, tmk_enc_show_into(label, sizeof(label),
						    u->label,
						    strlen(u->label)));
}

static int look_at_token(struct tmk_status_tokens *tokens,
			 const struct tmk_status *status,
			 struct tmk_status_key *key, int i,
			 struct token **out, struct tmk_err *err)
{
	struct tmk_status_place *place = &key->place[i];
	const char *uri = key->section->uri[i];
	const struct listed *found = NULL;
	struct tmk_err why = TMK_ERR_INIT;
	struct tmk_uri u;
	struct token *t;
	int j, n = 0;

	memset(&u, 0, sizeof(u));
	if (tmk_uri_parse(&u, uri, &why)) {
		away(place, &why);
		tmk_uri_release(&u);
		return 0;
	}
	if (token_of(&t, tokens, status->config, uri, err)) {
		tmk_uri_release(&u);
		return -1;
	}
	for (j = 0; j < t->keys; j++)
		if (fits(&t->key[j], &u) && !n++)
			found = &t->key[j];
	tmk_uri_release(&u);
	*out = t;
	if (t->why.code) {
		away(place, &t->why);
		return 0;
	}
	if (n == 1)
		return take(key, place, found->token, found->spki,
			    found->spki_len, err);
	place->where = n ? TMK_STATUS_SEVERAL : TMK_STATUS_MISSING;
	snprintf(place->text, sizeof(place->text), n ? "the URI fits several "
		 "keys" : "no such key is to be seen there without a login");
	return 0;
}

/* A service or another host: there is nothing to be shared. */
static int look_elsewhere(const struct tmk_status *status,
			  struct tmk_status_key *key, int i,
			  struct tmk_front_look *look, struct tmk_err *err)
{
	struct tmk_status_place *place = &key->place[i];
	struct tmk_place where = tmk_front_place(status->config,
						 key->section->uri[i], NULL);
	struct tmk_err why = TMK_ERR_INIT;

	if (tmk_front_look(look, &where, false, &why)) {
		away(place, &why);
		if (why.code == TMK_INTERNAL)
			*err = why;
		return why.code == TMK_INTERNAL ? -1 : 0;
	}
	if (look->keys == 1)
		return take(key, place, look->info.token,
			    look->info.spki.data, look->info.spki.len, err);
	place->where = look->keys ? TMK_STATUS_SEVERAL : TMK_STATUS_MISSING;
	snprintf(place->text, sizeof(place->text), look->keys ?
		 "the URI fits several keys" : "no such key is there");
	return 0;
}

int tmk_status_tokens_look(struct tmk_status_tokens *tokens,
			   const struct tmk_status *status,
			   struct tmk_status_key *key, int i,
			   int (*seen)(struct tmk_status_key *key, X509 *cert,
				       struct tmk_err *err),
			   struct tmk_err *err)
{
	struct tmk_status_place *place = &key->place[i];
	const char *uri = key->section->uri[i];
	struct tmk_front_look look = { .keys = 0 };
	struct token *t = NULL;
	int j, rc;

	tmk_key_info_init(&look.info);
	tmk_front_places_shown(place->uri, sizeof(place->uri), uri);
	place->where = TMK_STATUS_UNSEEN;
	if (status->offline)
		return 0;
	if (!strncasecmp(uri, "pkcs11:", 7)) {
		rc = look_at_token(tokens, status, key, i, &t, err);
	} else {
		rc = look_elsewhere(status, key, i, &look, err);
	}
	for (j = 0; !rc && place->where == TMK_STATUS_THERE && t &&
	     j < sk_X509_num(t->certs); j++)
		if (!strcmp(t->cert_key[j], key->spki_hex))
			rc = seen(key, sk_X509_value(t->certs, j), err);
	for (j = 0; !rc && place->where == TMK_STATUS_THERE &&
	     j < sk_X509_num(look.certs); j++)
		if (tmk_cert_has_key(sk_X509_value(look.certs, j),
				     key->spki.data, key->spki.len))
			rc = seen(key, sk_X509_value(look.certs, j), err);
	tmk_front_look_release(&look);
	return rc;
}
