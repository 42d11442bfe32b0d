/*
 * verify_difference.h - which entries differ between two manifests.
 *
 * Judges nothing and reads no file. Fails with TMK_INTERNAL when memory ends.
 */
#ifndef TMK_PLUGINS_VERIFY_DIFFERENCE_H
#define TMK_PLUGINS_VERIFY_DIFFERENCE_H

#include "formats/manifest.h"
#include "plugins/verify.h"

/* How many entries differ in which way. */
struct tmk_verify_difference {
	uint64_t missing, added, changed;
};

/* Compare what was signed with what is there, entry by entry of the same
 * name: lines into answer->difference, sorted by name, all of them counted in
 * answer->differences. Only the order differs when none is counted and the
 * entries are not the same bytes. */
int tmk_verify_difference_find(struct tmk_verify_difference *found,
			       struct tmk_verify_answer *answer,
			       const struct tmk_manifest *was,
			       const struct tmk_manifest *is,
			       struct tmk_err *err) TMK_MUST_CHECK;

#endif
