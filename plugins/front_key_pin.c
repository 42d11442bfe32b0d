/* touchmark key pin: another PIN for the user of a token. */
#include "plugins/front_key_pin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/crypto.h>

#include "base/enc.h"
#include "base/json.h"
#include "base/opt.h"
#include "core/config.h"
#include "key/p11_status.h"
#include "key/pin.h"
#include "plugins/front_audit.h"
#include "plugins/front_file.h"
#include "plugins/front_key.h"
#include "plugins/front_key_life.h"
#include "plugins/front_key_verbs.h"
#include "plugins/front_pick.h"

struct options {
	const char *token, *module, *pin_file, *new_pin_file;
	bool json, help;
};

/* What a change works on. */
struct change {
	const struct options *o;
	struct tmk_config *config;
	struct tmk_front_pick pick;
	const char *name;	/* of the key; NULL: --token alone */
	char *uri;		/* of the token or key */
	struct tmk_place place;
	enum tmk_open_failure why;
	const struct tmk_store_ops *store;
	struct tmk_token_status token;
	int tokens;		/* that the URI matches */
	struct tmk_pin_files files;
	struct tmk_buf elsewhere;	/* what must be changed by hand */
};

#define ELSEWHERE_MAX 8192

/* ---- the new PIN --------------------------------------------------------- */

/* Twice, for nobody sees what he types. */
static int ask_person(struct tmk_secret *pin,
		      const struct tmk_pin_request *request,
		      struct tmk_err *err)
{
	struct tmk_pin_order nobody = { NULL };
	struct tmk_pin_source source = tmk_pin_source_init(&nobody);
	struct tmk_pin_request again = *request;
	struct tmk_secret *second = NULL;
	bool by_person = false;
	int rc = -1;

	again.which = TMK_PIN_NEW_AGAIN;
	if (tmk_secret_new(&second, err) ||
	    source.ask(source.ctx, request, pin, &by_person, err) ||
	    source.ask(source.ctx, &again, second, &by_person, err))
		goto out;
	if (tmk_secret_len(pin) != tmk_secret_len(second) ||
	    CRYPTO_memcmp(tmk_secret_bytes(pin), tmk_secret_bytes(second),
			  tmk_secret_len(pin))) {
		tmk_err_set(err, TMK_KEY, "the two new PINs differ: nothing "
			    "was changed");
		tmk_err_hint(err, "try again");
		goto out;
	}
	rc = 0;
out:
	if (rc && !by_person)
		tmk_err_hint(err, "give the new PIN by --new-pin-file FILE, "
			     "or type it at a terminal");
	tmk_secret_free(second);
	return rc;
}

/* The fresh source of the store. The PIN is on the disk before the store has
 * it, let alone the token. */
static int ask(void *ctx, const struct tmk_pin_request *request,
	       struct tmk_secret *pin, bool *by_person, struct tmk_err *err)
{
	struct change *c = ctx;
	const char *file = c->o->new_pin_file;

	*by_person = !file;
	if (file ? tmk_pin_read_file(pin, file, false, err) :
	    ask_person(pin, request, err))
		return -1;
	return tmk_pin_files_stage(&c->files, pin, err);
}

/* ---- where it is kept ---------------------------------------------------- */

/* Each is told of once, also when two settings name it. */
static bool is_noted(const struct change *c, const char *what)
{
	const char *p = tmk_buf_str(&c->elsewhere), *end;
	size_t len = strlen(what);

	for (; (end = strchr(p, '\n')); p = end + 1)
		if ((size_t)(end - p) == len && !memcmp(p, what, len))
			return true;
	return false;
}

static int elsewhere(struct change *c, const char *what, struct tmk_err *err)
{
	if (is_noted(c, what))
		return 0;
	return tmk_buf_printf(&c->elsewhere, "%s\n", what) ?
		tmk_err_nomem(err) : 0;
}

static int add_file(struct change *c, const char *path, struct tmk_err *err)
{
	int rc = tmk_pin_files_add(&c->files, path, err);

	return rc > 0 ? elsewhere(c, path, err) : rc;
}

struct matching {
	const struct tmk_token_status *want;
	bool same;
};

static int on_match(void *ctx, const struct tmk_token_status *t,
		    struct tmk_err *err)
{
	struct matching *m = ctx;

	(void)err;
	m->same |= !strcmp(t->token, m->want->token) &&
		!strcmp(t->serial, m->want->serial) &&
		!strcmp(t->manufacturer, m->want->manufacturer);
	return 0;
}

/* A key of the configuration that lies on the same token. */
static int take_uri(struct change *c, const char *uri, const char *name,
		    struct tmk_err *err)
{
	struct tmk_place place = tmk_front_place(c->config, uri, NULL);
	struct tmk_err skipped = TMK_ERR_INIT;
	struct matching m = { &c->token, false };
	struct tmk_pin_status pin;

	if (strncmp(uri, "pkcs11:", 7) ||
	    tmk_p11_status_pin(&pin, uri, NULL))
		return 0;
	if (!pin.file[0] && !pin.value)
		return 0;
	place.module = c->o->module;
	if (tmk_p11_status(&place, on_match, &m, &skipped, NULL) || !m.same)
		return 0;
	if (!pin.value)
		return add_file(c, pin.file, err);
	tmk_err_set(err, TMK_KEY, "the uri of key '%s' holds the PIN itself "
		    "(pin-value)", name);
	return tmk_err_hint(err, "keep it in a file of mode 0600 and write "
			    "pin-source=file:/DIR/FILE, then change it");
}

/* Every file that a key of this token is configured with, and the embedded
 * token's own. */
static int find_files(struct change *c, struct tmk_err *err)
{
	struct tmk_pin_status pin;
	int i, j;

	if (!tmk_p11_status_pin(&pin, c->uri, NULL) && pin.file[0] &&
	    add_file(c, pin.file, err))
		return -1;
	for (i = 0; i < c->config->n_keys; i++) {
		const struct tmk_key_config *k = &c->config->keys[i];

		for (j = 0; j < k->uris; j++)
			if (take_uri(c, k->uri[j], k->name, err))
				return -1;
	}
	/* The loop above looked at other tokens' modules. */
	c->place = tmk_front_place(c->config, c->uri, c->o->pin_file);
	return 0;
}

/* The old PIN comes from a file that nothing names: it is not ours to write,
 * but it will open nothing any more. */
static int note_others(struct change *c, struct tmk_err *err)
{
	const char *const given[] = { c->o->pin_file,
				      c->place.pin_file_env };
	int i, j;

	for (i = 0; i < 2; i++) {
		bool known = !given[i] || !*given[i];

		for (j = 0; !known && j < c->files.n; j++)
			known = tmk_front_file_same(given[i],
						    c->files.path[j]);
		if (!known && elsewhere(c, given[i], err))
			return -1;
	}
	return 0;
}

/* One source cannot be both PINs. */
static int check_sources(const struct change *c, struct tmk_err *err)
{
	const char *fresh = c->o->new_pin_file;
	const char *const old[] = { c->o->pin_file, c->place.pin_file_env };
	bool same = false;
	int i;

	if (!fresh)
		return 0;
	for (i = 0; i < 2; i++)
		same |= old[i] && *old[i] &&
			tmk_front_file_same(fresh, old[i]);
	for (i = 0; i < c->files.n; i++)
		same |= tmk_front_file_same(fresh, c->files.path[i]);
	if (!same)
		return 0;
	tmk_err_set(err, TMK_USAGE, "%s is where the old PIN is kept", fresh);
	return tmk_err_hint(err, "give the new PIN in a file of its own, or "
			    "type it");
}

/* ---- the change ---------------------------------------------------------- */

static int on_token(void *ctx, const struct tmk_token_status *t,
		    struct tmk_err *err)
{
	struct change *c = ctx;

	(void)err;
	c->token = *t;
	c->tokens++;
	return 0;
}

static int find_token(struct change *c, struct tmk_err *err)
{
	struct tmk_err skipped = TMK_ERR_INIT;

	if (tmk_p11_status(&c->place, on_token, c, &skipped,
			   err))
		return -1;
	if (c->tokens == 1)
		return 0;
	if (!c->tokens && skipped.code) {
		*err = skipped;
		return -1;
	}
	tmk_err_set(err, TMK_KEY, "%d tokens match", c->tokens);
	return tmk_err_hint(err, "touchmark doctor shows the tokens that are "
			    "there");
}

static int find_place(struct change *c, const char *key, struct tmk_err *err)
{
	const char *uri = NULL;

	if (!key)
		return tmk_front_life_token(&c->uri, c->o->token,
					    c->o->module, c->o->pin_file,
					    err);
	if (tmk_front_pick_must(&c->pick, c->config, key, err) < 0 ||
	    tmk_front_key_uri(&uri, &c->pick, c->config, err) < 0)
		return -1;
	c->name = c->pick.name;
	c->uri = strdup(uri);
	return c->uri ? 0 : tmk_err_nomem(err);
}

static int prepare(struct change *c, const char *key, struct tmk_err *err)
{
	if (tmk_config_load(&c->config, ".", err) < 0 ||
	    find_place(c, key, err))
		return -1;
	c->store = tmk_front_store(c->uri, err);
	if (!c->store)
		return -1;
	if (!c->store->set_pin) {
		tmk_err_set(err, TMK_KEY, "keys of %s have no PIN",
			    c->store->name);
		return tmk_err_hint(err, "change the credentials where they "
				    "come from");
	}
	c->place = tmk_front_place(c->config, c->uri, c->o->pin_file);
	c->place.module = c->o->module;
	if (find_token(c, err) || find_files(c, err))
		return -1;
	c->place.module = c->o->module;
	c->place.why = &c->why;
	if (check_sources(c, err))
		return -1;
	return c->token.pad ? 0 : note_others(c, err);
}

static int record(const struct change *c, const char *event, const char *note,
		  struct tmk_err *err)
{
	return tmk_front_audit_event(c->config, event, c->name ? c->name : "",
				     NULL, 0, note, err);
}

static int failed(struct change *c, struct tmk_err *why, struct tmk_err *err)
{
	int i;

	if (c->why != TMK_OPEN_OTHER) {
		tmk_pin_files_drop(&c->files);
		if (record(c, "pin-unchanged", c->token.token, NULL))
			fprintf(stderr, "touchmark: warning: the record "
				"could not be written\n");
	} else {
		tmk_err_prefix(why, "it is not known which PIN the token has "
			       "now");
		tmk_err_hint(why, "try both, the old one first, with the "
			     "token's own tools");
		for (i = 0; i < c->files.n; i++)
			if (c->files.staged[i])
				fprintf(stderr, "touchmark: note: %s holds "
					"the new PIN, %s the old one\n",
					c->files.fresh[i], c->files.path[i]);
		if (record(c, "pin-unknown", c->token.token, NULL))
			fprintf(stderr, "touchmark: warning: the record "
				"could not be written\n");
	}
	*err = *why;
	return -1;
}

static int change(struct change *c, struct tmk_err *err)
{
	const struct tmk_pin_source fresh = { ask, c };
	struct tmk_err why = TMK_ERR_INIT;

	if (record(c, "pin-changing", c->token.token, err))
		return -1;
	if (c->store->set_pin(&c->place, &fresh, &why))
		return failed(c, &why, err);
	if (tmk_pin_files_commit(&c->files, err))
		return tmk_err_prefix(err, "the token has its new PIN, but "
				      "not every file");
	if (record(c, "pin-changed", c->token.token, err))
		return tmk_err_prefix(err, "the PIN is changed, but that is "
				      "not on record");
	return 0;
}

/* ---- telling ------------------------------------------------------------- */

static int report_json(const struct change *c, struct tmk_err *err)
{
	struct tmk_buf line = TMK_BUF_INIT(32768);
	const char *p = tmk_buf_str(&c->elsewhere), *end;
	struct tmk_json j;
	int i, ret;

	tmk_json_init(&j, &line);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "name", c->name);
	tmk_json_string(&j, "status", "changed");
	tmk_json_string(&j, "token", c->token.token);
	tmk_json_string(&j, "serial", c->token.serial);
	tmk_json_open_array(&j, "files");
	for (i = 0; i < c->files.n; i++)
		tmk_json_string(&j, NULL, c->files.path[i]);
	tmk_json_close_array(&j);
	tmk_json_open_array(&j, "elsewhere");
	for (; *p; p = end + 1) {
		end = strchr(p, '\n');
		tmk_json_string_n(&j, NULL, p, (size_t)(end - p));
	}
	tmk_json_close_array(&j);
	tmk_json_close_object(&j);
	ret = tmk_front_key_print(&j, err);
	tmk_buf_release(&line);
	return ret;
}

static void report_text(const struct change *c)
{
	char shown[1024];
	const char *p = tmk_buf_str(&c->elsewhere), *end;
	int i;

	printf("token '%s' (serial %s) has a new PIN\n", c->token.token,
	       c->token.serial);
	for (i = 0; i < c->files.n; i++)
		printf("  kept in %s\n",
		       tmk_enc_show_into(shown, sizeof(shown),
					 c->files.path[i],
					 strlen(c->files.path[i])));
	for (; *p; p = end + 1) {
		end = strchr(p, '\n');
		printf("  %s still has the old one: put the new one there\n",
		       tmk_enc_show_into(shown, sizeof(shown), p,
					 (size_t)(end - p)));
	}
}

static int run(const char *key, const struct options *o, struct tmk_err *err)
{
	struct change c = { .o = o, .elsewhere = TMK_BUF_INIT(ELSEWHERE_MAX) };
	int ret = -1;

	if (prepare(&c, key, err) || change(&c, err)) {
		if (c.name)
			tmk_front_pick_prefix(&c.pick, err);
		goto out;
	}
	ret = 0;
	if (o->json)
		ret = report_json(&c, err);
	else
		report_text(&c);
out:
	tmk_pin_files_release(&c.files);
	tmk_buf_release(&c.elsewhere);
	tmk_config_free(c.config);
	free(c.uri);
	return ret;
}

int tmk_front_key_pin(int argc, char **argv, struct tmk_err *err)
{
	struct options o = { .help = false };
	const struct tmk_opt table[] = {
		{ 0, "token", TMK_OPT_TEXT, &o.token, "LABEL",
		  "the token, instead of a key in it" },
		{ 0, "new-pin-file", TMK_OPT_TEXT, &o.new_pin_file, "FILE",
		  "read the new PIN from here (default: ask twice)" },
		{ 0, "pin-file", TMK_OPT_TEXT, &o.pin_file, "FILE",
		  "read the old PIN from here" },
		{ 0, "module", TMK_OPT_TEXT, &o.module, "PATH",
		  "the token's PKCS#11 module (default: all registered)" },
		{ 0, "json", TMK_OPT_FLAG, &o.json, NULL, "answer in JSON" },
		{ 'h', "help", TMK_OPT_FLAG, &o.help, NULL, "show this" },
		{ 0, NULL }
	};
	int operands = 0;

	if (tmk_opt_parse(table, argc, argv, &operands, err) < 0)
		return err->code;
	if (o.help) {
		tmk_opt_help(stdout, "touchmark key pin NAME|URI [OPTION...]\n"
			     "       touchmark key pin --token LABEL "
			     "[OPTION...]", table);
		return TMK_OK;
	}
	if (operands > 1 || !operands == !o.token) {
		tmk_err_set(err, TMK_USAGE, "key pin needs one NAME, or "
			    "--token LABEL");
		tmk_err_hint(err, "touchmark key pin --help");
		return TMK_USAGE;
	}
	return run(operands ? argv[1] : NULL, &o, err) < 0 ?
		err->code : TMK_OK;
}
