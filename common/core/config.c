#include "core/config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/config_files.h"
#include "core/config_value.h"

#define CREATED_MAX 0xffffffffLL	/* four octets: RFC 4880 section 3.5 */

struct load {
	struct tmk_config *config;
	int tsa_from;		/* sequence of the file that named the TSAs */
	int uri_from[TMK_CONFIG_KEYS_MAX];
};

/* Which keys there are. A NULL function: known, but not built yet. */
struct key_def {
	const char *name;
	int (*set)(struct load *load, int key, const char *value,
		   const struct tmk_config_entry *e, struct tmk_err *err);
	bool repo;		/* a repository's own file may say it */
};

/* "FILE:LINE: touchmark.NAME.KEY" before the text of an error. */
static int where(const struct tmk_config_entry *e, struct tmk_err *err)
{
	int line = tmk_config_files_line(e);

	if (line)
		return tmk_err_prefix(err, "%s:%d: %s", e->file, line,
				      e->name);
	return tmk_err_prefix(err, "%s: %s", e->file, e->name);
}

/* Add to a list; the first value of a later file replaces what earlier files
 * said, so that the user's own list stands alone. */
static int append(char **list, int *count, int max, int *from,
		  const char *value, const struct tmk_config_entry *e,
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

/* ---- [touchmark] -------------------------------------------------------- */

static int set_key(struct load *load, int key, const char *value,
		   const struct tmk_config_entry *e, struct tmk_err *err)
{
	(void)key;
	/* A URI can name a module: a repository may only choose among what
	 * the user has configured. */
	if (e->origin == TMK_ORIGIN_GIT_REPO && strchr(value, ':') &&
	    strncmp(value, "sha256:", 7)) {
		tmk_err_set(err, TMK_USAGE,
			    "a repository may name a configured key only");
		return tmk_err_hint(err, "put the URI into the user's "
				    "configuration under a name");
	}
	return tmk_config_value_text(&load->config->key, value, err);
}

static int set_policy(struct load *load, int key, const char *value,
		      const struct tmk_config_entry *e, struct tmk_err *err)
{
	(void)key;
	/* In a repository it is the gate's, and the gate reads it itself. */
	if (e->origin == TMK_ORIGIN_GIT_REPO)
		return 0;
	return tmk_config_value_path(&load->config->policy, value, e, err);
}

static int set_of_gate(struct load *load, int key, const char *value,
		       const struct tmk_config_entry *e, struct tmk_err *err)
{
	(void)load;
	(void)key;
	(void)value;
	(void)e;
	(void)err;
	return 0;	/* the gate's, in a server's repository */
}

static int set_tsa(struct load *load, int key, const char *value,
		   const struct tmk_config_entry *e, struct tmk_err *err)
{
	const char *p;

	(void)key;
	if (strncmp(value, "http://", 7) && strncmp(value, "https://", 8))
		return tmk_err_set(err, TMK_USAGE, "'%s' is not an http or "
				   "https address", value);
	for (p = value; *p; p++)
		if (*p <= ' ' || *p > '~')
			return tmk_err_set(err, TMK_USAGE, "'%s' holds a "
					   "character that no URL has",
					   value);
	return append(load->config->tsa, &load->config->tsas,
		      TMK_CONFIG_TSA_MAX, &load->tsa_from, value, e, err);
}

static int set_tsa_roots(struct load *load, int key, const char *value,
			 const struct tmk_config_entry *e,
			 struct tmk_err *err)
{
	(void)key;
	return tmk_config_value_path(&load->config->tsa_roots, value, e, err);
}

static int set_timestamp(struct load *load, int key, const char *value,
			 const struct tmk_config_entry *e,
			 struct tmk_err *err)
{
	(void)key;
	(void)e;
	if (!strcmp(value, "prefer"))
		load->config->timestamp = TMK_STAMP_PREFER;
	else if (!strcmp(value, "require"))
		load->config->timestamp = TMK_STAMP_REQUIRE;
	else if (!strcmp(value, "never"))
		load->config->timestamp = TMK_STAMP_NEVER;
	else
		return tmk_err_set(err, TMK_USAGE, "'%s' is none of require, "
				   "prefer, never", value);
	return 0;
}

#define DEADLINE_MAX 600	/* seconds */

static int set_seconds(int *out, const char *value, int max,
		       struct tmk_err *err)
{
	int64_t n = 0;

	if (tmk_config_value_number(&n, value, 1, max, err) < 0)
		return -1;
	*out = (int)n;
	return 0;
}

static int set_tsa_deadline(struct load *load, int key, const char *value,
			    const struct tmk_config_entry *e,
			    struct tmk_err *err)
{
	(void)key;
	(void)e;
	return set_seconds(&load->config->tsa_deadline, value, DEADLINE_MAX,
			   err);
}

static int set_module_deadline(struct load *load, int key, const char *value,
			       const struct tmk_config_entry *e,
			       struct tmk_err *err)
{
	(void)key;
	(void)e;
	return set_seconds(&load->config->module_deadline, value,
			   DEADLINE_MAX, err);
}

static int set_agent(struct load *load, int key, const char *value,
		     const struct tmk_config_entry *e, struct tmk_err *err)
{
	(void)key;
	(void)e;
	if (strcmp(value, "never") && strcmp(value, "auto"))
		return tmk_err_set(err, TMK_USAGE, "'%s' is neither auto nor "
				   "never", value);
	load->config->agent = !strcmp(value, "auto");
	return 0;
}

#define AGENT_MAX (30 * 86400)	/* seconds */

static int set_agent_idle(struct load *load, int key, const char *value,
			  const struct tmk_config_entry *e,
			  struct tmk_err *err)
{
	(void)key;
	(void)e;
	return set_seconds(&load->config->agent_idle, value, AGENT_MAX, err);
}

static int set_agent_lifetime(struct load *load, int key, const char *value,
			      const struct tmk_config_entry *e,
			      struct tmk_err *err)
{
	(void)key;
	(void)e;
	return set_seconds(&load->config->agent_lifetime, value, AGENT_MAX,
			   err);
}

static int set_tsa_proxy(struct load *load, int key, const char *value,
			 const struct tmk_config_entry *e,
			 struct tmk_err *err)
{
	(void)key;
	(void)e;
	return tmk_config_value_text(&load->config->tsa_proxy, value, err);
}

static int set_tsa_tls_roots(struct load *load, int key, const char *value,
			     const struct tmk_config_entry *e,
			     struct tmk_err *err)
{
	(void)key;
	return tmk_config_value_path(&load->config->tsa_tls_roots, value, e,
				     err);
}

static const struct key_def main_keys[] = {
	{ "key", set_key, true },
	{ "policy", set_policy, true },
	{ "gatelog", set_of_gate, true },
	{ "gatereader", set_of_gate, true },
	{ "gatesyslog", set_of_gate, true },
	{ "policyroots", set_of_gate, true },
	{ "policytsaroots", set_of_gate, true },
	{ "policycrl", set_of_gate, true },
	{ "tsa", set_tsa, false },
	{ "tsaroots", set_tsa_roots, false },
	{ "timestamp", set_timestamp, false },
	{ "tsadeadline", set_tsa_deadline, false },
	{ "moduledeadline", set_module_deadline, false },
	{ "tsaproxy", set_tsa_proxy, false },
	{ "tsatlsroots", set_tsa_tls_roots, false },
	{ "agent", set_agent, false },
	{ "agentidle", set_agent_idle, false },
	{ "agentlifetime", set_agent_lifetime, false },
	{ "auditlog", NULL, false },
	{ "requesters", NULL, false },
	{ NULL, NULL, false }
};

/* ---- [touchmark "NAME"] ------------------------------------------------- */

static int set_uri(struct load *load, int key, const char *value,
		   const struct tmk_config_entry *e, struct tmk_err *err)
{
	struct tmk_key_config *k = &load->config->keys[key];

	return append(k->uri, &k->uris, TMK_CONFIG_URI_MAX,
		      &load->uri_from[key], value, e, err);
}

static int set_cert(struct load *load, int key, const char *value,
		    const struct tmk_config_entry *e, struct tmk_err *err)
{
	return tmk_config_value_path(&load->config->keys[key].cert, value, e,
				     err);
}

static int set_user_id(struct load *load, int key, const char *value,
		       const struct tmk_config_entry *e, struct tmk_err *err)
{
	(void)e;
	return tmk_config_value_text(&load->config->keys[key].user_id, value,
				     err);
}

static int set_created(struct load *load, int key, const char *value,
		       const struct tmk_config_entry *e, struct tmk_err *err)
{
	(void)e;
	return tmk_config_value_number(&load->config->keys[key].created,
				       value, 0, CREATED_MAX, err);
}

static int set_yes_or_no(bool *out, const char *value, struct tmk_err *err)
{
	if (strcmp(value, "true") && strcmp(value, "false"))
		return tmk_err_set(err, TMK_USAGE, "'%s' is neither true nor "
				   "false", value);
	*out = !strcmp(value, "true");
	return 0;
}

static int set_touch(struct load *load, int key, const char *value,
		     const struct tmk_config_entry *e, struct tmk_err *err)
{
	(void)e;
	return set_yes_or_no(&load->config->keys[key].touch, value, err);
}

static int set_confirm(struct load *load, int key, const char *value,
		       const struct tmk_config_entry *e, struct tmk_err *err)
{
	(void)e;
	return set_yes_or_no(&load->config->keys[key].confirm, value, err);
}

static const struct key_def name_keys[] = {
	{ "uri", set_uri, false },
	{ "cert", set_cert, false },
	{ "userid", set_user_id, false },
	{ "created", set_created, false },
	{ "touch", set_touch, false },
	{ "confirm", set_confirm, false },
	{ "approvals", NULL, false },
	{ "approver", NULL, false },
	{ "approvalexpiry", NULL, false },
	{ "roots", NULL, false },
	{ NULL, NULL, false }
};

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
	return config->n_keys++;
}

static int apply(struct load *load, const struct key_def *defs, int index,
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
	if (!defs->set)
		return tmk_err_set(err, TMK_USAGE, "not supported yet");
	if (!e->value || !*e->value)
		return tmk_err_set(err, TMK_USAGE, "has no value");
	return defs->set(load, index, e->value, e, err);
}

static int on_touchmark(void *ctx, const struct tmk_config_entry *e,
			struct tmk_err *err)
{
	struct load *load = ctx;
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
	ret = apply(load, dot ? name_keys : main_keys, index, key, e, err);
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

/* A key without any uri cannot be used: say so where it is written. */
static int check(const struct tmk_config *config, struct tmk_err *err)
{
	int i;

	for (i = 0; i < config->n_keys; i++) {
		if (config->keys[i].uris)
			continue;
		tmk_err_set(err, TMK_USAGE, "[touchmark \"%s\"] has no uri",
			    config->keys[i].name);
		return tmk_err_hint(err, "touchmark key list shows the URIs "
				    "of the keys in your tokens");
	}
	return 0;
}

int tmk_config_load(struct tmk_config **out, const char *repo_dir,
		    struct tmk_err *err)
{
	struct load load = { .config = calloc(1, sizeof(*load.config)) };
	int ret = -1;

	if (!load.config)
		return tmk_err_nomem(err);
	load.config->tsa_deadline = 10;
	load.config->module_deadline = 30;
	load.config->agent = true;
	load.config->agent_idle = 3600;
	load.config->agent_lifetime = 28800;
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
	while (config->tsas)
		free(config->tsa[--config->tsas]);
	for (i = 0; i < config->n_keys; i++) {
		struct tmk_key_config *k = &config->keys[i];

		while (k->uris)
			free(k->uri[--k->uris]);
		free(k->name);
		free(k->cert);
		free(k->user_id);
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
