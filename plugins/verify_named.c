/*
 * verify_named.c - the files that a signed control file names: those of a
 * .dsc, .changes or .buildinfo must stand beside it and be what it says, the
 * indices of an apt repository must be what its Release says where they are.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/cleartext.h"
#include "formats/control_kind.h"
#include "formats/deb822.h"
#include "plugins/verify_claim.h"
#include "plugins/verify_parts.h"

#define HASH_NAME "Checksums-Sha256"

struct naming {
	struct tmk_verify_claims claims;
	struct tmk_deb822 paragraph;
	struct tmk_deb822_list list;
	struct tmk_buf text;
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* What tools write to name other files. */
bool tmk_verify_is_list(const char *path)
{
	static const char *const ends[] = { ".dsc", ".changes", ".buildinfo" };
	static const char *const names[] = {
		"InRelease", "Release", "repomd.xml"
	};
	const char *name = base_name(path), *dot = strrchr(name, '.');
	size_t i;

	for (i = 0; dot && i < sizeof(ends) / sizeof(ends[0]); i++)
		if (!strcmp(dot, ends[i]))
			return true;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/* The line ends of the canonical form are not those of the paragraph. */
static int take_text(void *to, const uint8_t *data, size_t len,
		     struct tmk_err *err)
{
	struct tmk_buf *text = to;
	size_t i, from = 0;

	for (i = 0; i <= len; i++) {
		if (i < len && data[i] != '\r')
			continue;
		if (i > from && tmk_buf_add(text, data + from, i - from))
			return tmk_err_nomem(err);
		from = i + 1;
	}
	return 0;
}

/* ---- the entries of a list ------------------------------------------------ */

static int check_entry(struct naming *n, const struct tmk_deb822_entry *e,
		       struct tmk_err *err)
{
	const char *file = n->claims.file;
	struct tmk_verify_claim claim = {
		.name = e->name, .hex = e->hash, .sized = true,
		.size = e->bytes, .hash = n->list.hash == TMK_DEB822_SHA512 ?
			TMK_SHA512 : TMK_SHA256
	};
	char *path;
	int rc;

	if (asprintf(&path, "%.*s%.*s", (int)(base_name(file) - file), file,
		     (int)e->name.len, (const char *)e->name.data) < 0)
		return tmk_err_nomem(err);
	claim.path = path;
	rc = tmk_verify_claims_check(&n->claims, &claim, err);
	free(path);
	return rc;
}

static int check_list(struct naming *n, const struct tmk_deb822_field *field,
		      enum tmk_deb822_form form, struct tmk_err *err)
{
	const struct tmk_verify_answer *a = n->claims.answer;
	struct tmk_verdict v = TMK_VERDICT_INIT;
	int i, rc = 0;

	if (tmk_deb822_list_read(&n->list, field, form, &v, err))
		return -1;
	if (v.reason) {
		tmk_verify_claims_refuse(&n->claims, &v);
		return 0;
	}
	for (i = 0; !rc && !a->all.verdict.reason && i < n->list.entries;
	     i++) {
		const struct tmk_deb822_entry *e = &n->list.entry[i];

		if (form != TMK_DEB822_PATHS ||
		    !tmk_control_is_release(e->name.data, e->name.len))
			rc = check_entry(n, e, err);
	}
	return rc;
}

/* ---- the control file ----------------------------------------------------- */

static void refuse_weak(struct naming *n, const char *list, const char *hint)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;

	tmk_verdict_refuse(&v, TMK_DIGEST_WEAK, "it names files by digests "
			   "that prove nothing: there is no %s", list);
	tmk_verdict_hint(&v, "%s", hint);
	tmk_verify_claims_refuse(&n->claims, &v);
}

/* Repositories list variants of their indices that they do not carry. */
static int check_release(struct naming *n, struct tmk_err *err)
{
	static const char *const strong[] = { "SHA256", "SHA512" };
	const struct tmk_verify_answer *a = n->claims.answer;
	const struct tmk_deb822_field *field;
	bool found = false;
	size_t i;

	n->claims.some = true;
	for (i = 0; i < sizeof(strong) / sizeof(strong[0]); i++) {
		field = tmk_deb822_find(&n->paragraph, strong[i]);
		if (!field || a->all.verdict.reason)
			continue;
		found = true;
		if (check_list(n, field, TMK_DEB822_PATHS, err))
			return -1;
	}
	if (!found && (tmk_deb822_find(&n->paragraph, "MD5Sum") ||
		       tmk_deb822_find(&n->paragraph, "SHA1")))
		refuse_weak(n, "SHA256", "make it again: apt-ftparchive "
			    "release DIRECTORY");
	return 0;
}

/* Refuse a file that some other list names and the strong one does not: its
 * reader would take it by a digest that proves nothing. */
static int check_other(struct naming *n, const struct tmk_deb822_field *field,
		       struct tmk_err *err)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_deb822_list list;
	int i, rc;

	tmk_deb822_list_init(&list);
	rc = tmk_deb822_list_read(&list, field, TMK_DEB822_CHANGES, &v, err);
	for (i = 0; !rc && !v.reason && i < list.entries; i++) {
		const struct tmk_span *name = &list.entry[i].name;

		if (tmk_deb822_list_find(&n->list, (const char *)name->data,
					 name->len))
			continue;
		tmk_verdict_refuse(&v, TMK_DIGEST_WEAK, "it names %.*s, and "
				   "not in " HASH_NAME, (int)name->len,
				   (const char *)name->data);
		tmk_verdict_hint(&v, "build the package anew");
	}
	if (v.reason)
		tmk_verify_claims_refuse(&n->claims, &v);
	tmk_deb822_list_release(&list);
	return rc;
}

static int check_lists(struct naming *n, const struct tmk_deb822_field *strong,
		       struct tmk_err *err)
{
	const struct tmk_verify_answer *a = n->claims.answer;
	const struct tmk_deb822 *p = &n->paragraph;
	int i, rc = check_list(n, strong, TMK_DEB822_PLAIN, err);

	for (i = 0; !rc && !a->all.verdict.reason && i < p->fields; i++)
		if (&p->field[i] != strong &&
		    tmk_deb822_hash_of(p->field[i].name))
			rc = check_other(n, &p->field[i], err);
	return rc;
}

/* A list without a digest that counts names files as well; what only our
 * reader cannot read may name some to others. */
static int check(struct naming *n, struct tmk_err *err)
{
	const char *name = base_name(n->claims.file);
	enum tmk_control_kind kind = tmk_control_kind_of(name, n->text.data,
							 n->text.len);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	const struct tmk_deb822_field *field;

	if (!tmk_deb822_parse(&n->paragraph, n->text.data, n->text.len, &v)) {
		if (kind != TMK_CONTROL_OTHER || tmk_verify_is_list(name))
			tmk_verify_claims_refuse(&n->claims, &v);
		return 0;
	}
	if (kind == TMK_CONTROL_RELEASE)
		return check_release(n, err);
	field = tmk_deb822_find(&n->paragraph, HASH_NAME);
	if (field)
		return check_lists(n, field, err);
	if (tmk_deb822_find(&n->paragraph, "Files") ||
	    tmk_deb822_find(&n->paragraph, "Checksums-Sha1") ||
	    tmk_deb822_find(&n->paragraph, "Checksums-Md5"))
		refuse_weak(n, HASH_NAME, "build the package anew with tools "
			    "that write " HASH_NAME);
	return 0;
}

static struct naming *new_naming(struct tmk_verify_answer *answer,
				 const struct tmk_verify *verify,
				 const char *file)
{
	struct naming *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	tmk_verify_claims_init(&n->claims, answer, verify, file);
	tmk_buf_init(&n->text, TMK_CLEARTEXT_MAX + 1);
	tmk_deb822_list_init(&n->list);
	return n;
}

static int finish(struct naming *n, int rc, struct tmk_err *err)
{
	if (!rc)
		rc = check(n, err);
	if (!rc)
		tmk_verify_claims_tell(&n->claims);
	tmk_deb822_list_release(&n->list);
	tmk_verify_claims_release(&n->claims);
	tmk_buf_release(&n->text);
	free(n);
	return rc;
}

int tmk_verify_named_files(struct tmk_verify_answer *answer,
			   const struct tmk_verify *verify,
			   const struct tmk_package *package,
			   const char *file, struct tmk_err *err)
{
	struct naming *n = new_naming(answer, verify, file);
	int rc;

	if (!n)
		return tmk_err_nomem(err);
	rc = package->ops->content(package, 0, take_text, &n->text, err);
	/* The framework does not sign the last line end. */
	if (!rc && tmk_buf_addch(&n->text, '\n'))
		rc = tmk_err_nomem(err);
	return finish(n, rc, err);
}

int tmk_verify_named_text(struct tmk_verify_answer *answer,
			  const struct tmk_verify *verify,
			  const struct tmk_buf *text, const char *file,
			  struct tmk_err *err)
{
	struct naming *n = new_naming(answer, verify, file);

	if (!n)
		return tmk_err_nomem(err);
	return finish(n, tmk_buf_add(&n->text, text->data, text->len) ?
		      tmk_err_nomem(err) : 0, err);
}
