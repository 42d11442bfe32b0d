/*
 * repo_answer.h - what git's plumbing answers, read strictly.
 *
 * Pure functions over one line, without its newline. An answer that is not
 * exactly what git-cat-file(1) or our own format of git-for-each-ref(1)
 * promises is none: the functions return false and leave *out as it was.
 * Knows no process and allocates nothing.
 */
#ifndef TMK_HOOKS_REPO_ANSWER_H
#define TMK_HOOKS_REPO_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hooks/oid.h"
#include "hooks/repo.h"

/* id, a number of 20 digits, the longest type; with room to spare */
#define TMK_REPO_ANSWER_MAX 128

/* "ID TYPE SIZE" or "ID missing" of git cat-file --batch and --batch-check. */
struct tmk_repo_answer {
	struct tmk_oid oid;
	enum tmk_object_type type;	/* NONE: it is missing */
	uint64_t size;			/* bytes; 0 when it is missing */
};

/* `hex` is the number of digits of an id in this repository. */
bool tmk_repo_answer_read(struct tmk_repo_answer *out, const char *line,
			  size_t len, size_t hex);

/* The format that git for-each-ref is asked to print in, and its longest
 * line. */
#define TMK_REPO_ANSWER_REF "--format=%(objectname) %(symref) %(refname)"
#define TMK_REPO_ANSWER_REF_MAX \
	(TMK_OID_HEX + 1 + TMK_REPO_REF_MAX + 1 + TMK_REPO_REF_MAX)

/* One ref; the names are borrowed from the line. */
struct tmk_repo_ref {
	struct tmk_oid oid;
	const char *target;	/* "" but for a symbolic ref */
	const char *name;
};

/* Closes the names with NULs where `line` has its spaces; `line` ends in a
 * NUL itself. Names that no ref can have are refused. */
bool tmk_repo_answer_ref(struct tmk_repo_ref *out, char *line, size_t len,
			 size_t hex);

#endif
