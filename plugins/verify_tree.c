#include "plugins/verify_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugins/verify_beside.h"
#include "plugins/verify_parts.h"

#define HEAD 64			/* bytes that tell a signature */

/* What else stands beside a file and is judged with it. A manifest is not: it
 * has a signature of its own, and is judged by that. */
static const char *const others[] = { ".tsr", ".tst" };

#define OTHERS ((int)(sizeof(others) / sizeof(others[0])))

/* ---- reading directories ----------------------------------------------------- */

static int add_entry(struct tmk_verify_tree *t, char *path,
		     enum tmk_verify_kind kind, struct tmk_err *err)
{
	struct tmk_verify_entry *grown;
	size_t room;

	if (t->entries == TMK_VERIFY_FILES) {
		free(path);
		return tmk_err_set(err, TMK_INPUT, "more than %d files",
				   TMK_VERIFY_FILES);
	}
	/* Room is for a power of two. */
	if (!(t->entries & (t->entries - 1))) {
		room = t->entries ? 2 * t->entries : 1;
		grown = realloc(t->entry, room * sizeof(*grown));
		if (!grown) {
			free(path);
			return tmk_err_nomem(err);
		}
		t->entry = grown;
	}
	t->entry[t->entries++] = (struct tmk_verify_entry){ path, kind };
	return 0;
}

static int read_dir(struct tmk_verify_tree *t, int fd, const char *path,
		    int depth, struct tmk_err *err);

static int enter(struct tmk_verify_tree *t, int at, const char *name,
		 char *path, int depth, struct tmk_err *err)
{
	int fd = -1, rc;

	if (depth == TMK_VERIFY_DEPTH)
		rc = tmk_err_set(err, TMK_INPUT, "%s: more than %d "
				 "directories deep", path, TMK_VERIFY_DEPTH);
	else if ((fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
			      O_CLOEXEC)) < 0)
		rc = tmk_err_set(err, TMK_INPUT, "%s: %s", path,
				 strerror(errno));
	else
		rc = read_dir(t, fd, path, depth + 1, err);
	free(path);
	return rc;
}

/* `path` is taken. */
static int take(struct tmk_verify_tree *t, int at, const char *name,
		char *path, int depth, struct tmk_err *err)
{
	struct stat st;
	int rc;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW)) {
		rc = tmk_err_set(err, TMK_INPUT, "%s: %s", path,
				 strerror(errno));
		free(path);
		return rc;
	}
	if (S_ISDIR(st.st_mode))
		return enter(t, at, name, path, depth, err);
	return add_entry(t, path, S_ISREG(st.st_mode) ? TMK_VERIFY_ARTEFACT :
			 S_ISLNK(st.st_mode) ? TMK_VERIFY_LINK :
			 TMK_VERIFY_SPECIAL, err);
}

/* `fd` is taken. */
static int read_dir(struct tmk_verify_tree *t, int fd, const char *path,
		    int depth, struct tmk_err *err)
{
	size_t len = strlen(path);
	bool slash = len && path[len - 1] == '/';
	struct dirent *e;
	DIR *d = fdopendir(fd);
	char *below;
	int rc = 0;

	if (!d) {
		close(fd);
		return tmk_err_nomem(err);
	}
	while (!rc) {
		errno = 0;
		e = readdir(d);
		if (!e && errno)
			rc = tmk_err_set(err, TMK_INPUT, "%s: %s", path,
					 strerror(errno));
		if (!e)
			break;
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (asprintf(&below, "%s%s%s", path, slash ? "" : "/",
			     e->d_name) < 0)
			rc = tmk_err_nomem(err);
		else
			rc = take(t, dirfd(d), e->d_name, below, depth, err);
	}
	closedir(d);
	return rc;
}

/* ---- which are signatures ------------------------------------------------------ */

static bool begins(const uint8_t *head, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && !memcmp(head, with, n);
}

/* Text or binary, of any format that is read here; a token. A key is none,
 * though it may have the same ending. */
static bool is_signature(const uint8_t *head, size_t len)
{
	static const char *const texts[] = {
		"-----BEGIN PGP SIGNATURE-----", "-----BEGIN SSH SIGNATURE",
		"-----BEGIN SIGNED MESSAGE", "-----BEGIN CMS-----",
		"-----BEGIN PKCS7-----", "untrusted comment: "
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (begins(head, len, texts[i]))
			return true;
	if (len < 3)
		return false;
	/* A SEQUENCE of DER or BER; a signature packet of OpenPGP, in the old
	 * form and in the new one. */
	return (head[0] == 0x30 && head[1] & 0x80) ||
		(head[0] & 0xfc) == 0x88 || head[0] == 0xc2;
}

size_t tmk_verify_tree_head(uint8_t *head, size_t size, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW |
		      O_NONBLOCK);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = pread(fd, head, size, 0);
	close(fd);
	return n < 0 ? 0 : (size_t)n;
}

bool tmk_verify_tree_signs(const char *path)
{
	uint8_t head[HEAD];
	size_t n = tmk_verify_tree_head(head, sizeof(head), path);

	return n && is_signature(head, n);
}

/* How many bytes of the name are those of what it signs; 0: it is no name of a
 * signature. */
static size_t base_of(const char *path)
{
	size_t len = strlen(path), n;
	const char *suffix;
	int i;

	for (i = 0; (suffix = tmk_verify_beside_suffix(i)); i++) {
		n = strlen(suffix);
		if (len > n && path[len - n - 1] != '/' &&
		    !strcmp(path + len - n, suffix))
			return len - n;
	}
	for (i = 0; i < OTHERS; i++) {
		n = strlen(others[i]);
		if (len > n && path[len - n - 1] != '/' &&
		    !strcmp(path + len - n, others[i]))
			return len - n;
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct tmk_verify_entry *x = a, *y = b;

	return strcmp(x->path, y->path);
}

const struct tmk_verify_entry *
tmk_verify_tree_find(const struct tmk_verify_tree *tree, const char *path)
{
	/* Only compared. */
	struct tmk_verify_entry key = { strdup(path), 0 };
	const struct tmk_verify_entry *found = NULL;

	if (key.path && tree->entries)
		found = bsearch(&key, tree->entry, tree->entries,
				sizeof(key), compare);
	free(key.path);
	return found;
}

static bool is_file(const struct tmk_verify_tree *t, const char *path)
{
	const struct tmk_verify_entry *e = tmk_verify_tree_find(t, path);

	return e && e->kind != TMK_VERIFY_LINK && e->kind != TMK_VERIFY_SPECIAL;
}

/* Whether what a signature is for is there, compressed or not. */
static int has_base(bool *out, const struct tmk_verify_tree *t,
		    const char *path, size_t len, struct tmk_err *err)
{
	const char *ending;
	char *base;
	int i;

	*out = false;
	for (i = -1; !*out; i++) {
		ending = i < 0 ? "" : tmk_verify_stream_ending(i);
		if (!ending)
			break;
		if (asprintf(&base, "%.*s%s", (int)len, path, ending) < 0)
			return tmk_err_nomem(err);
		*out = is_file(t, base);
		free(base);
	}
	return 0;
}

size_t tmk_verify_tree_base(const char *path)
{
	size_t len = base_of(path);

	return len && tmk_verify_tree_signs(path) ? len : 0;
}

static int classify(struct tmk_verify_tree *t, struct tmk_err *err)
{
	struct tmk_verify_entry *e;
	bool there;
	size_t i, len;

	for (i = 0; i < t->entries; i++) {
		e = &t->entry[i];
		len = base_of(e->path);
		if (e->kind != TMK_VERIFY_ARTEFACT || !len ||
		    !tmk_verify_tree_signs(e->path))
			continue;
		if (has_base(&there, t, e->path, len, err))
			return -1;
		e->kind = there ? TMK_VERIFY_SIGNATURE : TMK_VERIFY_ORPHAN;
	}
	return 0;
}

int tmk_verify_tree_read(struct tmk_verify_tree *out, const char *dir,
			 struct tmk_err *err)
{
	struct tmk_verify_tree t = { NULL, 0 };
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return tmk_err_set(err, TMK_INPUT, "%s: %s", dir,
				   strerror(errno));
	if (read_dir(&t, fd, dir, 0, err))
		goto fail;
	if (t.entries)
		qsort(t.entry, t.entries, sizeof(*t.entry), compare);
	if (classify(&t, err))
		goto fail;
	*out = t;
	return 0;
fail:
	tmk_verify_tree_release(&t);
	return -1;
}

void tmk_verify_tree_release(struct tmk_verify_tree *tree)
{
	size_t i;

	for (i = 0; i < tree->entries; i++)
		free(tree->entry[i].path);
	free(tree->entry);
	memset(tree, 0, sizeof(*tree));
}
