/*
 * repomd.h - which files a repomd.xml names, and by which digests.
 *
 * A strict reader of the small part of XML in which repositories of rpms are
 * described: elements, attributes, text, comments. A document type, a CDATA
 * section, a processing instruction, a prefix on a name that matters or an
 * entity in a value that matters is refused, so that no other reader can see
 * other files. Knows no file and no trust. Refusals are object-malformed,
 * digest-weak or limit-exceeded; what is read belongs to the caller and
 * borrows nothing.
 */
#ifndef TMK_FORMATS_REPOMD_H
#define TMK_FORMATS_REPOMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "iface/verdict.h"

#define TMK_REPOMD_MAX (1024 * 1024)	/* bytes of a repomd.xml */
#define TMK_REPOMD_FILES 128	/* data elements */
#define TMK_REPOMD_DEPTH 16	/* elements in elements */

/* One data element. Texts are closed by NUL and hold no control characters. */
struct tmk_repomd_file {
	char type[64];		/* "primary" */
	char href[512];		/* seen from the repository's own directory */
	bool elsewhere;		/* xml:base: of another place */
	char algorithm[16];	/* of the checksum: "sha256", "sha512" */
	char checksum[129];	/* lower-case hex */
	bool sized;
	uint64_t size;		/* bytes */
};

struct tmk_repomd {
	struct tmk_repomd_file file[TMK_REPOMD_FILES];
	int files;		/* at least 1 */
};

/* Whether a file that begins so can only be a repomd.xml: an XML declaration
 * or none, comments, then <repomd. */
bool tmk_repomd_is(const uint8_t *head, size_t len);

/* Whether an href is a path that stays in the repository: no part of it is
 * empty, "." or "..". */
bool tmk_repomd_is_inside(const char *href);

/* Read all of it. 0 with *out, which belongs to the caller (free); 0 with *out
 * NULL and a refusal in `v`; negative when memory ends. */
int tmk_repomd_read(struct tmk_repomd **out, const uint8_t *text, size_t len,
		    struct tmk_verdict *v, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
