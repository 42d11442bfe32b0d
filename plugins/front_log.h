/*
 * front_log.h - a hash-chained log as people read it: filtered, in words or as
 * the lines that stand in it.
 *
 * Knows the fields that our programs write and shows those it does not know by
 * their names. What it prints was escaped. A log that breaks is shown as far
 * as it holds; then it is said where it breaks.
 */
#ifndef TMK_PLUGINS_FRONT_LOG_H
#define TMK_PLUGINS_FRONT_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/chain_log.h"

/* What is to be shown; NULL and TMK_TIME_NONE: everything. */
struct tmk_front_log_filter {
	const char *key;	/* fingerprint, with or without "sha256:", or
				   name of a signer */
	const char *artefact;	/* object id (seven digits will do), ref, file
				   or digest */
	int64_t since;
	bool json;		/* the lines themselves */
};

/* Print to standard output. 0, 1 when the chain breaks (`report` says where),
 * negative when it cannot be read or printed. */
int tmk_front_log_show(struct tmk_chain_report *report, const char *path,
		       const struct tmk_front_log_filter *filter,
		       struct tmk_err *err) TMK_MUST_CHECK;

/* Print one entry in words, read once more; `path` is for messages. */
int tmk_front_log_print(const struct tmk_chain_line *line, const char *path,
			struct tmk_err *err) TMK_MUST_CHECK;

#endif
