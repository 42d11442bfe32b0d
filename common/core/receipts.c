#include "core/receipts.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/enc.h"
#include "core/chain_log.h"

#define ID 32			/* bytes; SHA-1 fills 20 of them */

struct receipt {
	uint8_t id[ID];
	int64_t time;
};

struct tmk_receipts {
	struct tmk_buf items;	/* struct receipt while it is loaded */
	const struct receipt *item;	/* the same, sorted by id */
	size_t count;
};

/* What is known of the entry that is being read. */
struct job {
	struct tmk_receipts *r;
	uint64_t line;		/* its number */
	bool accepted, enforced;
	bool in_verdicts;	/* behind "verdicts":[ */
	bool good;		/* the group of objects that is read */
	bool in_oids;
};

static int add(struct tmk_receipts *r, const char *hex, size_t len,
	       int64_t time, struct tmk_err *err)
{
	struct receipt item = { .time = time };

	if ((len != 40 && len != 64) ||
	    tmk_dec_hex(item.id, len / 2, hex, len) < 0)
		return tmk_err_set(err, TMK_USAGE, "an object has no name");
	if (r->items.len / sizeof(item) == TMK_RECEIPTS_MAX)
		return tmk_err_set(err, TMK_USAGE, "more than %d objects",
				   TMK_RECEIPTS_MAX);
	return tmk_buf_add(&r->items, &item, sizeof(item)) < 0 ?
		tmk_err_nomem(err) : 0;
}

/* The fields of the entry itself. */
static void take_entry(struct job *job, const struct tmk_json_event *e)
{
	if (!strcmp(e->key, "outcome"))
		job->accepted = e->kind == TMK_JSON_STRING &&
			!strcmp(e->text, "accepted");
	if (!strcmp(e->key, "enforced"))
		job->enforced = e->kind == TMK_JSON_TRUE;
	if (e->kind == TMK_JSON_END)
		job->in_verdicts = false;
	if (e->kind == TMK_JSON_ARRAY)
		job->in_verdicts = !strcmp(e->key, "verdicts");
}

/* One value of a push: {..., "verdicts":[{"verdict":"good",...,
 * "oids":["...",...]},...]}. What decides stands before what it is about. */
static int on_value(void *ctx, const struct tmk_chain_line *line,
		    const struct tmk_json_event *e, struct tmk_err *err)
{
	struct job *job = ctx;

	if (job->line != line->number) {
		*job = (struct job){ .r = job->r, .line = line->number };
	}
	if (strcmp(line->kind, "push"))
		return 0;
	if (e->depth == 1)
		take_entry(job, e);
	if (!job->in_verdicts)
		return 0;
	if (e->depth == 2)
		job->good = job->in_oids = false;
	if (e->depth == 3 && !strcmp(e->key, "verdict"))
		job->good = e->kind == TMK_JSON_STRING &&
			!strcmp(e->text, "good");
	if (e->depth == 3)
		job->in_oids = e->kind == TMK_JSON_ARRAY &&
			!strcmp(e->key, "oids");
	if (e->depth == 4 && job->in_oids && e->kind == TMK_JSON_STRING &&
	    job->good && job->accepted && job->enforced)
		return add(job->r, e->text, e->len, line->time, err);
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const struct receipt *x = a, *y = b;
	int diff = memcmp(x->id, y->id, ID);

	return diff ? diff : (x->time > y->time) - (x->time < y->time);
}

/* Sorted, the earliest of each object alone. */
static void settle(struct tmk_receipts *r)
{
	struct receipt *item = (void *)r->items.data;
	size_t i, n = r->items.len / sizeof(*item);

	if (!n)
		return;
	qsort(item, n, sizeof(*item), by_id);
	for (i = 0; i < n; i++)
		if (!r->count || memcmp(item[r->count - 1].id, item[i].id, ID))
			item[r->count++] = item[i];
	r->item = item;
}

static int load_one(struct tmk_receipts *r, const char *path,
		    struct tmk_err *err)
{
	struct job job = { .r = r };
	const struct tmk_chain_visit visit = { &job, on_value, NULL };
	struct tmk_chain_report report;
	int rc = tmk_chain_log_read(&report, path, &visit, err);

	if (rc < 0) {
		if (err && err->code != TMK_INTERNAL)
			err->code = TMK_USAGE;
		return -1;
	}
	if (!rc)
		return 0;
	tmk_err_set(err, TMK_USAGE, "the chain of %s breaks at line %llu: %s",
		    path, (unsigned long long)report.broken, report.text);
	return tmk_err_hint(err, "touchmark log verify %s; what it says "
			    "cannot be believed as it is", path);
}

int tmk_receipts_load(struct tmk_receipts **out, char *const *path, int n,
		      struct tmk_err *err)
{
	struct tmk_receipts *r = calloc(1, sizeof(*r));
	int i;

	if (!r)
		return tmk_err_nomem(err);
	tmk_buf_init(&r->items, (TMK_RECEIPTS_MAX + 1) *
		     sizeof(struct receipt));
	for (i = 0; i < n; i++)
		if (load_one(r, path[i], err) < 0) {
			tmk_receipts_free(r);
			return -1;
		}
	settle(r);
	*out = r;
	return 0;
}

void tmk_receipts_free(struct tmk_receipts *receipts)
{
	if (!receipts)
		return;
	tmk_buf_release(&receipts->items);
	free(receipts);
}

int64_t tmk_receipts_find(const struct tmk_receipts *receipts,
			  const uint8_t *id, size_t len)
{
	size_t low = 0, high = receipts ? receipts->count : 0;
	uint8_t want[ID] = { 0 };

	if (len > ID)
		return TMK_TIME_NONE;
	memcpy(want, id, len);
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int diff = memcmp(receipts->item[mid].id, want, ID);

		if (!diff)
			return receipts->item[mid].time;
		if (diff < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return TMK_TIME_NONE;
}

/* git's name of an object: "TYPE LENGTH", NUL, the bytes (gitformat-pack(5)
 * calls them loose objects; git's object-file.c). */
int tmk_receipts_find_object(int64_t *out, const struct tmk_receipts *receipts,
			     size_t hex, const char *type, const uint8_t *data,
			     size_t len, struct tmk_err *err)
{
	const EVP_MD *md = hex == 64 ? EVP_sha256() : EVP_sha1();
	uint8_t id[EVP_MAX_MD_SIZE];
	char head[64];
	unsigned int n = 0;
	EVP_MD_CTX *c;
	int text, good;

	if (!receipts || !receipts->count) {
		*out = TMK_TIME_NONE;
		return 0;
	}
	c = EVP_MD_CTX_new();
	text = snprintf(head, sizeof(head), "%s %zu", type, len);
	good = c && text > 0 && text < (int)sizeof(head) &&
		EVP_DigestInit_ex(c, md, NULL) == 1 &&
		EVP_DigestUpdate(c, head, (size_t)text + 1) == 1 &&
		EVP_DigestUpdate(c, data, len) == 1 &&
		EVP_DigestFinal_ex(c, id, &n) == 1;
	EVP_MD_CTX_free(c);
	if (!good || n * 2 != hex)
		return tmk_err_set(err, TMK_INTERNAL,
				   "an object's name cannot be made");
	*out = tmk_receipts_find(receipts, id, n);
	return 0;
}
