/*
 * key_compromise.c - which public keys a name stands for: whoever shows one is
 * believed, since a key too many that signs no more is less harm than one too
 * few.
 */
#include "plugins/key_compromise.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/enc.h"
#include "base/file.h"
#include "iface/store.h"
#include "key/agent_client.h"
#include "plugins/front_birth.h"
#include "plugins/front_key.h"
#include "plugins/front_places.h"
#include "seal/ssh_key.h"
#include "x509/cert.h"

#define KEY_FILE_MAX (1024 * 1024)
#define HEX 64

void tmk_compromise_init(struct tmk_compromise *c)
{
	int i;

	memset(c, 0, sizeof(*c));
	c->created = TMK_TIME_NONE;
	for (i = 0; i < TMK_COMPROMISE_KEYS_MAX; i++)
		tmk_buf_init(&c->key[i].spki, TMK_FRONT_SPKI_MAX);
}

void tmk_compromise_release(struct tmk_compromise *c)
{
	int i;

	for (i = 0; i < TMK_COMPROMISE_KEYS_MAX; i++)
		tmk_buf_release(&c->key[i].spki);
	sk_X509_pop_free(c->certs, X509_free);
	c->certs = NULL;
}

static int add_key(struct tmk_compromise *c, const uint8_t *spki, size_t len,
		   const char *from, struct tmk_err *err)
{
	struct tmk_compromise_key *k = &c->key[c->keys];
	char hex[TMK_FRONT_SPKI_HEX];
	int i;

	if (!len)
		return 0;
	if (tmk_front_spki_same(hex, spki, len, err))
		return -1;
	for (i = 0; i < c->keys; i++)
		if (!strcmp(c->key[i].sha256, hex))
			return 0;
	if (c->keys == TMK_COMPROMISE_KEYS_MAX)
		return tmk_err_set(err, TMK_INPUT, "more than %d different "
				   "keys behind one name",
				   TMK_COMPROMISE_KEYS_MAX);
	if (tmk_buf_add(&k->spki, spki, len))
		return tmk_err_set(err, TMK_INPUT, "%s: the public key is too "
				   "long", from);
	memcpy(k->sha256, hex, sizeof(hex));
	tmk_enc_show_into(k->from, sizeof(k->from), from, strlen(from));
	c->keys++;
	return 0;
}

static int add_key_of_cert(struct tmk_compromise *c, X509 *cert,
			   const char *from, struct tmk_err *err)
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der), rc;

	if (len <= 0)
		return tmk_err_set(err, TMK_INPUT, "%s: its public key cannot "
				   "be read", from);
	rc = add_key(c, der, (size_t)len, from, err);
	OPENSSL_free(der);
	return rc;
}

/* ---- certificates ---------------------------------------------------------------- */

static bool is_ours(const struct tmk_compromise *c, X509 *cert)
{
	int i;

	for (i = 0; i < c->keys; i++)
		if (c->key[i].spki.len &&
		    tmk_cert_has_key(cert, c->key[i].spki.data,
				     c->key[i].spki.len))
			return true;
	return false;
}

/* Those of `certs` that are of one of the keys, each once. */
static int keep_certs(struct tmk_compromise *c, STACK_OF(X509) *certs,
		      struct tmk_err *err)
{
	int i, k;

	if (!c->certs)
		c->certs = sk_X509_new_null();
	if (!c->certs)
		return tmk_err_nomem(err);
	for (i = 0; i < sk_X509_num(certs); i++) {
		X509 *cert = sk_X509_value(certs, i);

		for (k = 0; k < sk_X509_num(c->certs); k++)
			if (!X509_cmp(cert, sk_X509_value(c->certs, k)))
				break;
		if (k < sk_X509_num(c->certs) || !is_ours(c, cert))
			continue;
		if (!X509_up_ref(cert))
			return tmk_err_nomem(err);
		if (!sk_X509_push(c->certs, cert)) {
			X509_free(cert);
			return tmk_err_nomem(err);
		}
	}
	return 0;
}

/* Every certificate in it that is no CA's. */
static int add_certs(struct tmk_compromise *c, STACK_OF(X509) *certs,
		     const char *from, struct tmk_err *err)
{
	int i;

	for (i = 0; i < sk_X509_num(certs); i++)
		if (!X509_check_ca(sk_X509_value(certs, i)) &&
		    add_key_of_cert(c, sk_X509_value(certs, i), from, err))
			return -1;
	return keep_certs(c, certs, err);
}

/* ---- where a configured key may be seen ---------------------------------------- */

/* What could not be looked at, and why; it does not stop anything. */
static int passed_over(const char *what, const struct tmk_err *odd,
		       struct tmk_err *err)
{
	if (odd->code == TMK_INTERNAL) {
		*err = *odd;
		return -1;
	}
	fprintf(stderr, "touchmark: note: %s: %s\n", what, odd->text);
	return 0;
}

static int from_file(struct tmk_compromise *c, struct tmk_err *err)
{
	struct tmk_err odd = TMK_ERR_INIT;
	STACK_OF(X509) *certs = NULL;
	int rc = tmk_cert_load_file(&certs, c->pick->cert, &odd);

	if (rc)
		return passed_over("its certificate file", &odd, err);
	rc = add_certs(c, certs, c->pick->cert, err);
	sk_X509_pop_free(certs, X509_free);
	return rc;
}

/* The agent may still know a key whose token was taken out. It is not started
 * for that, and what it says no to is not told. */
static int from_agent(struct tmk_compromise *c, struct tmk_err *err)
{
	struct tmk_buf space = TMK_BUF_INIT(TMK_REQUEST_MAX);
	struct tmk_err ignored = TMK_ERR_INIT;
	struct tmk_answer answer;
	struct tmk_request r;
	int rc = 0;

	tmk_request_init(&r);
	tmk_answer_init(&answer);
	r.verb = TMK_REQUEST_PREPARE;
	r.program = "touchmark";
	r.key = c->pick->name;
	r.format = TMK_REQUEST_SSH;
	r.name_space = "touchmark-selftest";
	if (!tmk_agent_describe(&r, &space, &ignored) &&
	    !tmk_agent_ask(&answer, &r, NULL, false, &ignored) && !answer.code)
		rc = add_key(c, answer.key.data, answer.key.len, "the agent",
			     err);
	tmk_answer_release(&answer);
	tmk_buf_release(&space);
	return rc;
}

static int birth_of(struct tmk_compromise *c, const struct tmk_place *place,
		    const struct tmk_buf *spki)
{
	const struct tmk_store_ops *store;
	struct tmk_err ignored = TMK_ERR_INIT;
	char user[1024];

	if (c->created != TMK_TIME_NONE)
		return 0;
	store = tmk_front_store(place->uri, &ignored);
	if (store && spki->len && store->get_data)
		return tmk_front_birth_get(&c->created, user, sizeof(user),
					   store, place, spki->data,
					   spki->len, &ignored);
	return 0;
}

static int from_place(struct tmk_compromise *c, const char *uri,
		      struct tmk_err *err)
{
	struct tmk_place place = tmk_front_place(c->config, uri, NULL);
	struct tmk_front_look look = { .keys = 0 };
	struct tmk_err odd = TMK_ERR_INIT;
	char shown[TMK_FRONT_PLACE_TEXT];
	int rc;

	tmk_front_places_shown(shown, sizeof(shown), uri);
	if (tmk_front_look(&look, &place, false, &odd))
		return passed_over(shown, &odd, err);
	if (look.keys == 1 && look.info.spki.len) {
		rc = add_key(c, look.info.spki.data, look.info.spki.len, shown,
			     err);
		(void)birth_of(c, &place, &look.info.spki);
	} else {
		tmk_err_set(&odd, TMK_KEY, look.keys > 1 ? "the URI fits "
			    "several keys" : "no such key is to be seen");
		rc = passed_over(shown, &odd, err);
	}
	if (!rc)
		rc = keep_certs(c, look.certs, err);
	tmk_front_look_release(&look);
	return rc;
}

int tmk_compromise_find(struct tmk_compromise *c, struct tmk_err *err)
{
	int i;

	if (c->pick->key)
		c->created = c->pick->key->created;
	if (c->pick->cert && from_file(c, err))
		return -1;
	for (i = 0; i < c->pick->uris; i++)
		if (from_place(c, c->pick->uri[i], err))
			return -1;
	return c->pick->key && c->config->agent && !c->keys ?
		from_agent(c, err) : 0;
}

/* ---- what a person names ---------------------------------------------------------- */

static int is_no_key(const char *path, struct tmk_err *err)
{
	tmk_err_set(err, TMK_INPUT, "%s: this is no certificate and no public "
		    "key", path);
	return tmk_err_hint(err, "give a certificate, a public key as openssl "
			    "pkey -pubout writes it, or a line of an SSH "
			    "public key");
}

/* PEM or DER of a SubjectPublicKeyInfo, or an SSH public key line. */
static int add_public(struct tmk_compromise *c, const char *path,
		      struct tmk_buf *text, struct tmk_err *err)
{
	struct tmk_buf spki = TMK_BUF_INIT(TMK_FRONT_SPKI_MAX);
	BIO *bio = BIO_new_mem_buf(text->data, (int)text->len);
	const unsigned char *at = text->data;
	struct tmk_err ignored = TMK_ERR_INIT;
	unsigned char *der = NULL;
	char *line = (char *)text->data;
	EVP_PKEY *key = NULL;
	int len = 0, rc;

	if (bio)
		key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	if (!key)
		key = d2i_PUBKEY(NULL, &at, (long)text->len);
	if (key)
		len = i2d_PUBKEY(key, &der);
	if (len > 0) {
		rc = add_key(c, der, (size_t)len, path, err);
	} else {
		line[strcspn(line, "\r\n")] = '\0';
		rc = tmk_ssh_key_spki(&spki, line, &ignored) ?
			is_no_key(path, err) :
			add_key(c, spki.data, spki.len, path, err);
	}
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	BIO_free(bio);
	tmk_buf_release(&spki);
	return rc;
}

int tmk_compromise_add_file(struct tmk_compromise *c, const char *path,
			    struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(KEY_FILE_MAX);
	struct tmk_err ignored = TMK_ERR_INIT;
	STACK_OF(X509) *certs = NULL;
	int rc;

	if (tmk_file_read(&text, path, err))
		return -1;
	if (!text.len)
		rc = is_no_key(path, err);
	else if (!tmk_cert_load(&certs, text.data, text.len, path, &ignored))
		rc = add_certs(c, certs, path, err);
	else
		rc = add_public(c, path, &text, err);
	sk_X509_pop_free(certs, X509_free);
	tmk_buf_release(&text);
	return rc;
}

int tmk_compromise_add_hash(struct tmk_compromise *c, const char *text,
			    struct tmk_err *err)
{
	struct tmk_compromise_key *k = &c->key[c->keys];
	uint8_t digest[HEX / 2];

	if (c->keys == TMK_COMPROMISE_KEYS_MAX || strlen(text) != 7 + HEX ||
	    strncmp(text, "sha256:", 7) ||
	    tmk_dec_hex(digest, sizeof(digest), text + 7, HEX)) {
		tmk_err_set(err, TMK_USAGE, "'%s' is no fingerprint of a "
			    "public key", text);
		return tmk_err_hint(err, "give sha256: and 64 hex digits, as "
				    "touchmark log show tells them");
	}
	tmk_enc_hex(k->sha256, digest, sizeof(digest));
	snprintf(k->from, sizeof(k->from), "the fingerprint that was given");
	c->keys++;
	return 0;
}
