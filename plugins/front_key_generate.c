#include "plugins/front_key_verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/opt.h"
#include "core/config.h"
#include "plugins/front_key.h"
#include "plugins/front_pick.h"
#include "plugins/front_softhsm.h"

struct options {
	const char *token, *module, *algorithm, *pin_file, *user;
	bool help, json;
};

#define VALUES_MAX 4

/* What is made, and what the configuration says of it. */
struct birth {
	const char *name;
	int64_t created;
	char *user_id;		/* NULL: nobody's yet */
	struct tmk_key_info info;
	struct tmk_place place;
};

/* Beside the key, with the login that made it. */
static void on_made(void *ctx, const struct tmk_key_info *info)
{
	struct birth *b = ctx;

	b->created = tmk_clock_now();
	tmk_front_key_keep_birth(&b->place, &info->spki, b->created,
				 b->user_id);
}

/* What a later run needs to find the key: its URI, and the creation time that
 * OpenPGP puts into a fingerprint (RFC 9580 section 5.5.4): chosen once. */
static int write_section(const struct birth *b, bool first,
			 struct tmk_err *err)
{
	static const char *const keys[] = { "uri", "created", "userId" };
	const char *contents[] = { b->info.uri, NULL, b->user_id };
	struct tmk_config_value values[VALUES_MAX];
	char *names[3] = { NULL, NULL, NULL }, created[32];
	int i, n = 0, ret = -1;

	snprintf(created, sizeof(created), "%lld", (long long)b->created);
	contents[1] = created;
	for (i = 0; i < 3; i++) {
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
	for (i = 0; i < 3; i++)
		free(names[i]);
	return ret;
}

/* The ways from here on: with a certificate, and without one. */
static void report_next(const struct birth *b)
{
	if (b->info.algorithm != TMK_KEY_ED25519)
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
	tmk_json_close_object(&j);
	ret = tmk_front_key_print(&j, err);
	tmk_buf_release(&line);
	return ret;
}

/*
 * The URI of the token, with the way to it. An embedded token that keeps its
 * PIN in a file of its own is opened with that, and the key's section says so,
 * as after touchmark init; a --pin-file is for this once.
 */
static int find_token(char **out, const struct options *o,
		      struct tmk_err *err)
{
	char *token = tmk_front_uri_token(o->token), *uri = NULL;
	char *pin_file = NULL, *module = NULL;
	int ret = -1;

	if (!token) {
		tmk_err_nomem(err);
		goto out;
	}
	if (!o->pin_file &&
	    tmk_front_softhsm_pin_file(&pin_file, o->token, err) < 0)
		goto out;
	/* The PIN goes to SoftHSM, and not to whatever token of another
	 * module has the same label. */
	if (pin_file && !o->module &&
	    tmk_front_softhsm_module(&module, err) < 0)
		goto out;
	uri = tmk_front_uri_with(token, o->module ? o->module : module,
				 pin_file);
	if (!uri) {
		tmk_err_nomem(err);
		goto out;
	}
	*out = uri;
	ret = 0;
out:
	free(module);
	free(pin_file);
	free(token);
	return ret;
}

static int generate(const char *name, const struct options *o,
		    struct tmk_err *err)
{
	struct birth b = { .name = name };
	struct tmk_keygen what = { .label = name, .made = on_made,
				   .ctx = &b };
	struct tmk_config *config = NULL;
	const struct tmk_store_ops *store;
	char *uri = NULL;
	int ret = -1;

	tmk_key_info_init(&b.info);
	if (tmk_front_key_algorithm(&what, o->algorithm, err) < 0 ||
	    tmk_config_load(&config, ".", err) < 0 ||
	    tmk_front_key_name_free(config, name, err) < 0 ||
	    tmk_front_key_user(&b.user_id, o->user, err) < 0)
		goto out;
	if (find_token(&uri, o, err) < 0)
		goto out;
	store = tmk_front_store(uri, err);
	if (!store)
		goto out;
	b.place = tmk_front_place(config, uri, o->pin_file);
	if (store->generate(&b.place, &what, &b.info, err) < 0)
		goto out;
	if (write_section(&b, !config->n_keys && !config->key, err) < 0) {
		tmk_err_prefix(err, "the key '%s' is made in token '%s', but "
			       "not configured (touchmark key list shows its "
			       "URI)", name, b.info.token);
		goto out;
	}
	ret = report(&b, o->json, err);
out:
	free(uri);
	free(b.user_id);
	tmk_key_info_release(&b.info);
	tmk_config_free(config);
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
