/*
 * manifest.h - what is in an archive, as lines of which there is one form
 * only: docs/PROTOCOL.manifest.
 *
 * Writes and reads the text; opens no archive and hashes nothing. Since equal
 * entries are equal lines, who compares two manifests compares bytes. Fails
 * with TMK_INPUT for what cannot be in a manifest. What was read is borrowed
 * from the bytes that were given.
 */
#ifndef TMK_FORMATS_MANIFEST_H
#define TMK_FORMATS_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "formats/packed.h"

#define TMK_MANIFEST_VERSION 1
#define TMK_MANIFEST_SHA256 32
#define TMK_MANIFEST_MAX (512u << 20)	/* bytes of one */
#define TMK_MANIFEST_ENTRIES 1000000	/* entries of one */
#define TMK_MANIFEST_PATH 4096	/* bytes of a path or target */

/* What an entry is. */
enum tmk_manifest_type {
	TMK_MANIFEST_FILE,
	TMK_MANIFEST_HARD,	/* another name of a file */
	TMK_MANIFEST_LINK,	/* symbolic */
	TMK_MANIFEST_DIR,
	TMK_MANIFEST_CHAR,
	TMK_MANIFEST_BLOCK,
	TMK_MANIFEST_FIFO,
	TMK_MANIFEST_SOCKET,
	TMK_MANIFEST_TYPES
};

/* A number of bytes and their SHA-256. */
struct tmk_manifest_sum {
	uint64_t size;
	uint8_t sha256[TMK_MANIFEST_SHA256];
};

struct tmk_manifest_entry {
	enum tmk_manifest_type type;
	unsigned int mode;	/* 07777 at most */
	struct tmk_manifest_sum sum;	/* of the content of a file, and of a
					   hard link that came with some */
	uint32_t major, minor;	/* of a device */
	const char *path;	/* raw bytes, borrowed */
	const char *target;	/* of a link, raw bytes, borrowed; else NULL */
};

/* What stands around the entries. */
struct tmk_manifest {
	char content[8];	/* "tar", "zip", "ar", "cpio", "none" */
	uint64_t entries;
	bool loose;		/* a tar that may be read in several ways */
	enum tmk_packed packed;
	struct tmk_manifest_sum stream, raw;	/* uncompressed; as it is */
	const char *lines;	/* the entries, each closed by LF; borrowed */
	size_t lines_len;
};

/* One entry of a manifest that was read. */
struct tmk_manifest_line {
	const char *text;	/* without LF, borrowed */
	size_t len;
	const char *path;	/* escaped as it stands there, borrowed */
	size_t path_len;
};

/* Why such a path may not be in an archive ("is absolute"), or NULL. Leading
 * from where it is unpacked to somewhere else is what is refused. */
const char *tmk_manifest_path_fault(const char *path);

/* Append the first lines. `content` as above. Negative when `out` is full. */
int tmk_manifest_begin(struct tmk_buf *out, const char *content)
	TMK_MUST_CHECK;

/* Append one entry. Fails with TMK_INPUT naming the entry and its fault, and
 * with TMK_REFUSED (limit-exceeded) when `out` is full. */
int tmk_manifest_add(struct tmk_buf *out,
		     const struct tmk_manifest_entry *entry,
		     struct tmk_err *err) TMK_MUST_CHECK;

/* Append the last lines: m->entries, packed, stream and raw. */
int tmk_manifest_end(struct tmk_buf *out, const struct tmk_manifest *m)
	TMK_MUST_CHECK;

/* Read a whole manifest: each line is checked, and must be as this writer
 * would have written it. Fails with TMK_INPUT and the number of the line. */
int tmk_manifest_read(struct tmk_manifest *m, const void *data, size_t len,
		      struct tmk_err *err) TMK_MUST_CHECK;

/* The entry at *at (0 at first), which is moved behind it. False at the end.
 * Only for what tmk_manifest_read has checked. */
bool tmk_manifest_next(struct tmk_manifest_line *line,
		       const struct tmk_manifest *m, size_t *at);

/* Whether these bytes begin as a manifest does. */
bool tmk_manifest_is(const void *data, size_t len);

/* The word of an entry's type: "file", "hard", ... */
const char *tmk_manifest_word(enum tmk_manifest_type type);

#endif
