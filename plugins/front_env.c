#include "plugins/front_env.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "core/policy.h"
#include "plugins/front_certs.h"
#include "plugins/front_kind.h"

#define LATELY 2		/* s within which times cannot tell */
#define REF_MAX 1024

/* One rule that wants an environment. */
struct rule {
	char *pattern;
	bool ref;		/* [ref], else [artefact] */
	enum tmk_env env;
	struct rule *next;	/* as they stand in the policy */
};

static struct {
	pthread_mutex_t lock;
	char *path;		/* of the policy; NULL: none was read */
	struct stat st;
	struct rule *first;
} known = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void forget(void)
{
	struct rule *rule;

	while ((rule = known.first)) {
		known.first = rule->next;
		free(rule->pattern);
		free(rule);
	}
	free(known.path);
	known.path = NULL;
}

static int keep(const char *pattern, bool ref, const struct tmk_role *env,
		struct tmk_err *err)
{
	struct rule *rule, **end = &known.first;

	if (!env)
		return 0;
	rule = calloc(1, sizeof(*rule));
	if (!rule)
		return tmk_err_nomem(err);
	rule->pattern = strdup(pattern);
	if (!rule->pattern) {
		free(rule);
		return tmk_err_nomem(err);
	}
	rule->ref = ref;
	rule->env = tmk_config_env_find(env->name);
	while (*end)
		end = &(*end)->next;
	*end = rule;
	return 0;
}

static int read_policy(const char *path, const struct stat *st,
		       struct tmk_err *err)
{
	struct tmk_policy *p = NULL;
	int i, rc;

	forget();
	rc = tmk_policy_read(&p, path, err);
	for (i = 0; !rc && i < p->artefacts; i++)
		rc = keep(p->artefact[i].pattern, false, p->artefact[i].env,
			  err);
	for (i = 0; !rc && i < p->rules; i++)
		if (p->rule[i].require != TMK_REQUIRE_NOTHING)
			rc = keep(p->rule[i].pattern, true, p->rule[i].env,
				  err);
	tmk_policy_free(p);
	if (!rc) {
		known.path = strdup(path);
		rc = known.path ? 0 : tmk_err_nomem(err);
		known.st = *st;
	}
	if (rc)
		forget();
	return rc;
}

static int refresh(const char *path, struct tmk_err *err)
{
	struct stat st;

	if (stat(path, &st))
		memset(&st, 0, sizeof(st));	/* reading it says why not */
	else if (known.path && !strcmp(known.path, path) &&
		 tmk_front_certs_same(&known.st, &st) &&
		 st.st_ctim.tv_sec + LATELY < tmk_clock_now())
		return 0;
	return read_policy(path, &st, err);
}

/* "refs/tags/NAME" of a tag object; "" for anything else. Where only the
 * digest came, whoever had the content says what it is. */
static char *ref_of(char *out, size_t size, const struct tmk_request *r)
{
	char tag[REF_MAX];

	*out = '\0';
	if (r->payload)
		tmk_front_kind_tag(tag, sizeof(tag), r->payload,
				   r->payload_len);
	else
		snprintf(tag, sizeof(tag), "%s", r->content && r->artefact &&
			 !strcmp(r->content, TMK_FRONT_KIND_TAG) ?
			 r->artefact : "");
	if (*tag)
		snprintf(out, size, "refs/tags/%.*s", (int)(size - 11), tag);
	return out;
}

static bool applies(const struct rule *rule, const char *file,
		    const char *ref)
{
	const char *base = file ? strrchr(file, '/') : NULL;

	if (rule->ref)
		return *ref && tmk_policy_glob(rule->pattern, ref);
	return file && !*ref &&
		tmk_policy_glob(rule->pattern, base ? base + 1 : file);
}

static int refuse(const struct rule *rule, const struct tmk_front_pick *pick,
		  const char *what, struct tmk_err *err)
{
	const char *want = tmk_config_env_name(rule->env);
	enum tmk_env have = pick->key ? pick->key->env : TMK_ENV_NONE;

	tmk_err_set(err, TMK_REFUSED, "signer-not-allowed: [%s \"%.100s\"] of "
		    "the policy wants a key of the environment %s for %.200s, "
		    "and '%.100s' is %s%s", rule->ref ? "ref" : "artefact",
		    rule->pattern, want, what, pick->name,
		    have ? "of " : "of none", tmk_config_env_name(have));
	if (have || !pick->key)
		return tmk_err_hint(err, "sign with a key whose section says "
				    "env = %s", want);
	return tmk_err_hint(err, "sign with a key of that environment; if this "
			    "is one, write env = %s into [touchmark \"%s\"]",
			    want, pick->name);
}

int tmk_front_env_check(const struct tmk_config *config,
			const struct tmk_front_pick *pick,
			const struct tmk_request *request, char *warn,
			size_t size, struct tmk_err *err)
{
	enum tmk_env have = pick->key ? pick->key->env : TMK_ENV_NONE;
	struct tmk_err odd = TMK_ERR_INIT;
	const struct rule *rule;
	char ref[REF_MAX];
	int rc = 0;

	*warn = '\0';
	ref_of(ref, sizeof(ref), request);
	if (!config->policy || (!request->artefact && !*ref))
		return 0;
	pthread_mutex_lock(&known.lock);
	if (refresh(config->policy, &odd))
		snprintf(warn, size, "cannot tell which environment the "
			 "policy wants: %s", odd.text);
	for (rule = known.first; !rc && rule; rule = rule->next)
		if (rule->env != have &&
		    applies(rule, request->artefact, ref))
			rc = refuse(rule, pick, *ref ? ref :
				    request->artefact, err);
	pthread_mutex_unlock(&known.lock);
	return rc;
}

int tmk_front_env_file(const struct tmk_config *config, const char *key,
		       const char *file, struct tmk_err *err)
{
	const char *name = key && *key ? key : config->key;
	struct tmk_err ignored = TMK_ERR_INIT;
	struct tmk_front_pick pick;
	struct tmk_request request;
	char odd[512];

	if (!config->policy || !strcmp(file, "-") ||
	    (name && !tmk_config_key(config, name)) ||
	    tmk_front_pick(&pick, config, key, &ignored) <= 0)
		return 0;
	tmk_request_init(&request);
	request.artefact = file;
	return tmk_front_env_check(config, &pick, &request, odd, sizeof(odd),
				   err);
}
