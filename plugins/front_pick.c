#include "plugins/front_pick.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/x509v3.h>

#include "base/clock.h"
#include "base/enc.h"
#include "plugins/front_certs.h"
#include "plugins/front_key.h"
#include "plugins/front_pick_known.h"
#include "seal/openpgp_key.h"
#include "seal/ssh_key.h"
#include "x509/cert.h"

#define SPKI_MAX 2048	/* bytes */
#define PRIVATE "type=private"

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
	const char *sha1;	/* 40 hex digits: certificate, or OpenPGP */
	const char *sha256;	/* 64 hex digits */
	const char *ssh;	/* "SHA256:..." */
	struct tmk_buf spki;	/* of an SSH public key line */
	const char *mail;
	size_t mail_len;
};

static bool is_ssh_line(const char *key)
{
	return (!strncmp(key, "ssh-", 4) || !strncmp(key, "ecdsa-", 6)) &&
		strchr(key, ' ');
}

static bool wanted_from(struct wanted *w, const char *key)
{
	memset(w, 0, sizeof(*w));
	tmk_buf_init(&w->spki, SPKI_MAX);
	if (all_hex(key, 40))
		w->sha1 = key;
	else if (!strncmp(key, "sha256:", 7) && all_hex(key + 7, 64))
		w->sha256 = key + 7;
	else if (!strncmp(key, "SHA256:", 7))
		w->ssh = key;
	else if (is_ssh_line(key))
		return !tmk_ssh_key_spki(&w->spki, key, NULL);
	else
		w->mail_len = tmk_front_pick_mail(&w->mail, key);
	return w->sha1 || w->sha256 || w->ssh || w->mail_len;
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

/* What is said of the bare public key: its SSH form, or its OpenPGP
 * fingerprint where its creation time is known. */
static bool spki_fits(const struct wanted *w, const struct tmk_key_config *key,
		      const uint8_t *spki, size_t len)
{
	char id[TMK_KEY_ID];

	if (w->spki.len)
		return w->spki.len == len && !memcmp(w->spki.data, spki, len);
	if (w->ssh)
		return !tmk_ssh_key_fingerprint(id, spki, len, NULL) &&
			!strcmp(id, w->ssh);
	return w->sha1 && key->created != TMK_TIME_NONE &&
		!tmk_openpgp_key_fingerprint(id, spki, len, key->created,
					     NULL) &&
		!strcasecmp(id, w->sha1);
}

/* The same for the keys that the certificates of a file are for. */
static bool file_key_fits(const struct wanted *w,
			  const struct tmk_key_config *key,
			  STACK_OF(X509) *certs)
{
	bool fits = false;
	int i, len;

	for (i = 0; i < sk_X509_num(certs) && !fits; i++) {
		X509 *cert = sk_X509_value(certs, i);
		uint8_t *spki = NULL;

		if (X509_check_ca(cert))
			continue;
		len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &spki);
		fits = len > 0 && spki_fits(w, key, spki, (size_t)len);
		OPENSSL_free(spki);
	}
	return fits;
}

/* 1, 0, or negative when the certificates cannot be seen. */
static int key_fits(const struct wanted *w, const struct tmk_config *config,
		    const struct tmk_key_config *key, struct tmk_err *err)
{
	STACK_OF(X509) *certs = NULL;
	struct tmk_front_look look;
	struct tmk_place place;
	const struct tmk_buf *known;
	const char *mail = NULL;
	size_t len;
	int ret, i;

	if (w->mail && key->user_id) {
		len = tmk_front_pick_mail(&mail, key->user_id);
		if (len && mail_is(w, mail, len))
			return 1;
	}
	/* The public key of one that is open is known. */
	known = w->mail || w->sha256 ? NULL : tmk_front_pick_known(key);
	if (known && spki_fits(w, key, known->data, known->len))
		return 1;
	if (known && !w->sha1)
		return 0;
	if (key->cert) {
		if (tmk_front_certs_load(&certs, key->cert, err) < 0)
			return -1;
		ret = any_fits(w, certs, NULL) || file_key_fits(w, key, certs);
		sk_X509_pop_free(certs, X509_free);
		return ret;
	}
	for (i = 0, ret = -1; i < key->uris; i++) {
		place = tmk_front_place(config, key->uri[i], NULL);
		if (tmk_front_look(&look, &place, false, err) < 0)
			continue;
		ret = look.keys == 1 &&
			(any_fits(w, look.certs, &look.info.spki) ||
			 spki_fits(w, key, look.info.spki.data,
				   look.info.spki.len));
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

static int two_fit(struct tmk_err *err, const char *key,
		   const struct tmk_key_config *a,
		   const struct tmk_key_config *b)
{
	tmk_err_set(err, TMK_KEY, "'%.*s' fits two keys: '%s' and '%s'",
		    tmk_front_pick_shown(key), key, a->name, b->name);
	return tmk_err_hint(err, "name the key itself: -k %s, or git config "
			    "user.signingKey %s", a->name, a->name);
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
		if (found)
			return two_fit(err, key, found, &config->keys[i]);
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

/* The next attribute of the path of a URI, without what says that a private
 * key is meant; its length, 0 at the end. */
static size_t next_attribute(const char **at)
{
	size_t len;

	for (;; *at += len) {
		*at += **at == ';';
		len = strcspn(*at, ";?");
		if (len != strlen(PRIVATE) || strncmp(*at, PRIVATE, len))
			return len;
	}
}

/* Whether every attribute of one path stands in the other. */
static bool path_within(const char *a, const char *b)
{
	const char *p;
	size_t len, n;

	for (; (len = next_attribute(&a)); a += len) {
		for (p = b; (n = next_attribute(&p)); p += n)
			if (n == len && !memcmp(a, p, n))
				break;
		if (!n)
			return false;
	}
	return true;
}

static bool has_uri(const struct tmk_key_config *key, const char *uri)
{
	const size_t scheme = strlen("pkcs11:");
	int i;

	for (i = 0; i < key->uris; i++)
		if (!strcmp(uri, key->uri[i]) ||
		    (!strncasecmp(uri, "pkcs11:", scheme) &&
		     !strncasecmp(key->uri[i], "pkcs11:", scheme) &&
		     path_within(uri + scheme, key->uri[i] + scheme) &&
		     path_within(key->uri[i] + scheme, uri + scheme)))
			return true;
	return false;
}

/* A URI may be that of a configured key, in whatever order: then it is that
 * key, with its certificates. Where it says more (a module, the place of a
 * PIN) than which key is meant, it is taken at its word. */
static int pick_uri(struct tmk_front_pick *out,
		    const struct tmk_config *config, const char *uri,
		    struct tmk_err *err)
{
	const struct tmk_key_config *found = NULL;
	int i;

	for (i = 0; i < config->n_keys; i++) {
		if (!has_uri(&config->keys[i], uri))
			continue;
		if (found)
			return two_fit(err, uri, found, &config->keys[i]);
		found = &config->keys[i];
	}
	if (found) {
		take(out, found);
		if (!strchr(uri, '?'))
			return 1;
		out->uris = 0;
	} else {
		memset(out, 0, sizeof(*out));
		/* A pin-value stands in the query (RFC 7512 2.4). */
		snprintf(out->shown, sizeof(out->shown), "%.*s",
			 (int)strcspn(uri, "?"), uri);
		out->name = out->shown;
	}
	out->uri[out->uris++] = uri;
	return 1;
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
	int found = 0;

	if (!key || !*key)
		return pick_default(out, config, err);
	named = tmk_config_key(config, key);
	if (named) {
		take(out, named);
		return 1;
	}
	if (!strncasecmp(key, "pkcs11:", 7) || tmk_front_store(key, &ignored))
		return pick_uri(out, config, key, err);
	if (wanted_from(&w, key))
		found = search(out, config, key, &w, err);
	tmk_buf_release(&w.spki);
	return found;
}

void tmk_front_pick_fill(char *out, size_t size, const char *hint,
			 const char *name)
{
	const char *at;

	*out = '\0';
	while (name && (at = strstr(hint, "NAME"))) {
		int n = snprintf(out, size, "%.*s%s", (int)(at - hint), hint,
				 at[-(at > hint)] == '-' ? "NAME" : name);

		if (n < 0 || (size_t)n >= size)
			return;
		out += n;
		size -= (size_t)n;
		hint = at + strlen("NAME");
	}
	snprintf(out, size, "%s", hint);
}

int tmk_front_pick_prefix(const struct tmk_front_pick *pick,
			  struct tmk_err *err)
{
	char hint[sizeof(err->hint)];

	if (err && pick->key) {
		tmk_front_pick_fill(hint, sizeof(hint), err->hint,
				    pick->name);
		memcpy(err->hint, hint, sizeof(hint));
	}
	/* Whoever knew more may have said it already. */
	if (err && !strncmp(err->text, "key '", 5))
		return -1;
	return tmk_err_prefix(err, "key '%s'", pick->name);
}

int tmk_front_pick_none(const struct tmk_config *config, const char *key,
			const struct tmk_err *seen, struct tmk_err *err)
{
	if (seen->code) {
		if (err)
			*err = *seen;
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

int tmk_front_pick_must(struct tmk_front_pick *out,
			const struct tmk_config *config, const char *key,
			struct tmk_err *err)
{
	struct tmk_err seen = TMK_ERR_INIT;
	int found = tmk_front_pick(out, config, key, &seen);

	if (found == 1)
		return 0;
	return tmk_front_pick_none(config, key, &seen, err);
}
