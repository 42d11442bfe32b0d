/*
 * audit_git.h - asking git one question and reading its answer.
 *
 * git resolves names and revisions for us, since nobody else knows all their
 * forms. Runs git in the current directory, bounded in time and output. Knows
 * no policy. Fails with TMK_INPUT when git cannot be run or answers too much;
 * that git says no is an answer.
 */
#ifndef TMK_PLUGINS_AUDIT_GIT_H
#define TMK_PLUGINS_AUDIT_GIT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

#define TMK_AUDIT_WORDS_MAX 12	/* words of one call */

/* Run git with these words (without "git", closed by NULL) and append what it
 * prints to `out`. 0, 1 when git ended with another code than 0, negative when
 * it could not be asked. */
int tmk_audit_git(struct tmk_buf *out, const char *const *words,
		  struct tmk_err *err) TMK_MUST_CHECK;

/* The same for an answer of one line, without its newline: *out belongs to the
 * caller. 0 with a line that is not empty, 1 without any. */
int tmk_audit_git_line(char **out, const char *const *words,
		       struct tmk_err *err) TMK_MUST_CHECK;

/* The object that a revision (`rev` followed by `suffix`) names: *out gets
 * its hex id and belongs to the caller. TMK_INPUT when there is none. */
int tmk_audit_git_object(char **out, const char *rev, const char *suffix,
			 struct tmk_err *err) TMK_MUST_CHECK;

/* The full name of the ref that `rev` names: 0 with *out, which belongs to
 * the caller, 1 when it names none. */
int tmk_audit_git_ref(char **out, const char *rev, struct tmk_err *err)
	TMK_MUST_CHECK;

/* From here on libgit2 and every git that is started look at this repository
 * alone: the one found from the current directory, or, with `here`, from
 * what lies in it whatever the environment says. */
int tmk_audit_git_settle(bool here, struct tmk_err *err) TMK_MUST_CHECK;

#endif
