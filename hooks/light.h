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

#include <git2.h>

#define TMK_LIGHT_PARENTS_MAX 1024

struct tmk_light_commit {
	git_oid parent[TMK_LIGHT_PARENTS_MAX];
	int parents;
	int64_t time;		/* committer's, 0 when it cannot be read */
};

/* "tree ID", then "parent ID" lines, as git's commit.c reads them. */
bool tmk_light_commit_read(struct tmk_light_commit *out, const uint8_t *data,
			   size_t len);

/* "object ID", "type T": what a tag points at. */
bool tmk_light_tag_read(git_oid *target, git_object_t *type,
			const uint8_t *data, size_t len);

#endif
