/*
 * front_report.h - the one line that a command says about each file, for
 * people or as JSON.
 *
 * What people read is escaped here as a whole, so a file name cannot forge a
 * line. Errors about a file go to standard error for people and into the JSON
 * on standard output for programs. Fails with TMK_INPUT when the line cannot
 * be written.
 */
#ifndef TMK_PLUGINS_FRONT_REPORT_H
#define TMK_PLUGINS_FRONT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "base/json.h"

/* Print one line of text, flushed. Control bytes in it are escaped, escapes
 * that are there already stay as they are. */
int tmk_front_report_line(FILE *to, struct tmk_err *err, const char *fmt, ...)
	TMK_PRINTF(3, 4) TMK_MUST_CHECK;

/* Close and print the line of JSON, flushed. */
int tmk_front_report_json(FILE *to, struct tmk_json *j, struct tmk_err *err)
	TMK_MUST_CHECK;

/* The member "fingerprint" as the contract writes it: sha256:HEX. */
void tmk_front_report_fingerprint(struct tmk_json *j, const char *sha256);

/* Say that `file` failed with `what`: `program: TEXT` and its hint, or the
 * JSON {file, status "error", code, error, hint}. */
int tmk_front_report_error(const char *program, bool json, const char *file,
			   const struct tmk_err *what, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
