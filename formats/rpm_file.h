/*
 * rpm_file.h - the bytes of one rpm, looked at through a small window.
 *
 * A package may be larger than memory, and so may a header in it: nothing is
 * ever read whole. Knows no format. Reads by pread(2) alone, so that the
 * caller's file position stays; a file that became shorter is TMK_INPUT.
 */
#ifndef TMK_FORMATS_RPM_FILE_H
#define TMK_FORMATS_RPM_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TMK_RPM_WINDOW 65536	/* bytes */

struct tmk_rpm_file {
	int fd;			/* borrowed */
	uint64_t size;		/* as it was when it was opened */
	uint8_t *window;	/* of TMK_RPM_WINDOW bytes */
	uint64_t at;		/* where it stands */
	size_t len;		/* bytes in it */
};

/* Begin with a regular file. Fails with TMK_INPUT. */
int tmk_rpm_file_init(struct tmk_rpm_file *file, int fd, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Free the window; the descriptor stays. */
void tmk_rpm_file_release(struct tmk_rpm_file *file);

/* What stands at `at`, which is before the end: *have bytes, at least one,
 * borrowed until the next call. */
int tmk_rpm_file_look(const uint8_t **data, size_t *have,
		      struct tmk_rpm_file *file, uint64_t at,
		      struct tmk_err *err) TMK_MUST_CHECK;

/* Copy the `len` bytes at `at` to `out`. */
int tmk_rpm_file_get(uint8_t *out, size_t len, struct tmk_rpm_file *file,
		     uint64_t at, struct tmk_err *err) TMK_MUST_CHECK;

/* A big-endian number of four bytes. */
static inline uint32_t tmk_rpm_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		(uint32_t)p[2] << 8 | p[3];
}

/* A big-endian number of eight bytes. */
static inline uint64_t tmk_rpm_be64(const uint8_t *p)
{
	return (uint64_t)tmk_rpm_be32(p) << 32 | tmk_rpm_be32(p + 4);
}

#endif
