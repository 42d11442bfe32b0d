/*
 * sandbox.h - a process gives up everything but arithmetic and one socket.
 *
 * No file, no network, no program, no other process, no more descriptors, no
 * executable memory, and a cap on memory: Linux's seccomp with a list of what
 * is allowed (anything else kills the process), Landlock where the kernel has
 * it, and resource limits. There is no way back and no way without: a system
 * that gives no seccomp filter is an error (TMK_INTERNAL), never passed over.
 * Knows nothing of judging. Nothing is allocated that would have to be freed.
 */
#ifndef TMK_HOOKS_SANDBOX_H
#define TMK_HOOKS_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct tmk_sandbox {
	int fd;			/* the one descriptor that is kept */
	pid_t parent;		/* when it ends, so does this process */
	uint64_t memory;	/* bytes that may be allocated from now on */
};

/*
 * Confine this process for good. On success the descriptor is number 0 and no
 * other is open; read and write are allowed on it. On failure too other
 * descriptors may be closed, and the caller can only tell and end. Whatever
 * opens something late (libraries that read a file at the first use) must
 * have been used before.
 */
int tmk_sandbox_enter(const struct tmk_sandbox *sandbox, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Whether this program was built so that it confines itself. Sanitizers map
 * memory, open files and start programs of their own when they report: such a
 * build closes its descriptors and no more, and is not for use. */
bool tmk_sandbox_is_built(void);

#endif
