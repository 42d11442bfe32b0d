/* One text out of the JSON that a service answers with. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_scan.h"
#include "key/kms.h"

#define PARTS_MAX 8		/* of a path */

/* Where the reading is: the parents of what is looked for that were found so
 * far, one within the other. */
struct find {
	const char *part[PARTS_MAX];
	size_t part_len[PARTS_MAX];
	int parts;
	int level;		/* the innermost of them that is open */
	bool array[PARTS_MAX + 1];
	size_t next[PARTS_MAX + 1];	/* index of its next element */
	char *out;
	size_t size;
	bool found, null, wrong;
};

static bool split(struct find *f, const char *path)
{
	for (; f->parts < PARTS_MAX; path++) {
		size_t len = strcspn(path, ".");

		f->part[f->parts] = path;
		f->part_len[f->parts++] = len;
		path += len;
		if (!*path)
			return true;
	}
	return false;
}

/* Whether this child of the innermost parent is the one that is wanted. */
static bool is_wanted(struct find *f, const char *key)
{
	const char *part = f->part[f->level];
	size_t len = f->part_len[f->level];
	char index[24];

	if (f->array[f->level]) {
		snprintf(index, sizeof(index), "%zu", f->next[f->level]++);
		key = index;
	}
	return strlen(key) == len && !memcmp(key, part, len);
}

static void keep(struct find *f, const char *text, size_t len)
{
	if (len >= f->size || memchr(text, '\0', len)) {
		f->wrong = true;
		return;
	}
	memcpy(f->out, text, len);
	f->out[len] = '\0';
}

/* What stands at the end of the path. */
static void take(struct find *f, const struct tmk_json_event *e)
{
	/* Of two the one that is shown need not be the one that counts. */
	if (f->found)
		f->wrong = true;
	f->found = true;
	if (e->kind == TMK_JSON_STRING || e->kind == TMK_JSON_NUMBER)
		keep(f, e->text, e->len);
	else if (e->kind == TMK_JSON_TRUE)
		keep(f, "true", 4);
	else if (e->kind == TMK_JSON_FALSE)
		keep(f, "false", 5);
	else if (e->kind == TMK_JSON_NULL)
		f->null = true;
	else
		f->wrong = true;
}

static int visit(void *ctx, const struct tmk_json_event *e)
{
	struct find *f = ctx;
	bool holds = e->kind == TMK_JSON_OBJECT || e->kind == TMK_JSON_ARRAY;

	if (e->kind == TMK_JSON_END) {
		if (f->level == e->depth)
			f->level--;
		return 0;
	}
	if (e->depth) {
		if (e->depth != f->level + 1 || !is_wanted(f, e->key))
			return 0;
		if (e->depth == f->parts) {
			take(f, e);
			return f->wrong ? -1 : 0;
		}
	}
	if (holds) {
		f->level = e->depth;
		f->array[f->level] = e->kind == TMK_JSON_ARRAY;
		f->next[f->level] = 0;
	}
	return 0;
}

int tmk_kms_json(char *out, size_t size, const struct tmk_buf *body,
		 const char *path, struct tmk_err *err)
{
	struct tmk_json_scan *scan = malloc(sizeof(*scan));
	struct find f = { .level = -1, .size = size };
	int rc = -1;

	if (!scan)
		return tmk_err_nomem(err);
	f.out = malloc(size);
	if (!f.out || !split(&f, path)) {
		tmk_err_nomem(err);
		goto out;
	}
	tmk_json_scan_init_any(scan, visit, &f);
	rc = tmk_json_scan_feed(scan, body->data, body->len);
	if (!rc)
		rc = tmk_json_scan_end(scan);
	if (rc && f.wrong)
		tmk_err_set(err, TMK_NET, "the answer's %s is not what it "
			    "should be", path);
	else if (rc)
		tmk_err_set(err, TMK_NET, "the answer is no JSON");
	else if (!f.found || f.null)
		rc = 1;
	else
		memcpy(out, f.out, strlen(f.out) + 1);
out:
	/* It may be a token. */
	tmk_wipe(scan, sizeof(*scan));
	free(scan);
	if (f.out)
		tmk_wipe(f.out, size);
	free(f.out);
	return rc;
}
