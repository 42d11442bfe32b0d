/*
 * sign_debian_deb.c - packages that this key has signed inside since the
 * upload was built: their hashes follow, as those of the .dsc do.
 *
 * A deb is one of these when it has a good signature of the key and is, without
 * the signatures of that key, what the list says.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "iface/package.h"
#include "plugins/sign_check.h"
#include "plugins/sign_debian.h"
#include "plugins/sign_listed.h"
#include "x509/digest.h"

extern const struct tmk_package_ops tmk_package_deb;

static bool is_deb(const struct tmk_span *name)
{
	static const char *const end[] = { ".deb", ".udeb", ".ddeb" };
	size_t i, n;

	for (i = 0; i < sizeof(end) / sizeof(*end); i++) {
		n = strlen(end[i]);
		if (name->len > n &&
		    !memcmp(name->data + name->len - n, end[i], n))
			return true;
	}
	return false;
}

static int to_digest(void *to, const uint8_t *data, size_t len,
		     struct tmk_err *err)
{
	return tmk_digest_update(to, data, len, err);
}

/* Whether seal `i` is a good one of the key. */
static int is_mine(bool *mine, const struct tmk_package *package, int i,
		   const struct tmk_sign_want *want, struct tmk_err *err)
{
	const struct tmk_package_seal *seal = &package->seal[i];
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_evidence *e = NULL;
	const struct tmk_signature *s;
	struct tmk_digest d = { NULL };
	uint8_t digest[TMK_HASH_MAX];
	size_t len = 0;
	int rc;

	*mine = false;
	rc = want->seal->parse(&e, seal->data, seal->len, &v, err);
	if (rc || !e || e->signatures != 1 ||
	    !tmk_sign_check_names(want->ready, e, 0))
		goto out;
	s = &e->signature[0];
	rc = tmk_digest_init(&d, (int)s->hash, err);
	if (!rc)
		rc = package->ops->content(package, i, to_digest, &d, err);
	if (!rc && s->suffix_len)
		rc = tmk_digest_update(&d, s->suffix, s->suffix_len, err);
	if (!rc)
		rc = tmk_digest_final(&d, digest, &len, err);
	if (!rc)
		rc = tmk_sign_check_good(mine, want->ready, e, 0, digest, len,
					 err);
out:
	tmk_digest_release(&d);
	tmk_evidence_free(e);
	return rc;
}

/* The package without what the key has signed, as it would be listed: 1, or 0
 * when the key has signed nothing. */
static int without(struct tmk_deb822_file *out,
		   const struct tmk_package *package,
		   const struct tmk_sign_want *want, int dir,
		   struct tmk_err *err)
{
	struct tmk_package_change change = { .drop = 0 };
	bool mine;
	int i, fd, rc;

	for (i = 0; i < package->seals; i++) {
		if (is_mine(&mine, package, i, want, err))
			return -1;
		if (mine)
			change.drop |= 1u << i;
	}
	if (!change.drop)
		return 0;
	/* It has no name, and is gone when it is closed. */
	fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return tmk_err_set(err, TMK_INPUT, "no room to look at %s: %s",
				   out->name, strerror(errno));
	rc = package->ops->write(package, &change, fd, err);
	if (!rc)
		rc = tmk_sign_listed_describe_fd(out, fd, err);
	close(fd);
	return rc ? -1 : 1;
}

/* What it is, and what it was. Returns 1, or 0 for what this key has not
 * signed. */
static int describe(struct tmk_debian_deb *deb, int fd, int dir,
		    const struct tmk_sign_want *want, struct tmk_err *err)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_package *package = NULL;
	int rc;

	if (tmk_package_deb.open(&package, fd, &v, err))
		return -1;
	if (!package)
		return 0;
	rc = without(&deb->before, package, want, dir, err);
	if (rc == 1 && tmk_sign_listed_describe_fd(&deb->now, fd, err))
		rc = -1;
	tmk_package_close(package);
	return rc;
}

static int keep(struct tmk_debian_set *set, const struct tmk_debian_deb *deb,
		struct tmk_err *err)
{
	struct tmk_debian_deb *more = realloc(set->deb,
		((size_t)set->debs + 1) * sizeof(*more));

	if (!more)
		return tmk_err_nomem(err);
	set->deb = more;
	more[set->debs++] = *deb;
	return 0;
}

/* One entry: kept when it is such a package. What is another one is found by
 * whoever checks the list. */
static int look_at(struct tmk_debian_set *set, const struct tmk_sign_job *job,
		   int dir, const struct tmk_deb822_entry *entry,
		   struct tmk_err *err)
{
	struct tmk_debian_deb deb = { .name = NULL };
	struct stat st;
	int fd, rc = -1;

	deb.name = strndup((const char *)entry->name.data, entry->name.len);
	if (!deb.name)
		return tmk_err_nomem(err);
	deb.now.name = deb.before.name = deb.name;
	fd = openat(dir, deb.name, O_RDONLY | O_CLOEXEC | O_NONBLOCK |
		    O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    (uint64_t)st.st_size == entry->bytes) {
		rc = 0;
		goto out;
	}
	rc = describe(&deb, fd, dir, &job->want[0], err);
	if (rc == 1 && tmk_debian_says(entry, TMK_DEB822_SHA256,
				       &deb.before)) {
		rc = keep(set, &deb, err);
		if (!rc)
			deb.name = NULL;
	} else if (rc > 0) {
		rc = 0;
	}
out:
	if (fd >= 0)
		close(fd);
	free(deb.name);
	return rc;
}

static bool is_known(const struct tmk_debian_set *set,
		     const struct tmk_span *name)
{
	int i;

	for (i = 0; i < set->debs; i++)
		if (strlen(set->deb[i].name) == name->len &&
		    !memcmp(set->deb[i].name, name->data, name->len))
			return true;
	return false;
}

int tmk_debian_find_debs(struct tmk_debian_set *set,
			 const struct tmk_debian_file *file,
			 const struct tmk_sign_job *job, struct tmk_err *err)
{
	const struct tmk_deb822_field *field =
		tmk_deb822_find(file->paragraph, "Checksums-Sha256");
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_deb822_list list;
	int i, dir, rc;

	if (!field)
		return 0;
	if (tmk_sign_listed_directory(&dir, file->path, err))
		return -1;
	tmk_deb822_list_init(&list);
	rc = tmk_deb822_list_read(&list, field, tmk_debian_form(file), &v,
				  err);
	for (i = 0; !rc && v.reason == TMK_GOOD && i < list.entries; i++)
		if (is_deb(&list.entry[i].name) &&
		    !is_known(set, &list.entry[i].name))
			rc = look_at(set, job, dir, &list.entry[i], err);
	tmk_deb822_list_release(&list);
	close(dir);
	return rc;
}
