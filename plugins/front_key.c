#include "plugins/front_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "base/clock.h"
#include "core/sign.h"
#include "plugins/front_certs.h"
#include "plugins/front_guard.h"
#include "plugins/front_pick.h"
#include "plugins/front_softhsm.h"
#include "x509/cert.h"

const struct tmk_store_ops *tmk_front_store(const char *uri,
					    struct tmk_err *err)
{
	int i;

	for (i = 0; tmk_stores[i]; i++)
		if (tmk_stores[i]->claims(uri))
			return tmk_stores[i];
	/* What looks like a URI may hold a PIN: it is not shown. */
	tmk_err_set(err, TMK_USAGE, "this is no key URI that is understood");
	tmk_err_hint(err, "write it as in RFC 7512: "
		     "'pkcs11:token=LABEL;object=NAME;type=private'");
	return NULL;
}

static const char *environment(const char *name)
{
	return secure_getenv(name);
}

struct tmk_place tmk_front_place(const struct tmk_config *config,
				 const char *uri, const char *pin_file)
{
	struct tmk_place place = {
		.uri = uri,
		.pin_file = pin_file,
		.deadline_ms = config ? config->module_deadline * 1000 : 0,
		.pin_file_env = secure_getenv("TOUCHMARK_PIN_FILE"),
		.credentials_dir = secure_getenv("CREDENTIALS_DIRECTORY"),
		.env = environment,
		.service_ms = config ? config->service_deadline * 1000 : 0,
	};

	tmk_front_softhsm_choose(uri);
	return place;
}

void tmk_front_key_release(struct tmk_front_key *key)
{
	free(key->name);
	tmk_signer_free(key->signer);
	sk_X509_pop_free(key->certs, X509_free);
	sk_X509_pop_free(key->chain, X509_free);
	memset(key, 0, sizeof(*key));
}

/* The first certificate that is no CA's: the file may be in any order. */
static X509 *first_leaf(STACK_OF(X509) *certs)
{
	int i;

	for (i = 0; i < sk_X509_num(certs); i++)
		if (!X509_check_ca(sk_X509_value(certs, i)))
			return sk_X509_value(certs, i);
	return NULL;
}

static int no_cert(struct tmk_err *err)
{
	tmk_err_set(err, TMK_KEY, "no certificate is known");
	return tmk_err_hint(err, "touchmark key csr NAME -o FILE.csr makes a "
			    "request for your CA; touchmark key import-cert "
			    "NAME FILE.pem takes its answer; OpenPGP (-t "
			    "openpgp) needs none");
}

/* What opening works on. */
struct opening {
	const struct tmk_front_pick *pick;
	const struct tmk_config *config;
	const struct tmk_front_open *how;
	char *warning;
	size_t size;
	uint8_t *spki;		/* of the certificate, DER; or NULL */
	size_t spki_len;
};

int tmk_front_key_uri(const char **out, const struct tmk_front_pick *pick,
		      const struct tmk_config *config, struct tmk_err *err)
{
	struct tmk_err last = TMK_ERR_INIT;
	struct tmk_front_look look;
	struct tmk_place place;
	int i;

	*out = pick->uri[0];
	if (pick->uris == 1)
		return 0;
	for (i = 0; i < pick->uris; i++) {
		place = tmk_front_place(config, pick->uri[i], NULL);
		if (tmk_front_look(&look, &place, false, &last) < 0)
			continue;
		tmk_front_look_release(&look);
		if (!look.keys)
			continue;
		*out = pick->uri[i];
		return 0;
	}
	if (!last.code)
		tmk_err_set(&last, TMK_KEY, "no token holds it");
	tmk_err_prefix(&last, "key '%s' is in none of its %d places",
		       pick->name, pick->uris);
	if (err)
		*err = last;
	return -1;
}

/* A listed certificate does not sign. What cannot be read is no proof of
 * anything: the person hears of it, whoever judges will say more. */
static int check_revoked(X509 *leaf, const struct opening *o,
			 struct tmk_err *err)
{
	const char *policy = o->config->policy;
	struct tmk_err why = TMK_ERR_INIT;
	int rc = policy ? tmk_sign_cert_revoked(leaf, policy, o->how->now,
						&why) : 0;

	if (rc > 0 && err)
		*err = why;
	if (rc < 0 && o->size && !*o->warning)
		snprintf(o->warning, o->size, "cannot tell whether the "
			 "certificate is revoked: %s", why.text);
	return rc > 0 ? -1 : 0;
}

int tmk_front_key_cert_ok(X509 *leaf, const struct tmk_front_pick *pick,
			  int64_t now, char *warning, size_t size,
			  struct tmk_err *err)
{
	char way[256];
	size_t len;

	if (tmk_sign_cert_ok(leaf, now, warning, size, err) < 0)
		return -1;
	len = size ? strlen(warning) : 0;
	if (!len)
		return 0;
	tmk_front_pick_fill(way, sizeof(way), "; have it renewed: touchmark "
			    "key csr NAME -o FILE.csr, then touchmark key "
			    "import-cert NAME FILE.pem",
			    pick->key ? pick->name : NULL);
	snprintf(warning + len, size - len, "%s", way);
	return 0;
}

/* Order and judge the certificates of a key that is known. */
static int choose_chain(struct tmk_front_key *key, const struct opening *o,
			const uint8_t *spki, size_t len, struct tmk_err *err)
{
	STACK_OF(X509) *chain = NULL;

	if (tmk_sign_order_chain(&chain, key->certs, spki, len, o->how->now,
				 err) < 0)
		return -1;
	if (tmk_front_key_cert_ok(sk_X509_value(chain, 0), o->pick,
				  o->how->now, o->warning, o->size, err) < 0 ||
	    check_revoked(sk_X509_value(chain, 0), o, err) < 0) {
		sk_X509_pop_free(chain, X509_free);
		return -1;
	}
	sk_X509_pop_free(key->chain, X509_free);
	key->chain = chain;
	return 0;
}

/* With a file the key is that of its first leaf, until the token shows its
 * own. */
static int chain_from_file(struct tmk_front_key *key, struct opening *o,
			   struct tmk_err *err)
{
	X509 *leaf;
	int len, ret = -1;

	if (tmk_front_certs_load(&key->certs, o->pick->cert, err) < 0)
		return tmk_err_hint(err, "touchmark key import-cert NAME "
				    "FILE.pem puts a certificate there");
	leaf = first_leaf(key->certs);
	if (!leaf) {
		no_cert(err);
		goto out;
	}
	len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &o->spki);
	if (len <= 0) {
		tmk_err_nomem(err);
		goto out;
	}
	o->spki_len = (size_t)len;
	ret = choose_chain(key, o, o->spki, o->spki_len, err);
out:
	if (ret < 0)
		tmk_err_prefix(err, "%s", o->pick->cert);
	return ret;
}

/* Everything that can be refused before the login. With the key's public part
 * on the token its certificates are judged here too. */
static int chain_from_token(struct tmk_front_key *key, const struct opening *o,
			    const struct tmk_place *place, struct tmk_err *err)
{
	struct tmk_front_look look = { .keys = 0 };
	int ret = -1;

	if (tmk_front_look(&look, place, false, err) < 0)
		return -1;
	key->certs = look.certs;	/* taken */
	look.certs = NULL;
	if (!sk_X509_num(key->certs))
		no_cert(err);
	else if (look.keys != 1 || !look.info.spki.len)
		ret = 0;
	else
		ret = choose_chain(key, o, look.info.spki.data,
				   look.info.spki.len, err);
	tmk_front_look_release(&look);
	return ret;
}

static int another_key(struct tmk_err *err)
{
	tmk_err_set(err, TMK_KEY, "the certificate is for another key than "
		    "the one in the token");
	return tmk_err_hint(err, "touchmark key show NAME tells what the "
			    "token holds; touchmark key import-cert NAME "
			    "FILE.pem sets the right certificate");
}

/* The certificate must be that of the key in the token. */
static int match_chain(struct tmk_front_key *key, const struct opening *o,
		       struct tmk_err *err)
{
	const struct tmk_buf *spki = &key->signer->spki;

	if (!key->chain)
		return choose_chain(key, o, spki->data, spki->len, err);
	if (tmk_cert_has_key(sk_X509_value(key->chain, 0), spki->data,
			     spki->len))
		return 0;
	return another_key(err);
}

static struct tmk_place place_of(const struct opening *o, int i)
{
	struct tmk_place place = tmk_front_place(o->config, o->pick->uri[i],
						 o->how->pin_file);

	place.pin_file_env = o->how->pin_file_env;
	place.credentials_dir = o->how->credentials_dir;
	place.person = o->how->person;
	place.ask_each_time = o->how->shared;
	place.touch = o->pick->key && o->pick->key->touch;
	return place;
}

/* Open the key in one of its places. *why says what kept it. */
static int open_at(struct tmk_front_key *key, const struct opening *o, int i,
		   enum tmk_open_failure *why, struct tmk_err *err)
{
	struct tmk_place place = place_of(o, i);
	const struct tmk_store_ops *store = tmk_front_store(place.uri, err);

	*why = TMK_OPEN_KEY;
	if (!store)
		return -1;
	key->place = i;
	if (o->how->format == TMK_FORMAT_X509 && !o->pick->cert) {
		*why = TMK_OPEN_DEVICE;
		if (chain_from_token(key, o, &place, err) < 0)
			return -1;
	}
	place.why = why;
	place.spki_hint = o->spki;
	place.spki_hint_len = o->spki_len;
	if (store->open(&key->signer, &place, err) < 0)
		return *why == TMK_OPEN_OTHER ? another_key(err) : -1;
	*why = TMK_OPEN_KEY;
	if (o->how->format != TMK_FORMAT_X509)
		return 0;
	if (key->chain)
		*why = TMK_OPEN_OTHER;
	return match_chain(key, o, err);
}

/* Forget what the place that failed showed. */
static void reset(struct tmk_front_key *key, const struct opening *o)
{
	tmk_signer_free(key->signer);
	key->signer = NULL;
	if (o->pick->cert)
		return;
	sk_X509_pop_free(key->certs, X509_free);
	sk_X509_pop_free(key->chain, X509_free);
	key->certs = key->chain = NULL;
}

/* A place that is there and wrong: another one must not hide that. */
static bool says_no(enum tmk_open_failure why)
{
	return why == TMK_OPEN_PIN || why == TMK_OPEN_OTHER;
}

/* One place alone. Whose caller tries others says himself which key it is. */
static int open_only(struct tmk_front_key *key, const struct opening *o,
		     struct tmk_err *err)
{
	enum tmk_open_failure why = TMK_OPEN_KEY;

	if (!open_at(key, o, o->how->only - 1, &why, err))
		return 0;
	reset(key, o);
	if (says_no(why) || !o->how->elsewhere)
		tmk_front_pick_prefix(o->pick, err);
	else
		*o->how->elsewhere = true;
	return -1;
}

/* One place after the other, for as long as it is a device that fails. */
static int open_somewhere(struct tmk_front_key *key, const struct opening *o,
			  struct tmk_err *err)
{
	struct tmk_err last = TMK_ERR_INIT;
	enum tmk_open_failure why;
	int i;

	if (o->how->only)
		return open_only(key, o, err);
	for (i = 0; i < o->pick->uris; i++) {
		if (!open_at(key, o, i, &why, &last))
			return 0;
		reset(key, o);
		if (says_no(why))
			break;
	}
	if (o->pick->uris > 1 && i == o->pick->uris)
		tmk_err_prefix(&last, "key '%s' is in none of its %d places",
			       o->pick->name, o->pick->uris);
	else
		tmk_front_pick_prefix(o->pick, &last);
	if (err)
		*err = last;
	return -1;
}

/* Where the key is known before the login, a denial asks no PIN. */
static int refuse_denied(const struct opening *o, struct tmk_err *err)
{
	const struct tmk_front_use use = {
		.what = o->how->what ? o->how->what : "sign",
		.requester = o->how->requester,
		.key = o->pick->name,
		.section = o->pick->key,
		.spki = o->spki,
		.spki_len = o->spki_len,
		.format = o->how->format == TMK_FORMAT_X509 ? "cms" : NULL,
		.time = TMK_TIME_NONE,
	};

	if (!o->spki || !tmk_front_guard_denied(o->config, &use, err))
		return 0;
	return tmk_front_pick_prefix(o->pick, err);
}

int tmk_front_key_open(struct tmk_front_key *out,
		       const struct tmk_front_pick *pick,
		       const struct tmk_config *config,
		       const struct tmk_front_open *how, char *warning,
		       size_t size, struct tmk_err *err)
{
	struct opening o = { pick, config, how, warning, size, NULL, 0 };
	struct tmk_front_key found = { .name = strdup(pick->name) };
	int ret = -1;

	if (size)
		*warning = '\0';
	if (!found.name) {
		tmk_err_nomem(err);
		goto out;
	}
	if (how->format == TMK_FORMAT_X509 && pick->cert &&
	    chain_from_file(&found, &o, err) < 0) {
		tmk_front_pick_prefix(pick, err);
		goto out;
	}
	if (refuse_denied(&o, err))
		goto out;
	if (open_somewhere(&found, &o, err) < 0)
		goto out;
	*out = found;
	memset(&found, 0, sizeof(found));
	ret = 0;
out:
	OPENSSL_free(o.spki);
	tmk_front_key_release(&found);
	return ret;
}

void tmk_front_key_explain(const struct tmk_front_key *key,
			   const struct tmk_front_pick *pick,
			   const struct tmk_config *config,
			   struct tmk_err *err)
{
	struct tmk_front_look look = { .keys = 0 };
	const struct tmk_buf *have = &look.info.spki;
	struct tmk_place place;

	if (!pick->cert || !key->chain)
		return;
	place = tmk_front_place(config, pick->uri[key->place], NULL);
	if (tmk_front_look(&look, &place, false, NULL))
		return;
	if (look.keys == 1 && have->len &&
	    !tmk_cert_has_key(sk_X509_value(key->chain, 0), have->data,
			      have->len))
		(void)!another_key(err);
	tmk_front_look_release(&look);
}

int tmk_front_key_rechain(struct tmk_front_key *key,
			  const struct tmk_front_pick *pick,
			  const struct tmk_config *config, int64_t now,
			  char *warning, size_t size, struct tmk_err *err)
{
	struct tmk_front_open how = { .format = TMK_FORMAT_X509, .now = now };
	struct opening o = { pick, config, &how, warning, size, NULL, 0 };
	struct tmk_front_key fresh = { .signer = key->signer };
	struct tmk_place place;
	int ret;

	if (size)
		*warning = '\0';
	if (pick->cert) {
		ret = chain_from_file(&fresh, &o, err);
	} else {
		place = place_of(&o, key->place);
		ret = chain_from_token(&fresh, &o, &place, err);
	}
	if (!ret)
		ret = match_chain(&fresh, &o, err);
	if (ret) {
		tmk_front_pick_prefix(pick, err);
	} else {
		STACK_OF(X509) *certs = key->certs, *chain = key->chain;

		key->certs = fresh.certs;
		key->chain = fresh.chain;
		fresh.certs = certs;
		fresh.chain = chain;
	}
	OPENSSL_free(o.spki);
	sk_X509_pop_free(fresh.certs, X509_free);
	sk_X509_pop_free(fresh.chain, X509_free);
	return ret;
}

int tmk_front_key_known(const struct tmk_config *config, const char *key,
			struct tmk_err *err)
{
	struct tmk_front_pick pick;
	struct tmk_err ignored = TMK_ERR_INIT;
	int found = tmk_front_pick(&pick, config, key, &ignored);

	if (found < 0 && err)
		*err = ignored;
	return found;
}
