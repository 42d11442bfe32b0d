#include "plugins/front_key_verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "base/opt.h"
#include "core/config.h"
#include "plugins/front_key.h"
#include "plugins/front_softhsm.h"

#define LINE_MAX_BYTES 16384
#define SEEN_MAX 4096

struct options {
	const char *module;
	bool help, json;
};

/* One key is met through its configured URI and again in its token: what was
 * printed is remembered by token, label and id. */
struct listing {
	const struct options *o;
	const char *name;	/* configured name; NULL: met in a token */
	char *seen[SEEN_MAX];
	int count;
	int found;		/* by the last look */
};

/* Whether this key is new; remembers it. Negative when memory ends. */
static int is_new(struct listing *l, const struct tmk_key_info *info,
		  struct tmk_err *err)
{
	char *mark = NULL;
	int i;

	if (asprintf(&mark, "%s\n%s\n%s", info->serial, info->token,
		     info->uri) < 0)
		return tmk_err_nomem(err);
	/* The query of a URI tells how to get there, not what is there. */
	mark[strcspn(mark, "?")] = '\0';
	for (i = 0; i < l->count; i++) {
		if (strcmp(l->seen[i], mark))
			continue;
		free(mark);
		return 0;
	}
	if (l->count == SEEN_MAX) {
		free(mark);
		return tmk_err_set(err, TMK_KEY, "more than %d keys",
				   SEEN_MAX);
	}
	l->seen[l->count++] = mark;
	return 1;
}

static int print_json(const struct listing *l, const struct tmk_key_info *info,
		      const char *algorithm, struct tmk_err *err)
{
	struct tmk_buf line = TMK_BUF_INIT(LINE_MAX_BYTES);
	struct tmk_json j;
	char id[2 * sizeof(info->id) + 1];
	int ret;

	tmk_json_init(&j, &line);
	tmk_json_open_object(&j, NULL);
	if (l->name)
		tmk_json_string(&j, "name", l->name);
	else
		tmk_json_null(&j, "name");
	tmk_json_string(&j, "status", "ok");
	tmk_json_string(&j, "uri", info->uri);
	tmk_json_string(&j, "algorithm", algorithm);
	tmk_json_string(&j, "token", info->token);
	tmk_json_string(&j, "serial", info->serial);
	tmk_json_string(&j, "label", info->label);
	tmk_enc_hex(id, info->id, info->id_len);
	tmk_json_string(&j, "id", id);
	tmk_json_close_object(&j);
	ret = tmk_front_key_print(&j, err);
	tmk_buf_release(&line);
	return ret;
}

static int on_key(void *ctx, const struct tmk_key_info *info,
		  struct tmk_err *err)
{
	struct listing *l = ctx;
	char algorithm[32];
	int new = is_new(l, info, err);

	l->found++;
	if (new <= 0)
		return new;
	tmk_front_key_algorithm_name(algorithm, sizeof(algorithm),
				     info->algorithm, info->bits);
	if (l->o->json)
		return print_json(l, info, algorithm, err);
	printf("%-16s %-8s %s\n", l->name ? l->name : "-", algorithm,
	       info->uri);
	return 0;
}

static int look(struct listing *l, const struct tmk_config *config,
		const char *uri, const char *module, struct tmk_err *err)
{
	const struct tmk_store_ops *store = tmk_front_store(uri, err);
	struct tmk_place place;

	l->found = 0;
	if (!store)
		return -1;
	place = tmk_front_place(config, uri, NULL);
	place.module = module;
	return store->list(&place, false, on_key, l, err);
}

/* A configured key that is not there is worth a line of its own; the others
 * are shown all the same. */
static int configured(struct listing *l, const struct tmk_config *config,
		      int *code, struct tmk_err *err)
{
	struct tmk_err why;
	int i, j;

	for (i = 0; i < config->n_keys; i++) {
		l->name = config->keys[i].name;
		for (j = 0; j < config->keys[i].uris; j++) {
			memset(&why, 0, sizeof(why));
			if (look(l, config, config->keys[i].uri[j], NULL,
				 &why) < 0) {
				if (why.code == TMK_INTERNAL) {
					*err = why;
					return -1;
				}
			} else if (l->found) {
				continue;
			}
			fprintf(stderr, "touchmark: key '%s': %s\n", l->name,
				why.code ? why.text :
				"no such key in its token");
			*code = TMK_KEY;
		}
	}
	l->name = NULL;
	return 0;
}

/* The tokens that `init` made, then all that p11-kit knows of. */
static int everywhere(struct listing *l, const struct tmk_config *config,
		      struct tmk_err *err)
{
	static const char any[] = "pkcs11:";
	const struct tmk_store_ops *store = tmk_front_store(any, err);
	struct tmk_place place = { .uri = any };
	struct tmk_err why = TMK_ERR_INIT;
	char *module = NULL;
	int ret = 0;

	if (!store)
		return -1;
	place.deadline_ms = config->module_deadline * 1000;
	if (tmk_front_softhsm_exists() &&
	    !tmk_front_softhsm_module(&module, NULL)) {
		tmk_front_softhsm_use(true);
		place.module = module;
		ret = store->list(&place, false, on_key, l, err);
		free(module);
	}
	if (ret < 0)
		return ret;
	tmk_front_softhsm_use(false);
	place.module = NULL;
	ret = store->list(&place, false, on_key, l, &why);
	if (ret >= 0)
		return ret;
	if (why.code != TMK_KEY || !l->count) {
		*err = why;
		return -1;
	}
	/* A registered module that is broken takes no key away that was
	 * found elsewhere. */
	fprintf(stderr, "touchmark: warning: %s\n", why.text);
	return 0;
}

static int list(const char *uri, const struct options *o, int *code,
		struct tmk_err *err)
{
	struct tmk_config *config = NULL;
	struct listing l = { .o = o };
	int ret = -1;

	if (tmk_config_load(&config, ".", err) < 0)
		goto out;
	if (uri || o->module)
		ret = look(&l, config, uri ? uri : "pkcs11:", o->module, err);
	else if (!configured(&l, config, code, err))
		ret = everywhere(&l, config, err);
	if (!ret && !l.count && !*code) {
		tmk_err_set(err, TMK_KEY, "there is no key%s",
			    uri ? " that fits" : " in any token");
		tmk_err_hint(err, "touchmark init makes one for development; "
			     "--module PATH names a token's module");
		ret = -1;
	}
out:
	while (l.count)
		free(l.seen[--l.count]);
	tmk_config_free(config);
	return ret;
}

int tmk_front_key_list(int argc, char **argv, struct tmk_err *err)
{
	struct options o = { .help = false };
	const struct tmk_opt table[] = {
		{ 0, "module", TMK_OPT_TEXT, &o.module, "PATH",
		  "look into the tokens of this PKCS#11 module alone" },
		{ 0, "json", TMK_OPT_FLAG, &o.json, NULL,
		  "one JSON object per key" },
		{ 'h', "help", TMK_OPT_FLAG, &o.help, NULL, "show this" },
		{ 0, NULL }
	};
	int operands = 0, code = TMK_OK;

	if (tmk_opt_parse(table, argc, argv, &operands, err) < 0)
		return err->code;
	if (o.help) {
		tmk_opt_help(stdout, "touchmark key list [OPTION...] [URI]",
			     table);
		return TMK_OK;
	}
	if (operands > 1) {
		tmk_err_set(err, TMK_USAGE, "key list takes one URI");
		return TMK_USAGE;
	}
	if (list(operands ? argv[1] : NULL, &o, &code, err) < 0)
		return err->code;
	return code;
}
