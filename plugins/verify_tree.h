/*
 * verify_tree.h - what is below a directory: artefacts, signatures that stand
 * beside them, signatures of nothing, and what is not looked at.
 *
 * Judges nothing. Names tell which file a signature is for; the first bytes
 * tell whether it is one, so that nothing hides behind an ending. No link is
 * followed. Fails with TMK_INPUT for a directory that cannot be read, is too
 * deep or too large. Freed by _release.
 */
#ifndef TMK_PLUGINS_VERIFY_TREE_H
#define TMK_PLUGINS_VERIFY_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TMK_VERIFY_DEPTH 64		/* directories within one another */
#define TMK_VERIFY_FILES 1000000	/* below one directory */

enum tmk_verify_kind {
	TMK_VERIFY_ARTEFACT = 1,
	TMK_VERIFY_SIGNATURE,	/* its artefact is there */
	TMK_VERIFY_ORPHAN,	/* what it signs is not there */
	TMK_VERIFY_LINK,
	TMK_VERIFY_SPECIAL	/* pipe, device, socket */
};

struct tmk_verify_entry {
	char *path;		/* begins with the directory as it was named */
	enum tmk_verify_kind kind;
};

struct tmk_verify_tree {
	struct tmk_verify_entry *entry;	/* in the order of their paths */
	size_t entries;
};

/* Read what is below `dir`; *out belongs to the caller (_release). */
int tmk_verify_tree_read(struct tmk_verify_tree *out, const char *dir,
			 struct tmk_err *err) TMK_MUST_CHECK;
void tmk_verify_tree_release(struct tmk_verify_tree *tree);

/* The entry of that path; NULL. Borrowed. */
const struct tmk_verify_entry *
tmk_verify_tree_find(const struct tmk_verify_tree *tree, const char *path);

/* How many bytes of `path` name the file that it is a signature for; 0 when it
 * is none by its name or by what it begins with. Whether that file is there is
 * not asked. */
size_t tmk_verify_tree_base(const char *path);

/* Whether it is one by what it begins with. */
bool tmk_verify_tree_signs(const char *path);

/* The beginning of a file, at most `size` bytes; 0 when it cannot be read. */
size_t tmk_verify_tree_head(uint8_t *head, size_t size, const char *path);

#endif
