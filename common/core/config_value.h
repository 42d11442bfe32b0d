/*
 * config_value.h - what a value of the configuration is turned into: a string,
 * the name of a file, a number.
 *
 * Each replaces what the field held before, which stays as it was on failure.
 * Fails with TMK_USAGE; the caller says where the value stands.
 */
#ifndef TMK_CORE_CONFIG_VALUE_H
#define TMK_CORE_CONFIG_VALUE_H

#include <stdint.h>

#include "base/err.h"
#include "core/config_files.h"

/* A copy of the text; *field belongs to its struct. */
int tmk_config_value_text(char **field, const char *value,
			  struct tmk_err *err) TMK_MUST_CHECK;

/* The name of a file, seen from the file that names it; "~/" is home. A
 * relative name is refused where that file is not known: in an included one,
 * and on the command line. */
int tmk_config_value_path(char **field, const char *value,
			  const struct tmk_config_entry *e,
			  struct tmk_err *err) TMK_MUST_CHECK;

/* A whole number from `min` to `max`, digits alone. */
int tmk_config_value_number(int64_t *out, const char *value, int64_t min,
			    int64_t max, struct tmk_err *err) TMK_MUST_CHECK;

#endif
