/*
 * sandbox.h - a process gives up everything but arithmetic and one socket, or
 * its three first descriptors.
 *
 * No file, no network, no program, no other process, no more descriptors, no
 * executable memory, and a cap on memory: Linux's seccomp with a list of what
 * is allowed (anything else kills the process), Landlock where the kernel has
 * it, and resource limits. There is no way back and no way without: a system
 * that gives no seccomp filter is an error (TMK_INTERNAL), never passed over.
 * Knows nothing of what the process is for. Nothing is allocated that would
 * have to be freed.
 */
#ifndef TMK_CAGE_SANDBOX_H
#define TMK_CAGE_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct tmk_sandbox {
	int fd;			/* the one descriptor that is kept */
	bool pipes;		/* instead: 0 may be read, 1 and 2 written */
	pid_t parent;		/* when it ends, so does this process */
	uint64_t memory;	/* bytes that may be allocated from now on */
	unsigned int seconds;	/* of processor time; 0: as many as it had */
	const char *hint;	/* what to do where there is no filter */
	/* Starts the threads that the process needs: inside there is no way
	 * to make one, and all of them are confined. NULL: none. */
	int (*start)(void *to, struct tmk_err *err);
	void *to;
};

/*
 * Confine this process for good. On success the descriptor is number 0 and no
 * other is open; read and write are allowed on it. With `pipes` the numbers 0,
 * 1 and 2 stay what they were, and 0 may be read at a place too. On failure
 * too other descriptors may be closed, and the caller can only tell and end.
 * Whatever opens something late (libraries that read a file at the first use)
 * must have been used before.
 */
int tmk_sandbox_enter(const struct tmk_sandbox *sandbox, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Whether this program was built so that it confines itself. Sanitizers map
 * memory, open files and start programs of their own when they report: such a
 * build closes its descriptors and no more, and is not for use. */
bool tmk_sandbox_is_built(void);

#endif
