/*
 * policy_keys_artefact.c - the sections [artefact "pattern"]: what a file must be
 * signed with when `touchmark verify` judges it by this policy. The gate reads
 * them and does nothing with them.
 */
#include "core/policy_value.h"

#include <string.h>

/* What a rule says before any key of it was read. */
static void defaults(struct tmk_artefact_rule *rule, int line)
{
	rule->line = line;
	rule->timestamp = TMK_STAMP_WHEN_EXPIRED;
	rule->threshold = 1;
}

struct tmk_artefact_rule *
tmk_policy_reader_artefact(struct tmk_policy_reader *r, const char *pattern,
			   struct tmk_err *err)
{
	struct tmk_policy *p = r->policy;
	int i;

	for (i = 0; i < p->artefacts; i++)
		if (!strcmp(p->artefact[i].pattern, pattern))
			return &p->artefact[i];
	if (!tmk_policy_reader_name_ok(r, pattern, p->artefacts, err))
		return NULL;
	/* It would match no name, since directories are not looked at. */
	if (strchr(pattern, '/')) {
		tmk_policy_reader_fail(r, err, "[artefact \"%s\"] is held "
				       "against names without directories: "
				       "leave out the '/'", pattern);
		return NULL;
	}
	if (tmk_policy_value_text(&p->artefact[i].pattern, pattern, err) < 0)
		return NULL;
	p->artefacts++;
	defaults(&p->artefact[i], r->line);
	return &p->artefact[i];
}

static int set_role(struct tmk_policy_reader *r, const char *value,
		    struct tmk_err *err)
{
	r->artefact->role_line = r->line;
	return tmk_policy_value_text(&r->artefact->role_name, value, err);
}

static int set_env(struct tmk_policy_reader *r, const char *value,
		   struct tmk_err *err)
{
	r->artefact->env_line = r->line;
	return tmk_policy_value_text(&r->artefact->env_name, value, err);
}

static int set_format(struct tmk_policy_reader *r, const char *value,
		      struct tmk_err *err)
{
	static const struct tmk_policy_word words[] = {
		{ "x509", TMK_FORMAT_X509 }, { "openpgp", TMK_FORMAT_OPENPGP },
		{ "ssh", TMK_FORMAT_SSH }, { "minisign", TMK_FORMAT_MINISIGN },
		{ NULL, 0 }
	};
	int n = 0;

	if (tmk_policy_value_choose(r, value, words, &n, err) < 0)
		return -1;
	r->artefact->formats |= 1u << n;
	/* The keys are the same, and so is who may have them. */
	if (n == TMK_FORMAT_MINISIGN)
		r->artefact->formats |= 1u << TMK_FORMAT_SIGNIFY;
	return 0;
}

static int set_timestamp(struct tmk_policy_reader *r, const char *value,
			 struct tmk_err *err)
{
	return tmk_policy_value_timestamp(r, value, &r->artefact->timestamp,
					  err);
}

static int set_threshold(struct tmk_policy_reader *r, const char *value,
			 struct tmk_err *err)
{
	return tmk_policy_value_int(r, value, 1, TMK_SIGNATURES_MAX,
				    &r->artefact->threshold, err);
}

const struct tmk_policy_key tmk_policy_keys_artefact[] = {
	{ "artefact", "role", false, set_role },
	{ "artefact", "env", false, set_env },
	{ "artefact", "format", true, set_format },
	{ "artefact", "timestamp", false, set_timestamp },
	{ "artefact", "threshold", false, set_threshold },
	{ NULL, NULL, false, NULL }
};

/* A key given on the command line may stand in for a keyring that the policy
 * does not name, but roots are the policy's alone. */
static int finish(struct tmk_policy_reader *r, struct tmk_artefact_rule *rule,
		  struct tmk_err *err)
{
	if (rule->role_name) {
		rule->role = tmk_policy_reader_role_of(r, rule->role_name,
						       rule->role_line, err);
		if (!rule->role)
			return -1;
	}
	if (rule->env_name) {
		rule->env = tmk_policy_reader_env_of(r, rule->env_name,
						     rule->env_line, err);
		if (!rule->env)
			return -1;
	}
	r->line = rule->line;
	if (rule->formats == 1u << TMK_FORMAT_X509 && !r->policy->roots)
		return tmk_policy_reader_fail(r, err, "[artefact \"%s\"] asks "
			"for signatures (format x509), but [trust] names no "
			"roots", rule->pattern);
	return 0;
}

int tmk_policy_reader_finish_artefacts(struct tmk_policy_reader *r,
				       struct tmk_err *err)
{
	int i;

	for (i = 0; i < r->policy->artefacts; i++)
		if (finish(r, &r->policy->artefact[i], err) < 0)
			return -1;
	return 0;
}
