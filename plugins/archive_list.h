/*
 * archive_list.h - the entries of an archive, written as a manifest while the
 * stream goes by.
 *
 * libarchive says what is inside; what it is unsure of is refused, as is a
 * path that leads out of where it is unpacked. Constant memory: an entry is
 * written and forgotten. Fails with TMK_INPUT, and with TMK_REFUSED
 * (limit-exceeded) for a bomb.
 */
#ifndef TMK_PLUGINS_ARCHIVE_LIST_H
#define TMK_PLUGINS_ARCHIVE_LIST_H

#include "plugins/archive_ring.h"
#include "plugins/archive_unpack.h"

struct tmk_archive_list {
	struct tmk_archive_ring *ring;	/* the stream; borrowed */
	/* What is read at its places instead when the stream is a zip, whose
	 * list of files is at its end: a descriptor, -1: none. */
	int fd;
	uint64_t size;		/* of it */
	int out;		/* where the manifest goes */
};

/* Write everything but the last line's raw sum, which the other thread knows
 * in the end: m->raw is set from `unpack` after the stream has ended. */
int tmk_archive_list_run(struct tmk_archive_list *list,
			 const struct tmk_archive_unpack *unpack,
			 struct tmk_err *err) TMK_MUST_CHECK;

#endif
