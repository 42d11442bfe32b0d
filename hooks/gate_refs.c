/*
 * gate_refs.c - the refs that the repository has before the push.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "hooks/gate.h"

#define REFS_MAX 5000000

int tmk_gate_refs_now(struct tmk_gate *gate, const char *ref,
		      struct tmk_oid *oid, char *target, struct tmk_err *err)
{
	memset(oid, 0, sizeof(*oid));
	target[0] = '\0';
	if (gate->audit)
		return 0;	/* these are not the refs of the server */
	return gate->repo->ops->ref(gate->repo, oid, target, ref, err);
}

int tmk_gate_refs_add(struct tmk_gate *gate, const char *name,
		      const struct tmk_oid *oid, struct tmk_err *err)
{
	struct tmk_gate_ref *grown, own = { .oid = *oid };
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
	if (asprintf(&own.name, "%s", name) < 0)
		return tmk_err_nomem(err);
	gate->ref[gate->refs++] = own;
	return 0;
}

static int add_ref(void *ctx, const char *name, const struct tmk_oid *oid,
		   struct tmk_err *err)
{
	return tmk_gate_refs_add(ctx, name, oid, err);
}

/* All direct refs, once; a symbolic one only repeats another. */
static int list_refs(struct tmk_gate *gate, struct tmk_err *err)
{
	if (gate->refs_ready || gate->audit)
		return 0;
	if (gate->repo->ops->refs(gate->repo, "", add_ref, gate, err) < 0)
		return -1;
	gate->refs_ready = true;
	return 0;
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
		    const struct tmk_oid *oid, bool line, struct tmk_err *err)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_gate_peeled peeled;
	struct tmk_gate_seed *grown;

	if (tmk_gate_object_peel(gate, &peeled, oid, false, &v, err) < 0)
		return -1;
	if (v.reason != TMK_GOOD || peeled.type != TMK_OBJECT_COMMIT)
		return 0;
	if (!(rule->seeds & (rule->seeds - 1))) {
		size_t n = rule->seeds ? rule->seeds * 2 : 1;

		grown = realloc(rule->seed, n * sizeof(*grown));
		if (!grown)
			return tmk_err_nomem(err);
		rule->seed = grown;
	}
	rule->seed[rule->seeds].oid = peeled.oid;
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
