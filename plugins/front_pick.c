#include "plugins/front_pick.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/x509v3.h>

#include "base/enc.h"
#include "plugins/front_key.h"
#include "x509/cert.h"

size_t tmk_front_pick_mail(const char **mail, const char *user)
{
	const char *open = strchr(user, '<'), *shut;

	if (open) {
		shut = strchr(open, '>');
		*mail = open + 1;
		return shut && !shut[1] && memchr(open, '@', shut - open) ?
			(size_t)(shut - open - 1) : 0;
	}
	*mail = user;
	return strchr(user, '@') && !strpbrk(user, " :/") ? strlen(user) : 0;
}

int tmk_front_pick_shown(const char *key)
{
	const char *pin = strcasestr(key, "pin-value");
	size_t query = strcspn(key, "?");

	if (!pin)
		return (int)strlen(key);
	return (int)((size_t)(pin - key) < query ? (size_t)(pin - key) : query);
}

static bool all_hex(const char *text, size_t len)
{
	return strlen(text) == len &&
		strspn(text, "0123456789abcdefABCDEF") == len;
}

/* What to look for; exactly one of the fields is set. */
struct wanted {
	const char *sha1;	/* 40 hex digits */
	const char *sha256;	/* 64 hex digits */
	const char *mail;
	size_t mail_len;
};

static bool wanted_from(struct wanted *w, const char *key)
{
	memset(w, 0, sizeof(*w));
	if (all_hex(key, 40))
		w->sha1 = key;
	else if (!strncmp(key, "sha256:", 7) && all_hex(key + 7, 64))
		w->sha256 = key + 7;
	else
		w->mail_len = tmk_front_pick_mail(&w->mail, key);
	return w->sha1 || w->sha256 || w->mail_len;
}

static bool mail_is(const struct wanted *w, const char *mail, size_t len)
{
	return len == w->mail_len && !strncasecmp(mail, w->mail, len);
}

static bool cert_fits(const struct wanted *w, X509 *cert)
{
	char text[TMK_FINGERPRINT_TEXT], mail[512];
	int i;

	if (X509_check_ca(cert))
		return false;	/* an intermediate names no key of ours */
	if (w->sha1)
		return !strcasecmp(tmk_cert_sha1_upper(text, cert), w->sha1);
	if (w->sha256)
		return !strcasecmp(tmk_cert_sha256(text, cert), w->sha256);
	for (i = 0; tmk_cert_email(mail, sizeof(mail), cert, i); i++)
		if (mail_is(w, mail, strlen(mail)))
			return true;
	return false;
}

static bool any_fits(const struct wanted *w, STACK_OF(X509) *certs,
		     const struct tmk_buf *spki)
{
	int i;

	for (i = 0; i < sk_X509_num(certs); i++) {
		X509 *cert = sk_X509_value(certs, i);

		if (spki && (!spki->len ||
			     !tmk_cert_has_key(cert, spki->data, spki->len)))
			continue;
		if (cert_fits(w, cert))
			return true;
	}
	return false;
}

/* 1, 0, or negative when the certificates cannot be seen. */
static int key_fits(const struct wanted *w, const struct tmk_config *config,
		    const struct tmk_key_config *key, struct tmk_err *err)
{
	STACK_OF(X509) *certs = NULL;
	struct tmk_front_look look;
	struct tmk_place place;
	const char *mail = NULL;
	size_t len;
	int ret, i;

	if (w->mail && key->user_id) {
		len = tmk_front_pick_mail(&mail, key->user_id);
		if (len && mail_is(w, mail, len))
			return 1;
	}
	if (key->cert) {
		if (tmk_cert_load_file(&certs, key->cert, err) < 0)
			return -1;
		ret = any_fits(w, certs, NULL);
		sk_X509_pop_free(certs, X509_free);
		return ret;
	}
	for (i = 0, ret = -1; i < key->uris; i++) {
		place = tmk_front_place(config, key->uri[i], NULL);
		if (tmk_front_look(&look, &place, false, err) < 0)
			continue;
		ret = look.keys == 1 &&
			any_fits(w, look.certs, &look.info.spki);
		tmk_front_look_release(&look);
		if (look.keys)
			break;	/* the place that would be used */
	}
	return ret;
}

static void take(struct tmk_front_pick *out, const struct tmk_key_config *key)
{
	int i;

	memset(out, 0, sizeof(*out));
	out->name = key->name;
	out->key = key;
	out->cert = key->cert;
	for (i = 0; i < key->uris; i++)
		out->uri[out->uris++] = key->uri[i];
}

/* Ask every configured key. One that cannot be looked at is passed over when
 * another fits, and named when none does. */
static int search(struct tmk_front_pick *out, const struct tmk_config *config,
		  const char *key, const struct wanted *w, struct tmk_err *err)
{
	const struct tmk_key_config *found = NULL;
	struct tmk_err last = TMK_ERR_INIT;
	int i, fits;

	for (i = 0; i < config->n_keys; i++) {
		fits = key_fits(w, config, &config->keys[i], &last);
		if (fits < 0)
			tmk_err_prefix(&last, "key '%s'",
				       config->keys[i].name);
		if (fits <= 0)
			continue;
		if (found) {
			tmk_err_set(err, TMK_KEY, "'%s' fits two keys: '%s' "
				    "and '%s'", key, found->name,
				    config->keys[i].name);
			return tmk_err_hint(err, "name the key itself: -k %s, "
					    "or git config user.signingKey %s",
					    found->name, found->name);
		}
		found = &config->keys[i];
	}
	if (found) {
		take(out, found);
		return 1;
	}
	/* Not ours as far as can be seen: what could not be seen matters only
	 * to somebody who is sure that the key is ours. */
	if (last.code && err)
		*err = last;
	return 0;
}

static int pick_default(struct tmk_front_pick *out,
			const struct tmk_config *config, struct tmk_err *err)
{
	int found;

	if (!config->key) {
		if (config->n_keys != 1)
			return 0;
		take(out, &config->keys[0]);
		return 1;
	}
	found = tmk_front_pick(out, config, config->key, err);
	if (found)
		return found;
	tmk_err_set(err, TMK_USAGE, "touchmark.key names '%.*s', which is "
		    "not configured", tmk_front_pick_shown(config->key),
		    config->key);
	return tmk_err_hint(err, "touchmark key list shows the keys; "
			    "git config touchmark.key NAME chooses one");
}

int tmk_front_pick(struct tmk_front_pick *out,
		   const struct tmk_config *config, const char *key,
		   struct tmk_err *err)
{
	const struct tmk_key_config *named;
	struct tmk_err ignored = TMK_ERR_INIT;
	struct wanted w;

	if (!key || !*key)
		return pick_default(out, config, err);
	named = tmk_config_key(config, key);
	if (named) {
		take(out, named);
		return 1;
	}
	if (!strncasecmp(key, "pkcs11:", 7) || tmk_front_store(key, &ignored)) {
		memset(out, 0, sizeof(*out));
		/* A pin-value stands in the query (RFC 7512 2.4). */
		snprintf(out->shown, sizeof(out->shown), "%.*s",
			 (int)strcspn(key, "?"), key);
		out->name = out->shown;
		out->uri[out->uris++] = key;
		return 1;
	}
	if (!wanted_from(&w, key))
		return 0;
	return search(out, config, key, &w, err);
}

int tmk_front_pick_prefix(const struct tmk_front_pick *pick,
			  struct tmk_err *err)
{
	return tmk_err_prefix(err, "key '%s'", pick->name);
}

int tmk_front_pick_must(struct tmk_front_pick *out,
			const struct tmk_config *config, const char *key,
			struct tmk_err *err)
{
	struct tmk_err seen = TMK_ERR_INIT;
	int found = tmk_front_pick(out, config, key, &seen);

	if (found == 1)
		return 0;
	if (found < 0 || seen.code) {
		if (err)
			*err = seen;
		return -1;
	}
	if (key && *key) {
		tmk_err_set(err, TMK_KEY, "no key is called '%.*s'",
			    tmk_front_pick_shown(key), key);
		return tmk_err_hint(err, "touchmark key list shows the keys");
	}
	if (config->n_keys) {
		tmk_err_set(err, TMK_USAGE,
			    "several keys are configured and none is chosen");
		return tmk_err_hint(err, "name one with -k, or set "
				    "touchmark.key");
	}
	tmk_err_set(err, TMK_KEY, "no key is configured");
	return tmk_err_hint(err, "touchmark init makes one");
}
