/*
 * policy_keys.c - the keys of [policy], [push], [exempt] and [limits], and
 * finding the key of an entry. A key that is in no table is an error.
 */
#include "core/policy_value.h"

#include <ctype.h>
#include <string.h>

#define VERSION_MAX 1000000000000ULL	/* as a number of a policy */

/* ---- [policy] ----------------------------------------------------------- */

static int set_version(struct tmk_policy_reader *r, const char *value,
		       struct tmk_err *err)
{
	uint64_t n = 0;

	if (tmk_policy_value_number(r, value, false, 1, VERSION_MAX, &n,
				    err) < 0)
		return -1;
	r->policy->version = (int64_t)n;
	return 0;
}

static const struct tmk_policy_word yes_or_no[] = {
	{ "true", 1 }, { "yes", 1 }, { "on", 1 }, { "1", 1 },
	{ "false", 0 }, { "no", 0 }, { "off", 0 }, { "0", 0 },
	{ NULL, 0 }
};

static int set_enforce(struct tmk_policy_reader *r, const char *value,
		       struct tmk_err *err)
{
	int n = 0;

	if (tmk_policy_value_choose(r, value, yes_or_no, &n, err) < 0)
		return -1;
	r->policy->enforce = n;
	return 0;
}

static int set_fast_path(struct tmk_policy_reader *r, const char *value,
			 struct tmk_err *err)
{
	int n = 0;

	if (tmk_policy_value_choose(r, value, yes_or_no, &n, err) < 0)
		return -1;
	r->policy->fast_path = n;
	return 0;
}

/* ---- [push], [exempt], [limits] ----------------------------------------- */

static int set_certificate(struct tmk_policy_reader *r, const char *value,
			   struct tmk_err *err)
{
	static const struct tmk_policy_word words[] = {
		{ "off", 0 }, { "check", 1 }, { "require", 2 }, { NULL, 0 }
	};

	return tmk_policy_value_choose(r, value, words,
				       &r->policy->push_certificate, err);
}

static int set_url(struct tmk_policy_reader *r, const char *value,
		   struct tmk_err *err)
{
	struct tmk_policy *p = r->policy;
	void *grown;

	grown = tmk_policy_value_grow(r, p->push_url, p->push_urls,
				      sizeof(*p->push_url), err);
	if (!grown)
		return -1;
	p->push_url = grown;
	p->push_url[p->push_urls] = NULL;
	if (tmk_policy_value_text(&p->push_url[p->push_urls], value, err) < 0)
		return -1;
	p->push_urls++;
	return 0;
}

static int set_commit(struct tmk_policy_reader *r, const char *value,
		      struct tmk_err *err)
{
	struct tmk_policy *p = r->policy;
	void *grown;
	size_t i, n = strlen(value);

	if ((n != 40 && n != 64) || strspn(value, "0123456789abcdefABCDEF")
	    != n)
		return tmk_policy_reader_fail(r, err, "\"%s\" is no whole "
			"object id (40 or 64 hex digits)", value);
	grown = tmk_policy_value_grow(r, p->exempt, p->exempts,
				      sizeof(*p->exempt), err);
	if (!grown)
		return -1;
	p->exempt = grown;
	for (i = 0; i <= n; i++)
		p->exempt[p->exempts][i] =
			(char)tolower((unsigned char)value[i]);
	p->exempts++;
	return 0;
}

static int set_object(struct tmk_policy_reader *r, const char *value,
		      struct tmk_err *err)
{
	return tmk_policy_value_number(r, value, true, 1024, 1ULL << 30,
		      &r->policy->limit_object, err);
}

static int set_commits(struct tmk_policy_reader *r, const char *value,
		       struct tmk_err *err)
{
	return tmk_policy_value_number(r, value, true, 1, 100000000,
		      &r->policy->limit_commits, err);
}

static int set_tag_depth(struct tmk_policy_reader *r, const char *value,
			 struct tmk_err *err)
{
	return tmk_policy_value_int(r, value, 1, 64,
				    &r->policy->limit_tag_depth, err);
}

static int set_certificates(struct tmk_policy_reader *r, const char *value,
			    struct tmk_err *err)
{
	return tmk_policy_value_int(r, value, 1, 256,
				    &r->policy->judge.certificates, err);
}

static int set_seconds(struct tmk_policy_reader *r, const char *value,
		       struct tmk_err *err)
{
	return tmk_policy_value_int(r, value, 1, 86400,
				    &r->policy->limit_seconds, err);
}

static int set_clock_skew(struct tmk_policy_reader *r, const char *value,
			  struct tmk_err *err)
{
	int n = 0;

	if (tmk_policy_value_int(r, value, 0, 86400, &n, err) < 0)
		return -1;
	r->policy->judge.clock_skew = n;
	return 0;
}

static int set_processes(struct tmk_policy_reader *r, const char *value,
			 struct tmk_err *err)
{
	return tmk_policy_value_int(r, value, 1, 256,
				    &r->policy->limit_processes, err);
}

static const struct tmk_policy_key own[] = {
	{ "policy", "version", false, set_version },
	{ "policy", "enforce", false, set_enforce },
	{ "policy", "fastpath", false, set_fast_path },
	{ "push", "certificate", false, set_certificate },
	{ "push", "url", true, set_url },
	{ "exempt", "commit", true, set_commit },
	{ "limits", "object", false, set_object },
	{ "limits", "commits", false, set_commits },
	{ "limits", "tagdepth", false, set_tag_depth },
	{ "limits", "certificates", false, set_certificates },
	{ "limits", "seconds", false, set_seconds },
	{ "limits", "clockskew", false, set_clock_skew },
	{ "limits", "processes", false, set_processes },
	{ NULL, NULL, false, NULL }
};

static const struct tmk_policy_key *const tables[] = {
	own, tmk_policy_keys_trust, tmk_policy_keys_ref,
	tmk_policy_keys_artefact
};

#define TABLES (sizeof(tables) / sizeof(tables[0]))

/* The key, or with a NULL name the first one of its section; NULL when there
 * is none. `bit` gets its place in the record of keys already seen. */
static const struct tmk_policy_key *find(const char *section,
					 const char *name, unsigned int *bit)
{
	const struct tmk_policy_key *k;
	size_t t;

	*bit = 0;
	for (t = 0; t < TABLES; t++)
		for (k = tables[t]; k->section; k++, (*bit)++)
			if (!strcmp(k->section, section) &&
			    (!name || !strcmp(k->name, name)))
				return k;
	return NULL;
}

int tmk_policy_reader_section(const struct tmk_policy_reader *r,
			      const char *section, bool named,
			      struct tmk_err *err)
{
	bool wants_name = !strcmp(section, "role") ||
		!strcmp(section, "env") || !strcmp(section, "ref") ||
		!strcmp(section, "artefact");
	unsigned int bit;

	if (!find(section, NULL, &bit))
		return tmk_policy_reader_fail(r, err, "unknown section [%s]",
					      section);
	if (wants_name && !named)
		return tmk_policy_reader_fail(r, err, "[%s] needs a name: "
					      "[%s \"...\"]", section,
					      section);
	if (!wants_name && named)
		return tmk_policy_reader_fail(r, err, "[%s] takes no name",
					      section);
	return 0;
}

/* The section's record of keys already seen; fills r->role, r->rule or
 * r->artefact. */
static uint64_t *open_section(struct tmk_policy_reader *r,
			      const char *section, const char *sub,
			      struct tmk_err *err)
{
	if (!strcmp(section, "role")) {
		r->role = tmk_policy_reader_role(r, sub, err);
		return r->role ? &r->role_seen[r->role - r->policy->role] :
			NULL;
	}
	if (!strcmp(section, "env")) {
		r->role = tmk_policy_reader_env(r, sub, err);
		return r->role ? &r->env_seen[r->role - r->policy->env] : NULL;
	}
	if (!strcmp(section, "ref")) {
		r->rule = tmk_policy_reader_rule(r, sub, err);
		return r->rule ? &r->rule_seen[r->rule - r->policy->rule] :
			NULL;
	}
	if (!strcmp(section, "artefact")) {
		r->artefact = tmk_policy_reader_artefact(r, sub, err);
		return r->artefact ?
			&r->artefact_seen[r->artefact - r->policy->artefact] :
			NULL;
	}
	return &r->seen;
}

int tmk_policy_reader_entry(struct tmk_policy_reader *r, const char *section,
			    const char *sub, const char *key,
			    const char *value, struct tmk_err *err)
{
	uint64_t *seen;
	const struct tmk_policy_key *found;
	unsigned int bit;

	if (tmk_policy_reader_section(r, section, sub != NULL, err) < 0)
		return -1;
	found = find(section, key, &bit);
	if (!found || bit >= 64)
		return tmk_policy_reader_fail(r, err, "unknown key \"%s\" in "
					      "[%s]", key, section);
	if (!value || !*value)
		return tmk_policy_reader_fail(r, err, "\"%s\" has no value",
					      key);
	seen = open_section(r, section, sub, err);
	if (!seen)
		return -1;
	if (!found->repeats && *seen & 1ULL << bit)
		return tmk_policy_reader_fail(r, err, "\"%s\" is given twice",
					      key);
	*seen |= 1ULL << bit;
	return found->set(r, value, err);
}
