/*
 * proc.h - running another program: bounded in time and output, with nothing
 * leaked into it.
 *
 * The child gets exactly descriptors 0, 1 and 2, default signal handling and
 * the environment of its parent. A program that is given as a bare name is
 * looked up in PATH once, by us.
 */
#ifndef TMK_BASE_PROC_H
#define TMK_BASE_PROC_H

#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* What a child has as one of its three descriptors, beside a number of ours. */
#define TMK_PROC_KEEP (-1)	/* what stands there in this process */
#define TMK_PROC_NULL (-2)	/* /dev/null */

/*
 * Start `program` (a bare name is looked up in PATH) with these words and this
 * environment; fd[n] is its descriptor n. One of ours may lie below 3 only
 * where it does not stand in the way of another. Returns 0 with *pid set, or
 * an errno. The caller waits for the child.
 */
int tmk_proc_spawn(pid_t *pid, const char *program, char *const argv[],
		   char *const env[], const int fd[3]) TMK_MUST_CHECK;

/*
 * Run argv[0] with `in` (inlen bytes, may be NULL) on its standard input and
 * append its standard output to `out` (bounded by out->max); its standard
 * error is our own. `ms` is the deadline in milliseconds: a child still
 * running then is killed. `status` gets the exit code, 128 + n for signal n.
 * Fails with `code` when it cannot be started, answers too much or is late.
 */
int tmk_proc_run(char *const argv[], const void *in, size_t inlen,
		 struct tmk_buf *out, int ms, int *status, int code,
		 struct tmk_err *err) TMK_MUST_CHECK;

/* The same; of our environment the child gets no more than the variables that
 * are named, a list that NULL closes. */
int tmk_proc_run_only(char *const argv[], const char *const names[],
		      const void *in, size_t inlen, struct tmk_buf *out,
		      int ms, int *status, int code, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Replace this process by argv[0] (found in PATH, never the file that runs
 * now, nor a link to a program called touchmark-...: what stands in another's
 * name must not call itself).
 * Returns only on failure. */
int tmk_proc_exec_other(char *const argv[], struct tmk_err *err)
	TMK_MUST_CHECK;

/* The directory of the running executable, without a trailing slash; belongs
 * to the caller. */
int tmk_proc_self_dir(char **out, struct tmk_err *err) TMK_MUST_CHECK;

/*
 * Find one of our own helper programs: beside the running executable (a build
 * tree) or in ../libexec/touchmark (installed). Never searched in PATH, never
 * taken from the environment. The path belongs to the caller.
 */
int tmk_proc_find_helper(char **out, const char *name, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Close every descriptor above 2. */
void tmk_proc_close_others(void);

#endif
