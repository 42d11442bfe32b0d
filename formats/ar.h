/*
 * ar.h - the members of an ar archive as Debian packages use it (deb(5)).
 *
 * Only what has one reading: the plain format with names of up to 16 bytes in
 * the headers (a slash behind the name, as System V writes it, is let pass),
 * numbers that are digits and then blanks, a newline behind a member of odd
 * size, and no byte behind the last one. No tables of long names, no symbol
 * tables. Reads headers alone, by offset. Refusals are object-malformed and
 * limit-exceeded; nothing is allocated.
 */
#ifndef TMK_FORMATS_AR_H
#define TMK_FORMATS_AR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "iface/verdict.h"

#define TMK_AR_MAGIC "!<arch>\n"
#define TMK_AR_MAGIC_LEN 8
#define TMK_AR_HEADER 60	/* bytes before the content of a member */
#define TMK_AR_NAME 16		/* bytes of a name */
#define TMK_AR_MEMBERS 32	/* in one archive */
#define TMK_AR_SIZE_MAX 9999999999u	/* bytes of one: ten digits */

struct tmk_ar_member {
	char name[TMK_AR_NAME + 1];	/* without a slash at its end */
	uint64_t at;		/* offset of its header */
	uint64_t data;		/* offset of its content */
	uint64_t size;		/* bytes of its content */
	uint64_t end;		/* offset behind it and its padding */
};

struct tmk_ar {
	struct tmk_ar_member member[TMK_AR_MEMBERS];
	int members;
};

/* Read the headers of an archive of `size` bytes. 0 with `v` good and *ar; 0
 * with the refusal in `v`; fails with TMK_INPUT when a read does. */
int tmk_ar_read(struct tmk_ar *ar, int fd, uint64_t size,
		struct tmk_verdict *v, struct tmk_err *err) TMK_MUST_CHECK;

/* Look at the header at `at` in the beginning of a file, however odd its name:
 * true with the name, without blanks and a slash at its end ("" for a table),
 * and where the next header would be; false when none is there. */
bool tmk_ar_peek(char name[static TMK_AR_NAME + 1], uint64_t *next,
		 const uint8_t *head, size_t len, uint64_t at) TMK_MUST_CHECK;

/* Write the header of a member: no owner, no time, mode 100644, as archives
 * that are to be reproducible have it. `name` has up to 15 bytes; fails with
 * TMK_INTERNAL when it or `size` does not fit. */
int tmk_ar_header(uint8_t out[static TMK_AR_HEADER], const char *name,
		  uint64_t size, struct tmk_err *err) TMK_MUST_CHECK;

#endif
