/*
 * gate_command.c - one command of the push: the ref itself first, then what
 * it is to point at.
 */
#include <string.h>

#include "base/clock.h"
#include "hooks/gate.h"

/* One command with what is known about its ref. */
struct job {
	struct tmk_gate *gate;
	const struct tmk_gate_command *c;
	const char *ref;
	char target[TMK_GATE_REF_MAX];	/* of a symbolic ref, "" if plain */
	struct tmk_oid now;			/* its value before the push */
	int rule[TMK_GATE_RULES_MAX];	/* that apply */
	int rules;
	struct tmk_gate_peeled peeled;	/* of the new value */
	struct tmk_verdict v;
	struct tmk_err *err;
};

static bool begins(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

/* A symbolic ref moves the one behind it: both names count. */
static bool is_under(const struct job *job, const char *prefix)
{
	return begins(job->ref, prefix) || begins(job->target, prefix);
}

static bool may_update(const struct job *job, const struct tmk_ref_rule *r)
{
	return (!tmk_policy_glob(r->pattern, job->ref) ||
		tmk_policy_may_update(r, job->ref)) &&
		(!tmk_policy_glob(r->pattern, job->target) ||
		 tmk_policy_may_update(r, job->target));
}

static const struct tmk_ref_rule *rule_at(const struct job *job, int n)
{
	return &job->gate->policy->rule[job->rule[n]];
}

/* Refs that change what git shows of other objects. */
static const char *closed_namespace(const char *ref)
{
	static const char *const closed[] = {
		"refs/replace/", "refs/grafts/", "refs/notes/grafts"
	};
	size_t i;

	for (i = 0; i < sizeof(closed) / sizeof(closed[0]); i++)
		if (begins(ref, closed[i]))
			return closed[i];
	return NULL;
}

/* Which rules apply. A pattern with a star in front of the namespace does not
 * open a closed one: it must be named. */
static void find_rules(struct job *job, const char *ref)
{
	const struct tmk_policy *policy = job->gate->policy;
	const char *closed = closed_namespace(ref);
	int i, n, found = 0, named = 0;

	for (i = 0; i < policy->rules; i++) {
		if (!tmk_policy_applies(policy, i, ref))
			continue;
		found++;
		named += closed && begins(policy->rule[i].pattern, closed);
		for (n = 0; n < job->rules && job->rule[n] != i; n++)
			;
		if (n == job->rules && n < TMK_GATE_RULES_MAX)
			job->rule[job->rules++] = i;
	}
	if (closed && !named)
		tmk_verdict_refuse(&job->v, TMK_REF_NAMESPACE,
			"no rule of the policy names %s*", closed);
	else if (!found)
		tmk_verdict_refuse(&job->v, TMK_REF_UNMATCHED,
			"no [ref] section of the policy matches %s", ref);
}

static bool all_nothing(const struct job *job)
{
	int n;

	for (n = 0; n < job->rules; n++)
		if (rule_at(job, n)->require != TMK_REQUIRE_NOTHING)
			return false;
	return true;
}

/* Creating, moving and deleting, before any object is looked at. */
static int judge_change(struct job *job)
{
	bool none = tmk_oid_is_zero(&job->c->old);
	bool gone = tmk_oid_is_zero(&job->c->new);
	int n;

	if (!tmk_oid_equal(&job->c->old, &job->now)) {
		tmk_verdict_refuse(&job->v, TMK_REF_FORCE, "the ref is not "
			"where the push believes it to be");
		return tmk_verdict_hint(&job->v, "git fetch, then push again");
	}
	for (n = 0; n < job->rules; n++) {
		const struct tmk_ref_rule *r = rule_at(job, n);

		if (gone && !r->delete_)
			return tmk_verdict_refuse(&job->v, TMK_REF_DELETE,
				"[ref \"%s\"] does not let it be deleted",
				r->pattern);
		if (!gone && none && !r->create) {
			tmk_verdict_refuse(&job->v, TMK_REF_NAMESPACE,
				"[ref \"%s\"] lets no new ref be made",
				r->pattern);
			return tmk_verdict_hint(&job->v, "push to a ref that "
				"exists, or ask the administrator");
		}
		if (gone || none || may_update(job, r))
			continue;
		if (is_under(job, "refs/tags/"))
			return tmk_verdict_refuse(&job->v, TMK_TAG_MOVED,
				"[ref \"%s\"] does not let a tag move",
				r->pattern);
		tmk_verdict_refuse(&job->v, TMK_REF_FORCE, "[ref \"%s\"] "
			"does not let it be updated", r->pattern);
		return tmk_verdict_hint(&job->v, "this ref stays as it is: "
					"push to another one");
	}
	return 0;
}

/* What kind of object the ref may hold. */
static int judge_target(struct job *job)
{
	const struct tmk_gate_peeled *p = &job->peeled;
	bool branch = is_under(job, "refs/heads/");
	const char *what = tmk_object_type_name(p->type);

	if (branch && p->tags)
		return tmk_verdict_refuse(&job->v, TMK_TAG_TARGET,
			"a branch holds a commit, not a tag object");
	if (p->type == TMK_OBJECT_COMMIT)
		return 0;
	if (branch)
		return tmk_verdict_refuse(&job->v, TMK_TAG_TARGET,
			"a branch holds a commit, not a %s", what);
	if (is_under(job, "refs/tags/") || !all_nothing(job))
		return tmk_verdict_refuse(&job->v, TMK_TAG_TARGET,
			"the %s at its end is no commit: it is a %s",
			p->tags ? "object" : "ref", what);
	return 0;
}

/* A signed tag says its name; under another one it would lie. */
static bool is_named(const struct tmk_gate_peeled *p, const char *ref)
{
	size_t len = strlen(ref);
	const char *name = ref;

	if (begins(name, "refs/tags/"))
		name += 10;
	else if (p->name_len && p->name_len < len &&
		 ref[len - p->name_len - 1] == '/')
		name += len - p->name_len;
	return strlen(name) == p->name_len &&
		!memcmp(name, p->name, p->name_len);
}

static int judge_tag_name(struct job *job)
{
	const struct tmk_gate_peeled *p = &job->peeled;

	if (is_named(p, job->ref) &&
	    (!job->target[0] || is_named(p, job->target)))
		return 0;
	tmk_verdict_refuse(&job->v, TMK_TAG_NAME, "the tag calls itself "
			   "\"%s\"", p->name);
	return tmk_verdict_hint(&job->v, "push it as refs/tags/%.180s",
				p->name);
}

/* A new value must lead to the old one, unless every rule lets it jump. */
static int judge_forward(struct job *job)
{
	struct tmk_gate_peeled before;
	struct tmk_verdict ignored = TMK_VERDICT_INIT;
	bool forward = false;
	int n;

	for (n = 0; n < job->rules && rule_at(job, n)->force; n++)
		;
	if (n == job->rules || tmk_oid_is_zero(&job->c->old))
		return 0;
	if (tmk_gate_object_peel(job->gate, &before, &job->c->old, false,
				 &ignored, job->err) < 0)
		return -1;
	if (ignored.reason == TMK_GOOD &&
	    before.type == TMK_OBJECT_COMMIT &&
	    job->peeled.type == TMK_OBJECT_COMMIT &&
	    tmk_gate_commits_forward(job->gate, &forward, &job->peeled.oid,
				     &before.oid, &job->v, job->err) < 0)
		return -1;
	if (!forward && job->v.reason == TMK_GOOD)
		tmk_verdict_refuse(&job->v, TMK_REF_FORCE, "the old value is "
			"no ancestor of the new one, and [ref \"%s\"] denies "
			"that", rule_at(job, n)->pattern);
	return 0;
}

/* The signatures that one rule asks for. The tag itself has its refusal said
 * here, commits have theirs said where they are walked. */
static int judge_rule(struct job *job, int n)
{
	const struct tmk_ref_rule *r = rule_at(job, n);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_gate_peeled before = { .type = TMK_OBJECT_NONE };
	const struct tmk_oid *old = NULL;

	if (r->require == TMK_REQUIRE_NOTHING)
		return 0;
	job->gate->under = r;
	if (job->peeled.tags &&
	    tmk_gate_object_judge(job->gate, &job->c->new, r, &v,
				  job->err) < 0)
		return -1;
	if (!job->peeled.tags && r->require == TMK_REQUIRE_TAG)
		tmk_verdict_refuse(&v, TMK_TAG_UNSIGNED, "[ref \"%s\"] wants "
			"a signed tag, and this is a lightweight one",
			r->pattern);
	if (v.reason != TMK_GOOD)
		tmk_gate_report(job->gate, job->ref, &job->c->new, &v);
	else if (job->peeled.tags)
		tmk_gate_report_good(job->gate, job->ref, &job->c->new);
	if (r->require == TMK_REQUIRE_TIP && !job->peeled.tags)
		return tmk_gate_commits_judge_tip(job->gate, job->ref,
						  &job->peeled.oid,
						  job->rule[n], job->err);
	if (r->require != TMK_REQUIRE_COMMITS)
		return 0;
	v.reason = TMK_GOOD;
	if (!tmk_oid_is_zero(&job->c->old) &&
	    tmk_gate_object_peel(job->gate, &before, &job->c->old, false, &v,
				 job->err) < 0)
		return -1;
	if (before.type == TMK_OBJECT_COMMIT && v.reason == TMK_GOOD)
		old = &before.oid;
	return tmk_gate_commits_judge(job->gate, job->ref, &job->peeled.oid,
				      old, job->rule[n], job->err);
}

/* Everything about the ref that is one refusal at most; in `job->v`. */
static int judge_ref(struct job *job)
{
	if (tmk_gate_refs_now(job->gate, job->ref, &job->now, job->target,
			      job->err) < 0)
		return -1;
	if (job->gate->audit)
		job->now = job->c->old;
	find_rules(job, job->ref);
	/* a symbolic ref moves the one behind it, whose rules hold as well */
	if (job->v.reason == TMK_GOOD && job->target[0])
		find_rules(job, job->target);
	if (job->v.reason != TMK_GOOD || judge_change(job) < 0 ||
	    job->v.reason != TMK_GOOD || tmk_oid_is_zero(&job->c->new))
		return 0;
	if (job->gate->shallow)
		return tmk_verdict_refuse(&job->v, TMK_PUSH_SHALLOW,
			"the push would make this repository shallow");
	if (tmk_gate_object_peel(job->gate, &job->peeled, &job->c->new,
				 !all_nothing(job), &job->v, job->err) < 0)
		return -1;
	if (job->v.reason == TMK_GOOD)
		judge_target(job);
	if (job->v.reason == TMK_GOOD && job->peeled.tags &&
	    !all_nothing(job))
		judge_tag_name(job);
	return job->v.reason == TMK_GOOD ? judge_forward(job) : 0;
}

int tmk_gate_command_judge(struct tmk_gate *gate,
			   const struct tmk_gate_command *command,
			   struct tmk_err *err)
{
	struct job job = { .gate = gate, .c = command, .ref = command->ref,
			   .err = err };
	bool gone = tmk_oid_is_zero(&command->new);
	int n;

	tmk_gate_report_begin(gate);
	gate->under = NULL;
	if (tmk_clock_ms() > gate->deadline)
		tmk_verdict_refuse(&job.v, TMK_LIMIT_EXCEEDED,
			"the push took longer than %d seconds to judge",
			gate->policy->limit_seconds);
	else if (judge_ref(&job) < 0)
		return -1;
	if (job.v.reason != TMK_GOOD) {
		tmk_gate_report(gate, job.ref, gone ? &command->old :
				&command->new, &job.v);
		return 0;
	}
	for (n = 0; n < job.rules && !gone; n++)
		if (judge_rule(&job, n) < 0)
			return -1;
	return 0;
}
