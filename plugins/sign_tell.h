/*
 * sign_tell.h - what is said about a file that was signed, or was not; private
 * to the engine. Makes lines in memory; the engine prints them in order.
 */
#ifndef TMK_PLUGINS_SIGN_TELL_H
#define TMK_PLUGINS_SIGN_TELL_H

#include <stdbool.h>
#include <stdio.h>

#include "plugins/sign_job.h"
#include "plugins/sign_queue.h"

/* A line for every signature that stands in its place and every file that had
 * to follow it, or that the file was left alone, into item->lines; why the job
 * failed into item->err. */
void tmk_sign_tell_job(struct tmk_sign_item *item,
		       const struct tmk_sign_job *job);

/* Say that a file is nothing to be signed, and why: "left behind by a run that
 * was cut off". */
int tmk_sign_tell_left(FILE *to, const char *file, bool json, const char *why,
		       struct tmk_err *err) TMK_MUST_CHECK;

/* Print them. Negative when that cannot be done. */
int tmk_sign_tell_item(const struct tmk_sign_item *item, bool json,
		       struct tmk_err *err) TMK_MUST_CHECK;

/* The error of one file, with the reason of a refusal in JSON. */
int tmk_sign_tell_error(const char *file, bool json,
			const struct tmk_err *what, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
