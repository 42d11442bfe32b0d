/*
 * debian_date.h - the times in a Release: "Sat, 21 Nov 2026 12:00:00 UTC".
 *
 * The one form that writers of repositories use (RFC 5322 section 3.3 without
 * comments, in universal time, as apt demands). Allocates nothing.
 */
#ifndef TMK_FORMATS_DEBIAN_DATE_H
#define TMK_FORMATS_DEBIAN_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Read such a time: true with *out in seconds since 1970. The day of the week
 * may be left out and is not compared; a zone is UTC, GMT, Z or +0000. */
bool tmk_debian_date_read(int64_t *out, const uint8_t *text, size_t len);

#endif
