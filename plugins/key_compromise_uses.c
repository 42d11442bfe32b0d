/*
 * key_compromise_uses.c - everything that the key signed, as the record of its
 * uses has it, and what has to be done.
 *
 * A signature without a timestamp proves nothing about its time: whoever has
 * the key could have made it yesterday, or next year. So it falls, while one
 * that a timestamp dates before the loss may stand.
 */
#include "plugins/key_compromise.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/json.h"
#include "key/remote.h"
#include "plugins/front_audit_list.h"
#include "plugins/front_key_verbs.h"

#define LINE_MAX_BYTES (256 * 1024)
#define SHOWN 512
#define STEP_WIDTH 74

struct telling {
	const struct tmk_compromise *c;
	uint64_t uses, stamped, unsure;
	struct tmk_buf out;
};

/* What becomes of it. */
static const char *fate(const struct tmk_audit_use *use)
{
	return use->stamped != TMK_TIME_NONE ? "stamped" :
		use->sure ? "falls" : "unknown";
}

static int use_json(struct telling *t, const struct tmk_audit_use *use,
		    struct tmk_err *err)
{
	char text[TMK_CLOCK_TEXT];
	struct tmk_json j;

	tmk_buf_clear(&t->out);
	tmk_json_init(&j, &t->out);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "kind", "signature");
	tmk_json_string(&j, "name", use->key);
	tmk_json_string(&j, "status", fate(use));
	tmk_json_int(&j, "seq", (int64_t)use->seq);
	tmk_json_string(&j, "time", tmk_clock_format(text, use->time));
	if (use->stamped == TMK_TIME_NONE)
		tmk_json_null(&j, "stamped");
	else
		tmk_json_string(&j, "stamped",
				tmk_clock_format(text, use->stamped));
	tmk_json_string(&j, "what", use->what);
	tmk_json_string(&j, "requester", use->requester);
	tmk_json_string(&j, "format", use->format);
	tmk_json_string(&j, "artefact", use->artefact);
	tmk_json_string(&j, "content", use->content);
	tmk_json_string(&j, "hash", use->hash);
	tmk_json_string(&j, "digest", use->digest);
	tmk_json_string(&j, "seal", use->seal);
	tmk_json_string(&j, "log", use->file);
	tmk_json_close_object(&j);
	return tmk_front_key_print(&j, err);
}

static const char *shown(char *out, const char *text)
{
	return tmk_enc_line_into(out, SHOWN, text, strlen(text));
}

static void use_text(const struct tmk_audit_use *use)
{
	char made[TMK_CLOCK_TEXT], stamp[TMK_CLOCK_TEXT];
	char what[SHOWN], name[SHOWN];

	tmk_clock_format(made, use->time);
	printf("  %s %-8s %-8s %s\n", made, fate(use),
	       *use->format ? shown(what, use->format) :
	       shown(what, use->what), *use->artefact ?
	       shown(name, use->artefact) : shown(name, use->digest));
	if (use->stamped != TMK_TIME_NONE)
		printf("    timestamp %s\n",
		       tmk_clock_format(stamp, use->stamped));
}

static int on_use(void *ctx, const struct tmk_audit_use *use,
		  struct tmk_err *err)
{
	struct telling *t = ctx;

	if (!t->uses++ && !t->c->json)
		printf("\nsigned with it, as the record says\n");
	t->stamped += use->stamped != TMK_TIME_NONE;
	t->unsure += !use->sure;
	if (t->c->json)
		return use_json(t, use, err);
	use_text(use);
	return 0;
}

static void sum_up(const struct telling *t)
{
	if (!t->uses) {
		printf("\nthe record knows no signature of it\n");
		return;
	}
	printf("%" PRIu64 " use%s, %" PRIu64 " with a timestamp. What has "
	       "none falls with the revocation; what\nhas one stands only "
	       "where it is older than the invalidity date that the CA gives\n"
	       "and the policy honours that date (touchmark-policy(5)).\n",
	       t->uses, t->uses == 1 ? "" : "s", t->stamped);
	if (t->unsure)
		printf("%" PRIu64 " began and ha%s no result on record: a "
		       "signature may exist.\n", t->unsure,
		       t->unsure == 1 ? "s" : "ve");
}

static int broken(const char *where, const struct tmk_chain_report *report)
{
	fprintf(stderr, "touchmark: %s: the record breaks at line %" PRIu64
		": what stands after it is not told; "
		"touchmark log verify tells more\n", where ? where : "log",
		report->broken);
	return TMK_REFUSED;
}

static int list_key(struct telling *t, const char *log,
		    const struct tmk_compromise_key *k, int *code,
		    struct tmk_err *err)
{
	struct tmk_chain_report report = { 0 };
	char spki[TMK_AUDIT_SPKI];
	char *where = NULL;
	int rc = 0;

	if (k->spki.len)
		rc = tmk_front_audit_spki(spki, k->spki.data, k->spki.len,
					  err);
	else
		snprintf(spki, sizeof(spki), "sha256:%s", k->sha256);
	if (!rc)
		rc = tmk_front_audit_list(log, spki, on_use, t, &report,
					  &where, err);
	if (rc > 0)
		*code = broken(where, &report);
	free(where);
	return rc < 0 ? -1 : 0;
}

int tmk_compromise_tell_uses(const struct tmk_compromise *c, int *code,
			     struct tmk_err *err)
{
	struct telling t = { .c = c, .out = TMK_BUF_INIT(LINE_MAX_BYTES) };
	const char *log = c->config->audit_log;
	struct tmk_err odd = TMK_ERR_INIT;
	int i, rc = 0;

	*code = TMK_OK;
	if (!log) {
		fprintf(stderr, "touchmark: note: touchmark.auditLog is not "
			"set: there is no record of what the key signed\n");
		return 0;
	}
	for (i = 0; !rc && i < c->keys; i++)
		rc = list_key(&t, log, &c->key[i], code, &odd);
	tmk_buf_release(&t.out);
	if (!rc) {
		if (!c->json)
			sum_up(&t);
		return 0;
	}
	if (odd.code == TMK_INTERNAL) {
		*err = odd;
		return -1;
	}
	/* The key is denied all the same, and the CA's data stand above. */
	fprintf(stderr, "touchmark: %s\n", odd.text);
	*code = TMK_INPUT;
	return 0;
}

/* ---- what to do ------------------------------------------------------------------ */

static const char *const steps[] = {
	"have every certificate above revoked by its CA, reason keyCompromise, "
	"with the day of the loss as invalidity date",
	"revoke the OpenPGP key and take the SSH key off allowed signers where "
	"they are published",
	"touchmark crl-fetch on every server that judges, for the new "
	"revocation lists; take the key out of the roles of their policies",
	"withdraw the rights to the old key: tokens and PINs, requesters, cloud "
	"grants; touchmark key destroy destroys what is left of it",
	"make a new key and have it certified: touchmark key generate NEW-NAME "
	"--token LABEL --ceremony FILE, touchmark key csr NEW-NAME",
	"sign again what falls and is still in use",
	"find out how it was lost, and mend that before the new key is used",
	"tell those who rely on the signatures: what, since when, what to do",
};

/* One step, broken between words. */
static void step_text(size_t number, const char *text)
{
	size_t width = STEP_WIDTH, len = strlen(text);

	printf("  %zu. ", number);
	while (len > width) {
		size_t cut = width;

		while (cut && text[cut] != ' ')
			cut--;
		if (!cut)
			break;
		printf("%.*s\n     ", (int)cut, text);
		text += cut + 1;
		len -= cut + 1;
	}
	puts(text);
}

static int tell_step(const struct tmk_compromise *c, size_t number,
		     const char *text, struct tmk_err *err)
{
	struct tmk_buf out = TMK_BUF_INIT(LINE_MAX_BYTES);
	struct tmk_json j;
	int rc;

	if (!c->json) {
		step_text(number, text);
		return 0;
	}
	tmk_json_init(&j, &out);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "kind", "step");
	tmk_json_string(&j, "name", c->name);
	tmk_json_string(&j, "status", "open");
	tmk_json_string(&j, "text", text);
	tmk_json_close_object(&j);
	rc = tmk_front_key_print(&j, err);
	tmk_buf_release(&out);
	return rc;
}

/* A signing host knows nothing of what is denied here. */
static int tell_host(const struct tmk_compromise *c, size_t number,
		     const char *uri, struct tmk_err *err)
{
	char where[TMK_REMOTE_SHOWN];
	char text[TMK_REMOTE_SHOWN + TMK_REMOTE_TEXT + 256];
	struct tmk_remote_uri u;

	if (tmk_remote_uri_parse(&u, uri, err))
		return -1;
	tmk_remote_shown(where, sizeof(where), &u);
	snprintf(text, sizeof(text), "on %s too: touchmark key compromise %s; "
		 "it goes on signing for others there, and its record has what "
		 "it signed for all", where, u.key);
	return tell_step(c, number, text, err);
}

int tmk_compromise_tell_steps(const struct tmk_compromise *c,
			      struct tmk_err *err)
{
	size_t i, k = 0, n = sizeof(steps) / sizeof(*steps);
	int rc = 0, u;

	if (!c->json)
		printf("\nwhat to do now\n");
	for (u = 0; !rc && c->pick && u < c->pick->uris; u++)
		if (tmk_remote_claims(c->pick->uri[u]))
			rc = tell_host(c, ++k, c->pick->uri[u], err);
	for (i = 0; !rc && i < n; i++)
		rc = tell_step(c, ++k, steps[i], err);
	return rc;
}
