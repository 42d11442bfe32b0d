/*
 * light.h - the links between objects, read with as little opinion as git's
 * own walker has.
 *
 * For walking only: what is found here is either judged strictly afterwards
 * (formats/git_object.h) or was in the repository before. Knows the raw bytes
 * alone; returns false when even the links cannot be read.
 */
#ifndef TMK_HOOKS_LIGHT_H
#define TMK_HOOKS_LIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hooks/oid.h"
#include "hooks/repo.h"

#define TMK_LIGHT_PARENTS_MAX 1024

struct tmk_light_commit {
	struct tmk_oid tree;
	struct tmk_oid parent[TMK_LIGHT_PARENTS_MAX];
	int parents;
	int64_t time;		/* committer's, 0 when it cannot be read */
};

/* "tree ID", then "parent ID" lines, as git's commit.c reads them; an id has
 * `hex` digits. */
bool tmk_light_commit_read(struct tmk_light_commit *out, const uint8_t *data,
			   size_t len, size_t hex);

/* "object ID", "type T": what a tag points at. */
bool tmk_light_tag_read(struct tmk_oid *target, enum tmk_object_type *type,
			const uint8_t *data, size_t len, size_t hex);

#endif
