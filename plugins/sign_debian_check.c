/*
 * sign_debian_check.c - whether what a control file lists is what is there,
 * and what the files of a set become when one after the other is signed.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugins/sign_debian.h"
#include "plugins/sign_listed.h"

/* ---- what is listed ------------------------------------------------------ */

/* What the checks of one file share. */
struct checking {
	const struct tmk_debian_set *set;
	const struct tmk_debian_file *file;
	struct tmk_sign_listed listed;
	/* every file of the set as a run that was killed may have found it:
	 * before this key signed it */
	struct tmk_deb822_file before[TMK_DEBIAN_FILES];
	struct tmk_verdict v;
};

/* What a file of this key was before it was signed: its text, with the hashes
 * of those before it as they were before they were signed. */
static int find_before(struct checking *c, int i, struct tmk_err *err)
{
	const struct tmk_debian_file *f = c->set->file[i];
	struct tmk_buf text = TMK_BUF_INIT(TMK_DEBIAN_MAX);
	struct tmk_deb822_file *all;
	int j, rc;

	c->before[i] = f->now;
	if (!f->framed || f->mine < TMK_SIGN_BARE)
		return 0;
	all = calloc((size_t)(i + c->set->debs) + 1, sizeof(*all));
	if (!all)
		return tmk_err_nomem(err);
	for (j = 0; j < i; j++)
		all[j] = c->before[j];
	for (j = 0; j < c->set->debs; j++)
		all[i + j] = c->set->deb[j].before;
	rc = tmk_deb822_update(&text, NULL, f->paragraph, tmk_debian_form(f),
			       all, i + c->set->debs, &c->v, err);
	free(all);
	if (!rc && c->v.reason == TMK_GOOD)
		rc = tmk_sign_listed_describe(&c->before[i], text.data,
					      text.len, err);
	tmk_buf_release(&text);
	return rc;
}

/* An entry of a file in the set: 1 when it is right, 0 when it is of another
 * file, negative when it is wrong. */
static int check_own(const struct checking *c, enum tmk_deb822_hash hash,
		     const struct tmk_deb822_entry *entry, struct tmk_err *err)
{
	int i;

	for (i = 0; i < c->set->files; i++) {
		const struct tmk_debian_file *f = c->set->file[i];

		if (strlen(f->name) != entry->name.len ||
		    memcmp(f->name, entry->name.data, entry->name.len))
			continue;
		if (tmk_debian_says(entry, hash, &f->now) ||
		    tmk_debian_says(entry, hash, &c->before[i]))
			return 1;
		tmk_err_set(err, TMK_REFUSED, "%s: %s names %s, which has "
			    "another digest or size",
			    tmk_reason_id(TMK_CONTENT_MISMATCH), c->file->path,
			    f->name);
		return tmk_err_hint(err, "build the package again");
	}
	for (i = 0; i < c->set->debs; i++) {
		const struct tmk_debian_deb *d = &c->set->deb[i];

		if (strlen(d->name) == entry->name.len &&
		    !memcmp(d->name, entry->name.data, entry->name.len) &&
		    (tmk_debian_says(entry, hash, &d->now) ||
		     tmk_debian_says(entry, hash, &d->before)))
			return 1;
	}
	return 0;
}

static int check_list(struct checking *c, const struct tmk_deb822_list *list,
		      struct tmk_err *err)
{
	int i, own;

	for (i = 0; i < list->entries; i++) {
		const struct tmk_deb822_entry *e = &list->entry[i];

		own = check_own(c, list->hash, e, err);
		if (own < 0)
			return -1;
		if (!own &&
		    tmk_sign_listed_add(&c->listed, (const char *)e->name.data,
					e->name.len,
					(enum tmk_listed_hash)list->hash,
					(const char *)e->hash.data,
					e->hash.len, true, e->bytes, err))
			return -1;
	}
	return 0;
}

/* Every file of `list` must be in the strong one. */
static void check_strong(struct checking *c, const struct tmk_deb822_list *list,
			 const struct tmk_deb822_list *strong)
{
	int i;

	for (i = 0; i < list->entries; i++) {
		const struct tmk_span *name = &list->entry[i].name;

		if (tmk_deb822_list_find(strong, (const char *)name->data,
					 name->len))
			continue;
		tmk_verdict_refuse(&c->v, TMK_DIGEST_WEAK, "it names %.*s "
				   "without SHA-256", (int)name->len,
				   (const char *)name->data);
		return;
	}
}

static int check_lists(struct checking *c,
		       const struct tmk_deb822_list *strong,
		       struct tmk_err *err)
{
	const struct tmk_deb822 *p = c->file->paragraph;
	int i, rc = 0;

	for (i = 0; !rc && c->v.reason == TMK_GOOD && i < p->fields; i++) {
		struct tmk_deb822_list list;

		if (!tmk_deb822_hash_of(p->field[i].name))
			continue;
		tmk_deb822_list_init(&list);
		rc = tmk_deb822_list_read(&list, &p->field[i],
					  tmk_debian_form(c->file), &c->v,
					  err);
		if (!rc && c->v.reason == TMK_GOOD)
			check_strong(c, &list, strong);
		if (!rc && c->v.reason == TMK_GOOD)
			rc = check_list(c, &list, err);
		tmk_deb822_list_release(&list);
	}
	return rc;
}

static int check_all(struct checking *c, struct tmk_err *err)
{
	const struct tmk_deb822_field *field =
		tmk_deb822_find(c->file->paragraph, "Checksums-Sha256");
	struct tmk_deb822_list strong;
	int i, rc = 0;

	if (!field)
		return tmk_verdict_refuse(&c->v, TMK_DIGEST_WEAK,
			"it has no Checksums-Sha256");
	for (i = 0; i < c->set->files; i++)
		if (find_before(c, i, err))
			return -1;
	tmk_deb822_list_init(&strong);
	if (c->v.reason == TMK_GOOD)
		rc = tmk_deb822_list_read(&strong, field,
					  tmk_debian_form(c->file), &c->v,
					  err);
	if (!rc && c->v.reason == TMK_GOOD)
		rc = check_lists(c, &strong, err);
	tmk_deb822_list_release(&strong);
	return rc;
}

int tmk_debian_check(const struct tmk_debian_set *set, int i,
		     struct tmk_err *err)
{
	struct checking *c = calloc(1, sizeof(*c));
	int dir = -1, rc = -1;

	if (!c)
		return tmk_err_nomem(err);
	c->set = set;
	c->file = set->file[i];
	if (check_all(c, err))
		goto out;
	if (c->v.reason != TMK_GOOD) {
		tmk_verdict_hint(&c->v, "build the package again");
		tmk_sign_listed_refuse(err, c->file->path, &c->v);
		goto out;
	}
	if (tmk_sign_listed_directory(&dir, c->file->path, err))
		goto out;
	rc = tmk_sign_listed_check(&c->listed, dir, false, c->file->path, err);
out:
	if (dir >= 0)
		close(dir);
	tmk_sign_listed_release(&c->listed);
	free(c);
	return rc;
}

/* ---- what they become ---------------------------------------------------- */

/* The text of file `i`, with what those before it are now. */
static int update_text(struct tmk_debian_set *set, int i, int *changed,
		       struct tmk_err *err)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_debian_file *f = set->file[i];
	struct tmk_deb822_file *before;
	int j, rc;

	before = calloc((size_t)(i + set->debs) + 1, sizeof(*before));
	if (!before)
		return tmk_err_nomem(err);
	for (j = 0; j < i; j++)
		before[j] = set->file[j]->now;
	for (j = 0; j < set->debs; j++)
		before[i + j] = set->deb[j].now;
	tmk_buf_clear(&f->fresh);
	*changed = 0;
	rc = tmk_deb822_update(&f->fresh, changed, f->paragraph,
			       tmk_debian_form(f), before, i + set->debs, &v,
			       err);
	if (!rc && v.reason != TMK_GOOD)
		rc = tmk_sign_listed_refuse(err, f->path, &v);
	free(before);
	return rc;
}

/* The file, with its seal made or without one. */
static int finish(struct tmk_debian_file *f, const struct tmk_sign_job *job,
		  int changed, struct tmk_err *err)
{
	const struct tmk_buf *seal;
	int rc = 0;

	tmk_buf_clear(&f->whole);
	if (f->sign) {
		seal = &job->want[f->want].made.seal;
		rc = tmk_cleartext_write(&f->whole, f->fresh.data,
					 f->fresh.len, seal->data, seal->len,
					 err);
	} else if (changed && tmk_buf_add(&f->whole, f->fresh.data,
					  f->fresh.len)) {
		rc = tmk_err_nomem(err);
	}
	if (!rc && f->whole.len)
		rc = tmk_sign_listed_describe(&f->now, f->whole.data,
					      f->whole.len, err);
	f->ready = !rc;
	return rc;
}

int tmk_debian_work(struct tmk_debian_set *set, const struct tmk_sign_job *job,
		    int upto, struct tmk_err *err)
{
	int i, changed;

	for (i = 0; i < set->files; i++) {
		struct tmk_debian_file *f = set->file[i];

		if (f->ready)
			continue;
		if (f->framed && !f->sign) {
			f->ready = true;	/* it stays as it is */
			continue;
		}
		if (update_text(set, i, &changed, err))
			return -1;
		if (upto >= 0 && f->want == upto)
			return 0;
		if (finish(f, job, changed, err))
			return -1;
	}
	return 0;
}
