/*
 * gate_refs.c - the refs that the repository has before the push.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "hooks/gate.h"

#define SYMBOLIC_MAX 5		/* links followed, as git does */
#define REFS_MAX 5000000

static int git_failed(struct tmk_err *err, const char *what)
{
	const git_error *e = git_error_last();

	return tmk_err_set(err, TMK_INTERNAL, "%s: %s", what,
			   e && e->message ? e->message : "no reason given");
}

int tmk_gate_refs_now(struct tmk_gate *gate, const char *ref, git_oid *oid,
		      char *target, struct tmk_err *err)
{
	char name[TMK_GATE_REF_MAX];
	git_reference *r = NULL;
	int i, rc;

	memset(oid, 0, sizeof(*oid));
	target[0] = '\0';
	if (gate->audit)
		return 0;	/* these are not the refs of the server */
	if (strlen(ref) >= sizeof(name))
		return tmk_err_set(err, TMK_INTERNAL, "a ref's name is too "
				   "long");
	memcpy(name, ref, strlen(ref) + 1);
	for (i = 0; i <= SYMBOLIC_MAX; i++) {
		const char *next;

		rc = git_reference_lookup(&r, gate->repo, name);
		if (rc == GIT_ENOTFOUND)
			return 0;
		if (rc < 0)
			return git_failed(err, "a ref cannot be read");
		if (git_reference_type(r) == GIT_REFERENCE_DIRECT) {
			git_oid_cpy(oid, git_reference_target(r));
			git_reference_free(r);
			return 0;
		}
		next = git_reference_symbolic_target(r);
		if (!next || strlen(next) >= sizeof(name))
			break;
		memcpy(name, next, strlen(next) + 1);
		memcpy(target, next, strlen(next) + 1);
		git_reference_free(r);
		r = NULL;
	}
	git_reference_free(r);
	return tmk_err_set(err, TMK_INTERNAL, "%s is a symbolic ref that ends "
			   "nowhere", ref);
}

static int add_ref(struct tmk_gate *gate, const git_reference *r,
		   struct tmk_err *err)
{
	struct tmk_gate_ref *grown, own;
	size_t n = gate->refs;

	if (n >= REFS_MAX)
		return tmk_err_set(err, TMK_INTERNAL, "the repository has "
				   "more than %d refs", REFS_MAX);
	if (!(n & (n - 1))) {
		grown = realloc(gate->ref, (n ? n * 2 : 1) * sizeof(*grown));
		if (!grown)
			return tmk_err_nomem(err);
		gate->ref = grown;
	}
	own.name = strdup(git_reference_name(r));
	if (!own.name)
		return tmk_err_nomem(err);
	git_oid_cpy(&own.oid, git_reference_target(r));
	gate->ref[gate->refs++] = own;
	return 0;
}

/* All direct refs, once; a symbolic one only repeats another. */
static int list_refs(struct tmk_gate *gate, struct tmk_err *err)
{
	git_reference_iterator *it = NULL;
	git_reference *r = NULL;
	int rc, ret = -1;

	if (gate->refs_ready || gate->audit)
		return 0;
	if (git_reference_iterator_new(&it, gate->repo) < 0)
		return git_failed(err, "the refs cannot be listed");
	while (!(rc = git_reference_next(&r, it))) {
		if (git_reference_type(r) == GIT_REFERENCE_DIRECT &&
		    add_ref(gate, r, err) < 0)
			goto out;
		git_reference_free(r);
		r = NULL;
	}
	if (rc != GIT_ITEROVER) {
		git_failed(err, "the refs cannot be listed");
		goto out;
	}
	gate->refs_ready = true;
	ret = 0;
out:
	git_reference_free(r);
	git_reference_iterator_free(it);
	return ret;
}

enum cover { COVER_NOT, COVER_LINE, COVER_WHOLE };

/* How far what this ref holds was let in under a rule as strict as `strict`:
 * for one that asks for first parents alone, their line is worth something. */
static enum cover covered(const struct tmk_policy *policy, const char *name,
			  const struct tmk_ref_rule *strict)
{
	enum cover best = COVER_NOT;
	int i;

	for (i = 0; i < policy->rules && best != COVER_WHOLE; i++) {
		struct tmk_ref_rule line = policy->rule[i];

		if (!tmk_policy_applies(policy, i, name))
			continue;
		line.first_parent = false;
		if (tmk_policy_covers(&policy->rule[i], strict))
			best = COVER_WHOLE;
		else if (strict->first_parent &&
			 tmk_policy_covers(&line, strict))
			best = COVER_LINE;
	}
	return best;
}

/* A commit at the end of the ref, else nothing: a broken ref hides nothing. */
static int add_seed(struct tmk_gate *gate, struct tmk_gate_rule *rule,
		    const git_oid *oid, bool line, struct tmk_err *err)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_gate_peeled peeled;
	struct tmk_gate_seed *grown;

	if (tmk_gate_object_peel(gate, &peeled, oid, false, &v, err) < 0)
		return -1;
	if (v.reason != TMK_GOOD || peeled.type != GIT_OBJECT_COMMIT)
		return 0;
	if (!(rule->seeds & (rule->seeds - 1))) {
		size_t n = rule->seeds ? rule->seeds * 2 : 1;

		grown = realloc(rule->seed, n * sizeof(*grown));
		if (!grown)
			return tmk_err_nomem(err);
		rule->seed = grown;
	}
	git_oid_cpy(&rule->seed[rule->seeds].oid, &peeled.oid);
	rule->seed[rule->seeds++].line = line;
	return 0;
}

int tmk_gate_refs_seeds(struct tmk_gate *gate, int i,
			const struct tmk_gate_seed **seed, size_t *seeds,
			struct tmk_err *err)
{
	struct tmk_gate_rule *rule = &gate->rule[i];
	enum cover cover;
	size_t n;

	if (list_refs(gate, err) < 0)
		return -1;
	for (n = 0; !rule->seeds_ready && n < gate->refs; n++) {
		cover = covered(gate->policy, gate->ref[n].name,
				&gate->policy->rule[i]);
		if (cover == COVER_NOT)
			continue;
		if (add_seed(gate, rule, &gate->ref[n].oid,
			     cover == COVER_LINE, err) < 0)
			return -1;
		if (tmk_clock_ms() > gate->deadline)
			break;	/* fewer seeds hide less: the safe side */
	}
	rule->seeds_ready = true;
	*seed = rule->seed;
	*seeds = rule->seeds;
	return 0;
}
