/*
 * repo.h - the repository of a push, whoever reads it.
 *
 * Two readers behind one door: libgit2 (repo_libgit2.c), and git's own
 * plumbing (repo_git.c) for what libgit2 cannot open: SHA-256, reftable,
 * extensions, odd paths. Both read raw objects and refs, the quarantine
 * included, with replace refs, grafts and caches of commits off. Knows no
 * policy and judges nothing: "not there" is an answer, everything else that
 * goes wrong is an error (TMK_INTERNAL), on which the push is refused.
 */
#ifndef TMK_HOOKS_REPO_H
#define TMK_HOOKS_REPO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "hooks/oid.h"

#define TMK_REPO_REF_MAX 4096	/* bytes of a ref's name, with its NUL */

/* The numbers of git's pack format. */
enum tmk_object_type {
	TMK_OBJECT_NONE = 0,	/* the object is not there */
	TMK_OBJECT_COMMIT = 1,
	TMK_OBJECT_TREE = 2,
	TMK_OBJECT_BLOB = 3,
	TMK_OBJECT_TAG = 4
};

struct tmk_repo;

/* One ref; symbolic ones are passed over. Negative ends the walk. */
typedef int (*tmk_repo_visit)(void *ctx, const char *name,
			      const struct tmk_oid *oid, struct tmk_err *err);

struct tmk_repo_ops {
	const char *name;	/* "libgit2", "git" */

	/* Type and size without the content: a small pack may hold a large
	 * object. 0 with *type NONE when it is not there. */
	int (*header)(struct tmk_repo *repo, enum tmk_object_type *type,
		      uint64_t *size, const struct tmk_oid *oid,
		      struct tmk_err *err);

	/* The whole raw object. *data is borrowed until the next call on this
	 * repository. The caller has asked for the size before. 0 with *type
	 * NONE when it is not there. Fails with TMK_INPUT when that takes more
	 * memory than `most`, whatever the size is: the object is a difference
	 * to a larger one. */
	int (*read)(struct tmk_repo *repo, const uint8_t **data, size_t *len,
		    enum tmk_object_type *type, const struct tmk_oid *oid,
		    struct tmk_err *err);

	/* The value of one ref, all zero when there is none, and the name of
	 * the ref that a symbolic one ends in (`target`, TMK_REPO_REF_MAX
	 * bytes; "" for a plain one). Follows at most five links, as git. */
	int (*ref)(struct tmk_repo *repo, struct tmk_oid *oid, char *target,
		   const char *name, struct tmk_err *err);

	/* Every direct ref below `prefix` ("" for all), in any order. */
	int (*refs)(struct tmk_repo *repo, const char *prefix,
		    tmk_repo_visit visit, void *ctx, struct tmk_err *err);

	/* The last value of a key of git's configuration as the server sees
	 * it, or NULL; with `path` a leading ~ is replaced. *out belongs to
	 * the caller. Fails with TMK_USAGE for a broken configuration. */
	int (*config)(struct tmk_repo *repo, char **out, const char *key,
		      bool path, struct tmk_err *err);

	/* Whether git would take this as a ref's name (git-check-ref-format);
	 * 1 or 0. */
	int (*name_ok)(struct tmk_repo *repo, const char *name);

	void (*close)(struct tmk_repo *repo);
};

struct tmk_repo {
	const struct tmk_repo_ops *ops;
	size_t hex;		/* digits of an object id: 40 or 64 */
	char *dir;		/* absolute, no slash at the end */
	char *common_dir;	/* the same, but for a worktree */
	char *worktree;		/* NULL: bare */
	uint64_t most;		/* bytes of memory for one object; 0: any */
	void *priv;
};

/*
 * Open the repository that git's environment names (GIT_DIR and, in a push,
 * GIT_QUARANTINE_PATH, GIT_OBJECT_DIRECTORY and
 * GIT_ALTERNATE_OBJECT_DIRECTORIES), or for an audit (`push` false) the one at
 * hand. touchmark.gateReader in its configuration chooses a reader: auto (the
 * default: libgit2 where it can, else git), libgit2 or git. *out belongs to
 * the caller. Fails with TMK_INTERNAL and says why and what the administrator
 * can do.
 */
int tmk_repo_open(struct tmk_repo **out, bool push, struct tmk_err *err)
	TMK_MUST_CHECK;

/* NULL is fine. */
void tmk_repo_close(struct tmk_repo *repo);

/* The two readers. 1 with *out untouched: this reader cannot open it, for the
 * reason in `err`; negative: nobody may (TMK_INTERNAL). */
int tmk_repo_libgit2_open(struct tmk_repo **out, bool push,
			  struct tmk_err *err) TMK_MUST_CHECK;
int tmk_repo_git_open(struct tmk_repo **out, bool push, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Whether an object is there. Negative: it could not be found out. */
int tmk_repo_has(struct tmk_repo *repo, const struct tmk_oid *oid,
		 struct tmk_err *err) TMK_MUST_CHECK;

/* That an object takes more memory than `most` (TMK_INPUT). Returns -1. */
int tmk_repo_too_large(const struct tmk_repo *repo, const struct tmk_oid *oid,
		       struct tmk_err *err);

/* "commit", "tree", "blob", "tag"; "nothing" for NONE. */
const char *tmk_object_type_name(enum tmk_object_type type);

/* The type of this name (`len` bytes), NONE for any other. */
enum tmk_object_type tmk_object_type_find(const char *name, size_t len);

#endif
