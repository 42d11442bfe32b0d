/*
 * chain_file.h - the files of a hash-chained log: FILE, FILE.head, FILE.lock.
 * Internal to core/chain_log*.c.
 *
 * Knows how they are opened, locked and named, and how a head is written; what
 * an entry is knows chain_log.h. Fails with TMK_INPUT, or TMK_REFUSED for what
 * no append ever leaves behind. What is opened belongs to the caller.
 */
#ifndef TMK_CORE_CHAIN_FILE_H
#define TMK_CORE_CHAIN_FILE_H

#include <stdbool.h>

#include "core/chain_log.h"

#define TMK_CHAIN_ZERO \
	"0000000000000000000000000000000000000000000000000000000000000000"

/* FILE.lock, held alone, or with `shared` together with other readers; made
 * when it is missing. Waits ten seconds at most. A reader who may not open it
 * goes on without: *fd is -1 then. */
int tmk_chain_file_lock(int *fd, const char *path, bool shared,
			struct tmk_err *err) TMK_MUST_CHECK;

/* Open FILE for appending (`make`: create it) or reading. 1 when it is not
 * there; TMK_INPUT when it is no regular file or others may write it. */
int tmk_chain_file_open(int *fd, uint64_t *size, const char *path, bool append,
			bool make, struct tmk_err *err) TMK_MUST_CHECK;

/* Read FILE.head: 0, or 1 when it is not there. TMK_REFUSED when it is not
 * what we write. */
int tmk_chain_file_head(struct tmk_chain_head *head, const char *path,
			struct tmk_err *err) TMK_MUST_CHECK;

/* Write FILE.head, synced and renamed. */
int tmk_chain_file_put_head(const struct tmk_chain_head *head,
			    const char *path, struct tmk_err *err)
	TMK_MUST_CHECK;

/* SHA-256 in hex of the bytes [from, to) of an open file. */
int tmk_chain_file_hash(char out[TMK_CHAIN_HEX], int fd, uint64_t from,
			uint64_t to, const char *path, struct tmk_err *err)
	TMK_MUST_CHECK;

/* tmk_chain_log_read for an open file of `end` bytes. `head` NULL: its end is
 * not held against anything. */
int tmk_chain_file_read(struct tmk_chain_report *report, int fd, uint64_t end,
			const struct tmk_chain_head *head, const char *path,
			const struct tmk_chain_visit *visit,
			struct tmk_err *err) TMK_MUST_CHECK;

/* The highest N for which a file FILE.N... is there, 0 when none is. */
int tmk_chain_file_number(unsigned int *highest, const char *path,
			  struct tmk_err *err) TMK_MUST_CHECK;

#endif
