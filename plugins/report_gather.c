/* What is known of a key, asked of configuration and store. */
#include "plugins/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/enc.h"
#include "plugins/front_certs.h"
#include "plugins/front_denied.h"
#include "plugins/front_key.h"
#include "plugins/front_key_verbs.h"
#include "plugins/report_home.h"
#include "seal/ssh_key.h"
#include "x509/digest.h"

static int on_fact(void *ctx, const char *name, const char *value,
		   struct tmk_err *err)
{
	struct tmk_report *r = ctx;
	struct tmk_report_fact *f = &r->fact[r->n_facts];

	if (r->n_facts == TMK_REPORT_FACTS_MAX)
		return tmk_err_set(err, TMK_KEY, "the store says more than "
				   "%d things of the key",
				   TMK_REPORT_FACTS_MAX);
	f->name = strdup(name);
	f->value = strdup(value);
	if (!f->name || !f->value) {
		free(f->name);
		free(f->value);
		return tmk_err_nomem(err);
	}
	r->n_facts++;
	return 0;
}

const char *tmk_report_fact(const struct tmk_report *report, const char *name)
{
	int i;

	for (i = 0; i < report->n_facts; i++)
		if (!strcasecmp(report->fact[i].name, name))
			return report->fact[i].value;
	return NULL;
}

enum tmk_tristate tmk_report_attribute(const struct tmk_report *report,
				       const char *name)
{
	int i;

	for (i = 0; i < report->facts.attributes; i++)
		if (!strcmp(report->facts.attribute[i].name, name))
			return report->facts.attribute[i].value;
	return TMK_ABSENT;
}

/* ---- the store ------------------------------------------------------------ */

/* Every certificate on the token, whoever's: an attestation and issuers are
 * among them. */
static int on_cert(void *ctx, const uint8_t *der, size_t len,
		   struct tmk_err *err)
{
	struct tmk_report *r = ctx;
	X509 *cert = NULL;

	if (sk_X509_num(r->all) >= TMK_CERTS_MAX ||
	    tmk_cert_from_der(&cert, der, len, "on the token", NULL) < 0)
		return 0;
	if (!sk_X509_push(r->all, cert)) {
		X509_free(cert);
		return tmk_err_nomem(err);
	}
	return 0;
}

/* A store that cannot tell more than a listing does. */
static int look(struct tmk_report *r, const struct tmk_place *place,
		struct tmk_err *err)
{
	struct tmk_front_look seen;
	struct tmk_buf empty = TMK_BUF_INIT(0);

	if (tmk_front_look(&seen, place, !r->options->no_login, err) < 0)
		return -1;
	if (seen.keys != 1) {
		tmk_err_set(err, TMK_KEY, seen.keys ?
			    "%d keys match; a report is about one" :
			    "there is no such key", seen.keys);
		tmk_front_look_release(&seen);
		return tmk_err_hint(err, "touchmark key list shows the keys");
	}
	tmk_key_info_release(&r->facts.info);
	r->facts.info = seen.info;
	seen.info.spki = empty;
	tmk_front_look_release(&seen);
	return 0;
}

static int ask_store(struct tmk_report *r, struct tmk_err *err)
{
	struct tmk_place place = tmk_front_place(r->config, r->uri,
						 r->options->pin_file);
	struct tmk_err ignored = TMK_ERR_INIT;

	if (r->store->inspect) {
		if (r->store->inspect(&place, !r->options->no_login,
				      &r->facts, on_fact, r, err) < 0)
			return -1;
		r->inspected = true;
	} else if (look(r, &place, err) < 0) {
		return -1;
	}
	if (!r->facts.info.spki.len) {
		tmk_err_set(err, TMK_KEY, "the token shows no public key");
		return tmk_err_hint(err, "import its certificate into the "
				    "token: touchmark key import-cert");
	}
	/* What keeps no certificates is no failure; the file may have them. */
	if (r->store->certs &&
	    r->store->certs(&place, NULL, 0, on_cert, r, &ignored) < 0 &&
	    ignored.code == TMK_INTERNAL)
		return tmk_err_set(err, TMK_INTERNAL, "%s", ignored.text);
	return 0;
}

/* ---- the key -------------------------------------------------------------- */

/* NIST SP 800-57 part 1 revision 5, table 2. */
static int strength_of(enum tmk_algorithm algorithm, unsigned int bits)
{
	if (algorithm != TMK_KEY_RSA)
		return (int)bits / 2;
	return bits >= 15360 ? 256 : bits >= 7680 ? 192 : bits >= 3072 ? 128 :
		bits >= 2048 ? 112 : bits >= 1024 ? 80 : 0;
}

static int describe_key(struct tmk_report *r, struct tmk_err *err)
{
	const struct tmk_key_info *info = &r->facts.info;
	struct tmk_err ignored = TMK_ERR_INIT;
	uint8_t digest[TMK_DIGEST_MAX];
	size_t len;

	if (tmk_digest_bytes(TMK_SHA256, info->spki.data, info->spki.len,
			     digest, &len, err) < 0)
		return -1;
	tmk_enc_hex(r->spki_sha256, digest, len);
	tmk_front_key_algorithm_name(r->algorithm, sizeof(r->algorithm),
				     info->algorithm, info->bits);
	r->strength = strength_of(info->algorithm, info->bits);
	if (tmk_ssh_key_fingerprint(r->ssh, info->spki.data, info->spki.len,
				    &ignored) < 0)
		r->ssh[0] = '\0';
	return 0;
}

/* The denial is a part of the evidence: a file that cannot be read denies. */
static void look_denied(struct tmk_report *r)
{
	const struct tmk_key_info *info = &r->facts.info;
	struct tmk_front_denied found;
	struct tmk_err why = TMK_ERR_INIT;
	int rc = tmk_front_denied_find(&found, info->spki.data, info->spki.len,
				       &why);

	r->denied = rc != 0;
	if (rc < 0)
		snprintf(r->denied_text, sizeof(r->denied_text), "%s",
			 why.text);
	else if (rc > 0)
		snprintf(r->denied_text, sizeof(r->denied_text),
			 "denied since %s: %s", found.since, found.reason);
}

/* ---- what a token is ------------------------------------------------------- */

enum tmk_report_home tmk_report_home_of(const struct tmk_report *report)
{
	if (report->store->remote)
		return TMK_REPORT_HOST;
	if (report->store->service)
		return TMK_REPORT_SERVICE;
	return tmk_report_is_program(&report->facts.info) ?
		TMK_REPORT_SOFTWARE : TMK_REPORT_TOKEN;
}

/* ---- all of it ------------------------------------------------------------- */

/* The certificates of the configured file, beside those of the token. */
static int add_file(struct tmk_report *r, struct tmk_err *err)
{
	STACK_OF(X509) *file = NULL;
	int i, ret = 0;

	if (!r->pick.cert)
		return 0;
	if (tmk_front_certs_load(&file, r->pick.cert, err) < 0)
		return -1;
	for (i = 0; !ret && i < sk_X509_num(file); i++) {
		X509 *cert = sk_X509_value(file, i);

		if (!X509_up_ref(cert) || !sk_X509_push(r->all, cert))
			ret = tmk_err_nomem(err);
	}
	sk_X509_pop_free(file, X509_free);
	return ret;
}

int tmk_report_gather(struct tmk_report *report,
		      const struct tmk_report_options *options,
		      struct tmk_err *err)
{
	struct tmk_report *r = report;

	memset(r, 0, sizeof(*r));
	r->options = options;
	r->now = tmk_clock_now();
	tmk_key_info_init(&r->facts.info);
	r->all = sk_X509_new_null();
	if (!r->all)
		return tmk_err_nomem(err);
	if (tmk_config_load(&r->config, ".", err) < 0 ||
	    tmk_front_pick_must(&r->pick, r->config, options->key, err) < 0 ||
	    tmk_front_key_uri(&r->uri, &r->pick, r->config, err) < 0)
		return -1;
	r->store = tmk_front_store(r->uri, err);
	if (!r->store)
		return -1;
	if (ask_store(r, err) < 0)
		return tmk_front_pick_prefix(&r->pick, err);
	r->home = tmk_report_home_of(r);
	if (add_file(r, err) < 0 || describe_key(r, err) < 0 ||
	    tmk_report_read_certs(r, err) < 0 ||
	    tmk_report_attest(r, err) < 0 ||
	    tmk_report_read_record(r, err) < 0)
		return -1;
	look_denied(r);
	return 0;
}

void tmk_report_release(struct tmk_report *report)
{
	int i;

	for (i = 0; i < report->n_facts; i++) {
		free(report->fact[i].name);
		free(report->fact[i].value);
	}
	tmk_key_info_release(&report->facts.info);
	sk_X509_pop_free(report->all, X509_free);
	tmk_config_free(report->config);
	free(report->seal_file);
	memset(report, 0, sizeof(*report));
}
