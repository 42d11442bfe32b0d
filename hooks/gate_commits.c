/*
 * gate_commits.c - the commits that a ref's new value brings in.
 *
 * The ref's old value is hidden from the start. The other refs, which may be
 * a hundred thousand, are looked at only when the walk grows, or before a
 * commit is refused: until then too much is judged, never too little.
 */
#include <string.h>

#include "base/clock.h"
#include "hooks/gate.h"
#include "hooks/walk.h"

#define FEW 256			/* new commits before other refs are asked */

/* One judgement of a ref under a rule. */
struct job {
	struct tmk_gate *gate;
	const char *ref;
	int i;			/* the rule */
	struct tmk_walk walk;
	bool seeded;		/* the other refs are in the walk */
	bool settled;
	struct tmk_err *err;
};

static int push_exempt(struct job *job)
{
	const struct tmk_policy *policy = job->gate->policy;
	struct tmk_repo *repo = job->gate->repo;
	struct tmk_oid oid;
	int i, has;

	for (i = 0; i < policy->exempts; i++) {
		if (strlen(policy->exempt[i]) != repo->hex ||
		    !tmk_oid_read(&oid, policy->exempt[i], repo->hex))
			continue;
		has = tmk_repo_has(repo, &oid, job->err);
		if (has < 0 || (has && tmk_walk_push(&job->walk, &oid,
					TMK_WALK_EXEMPT, job->err) < 0))
			return -1;
	}
	return 0;
}

static int push_seeds(struct job *job)
{
	const struct tmk_gate_seed *seed;
	size_t n, seeds;

	if (job->seeded)
		return 0;
	if (tmk_gate_refs_seeds(job->gate, job->i, &seed, &seeds,
				job->err) < 0)
		return -1;
	for (n = 0; n < seeds; n++) {
		if (tmk_walk_push(&job->walk, &seed[n].oid, seed[n].line ?
				  TMK_WALK_OLD : TMK_WALK_KNOWN,
				  job->err) < 0)
			return -1;
		if (tmk_clock_ms() > job->gate->deadline)
			break;
	}
	job->seeded = true;
	return 0;
}

static int settle(struct job *job)
{
	if (job->settled)
		return 0;
	if (push_seeds(job) < 0 || tmk_walk_settle(&job->walk, job->err) < 0)
		return -1;
	job->settled = true;
	return 0;
}

static void say_missing(struct tmk_gate *gate, const struct tmk_walk *walk,
			uint32_t n, struct tmk_verdict *v)
{
	char hex[TMK_OID_TEXT], child[TMK_OID_TEXT];
	uint32_t c = walk->entry[n].child;

	tmk_oid_show(hex, &walk->ids.key[n]);
	tmk_oid_show(child, &walk->ids.key[c]);
	if (c == n)
		tmk_verdict_refuse(v, TMK_OBJECT_MISSING,
				   "commit %s is not there", hex);
	else if (tmk_gate_shallow_is_edge(gate, &walk->ids.key[c]))
		tmk_verdict_refuse(v, TMK_PUSH_SHALLOW,
				   "the history was cut off below %s: its "
				   "parent %s is not there", child, hex);
	else
		tmk_verdict_refuse(v, TMK_OBJECT_MISSING,
				   "the parent %s of %s is not there", hex,
				   child);
}

/* Refuse, unless the commit turns out to be hidden after all. */
static int refuse(struct job *job, uint32_t n, const struct tmk_verdict *v)
{
	if (settle(job) < 0)
		return -1;
	if (!(job->walk.entry[n].marks & TMK_WALK_HIDDEN))
		tmk_gate_report(job->gate, job->ref, &job->walk.ids.key[n],
				v);
	return 0;
}

/* A verdict about an entry that was read, and what follows from it. */
static int conclude(struct job *job, uint32_t n, struct tmk_verdict *v)
{
	struct tmk_oid oid = job->walk.ids.key[n];

	/* what the walk could not follow must not pass the judge either */
	if (v->reason == TMK_GOOD &&
	    job->walk.entry[n].state == TMK_WALK_BROKEN)
		tmk_verdict_refuse(v, TMK_OBJECT_MALFORMED,
				   "the commit's parents cannot be read");
	if (v->reason != TMK_GOOD)
		return refuse(job, n, v);
	tmk_gate_report_good(job->gate, job->ref, &oid);
	return 0;
}

static int answered(void *ctx, uint64_t number,
		    const struct tmk_gate_answer *answer, struct tmk_err *err)
{
	struct job *job = ctx;
	uint32_t n = (uint32_t)number;
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_oid oid = job->walk.ids.key[n];

	tmk_gate_progress_step(&job->gate->progress);
	if (tmk_gate_object_take(job->gate, &oid, answer, &v, err) < 0)
		return -1;
	return conclude(job, n, &v);
}

/*
 * An answer while the walk still goes on. A good commit is good, whatever the
 * walk finds; for one that is not it must first be known whether it is hidden,
 * and refusals are told in their order: it is judged once more at the end.
 */
static int answered_early(void *ctx, uint64_t number,
			  const struct tmk_gate_answer *answer,
			  struct tmk_err *err)
{
	struct job *job = ctx;
	struct tmk_walk_entry *e = &job->walk.entry[number];
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_oid oid = job->walk.ids.key[number];

	if (answer->v.reason != TMK_GOOD || e->marks & TMK_WALK_HIDDEN)
		return 0;
	if (tmk_gate_object_take(job->gate, &oid, answer, &v, err) < 0)
		return -1;
	if (v.reason != TMK_GOOD)
		return 0;
	e->good = 1;
	tmk_gate_progress_step(&job->gate->progress);
	tmk_gate_report_good(job->gate, job->ref, &oid);
	return 0;
}

/* Let it be judged while the walk reads on. */
static int judge_early(void *ctx, uint32_t n, const struct tmk_gate_raw *raw,
		       struct tmk_err *err)
{
	struct job *job = ctx;
	struct tmk_gate *gate = job->gate;
	struct tmk_gate_job todo;

	tmk_gate_object_job(gate, &todo, raw, &gate->policy->rule[job->i]);
	return tmk_gate_pool_submit(gate->pool, &todo, n, answered_early, job,
				    err);
}

static int judge_entry(struct job *job, uint32_t n)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_oid oid = job->walk.ids.key[n];
	bool sent = false;

	if (job->walk.entry[n].state == TMK_WALK_MISSING)
		say_missing(job->gate, &job->walk, n, &v);
	else if (tmk_gate_object_send(job->gate, &sent, &oid,
				      &job->gate->policy->rule[job->i], n,
				      answered, job, &v, job->err) < 0)
		return -1;
	if (sent)
		return 0;
	/* those before it come first */
	if (tmk_gate_pool_drain(job->gate->pool, job->err) < 0)
		return -1;
	tmk_gate_progress_step(&job->gate->progress);
	return conclude(job, n, &v);
}

/* Remember what was judged, good or refused: another ref of this push that
 * leads here need not say it again. */
static int remember(struct job *job, uint32_t n)
{
	struct tmk_oidmap *judged = &job->gate->rule[job->i].judged;

	if (tmk_oidmap_add(judged, &job->walk.ids.key[n]) < 0)
		return tmk_err_nomem(job->err);
	return 0;
}

/* New, not hidden, and not judged yet. */
static bool is_open(const struct job *job, uint32_t n)
{
	const struct tmk_walk_entry *e = &job->walk.entry[n];

	return e->marks & TMK_WALK_NEW && !(e->marks & TMK_WALK_HIDDEN) &&
		!e->good;
}

static void say_late(struct job *job, const struct tmk_oid *tip)
{
	struct tmk_verdict late = TMK_VERDICT_INIT;

	tmk_verdict_refuse(&late, TMK_LIMIT_EXCEEDED,
			   "the push took longer than %d seconds to judge",
			   job->gate->policy->limit_seconds);
	tmk_gate_report(job->gate, job->ref, tip, &late);
}

static int judge_all(struct job *job, const struct tmk_oid *tip)
{
	uint32_t n, more = 0, count = job->walk.ids.count;
	bool late = false;

	for (n = 0; n < count; n++)
		more += is_open(job, n);
	tmk_gate_progress_expect(&job->gate->progress, more);
	for (n = 0; !late && n < count; n++) {
		if (!is_open(job, n))
			continue;
		late = tmk_clock_ms() > job->gate->deadline;
		if (!late && judge_entry(job, n) < 0)
			return -1;
	}
	if (tmk_gate_pool_drain(job->gate->pool, job->err) < 0)
		return -1;
	if (late) {
		say_late(job, tip);
		return 0;
	}
	for (n = 0; n < count; n++)
		if (job->walk.entry[n].marks & TMK_WALK_NEW &&
		    !(job->walk.entry[n].marks & TMK_WALK_HIDDEN) &&
		    remember(job, n) < 0)
			return -1;
	if (job->walk.stop.reason != TMK_GOOD)
		tmk_gate_report(job->gate, job->ref, tip, &job->walk.stop);
	return 0;
}

/* Find what is new; 0 with walk.stop set when that took too much. */
static int find_new(struct job *job, const struct tmk_oid *tip, const struct tmk_oid *old)
{
	int done;

	if (old && tmk_walk_push(&job->walk, old, TMK_WALK_OLD, job->err) < 0)
		return -1;
	if (push_exempt(job) < 0 ||
	    tmk_walk_push(&job->walk, tip, TMK_WALK_NEW, job->err) < 0)
		return -1;
	done = tmk_walk_run(&job->walk, FEW, job->err);
	if (done || job->walk.stop.reason != TMK_GOOD)
		return done < 0 ? -1 : 0;
	if (push_seeds(job) < 0)
		return -1;
	/* it is a large push: judge while reading. An audit tells of each
	 * commit once, when the walk has found what is new */
	if (!job->gate->audit) {
		job->walk.seen = judge_early;
		job->walk.seen_ctx = job;
	}
	done = tmk_walk_run(&job->walk, 0, job->err);
	job->walk.seen = NULL;
	if (done < 0)
		return -1;
	/* what is on its way refers to this job */
	return tmk_gate_pool_drain(job->gate->pool, job->err);
}

int tmk_gate_commits_judge(struct tmk_gate *gate, const char *ref,
			   const struct tmk_oid *tip, const struct tmk_oid *old, int i,
			   struct tmk_err *err)
{
	struct job job = { .gate = gate, .ref = ref, .i = i, .err = err };
	struct tmk_gate_rule *rule = &gate->rule[i];
	bool first_parent = gate->policy->rule[i].first_parent;
	int ret = -1;

	if (!rule->judged_ready && tmk_oidmap_init(&rule->judged) < 0)
		return tmk_err_set(err, TMK_INTERNAL,
				   "the system gives no random bytes");
	rule->judged_ready = true;
	/* behind a commit that was judged along first parents alone may stand
	 * one that was not: it must not vouch for another ref */
	if (tmk_walk_init(&job.walk, gate, first_parent,
			  first_parent ? NULL : &rule->judged, err) < 0)
		return -1;
	if (find_new(&job, tip, old) < 0)
		goto out;
	if (job.walk.stop.reason != TMK_GOOD) {
		tmk_gate_report(gate, ref, tip, &job.walk.stop);
		ret = 0;
		goto out;
	}
	ret = judge_all(&job, tip);
out:
	tmk_walk_release(&job.walk);
	return ret;
}

int tmk_gate_commits_judge_tip(struct tmk_gate *gate, const char *ref,
			       const struct tmk_oid *tip, int i, struct tmk_err *err)
{
	struct job job = { .gate = gate, .ref = ref, .i = i, .err = err };
	struct tmk_verdict v = TMK_VERDICT_INIT;
	const struct tmk_walk_entry *e;
	int ret = -1;

	if (tmk_gate_object_judge(gate, tip, &gate->policy->rule[i], &v,
				  err) < 0)
		return -1;
	if (v.reason == TMK_GOOD) {
		tmk_gate_report_good(gate, ref, tip);
		return 0;
	}
	if (tmk_walk_init(&job.walk, gate, false, NULL, err) < 0)
		return -1;
	if (gate->policy->exempts && push_exempt(&job) < 0)
		goto out;
	/* what is exempt hides the tip when its history reaches it */
	if (tmk_walk_settle(&job.walk, err) < 0)
		goto out;
	e = tmk_walk_find(&job.walk, tip);
	if (!e || !(e->marks & TMK_WALK_EXEMPT))
		tmk_gate_report(gate, ref, tip, &v);
	ret = 0;
out:
	tmk_walk_release(&job.walk);
	return ret;
}

int tmk_gate_commits_forward(struct tmk_gate *gate, bool *forward,
			     const struct tmk_oid *tip, const struct tmk_oid *old,
			     struct tmk_verdict *v, struct tmk_err *err)
{
	const struct tmk_walk_entry *e;
	struct tmk_walk walk;
	uint32_t n, most = FEW;
	int done, ret = -1;

	*forward = false;
	if (tmk_walk_init(&walk, gate, false, NULL, err) < 0)
		return -1;
	if (tmk_walk_push(&walk, old, TMK_WALK_OLD, err) < 0 ||
	    tmk_walk_push(&walk, tip, TMK_WALK_NEW, err) < 0)
		goto out;
	do {
		done = tmk_walk_run(&walk, most, err);
		if (done < 0)
			goto out;
		e = tmk_walk_find(&walk, old);
		*forward = e && e->marks & TMK_WALK_NEW;
		most += most;
	} while (!done && !*forward && walk.stop.reason == TMK_GOOD);
	for (n = 0; !*forward && n < walk.ids.count; n++)
		if (walk.entry[n].marks == TMK_WALK_NEW &&
		    walk.entry[n].state == TMK_WALK_MISSING) {
			say_missing(gate, &walk, n, v);
			break;
		}
	if (!*forward && v->reason == TMK_GOOD &&
	    walk.stop.reason != TMK_GOOD)
		*v = walk.stop;
	ret = 0;
out:
	tmk_walk_release(&walk);
	return ret;
}
