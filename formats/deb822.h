/*
 * deb822.h - one Debian control paragraph (.dsc, .changes, .buildinfo,
 * Release), read without encoding anything again.
 *
 * Strict where readers differ: one paragraph, no field twice, no comments, no
 * lines of blanks alone, no carriage returns, no other control bytes but the
 * tab. Fields are spans of the text, which is borrowed and must live as long;
 * a changed text is the old one with other bytes in the places of hashes and
 * sizes. Knows no files and no signatures. Refusals are object-malformed and
 * limit-exceeded.
 */
#ifndef TMK_FORMATS_DEB822_H
#define TMK_FORMATS_DEB822_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "iface/format.h"
#include "iface/verdict.h"

#define TMK_DEB822_FIELDS 256		/* in one paragraph */
#define TMK_DEB822_ENTRIES 65536	/* in one list of files */
#define TMK_DEB822_NAME 255		/* bytes of a file's name */
#define TMK_DEB822_PATH 1023		/* bytes of a path, in Release */

struct tmk_deb822_field {
	struct tmk_span name;	/* as it is written */
	struct tmk_span value;	/* behind the colon up to the last line end of
				   the field, which is not in it; the lines
				   that continue it are */
};

/* A paragraph; large, but nothing to free. */
struct tmk_deb822 {
	struct tmk_span text;
	struct tmk_deb822_field field[TMK_DEB822_FIELDS];
	int fields;
};

/* Read `text`, which is one paragraph; empty lines may follow it. Returns true
 * with *p, whose spans lie in `text`; false with the refusal in `v`. */
bool tmk_deb822_parse(struct tmk_deb822 *p, const uint8_t *text, size_t len,
		      struct tmk_verdict *v) TMK_MUST_CHECK;

/* The field of that name in any case; NULL. Borrowed from the paragraph. */
const struct tmk_deb822_field *tmk_deb822_find(const struct tmk_deb822 *p,
					       const char *name);

/* The value of a field of one line without the blanks around it; data NULL
 * when there is no such field or it has several lines. */
struct tmk_span tmk_deb822_line(const struct tmk_deb822 *p, const char *name);

/* The digests in lists of files, by what hash they are. */
enum tmk_deb822_hash {
	TMK_DEB822_MD5 = 1,	/* 32 digits */
	TMK_DEB822_SHA1,	/* 40 */
	TMK_DEB822_SHA256,	/* 64 */
	TMK_DEB822_SHA512	/* 128 */
};

#define TMK_DEB822_HASHES 5	/* one more than the last */
#define TMK_DEB822_HEX 129	/* the longest digest and a NUL */

/* One line of a list. */
struct tmk_deb822_entry {
	struct tmk_span hash;	/* lower-case hex digits, of the right number */
	struct tmk_span size;	/* as it is written */
	uint64_t bytes;		/* what it says */
	struct tmk_span section, priority;	/* "Files" of .changes; empty */
	struct tmk_span name;
};

/* How the lines of a list look. */
enum tmk_deb822_form {
	TMK_DEB822_PLAIN = 1,	/* hash size name */
	TMK_DEB822_CHANGES,	/* hash size section priority name, or as the
				   plain one: "Files" alone */
	TMK_DEB822_PATHS	/* hash size path: Release */
};

struct tmk_deb822_list {
	const struct tmk_deb822_field *field;
	enum tmk_deb822_hash hash;
	struct tmk_deb822_entry *entry;
	int entries;
};

/* Start with no entries. */
void tmk_deb822_list_init(struct tmk_deb822_list *list);
/* Free the entries. */
void tmk_deb822_list_release(struct tmk_deb822_list *list);

/* Which digest the list of that name has: "Files", "MD5Sum", "Checksums-Sha1",
 * "SHA256" ... in any case; 0 when it is no list of files. */
enum tmk_deb822_hash tmk_deb822_hash_of(struct tmk_span name);

/*
 * The entries of a list, whose first line is empty. Names are those of files in
 * the same directory: no slash, not "." or "..", no control bytes, blanks or
 * bytes that a shell or a terminal would take for something else; of paths
 * every part is such a name. None is there twice. `list` was initialised. 0
 * with `v` good; 0 with the refusal in `v`; -1 when memory ends.
 */
int tmk_deb822_list_read(struct tmk_deb822_list *list,
			 const struct tmk_deb822_field *field,
			 enum tmk_deb822_form form, struct tmk_verdict *v,
			 struct tmk_err *err) TMK_MUST_CHECK;

/* The entry of that file; NULL. Borrowed. */
const struct tmk_deb822_entry *
tmk_deb822_list_find(const struct tmk_deb822_list *list, const char *name,
		     size_t len);

/* What a file is now. */
struct tmk_deb822_file {
	const char *name;
	uint64_t bytes;
	/* lower-case hex by enum tmk_deb822_hash; "" where it is not known */
	char hash[TMK_DEB822_HASHES][TMK_DEB822_HEX];
};

/*
 * Append the paragraph as it is once `files` have changed: in every list of
 * files, and in every entry that names one of them, its hash and size; no
 * other byte. *changed (may be NULL) gets how many entries became different.
 * 0 with `v` good; 0 with the refusal in `v` (a list that is malformed); fails
 * with TMK_USAGE when a hash is needed that `files` does not have, and with
 * TMK_INTERNAL when memory ends.
 */
int tmk_deb822_update(struct tmk_buf *out, int *changed,
		      const struct tmk_deb822 *p, enum tmk_deb822_form form,
		      const struct tmk_deb822_file *files, int count,
		      struct tmk_verdict *v, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
