/*
 * repo_child.h - talking with one git process, in lines and bytes.
 *
 * The child has one socket for standard input and output, and a small sealed
 * piece of memory for what it complains about. Every answer has a deadline,
 * and nothing is read beyond what was asked for. A child that dies, hangs or
 * says nonsense is an error (TMK_INTERNAL) with its last words in it. Knows
 * nothing of objects and refs. Who starts a child stops it.
 */
#ifndef TMK_HOOKS_REPO_CHILD_H
#define TMK_HOOKS_REPO_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* The git program and what it may see of the world. */
struct tmk_repo_tool {
	char *git;	/* absolute */
	char **env;	/* closed by NULL; strings and array belong to it */
	int ms;		/* how long one answer may take */
};

/*
 * Find git in PATH (absolute folders only: receive-pack puts its own in
 * front) and make the environment: the hook's own, so that the quarantine is
 * seen, but without replace refs, grafts, lazy fetches, any transport,
 * configuration from the command line, traces and translations. Fails with
 * TMK_INTERNAL.
 */
int tmk_repo_tool_init(struct tmk_repo_tool *tool, struct tmk_err *err)
	TMK_MUST_CHECK;
void tmk_repo_tool_release(struct tmk_repo_tool *tool);

struct tmk_repo_child {
	pid_t pid;	/* 0: not running */
	int fd;		/* our end of the socket */
	int words;	/* what it wrote to standard error */
	int ms;
	const char *name;	/* "cat-file": borrowed from argv */
	uint8_t *buf;	/* read and not yet asked for: [at, end) */
	size_t at, end;
};

/* Start `git ARGV...` (argv[0] is the command). Fails with TMK_INTERNAL; the
 * child is then as it was. */
int tmk_repo_child_start(struct tmk_repo_child *child,
			 const struct tmk_repo_tool *tool,
			 const char *const argv[], struct tmk_err *err)
	TMK_MUST_CHECK;

/* Let it have no more than so many bytes of memory of its own, whatever it
 * reads. One that has ended already is left to say so itself. */
int tmk_repo_child_bound(struct tmk_repo_child *child, uint64_t bytes,
			 struct tmk_err *err) TMK_MUST_CHECK;

/* Give it `len` bytes, few enough to fit into a socket. */
int tmk_repo_child_ask(struct tmk_repo_child *child, const void *data,
		       size_t len, struct tmk_err *err) TMK_MUST_CHECK;

/* One line without its newline, closed by a NUL, shorter than `size`. 1, or 0
 * when there is no more; negative also for a line that is too long or not
 * closed. */
int tmk_repo_child_line(struct tmk_repo_child *child, char *line, size_t size,
			size_t *len, struct tmk_err *err) TMK_MUST_CHECK;

/* Exactly `len` bytes. */
int tmk_repo_child_bytes(struct tmk_repo_child *child, uint8_t *out,
			 size_t len, struct tmk_err *err) TMK_MUST_CHECK;

/* After its last answer: wait for its end, which must come by itself. *status
 * gets the exit code. A death by a signal is an error. */
int tmk_repo_child_finish(struct tmk_repo_child *child, int *status,
			  struct tmk_err *err) TMK_MUST_CHECK;

/* Say that it failed, with its last words, and stop it. Returns -1. */
int tmk_repo_child_failed(struct tmk_repo_child *child, const char *what,
			  struct tmk_err *err);

/* End it, whatever it does, and free. Nothing happens to one that does not
 * run. */
void tmk_repo_child_stop(struct tmk_repo_child *child);

/* All of it for a command that needs no input: append its output to `out`
 * and give its exit code. An exit code above `most` is a failure with `code`
 * (enum tmk_code). */
int tmk_repo_child_run(const struct tmk_repo_tool *tool,
		       const char *const argv[], struct tmk_buf *out,
		       int *status, int most, int code, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
