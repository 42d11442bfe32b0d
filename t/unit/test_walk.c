/*
 * test_walk.c - the walk over raw commits against plain reachability, on
 * random histories whose dates lie.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "hooks/walk.h"
#include "t/unit/tap.h"

#define COMMITS 40
#define ROUNDS 300
#define TREE "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

/* A repository that holds what was written into this table. */
static struct {
	char text[1024];
	size_t len;
} object[COMMITS + 1];

static struct tmk_gate gate;
static uint64_t seed = 20261121;

/* A history: parents are always older by number. */
static struct tmk_oid id[COMMITS];
static int parent[COMMITS][3], parents[COMMITS];
static uint64_t above[COMMITS];		/* what each reaches, itself too */
static uint64_t first[COMMITS];		/* along first parents */

static unsigned int dice(unsigned int sides)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(seed >> 33) % sides;
}

static struct tmk_oid name_of(int n)
{
	struct tmk_oid oid = { .len = 20, .id = { 1, (uint8_t)(n + 1) } };

	return oid;
}

static int find(const struct tmk_oid *oid)
{
	int n;

	for (n = 0; n <= COMMITS; n++) {
		struct tmk_oid other = name_of(n);

		if (object[n].len && tmk_oid_equal(&other, oid))
			return n;
	}
	return -1;
}

static int read_header(struct tmk_repo *repo, enum tmk_object_type *type,
		       uint64_t *size, const struct tmk_oid *oid,
		       struct tmk_err *err)
{
	int n = find(oid);

	(void)repo;
	(void)err;
	*type = n < 0 ? TMK_OBJECT_NONE : TMK_OBJECT_COMMIT;
	*size = n < 0 ? 0 : object[n].len;
	return 0;
}

static int read_whole(struct tmk_repo *repo, const uint8_t **data,
		      size_t *len, enum tmk_object_type *type,
		      const struct tmk_oid *oid, struct tmk_err *err)
{
	uint64_t size;
	int n = find(oid);

	if (n >= 0)
		*data = (const uint8_t *)object[n].text;
	if (read_header(repo, type, &size, oid, err) < 0)
		return -1;
	*len = (size_t)size;
	return 0;
}

static void make(int n, int round)
{
	char *text = object[n].text, hex[TMK_OID_TEXT];
	int len, i;

	len = snprintf(text, sizeof(object[n].text), "tree " TREE "\n");
	for (i = 0; i < parents[n]; i++)
		len += snprintf(text + len,
				sizeof(object[n].text) - (size_t)len,
				"parent %s\n",
				tmk_oid_show(hex, &id[parent[n][i]]));
	len += snprintf(text + len, sizeof(object[n].text) - (size_t)len,
			"author A <a@b> 1 +0000\ncommitter A <a@b> %u +0000\n"
			"\n%d in %d\n", dice(3) ? 1000u + (unsigned int)n :
			dice(2000), n, round);
	object[n].len = (size_t)len;
	id[n] = name_of(n);
}

static void make_history(int round)
{
	int n, i;

	for (n = 0; n < COMMITS; n++) {
		parents[n] = n ? 1 + (dice(3) == 0) + (dice(9) == 0) : 0;
		above[n] = first[n] = 1ULL << n;
		for (i = 0; i < parents[n]; i++) {
			unsigned int back = 1 + dice(n < 6 ? (unsigned int)n :
						     6);

			parent[n][i] = n - (int)back;
			above[n] |= above[parent[n][i]];
			if (!i)
				first[n] |= first[parent[n][i]];
		}
		make(n, round);
	}
}

static uint64_t found(const struct tmk_walk *walk)
{
	uint64_t set = 0;
	int n;

	for (n = 0; n < COMMITS; n++) {
		const struct tmk_walk_entry *e = tmk_walk_find(walk, &id[n]);

		if (e && e->marks & TMK_WALK_NEW &&
		    !(e->marks & TMK_WALK_HIDDEN))
			set |= 1ULL << n;
	}
	return set;
}

/* One walk: `tip` is new, `old` and `known` are hidden. `judged` is hidden
 * where the walk meets it. Counts what is wrong. */
static int one_walk(bool first_parent)
{
	int tip = (int)dice(COMMITS), old = (int)dice(COMMITS), bad = 0;
	int known = dice(2) ? (int)dice(COMMITS) : -1;
	uint64_t hidden = (first_parent ? first[old] : above[old]) |
		(known < 0 ? 0 : above[known]);
	uint64_t want = (first_parent ? first[tip] : above[tip]) & ~hidden;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_walk walk;
	uint64_t quick;

	if (tmk_walk_init(&walk, &gate, first_parent, NULL, &err) < 0 ||
	    tmk_walk_push(&walk, &id[old], TMK_WALK_OLD, &err) < 0 ||
	    tmk_walk_push(&walk, &id[tip], TMK_WALK_NEW, &err) < 0 ||
	    tmk_walk_run(&walk, 1 + dice(5), &err) < 0)
		bad++;
	if (known >= 0 &&
	    tmk_walk_push(&walk, &id[known], TMK_WALK_KNOWN, &err) < 0)
		bad++;
	if (tmk_walk_run(&walk, 0, &err) != 1)
		bad++;
	quick = found(&walk);
	if (want & ~quick)	/* fewer than there are: a hole in the gate */
		bad++;
	if (tmk_walk_settle(&walk, &err) != 1 || found(&walk) != want)
		bad++;
	tmk_walk_release(&walk);
	return bad;
}

static int one_forward(void)
{
	int tip = (int)dice(COMMITS), old = (int)dice(COMMITS);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	bool forward;

	if (tmk_gate_commits_forward(&gate, &forward, &id[tip], &id[old], &v,
				     &err) < 0 || v.reason != TMK_GOOD)
		return 1;
	return forward != !!(above[tip] & 1ULL << old);
}

static void test_random(void)
{
	int round, i, bad_all = 0, bad_first = 0, bad_forward = 0;

	for (round = 0; round < ROUNDS; round++) {
		make_history(round);
		for (i = 0; i < 10; i++) {
			bad_all += one_walk(false);
			bad_first += one_walk(true);
			bad_forward += one_forward();
		}
	}
	is_int(bad_all, 0, "%d walks find exactly what is new", ROUNDS * 10);
	is_int(bad_first, 0, "so do walks along first parents");
	is_int(bad_forward, 0, "fast-forwards are told from others");
}

static void test_missing(void)
{
	static const char text[] = "tree " TREE "\n"
		"parent 1111111111111111111111111111111111111111\n"
		"author A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nx\n";
	const struct tmk_walk_entry *e;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_walk walk;
	struct tmk_oid tip = name_of(COMMITS), lost;

	tmk_oid_read(&lost, "1111111111111111111111111111111111111111", 40);
	memcpy(object[COMMITS].text, text, sizeof(text));
	object[COMMITS].len = sizeof(text) - 1;
	ok(!tmk_walk_init(&walk, &gate, false, NULL, &err) &&
	   !tmk_walk_push(&walk, &tip, TMK_WALK_NEW, &err) &&
	   tmk_walk_run(&walk, 0, &err) == 1, "a walk into nowhere ends");
	e = tmk_walk_find(&walk, &lost);
	ok(e && e->state == TMK_WALK_MISSING && e->marks == TMK_WALK_NEW,
	   "the missing commit is known as new and missing");
	tmk_walk_release(&walk);
}

static void test_judged(void)
{
	struct tmk_oidmap judged;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_walk walk;

	make_history(-1);
	ok(!tmk_oidmap_init(&judged) &&
	   tmk_oidmap_add(&judged, &id[COMMITS - 1]) == 0, "one is judged");
	ok(!tmk_walk_init(&walk, &gate, false, &judged, &err) &&
	   !tmk_walk_push(&walk, &id[COMMITS - 1], TMK_WALK_NEW, &err) &&
	   tmk_walk_run(&walk, 0, &err) == 1, "and is the tip again");
	ok(!found(&walk), "nothing is new");
	tmk_walk_release(&walk);
	tmk_oidmap_release(&judged);
}

static void test_map(void)
{
	struct tmk_oidmap map;
	struct tmk_oid oid = { .len = 20 };
	uint32_t i, bad = 0;

	ok(!tmk_oidmap_init(&map), "a map");
	for (i = 0; i < 50000; i++) {
		memcpy(oid.id + 4, &i, sizeof(i));
		bad += tmk_oidmap_add(&map, &oid) != i;
	}
	for (i = 0; i < 50000; i++) {
		memcpy(oid.id + 4, &i, sizeof(i));
		bad += tmk_oidmap_find(&map, &oid) != i;
		bad += tmk_oidmap_add(&map, &oid) != i;
	}
	is_int(bad, 0, "50000 ids keep their numbers");
	memset(oid.id, 0xff, sizeof(oid.id));
	is_int(tmk_oidmap_find(&map, &oid), -1, "another is not there");
	tmk_oidmap_release(&map);
}

/* A walk ends when the time is over, at its first step. */
static void test_late(void)
{
	struct tmk_err err = TMK_ERR_INIT;
	int64_t before = gate.deadline;
	struct tmk_walk walk;

	make_history(0);
	ok(!tmk_walk_init(&walk, &gate, false, NULL, &err) &&
	   !tmk_walk_push(&walk, &id[COMMITS - 1], TMK_WALK_NEW, &err),
	   "a walk");
	gate.deadline = tmk_clock_ms() - 1;
	is_int(tmk_walk_run(&walk, 0, &err), 0, "too late to run");
	is_int(walk.stop.reason, TMK_LIMIT_EXCEEDED, "is limit-exceeded");
	is_int(tmk_walk_settle(&walk, &err), 0, "nor does it settle");
	gate.deadline = before;
	tmk_walk_release(&walk);
}

int main(void)
{
	struct tmk_policy policy = { 0 };
	static const struct tmk_repo_ops ops = {
		.name = "table", .header = read_header, .read = read_whole
	};
	struct tmk_repo repo = { .ops = &ops, .hex = 40 };

	policy.limit_object = 1 << 20;
	policy.limit_commits = 100000;
	policy.limit_seconds = 600;
	gate.repo = &repo;
	gate.policy = &policy;
	gate.deadline = tmk_clock_ms() + 600000;
	test_map();
	test_random();
	test_missing();
	test_judged();
	test_late();
	return tap_done();
}
