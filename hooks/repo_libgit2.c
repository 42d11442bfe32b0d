/*
 * repo_libgit2.c - a repository as libgit2 reads it: SHA-1, files, and no
 * extension. The quick way, and the usual one.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <git2.h>

#include "hooks/git_memory.h"
#include "hooks/ref_name.h"
#include "hooks/repo.h"

#define SYMBOLIC_MAX 5		/* links followed, as git does */
#define SHA1_HEX 40
#define PACK_WINDOW ((size_t)1 << 20)	/* bytes of a pack mapped at once */
#define PACK_MAPPED ((size_t)16 << 20)	/* of all packs */

struct reader {
	git_repository *repo;
	git_odb *odb;
	git_config *config;	/* a snapshot, once it was asked for */
	git_odb_object *object;	/* the one that was read last */
};

static struct reader *reader_of(const struct tmk_repo *repo)
{
	return repo->priv;
}

static const char *git_text(void)
{
	const git_error *e = git_error_last();

	return e && e->message ? e->message : "no reason given";
}

static int object_failed(const struct tmk_oid *oid, struct tmk_err *err)
{
	char hex[TMK_OID_TEXT];

	return tmk_err_set(err, TMK_INTERNAL, "object %s cannot be read: %s",
			   tmk_oid_show(hex, oid), git_text());
}

/* A name of another length is no object of this repository. */
static bool take_oid(git_oid *out, const struct tmk_oid *oid)
{
	if (oid->len != SHA1_HEX / 2)
		return false;
	memcpy(out->id, oid->id, SHA1_HEX / 2);
	return true;
}

static void give_oid(struct tmk_oid *out, const git_oid *oid)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->id, oid->id, SHA1_HEX / 2);
	out->len = SHA1_HEX / 2;
}

static enum tmk_object_type type_of(git_object_t type)
{
	return type >= GIT_OBJECT_COMMIT && type <= GIT_OBJECT_TAG ?
		(enum tmk_object_type)type : TMK_OBJECT_NONE;
}

static int read_header(struct tmk_repo *repo, enum tmk_object_type *type,
		       uint64_t *size, const struct tmk_oid *oid,
		       struct tmk_err *err)
{
	git_object_t kind;
	git_oid id;
	size_t len;
	int rc = GIT_ENOTFOUND;

	if (take_oid(&id, oid))
		rc = git_odb_read_header(&len, &kind, reader_of(repo)->odb,
					 &id);
	if (rc < 0 && rc != GIT_ENOTFOUND)
		return object_failed(oid, err);
	*type = rc < 0 ? TMK_OBJECT_NONE : type_of(kind);
	*size = rc < 0 ? 0 : len;
	return 0;
}

static int read_whole(struct tmk_repo *repo, const uint8_t **data,
		      size_t *len, enum tmk_object_type *type,
		      const struct tmk_oid *oid, struct tmk_err *err)
{
	struct reader *r = reader_of(repo);
	git_oid id;
	int rc = GIT_ENOTFOUND;

	git_odb_object_free(r->object);
	r->object = NULL;
	if (take_oid(&id, oid)) {
		tmk_git_memory_begin(repo->most ? repo->most : UINT64_MAX);
		rc = git_odb_read(&r->object, r->odb, &id);
		if (tmk_git_memory_end() && rc < 0)
			return tmk_repo_too_large(repo, oid, err);
	}
	if (rc < 0 && rc != GIT_ENOTFOUND)
		return object_failed(oid, err);
	*type = TMK_OBJECT_NONE;
	if (rc < 0)
		return 0;
	*type = type_of(git_odb_object_type(r->object));
	*data = git_odb_object_data(r->object);
	*len = git_odb_object_size(r->object);
	return 0;
}

/* An old way to write a symbolic ref (core.preferSymlinkRefs): a link in the
 * file system. libgit2 looks through it for a file, where git takes what the
 * link says for a name (refs/files-backend.c). `link` is TMK_REPO_REF_MAX
 * bytes. */
static bool read_link(char *link, const struct tmk_repo *repo,
		      const char *name)
{
	const char *const dirs[] = { repo->dir, repo->common_dir };
	char path[PATH_MAX];
	ssize_t n;
	size_t i;

	for (i = 0; i < 2; i++) {
		if (snprintf(path, sizeof(path), "%s/%s", dirs[i], name) >=
		    (int)sizeof(path))
			continue;
		n = readlink(path, link, TMK_REPO_REF_MAX - 1);
		if (n < 0)
			continue;
		link[n] = '\0';
		return !strncmp(link, "refs/", 5) && tmk_ref_name_ok(link);
	}
	return false;
}

static int read_ref(struct tmk_repo *repo, struct tmk_oid *oid, char *target,
		    const char *ref, struct tmk_err *err)
{
	char name[TMK_REPO_REF_MAX], link[TMK_REPO_REF_MAX];
	git_reference *r = NULL;
	int i, rc;

	memset(oid, 0, sizeof(*oid));
	oid->len = SHA1_HEX / 2;
	target[0] = '\0';
	if (strlen(ref) >= sizeof(name))
		return tmk_err_set(err, TMK_INTERNAL,
				   "a ref's name is too long");
	memcpy(name, ref, strlen(ref) + 1);
	for (i = 0; i <= SYMBOLIC_MAX; i++) {
		const char *next;

		if (read_link(link, repo, name)) {
			memcpy(name, link, strlen(link) + 1);
			memcpy(target, link, strlen(link) + 1);
			continue;
		}
		rc = git_reference_lookup(&r, reader_of(repo)->repo, name);
		if (rc == GIT_ENOTFOUND)
			return 0;
		if (rc < 0)
			return tmk_err_set(err, TMK_INTERNAL,
				"a ref cannot be read: %s", git_text());
		if (git_reference_type(r) == GIT_REFERENCE_DIRECT) {
			give_oid(oid, git_reference_target(r));
			git_reference_free(r);
			return 0;
		}
		next = git_reference_symbolic_target(r);
		if (!next || strlen(next) >= sizeof(name))
			break;
		memcpy(name, next, strlen(next) + 1);
		memcpy(target, next, strlen(next) + 1);
		git_reference_free(r);
		r = NULL;
	}
	git_reference_free(r);
	return tmk_err_set(err, TMK_INTERNAL, "%s is a symbolic ref that ends "
			   "nowhere", ref);
}

/* One ref of the listing; a symbolic one only repeats another. */
static int visit_ref(git_reference *r, const char *prefix,
		     tmk_repo_visit visit, void *ctx, struct tmk_err *err)
{
	const char *name = git_reference_name(r);
	struct tmk_oid oid;

	if (git_reference_type(r) != GIT_REFERENCE_DIRECT ||
	    strncmp(name, prefix, strlen(prefix)))
		return 0;
	give_oid(&oid, git_reference_target(r));
	return visit(ctx, name, &oid, err);
}

static int list_refs(struct tmk_repo *repo, const char *prefix,
		     tmk_repo_visit visit, void *ctx, struct tmk_err *err)
{
	git_reference_iterator *it = NULL;
	git_reference *r = NULL;
	int rc, ret = -1;

	if (git_reference_iterator_new(&it, reader_of(repo)->repo) < 0)
		return tmk_err_set(err, TMK_INTERNAL,
				   "the refs cannot be listed: %s",
				   git_text());
	while (!(rc = git_reference_next(&r, it))) {
		rc = visit_ref(r, prefix, visit, ctx, err);
		git_reference_free(r);
		r = NULL;
		if (rc < 0)
			goto out;
	}
	if (rc != GIT_ITEROVER) {
		tmk_err_set(err, TMK_INTERNAL, "the refs cannot be listed: %s",
			    git_text());
		goto out;
	}
	ret = 0;
out:
	git_reference_iterator_free(it);
	return ret;
}

static int config_text(struct tmk_repo *repo, char **out, const char *key,
		       bool path, struct tmk_err *err)
{
	struct reader *r = reader_of(repo);
	git_buf full = { 0 };
	const char *text = NULL;
	char *copy;
	int rc;

	if (!r->config &&
	    git_repository_config_snapshot(&r->config, r->repo) < 0)
		return tmk_err_set(err, TMK_USAGE, "the server's git "
				   "configuration cannot be read: %s",
				   git_text());
	rc = path ? git_config_get_path(&full, r->config, key) :
		git_config_get_string(&text, r->config, key);
	if (rc == GIT_ENOTFOUND) {
		*out = NULL;
		return 0;
	}
	if (rc < 0)
		return tmk_err_set(err, TMK_USAGE, "%s: %s", key, git_text());
	copy = strdup(path ? full.ptr : text);
	git_buf_dispose(&full);
	if (!copy)
		return tmk_err_nomem(err);
	*out = copy;
	return 0;
}

static int name_ok(struct tmk_repo *repo, const char *name)
{
	int valid = 0;

	(void)repo;
	return !git_reference_name_is_valid(&valid, name) && valid;
}

static void repo_close(struct tmk_repo *repo)
{
	struct reader *r = reader_of(repo);

	if (r) {
		git_odb_object_free(r->object);
		git_config_free(r->config);
		git_odb_free(r->odb);
		git_repository_free(r->repo);
		free(r);
	}
	free(repo->dir);
	free(repo->common_dir);
	free(repo->worktree);
	free(repo);
}

static const struct tmk_repo_ops ops = {
	.name = "libgit2",
	.header = read_header,
	.read = read_whole,
	.ref = read_ref,
	.refs = list_refs,
	.config = config_text,
	.name_ok = name_ok,
	.close = repo_close
};

static struct tmk_repo *repo_new(void)
{
	struct tmk_repo *repo = calloc(1, sizeof(*repo));

	if (!repo)
		return NULL;
	repo->ops = &ops;
	repo->hex = SHA1_HEX;
	repo->priv = calloc(1, sizeof(struct reader));
	if (!repo->priv) {
		free(repo);
		return NULL;
	}
	return repo;
}

/* A copy without the slash at the end. */
static int keep_dir(char **out, const char *dir, struct tmk_err *err)
{
	size_t len = strlen(dir);

	while (len > 1 && dir[len - 1] == '/')
		len--;
	*out = strndup(dir, len);
	return *out ? 0 : tmk_err_nomem(err);
}

static int keep_dirs(struct tmk_repo *repo, struct tmk_err *err)
{
	git_repository *r = reader_of(repo)->repo;
	const char *tree = git_repository_workdir(r);

	if (keep_dir(&repo->dir, git_repository_path(r), err) < 0 ||
	    keep_dir(&repo->common_dir, git_repository_commondir(r), err) < 0)
		return -1;
	return tree ? keep_dir(&repo->worktree, tree, err) : 0;
}

/* What libgit2 opens, but does not read as git does. */
static int is_readable(const struct tmk_repo *repo, bool push,
		       struct tmk_err *err)
{
	/* an audit has no quarantine that could be hidden */
	if (push && (strchr(repo->dir, ':') || strchr(repo->common_dir, ':')))
		return tmk_err_set(err, TMK_INTERNAL, "the repository's path "
				   "holds a ':', which hides the objects of a "
				   "push");
	if (git_repository_get_namespace(reader_of(repo)->repo)) {
		tmk_err_set(err, TMK_INTERNAL, "git namespaces are not "
			    "supported yet");
		return tmk_err_hint(err, "push to a repository without "
				    "GIT_NAMESPACE");
	}
	return 0;
}

int tmk_repo_libgit2_open(struct tmk_repo **out, bool push,
			  struct tmk_err *err)
{
	struct tmk_repo *repo = repo_new();
	struct reader *r;
	int ret = -1;

	if (!repo)
		return tmk_err_nomem(err);
	r = reader_of(repo);
	/* every object is read once: a cache would only keep memory */
	git_libgit2_opts(GIT_OPT_ENABLE_CACHING, 0);
	git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 1);
	/* nor is a large pack kept in memory as a whole */
	git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, PACK_WINDOW);
	git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, PACK_MAPPED);
	if (git_repository_open_ext(&r->repo, NULL,
				    GIT_REPOSITORY_OPEN_FROM_ENV, NULL) < 0) {
		tmk_err_set(err, TMK_INTERNAL, "this repository cannot be "
			    "read: %s", git_text());
		ret = 1;
		goto out;
	}
	if (keep_dirs(repo, err) < 0)
		goto out;
	if (is_readable(repo, push, err) < 0) {
		ret = 1;
		goto out;
	}
	if (git_repository_odb(&r->odb, r->repo) < 0) {
		tmk_err_set(err, TMK_INTERNAL, "the objects cannot be read: "
			    "%s", git_text());
		ret = 1;
		goto out;
	}
	*out = repo;
	return 0;
out:
	repo_close(repo);
	return ret;
}
