#include "hooks/walk.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define OTHERS_MAX 20000000u	/* old commits met beside the new ones */
#define CLOCK_EVERY 256		/* commits between looks at the clock */

int tmk_walk_init(struct tmk_walk *walk, struct tmk_gate *gate,
		  bool first_parent, const struct tmk_oidmap *judged,
		  struct tmk_err *err)
{
	memset(walk, 0, sizeof(*walk));
	walk->gate = gate;
	walk->first_parent = first_parent;
	walk->judged = judged;
	if (tmk_oidmap_init(&walk->ids) < 0)
		return tmk_err_set(err, TMK_INTERNAL,
				   "the system gives no random bytes");
	return 0;
}

void tmk_walk_release(struct tmk_walk *walk)
{
	tmk_oidmap_release(&walk->ids);
	free(walk->entry);
	free(walk->link);
	free(walk->heap);
	walk->entry = NULL;
	walk->link = NULL;
	walk->heap = NULL;
}

/* ---- the queue: a binary heap ------------------------------------------- */

static bool newer(const struct tmk_walk *w, uint32_t a, uint32_t b)
{
	return w->entry[a].time > w->entry[b].time;
}

static void sift_down(struct tmk_walk *w)
{
	uint32_t at = 0, child, swap;

	for (;;) {
		child = at * 2 + 1;
		if (child >= w->heaped)
			return;
		if (child + 1 < w->heaped &&
		    newer(w, w->heap[child + 1], w->heap[child]))
			child++;
		if (!newer(w, w->heap[child], w->heap[at]))
			return;
		swap = w->heap[at];
		w->heap[at] = w->heap[child];
		w->heap[child] = swap;
		at = child;
	}
}

/* Whether this entry, queued, still may lead to something new. */
static bool is_live(const struct tmk_walk_entry *e)
{
	return e->queued && e->marks & TMK_WALK_NEW &&
		!(e->sent & TMK_WALK_NEW) && !(e->marks & TMK_WALK_HIDDEN);
}

static int queue_add(struct tmk_walk *w, uint32_t n, struct tmk_err *err)
{
	uint32_t at, up, swap;

	if (w->heaped == w->heap_room) {
		uint32_t room = w->heap_room ? w->heap_room * 2 : 256;
		uint32_t *grown = realloc(w->heap, room * sizeof(*grown));

		if (!grown)
			return tmk_err_nomem(err);
		w->heap = grown;
		w->heap_room = room;
	}
	w->heap[w->heaped] = n;
	for (at = w->heaped++; at; at = up) {
		up = (at - 1) / 2;
		if (!newer(w, w->heap[at], w->heap[up]))
			break;
		swap = w->heap[at];
		w->heap[at] = w->heap[up];
		w->heap[up] = swap;
	}
	w->entry[n].queued = 1;
	if (is_live(&w->entry[n]))
		w->live++;
	return 0;
}

static uint32_t queue_take(struct tmk_walk *w)
{
	uint32_t n = w->heap[0];

	if (is_live(&w->entry[n]))
		w->live--;
	w->entry[n].queued = 0;
	w->heap[0] = w->heap[--w->heaped];
	sift_down(w);
	return n;
}

/* ---- entries ------------------------------------------------------------ */

static int room_for_entry(struct tmk_walk *w, struct tmk_err *err)
{
	struct tmk_walk_entry *grown;
	uint32_t room;

	if (w->ids.count < w->room)
		return 0;
	room = w->room ? w->room * 2 : 256;
	grown = realloc(w->entry, room * sizeof(*grown));
	if (!grown)
		return tmk_err_nomem(err);
	w->entry = grown;
	w->room = room;
	return 0;
}

static int room_for_links(struct tmk_walk *w, uint32_t more,
			  struct tmk_err *err)
{
	uint32_t room = w->link_room ? w->link_room : 256, *grown;

	if (more <= w->link_room - w->links)
		return 0;
	while (room - w->links < more) {
		if (room > UINT32_MAX / 2)
			return tmk_err_set(err, TMK_INTERNAL,
					   "too many links between commits");
		room *= 2;
	}
	grown = realloc(w->link, room * sizeof(*grown));
	if (!grown)
		return tmk_err_nomem(err);
	w->link = grown;
	w->link_room = room;
	return 0;
}

/* The commit's date and links, into w->light. */
static int read_commit(struct tmk_walk *w, const struct tmk_oid *oid,
		       struct tmk_gate_raw *raw, uint8_t *state,
		       struct tmk_err *err)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;

	w->light.parents = 0;
	w->light.time = 0;
	if (tmk_gate_object_read(w->gate, raw, oid, &v, err) < 0)
		return -1;
	if (raw->type == TMK_OBJECT_NONE) {
		*state = v.reason == TMK_OBJECT_MISSING ? TMK_WALK_MISSING :
			TMK_WALK_BROKEN;
		return 0;
	}
	*state = TMK_WALK_GOOD;
	if (raw->type != TMK_OBJECT_COMMIT ||
	    !tmk_light_commit_read(&w->light, raw->data, raw->len,
				   w->gate->repo->hex)) {
		*state = TMK_WALK_BROKEN;
		w->light.parents = 0;
	}
	return 0;
}

/* The number of a commit. A new one is not read before it is reached. */
static int64_t meet(struct tmk_walk *w, const struct tmk_oid *oid, int64_t child,
		    struct tmk_err *err)
{
	uint32_t before = w->ids.count;
	struct tmk_walk_entry *e;
	int64_t n;

	if (room_for_entry(w, err) < 0)
		return -1;
	n = tmk_oidmap_add(&w->ids, oid);
	if (n < 0)
		return tmk_err_nomem(err);
	if ((uint32_t)n < before)
		return n;
	e = &w->entry[n];
	memset(e, 0, sizeof(*e));
	e->child = (uint32_t)(child < 0 ? n : child);
	if (w->judged && tmk_oidmap_find(w->judged, oid) >= 0)
		e->marks = TMK_WALK_KNOWN;
	return n;
}

/* Read date and links of an entry, and meet its parents. */
static int load(struct tmk_walk *w, uint32_t n, unsigned int marks,
		struct tmk_err *err)
{
	struct tmk_gate_raw raw;
	struct tmk_oid oid;
	uint8_t state;
	int64_t parent;
	int i;

	oid = w->ids.key[n];
	marks |= w->entry[n].marks;
	if (read_commit(w, &oid, &raw, &state, err) < 0 ||
	    room_for_links(w, (uint32_t)w->light.parents, err) < 0)
		return -1;
	if (w->seen && state == TMK_WALK_GOOD && marks & TMK_WALK_NEW &&
	    !(marks & TMK_WALK_HIDDEN) &&
	    w->seen(w->seen_ctx, n, &raw, err) < 0)
		return -1;
	w->entry[n].state = state;
	w->entry[n].time = w->light.time;
	w->entry[n].parent = w->links;
	w->entry[n].parents = (uint16_t)w->light.parents;
	for (i = 0; i < w->light.parents; i++) {
		parent = meet(w, &w->light.parent[i], n, err);
		if (parent < 0)
			return -1;
		w->link[w->links++] = (uint32_t)parent;
	}
	return 0;
}

/* Give marks to an entry and see that they get handed on. */
static int mark(struct tmk_walk *w, uint32_t n, unsigned int marks,
		struct tmk_err *err)
{
	bool was;

	if (!(marks & ~(unsigned int)w->entry[n].marks))
		return 0;
	if (w->entry[n].state == TMK_WALK_UNREAD && load(w, n, marks, err) < 0)
		return -1;
	was = is_live(&w->entry[n]);
	w->entry[n].marks |= (uint8_t)marks;
	if (was && !is_live(&w->entry[n]))
		w->live--;
	else if (!was && is_live(&w->entry[n]))
		w->live++;
	return w->entry[n].queued ? 0 : queue_add(w, n, err);
}

int tmk_walk_push(struct tmk_walk *walk, const struct tmk_oid *oid,
		  unsigned int marks, struct tmk_err *err)
{
	int64_t n = meet(walk, oid, -1, err);

	return n < 0 ? -1 : mark(walk, (uint32_t)n, marks, err);
}

/* Take the newest entry and hand its marks on. */
static int advance(struct tmk_walk *w, struct tmk_err *err)
{
	uint32_t n = queue_take(w), first = w->entry[n].parent;
	unsigned int pass, some;
	int i, parents = w->entry[n].parents;

	pass = w->entry[n].marks & ~(unsigned int)w->entry[n].sent;
	w->entry[n].sent = w->entry[n].marks;
	if (w->entry[n].marks & TMK_WALK_HIDDEN)
		pass &= ~(unsigned int)TMK_WALK_NEW;
	else if (pass & TMK_WALK_NEW)
		w->news++;
	for (i = 0; i < parents; i++) {
		some = pass;
		/* what the old value had merged was not judged: it stays
		 * unjudged until it stands on a line of first parents */
		if (i && w->first_parent)
			some &= ~(unsigned int)(TMK_WALK_NEW | TMK_WALK_OLD);
		if (mark(w, w->link[first + (uint32_t)i], some, err) < 0)
			return -1;
	}
	return 0;
}

/* Whether the walk may go on; else walk->stop says why not. */
static bool in_bounds(struct tmk_walk *w, uint32_t step)
{
	uint64_t most = w->gate->policy->limit_commits;

	if (w->stop.reason != TMK_GOOD)
		return false;
	if (w->news > most)
		tmk_verdict_refuse(&w->stop, TMK_LIMIT_EXCEEDED,
			"more than %llu commits are new",
			(unsigned long long)most);
	else if (w->ids.count > most + OTHERS_MAX)
		tmk_verdict_refuse(&w->stop, TMK_LIMIT_EXCEEDED,
			"more than %llu commits lie behind this ref",
			(unsigned long long)most + OTHERS_MAX);
	else if (!(step % CLOCK_EVERY) &&
		 tmk_clock_ms() > w->gate->deadline)
		tmk_verdict_refuse(&w->stop, TMK_LIMIT_EXCEEDED,
			"the push took longer than %d seconds to judge",
			w->gate->policy->limit_seconds);
	return w->stop.reason == TMK_GOOD;
}

int tmk_walk_run(struct tmk_walk *walk, uint32_t most, struct tmk_err *err)
{
	uint32_t step;

	for (step = 0; walk->live; step++) {
		if ((most && walk->news >= most) || !in_bounds(walk, step))
			return 0;
		if (advance(walk, err) < 0)
			return -1;
	}
	return in_bounds(walk, 0);
}

int tmk_walk_settle(struct tmk_walk *walk, struct tmk_err *err)
{
	uint32_t step;

	for (step = 0; walk->heaped; step++) {
		if (!in_bounds(walk, step))
			return 0;
		if (advance(walk, err) < 0)
			return -1;
	}
	return 1;
}

const struct tmk_walk_entry *tmk_walk_find(const struct tmk_walk *walk,
					   const struct tmk_oid *oid)
{
	int64_t n = tmk_oidmap_find(&walk->ids, oid);

	return n < 0 ? NULL : &walk->entry[n];
}
