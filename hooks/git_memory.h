/*
 * git_memory.h - how much memory libgit2 may take for one object.
 *
 * An object in a pack may be written as a difference to another one, and the
 * size that its header tells is its own alone: to read three hundred bytes,
 * libgit2 first makes whatever stands behind them, which may be hundreds of
 * megabytes. Knows nothing of objects. For one thread.
 */
#ifndef TMK_HOOKS_GIT_MEMORY_H
#define TMK_HOOKS_GIT_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/* Have libgit2 ask here for all its memory. Before it is started. Negative
 * when it will not. */
int tmk_git_memory_take(void);

/* From now on it may take `most` bytes more than it gives back. */
void tmk_git_memory_begin(uint64_t most);

/* No bound from now on. Whether something was denied since the beginning. */
bool tmk_git_memory_end(void);

#endif
