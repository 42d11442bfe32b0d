/*
 * file_range.h - a range of an open file, handed to whoever hashes it or
 * copied into a new file, in constant memory.
 *
 * The file is read by offset and its position never moves. Knows no format.
 * Fails with TMK_INPUT when a read or write fails or the file ends early.
 */
#ifndef TMK_FORMATS_FILE_RANGE_H
#define TMK_FORMATS_FILE_RANGE_H

#include <stdint.h>

#include "base/err.h"
#include "iface/package.h"

/* How many bytes the file has. Fails with TMK_INPUT when it is no regular
 * file. */
int tmk_file_range_size(uint64_t *size, int fd, const char *name,
			struct tmk_err *err) TMK_MUST_CHECK;

/* Give `sink` the `len` bytes at `at`. Fails as the sink does, too. */
int tmk_file_range_feed(int fd, uint64_t at, uint64_t len,
			tmk_package_sink *sink, void *to, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Write the `len` bytes at `at` to where `out` stands. */
int tmk_file_range_copy(int out, int fd, uint64_t at, uint64_t len,
			struct tmk_err *err) TMK_MUST_CHECK;

#endif
