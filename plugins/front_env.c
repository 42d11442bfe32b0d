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

static struct {
	pthread_mutex_t lock;
	char *path;		/* of the policy; NULL: none was read */
	struct stat st;
	struct tmk_policy *policy;
} known = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void forget(void)
{
	tmk_policy_free(known.policy);
	free(known.path);
	known.policy = NULL;
	known.path = NULL;
}

static int read_policy(const char *path, const struct stat *st,
		       struct tmk_err *err)
{
	forget();
	known.path = strdup(path);
	if (!known.path)
		return tmk_err_nomem(err);
	known.st = *st;
	if (!tmk_policy_read(&known.policy, path, err))
		return 0;
	forget();
	return -1;
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

/* What is about to be signed, and by what. */
struct signing {
	const struct tmk_front_pick *pick;
	const char *file;	/* or NULL */
	const char *ref;	/* of a tag; or "" */
};

static int refuse(const struct signing *s, bool ref, const char *pattern,
		  enum tmk_env env, struct tmk_err *err)
{
	const struct tmk_front_pick *pick = s->pick;
	const char *want = tmk_config_env_name(env);
	enum tmk_env have = pick->key ? pick->key->env : TMK_ENV_NONE;

	tmk_err_set(err, TMK_REFUSED, "signer-not-allowed: [%s \"%.100s\"] of "
		    "the policy wants a key of the environment %s for %.200s, "
		    "and '%.100s' is %s%s", ref ? "ref" : "artefact", pattern,
		    want, *s->ref ? s->ref : s->file, pick->name,
		    have ? "of " : "of none", tmk_config_env_name(have));
	if (have || !pick->key)
		return tmk_err_hint(err, "sign with a key whose section says "
				    "env = %s", want);
	return tmk_err_hint(err, "sign with a key of that environment; if this "
			    "is one, write env = %s into [touchmark \"%s\"]",
			    want, pick->name);
}

/* Whether a section's environment is another one than the key's. */
static bool wants_other(const struct signing *s, const struct tmk_role *env)
{
	enum tmk_env have = s->pick->key ? s->pick->key->env : TMK_ENV_NONE;

	return env && tmk_config_env_find(env->name) != have;
}

static int check_rules(const struct tmk_policy *p, const struct signing *s,
		       struct tmk_err *err)
{
	const char *base = s->file ? strrchr(s->file, '/') : NULL;
	int i;

	base = base ? base + 1 : s->file;
	for (i = 0; base && !*s->ref && i < p->artefacts; i++)
		if (wants_other(s, p->artefact[i].env) &&
		    tmk_policy_glob(p->artefact[i].pattern, base))
			return refuse(s, false, p->artefact[i].pattern,
				      tmk_config_env_find(
					p->artefact[i].env->name), err);
	for (i = 0; *s->ref && i < p->rules; i++)
		if (p->rule[i].require != TMK_REQUIRE_NOTHING &&
		    wants_other(s, p->rule[i].env) &&
		    tmk_policy_glob(p->rule[i].pattern, s->ref))
			return refuse(s, true, p->rule[i].pattern,
				      tmk_config_env_find(
					p->rule[i].env->name), err);
	return 0;
}

int tmk_front_env_check(const struct tmk_config *config,
			const struct tmk_front_pick *pick,
			const struct tmk_request *request, char *warn,
			size_t size, struct tmk_err *err)
{
	struct tmk_err odd = TMK_ERR_INIT;
	char ref[REF_MAX];
	struct signing s = { pick, request->artefact, ref };
	int rc = 0;

	*warn = '\0';
	ref_of(ref, sizeof(ref), request);
	if (!config->policy || (!request->artefact && !*ref))
		return 0;
	pthread_mutex_lock(&known.lock);
	if (refresh(config->policy, &odd))
		snprintf(warn, size, "cannot tell which environment the "
			 "policy wants: %s", odd.text);
	if (known.policy)
		rc = check_rules(known.policy, &s, err);
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
