/*
 * doctor_key.c - every configured key as its token shows it to anybody: the
 * module, the token, how its PIN stands, the key and its certificate.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <unistd.h>

#include <sys/stat.h>

#include <openssl/x509v3.h>

#include "base/clock.h"
#include "core/sign.h"
#include "key/p11_status.h"
#include "plugins/doctor_facts.h"
#include "plugins/front_birth.h"
#include "plugins/front_denied.h"
#include "plugins/front_key.h"
#include "plugins/front_pick.h"
#include "seal/openpgp_key.h"
#include "x509/cert.h"

#define NAME_TEXT 256

/* One configured key while it is looked at. */
struct job {
	struct tmk_doctor *d;
	const struct tmk_key_config *key;
	int tokens;		/* that one of its URIs matches */
	bool alternatives;	/* the key has several places */
	bool elsewhere;		/* it is on a signing host */
};

/* Something is wrong with one place of a key: with another place to go to it
 * is only half as bad. */
static enum tmk_doctor_status bad(const struct job *job)
{
	return job->alternatives ? TMK_DOCTOR_WARN : TMK_DOCTOR_FAIL;
}

/* ---- tokens and PINs ---------------------------------------------------- */

static void say_pin(struct job *job, const struct tmk_token_status *s)
{
	struct tmk_doctor *d = job->d;

	if (s->pin_locked)
		tmk_doctor_say(d, bad(job), "pin", "the SO PIN (PUK) unlocks "
			       "it, with the maker's tool", "token %s: its PIN "
			       "is locked after too many wrong ones", s->token);
	else if (s->pin_final)
		tmk_doctor_say(d, bad(job), "pin", "log in once with the right "
			       "PIN through the maker's tool; touchmark never "
			       "spends the last try", "token %s: one try is "
			       "left", s->token);
	else if (s->login && !s->pin_set && !s->pad)
		tmk_doctor_say(d, bad(job), "pin", "set it with the maker's "
			       "tool, or pkcs11-tool --init-pin",
			       "token %s: no user PIN is set", s->token);
	else if (s->pin_change)
		tmk_doctor_say(d, bad(job), "pin", "change it with the maker's "
			       "tool, or pkcs11-tool --change-pin",
			       "token %s: the PIN must be changed first",
			       s->token);
	else if (s->pin_low)
		tmk_doctor_say(d, TMK_DOCTOR_WARN, "pin", "make sure that no "
			       "program has a wrong PIN configured",
			       "token %s: a wrong PIN was given since the last "
			       "login", s->token);
	else
		tmk_doctor_say(d, TMK_DOCTOR_OK, "pin", NULL, "token %s: %s",
			       s->token, !s->login ? "no PIN is needed" :
			       s->pad ? "is asked at its own keypad" :
			       "set, and not short of tries");
}

static int on_token(void *ctx, const struct tmk_token_status *s,
		    struct tmk_err *err)
{
	struct job *job = ctx;

	(void)err;
	job->tokens++;
	tmk_doctor_say(job->d, TMK_DOCTOR_OK, "module", NULL, "%s answers%s%s",
		       s->module, *s->library ? ": " : "", s->library);
	tmk_doctor_say(job->d, TMK_DOCTOR_OK, "token", NULL, "key '%s': token "
		       "%s (%s, %s, serial %s) is there", job->key->name,
		       s->token, s->manufacturer, s->model, s->serial);
	say_pin(job, s);
	return 0;
}

/* The file with the PIN, if the URI names one: what its reader will ask. */
static void check_pin_source(struct job *job, const char *uri)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_pin_status pin;
	const char *wrong = NULL;
	struct stat s;

	if (tmk_p11_status_pin(&pin, uri, &err) < 0)
		return;	/* said when the place is looked at */
	if (pin.value)
		tmk_doctor_say(job->d, TMK_DOCTOR_WARN, "pin", "keep it in a "
			       "file of mode 0600 (pin-source=file:/PATH), or "
			       "let a person type it", "key '%s': its PIN "
			       "stands in the configuration", job->key->name);
	if (pin.other)
		tmk_doctor_say(job->d, TMK_DOCTOR_FAIL, "pin", "write "
			       "pin-source=file:/DIR/FILE", "key '%s': its "
			       "pin-source is no absolute path",
			       job->key->name);
	if (!*pin.file)
		return;
	if (stat(pin.file, &s) < 0)
		wrong = strerror(errno);
	else if (!S_ISREG(s.st_mode))
		wrong = "is no regular file";
	else if (s.st_uid != geteuid() && s.st_uid)
		wrong = "belongs to somebody else";
	else if (s.st_mode & (S_IRWXG | S_IRWXO))
		wrong = "is open to others";
	if (wrong)
		tmk_doctor_say(job->d, TMK_DOCTOR_FAIL, "pin", "it must be a "
			       "file of the user who signs, of mode 0600",
			       "key '%s': PIN file %s: %s", job->key->name,
			       pin.file, wrong);
	else
		tmk_doctor_say(job->d, TMK_DOCTOR_OK, "pin", NULL, "key '%s': "
			       "PIN file %s is there, and nobody else's",
			       job->key->name, pin.file);
}

/* Module and token of one place. Whether the token is there. */
static bool check_place(struct job *job, const struct tmk_place *place)
{
	const struct tmk_store_ops *store;
	struct tmk_err err = TMK_ERR_INIT, skipped = TMK_ERR_INIT;
	int before = job->tokens;

	store = tmk_front_store(place->uri, &err);
	if (!store) {
		tmk_doctor_say_error(job->d, TMK_DOCTOR_FAIL, "key", &err);
		return false;
	}
	if (strcmp(store->name, "p11"))
		return true;	/* no token: what it is, looking at it tells */
	if (tmk_p11_status(place, on_token, job, &skipped, &err) < 0) {
		tmk_err_prefix(&err, "key '%s'", job->key->name);
		tmk_doctor_say_error(job->d, bad(job), "module", &err);
		return false;
	}
	if (skipped.code)
		tmk_doctor_say_error(job->d, TMK_DOCTOR_WARN, "module",
				     &skipped);
	if (job->tokens > before)
		return true;
	tmk_doctor_say(job->d, bad(job), "token", "plug it in; touchmark key "
		       "list --module PATH shows what a module sees",
		       "key '%s': no token that its URI names is there",
		       job->key->name);
	return false;
}

/* ---- the key ------------------------------------------------------------ */

static void say_key(struct job *job, const struct tmk_front_look *look)
{
	const struct tmk_key_info *info = &look->info;

	if (look->keys > 1)
		tmk_doctor_say(job->d, bad(job), "key", "name it by id= or "
			       "object= in the URI; touchmark key list shows "
			       "them", "key '%s': its URI fits %d keys",
			       job->key->name, look->keys);
	else if (!look->keys)
		tmk_doctor_say(job->d, TMK_DOCTOR_WARN, "key", "touchmark key "
			       "show NAME logs in and looks", "key '%s': the "
			       "token shows none that fits before a login",
			       job->key->name);
	else if (info->sign == TMK_NO)
		tmk_doctor_say(job->d, bad(job), "key", "use a key that was "
			       "made for signing", "key '%s': the token says "
			       "that it may not sign", job->key->name);
	else if (job->elsewhere)
		tmk_doctor_say(job->d, TMK_DOCTOR_OK, "key", NULL, "key '%s': "
			       "%s answers, and shows its key %s",
			       job->key->name, info->token, info->label);
	else
		tmk_doctor_say(job->d, TMK_DOCTOR_OK, "key", NULL, "key '%s': "
			       "%s is in token %s", job->key->name,
			       *info->label ? info->label : "it", info->token);
}

/* Everything about it may be well, and nothing here signs with it. */
static void say_denied(struct job *job, const uint8_t *spki, size_t len)
{
	struct tmk_err err = TMK_ERR_INIT;

	if (!tmk_front_denied_check(spki, len, &err))
		return;
	tmk_err_prefix(&err, "key '%s'", job->key->name);
	tmk_doctor_say_error(job->d, TMK_DOCTOR_FAIL, "key", &err);
}

/* ---- the certificate ---------------------------------------------------- */

static void say_no_cert(struct job *job)
{
	bool needed = job->d->format == TMK_FORMAT_X509;

	tmk_doctor_say(job->d, needed ? TMK_DOCTOR_FAIL : TMK_DOCTOR_OK,
		       "certificate", needed ? "touchmark key csr NAME -o "
		       "FILE.csr makes a request for your CA; touchmark key "
		       "import-cert NAME FILE.pem takes its answer" : NULL,
		       needed ?
		       "key '%s': no certificate is known" :
		       "key '%s': none, and %s signatures need none",
		       job->key->name, tmk_doctor_format_name(job->d->format));
}

static void say_chain(struct job *job, STACK_OF(X509) *chain,
		      bool matched)
{
	char warning[512] = "", name[NAME_TEXT], at[TMK_CLOCK_TEXT];
	struct tmk_doctor *d = job->d;
	struct tmk_err err = TMK_ERR_INIT;
	X509 *leaf = sk_X509_value(chain, 0);
	int64_t from = 0, to = 0;

	if (tmk_sign_cert_ok(leaf, d->now, warning, sizeof(warning), &err) ||
	    tmk_cert_validity(&from, &to, leaf, &err)) {
		tmk_err_prefix(&err, "key '%s'", job->key->name);
		tmk_doctor_say_error(d, TMK_DOCTOR_FAIL, "certificate", &err);
	} else if (*warning) {
		tmk_doctor_say(d, TMK_DOCTOR_WARN, "certificate", "have it "
			       "renewed: touchmark key csr NAME -o FILE.csr, "
			       "then touchmark key import-cert NAME FILE.pem",
			       "key '%s': %s", job->key->name, warning);
	} else {
		tmk_doctor_say(d, TMK_DOCTOR_OK, "certificate", NULL,
			       "key '%s': %s, valid until %s", job->key->name,
			       tmk_cert_subject(name, sizeof(name), leaf),
			       tmk_clock_format(at, to));
	}
	if (!matched)
		tmk_doctor_say(d, TMK_DOCTOR_WARN, "certificate", "touchmark "
			       "key show NAME logs in and compares",
			       "key '%s': whether it is the key's cannot be "
			       "seen before a login", job->key->name);
}

/* The chain is the doctor's from here on, when git signs with this key. */
static void keep_chain(struct job *job, STACK_OF(X509) **chain)
{
	if (job->d->key != job->key || job->d->chain)
		return;
	job->d->chain = *chain;
	*chain = NULL;
}

/* The key of the first certificate that is no CA's: the token did not show
 * its own. */
static int key_of_leaf(uint8_t **spki, STACK_OF(X509) *certs)
{
	int i;

	for (i = 0; i < sk_X509_num(certs); i++)
		if (!X509_check_ca(sk_X509_value(certs, i)))
			return i2d_X509_PUBKEY(X509_get_X509_PUBKEY(
				sk_X509_value(certs, i)), spki);
	return 0;
}

/* Signing has no use for a certificate that is not valid now, but what else is
 * to be said of it is worth knowing: its chain when its validity began. */
static void order_anyway(STACK_OF(X509) **chain, STACK_OF(X509) *certs,
			 const uint8_t *spki, size_t len)
{
	struct tmk_err ignored = TMK_ERR_INIT;
	int64_t from, to;
	int i, rc = -1;

	for (i = 0; rc && i < sk_X509_num(certs); i++) {
		X509 *cert = sk_X509_value(certs, i);

		if (tmk_cert_has_key(cert, spki, len) &&
		    !tmk_cert_validity(&from, &to, cert, &ignored))
			rc = tmk_sign_order_chain(chain, certs, spki, len,
						  from, &ignored);
	}
}

static void check_certs(struct job *job, STACK_OF(X509) *certs,
			const struct tmk_buf *seen)
{
	STACK_OF(X509) *chain = NULL;
	struct tmk_err err = TMK_ERR_INIT;
	uint8_t *own = NULL;
	int len = seen ? (int)seen->len : key_of_leaf(&own, certs);
	const uint8_t *spki = seen ? seen->data : own;

	if (!seen && len > 0)
		say_denied(job, spki, (size_t)len);
	if (len <= 0) {
		say_no_cert(job);
	} else if (tmk_sign_order_chain(&chain, certs, spki, (size_t)len,
					job->d->now, &err) < 0) {
		tmk_err_prefix(&err, "key '%s'", job->key->name);
		tmk_doctor_say_error(job->d, job->d->format == TMK_FORMAT_X509 ?
				     TMK_DOCTOR_FAIL : TMK_DOCTOR_WARN,
				     "certificate", &err);
		order_anyway(&chain, certs, spki, (size_t)len);
		keep_chain(job, &chain);
	} else {
		say_chain(job, chain, seen);
		keep_chain(job, &chain);
	}
	OPENSSL_free(own);
	sk_X509_pop_free(chain, X509_free);
}

/* The configured file, else what lies on the token. */
static void check_key_certs(struct job *job, const struct tmk_front_look *look)
{
	STACK_OF(X509) *file = NULL;
	struct tmk_err err = TMK_ERR_INIT;
	const struct tmk_buf *spki = look && look->keys == 1 &&
		look->info.spki.len ? &look->info.spki : NULL;

	if (!job->key->cert) {
		if (look && sk_X509_num(look->certs) > 0)
			check_certs(job, look->certs, spki);
		else if (look && job->elsewhere)
			tmk_doctor_say(job->d, TMK_DOCTOR_OK, "certificate",
				       NULL, "key '%s': its host sends the "
				       "certificate with each signature",
				       job->key->name);
		else if (look)
			say_no_cert(job);
		return;
	}
	if (tmk_cert_load_file(&file, job->key->cert, &err) < 0) {
		tmk_err_prefix(&err, "key '%s'", job->key->name);
		tmk_doctor_say_error(job->d, TMK_DOCTOR_FAIL, "certificate",
				     &err);
		return;
	}
	check_certs(job, file, spki);
	sk_X509_pop_free(file, X509_free);
}

/* What names the key where no certificate does. */
static void keep_key(struct job *job, const struct tmk_place *place,
		     const struct tmk_buf *spki)
{
	struct tmk_doctor *d = job->d;
	struct tmk_err ignored = TMK_ERR_INIT;
	const struct tmk_store_ops *store = tmk_front_store(place->uri,
							    &ignored);
	char user[TMK_OPENPGP_USER_MAX];

	if (d->key == job->key)
		d->remote = job->elsewhere;
	if (d->key != job->key || !spki->len || d->spki.len ||
	    tmk_buf_add(&d->spki, spki->data, spki->len))
		return;
	d->created = job->key->created;
	if (d->created == TMK_TIME_NONE && store &&
	    tmk_front_birth_get(&d->created, user, sizeof(user), store, place,
				spki->data, spki->len, &ignored))
		d->created = TMK_TIME_NONE;
}

/* ---- all of them -------------------------------------------------------- */

/* The places in order until one has the key, as signing goes about it. */
static void check_key(struct tmk_doctor *d, const struct tmk_key_config *key)
{
	struct job job = { .d = d, .key = key,
			   .alternatives = key->uris > 1 };
	struct tmk_front_look look;
	struct tmk_place place;
	struct tmk_err err;
	int i, found = 0, unasked = 0;

	for (i = 0; i < key->uris && !found; i++) {
		if (d->offline && tmk_doctor_places_elsewhere(key->uri[i])) {
			tmk_doctor_places_unasked(d, key, key->uri[i]);
			unasked++;
			continue;
		}
		job.elsewhere = tmk_doctor_places_remote(key->uri[i]);
		check_pin_source(&job, key->uri[i]);
		place = tmk_front_place(d->config, key->uri[i], NULL);
		if (!check_place(&job, &place))
			continue;
		err = (struct tmk_err)TMK_ERR_INIT;
		if (tmk_front_look(&look, &place, false, &err) < 0) {
			tmk_err_prefix(&err, "key '%s'", key->name);
			tmk_doctor_say_error(d, bad(&job), "key", &err);
			continue;
		}
		found = 1;
		say_key(&job, &look);
		if (look.keys == 1 && look.info.spki.len)
			say_denied(&job, look.info.spki.data,
				   look.info.spki.len);
		check_key_certs(&job, &look);
		keep_key(&job, &place, &look.info.spki);
		if (look.keys == 1)
			tmk_doctor_package_seen(d, key, &place, &look.info);
		tmk_doctor_places(d, key, i + 1, &look.info.spki);
		tmk_front_look_release(&look);
	}
	if (found)
		return;
	if (!key->uris)
		tmk_doctor_say(d, TMK_DOCTOR_FAIL, "key", "touchmark.conf(5) "
			       "tells how", "key '%s': no uri says where it "
			       "is", key->name);
	else if (job.alternatives && !unasked)
		tmk_doctor_say(d, TMK_DOCTOR_FAIL, "key", "plug in one of its "
			       "tokens", "key '%s': it is in none of its %d "
			       "places", key->name, key->uris);
	/* The certificate can be looked at without its token. */
	check_key_certs(&job, NULL);
}

void tmk_doctor_keys(struct tmk_doctor *d)
{
	int i;

	for (i = 0; d->config && i < d->config->n_keys; i++) {
		d->about = d->config->keys[i].name;
		check_key(d, &d->config->keys[i]);
	}
	d->about = NULL;
}
