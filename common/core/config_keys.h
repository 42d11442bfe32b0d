/*
 * config_keys.h - the keys of the configuration, one table for each kind of
 * section. Internal to core/config*.c.
 *
 * A table says which keys there are and who reads each value into struct
 * tmk_config. Fails with TMK_USAGE, without file and line: whoever walks the
 * files knows those.
 */
#ifndef TMK_CORE_CONFIG_KEYS_H
#define TMK_CORE_CONFIG_KEYS_H

#include <stdbool.h>

#include "base/err.h"
#include "core/config.h"
#include "core/config_files.h"

/* A configuration while it is read. */
struct tmk_config_load {
	struct tmk_config *config;
	/* Sequence of the file that named the list last. */
	int tsa_from;
	int uri_from[TMK_CONFIG_KEYS_MAX];
	int approver_from[TMK_CONFIG_KEYS_MAX];
};

struct tmk_config_def {
	const char *name;	/* lower case */
	/* Read a value that is not empty; `key` is the section's index. */
	int (*set)(struct tmk_config_load *load, int key, const char *value,
		   const struct tmk_config_entry *e, struct tmk_err *err);
	bool repo;		/* a repository's own file may say it */
};

/* [touchmark] and [touchmark "NAME"]; closed by a NULL name. */
extern const struct tmk_config_def tmk_config_main_keys[];
extern const struct tmk_config_def tmk_config_named_keys[];

/* Add to a list of at most `max`; the first value of a later file (`from` is
 * the sequence of the last one) replaces what earlier files said, so that the
 * user's own list stands alone. */
int tmk_config_keys_append(char **list, int *count, int max, int *from,
			   const char *value,
			   const struct tmk_config_entry *e,
			   struct tmk_err *err) TMK_MUST_CHECK;

/* A whole number of seconds from 1 to `max`. */
int tmk_config_keys_seconds(int *out, const char *value, int max,
			    struct tmk_err *err) TMK_MUST_CHECK;

/* "true" or "false". */
int tmk_config_keys_bool(bool *out, const char *value, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
