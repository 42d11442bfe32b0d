/*
 * control_kind.h - which Debian control file a text is, by the fields that it
 * has.
 *
 * Looks at the beginning of a file that may be cut off anywhere, clearsigned
 * or not; what it says of a beginning is said again, by the same rules, of the
 * whole. Checks nothing: formats/deb822.h is the strict reader.
 */
#ifndef TMK_FORMATS_CONTROL_KIND_H
#define TMK_FORMATS_CONTROL_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tmk_control_kind {
	TMK_CONTROL_OTHER = 0,
	TMK_CONTROL_DSC,		/* a source package (dsc(5)) */
	TMK_CONTROL_BUILDINFO,	/* deb-buildinfo(5) */
	TMK_CONTROL_CHANGES,	/* deb-changes(5) */
	TMK_CONTROL_RELEASE	/* of an apt repository */
};

/* `name` (without directories) is only asked where the fields of a beginning
 * fit several. */
enum tmk_control_kind tmk_control_kind_of(const char *name, const uint8_t *head,
					size_t len);

/* Whether a path in a Release is that of itself or of what signs it: who writes
 * one where it will stand lists it half-written, and nobody reads it by
 * that. */
bool tmk_control_is_release(const uint8_t *path, size_t len);

#endif
