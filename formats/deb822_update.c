#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/deb822.h"

/* The text on its way out: what stands before `at` is written. */
struct update {
	struct tmk_buf *out;
	const uint8_t *at;
	const struct tmk_deb822_file *files;
	int count;
	int changed;
	struct tmk_err *err;
};

/* Write what stands before `span`, then `text` in its place. */
static int replace(struct update *u, struct tmk_span span, const char *text)
{
	if (tmk_buf_add(u->out, u->at, (size_t)(span.data - u->at)) ||
	    tmk_buf_addstr(u->out, text))
		return tmk_err_set(u->err, TMK_INTERNAL,
				   "no room for the control file");
	u->at = span.data + span.len;
	return 0;
}

static const struct tmk_deb822_file *file_of(const struct update *u,
					     struct tmk_span name)
{
	int i;

	for (i = 0; i < u->count; i++)
		if (strlen(u->files[i].name) == name.len &&
		    !memcmp(u->files[i].name, name.data, name.len))
			return &u->files[i];
	return NULL;
}

static bool same(struct tmk_span s, const char *text)
{
	return s.len == strlen(text) && !memcmp(s.data, text, s.len);
}

/* Hash and size of one entry. */
static int update_entry(struct update *u, const struct tmk_deb822_entry *e,
			enum tmk_deb822_hash hash)
{
	const struct tmk_deb822_file *file = file_of(u, e->name);
	char size[24];

	if (!file)
		return 0;
	snprintf(size, sizeof(size), "%llu", (unsigned long long)file->bytes);
	if (same(e->hash, file->hash[hash]) && same(e->size, size))
		return 0;
	if (strlen(file->hash[hash]) != e->hash.len)
		return tmk_err_set(u->err, TMK_USAGE, "a digest of %s that "
				   "the control file needs is not known",
				   file->name);
	u->changed++;
	return replace(u, e->hash, file->hash[hash]) ? -1 :
		replace(u, e->size, size);
}

static int update_list(struct update *u, const struct tmk_deb822_field *field,
		       enum tmk_deb822_form form, struct tmk_verdict *v)
{
	struct tmk_deb822_list list;
	int i, rc;

	tmk_deb822_list_init(&list);
	rc = tmk_deb822_list_read(&list, field, form, v, u->err);
	for (i = 0; !rc && i < list.entries; i++)
		rc = update_entry(u, &list.entry[i], list.hash);
	tmk_deb822_list_release(&list);
	return rc;
}

int tmk_deb822_update(struct tmk_buf *out, int *changed,
		      const struct tmk_deb822 *p, enum tmk_deb822_form form,
		      const struct tmk_deb822_file *files, int count,
		      struct tmk_verdict *v, struct tmk_err *err)
{
	struct update u = { out, p->text.data, files, count, 0, err };
	struct tmk_span end = { p->text.data + p->text.len, 0 };
	size_t before = out->len;
	int i, rc = 0;

	for (i = 0; i < p->fields && !rc && v->reason == TMK_GOOD; i++)
		if (tmk_deb822_hash_of(p->field[i].name))
			rc = update_list(&u, &p->field[i], form, v);
	if (!rc && v->reason == TMK_GOOD)
		rc = replace(&u, end, "");
	if (rc || v->reason != TMK_GOOD) {
		out->len = before;
		return rc;
	}
	if (changed)
		*changed = u.changed;
	return 0;
}
