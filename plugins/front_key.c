#include "plugins/front_key.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "base/clock.h"
#include "core/sign.h"
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

struct tmk_place tmk_front_place(const struct tmk_config *config,
				 const char *uri, const char *pin_file)
{
	struct tmk_place place = {
		.uri = uri,
		.pin_file = pin_file,
		.deadline_ms = config ? config->module_deadline * 1000 : 0,
		.pin_file_env = secure_getenv("TOUCHMARK_PIN_FILE"),
		.credentials_dir = secure_getenv("CREDENTIALS_DIRECTORY"),
	};

	tmk_front_softhsm_choose(uri);
	return place;
}

void tmk_front_key_release(struct tmk_front_key *key)
{
	free(key->name);
	tmk_signer_free(key->signer);
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
	return tmk_err_hint(err, "touchmark key csr makes a request for your "
			    "CA; touchmark key import-cert takes its answer");
}

/* Order and judge the certificates of a key that is known. */
static int choose_chain(STACK_OF(X509) **out, STACK_OF(X509) *certs,
			const uint8_t *spki, size_t len, int64_t now,
			char *warning, size_t size, struct tmk_err *err)
{
	STACK_OF(X509) *chain = NULL;

	if (tmk_sign_order_chain(&chain, certs, spki, len, now, err) < 0)
		return -1;
	if (tmk_sign_cert_ok(sk_X509_value(chain, 0), now, warning, size,
			     err) < 0) {
		sk_X509_pop_free(chain, X509_free);
		return -1;
	}
	*out = chain;
	return 0;
}

static int chain_from_file(STACK_OF(X509) **out, const char *path,
			   int64_t now, char *warning, size_t size,
			   struct tmk_err *err)
{
	STACK_OF(X509) *certs = NULL;
	uint8_t *spki = NULL;
	X509 *leaf;
	int len, ret = -1;

	if (tmk_cert_load_file(&certs, path, err) < 0)
		return -1;
	leaf = first_leaf(certs);
	if (!leaf) {
		no_cert(err);
		goto out;
	}
	len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &spki);
	if (len <= 0) {
		tmk_err_nomem(err);
		goto out;
	}
	ret = choose_chain(out, certs, spki, len, now, warning, size, err);
out:
	if (ret < 0)
		tmk_err_prefix(err, "%s", path);
	OPENSSL_free(spki);
	sk_X509_pop_free(certs, X509_free);
	return ret;
}

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

/* What open() works on. */
struct opening {
	struct tmk_front_pick pick;
	struct tmk_place place;
	struct tmk_front_look look;	/* filled when there is no file */
	int64_t now;
	char *warning;
	size_t size;
};

/* Everything that can be refused before the login. With the key's public part
 * on the token its certificates are judged here too. */
static int before_login(struct tmk_front_key *key, struct opening *o,
			struct tmk_err *err)
{
	const struct tmk_buf *spki = &o->look.info.spki;

	if (o->pick.cert)
		return chain_from_file(&key->chain, o->pick.cert, o->now,
				       o->warning, o->size, err);
	if (tmk_front_look(&o->look, &o->place, false, err) < 0)
		return -1;
	if (!sk_X509_num(o->look.certs))
		return no_cert(err);
	if (o->look.keys != 1 || !spki->len)
		return 0;
	return choose_chain(&key->chain, o->look.certs, spki->data, spki->len,
			    o->now, o->warning, o->size, err);
}

static int open_key(struct tmk_front_key *key, struct opening *o,
		    struct tmk_err *err)
{
	const struct tmk_store_ops *store = tmk_front_store(o->place.uri, err);
	const struct tmk_buf *spki;

	if (!store || before_login(key, o, err) < 0 ||
	    store->open(&key->signer, &o->place, err) < 0)
		return -1;
	spki = &key->signer->spki;
	if (!key->chain)
		return choose_chain(&key->chain, o->look.certs, spki->data,
				    spki->len, o->now, o->warning, o->size,
				    err);
	if (tmk_cert_has_key(sk_X509_value(key->chain, 0), spki->data,
			     spki->len))
		return 0;
	tmk_err_set(err, TMK_KEY, "the certificate is for another key than "
		    "the one in the token");
	return tmk_err_hint(err, "touchmark key show tells what the token "
			    "holds; touchmark key import-cert sets the right "
			    "certificate");
}

int tmk_front_key_open(struct tmk_front_key *out,
		       const struct tmk_config *config, const char *key,
		       const char *pin_file, int64_t now, char *warning,
		       size_t size, struct tmk_err *err)
{
	struct tmk_front_key found = { NULL, NULL, NULL };
	struct opening o = { .now = now, .warning = warning, .size = size };
	const char *uri = NULL;
	int ret = -1;

	if (size)
		*warning = '\0';
	tmk_key_info_init(&o.look.info);
	if (tmk_front_pick_must(&o.pick, config, key, err) < 0)
		goto out;
	found.name = strdup(o.pick.name);
	if (!found.name) {
		tmk_err_nomem(err);
		goto out;
	}
	if (tmk_front_key_uri(&uri, &o.pick, config, err) < 0)
		goto out;
	o.place = tmk_front_place(config, uri, pin_file);
	if (open_key(&found, &o, err) < 0) {
		tmk_front_pick_prefix(&o.pick, err);
		goto out;
	}
	*out = found;
	memset(&found, 0, sizeof(found));
	ret = 0;
out:
	tmk_front_look_release(&o.look);
	tmk_front_key_release(&found);
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
