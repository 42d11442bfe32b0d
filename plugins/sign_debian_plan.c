/*
 * sign_debian_plan.c - which control files of an upload are signed, and which
 * others have to follow.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sign_debian.h"
#include "plugins/sign_listed.h"

/* ---- the set ------------------------------------------------------------- */

/* The place behind all that it may name. */
static int add(struct tmk_debian_set *set, struct tmk_debian_file *file,
	       struct tmk_err *err)
{
	int at = set->files;

	if (at == TMK_DEBIAN_FILES) {
		tmk_err_set(err, TMK_REFUSED, "%s: %s belongs to more than %d "
			    "control files", tmk_reason_id(TMK_LIMIT_EXCEEDED),
			    set->file[set->main]->path, TMK_DEBIAN_FILES);
		tmk_debian_file_free(file);
		return -1;
	}
	while (at > 0 && set->file[at - 1]->kind > file->kind) {
		set->file[at] = set->file[at - 1];
		at--;
	}
	set->file[at] = file;
	if (set->files && at <= set->main)
		set->main++;
	else if (!set->files)
		set->main = 0;
	set->files++;
	return 0;
}

static bool has(const struct tmk_debian_set *set, const char *name, size_t len)
{
	int i;

	for (i = 0; i < set->files; i++)
		if (strlen(set->file[i]->name) == len &&
		    !memcmp(set->file[i]->name, name, len))
			return true;
	return false;
}

/* The path of a file beside `file`; belongs to the caller. */
static int beside(char **out, const struct tmk_debian_file *file,
		  const char *name, size_t len, struct tmk_err *err)
{
	if (asprintf(out, "%.*s%.*s", (int)(file->name - file->path),
		     file->path, (int)len, name) < 0)
		return tmk_err_nomem(err);
	return 0;
}

static int load(struct tmk_debian_file **out, const struct tmk_debian_set *set,
		const struct tmk_sign_job *job, const char *name, size_t len,
		struct tmk_err *err)
{
	char *path;
	int rc;

	if (beside(&path, set->file[set->main], name, len, err))
		return -1;
	rc = tmk_debian_file_load(out, -1, path, job, err);
	if (rc && !tmk_file_exists(path)) {
		/* It is content of what is signed. */
		tmk_err_set(err, TMK_REFUSED, "%s: %s names %.*s, which "
			    "is not there", tmk_reason_id(TMK_CONTENT_MISMATCH),
			    set->file[set->main]->path, (int)len, name);
		tmk_err_hint(err, "build the package again, or put the file "
			     "beside it");
	}
	free(path);
	return rc;
}

/* ---- what is signed with a .changes -------------------------------------- */

static bool ends_in(const struct tmk_span *name, const char *end)
{
	size_t n = strlen(end);

	return name->len > n &&
		!memcmp(name->data + name->len - n, end, n);
}

/* A file that the main one names and that is signed first. */
static int add_named(struct tmk_debian_set *set, struct tmk_sign_job *job,
		     const struct tmk_span *name, enum tmk_control_kind kind,
		     struct tmk_err *err)
{
	const char *text = (const char *)name->data;
	struct tmk_debian_file *f;

	if (has(set, text, name->len))
		return 0;
	if (load(&f, set, job, text, name->len, err))
		return -1;
	if (f->kind != kind) {
		tmk_err_set(err, TMK_REFUSED, "%s: %s is not what its name "
			    "says", tmk_reason_id(TMK_OBJECT_MALFORMED),
			    f->path);
		tmk_debian_file_free(f);
		return -1;
	}
	return add(set, f, err);
}

static int add_all_named(struct tmk_debian_set *set, struct tmk_sign_job *job,
			 struct tmk_err *err)
{
	const struct tmk_debian_file *f = set->file[set->main];
	const struct tmk_deb822 *p = f->paragraph;
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_deb822_list list;
	int i, j, rc = 0;

	for (i = 0; !rc && v.reason == TMK_GOOD && i < p->fields; i++) {
		if (!tmk_deb822_hash_of(p->field[i].name))
			continue;
		tmk_deb822_list_init(&list);
		rc = tmk_deb822_list_read(&list, &p->field[i],
					  tmk_debian_form(f), &v, err);
		for (j = 0; !rc && v.reason == TMK_GOOD && j < list.entries;
		     j++) {
			const struct tmk_span *name = &list.entry[j].name;

			if (ends_in(name, ".dsc"))
				rc = add_named(set, job, name, TMK_CONTROL_DSC,
					       err);
			else if (ends_in(name, ".buildinfo"))
				rc = add_named(set, job, name,
					       TMK_CONTROL_BUILDINFO, err);
		}
		tmk_deb822_list_release(&list);
	}
	if (!rc && v.reason != TMK_GOOD)
		rc = tmk_sign_listed_refuse(err, f->path, &v);
	return rc;
}

/* ---- what gets a signature ----------------------------------------------- */

static int choose_main(struct tmk_debian_file *f, struct tmk_sign_job *job,
		       struct tmk_err *err)
{
	const struct tmk_sign_options *o = job->options;

	if (!f->framed || (o->resign && f->mine != TMK_SIGN_FOREIGN)) {
		f->sign = true;
		return 0;
	}
	if (f->mine >= TMK_SIGN_BARE && o->resume) {
		job->skip = f->mine == TMK_SIGN_MINE;
		f->sign = !job->skip;
		return 0;
	}
	if (f->mine >= TMK_SIGN_BARE)
		return tmk_sign_text_already(err, f->path);
	if (f->mine == TMK_SIGN_STALE) {
		tmk_err_set(err, TMK_REFUSED, "%s: %s was signed by this key "
			    "as something else",
			    tmk_reason_id(TMK_SIGNATURE_BAD), f->path);
		return tmk_err_hint(err, "look at what was changed; --resign "
				    "signs it as it is now");
	}
	tmk_err_set(err, TMK_REFUSED, "%s is already signed by another key",
		    f->path);
	return tmk_err_hint(err, "a text is signed once: build the package "
			    "again, or take the signature off");
}

/* What a .changes names is left alone when somebody has signed it. */
static int choose_named(struct tmk_debian_file *f,
			const struct tmk_sign_options *o, struct tmk_err *err)
{
	f->sign = !f->framed || (o->resign && f->mine != TMK_SIGN_FOREIGN) ||
		(o->resume && f->mine == TMK_SIGN_BARE);
	if (f->sign || f->mine != TMK_SIGN_STALE)
		return 0;
	tmk_err_set(err, TMK_REFUSED, "%s: %s was signed by this key as "
		    "something else", tmk_reason_id(TMK_SIGNATURE_BAD),
		    f->path);
	return tmk_err_hint(err, "look at what was changed; --resign signs it "
			    "as it is now");
}

static int stays_signed(const struct tmk_debian_file *f, const char *name,
			struct tmk_err *err)
{
	tmk_err_set(err, TMK_REFUSED, "%s: %s is signed, and names %s as it "
		    "will not be", tmk_reason_id(TMK_CONTENT_MISMATCH),
		    f->path, name);
	return tmk_err_hint(err, "--resign signs all of them with a key that "
			    "has signed before; else build the package again");
}

/* What stays signed may not name what changes or has changed. */
static int check_kept(const struct tmk_debian_set *set, int i,
		      struct tmk_err *err)
{
	const struct tmk_debian_file *f = set->file[i];
	int j, names;

	if (!f->framed || f->sign)
		return 0;
	for (j = 0; j < i; j++) {
		names = tmk_debian_names(f, &set->file[j]->now, err);
		if (names < 0)
			return -1;
		if (names == 2 || (names && set->file[j]->sign))
			return stays_signed(f, set->file[j]->name, err);
	}
	for (j = 0; j < set->debs; j++) {
		names = tmk_debian_names(f, &set->deb[j].now, err);
		if (names < 0 || names == 2)
			return names < 0 ? -1 :
				stays_signed(f, set->deb[j].name, err);
	}
	return 0;
}

/* ---- what has to follow -------------------------------------------------- */

/* Take `f`, which lies beside, into the set when it names what changes. */
static int follow(struct tmk_debian_set *set, struct tmk_debian_file *f,
		  struct tmk_err *err)
{
	int i, names = 0;

	for (i = 0; names != 1 && i < set->files; i++) {
		const struct tmk_debian_file *other = set->file[i];

		if (other->kind < f->kind && (!other->framed || other->sign))
			names = tmk_debian_names(f, &other->now, err);
		if (names < 0)
			break;
	}
	if (names != 1) {
		tmk_debian_file_free(f);
		return names < 0 ? -1 : 0;
	}
	if (!f->framed)
		return add(set, f, err);
	tmk_err_set(err, TMK_REFUSED, "%s: %s is signed, and names %s as it "
		    "is now", tmk_reason_id(TMK_CONTENT_MISMATCH), f->path,
		    set->file[i - 1]->name);
	tmk_err_hint(err, "sign %s instead, with --resign: what it names is "
		     "signed with it", f->name);
	tmk_debian_file_free(f);
	return -1;
}

/* The part of a name that the files of one upload share: up to the version. */
static size_t stem_of(const struct tmk_debian_file *f)
{
	const char *end = f->kind == TMK_CONTROL_DSC ? strrchr(f->name, '.') :
		strrchr(f->name, '_');

	return end ? (size_t)(end - f->name) : strlen(f->name);
}

static int candidate(const char *name, const struct tmk_debian_set *set,
		     const char *end)
{
	const struct tmk_debian_file *f = set->file[set->main];
	size_t stem = stem_of(f), n = strlen(name), e = strlen(end);

	return n > stem + e && !memcmp(name, f->name, stem) &&
		name[stem] == '_' && !strcmp(name + n - e, end) &&
		!has(set, name, n);
}

/* The files of one kind. What is none of that kind, or cannot be read, names
 * nothing. */
static int follow_kind(struct tmk_debian_set *set, struct tmk_sign_job *job,
		       DIR *dir, const char *end, enum tmk_control_kind kind,
		       struct tmk_err *err)
{
	struct dirent *d;

	rewinddir(dir);
	while ((d = readdir(dir))) {
		struct tmk_err why = TMK_ERR_INIT;
		struct tmk_debian_file *f;

		if (!candidate(d->d_name, set, end))
			continue;
		if (load(&f, set, job, d->d_name, strlen(d->d_name), &why)) {
			if (why.code == TMK_INTERNAL) {
				*err = why;
				return -1;
			}
			continue;
		}
		if (f->kind != kind)
			tmk_debian_file_free(f);
		else if (follow(set, f, err))
			return -1;
	}
	return 0;
}

static int follow_all(struct tmk_debian_set *set, struct tmk_sign_job *job,
		      struct tmk_err *err)
{
	const struct tmk_debian_file *f = set->file[set->main];
	char *path;
	DIR *dir;
	int rc = -1;

	if (beside(&path, f, ".", 1, err))
		return -1;
	dir = opendir(path);
	if (!dir)
		tmk_err_set(err, TMK_INPUT, "%s: %s", path, strerror(errno));
	else if (!follow_kind(set, job, dir, ".buildinfo",
			      TMK_CONTROL_BUILDINFO, err))
		rc = follow_kind(set, job, dir, ".changes",
				 TMK_CONTROL_CHANGES, err);
	if (dir)
		closedir(dir);
	free(path);
	return rc;
}

/* ---- all of it ----------------------------------------------------------- */

static int choose_all(struct tmk_debian_set *set, struct tmk_sign_job *job,
		      struct tmk_err *err)
{
	int i;

	for (i = 0; i < set->files; i++)
		if (i == set->main ? choose_main(set->file[i], job, err) :
		    choose_named(set->file[i], job->options, err))
			return -1;
	return 0;
}

static int number(struct tmk_debian_set *set, struct tmk_sign_job *job,
		  struct tmk_err *err)
{
	int i, wants = 0;

	for (i = 0; i < set->files; i++) {
		if (!set->file[i]->sign)
			continue;
		set->file[i]->want = wants;
		if (tmk_sign_text_want(job, wants++, true, false, err))
			return -1;
	}
	return 0;
}

int tmk_debian_plan(struct tmk_debian_set *set, struct tmk_sign_job *job,
		    struct tmk_err *err)
{
	struct tmk_debian_file *f;
	int i;

	if (tmk_debian_file_load(&f, job->fd, job->file, job, err) ||
	    add(set, f, err))
		return -1;
	if (f->kind == TMK_CONTROL_CHANGES && add_all_named(set, job, err))
		return -1;
	if (choose_all(set, job, err))
		return -1;
	for (i = 0; i < set->files; i++)
		if (tmk_debian_find_debs(set, set->file[i], job, err))
			return -1;
	for (i = 0; i < set->files; i++)
		if ((set->file[i]->sign || i == set->main) &&
		    tmk_debian_check(set, i, err))
			return -1;
	for (i = 0; i < set->files; i++)
		if (check_kept(set, i, err))
			return -1;
	if (job->skip)
		return 0;
	if (follow_all(set, job, err))
		return -1;
	return number(set, job, err);
}
