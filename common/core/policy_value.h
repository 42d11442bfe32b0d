/*
 * policy_value.h - reading one value of a policy; private to
 * common/core/policy*.c.
 *
 * Each reader names file and line when it refuses (TMK_USAGE) and leaves its
 * output as it was. Knows words, numbers, paths and fingerprints, nothing of
 * what they are for. Texts belong to the place they are stored in.
 */
#ifndef TMK_CORE_POLICY_VALUE_H
#define TMK_CORE_POLICY_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/policy_reader.h"

/* A word that a key takes, and what it stands for; a NULL text ends a list. */
struct tmk_policy_word {
	const char *text;
	int value;
};

/* One key of the policy; a NULL section ends a table. Names are lower-case,
 * as libgit2 gives them. */
struct tmk_policy_key {
	const char *section;
	const char *name;
	bool repeats;
	int (*set)(struct tmk_policy_reader *r, const char *value,
		   struct tmk_err *err);
};

/* The keys of [trust]; of [role], [env] and [ref]; of [artefact]. */
extern const struct tmk_policy_key tmk_policy_keys_trust[];
extern const struct tmk_policy_key tmk_policy_keys_ref[];
extern const struct tmk_policy_key tmk_policy_keys_artefact[];

/* What a timestamp = VALUE means, in any section that has it. */
int tmk_policy_value_timestamp(struct tmk_policy_reader *r, const char *value,
			       enum tmk_timestamp_rule *out,
			       struct tmk_err *err) TMK_MUST_CHECK;

/* One of the words, or an error that lists them all. */
int tmk_policy_value_choose(struct tmk_policy_reader *r, const char *value,
			    const struct tmk_policy_word *words, int *out,
			    struct tmk_err *err) TMK_MUST_CHECK;

/* A whole number from `min` to `max`; `sized` takes k, m and g behind it. */
int tmk_policy_value_number(struct tmk_policy_reader *r, const char *value,
			    bool sized, uint64_t min, uint64_t max,
			    uint64_t *out, struct tmk_err *err)
	TMK_MUST_CHECK;

/* The same for small numbers without a unit. */
int tmk_policy_value_int(struct tmk_policy_reader *r, const char *value,
			 int min, int max, int *out, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Store a copy, freeing what was there. */
int tmk_policy_value_text(char **out, const char *value, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Store a path, seen from the folder of the policy file. */
int tmk_policy_value_path(struct tmk_policy_reader *r, char **out,
			  const char *value, struct tmk_err *err)
	TMK_MUST_CHECK;

/* "sha256:" and 64 hex digits, colons between bytes allowed as openssl prints
 * them. `out` gets lower case; false for anything else. */
bool tmk_policy_value_fingerprint(char out[65], const char *value);

/* The array, or where it was moved to, with room for one more behind `count`
 * items of `size` bytes; NULL on failure, and the array is as it was. */
void *tmk_policy_value_grow(struct tmk_policy_reader *r, void *array,
			    int count, size_t size, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
