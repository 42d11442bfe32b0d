#include "plugins/front_key_verbs.h"

#include <stdio.h>
#include <string.h>

#include "base/opt.h"
#include "core/config.h"
#include "plugins/front_audit.h"
#include "plugins/front_denied.h"
#include "plugins/front_denied_list.h"
#include "plugins/front_file.h"
#include "plugins/front_key_life.h"
#include "plugins/key_compromise.h"

#define REASON "compromised"

struct options {
	const char *reason, *spki;
	bool help, yes, json;
};

/* Which keys are meant: what is named by hand first, then whatever the name
 * leads to. */
static int find(struct tmk_compromise *c, struct tmk_front_pick *pick,
		const struct options *o, struct tmk_err *err)
{
	int found;

	if (o->spki && !strncmp(o->spki, "sha256:", 7)) {
		if (tmk_compromise_add_hash(c, o->spki, err))
			return -1;
	} else if (o->spki && tmk_compromise_add_file(c, o->spki, err)) {
		return -1;
	}
	if (!o->spki && !strncmp(c->name, "sha256:", 7) &&
	    !tmk_compromise_add_hash(c, c->name, NULL))
		return 0;
	if (o->spki && !tmk_config_key(c->config, c->name))
		return 0;
	found = tmk_front_pick_must(pick, c->config, c->name, err);
	if (found)
		return -1;
	c->pick = pick;
	if (tmk_compromise_find(c, err))
		return -1;
	if (c->keys)
		return 0;
	tmk_err_set(err, TMK_KEY, "key '%s': nobody shows its public key, by "
		    "which it is denied", c->name);
	return tmk_err_hint(err, "give it with --spki: a certificate, a "
			    "public key or its fingerprint sha256:HEX as "
			    "touchmark log show tells it");
}

static int deny_one(const struct tmk_compromise *c,
		    const struct tmk_compromise_key *k, const char *reason,
		    struct tmk_err *err)
{
	if (k->spki.len)
		return tmk_front_denied_add(k->spki.data, k->spki.len,
					    c->name, reason, err);
	return tmk_front_denied_add_hash(k->sha256, c->name, reason, err);
}

/* All of them, whatever becomes of one. The record hears of it too; when it
 * cannot, the key is denied all the same. */
static int deny(const struct tmk_compromise *c, const char *reason, int *code,
		struct tmk_err *err)
{
	struct tmk_err odd = TMK_ERR_INIT;
	int i, rc = 0;

	for (i = 0; i < c->keys; i++)
		if (deny_one(c, &c->key[i], reason, err) < 0)
			rc = -1;
	if (rc) {
		(void)tmk_err_prefix(err, "the key is NOT denied");
		return tmk_err_hint(err, "mend that and run this again; until "
				    "then take its token away, or have root "
				    "deny it in /etc/touchmark/denied");
	}
	for (i = 0; i < c->keys; i++) {
		const struct tmk_buf *spki = &c->key[i].spki;

		if (!tmk_front_audit_event(c->config, "denied", c->name,
					   spki->data, spki->len, reason,
					   &odd))
			continue;
		fprintf(stderr, "touchmark: warning: the denial is not on "
			"record: %s\n", odd.text);
		*code = tmk_front_file_worst(*code, odd.code);
	}
	return rc;
}

static int compromise(const char *name, const struct options *o, int *code,
		      struct tmk_err *err)
{
	const char *reason = o->reason ? o->reason : REASON;
	struct tmk_config *config = NULL;
	struct tmk_front_pick pick;
	struct tmk_compromise c;
	int rc = -1, record = TMK_OK;

	tmk_compromise_init(&c);
	c.name = name;
	c.json = o->json;
	if (tmk_config_load(&config, ".", err))
		goto out;
	c.config = config;
	if (find(&c, &pick, o, err))
		goto out;
	if (!o->yes && tmk_front_life_typed(name, "the key will sign nothing "
					    "any more on this host", err))
		goto out;
	if (deny(&c, reason, code, err) ||
	    tmk_compromise_tell_certs(&c, err) ||
	    tmk_compromise_tell_uses(&c, &record, err) ||
	    tmk_compromise_tell_steps(&c, err))
		goto out;
	*code = tmk_front_file_worst(*code, record);
	rc = 0;
out:
	tmk_compromise_release(&c);
	tmk_config_free(config);
	return rc;
}

int tmk_front_key_compromise(int argc, char **argv, struct tmk_err *err)
{
	struct options o = { .help = false };
	const struct tmk_opt table[] = {
		{ 0, "reason", TMK_OPT_TEXT, &o.reason, "TEXT",
		  "why; kept with the denial" },
		{ 0, "spki", TMK_OPT_TEXT, &o.spki, "FILE",
		  "public key or certificate, or sha256:HEX: nobody shows it" },
		{ 0, "yes", TMK_OPT_FLAG, &o.yes, NULL,
		  "do not ask for the name to be typed" },
		{ 0, "json", TMK_OPT_FLAG, &o.json, NULL,
		  "one JSON object per key, certificate, signature and step" },
		{ 'h', "help", TMK_OPT_FLAG, &o.help, NULL, "show this" },
		{ 0, NULL }
	};
	int operands = 0, code = TMK_OK;

	if (tmk_opt_parse(table, argc, argv, &operands, err) < 0)
		return err->code;
	if (o.help) {
		tmk_opt_help(stdout, "touchmark key compromise [OPTION...] "
			     "NAME", table);
		return TMK_OK;
	}
	if (operands != 1) {
		tmk_err_set(err, TMK_USAGE, "key compromise needs one NAME");
		tmk_err_hint(err, "touchmark key list shows the keys");
		return TMK_USAGE;
	}
	if (compromise(argv[1], &o, &code, err))
		return err->code;
	return code;
}
