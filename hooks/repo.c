/*
 * repo.c - which reader opens a repository, and what both of them share.
 */
#include "hooks/repo.h"

#include <string.h>

int tmk_repo_open(struct tmk_repo **out, bool push, struct tmk_err *err)
{
	return tmk_repo_libgit2_open(out, push, err) ? -1 : 0;
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

static const char *const names[] = {
	"nothing", "commit", "tree", "blob", "tag"
};

const char *tmk_object_type_name(enum tmk_object_type type)
{
	return (size_t)type < sizeof(names) / sizeof(names[0]) ? names[type] :
		"nothing";
}

enum tmk_object_type tmk_object_type_find(const char *name, size_t len)
{
	int i;

	for (i = TMK_OBJECT_COMMIT; i <= TMK_OBJECT_TAG; i++)
		if (strlen(names[i]) == len && !memcmp(names[i], name, len))
			return (enum tmk_object_type)i;
	return TMK_OBJECT_NONE;
}
