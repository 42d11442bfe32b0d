/*
 * status_keys.c - every configured key: where it is, which certificates it has
 * in its file and on its tokens, and whether it is denied.
 */
#include "plugins/status_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "base/enc.h"
#include "x509/cert.h"

#define SPKI_MAX TMK_FRONT_SPKI_MAX

void tmk_status_keys_release(struct tmk_status *status)
{
	int i, j;

	for (i = 0; i < status->keys; i++) {
		struct tmk_status_key *key = &status->key[i];

		for (j = 0; j < key->certs; j++)
			X509_free(key->cert[j].cert);
		free(key->cert);
		tmk_buf_release(&key->spki);
	}
	free(status->key);
	status->key = NULL;
	status->keys = 0;
}

/* The same certificate may lie in the file and on several tokens. */
static struct tmk_status_cert *add_cert(struct tmk_status_key *key, X509 *cert,
					struct tmk_err *err)
{
	struct tmk_status_cert *grown, fresh = { .cert = cert };
	int i;

	for (i = 0; i < key->certs; i++)
		if (!X509_cmp(key->cert[i].cert, cert))
			return &key->cert[i];
	if (key->certs == TMK_STATUS_CERTS_MAX) {
		tmk_err_set(err, TMK_INPUT, "key '%s' has more than %d "
			    "certificates", key->section->name,
			    TMK_STATUS_CERTS_MAX);
		return NULL;
	}
	if (tmk_cert_validity(&fresh.from, &fresh.to, cert, err))
		return NULL;
	grown = realloc(key->cert, ((size_t)key->certs + 1) * sizeof(*grown));
	if (!grown) {
		tmk_err_nomem(err);
		return NULL;
	}
	X509_up_ref(cert);
	grown[key->certs] = fresh;
	key->cert = grown;
	return &key->cert[key->certs++];
}

static int seen_on_token(struct tmk_status_key *key, X509 *cert,
			 struct tmk_err *err)
{
	struct tmk_status_cert *c;
	struct tmk_err odd = TMK_ERR_INIT;

	c = add_cert(key, cert, &odd);
	if (c)
		c->on_token = true;
	else if (odd.code == TMK_INTERNAL)
		*err = odd;	/* else dates that nobody can read */
	return odd.code == TMK_INTERNAL ? -1 : 0;
}

/* Without a token the key is that of the first certificate that is no CA's. */
static int spki_of_file(struct tmk_status_key *key, STACK_OF(X509) *certs,
			struct tmk_err *err)
{
	unsigned char *der = NULL;
	X509 *leaf = NULL;
	int i, len, rc;

	for (i = 0; !leaf && i < sk_X509_num(certs); i++)
		if (!X509_check_ca(sk_X509_value(certs, i)))
			leaf = sk_X509_value(certs, i);
	if (!leaf || key->spki.len)
		return 0;
	len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &der);
	rc = len > 0 ? tmk_buf_add(&key->spki, der, (size_t)len) : -1;
	OPENSSL_free(der);
	return rc ? tmk_err_set(err, TMK_INPUT, "%s: its public key cannot be "
				"read", key->section->cert) : 0;
}

static int certs_of_file(struct tmk_status_key *key, STACK_OF(X509) *certs,
			 struct tmk_err *err)
{
	struct tmk_status_cert *c;
	int i, own = 0;

	for (i = 0; i < sk_X509_num(certs); i++) {
		X509 *cert = sk_X509_value(certs, i);

		if (!tmk_cert_has_key(cert, key->spki.data, key->spki.len))
			continue;
		c = add_cert(key, cert, err);
		if (!c)
			return -1;
		c->in_file = true;
		own++;
	}
	if (own)
		return 0;
	tmk_err_set(err, TMK_INPUT, "%s: none of its certificates is for the "
		    "key '%s'", key->section->cert, key->section->name);
	return tmk_err_hint(err, "touchmark key import-cert %s FILE.pem sets "
			    "the right one", key->section->name);
}

/* What is wrong with the file is said of the key; the others are shown. */
static int look_at_file(struct tmk_status_key *key, struct tmk_err *err)
{
	STACK_OF(X509) *certs = NULL;
	int rc;

	if (!key->section->cert)
		return 0;
	rc = tmk_cert_load_file(&certs, key->section->cert, &key->broken);
	if (!rc)
		rc = spki_of_file(key, certs, &key->broken);
	if (!rc && key->spki.len)
		rc = certs_of_file(key, certs, &key->broken);
	sk_X509_pop_free(certs, X509_free);
	if (!rc || key->broken.code != TMK_INTERNAL)
		return 0;
	*err = key->broken;
	return -1;
}

static int by_begin(const void *a, const void *b)
{
	const struct tmk_status_cert *x = a, *y = b;

	return x->from < y->from ? -1 : x->from > y->from;
}

/* The signer looks into the file when there is one, else at the token. */
static void finish(struct tmk_status_key *key)
{
	int i;

	for (i = 0; i < key->certs; i++)
		key->cert[i].counts = key->section->cert ?
			key->cert[i].in_file : key->cert[i].on_token;
	if (key->certs)
		qsort(key->cert, (size_t)key->certs, sizeof(*key->cert),
		      by_begin);
}

static int gather(struct tmk_status *status, struct tmk_status_key *key,
		  struct tmk_status_tokens *tokens, struct tmk_err *err)
{
	int i;

	tmk_buf_init(&key->spki, SPKI_MAX);
	key->until = key->gap = TMK_TIME_NONE;
	for (i = 0; i < key->section->uris; i++)
		if (tmk_status_tokens_look(tokens, status, key, i,
					   seen_on_token, err))
			return -1;
	if (look_at_file(key, err))
		return -1;
	if (key->spki.len && !key->spki_hex[0] &&
	    tmk_front_spki_same(key->spki_hex, key->spki.data, key->spki.len,
				err))
		return -1;
	finish(key);
	return 0;
}

int tmk_status_keys(struct tmk_status *status, struct tmk_err *err)
{
	struct tmk_status_tokens *tokens = NULL;
	int i, n = status->config->n_keys, rc;

	status->key = calloc(n ? (size_t)n : 1, sizeof(*status->key));
	if (!status->key)
		return tmk_err_nomem(err);
	rc = tmk_status_tokens_new(&tokens, err);
	for (i = 0; !rc && i < n; i++) {
		struct tmk_status_key *key = &status->key[status->keys++];

		key->section = &status->config->keys[i];
		rc = gather(status, key, tokens, err);
	}
	tmk_status_tokens_free(tokens);
	return rc;
}

/* ---- which of them are denied ---------------------------------------------- */

static bool is_meant(const struct tmk_status_key *key,
		     const struct tmk_front_denied_key *denied)
{
	/* A key that nobody shows may still be known by its name. */
	if (!key->spki_hex[0])
		return !strcmp(key->section->name, denied->what.name);
	return !strcmp(key->spki_hex, denied->sha256);
}

static int take_denied(void *ctx, const struct tmk_front_denied_key *denied,
		       struct tmk_err *err)
{
	struct tmk_status *status = ctx;
	struct tmk_status_denied *grown;
	int i;

	grown = realloc(status->denied, ((size_t)status->denials + 1) *
			sizeof(*grown));
	if (!grown)
		return tmk_err_nomem(err);
	status->denied = grown;
	grown += status->denials++;
	*grown = (struct tmk_status_denied){ .key = *denied };
	for (i = 0; i < status->keys; i++) {
		if (!is_meant(&status->key[i], denied))
			continue;
		grown->configured = true;
		if (!status->key[i].denied)
			status->key[i].denial = denied->what;
		status->key[i].denied = true;
	}
	return 0;
}

/* What was spelt in other bytes than ours was not met above. */
static int ask_again(struct tmk_status *status, struct tmk_err *err)
{
	int i, rc;

	for (i = 0; i < status->keys; i++) {
		struct tmk_status_key *key = &status->key[i];

		if (key->denied || !key->spki.len || !status->denials)
			continue;
		rc = tmk_front_denied_find(&key->denial, key->spki.data,
					   key->spki.len, err);
		if (rc < 0)
			return -1;
		key->denied = rc;
	}
	return 0;
}

int tmk_status_denials(struct tmk_status *status, struct tmk_err *err)
{
	struct tmk_err odd = TMK_ERR_INIT;
	int i;

	if (!tmk_front_denied_each(take_denied, status, &odd) &&
	    !ask_again(status, &odd))
		return 0;
	if (odd.code == TMK_INTERNAL) {
		*err = odd;
		return -1;
	}
	for (i = 0; i < status->keys; i++)
		status->key[i].denied = true;
	return tmk_status_add_fault(status, &odd, err);
}

int tmk_status_add_fault(struct tmk_status *status, const struct tmk_err *what,
			 struct tmk_err *err)
{
	struct tmk_status_fault *grown = realloc(status->fault,
		((size_t)status->faults + 1) * sizeof(*grown));

	if (!grown)
		return tmk_err_nomem(err);
	status->fault = grown;
	grown[status->faults++].err = *what;
	return 0;
}
