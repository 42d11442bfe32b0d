/*
 * fuzz_deb822.c - control files of any bytes: fields and entries lie in the
 * text, and a changed text differs in hashes and sizes alone.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/deb822.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tmk_deb822 p, q;

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void demand_inside(struct tmk_span s, const uint8_t *data, size_t size)
{
	demand(s.data >= data && s.len <= size &&
	       s.data <= data + size - s.len);
}

/* Digits in which no digest has ever been seen. */
static void fill(struct tmk_deb822_file *file, const char *name)
{
	static const int digits[TMK_DEB822_HASHES] = { 0, 32, 40, 64, 128 };
	int i;

	file->name = name;
	file->bytes = 123456789;
	for (i = 0; i < TMK_DEB822_HASHES; i++) {
		memset(file->hash[i], 'a', (size_t)digits[i]);
		file->hash[i][digits[i]] = 0;
	}
}

static size_t fixed(const struct tmk_deb822_list *list, const char *name)
{
	size_t n = 0;
	int i;

	for (i = 0; i < list->entries; i++)
		if (list->entry[i].name.len == strlen(name) &&
		    !memcmp(list->entry[i].name.data, name, strlen(name)))
			n += list->entry[i].size.len;
	return n;
}

/* The paragraph with another `name`: as many fields, its length changed by
 * that of the sizes (`sizes`: what they had before, in `entries` entries). */
static void demand_update(enum tmk_deb822_form form, const char *name)
{
	struct tmk_buf out = TMK_BUF_INIT(4 << 20);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_deb822_file file;
	struct tmk_deb822_list list;
	size_t want = p.text.len;
	int i, changed = 0;

	fill(&file, name);
	tmk_deb822_list_init(&list);
	demand(!tmk_deb822_update(&out, &changed, &p, form, &file, 1, &v,
				  &err));
	for (i = 0; v.reason == TMK_GOOD && i < p.fields; i++) {
		if (!tmk_deb822_hash_of(p.field[i].name))
			continue;
		demand(!tmk_deb822_list_read(&list, &p.field[i], form, &v,
					     &err) && v.reason == TMK_GOOD);
		if (tmk_deb822_list_find(&list, name, strlen(name)))
			want += strlen("123456789") - fixed(&list, name);
	}
	tmk_deb822_list_release(&list);
	if (v.reason == TMK_GOOD) {
		demand(out.len == want);
		demand(tmk_deb822_parse(&q, out.data, out.len, &v));
		demand(q.fields == p.fields);
	} else {
		demand(!out.len);
	}
	tmk_buf_release(&out);
}

static void demand_list(const struct tmk_deb822_field *field,
			enum tmk_deb822_form form)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_deb822_list list;
	char name[TMK_DEB822_PATH + 1];
	int i;

	tmk_deb822_list_init(&list);
	demand(!tmk_deb822_list_read(&list, field, form, &v, &err));
	for (i = 0; i < list.entries; i++) {
		const struct tmk_deb822_entry *e = &list.entry[i];

		demand_inside(e->hash, p.text.data, p.text.len);
		demand_inside(e->size, p.text.data, p.text.len);
		demand_inside(e->name, p.text.data, p.text.len);
		demand(e->name.len && e->name.len < sizeof(name));
		demand(!memchr(e->name.data, ' ', e->name.len));
	}
	if (list.entries) {
		snprintf(name, sizeof(name), "%.*s",
			 (int)list.entry[0].name.len,
			 (const char *)list.entry[0].name.data);
		tmk_deb822_list_release(&list);
		demand_update(form, name);
	}
	tmk_deb822_list_release(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	enum tmk_deb822_form form;
	int i;

	if (size > 1 << 16)
		return 0;
	if (!tmk_deb822_parse(&p, data, size, &v)) {
		demand(v.reason != TMK_GOOD && v.text[0] && v.hint[0]);
		return 0;
	}
	demand(v.reason == TMK_GOOD && p.fields > 0 && !memchr(data, 0, size));
	for (i = 0; i < p.fields; i++) {
		demand_inside(p.field[i].name, data, size);
		demand_inside(p.field[i].value, data, size);
		if (!tmk_deb822_hash_of(p.field[i].name))
			continue;
		for (form = TMK_DEB822_PLAIN; form <= TMK_DEB822_PATHS; form++)
			demand_list(&p.field[i], form);
	}
	return 0;
}
