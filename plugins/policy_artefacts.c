#include "plugins/policy_artefacts.h"

#include <stdio.h>

#include "plugins/policy_words.h"

static void show_rule(const struct tmk_artefact_rule *r)
{
	char text[1024];

	printf("[artefact \"%s\"] line %d\n    signed",
	       tmk_policy_words_text(text, sizeof(text), r->pattern), r->line);
	if (r->threshold > 1)
		printf(" by %d different people", r->threshold);
	if (r->role)
		printf(r->threshold > 1 ? " of role \"%s\"" :
		       " by role \"%s\"",
		       tmk_policy_words_text(text, sizeof(text),
					     r->role->name));
	else
		printf(r->threshold > 1 ? " whom [trust] knows" :
		       " by anybody whom [trust] knows");
	if (r->env)
		printf(", with a key of environment %s", r->env->name);
	tmk_policy_words_formats(r->formats);
	printf(", %s\n", tmk_policy_words_stamp(r->timestamp));
}

void tmk_policy_artefacts_show(const struct tmk_policy *policy)
{
	int i;

	for (i = 0; i < policy->artefacts; i++)
		show_rule(&policy->artefact[i]);
}

/* Whether a member could sign in one of the formats of the rule. */
static bool has_use(const struct tmk_member *m, unsigned int taken)
{
	switch (m->kind) {
	case TMK_MEMBER_EMAIL:
		return !taken || taken & (1u << TMK_FORMAT_X509 |
					  1u << TMK_FORMAT_OPENPGP |
					  1u << TMK_FORMAT_SSH);
	case TMK_MEMBER_CERT:
	case TMK_MEMBER_ISSUER:
		return !taken || taken & 1u << TMK_FORMAT_X509;
	case TMK_MEMBER_SSH:
		return !taken || taken & 1u << TMK_FORMAT_SSH;
	case TMK_MEMBER_OPENPGP:
		return !taken || taken & 1u << TMK_FORMAT_OPENPGP;
	}
	return false;
}

static void warn_role(const struct tmk_artefact_rule *r, const char *path,
		      tmk_policy_artefacts_fn *warn)
{
	const struct tmk_role *role = r->role;
	bool globs = false;
	int i, useful = 0;

	if (!role)
		return;
	for (i = 0; i < role->members; i++) {
		useful += has_use(&role->member[i], r->formats);
		globs |= role->member[i].kind == TMK_MEMBER_EMAIL &&
			strchr(role->member[i].text, '*');
	}
	if (!useful)
		warn(r->line, path, "[artefact \"%s\"] takes no format in "
		     "which a member of the role \"%s\" could sign",
		     r->pattern, role->name);
	else if (!globs && useful < r->threshold)
		warn(r->line, path, "[artefact \"%s\"] wants %d signers, but "
		     "the role \"%s\" has %d members who could be", r->pattern,
		     r->threshold, role->name, useful);
}

static void warn_one(const struct tmk_policy *p,
		     const struct tmk_artefact_rule *r,
		     tmk_policy_artefacts_fn *warn)
{
	unsigned int unstamped = 1u << TMK_FORMAT_SSH |
		1u << TMK_FORMAT_MINISIGN | 1u << TMK_FORMAT_SIGNIFY;

	warn_role(r, p->path, warn);
	if (r->formats & 1u << TMK_FORMAT_OPENPGP && !p->keyrings)
		warn(r->line, p->path, "[artefact \"%s\"] takes format "
		     "openpgp, but [trust] names no keyring: --keyring must",
		     r->pattern);
	if (r->timestamp != TMK_STAMP_ALWAYS)
		return;
	if (!p->tsa_trust)
		warn(r->line, p->path, "[artefact \"%s\"] always wants a "
		     "timestamp, but [trust] names no tsaRoots: no file can "
		     "satisfy it", r->pattern);
	if (r->formats & unstamped)
		warn(r->line, p->path, "[artefact \"%s\"] always wants a "
		     "timestamp: no SSH or minisign signature has one",
		     r->pattern);
}

void tmk_policy_artefacts_warn(const struct tmk_policy *policy,
			       tmk_policy_artefacts_fn *warn)
{
	int i;

	for (i = 0; i < policy->artefacts; i++)
		warn_one(policy, &policy->artefact[i], warn);
}
