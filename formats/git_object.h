/*
 * git_object.h - git's commits and tags, read strictly from the raw bytes.
 *
 * One grammar, and nothing that only one of git's readers would understand:
 * every header in its place and once, idents that have one reading, no NUL
 * anywhere, nothing unknown that is not under the signature. What is accepted
 * here is read alike by git and libgit2 (a test holds us to it).
 *
 * Knows neither repositories, keys nor trust, and decodes no signature. All
 * spans are borrowed from the bytes given; nothing is allocated, nothing is
 * freed. A parser returns true with *out filled, or false with the refusal in
 * `v` (object-malformed, signature-malformed, limit-exceeded) and *out as it
 * was.
 */
#ifndef TMK_FORMATS_GIT_OBJECT_H
#define TMK_FORMATS_GIT_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "iface/format.h"
#include "iface/verdict.h"

#define TMK_GIT_HEX_SHA1 40	/* hex digits of an object id */
#define TMK_GIT_HEX_SHA256 64
#define TMK_GIT_PARENTS_MAX 1024
#define TMK_GIT_OTHERS_MAX 32	/* unknown headers of one commit */
#define TMK_GIT_LINE_MAX 4096	/* bytes of one ident or one-line header */
#define TMK_GIT_OTHER_MAX 65536	/* bytes of one unknown header, folds too */
#define TMK_GIT_NAME_MAX 1024	/* bytes of a tag's name */

/* "Name <email> seconds +hhmm" */
struct tmk_git_ident {
	struct tmk_span name;	/* as it stands, may be empty */
	struct tmk_span email;	/* between the angle brackets, may be empty */
	int64_t time;		/* s since 1970: a claim, no proof */
	int zone;		/* minutes east of UTC */
};

struct tmk_git_commit {
	size_t hex;		/* digits of its object ids: 40 or 64 */
	struct tmk_span tree;
	struct tmk_span parent_lines;	/* use tmk_git_commit_parent */
	int parents;
	struct tmk_git_ident author, committer;
	struct tmk_span encoding;	/* empty: UTF-8 is meant */
	int mergetags;
	int others;		/* unknown headers; only in signed commits */
	bool has_signature;
	struct tmk_span signature;	/* the whole header: name, folds and
					   line ends; what the payload lacks */
	struct tmk_span message;	/* after the empty line */
};

struct tmk_git_tag {
	size_t hex;
	struct tmk_span object;	/* id of what is tagged */
	struct tmk_span type;	/* "commit", "tag", "tree" or "blob" */
	struct tmk_span name;
	struct tmk_git_ident tagger;
	struct tmk_span message;	/* without the signature */
	bool has_signature;
	struct tmk_span signature;	/* the armour, to the object's end */
};

/*
 * Read a commit (git's commit.c and fsck.c, and INTERFACE "Commit headers").
 * `hex` is the length of the repository's object ids, 0 to take it from the
 * tree header.
 */
bool tmk_git_commit_parse(struct tmk_git_commit *out, const uint8_t *data,
			  size_t len, size_t hex, struct tmk_verdict *v)
	TMK_MUST_CHECK;

/* The id of parent `i`, 0 <= i < commit->parents; commit->hex digits. */
struct tmk_span tmk_git_commit_parent(const struct tmk_git_commit *commit,
				      int i);

/*
 * Read a tag (git's tag.c and fsck.c). The signature is the one block that
 * git would find, and it must end the object.
 */
bool tmk_git_tag_parse(struct tmk_git_tag *out, const uint8_t *data,
		       size_t len, size_t hex, struct tmk_verdict *v)
	TMK_MUST_CHECK;

/* Whether the span holds exactly this C string. */
bool tmk_span_is(struct tmk_span span, const char *text);

#endif
