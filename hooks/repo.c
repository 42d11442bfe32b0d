/*
 * repo.c - which of the two readers opens the repository, and what both need.
 */
#include "hooks/repo.h"

#include <stdlib.h>
#include <string.h>

#define KEY "touchmark.gateReader"

enum choice { AUTO, LIBGIT2, GIT };

/* What the server's configuration says, as this reader sees it. */
static int read_choice(struct tmk_repo *repo, enum choice *out,
		       struct tmk_err *err)
{
	char *value = NULL;
	int ret = 0;

	if (repo->ops->config(repo, &value, "touchmark.gatereader", false,
			      err) < 0)
		return -1;
	if (!value || !strcmp(value, "auto")) {
		*out = AUTO;
	} else if (!strcmp(value, "libgit2")) {
		*out = LIBGIT2;
	} else if (!strcmp(value, "git")) {
		*out = GIT;
	} else {
		tmk_err_set(err, TMK_INTERNAL, KEY " is \"%.100s\"", value);
		ret = tmk_err_hint(err, "the administrator must set it to "
				   "auto, libgit2 or git");
	}
	free(value);
	return ret;
}

/* libgit2 cannot: git has to, unless it may not. `why` is libgit2's reason. */
static int open_other(struct tmk_repo **out, bool push,
		      const struct tmk_err *why, struct tmk_err *err)
{
	struct tmk_repo *repo = NULL;
	enum choice choice = AUTO;

	if (tmk_repo_git_open(&repo, push, err)) {
		if (err && !*err->hint)
			tmk_err_hint(err, "libgit2 cannot either: %.250s",
				     why->text);
		return -1;
	}
	if (read_choice(repo, &choice, err) < 0) {
		tmk_repo_close(repo);
		return -1;
	}
	if (choice == LIBGIT2) {
		tmk_repo_close(repo);
		tmk_err_set(err, TMK_INTERNAL, "%s", why->text);
		return tmk_err_hint(err, KEY " allows libgit2 alone: the "
				    "administrator may set it to auto");
	}
	*out = repo;
	return 0;
}

int tmk_repo_open(struct tmk_repo **out, bool push, struct tmk_err *err)
{
	struct tmk_err why = TMK_ERR_INIT;
	struct tmk_repo *repo = NULL;
	enum choice choice = AUTO;
	int rc = tmk_repo_libgit2_open(&repo, push, &why);

	if (rc > 0)
		return open_other(out, push, &why, err);
	if (rc < 0) {
		if (err)
			*err = why;
		return -1;
	}
	if (read_choice(repo, &choice, err) < 0) {
		tmk_repo_close(repo);
		return -1;
	}
	if (choice == GIT) {
		tmk_repo_close(repo);
		return tmk_repo_git_open(out, push, err) ? -1 : 0;
	}
	*out = repo;
	return 0;
}

void tmk_repo_close(struct tmk_repo *repo)
{
	if (repo)
		repo->ops->close(repo);
}

int tmk_repo_has(struct tmk_repo *repo, const struct tmk_oid *oid,
		 struct tmk_err *err)
{
	enum tmk_object_type type;
	uint64_t size;

	if (repo->ops->header(repo, &type, &size, oid, err) < 0)
		return -1;
	return type != TMK_OBJECT_NONE;
}

int tmk_repo_too_large(const struct tmk_repo *repo, const struct tmk_oid *oid,
		       struct tmk_err *err)
{
	char hex[TMK_OID_TEXT];

	return tmk_err_set(err, TMK_INPUT, "to read object %s takes more than "
			   "%llu bytes", tmk_oid_show(hex, oid),
			   (unsigned long long)repo->most);
}

static const char *const names[] = { "nothing", "commit", "tree", "blob",
				     "tag" };

#define NAMES (sizeof(names) / sizeof(names[0]))

const char *tmk_object_type_name(enum tmk_object_type type)
{
	return (size_t)type < NAMES ? names[type] : names[0];
}

enum tmk_object_type tmk_object_type_find(const char *name, size_t len)
{
	size_t i;

	for (i = TMK_OBJECT_COMMIT; i < NAMES; i++)
		if (strlen(names[i]) == len && !memcmp(names[i], name, len))
			return (enum tmk_object_type)i;
	return TMK_OBJECT_NONE;
}
