#include "core/config_files.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/config.h"

#define ENV_ENTRIES_MAX 256
#define ENV_NAME "the environment (git -c)"

/* The only place in common/ that looks into the environment: what configures
 * us is found through it, by contract. */
const char *tmk_config_env_get(const char *name)
{
	return secure_getenv(name);
}

void tmk_config_env_fold(char *name)
{
	char *first = strchr(name, '.'), *last = strrchr(name, '.'), *p;

	for (p = name; *p; p++)
		if (!first || p < first || p > last)
			*p = tolower((unsigned char)*p);
}

int tmk_config_user_path(char **out, struct tmk_err *err)
{
	const char *named = tmk_config_env_get("TOUCHMARK_CONFIG");
	char *path = NULL, *cwd = NULL;

	if (!named || !*named) {
		path = tmk_config_files_xdg("touchmark/config");
	} else if (*named == '/') {
		path = strdup(named);
	} else {
		cwd = getcwd(NULL, 0);
		if (!cwd || asprintf(&path, "%s/%s", cwd, named) < 0)
			path = NULL;
		free(cwd);
	}
	if (!path) {
		tmk_err_set(err, TMK_USAGE, "there is no home directory to "
			    "keep the configuration in");
		return tmk_err_hint(err, "set HOME, XDG_CONFIG_HOME or "
				    "TOUCHMARK_CONFIG");
	}
	*out = path;
	return 0;
}

struct env_walk {
	const char *prefix;
	int sequence;
	tmk_config_visit visit;
	void *ctx;
	struct tmk_err *err;
};

/* `name` is folded in place. */
static int give(struct env_walk *w, char *name, const char *value)
{
	struct tmk_config_entry e = {
		.name = name,
		.value = value,
		.file = ENV_NAME,
		.origin = TMK_ORIGIN_GIT_COMMAND,
		.sequence = w->sequence,
	};

	tmk_config_env_fold(name);
	if (w->prefix && strncmp(name, w->prefix, strlen(w->prefix)))
		return 0;
	return w->visit(w->ctx, &e, w->err);
}

static int bad(struct env_walk *w, const char *what)
{
	return tmk_err_set(w->err, TMK_USAGE, "%s is malformed in the "
			   "environment", what);
}

static int count_entries(struct env_walk *w)
{
	const char *text = tmk_config_env_get("GIT_CONFIG_COUNT");
	const char *key, *value;
	char name[64], *end, *copy;
	long n, i;
	int ret;

	if (!text || !*text)
		return 0;
	n = strtol(text, &end, 10);
	if (*end || n < 0 || n > ENV_ENTRIES_MAX)
		return bad(w, "GIT_CONFIG_COUNT");
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "GIT_CONFIG_KEY_%ld", i);
		key = tmk_config_env_get(name);
		if (!key)
			return bad(w, name);
		snprintf(name, sizeof(name), "GIT_CONFIG_VALUE_%ld", i);
		value = tmk_config_env_get(name);
		if (!value)
			return bad(w, name);
		copy = strdup(key);
		if (!copy)
			return tmk_err_nomem(w->err);
		ret = give(w, copy, value);
		free(copy);
		if (ret < 0)
			return -1;
	}
	return 0;
}

/* One 'quoted' word in place, with '\'' and '\!' inside as git's sq_quote
 * writes them (quote.c). Returns what follows, NULL when malformed. */
static char *unquote(char *p, char **word)
{
	char *to;

	if (*p != '\'')
		return NULL;
	*word = to = ++p;
	for (;;) {
		while (*p && *p != '\'')
			*to++ = *p++;
		if (!*p)
			return NULL;
		p++;
		if (p[0] == '\\' && (p[1] == '\'' || p[1] == '!') &&
		    p[2] == '\'') {
			*to++ = p[1];
			p += 3;
			continue;
		}
		/* The word may end where its closing quote stood: only then
		 * is it safe to overwrite. */
		*to = '\0';
		return p;
	}
}

/* GIT_CONFIG_PARAMETERS: words 'key'='value' or (before git 2.31)
 * 'key=value', separated by spaces (git: config.c). */
static int parameter_entries(struct env_walk *w, char *p)
{
	char *key, *value;

	for (;;) {
		while (*p == ' ')
			p++;
		if (!*p)
			return 0;
		p = unquote(p, &key);
		if (!p)
			return bad(w, "GIT_CONFIG_PARAMETERS");
		value = NULL;
		if (*p == '=' && p[1] == '\'') {
			p = unquote(p + 1, &value);
			if (!p)
				return bad(w, "GIT_CONFIG_PARAMETERS");
		} else if (*p == '=') {
			p++;
		} else {
			value = strchr(key, '=');
			if (value)
				*value++ = '\0';
		}
		if (*p && *p != ' ')
			return bad(w, "GIT_CONFIG_PARAMETERS");
		if (give(w, key, value) < 0)
			return -1;
	}
}

int tmk_config_env_visit(const char *prefix, int sequence,
			 tmk_config_visit visit, void *ctx,
			 struct tmk_err *err)
{
	const char *text = tmk_config_env_get("GIT_CONFIG_PARAMETERS");
	struct env_walk w = { prefix, sequence, visit, ctx, err };
	char *copy;
	int ret;

	if (count_entries(&w) < 0)
		return -1;
	if (!text || !*text)
		return 0;
	copy = strdup(text);
	if (!copy)
		return tmk_err_nomem(err);
	w.sequence++;
	ret = parameter_entries(&w, copy);
	free(copy);
	return ret;
}
