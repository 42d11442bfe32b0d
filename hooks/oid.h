/*
 * oid.h - the name of a git object: SHA-1 or SHA-256, whatever reads it.
 *
 * Plain values on the stack. Bytes beyond `len` are zero, so that two names
 * can be compared as a whole. Knows no repository; fails by returning false.
 */
#ifndef TMK_HOOKS_OID_H
#define TMK_HOOKS_OID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TMK_OID_BYTES 32	/* SHA-256; SHA-1 fills 20 of them */
#define TMK_OID_HEX 64
#define TMK_OID_TEXT (TMK_OID_HEX + 1)

struct tmk_oid {
	uint8_t id[TMK_OID_BYTES];
	uint8_t len;		/* bytes in use: 20 or 32 */
};

/* Read exactly `digits` (40 or 64) hex digits, in either case as git does;
 * whatever stands behind them is not looked at. */
bool tmk_oid_read(struct tmk_oid *out, const char *hex, size_t digits);

/* Write 40 or 64 hex digits and a NUL; returns `out`. */
char *tmk_oid_show(char out[TMK_OID_TEXT], const struct tmk_oid *oid);

/* Whether both are the same id. */
bool tmk_oid_equal(const struct tmk_oid *a, const struct tmk_oid *b);

/* All zero: git's way to say "none". */
bool tmk_oid_is_zero(const struct tmk_oid *oid);

#endif
