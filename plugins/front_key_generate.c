#include "plugins/front_key_verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/opt.h"
#include "core/config.h"
#include "plugins/front_audit.h"
#include "plugins/front_key.h"
#include "plugins/front_key_ceremony.h"
#include "plugins/front_key_life.h"

struct options {
	const char *token, *module, *algorithm, *pin_file, *user, *env;
	const char *ceremony, *csr, *subject, *email;
	struct tmk_opt_list witnesses;
	bool help, json;
};

#define KEYS 4			/* in a section */
#define VALUES_MAX (KEYS + 1)

/* What is made, and what the configuration says of it. */
struct birth {
	const char *name;
	int64_t created;
	char *user_id;		/* NULL: nobody's yet */
	const struct options *o;
	struct tmk_config *config;
	const struct tmk_store_ops *store;
	struct tmk_key_info info;
	struct tmk_place place;
	struct tmk_ceremony ceremony;
};

/* Beside the key, with the login that made it. */
static void on_made(void *ctx, const struct tmk_key_info *info)
{
	struct birth *b = ctx;
	struct tmk_place place = b->place;

	b->created = tmk_clock_now();
	tmk_front_key_keep_birth(&b->place, &info->spki, b->created,
				 b->user_id);
	place.uri = info->uri;
	tmk_ceremony_inspect(&b->ceremony, b->store, &place);
}

/* What a later run needs to find the key: its URI, and the creation time that
 * OpenPGP puts into a fingerprint (RFC 9580 section 5.5.4): chosen once. */
static int write_section(const struct birth *b, bool first,
			 struct tmk_err *err)
{
	static const char *const keys[KEYS] = { "uri", "created", "userId",
						"env" };
	const char *contents[KEYS] = { b->info.uri, NULL, b->user_id,
				       b->o->env };
	struct tmk_config_value values[VALUES_MAX];
	char *names[KEYS] = { NULL }, created[32];
	int i, n = 0, ret = -1;

	snprintf(created, sizeof(created), "%lld", (long long)b->created);
	contents[1] = created;
	for (i = 0; i < KEYS; i++) {
		if (!contents[i])
			continue;
		if (asprintf(&names[i], "touchmark.%s.%s", b->name,
			     keys[i]) < 0) {
			names[i] = NULL;
			tmk_err_nomem(err);
			goto out;
		}
		values[n++] = (struct tmk_config_value){ names[i],
							 contents[i] };
	}
	if (first)
		values[n++] = (struct tmk_config_value){ "touchmark.key",
							 b->name };
	ret = tmk_config_set_all(values, n, err);
out:
	for (i = 0; i < KEYS; i++)
		free(names[i]);
	return ret;
}

/* The ways from here on: with a certificate, and without one. */
static void report_next(const struct birth *b)
{
	if (b->o->ceremony)
		printf("transcript: %s; each witness signs it: touchmark sign "
		       "-k KEY %s, then touchmark approve -k KEY %s %s.p7s\n",
		       b->o->ceremony, b->o->ceremony, b->o->ceremony,
		       b->o->ceremony);
	if (b->o->csr)
		printf("request: %s\n", b->o->csr);
	else if (b->info.algorithm != TMK_KEY_ED25519)
		printf("next: touchmark key csr %s --subject '/CN=Your Name' "
		       "--email MAIL -o %s.csr\n", b->name, b->name);
	if (!b->user_id)
		printf("user id: none yet; git config --file "
		       "~/.config/touchmark/config touchmark.%s.userId "
		       "'Name <mail>'\n", b->name);
	printf("OpenPGP: touchmark key export %s --type openpgp\n"
	       "SSH: touchmark key export %s --type ssh\n", b->name, b->name);
}

static int report(const struct birth *b, bool json, struct tmk_err *err)
{
	struct tmk_buf line = TMK_BUF_INIT(16384);
	const struct tmk_key_info *info = &b->info;
	char algorithm[32], user[1024];
	struct tmk_json j;
	int ret = 0;

	tmk_front_key_algorithm_name(algorithm, sizeof(algorithm),
				     info->algorithm, info->bits);
	if (!json) {
		printf("%s: %s key made in token '%s'\n  %s\n", b->name,
		       algorithm, info->token, info->uri);
		if (b->user_id)
			printf("user id: %s\n",
			       tmk_enc_show_into(user, sizeof(user),
						 b->user_id,
						 strlen(b->user_id)));
		report_next(b);
		return 0;
	}
	tmk_json_init(&j, &line);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "name", b->name);
	tmk_json_string(&j, "status", "ok");
	tmk_json_string(&j, "uri", info->uri);
	tmk_json_string(&j, "algorithm", algorithm);
	tmk_json_int(&j, "created", b->created);
	if (b->user_id)
		tmk_json_string(&j, "userId", b->user_id);
	else
		tmk_json_null(&j, "userId");
	tmk_json_string(&j, "env", b->o->env);
	tmk_json_string(&j, "transcript", b->o->ceremony);
	tmk_json_string(&j, "request", b->o->csr);
	tmk_json_close_object(&j);
	ret = tmk_front_key_print(&j, err);
	tmk_buf_release(&line);
	return ret;
}

/* Everything that can be refused before there is a key. */
static int check(struct birth *b, struct tmk_keygen *what,
		 struct tmk_err *err)
{
	const struct options *o = b->o;

	if (o->env && !tmk_config_env_find(o->env)) {
		tmk_err_set(err, TMK_USAGE, "'%s' is no environment", o->env);
		return tmk_err_hint(err, "use dev, test or prod");
	}
	if (!o->csr && (o->subject || o->email)) {
		tmk_err_set(err, TMK_USAGE, "--subject and --email go with "
			    "--csr FILE");
		return tmk_err_hint(err, "touchmark key csr makes a request "
				    "later");
	}
	if (tmk_front_key_algorithm(what, o->algorithm, err) < 0 ||
	    (o->csr && tmk_front_key_cms_ok(what->algorithm, err) < 0) ||
	    tmk_ceremony_check(&b->ceremony, err) < 0 ||
	    tmk_config_load(&b->config, ".", err) < 0 ||
	    tmk_front_key_name_free(b->config, b->name, err) < 0)
		return -1;
	return tmk_front_key_user(&b->user_id, o->user, err);
}

/* What is written when there is a key: a failure does not undo it. */
static int write_all(struct birth *b, struct tmk_err *err)
{
	const struct tmk_ceremony_birth birth = {
		b->name, b->o->env, b->user_id, b->o->csr, &b->info,
		b->created
	};

	if (tmk_front_audit_event(b->config, "generated", b->name,
				  b->info.spki.data, b->info.spki.len,
				  b->info.token, err) < 0 ||
	    write_section(b, !b->config->n_keys && !b->config->key, err) < 0)
		return tmk_err_prefix(err, "the key '%s' is made in token "
				      "'%s', but not configured (touchmark "
				      "key list shows its URI)", b->name,
				      b->info.token);
	if (b->o->csr && tmk_front_key_csr_write(b->name, b->o->subject,
						 b->o->email, b->o->csr,
						 b->o->pin_file, err) < 0)
		return tmk_err_prefix(err, "the key '%s' is made and "
				      "configured, but has no request",
				      b->name);
	if (tmk_ceremony_write(&b->ceremony, b->config, &birth, err) < 0)
		return tmk_err_prefix(err, "the key '%s' is made and "
				      "configured", b->name);
	return 0;
}

static int generate(const char *name, const struct options *o,
		    struct tmk_err *err)
{
	struct birth b = { .name = name, .o = o };
	struct tmk_keygen what = { .label = name, .made = on_made,
				   .ctx = &b };
	char *uri = NULL;
	int ret = -1;

	tmk_key_info_init(&b.info);
	tmk_ceremony_init(&b.ceremony, o->ceremony, &o->witnesses);
	if (check(&b, &what, err) < 0 ||
	    tmk_front_life_token(&uri, o->token, o->module, o->pin_file,
				 err) < 0)
		goto out;
	b.store = tmk_front_store(uri, err);
	if (!b.store)
		goto out;
	b.place = tmk_front_place(b.config, uri, o->pin_file);
	/* On record before and after: a key is never born unseen. */
	if (tmk_front_audit_event(b.config, "generating", name, NULL, 0,
				  o->token, err) < 0 ||
	    b.store->generate(&b.place, &what, &b.info, err) < 0 ||
	    write_all(&b, err) < 0)
		goto out;
	ret = report(&b, o->json, err);
out:
	free(uri);
	free(b.user_id);
	tmk_ceremony_release(&b.ceremony);
	tmk_key_info_release(&b.info);
	tmk_config_free(b.config);
	return ret;
}

int tmk_front_key_generate(int argc, char **argv, struct tmk_err *err)
{
	struct options o = { .algorithm = NULL };
	const struct tmk_opt table[] = {
		{ 0, "token", TMK_OPT_TEXT, &o.token, "LABEL",
		  "the token to make the key in" },
		{ 0, "algorithm", TMK_OPT_TEXT, &o.algorithm, "A",
		  "rsa3072 (default), rsa4096, p256, p384, ed25519" },
		{ 0, "user", TMK_OPT_TEXT, &o.user, "'Name <mail>'",
		  "whose it is (default: git's user.name and user.email)" },
		{ 0, "env", TMK_OPT_TEXT, &o.env, "dev|test|prod",
		  "what it is for" },
		{ 0, "ceremony", TMK_OPT_TEXT, &o.ceremony, "FILE",
		  "write a transcript for witnesses to sign" },
		{ 0, "witness", TMK_OPT_LIST, &o.witnesses, "'Name <mail>'",
		  "who is there; may repeat" },
		{ 0, "csr", TMK_OPT_TEXT, &o.csr, "FILE",
		  "make a certificate request too" },
		{ 0, "subject", TMK_OPT_TEXT, &o.subject, "/CN=..",
		  "the subject of the request" },
		{ 0, "email", TMK_OPT_TEXT, &o.email, "MAIL",
		  "the address in the request" },
		{ 0, "module", TMK_OPT_TEXT, &o.module, "PATH",
		  "the token's PKCS#11 module (default: all registered)" },
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
		tmk_opt_help(stdout, "touchmark key generate NAME --token "
			     "LABEL [OPTION...]", table);
		return TMK_OK;
	}
	if (operands != 1 || !o.token) {
		tmk_err_set(err, TMK_USAGE, "key generate needs one NAME and "
			    "--token LABEL");
		tmk_err_hint(err, "touchmark init makes a token for "
			     "development; touchmark key generate --help");
		return TMK_USAGE;
	}
	if (!o.algorithm)
		o.algorithm = "rsa3072";
	return generate(argv[1], &o, err) < 0 ? err->code : TMK_OK;
}
