/*
 * archive_tar.h - whether a tar can be read in one way only.
 *
 * libarchive says what is in a tar, and another program may find something
 * else there: headers for all entries that one honours and the other does not,
 * two names or sizes for one entry, sparse files, numbers in odd forms. Here
 * the headers are looked at as they go by. A tar that has nothing but what
 * every reader understands alike is plain; any other one is loose, which is no
 * fault: only its entries say less. It knows nothing of names and contents.
 * Fails only when memory ends.
 */
#ifndef TMK_PLUGINS_ARCHIVE_TAR_H
#define TMK_PLUGINS_ARCHIVE_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define TMK_ARCHIVE_TAR_BLOCK 512
#define TMK_ARCHIVE_TAR_EXTENDED (1u << 20)	/* bytes before one entry */

struct tmk_archive_tar {
	bool loose;
	bool over;		/* the end of the archive was there */
	uint8_t block[TMK_ARCHIVE_TAR_BLOCK];	/* a header, not yet whole */
	size_t have;
	char extended;		/* whose content is gathered: 'x', 'g', 'L',
				   'K'; 0: none */
	uint64_t left;		/* bytes of that content */
	uint64_t skip;		/* bytes up to the next header */
	struct tmk_buf text;	/* that content */
	unsigned int seen;	/* what was said of the next entry */
	bool slash;		/* its name ends in one */
	uint64_t size;		/* of it, when it was said there */
};

/* Begin with nothing read. What it gathers belongs to it (_release). */
void tmk_archive_tar_init(struct tmk_archive_tar *tar);

/* The next bytes of the stream. */
int tmk_archive_tar_feed(struct tmk_archive_tar *tar, const uint8_t *data,
			 size_t len, struct tmk_err *err) TMK_MUST_CHECK;

/* Whether what was given up to its end is a plain tar. */
bool tmk_archive_tar_is_plain(const struct tmk_archive_tar *tar);

/* Free what was gathered. */
void tmk_archive_tar_release(struct tmk_archive_tar *tar);

#endif
