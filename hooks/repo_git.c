/*
 * repo_git.c - a repository as git's own plumbing reads it: every hash, every
 * ref storage, every extension and every path that the installed git knows.
 * What git says is not believed for its own sake: ids, types and sizes are
 * checked, and each object is hashed again.
 */
#include "hooks/repo_git.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "hooks/ref_name.h"

#define SIZE_MAX_READ (1 << 30)	/* whatever a caller may have allowed */
#define KEEP (1 << 16)		/* bytes kept for the next object */
#define CACHE (128 << 20)	/* bytes that git keeps for the next one: 96
				   MiB, core.deltaBaseCacheLimit, and room */

struct tmk_repo_git *tmk_repo_git_of(const struct tmk_repo *repo)
{
	return repo->priv;
}

/* Ask one of the two about an object. The answer must be about that one. */
static int ask(struct tmk_repo *repo, struct tmk_repo_child *child,
	       const char *how, struct tmk_repo_answer *out,
	       const struct tmk_oid *oid, struct tmk_err *err)
{
	const char *const argv[] = { "cat-file", how, NULL };
	char line[TMK_REPO_ANSWER_MAX], hex[TMK_OID_TEXT + 1];
	struct tmk_repo_answer a;
	size_t len = 0;
	int rc;

	if (!child->pid &&
	    (tmk_repo_child_start(child, &tmk_repo_git_of(repo)->tool, argv,
				  err) < 0 ||
	     (repo->most &&
	      tmk_repo_child_bound(child, repo->most + CACHE, err) < 0)))
		return -1;
	tmk_oid_show(hex, oid);
	memcpy(hex + repo->hex, "\n", 2);
	if (tmk_repo_child_ask(child, hex, repo->hex + 1, err) < 0)
		return -1;
	rc = tmk_repo_child_line(child, line, sizeof(line), &len, err);
	if (rc < 0)
		return rc;
	if (!rc)
		return tmk_repo_child_failed(child, "ended without an answer",
					     err);
	if (!tmk_repo_answer_read(&a, line, len, repo->hex) ||
	    !tmk_oid_equal(&a.oid, oid))
		return tmk_repo_child_failed(child, "gives an answer that is "
					     "none", err);
	*out = a;
	return 0;
}

/* A name of another length is no object of this repository. */
static bool is_ours(const struct tmk_repo *repo, const struct tmk_oid *oid)
{
	return oid->len == repo->hex / 2;
}

static int read_header(struct tmk_repo *repo, enum tmk_object_type *type,
		       uint64_t *size, const struct tmk_oid *oid,
		       struct tmk_err *err)
{
	struct tmk_repo_git *g = tmk_repo_git_of(repo);
	struct tmk_repo_answer a = { .type = TMK_OBJECT_NONE };

	/* what an object is does not change, and the same one is often asked
	 * for again: a branch, its rules, its reading */
	if (g->last.type != TMK_OBJECT_NONE && g->last.oid.len == oid->len &&
	    tmk_oid_equal(&g->last.oid, oid)) {
		a = g->last;
	} else if (is_ours(repo, oid)) {
		if (ask(repo, &g->check, "--batch-check", &a, oid, err) < 0)
			return -1;
		g->last = a;
	}
	*type = a.type;
	*size = a.size;
	return 0;
}

/* Whether the bytes are what the name says: git hashes what it receives, but
 * not what it reads. */
static int check_hash(struct tmk_repo *repo, const uint8_t *data, size_t len,
		      const struct tmk_repo_answer *a, struct tmk_err *err)
{
	char head[32], hex[TMK_OID_TEXT];
	uint8_t got[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned int got_len = 0;
	bool done;

	snprintf(head, sizeof(head), "%s %zu", tmk_object_type_name(a->type),
		 len);
	done = ctx && EVP_DigestInit_ex(ctx, repo->hex == TMK_OID_HEX ?
					EVP_sha256() : EVP_sha1(), NULL) &&
		EVP_DigestUpdate(ctx, head, strlen(head) + 1) &&
		EVP_DigestUpdate(ctx, data, len) &&
		EVP_DigestFinal_ex(ctx, got, &got_len);
	EVP_MD_CTX_free(ctx);
	if (!done)
		return tmk_err_set(err, TMK_INTERNAL,
				   "an object cannot be hashed");
	if (got_len != a->oid.len || memcmp(got, a->oid.id, got_len))
		return tmk_err_set(err, TMK_INTERNAL, "object %s cannot be "
				   "read: its bytes have another hash",
				   tmk_oid_show(hex, &a->oid));
	return 0;
}

/* The bytes behind an answer of --batch, and the newline that closes them. */
static int take_object(struct tmk_repo *repo, const struct tmk_repo_answer *a,
		       struct tmk_err *err)
{
	struct tmk_repo_git *g = tmk_repo_git_of(repo);
	size_t len = (size_t)a->size;
	uint8_t *data, end = 0;

	if (g->data.cap > KEEP)
		tmk_buf_release(&g->data);
	tmk_buf_clear(&g->data);
	data = tmk_buf_reserve(&g->data, len);
	/* the contents are on their way: without them being read the child
	 * is of no use any more */
	if (!data) {
		tmk_repo_child_stop(&g->batch);
		return tmk_err_nomem(err);
	}
	if (tmk_repo_child_bytes(&g->batch, data, len, err) < 0 ||
	    tmk_repo_child_bytes(&g->batch, &end, 1, err) < 0)
		return -1;
	if (end != '\n')
		return tmk_repo_child_failed(&g->batch,
			"does not end where it said", err);
	tmk_buf_commit(&g->data, len);
	return check_hash(repo, data, len, a, err);
}

/* What git said when it ended. */
static int unread(const struct tmk_repo *repo, const struct tmk_oid *oid,
		  const struct tmk_err *why, struct tmk_err *err)
{
	if (repo->most && strstr(why->text, "Out of memory"))
		return tmk_repo_too_large(repo, oid, err);
	if (err)
		*err = *why;
	return -1;
}

static int read_whole(struct tmk_repo *repo, const uint8_t **data,
		      size_t *len, enum tmk_object_type *type,
		      const struct tmk_oid *oid, struct tmk_err *err)
{
	struct tmk_repo_git *g = tmk_repo_git_of(repo);
	enum tmk_object_type kind = g->last.type;
	uint64_t size = g->last.size;
	struct tmk_err why = TMK_ERR_INIT;
	struct tmk_repo_answer a = { .type = TMK_OBJECT_NONE };

	/* never without knowing how much will come */
	if ((g->last.oid.len != oid->len ||
	     !tmk_oid_equal(&g->last.oid, oid)) &&
	    read_header(repo, &kind, &size, oid, err) < 0)
		return -1;
	if (kind == TMK_OBJECT_NONE) {
		*type = kind;
		return 0;
	}
	if (size > SIZE_MAX_READ)
		return tmk_err_set(err, TMK_INTERNAL, "an object of %llu "
				   "bytes is not read",
				   (unsigned long long)size);
	if (ask(repo, &g->batch, "--batch", &a, oid, &why) < 0)
		return unread(repo, oid, &why, err);
	if (a.type != kind || a.size != size)
		return tmk_repo_child_failed(&g->batch, "says another type or "
					     "size than before", err);
	if (take_object(repo, &a, &why) < 0)
		return unread(repo, oid, &why, err);
	*data = g->data.data;
	*len = (size_t)a.size;
	*type = a.type;
	return 0;
}

static int name_ok(struct tmk_repo *repo, const char *name)
{
	(void)repo;
	return tmk_ref_name_ok(name);
}

static void repo_close(struct tmk_repo *repo)
{
	struct tmk_repo_git *g = tmk_repo_git_of(repo);

	if (g) {
		tmk_repo_child_stop(&g->check);
		tmk_repo_child_stop(&g->batch);
		tmk_repo_git_forget(g);
		tmk_repo_tool_release(&g->tool);
		tmk_buf_release(&g->data);
		free(g);
	}
	free(repo->dir);
	free(repo->common_dir);
	free(repo->worktree);
	free(repo);
}

static const struct tmk_repo_ops ops = {
	.name = "git",
	.header = read_header,
	.read = read_whole,
	.ref = tmk_repo_git_ref,
	.refs = tmk_repo_git_refs,
	.config = tmk_repo_git_config,
	.name_ok = name_ok,
	.close = repo_close
};

int tmk_repo_git_open(struct tmk_repo **out, bool push, struct tmk_err *err)
{
	struct tmk_repo *repo = calloc(1, sizeof(*repo));
	const char *space = getenv("GIT_NAMESPACE");

	(void)push;
	if (!repo)
		return tmk_err_nomem(err);
	repo->ops = &ops;
	repo->priv = calloc(1, sizeof(struct tmk_repo_git));
	if (!repo->priv) {
		free(repo);
		return tmk_err_nomem(err);
	}
	tmk_buf_init(&tmk_repo_git_of(repo)->data, SIZE_MAX_READ);
	if (space && *space) {
		tmk_err_set(err, TMK_INTERNAL, "git namespaces are not "
			    "supported yet");
		tmk_err_hint(err, "push to a repository without "
			     "GIT_NAMESPACE");
		goto out;
	}
	if (tmk_repo_tool_init(&tmk_repo_git_of(repo)->tool, err) < 0 ||
	    tmk_repo_git_locate(repo, err) < 0)
		goto out;
	*out = repo;
	return 0;
out:
	repo_close(repo);
	return -1;
}
