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
#include "core/config.h"

/* What is to be shown; NULL and TMK_TIME_NONE: everything. */
struct tmk_front_log_filter {
	const char *key;	/* fingerprint, with or without "sha256:", or
				   name of a signer or key */
	const char *artefact;	/* object id (seven digits will do), ref, file
				   or digest; both as they are in the log:
				   escaped (tmk_enc_show) */
	const char *kind;	/* of entry: "refused", ... */
	int64_t since;
	bool json;		/* the lines themselves */
	bool alone;		/* of this file, not of those before it */
};

/* Print the entries of a log and of the rotated ones that it goes on from, the
 * oldest first, to standard output. Of one that breaks, what stands before
 * that; a warning says so, and the next one follows. Returns the exit code,
 * with `err`: TMK_REFUSED when a chain breaks, TMK_INPUT when something cannot
 * be read or printed. */
int tmk_front_log_show(const char *path,
		       const struct tmk_front_log_filter *filter,
		       struct tmk_err *err) TMK_MUST_CHECK;

/* Check a log and those it goes on from, and print what was found; `config`
 * (NULL: nobody is trusted) and `roots` (a PEM file, or NULL) say which
 * timestamp authorities are believed. With `json` one object per line. Returns
 * the exit code, with `err`. */
int tmk_front_log_verify(const char *path, const struct tmk_config *config,
			 const char *roots, bool json, struct tmk_err *err)
	TMK_MUST_CHECK;

/* The chain breaks: TMK_REFUSED, with `err`. */
int tmk_front_log_breaks(const char *path, const struct tmk_chain_report *r,
			 struct tmk_err *err);

/* Print one entry in words, read once more; `path` is for messages. `alone`: it
 * is an intent whose result is not in this file. */
int tmk_front_log_print(const struct tmk_chain_line *line, bool alone,
			const char *path, struct tmk_err *err) TMK_MUST_CHECK;

/* Whether entries of this kind are about the use of keys, and such an entry in
 * words: one line, escaped (front_log_use.c). */
struct tmk_log_line;
bool tmk_front_log_is_use(const char *kind);
void tmk_front_log_print_use(const struct tmk_chain_line *line,
			     const struct tmk_log_line *fields, bool alone);

#endif
