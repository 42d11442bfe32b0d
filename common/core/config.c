#include "core/config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/config_files.h"
#include "core/config_keys.h"
#include "core/config_value.h"

/* "FILE:LINE: touchmark.NAME.KEY" before the text of an error. */
static int where(const struct tmk_config_entry *e, struct tmk_err *err)
{
	int line = tmk_config_files_line(e);

	if (line)
		return tmk_err_prefix(err, "%s:%d: %s", e->file, line,
				      e->name);
	return tmk_err_prefix(err, "%s: %s", e->file, e->name);
}

int tmk_config_keys_append(char **list, int *count, int max, int *from,
			   const char *value,
			   const struct tmk_config_entry *e,
			   struct tmk_err *err)
{
	if (*from != e->sequence)
		while (*count)
			free(list[--*count]);
	*from = e->sequence;
	if (*count == max)
		return tmk_err_set(err, TMK_USAGE, "more than %d of them",
				   max);
	list[*count] = NULL;
	if (tmk_config_value_text(&list[*count], value, err) < 0)
		return -1;
	(*count)++;
	return 0;
}

int tmk_config_keys_seconds(int *out, const char *value, int max,
			    struct tmk_err *err)
{
	int64_t n = 0;

	if (tmk_config_value_number(&n, value, 1, max, err) < 0)
		return -1;
	*out = (int)n;
	return 0;
}

int tmk_config_keys_bool(bool *out, const char *value, struct tmk_err *err)
{
	if (strcmp(value, "true") && strcmp(value, "false"))
		return tmk_err_set(err, TMK_USAGE, "'%s' is neither true nor "
				   "false", value);
	*out = !strcmp(value, "true");
	return 0;
}

/* ---- environments ------------------------------------------------------- */

static const char *const environments[] = {
	[TMK_ENV_NONE] = "", [TMK_ENV_DEV] = "dev", [TMK_ENV_TEST] = "test",
	[TMK_ENV_PROD] = "prod",
};

const char *tmk_config_env_name(enum tmk_env env)
{
	return environments[env];
}

enum tmk_env tmk_config_env_find(const char *name)
{
	int env;

	for (env = TMK_ENV_DEV; env <= TMK_ENV_PROD; env++)
		if (!strcmp(environments[env], name))
			return (enum tmk_env)env;
	return TMK_ENV_NONE;
}

/* ---- entries ------------------------------------------------------------ */

bool tmk_config_name_ok(const char *name)
{
	size_t i, len = strlen(name);

	if (!len || len > TMK_CONFIG_NAME_MAX ||
	    !isalnum((unsigned char)*name))
		return false;
	for (i = 0; i < len; i++)
		if ((unsigned char)name[i] > '~' ||
		    (!isalnum((unsigned char)name[i]) &&
		     !strchr("._-", name[i])))
			return false;
	return true;
}

/* The index of a section, made when it is new. */
static int key_index(struct tmk_config *config, const char *name, size_t len,
		     struct tmk_err *err)
{
	struct tmk_key_config *k;
	char *copy;
	int i;

	for (i = 0; i < config->n_keys; i++)
		if (strlen(config->keys[i].name) == len &&
		    !memcmp(config->keys[i].name, name, len))
			return i;
	if (i == TMK_CONFIG_KEYS_MAX)
		return tmk_err_set(err, TMK_USAGE, "more than %d keys",
				   TMK_CONFIG_KEYS_MAX);
	copy = strndup(name, len);
	if (!copy)
		return tmk_err_nomem(err);
	if (!tmk_config_name_ok(copy)) {
		tmk_err_set(err, TMK_USAGE, "'%s' is no name for a key",
			    copy);
		tmk_err_hint(err, "a name is up to %d letters, digits, dots, "
			     "underscores and dashes", TMK_CONFIG_NAME_MAX);
		free(copy);
		return -1;
	}
	k = &config->keys[config->n_keys];
	k->name = copy;
	k->created = TMK_TIME_NONE;
	k->approval_expiry = 600;
	return config->n_keys++;
}

static int apply(struct tmk_config_load *load,
		 const struct tmk_config_def *defs, int index,
		 const char *key, const struct tmk_config_entry *e,
		 struct tmk_err *err)
{
	for (; defs->name; defs++)
		if (!strcmp(defs->name, key))
			break;
	if (!defs->name) {
		tmk_err_set(err, TMK_USAGE, "unknown key");
		return tmk_err_hint(err, "touchmark.conf(5) lists the keys");
	}
	if (e->origin == TMK_ORIGIN_GIT_REPO && !defs->repo) {
		tmk_err_set(err, TMK_USAGE,
			    "a repository's configuration may only name a "
			    "key (touchmark.key)");
		return tmk_err_hint(err, "move it to the user's own "
				    "configuration");
	}
	if (!e->value || !*e->value)
		return tmk_err_set(err, TMK_USAGE, "has no value");
	return defs->set(load, index, e->value, e, err);
}

static int on_touchmark(void *ctx, const struct tmk_config_entry *e,
			struct tmk_err *err)
{
	struct tmk_config_load *load = ctx;
	const char *name = e->name + strlen("touchmark.");
	const char *dot = strrchr(name, '.');
	const char *key = dot ? dot + 1 : name;
	int index = 0, ret;

	/* Before a section is made for it: a repository may not add keys. */
	if (dot && e->origin != TMK_ORIGIN_GIT_REPO) {
		index = key_index(load->config, name, dot - name, err);
		if (index < 0) {
			where(e, err);
			return -1;
		}
	}
	ret = apply(load, dot ? tmk_config_named_keys :
		    tmk_config_main_keys, index, key, e, err);
	if (ret < 0)
		where(e, err);
	return ret;
}

/* In our own files every section must be known. */
static int on_own(void *ctx, const struct tmk_config_entry *e,
		  struct tmk_err *err)
{
	if (!strncmp(e->name, "touchmark.", strlen("touchmark.")))
		return on_touchmark(ctx, e, err);
	if (!strcmp(e->name, "include.path"))
		return 0;
	tmk_err_set(err, TMK_USAGE, "unknown section");
	return where(e, err);
}

/* Approvals that nobody could give would lock the key for ever, and those
 * that anybody could give would not hold it at all. */
static int check_approvals(const struct tmk_key_config *k,
			   struct tmk_err *err)
{
	if (!k->approvals && !k->approvers)
		return 0;
	if (!k->approvals)
		tmk_err_set(err, TMK_USAGE, "[touchmark \"%s\"] names "
			    "approvers, but not how many approvals it needs",
			    k->name);
	else if (k->approvers < k->approvals)
		tmk_err_set(err, TMK_USAGE, "[touchmark \"%s\"] needs %d "
			    "approvals, but has %d approver%s", k->name,
			    k->approvals, k->approvers,
			    k->approvers == 1 ? "" : "s");
	else if (!k->roots)
		tmk_err_set(err, TMK_USAGE, "[touchmark \"%s\"] has no roots "
			    "for its approvers' certificates", k->name);
	else
		return 0;
	return tmk_err_hint(err, "a key with approvals has approvals = M, an "
			    "approver = MAIL for each who may approve and "
			    "roots = FILE.pem; see touchmark.conf(5)");
}

/* A key without any uri cannot be used: say so where it is written. */
static int check(const struct tmk_config *config, struct tmk_err *err)
{
	int i;

	for (i = 0; i < config->n_keys; i++) {
		if (!config->keys[i].uris) {
			tmk_err_set(err, TMK_USAGE,
				    "[touchmark \"%s\"] has no uri",
				    config->keys[i].name);
			return tmk_err_hint(err, "touchmark key list shows the "
					    "URIs of the keys in your tokens");
		}
		if (check_approvals(&config->keys[i], err))
			return -1;
	}
	return 0;
}

int tmk_config_load(struct tmk_config **out, const char *repo_dir,
		    struct tmk_err *err)
{
	struct tmk_config_load load = { .config = calloc(1, sizeof(*load.config)) };
	int ret = -1;

	if (!load.config)
		return tmk_err_nomem(err);
	load.config->tsa_deadline = 10;
	load.config->module_deadline = 30;
	load.config->agent = true;
	load.config->agent_idle = 3600;
	load.config->agent_lifetime = 28800;
	load.config->pre_sign_deadline = 60;
	load.config->service_deadline = 10;
	if (tmk_config_files_own(on_own, &load, err) < 0 ||
	    tmk_config_files_git(repo_dir, "touchmark.", on_touchmark, &load,
				 err) < 0 ||
	    check(load.config, err) < 0)
		goto out;
	*out = load.config;
	load.config = NULL;
	ret = 0;
out:
	tmk_config_free(load.config);
	return ret;
}

void tmk_config_free(struct tmk_config *config)
{
	int i;

	if (!config)
		return;
	free(config->key);
	free(config->policy);
	free(config->tsa_roots);
	free(config->tsa_proxy);
	free(config->tsa_tls_roots);
	free(config->audit_log);
	free(config->requesters);
	free(config->pre_sign);
	free(config->attestation_roots);
	while (config->tsas)
		free(config->tsa[--config->tsas]);
	for (i = 0; i < config->n_keys; i++) {
		struct tmk_key_config *k = &config->keys[i];

		while (k->uris)
			free(k->uri[--k->uris]);
		free(k->name);
		free(k->cert);
		free(k->user_id);
		free(k->pre_sign);
		while (k->approvers)
			free(k->approver[--k->approvers]);
		free(k->roots);
	}
	free(config);
}

const struct tmk_key_config *tmk_config_key(const struct tmk_config *config,
					    const char *name)
{
	int i;

	for (i = 0; i < config->n_keys; i++)
		if (!strcmp(config->keys[i].name, name))
			return &config->keys[i];
	return NULL;
}
