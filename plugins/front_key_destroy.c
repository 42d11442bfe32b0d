/* touchmark key destroy: the end of a key, with its proof. */
#include "plugins/front_key_verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/opt.h"
#include "core/config.h"
#include "plugins/front_approval.h"
#include "plugins/front_audit.h"
#include "plugins/front_audit_list.h"
#include "plugins/front_key.h"
#include "plugins/front_key_life.h"
#include "plugins/front_pick.h"
#include "x509/cert.h"
#include "x509/digest.h"

#define NOTE_MAX 256

struct options {
	const char *pin_file;
	bool yes, json, help;
};

/* What an end works on. */
struct end {
	const struct options *o;
	struct tmk_config *config;
	struct tmk_front_pick pick;
	const char *uri;
	struct tmk_place place;
	const struct tmk_store_ops *store;
	struct tmk_front_look look;
	bool seen;		/* the look was taken */
	char spki[TMK_LIFE_HEX];	/* "" when the token shows none */
	/* Of all sections that mean this key the one that asks for the most
	 * approvals: another name is no way around them. */
	const struct tmk_key_config *strictest;
	int uses;		/* on record */
	int64_t last;		/* the time of the last one */
	char artefact[256];	/* and what for, escaped */
	int objects;		/* that were destroyed */
	bool forgotten;		/* in the user's configuration */
};

/* ---- what goes ----------------------------------------------------------- */

static int look(struct end *e, struct tmk_err *err)
{
	const struct tmk_buf *spki = &e->look.info.spki;

	if (tmk_front_look(&e->look, &e->place, false, err) < 0)
		return -1;
	e->seen = true;
	/* What is not known could be a key that needs approvals. */
	if (!e->look.keys) {
		e->seen = false;
		tmk_front_look_release(&e->look);
		if (tmk_front_look(&e->look, &e->place, true, err) < 0)
			return -1;
		e->seen = true;
	}
	if (e->look.keys > 1) {
		tmk_err_set(err, TMK_KEY, "%d keys match the URI",
			    e->look.keys);
		return tmk_err_hint(err, "say which one: add id= or object=");
	}
	if (e->look.keys && spki->len)
		return tmk_front_life_hash(e->spki, spki->data, spki->len,
					   err);
	return 0;
}

static bool is_its_cert(const struct end *e, X509 *cert)
{
	const struct tmk_buf *spki = &e->look.info.spki;

	return spki->len && tmk_cert_has_key(cert, spki->data, spki->len);
}

static void show_cert(X509 *cert)
{
	char subject[512], when[TMK_CLOCK_TEXT];
	int64_t from = 0, to = 0;

	if (tmk_cert_validity(&from, &to, cert, NULL))
		to = TMK_TIME_NONE;
	printf("  certificate of %s, valid until %s\n",
	       tmk_cert_subject(subject, sizeof(subject), cert),
	       tmk_clock_format(when, to));
}

/* ---- when it was used last ----------------------------------------------- */

static int on_use(void *ctx, const struct tmk_audit_use *use,
		  struct tmk_err *err)
{
	struct end *e = ctx;

	(void)err;
	e->uses++;
	e->last = use->time;
	tmk_enc_show_into(e->artefact, sizeof(e->artefact), use->artefact,
			  strlen(use->artefact));
	return 0;
}

/* What the record tells; one that does not hold stops nothing, but is said. */
static void find_uses(struct end *e)
{
	const struct tmk_buf *spki = &e->look.info.spki;
	struct tmk_chain_report report = { .lines = 0 };
	char name[TMK_AUDIT_SPKI], *where = NULL;
	struct tmk_err why = TMK_ERR_INIT;
	int rc;

	if (!e->config->audit_log || !*e->spki)
		return;
	rc = tmk_front_audit_spki(name, spki->data, spki->len, &why);
	if (!rc)
		rc = tmk_front_audit_list(e->config->audit_log, name, on_use,
					  e, &report, &where, &why);
	if (rc > 0)
		fprintf(stderr, "touchmark: warning: the record breaks at "
			"line %llu of %s\n", (unsigned long long)report.broken,
			where);
	else if (rc)
		fprintf(stderr, "touchmark: warning: the record cannot be "
			"read: %s\n", why.text);
	free(where);
}

static void show_uses(const struct end *e)
{
	char when[TMK_CLOCK_TEXT];

	if (!e->config->audit_log)
		printf("  no record is kept of its uses\n");
	else if (!e->uses)
		printf("  no use of it is on record\n");
	else
		printf("  %d use%s on record, the last one at %s%s%s\n",
		       e->uses, e->uses == 1 ? "" : "s",
		       tmk_clock_format(when, e->last),
		       *e->artefact ? " for " : "", e->artefact);
}

/* What a person sees before he is asked. */
static void show(const struct end *e)
{
	const struct tmk_key_info *i = &e->look.info;
	char algorithm[32];
	int n;

	printf("%s:\n", e->pick.name);
	if (!e->look.keys)
		return;
	printf("  %s key '%s' in token '%s' (%s %s, serial %s)\n",
	       tmk_front_key_algorithm_name(algorithm, sizeof(algorithm),
					    i->algorithm, i->bits),
	       i->label, i->token, i->manufacturer, i->model, i->serial);
	printf("  public key %s%s\n", *e->spki ? "sha256:" : "not shown",
	       e->spki);
	for (n = 0; n < sk_X509_num(e->look.certs); n++)
		if (is_its_cert(e, sk_X509_value(e->look.certs, n)))
			show_cert(sk_X509_value(e->look.certs, n));
	show_uses(e);
}

/* ---- who may ------------------------------------------------------------- */

static int on_section(void *ctx, const struct tmk_key_config *section,
		      struct tmk_err *err)
{
	struct end *e = ctx;

	(void)err;
	if (!e->strictest || section->approvals > e->strictest->approvals)
		e->strictest = section;
	return 0;
}

static int find_sections(struct end *e, struct tmk_err *err)
{
	const struct tmk_buf *spki = &e->look.info.spki;

	e->strictest = e->pick.key;
	if (!*e->spki)
		return 0;
	return tmk_front_life_sections(e->config, spki->data, spki->len,
				       on_section, e, err);
}

/*
 * The approvers of its signatures agree to its end as well. What they sign is
 * a text that nothing else is: "touchmark destroy 1" and the public key.
 */
static int approve(char id[TMK_APPROVAL_ID], const struct end *e,
		   struct tmk_err *err)
{
	struct tmk_front_use use = {
		.what = "destroy",
		.key = e->strictest ? e->strictest->name : e->pick.name,
		.section = e->strictest,
		.spki = e->look.info.spki.data,
		.spki_len = e->look.info.spki.len,
		.place = e->look.info.token,
		.hash = TMK_SHA256,
		.time = tmk_clock_now(),
		.artefact = e->pick.name,
		.content = "destroy",
	};
	uint8_t digest[TMK_DIGEST_MAX];
	char text[TMK_LIFE_HEX + 64];

	*id = '\0';
	if (!e->strictest || !e->strictest->approvals)
		return 0;
	if (!*e->spki)
		return tmk_err_set(err, TMK_KEY, "the key needs approvals, "
				   "but the token does not show which one it "
				   "is");
	snprintf(text, sizeof(text), "touchmark destroy 1\nspki sha256:%s\n",
		 e->spki);
	if (tmk_digest_bytes(TMK_SHA256, text, strlen(text), digest,
			     &use.digest_len, err))
		return -1;
	use.digest = digest;
	return tmk_front_approval_check(id, &use, err);
}

/* ---- the end ------------------------------------------------------------- */

static int record(const struct end *e, const char *event, const char *note,
		  struct tmk_err *err)
{
	return tmk_front_audit_event(e->config, event, e->pick.name,
				     e->look.info.spki.data,
				     e->look.info.spki.len, note, err);
}

/*
 * On record before and after, so that a key never ends unseen. The approvals
 * are used up as soon as the token was asked: a second try is a second
 * decision.
 */
static int destroy(struct end *e, struct tmk_err *err)
{
	char id[TMK_APPROVAL_ID], note[NOTE_MAX];
	struct tmk_err why = TMK_ERR_INIT;
	int rc;

	if (approve(id, e, err))
		return -1;
	if (record(e, "destroying", e->look.info.token, err) ||
	    tmk_front_approval_spend(id, err)) {
		tmk_front_approval_giveback(id);
		return -1;
	}
	if (*e->spki) {
		e->place.spki_hint = e->look.info.spki.data;
		e->place.spki_hint_len = e->look.info.spki.len;
	}
	rc = e->store->destroy(&e->place, &e->objects, &why);
	if (rc) {
		if (record(e, "destroy-failed", why.text, NULL))
			fprintf(stderr, "touchmark: warning: the record "
				"could not be written\n");
		if (err)
			*err = why;
		return -1;
	}
	snprintf(note, sizeof(note), "%d objects in token %s, absence proved",
		 e->objects, e->look.info.token);
	if (!record(e, "destroyed", note, err))
		return 0;
	return tmk_err_prefix(err, "the key is destroyed, but that is not on "
			      "record");
}

/* The section goes with its last place. */
static int forget(struct end *e, struct tmk_err *err)
{
	const struct tmk_key_config *k = e->pick.key;
	int rc;

	if (!k)
		return 0;
	rc = tmk_config_forget(k->name, k->uris > 1 ? e->uri : NULL, err);
	if (rc < 0)
		return tmk_err_prefix(err, "the key is destroyed, but still "
				      "configured");
	e->forgotten = !rc;
	return 0;
}

static int report_json(const struct end *e, struct tmk_err *err)
{
	struct tmk_buf line = TMK_BUF_INIT(16384);
	char when[TMK_CLOCK_TEXT], spki[TMK_LIFE_HEX + 8];
	struct tmk_json j;
	int ret;

	snprintf(spki, sizeof(spki), "sha256:%s", e->spki);
	tmk_json_init(&j, &line);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "name", e->pick.name);
	tmk_json_string(&j, "status", "destroyed");
	tmk_json_string(&j, "token", e->look.info.token);
	tmk_json_string(&j, "spki", *e->spki ? spki : NULL);
	tmk_json_int(&j, "uses", e->uses);
	tmk_json_string(&j, "lastUse", e->uses ?
			tmk_clock_format(when, e->last) : NULL);
	tmk_json_int(&j, "objects", e->objects);
	tmk_json_bool(&j, "absent", true);
	tmk_json_bool(&j, "configured", e->pick.key && !e->forgotten);
	tmk_json_close_object(&j);
	ret = tmk_front_key_print(&j, err);
	tmk_buf_release(&line);
	return ret;
}

static void report_text(const struct end *e)
{
	const struct tmk_key_config *k = e->pick.key;

	printf("%s: destroyed, %d object%s\n", e->pick.name, e->objects,
	       e->objects == 1 ? "" : "s");
	printf("  absence proved: a new session of token '%s' finds no such "
	       "key\n", e->look.info.token);
	if (!k)
		return;
	if (!e->forgotten)
		printf("  it is still configured, in another file than your "
		       "own: remove its section there\n");
	else if (k->cert)
		printf("  its certificates stay in %s: what it signed is "
		       "judged by them\n", k->cert);
	if (k->uris > 1)
		printf("  it has %d more place%s: touchmark key destroy %s\n",
		       k->uris - 1, k->uris == 2 ? "" : "s", k->name);
}

static int check_store(const struct end *e, struct tmk_err *err)
{
	if (e->store->destroy)
		return 0;
	tmk_err_set(err, TMK_KEY, "keys of %s are not destroyed from here",
		    e->store->name);
	return tmk_err_hint(err, "%s", e->store->remote ? "do it on the host "
			    "that has the token" : "schedule its deletion "
			    "with the service's own tools, by somebody who "
			    "may");
}

static int prepare(struct end *e, const char *key, struct tmk_err *err)
{
	if (tmk_config_load(&e->config, ".", err) < 0 ||
	    tmk_front_pick_must(&e->pick, e->config, key, err) < 0 ||
	    tmk_front_key_uri(&e->uri, &e->pick, e->config, err) < 0)
		return -1;
	e->store = tmk_front_store(e->uri, err);
	if (!e->store || check_store(e, err))
		return -1;
	e->place = tmk_front_place(e->config, e->uri, e->o->pin_file);
	if (look(e, err) || find_sections(e, err))
		return -1;
	find_uses(e);
	return 0;
}

static int run(const char *key, const struct options *o, struct tmk_err *err)
{
	struct end e = { .o = o };
	const char *name;
	int ret = -1;

	if (prepare(&e, key, err)) {
		if (e.pick.name)
			tmk_front_pick_prefix(&e.pick, err);
		goto out;
	}
	if (!o->json)
		show(&e);
	name = e.pick.key ? e.pick.name : e.look.info.label;
	if (!o->yes &&
	    tmk_front_life_typed(name, "this key will be destroyed for ever",
				 err) < 0)
		goto out;
	if (destroy(&e, err) || forget(&e, err)) {
		tmk_front_pick_prefix(&e.pick, err);
		goto out;
	}
	if (o->json)
		ret = report_json(&e, err);
	else
		ret = (report_text(&e), 0);
out:
	if (e.seen)
		tmk_front_look_release(&e.look);
	tmk_config_free(e.config);
	return ret;
}

int tmk_front_key_destroy(int argc, char **argv, struct tmk_err *err)
{
	struct options o = { .help = false };
	const struct tmk_opt table[] = {
		{ 0, "yes", TMK_OPT_FLAG, &o.yes, NULL,
		  "it is meant: nobody is asked to type the name" },
		{ 0, "pin-file", TMK_OPT_TEXT, &o.pin_file, "FILE",
		  "read the PIN from here" },
		{ 0, "json", TMK_OPT_FLAG, &o.json, NULL, "answer in JSON" },
		{ 'h', "help", TMK_OPT_FLAG, &o.help, NULL, "show this" },
		{ 0, NULL }
	};
	int operands = 0;

	if (tmk_opt_parse(table, argc, argv, &operands, err) < 0)
		return err->code;
	if (o.help) {
		tmk_opt_help(stdout, "touchmark key destroy NAME|URI "
			     "[OPTION...]", table);
		return TMK_OK;
	}
	if (operands != 1) {
		tmk_err_set(err, TMK_USAGE, "key destroy needs one NAME or "
			    "URI");
		tmk_err_hint(err, "touchmark key list shows the keys");
		return TMK_USAGE;
	}
	return run(argv[1], &o, err) < 0 ? err->code : TMK_OK;
}
