#include "plugins/verify_difference.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"

#define FIELDS 6	/* type mode size digest path target */

/* By name, those of one name in the order in which they stand. */
static int by_path(const void *va, const void *vb)
{
	const struct tmk_manifest_line *a = va, *b = vb;
	size_t n = a->path_len < b->path_len ? a->path_len : b->path_len;
	int c = memcmp(a->path, b->path, n);

	if (c)
		return c;
	if (a->path_len != b->path_len)
		return a->path_len < b->path_len ? -1 : 1;
	return a->text < b->text ? -1 : a->text > b->text;
}

static struct tmk_manifest_line *sorted(const struct tmk_manifest *m)
{
	struct tmk_manifest_line *line;
	size_t at = 0, n = 0;

	line = calloc(m->entries + 1, sizeof(*line));
	if (!line)
		return NULL;
	while (n < m->entries && tmk_manifest_next(&line[n], m, &at))
		n++;
	qsort(line, n, sizeof(*line), by_path);
	return line;
}

static void split(struct tmk_manifest_line field[FIELDS],
		  const struct tmk_manifest_line *line)
{
	const char *p = line->text, *end = p + line->len;
	int i;

	memset(field, 0, FIELDS * sizeof(*field));
	for (i = 0; i < FIELDS && p <= end; i++) {
		const char *space = memchr(p, ' ', (size_t)(end - p));

		field[i].text = p;
		field[i].len = (size_t)((space ? space : end) - p);
		p = space ? space + 1 : end + 1;
	}
}

static bool same(const struct tmk_manifest_line *a,
		 const struct tmk_manifest_line *b)
{
	return a->len == b->len && (!a->len || !memcmp(a->text, b->text,
						       a->len));
}

/* What of an entry is another: the first that is, of what matters most. */
static void tell_change(char *out, size_t size,
			const struct tmk_manifest_line *was,
			const struct tmk_manifest_line *is)
{
	static const char *const what[FIELDS] = {
		"type", "mode", "size", "content", "path", "target"
	};
	static const int order[] = { 0, 2, 3, 5, 1 };
	struct tmk_manifest_line a[FIELDS], b[FIELDS];
	size_t i;

	split(a, was);
	split(b, is);
	*out = '\0';
	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		int f = order[i];

		if (same(&a[f], &b[f]))
			continue;
		if (f == 3 || f == 5)
			snprintf(out, size, "%s differs", what[f]);
		else
			snprintf(out, size, "%s %.*s, signed %.*s", what[f],
				 (int)b[f].len, b[f].text, (int)a[f].len,
				 a[f].text);
		return;
	}
}

static void note(struct tmk_verify_answer *a, const char *what,
		 const struct tmk_manifest_line *line, const char *how)
{
	char text[512];

	if (a->differences < TMK_VERIFY_DIFFERENCES) {
		snprintf(text, sizeof(text), "%s: %.*s%s%s", what,
			 line->path_len < 200 ? (int)line->path_len : 200,
			 line->path, line->path_len < 200 ? "" : "...", how);
		tmk_enc_line_into(a->difference[a->differences],
				  sizeof(a->difference[0]), text,
				  strlen(text));
	}
	if (a->differences < INT_MAX)
		a->differences++;
}

static void note_change(struct tmk_verify_answer *a,
			const struct tmk_manifest_line *was,
			const struct tmk_manifest_line *is)
{
	char how[128], more[160];

	tell_change(how, sizeof(how), was, is);
	snprintf(more, sizeof(more), " (%s)", how);
	note(a, "changed", is, more);
}

static int order_of(const struct tmk_manifest_line *a,
		    const struct tmk_manifest_line *b)
{
	size_t n = a->path_len < b->path_len ? a->path_len : b->path_len;
	int c = memcmp(a->path, b->path, n);

	if (c || a->path_len == b->path_len)
		return c;
	return a->path_len < b->path_len ? -1 : 1;
}

int tmk_verify_difference_find(struct tmk_verify_difference *found,
			       struct tmk_verify_answer *answer,
			       const struct tmk_manifest *was,
			       const struct tmk_manifest *is,
			       struct tmk_err *err)
{
	struct tmk_manifest_line *a = sorted(was), *b = sorted(is);
	uint64_t i = 0, k = 0;

	memset(found, 0, sizeof(*found));
	answer->differences = 0;
	if (!a || !b) {
		free(a);
		free(b);
		return tmk_err_nomem(err);
	}
	while (i < was->entries || k < is->entries) {
		int c = i == was->entries ? 1 : k == is->entries ? -1 :
			order_of(&a[i], &b[k]);

		if (c < 0) {
			found->missing++;
			note(answer, "missing", &a[i++], "");
		} else if (c > 0) {
			found->added++;
			note(answer, "added", &b[k++], "");
		} else {
			if (!same(&a[i], &b[k])) {
				found->changed++;
				note_change(answer, &a[i], &b[k]);
			}
			i++;
			k++;
		}
	}
	free(a);
	free(b);
	return 0;
}
