#include "plugins/sign_debian.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugins/sign_listed.h"

enum tmk_deb822_form tmk_debian_form(const struct tmk_debian_file *file)
{
	return file->kind == TMK_CONTROL_CHANGES ? TMK_DEB822_CHANGES :
		TMK_DEB822_PLAIN;
}

void tmk_debian_file_free(struct tmk_debian_file *file)
{
	if (!file)
		return;
	free(file->path);
	free(file->paragraph);
	tmk_buf_release(&file->raw);
	tmk_cleartext_parts_release(&file->parts);
	tmk_buf_release(&file->fresh);
	tmk_buf_release(&file->whole);
	free(file);
}

void tmk_debian_set_release(struct tmk_debian_set *set)
{
	int i;

	for (i = 0; i < set->files; i++)
		tmk_debian_file_free(set->file[i]);
	for (i = 0; i < set->debs; i++)
		free(set->deb[i].name);
	free(set->deb);
	set->deb = NULL;
	set->files = set->debs = 0;
}

/* All of it into file->raw, from a descriptor or by its name, which may be no
 * link: it is going to be replaced. */
static int read_raw(struct tmk_debian_file *f, int fd, struct tmk_err *err)
{
	int own = -1, rc = -1;

	if (fd < 0) {
		own = open(f->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
			   O_NONBLOCK | O_NOCTTY);
		fd = own;
	}
	if (fd < 0 || fstat(fd, &f->seen)) {
		if (fd < 0 && errno == ELOOP)
			tmk_err_set(err, TMK_INPUT, "%s is a symbolic link",
				    f->path);
		else
			tmk_err_set(err, TMK_INPUT, "%s: %s", f->path,
				    strerror(errno));
		goto out;
	}
	if (!S_ISREG(f->seen.st_mode)) {
		tmk_err_set(err, TMK_INPUT, "%s is no regular file", f->path);
		goto out;
	}
	rc = tmk_file_read_fd(&f->raw, fd, f->path, err);
out:
	if (own >= 0)
		close(own);
	return rc;
}

/* The text, without the framework when it has one. */
static int read_text(struct tmk_debian_file *f, struct tmk_verdict *v,
		     struct tmk_err *err)
{
	f->text = (struct tmk_span){ f->raw.data, f->raw.len };
	f->framed = tmk_cleartext_begins(f->raw.data, f->raw.len);
	if (!f->framed)
		return 0;
	if (tmk_cleartext_parse(&f->parts, f->raw.data, f->raw.len, v, err))
		return -1;
	f->text = (struct tmk_span){ f->parts.text.data, f->parts.text.len };
	return 0;
}

static int read_fields(struct tmk_debian_file *f, struct tmk_verdict *v,
		       struct tmk_err *err)
{
	f->paragraph = malloc(sizeof(*f->paragraph));
	if (!f->paragraph)
		return tmk_err_nomem(err);
	if (!tmk_deb822_parse(f->paragraph, f->text.data, f->text.len, v))
		return 0;
	f->kind = tmk_control_kind_of(f->name, f->text.data, f->text.len);
	if (f->kind != TMK_CONTROL_DSC && f->kind != TMK_CONTROL_BUILDINFO &&
	    f->kind != TMK_CONTROL_CHANGES)
		return tmk_verdict_refuse(v, TMK_OBJECT_MALFORMED,
			"it has not the fields of a .dsc, .buildinfo or "
			".changes");
	return 0;
}

static int take_apart(struct tmk_debian_file *f,
		      const struct tmk_sign_job *job, struct tmk_err *err)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_sign_text text;

	if (!f->raw.len)
		tmk_verdict_refuse(&v, TMK_OBJECT_MALFORMED, "it is empty");
	else if (read_text(f, &v, err))
		return -1;
	if (v.reason == TMK_GOOD && read_fields(f, &v, err))
		return -1;
	if (v.reason != TMK_GOOD) {
		tmk_verdict_hint(&v, "build the package again");
		return tmk_sign_listed_refuse(err, f->path, &v);
	}
	f->now.name = f->name;
	if (tmk_sign_listed_describe(&f->now, f->raw.data, f->raw.len, err))
		return -1;
	if (!f->framed)
		return 0;
	text = (struct tmk_sign_text){ f->text.data, f->text.len, true };
	return tmk_sign_text_mine(&f->mine, job, 0, &text,
				  f->parts.packets.data,
				  f->parts.packets.len, err);
}

int tmk_debian_file_load(struct tmk_debian_file **out, int fd,
			 const char *path, const struct tmk_sign_job *job,
			 struct tmk_err *err)
{
	struct tmk_debian_file *f = calloc(1, sizeof(*f));
	const char *slash;

	if (!f)
		return tmk_err_nomem(err);
	tmk_buf_init(&f->raw, TMK_DEBIAN_MAX);
	tmk_cleartext_parts_init(&f->parts);
	tmk_buf_init(&f->fresh, TMK_DEBIAN_MAX + TMK_SEAL_MAX);
	tmk_buf_init(&f->whole, 2 * TMK_DEBIAN_MAX + 2 * TMK_SEAL_MAX);
	f->want = -1;
	f->path = strdup(path);
	if (!f->path) {
		tmk_err_nomem(err);
		goto fail;
	}
	slash = strrchr(f->path, '/');
	f->name = slash ? slash + 1 : f->path;
	if (read_raw(f, fd, err) || take_apart(f, job, err))
		goto fail;
	*out = f;
	return 0;
fail:
	tmk_debian_file_free(f);
	return -1;
}

bool tmk_debian_says(const struct tmk_deb822_entry *entry,
		     enum tmk_deb822_hash hash,
		     const struct tmk_deb822_file *file)
{
	return entry->bytes == file->bytes &&
		entry->hash.len == strlen(file->hash[hash]) &&
		!memcmp(entry->hash.data, file->hash[hash], entry->hash.len);
}

int tmk_debian_names(const struct tmk_debian_file *file,
		     const struct tmk_deb822_file *other, struct tmk_err *err)
{
	const struct tmk_deb822 *p = file->paragraph;
	struct tmk_verdict v = TMK_VERDICT_INIT;
	bool found = false, all = true;
	int i, rc = 0;

	for (i = 0; !rc && v.reason == TMK_GOOD && i < p->fields; i++) {
		enum tmk_deb822_hash hash =
			tmk_deb822_hash_of(p->field[i].name);
		const struct tmk_deb822_entry *e = NULL;
		struct tmk_deb822_list list;

		if (!hash)
			continue;
		tmk_deb822_list_init(&list);
		rc = tmk_deb822_list_read(&list, &p->field[i],
					  tmk_debian_form(file), &v, err);
		if (!rc && v.reason == TMK_GOOD)
			e = tmk_deb822_list_find(&list, other->name,
						 strlen(other->name));
		if (e) {
			found = true;
			all = all && tmk_debian_says(e, hash, other);
		}
		tmk_deb822_list_release(&list);
	}
	if (rc)
		return -1;
	if (v.reason != TMK_GOOD)
		return tmk_sign_listed_refuse(err, file->path, &v);
	return !found ? 0 : all ? 1 : 2;
}
