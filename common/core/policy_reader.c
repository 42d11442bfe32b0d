/*
 * policy_reader.c - sections of a policy while it is read, and what can only
 * be said when all of it was read.
 */
#include "core/policy_value.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int tmk_policy_reader_fail(const struct tmk_policy_reader *r,
			   struct tmk_err *err, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (r->line)
		tmk_err_set(err, TMK_USAGE, "%s:%d: %s", r->policy->path,
			    r->line, text);
	else
		tmk_err_set(err, TMK_USAGE, "%s: %s", r->policy->path, text);
	return tmk_err_hint(err, "mend the policy; touchmark policy check %s "
			    "tries it", r->policy->path);
}

/* Names come from a file of the administrator's, but they are shown: nothing
 * that cannot be a ref, a role or an address. */
static bool printable(const char *name)
{
	for (; *name; name++)
		if ((unsigned char)*name < 0x20 || *name == 0x7f)
			return false;
	return true;
}

bool tmk_policy_reader_name_ok(const struct tmk_policy_reader *r,
			       const char *name, int count,
			       struct tmk_err *err)
{
	if (!*name || !printable(name)) {
		tmk_policy_reader_fail(r, err, "the section's name is empty "
				       "or holds control characters");
		return false;
	}
	if (count == TMK_POLICY_SECTIONS_MAX) {
		tmk_policy_reader_fail(r, err, "more than %d sections of one "
				       "kind", TMK_POLICY_SECTIONS_MAX);
		return false;
	}
	return true;
}

struct tmk_role *tmk_policy_reader_role(struct tmk_policy_reader *r,
					const char *name, struct tmk_err *err)
{
	struct tmk_policy *p = r->policy;
	int i;

	for (i = 0; i < p->roles; i++)
		if (!strcmp(p->role[i].name, name))
			return &p->role[i];
	if (!tmk_policy_reader_name_ok(r, name, p->roles, err))
		return NULL;
	if (tmk_policy_value_text(&p->role[i].name, name, err) < 0)
		return NULL;
	p->roles++;
	return &p->role[i];
}

/* A name that no key's `env` can have would be a section that fits nobody. */
struct tmk_role *tmk_policy_reader_env(struct tmk_policy_reader *r,
				       const char *name, struct tmk_err *err)
{
	static const char *const known[TMK_POLICY_ENVS_MAX] = {
		"dev", "test", "prod"
	};
	struct tmk_policy *p = r->policy;
	int i;

	for (i = 0; i < p->envs; i++)
		if (!strcmp(p->env[i].name, name))
			return &p->env[i];
	for (i = 0; i < TMK_POLICY_ENVS_MAX; i++)
		if (!strcmp(known[i], name))
			break;
	if (i == TMK_POLICY_ENVS_MAX) {
		tmk_policy_reader_fail(r, err, "[env \"%s\"]: an environment "
				       "is dev, test or prod", name);
		return NULL;
	}
	if (tmk_policy_value_text(&p->env[p->envs].name, name, err) < 0)
		return NULL;
	p->env[p->envs].is_env = true;
	return &p->env[p->envs++];
}

const struct tmk_role *tmk_policy_reader_env_of(struct tmk_policy_reader *r,
						const char *name, int line,
						struct tmk_err *err)
{
	const struct tmk_policy *p = r->policy;
	int i;

	r->line = line;
	for (i = 0; i < p->envs; i++)
		if (!strcmp(p->env[i].name, name))
			break;
	if (i == p->envs) {
		tmk_policy_reader_fail(r, err, "there is no [env \"%s\"]",
				       name);
		return NULL;
	}
	if (!p->env[i].members && !p->env[i].issuers) {
		tmk_policy_reader_fail(r, err, "[env \"%s\"] has neither "
			"member nor issuer: no key could be of it", name);
		return NULL;
	}
	return &p->env[i];
}

/* What a rule says before any key of it was read. */
static void rule_defaults(struct tmk_ref_rule *rule, int line)
{
	rule->line = line;
	rule->identity = TMK_IDENTITY_COMMITTER;
	rule->timestamp = TMK_STAMP_WHEN_EXPIRED;
	rule->threshold = 1;
	rule->create = true;
	rule->update = true;
}

struct tmk_ref_rule *tmk_policy_reader_rule(struct tmk_policy_reader *r,
					    const char *pattern,
					    struct tmk_err *err)
{
	struct tmk_policy *p = r->policy;
	int i;

	for (i = 0; i < p->rules; i++)
		if (!strcmp(p->rule[i].pattern, pattern))
			return &p->rule[i];
	if (!tmk_policy_reader_name_ok(r, pattern, p->rules, err))
		return NULL;
	if (tmk_policy_value_text(&p->rule[i].pattern, pattern, err) < 0)
		return NULL;
	p->rules++;
	rule_defaults(&p->rule[i], r->line);
	return &p->rule[i];
}

const struct tmk_role *tmk_policy_reader_role_of(struct tmk_policy_reader *r,
						 const char *name, int line,
						 struct tmk_err *err)
{
	const struct tmk_policy *p = r->policy;
	int j;

	r->line = line;
	for (j = 0; j < p->roles; j++)
		if (!strcmp(p->role[j].name, name))
			break;
	if (j == p->roles) {
		tmk_policy_reader_fail(r, err, "there is no [role \"%s\"]",
				       name);
		return NULL;
	}
	if (!p->role[j].members) {
		tmk_policy_reader_fail(r, err, "[role \"%s\"] has no "
			"member: nobody could sign; write member = * for "
			"everybody under its issuer", name);
		return NULL;
	}
	return &p->role[j];
}

static int finish_role(struct tmk_policy_reader *r, int i,
		       struct tmk_err *err)
{
	struct tmk_ref_rule *rule = &r->policy->rule[i];

	if (r->rule_env[i]) {
		rule->env = tmk_policy_reader_env_of(r, r->rule_env[i],
						     r->rule_env_line[i], err);
		if (!rule->env)
			return -1;
	}
	if (!r->rule_role[i])
		return 0;
	r->policy->rule[i].role = tmk_policy_reader_role_of(r, r->rule_role[i],
		r->rule_role_line[i], err);
	return r->policy->rule[i].role ? 0 : -1;
}

/* For every format that a rule takes somebody must be trusted. */
static int finish_formats(struct tmk_policy_reader *r,
			  const struct tmk_ref_rule *rule, struct tmk_err *err)
{
	const struct tmk_policy *p = r->policy;
	const char *lacks = NULL, *format = NULL;

	if (rule->require == TMK_REQUIRE_NOTHING)
		return 0;
	if (rule->formats & 1u << TMK_FORMAT_X509 && !p->roots) {
		lacks = "roots";
		format = "x509";
	} else if (rule->formats & 1u << TMK_FORMAT_OPENPGP && !p->keyrings) {
		lacks = "keyring";
		format = "openpgp";
	} else if (rule->formats & 1u << TMK_FORMAT_SSH &&
		   !p->allowed_signers &&
		   (!rule->role || !rule->role->ssh_keys)) {
		lacks = "allowedSigners";
		format = "ssh";
	}
	if (lacks)
		return tmk_policy_reader_fail(r, err, "[ref \"%s\"] asks for "
			"signatures (format %s), but [trust] names no %s",
			rule->pattern, format, lacks);
	/* Further signers sign in CMS: inside the object or beside it. */
	if (rule->threshold > 1 && !(rule->formats & 1u << TMK_FORMAT_X509))
		return tmk_policy_reader_fail(r, err, "[ref \"%s\"]: a "
			"threshold above 1 needs format = x509: other "
			"signatures have one signer", rule->pattern);
	return 0;
}

int tmk_policy_reader_finish(struct tmk_policy_reader *r, struct tmk_err *err)
{
	struct tmk_policy *p = r->policy;
	int i;

	for (i = 0; i < p->rules; i++) {
		struct tmk_ref_rule *rule = &p->rule[i];

		r->line = rule->line;
		if (!rule->require)
			return tmk_policy_reader_fail(r, err, "[ref \"%s\"] "
				"does not say what it requires: nothing, tip, "
				"commits or tag", rule->pattern);
		if (!rule->formats)
			rule->formats = 1u << TMK_FORMAT_X509;
		if (finish_role(r, i, err) < 0)
			return -1;
		r->line = rule->line;
		if (finish_formats(r, rule, err) < 0)
			return -1;
	}
	if (tmk_policy_reader_finish_artefacts(r, err) < 0)
		return -1;
	if (!p->judge.ekus) {
		if (tmk_policy_value_text(&p->eku[0], "codeSigning", err) < 0)
			return -1;
		p->judge.eku[0] = p->eku[0];
		p->judge.ekus = 1;
	}
	return 0;
}
