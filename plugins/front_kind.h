/*
 * front_kind.h - what a content is, told by its first bytes, for the record
 * and for those who are asked to approve it.
 *
 * A claim and no proof: whoever signs chooses the bytes. Needs libc alone.
 */
#ifndef TMK_PLUGINS_FRONT_KIND_H
#define TMK_PLUGINS_FRONT_KIND_H

#include <stddef.h>
#include <stdint.h>

#define TMK_FRONT_KIND_HEAD 512	/* bytes that are looked at */
#define TMK_FRONT_KIND_TAG "git-tag"

/* "git-commit", "git-tag" (gitformat: their first header is a whole object
 * name), else "file"; static. */
const char *tmk_front_kind(const uint8_t *head, size_t len);

/* The name of a git tag (its third header, git-mktag(1)) into `out` (`size`
 * bytes); "" when it is none, or is not whole in what is looked at. Returns
 * `out`. */
char *tmk_front_kind_tag(char *out, size_t size, const uint8_t *head,
			 size_t len);

#endif
