/*
 * What the rows ask: configuration, policy, record, and every token as it
 * shows itself without a login. Bounded, since somebody waits: a token gets a
 * short deadline, a service and another host are not asked at all.
 */
#include "plugins/practice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/x509v3.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/file.h"
#include "core/chain_log.h"
#include "plugins/front_certs.h"
#include "plugins/front_denied.h"
#include "plugins/front_key.h"
#include "plugins/front_pick.h"
#include "plugins/report_home.h"
#include "x509/cert.h"

#define TOKEN_MS 1000		/* for each call of a module */
#define LOOK_MS 1000		/* after which no further token is looked at */
#define RECORD_MAX (64 << 20)	/* bytes of a record that is read here */

/* ---- certificates ----------------------------------------------------------- */

/* Of the certificates of one key: the valid one that began last, and one that
 * ends later than it. */
static void choose(struct tmk_practice_key *k, STACK_OF(X509) *certs,
		   const struct tmk_buf *spki, int64_t now)
{
	int64_t from, to, leaf_from = 0, leaf_to = 0;
	int i;

	for (i = 0; i < sk_X509_num(certs); i++) {
		X509 *cert = sk_X509_value(certs, i);

		if (X509_check_ca(cert) || tmk_attest_is(cert) ||
		    (spki->len &&
		     !tmk_cert_has_key(cert, spki->data, spki->len)) ||
		    tmk_cert_validity(&from, &to, cert, NULL) < 0 ||
		    now < from || now > to)
			continue;
		if (k->leaf && from < leaf_from)
			continue;
		X509_free(k->leaf);
		X509_up_ref(cert);
		k->leaf = cert;
		leaf_from = from;
		leaf_to = to;
	}
	for (i = 0; k->leaf && !k->next && i < sk_X509_num(certs); i++) {
		X509 *cert = sk_X509_value(certs, i);

		if (X509_check_ca(cert) || tmk_attest_is(cert) ||
		    tmk_cert_validity(&from, &to, cert, NULL) < 0 ||
		    to <= leaf_to || from > leaf_to ||
		    !tmk_cert_has_key(cert, spki->data, spki->len))
			continue;
		X509_up_ref(cert);
		k->next = cert;
	}
}

/* What a certificate tells of a key whose token is away. */
static int key_of(struct tmk_buf *spki, struct tmk_practice_key *k,
		  struct tmk_err *err)
{
	EVP_PKEY *key = X509_get0_pubkey(k->leaf);
	unsigned char *der = NULL;
	int len;

	if (!key)
		return 0;
	k->bits = (unsigned int)EVP_PKEY_get_bits(key);
	k->algorithm = EVP_PKEY_is_a(key, "RSA") ? TMK_KEY_RSA :
		EVP_PKEY_is_a(key, "EC") ? TMK_KEY_EC :
		EVP_PKEY_is_a(key, "ED25519") ? TMK_KEY_ED25519 : 0;
	len = i2d_PUBKEY(key, &der);
	if (len <= 0)
		return 0;
	len = tmk_buf_add(spki, der, (size_t)len);
	OPENSSL_free(der);
	return len < 0 ? tmk_err_nomem(err) : 0;
}

/* ---- one key ---------------------------------------------------------------- */

/* Its own token, the first place that is one. */
static int look(struct tmk_practice_key *k, const struct tmk_practice *p,
		STACK_OF(X509) *certs, struct tmk_err *err)
{
	struct tmk_err why = TMK_ERR_INIT;
	const struct tmk_store_ops *store = NULL;
	struct tmk_front_look seen;
	struct tmk_buf empty = TMK_BUF_INIT(0);
	struct tmk_place place;
	int i;

	for (i = 0; i < k->key->uris; i++) {
		store = tmk_front_store(k->key->uri[i], &why);
		if (store && !store->service && !store->remote)
			break;
	}
	/* What is not looked at stays open: it is not taken for good. */
	if (i == k->key->uris || p->offline ||
	    k - p->key >= TMK_PRACTICE_LOOK_MAX ||
	    tmk_clock_ms() > p->until)
		return 0;
	place = tmk_front_place(p->config, k->key->uri[i], NULL);
	place.deadline_ms = TOKEN_MS;
	k->looked = true;
	if (tmk_front_look(&seen, &place, false, &why) < 0) {
		tmk_enc_line_into(k->why, sizeof(k->why), why.text,
				  strlen(why.text));
		return 0;
	}
	k->keys = seen.keys;
	if (seen.keys != 1)
		snprintf(k->why, sizeof(k->why), seen.keys ?
			 "%d keys match its URI" :
			 "no such key shows itself without a login",
			 seen.keys);
	for (i = 0; seen.keys == 1 && i < sk_X509_num(seen.certs); i++)
		if (!X509_up_ref(sk_X509_value(seen.certs, i)) ||
		    !sk_X509_push(certs, sk_X509_value(seen.certs, i)))
			return tmk_err_nomem(err);
	if (seen.keys == 1) {
		k->seen = true;
		tmk_key_info_release(&k->info);
		k->info = seen.info;
		seen.info.spki = empty;
		k->algorithm = k->info.algorithm;
		k->bits = k->info.bits;
		k->software = tmk_report_is_program(&k->info);
	}
	tmk_front_look_release(&seen);
	return 0;
}

static void attest(struct tmk_practice_key *k, const struct tmk_practice *p,
		   STACK_OF(X509) *certs)
{
	struct tmk_attest_request request = {
		.certs = certs, .spki = k->info.spki.data,
		.spki_len = k->info.spki.len,
	};
	struct tmk_attest_answer answer;

	if (p->config->attestation_roots &&
	    tmk_cert_load_file(&request.roots, p->config->attestation_roots,
			       NULL) < 0)
		request.roots = NULL;
	tmk_attest_judge(&answer, &request);
	k->attest = answer.result;
	sk_X509_pop_free(request.roots, X509_free);
}

static int gather_key(struct tmk_practice_key *k, struct tmk_practice *p,
		      struct tmk_err *err)
{
	STACK_OF(X509) *certs = sk_X509_new_null(), *file = NULL;
	int i, rc, ret = -1;

	tmk_key_info_init(&k->info);
	if (!certs)
		return tmk_err_nomem(err);
	if (look(k, p, certs, err) < 0)
		goto out;
	if (k->key->cert && tmk_front_certs_load(&file, k->key->cert, NULL))
		k->cert_broken = true;
	k->certs = file ? sk_X509_num(file) : 0;
	for (i = 0; i < k->certs; i++)
		if (!X509_up_ref(sk_X509_value(file, i)) ||
		    !sk_X509_push(certs, sk_X509_value(file, i))) {
			tmk_err_nomem(err);
			goto out;
		}
	choose(k, certs, &k->info.spki, p->now);
	if (!k->seen && k->leaf && key_of(&k->info.spki, k, err) < 0)
		goto out;
	if (k->info.spki.len) {
		attest(k, p, certs);
		rc = tmk_front_denied_find(NULL, k->info.spki.data,
					   k->info.spki.len, NULL);
		k->denied = rc > 0;
		p->denied_broken |= rc < 0;
	}
	ret = 0;
out:
	sk_X509_pop_free(certs, X509_free);
	sk_X509_pop_free(file, X509_free);
	return ret;
}

/* ---- the rest --------------------------------------------------------------- */

static void gather_policy(struct tmk_practice *p)
{
	struct tmk_err why = TMK_ERR_INIT;

	if (p->config->policy &&
	    tmk_policy_read(&p->policy, p->config->policy, &why) < 0)
		tmk_enc_line_into(p->policy_why, sizeof(p->policy_why),
				  why.text, strlen(why.text));
}

static void gather_record(struct tmk_practice *p)
{
	const char *path = p->config->audit_log;
	struct tmk_chain_report report;
	struct tmk_err why = TMK_ERR_INIT;
	const char *text;
	char head[4096];
	struct stat st;
	int rc;

	if (!path)
		return;
	snprintf(head, sizeof(head), "%s.head", path);
	if (stat(path, &st)) {
		p->record = tmk_file_exists(head) ?
			TMK_PRACTICE_RECORD_BROKEN : TMK_PRACTICE_RECORD_EMPTY;
		snprintf(p->record_why, sizeof(p->record_why), "%s",
			 tmk_file_exists(head) ? "the log is gone" :
			 "it has not begun yet");
		return;
	}
	if (st.st_size > RECORD_MAX) {
		p->record = TMK_PRACTICE_RECORD_LARGE;
		return;
	}
	rc = tmk_chain_log_read(&report, path, NULL, &why);
	p->record = rc ? TMK_PRACTICE_RECORD_BROKEN :
		TMK_PRACTICE_RECORD_WHOLE;
	text = rc > 0 ? report.text : why.text;
	tmk_enc_line_into(p->record_why, sizeof(p->record_why), text,
			  strlen(text));
}

static void note_uri(struct tmk_practice *p, const char *uri)
{
	static const struct {
		const char *scheme;
		unsigned int service;
	} known[] = {
		{ "awskms:", TMK_PRACTICE_AWS },
		{ "azurekv:", TMK_PRACTICE_AZURE },
		{ "gcpkms:", TMK_PRACTICE_GOOGLE },
		{ "vault:", TMK_PRACTICE_VAULT },
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strncmp(uri, known[i].scheme, strlen(known[i].scheme)))
			p->services |= known[i].service;
	if (!strncmp(uri, "ssh://", 6))
		p->remote = true;
}

int tmk_practice_gather(struct tmk_practice *p, bool offline,
			struct tmk_err *err)
{
	int i, j, n;

	memset(p, 0, sizeof(*p));
	p->offline = offline;
	p->until = tmk_clock_ms() + LOOK_MS;
	p->now = tmk_clock_now();
	if (tmk_config_load(&p->config, ".", err) < 0)
		return -1;
	n = p->config->n_keys;
	p->key = calloc(n ? (size_t)n : 1, sizeof(*p->key));
	if (!p->key)
		return tmk_err_nomem(err);
	gather_policy(p);
	gather_record(p);
	for (i = 0; i < p->config->n_keys; i++)
		for (j = 0; j < p->config->keys[i].uris; j++)
			note_uri(p, p->config->keys[i].uri[j]);
	for (i = 0; i < n; i++) {
		p->key[i].key = &p->config->keys[i];
		p->keys++;
		if (gather_key(&p->key[i], p, err) < 0)
			return -1;
	}
	return 0;
}

void tmk_practice_release(struct tmk_practice *p)
{
	int i;

	for (i = 0; i < p->keys; i++) {
		tmk_key_info_release(&p->key[i].info);
		X509_free(p->key[i].leaf);
		X509_free(p->key[i].next);
	}
	free(p->key);
	tmk_policy_free(p->policy);
	tmk_config_free(p->config);
	memset(p, 0, sizeof(*p));
}
