/*
 * gate_pool_queue.h - bytes on their way to a process that judges, or from it.
 *
 * Added behind, taken from the front; the room that is gone is used again.
 * Nothing secret: it is not wiped. All zero is an empty one. Fails by
 * returning false, without memory; it is then as it was.
 */
#ifndef TMK_HOOKS_GATE_POOL_QUEUE_H
#define TMK_HOOKS_GATE_POOL_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct tmk_gate_pool_queue {
	uint8_t *data;
	size_t at;		/* the first byte that is still there */
	size_t len;		/* behind the last one */
	size_t room;		/* bytes allocated */
};

/* Room for `more` bytes at data + len, which whoever fills it adds to len.
 * data may move. */
bool tmk_gate_pool_queue_reserve(struct tmk_gate_pool_queue *q, size_t more)
	TMK_MUST_CHECK;

/* Give back what a large record needed, once it is gone. */
void tmk_gate_pool_queue_trim(struct tmk_gate_pool_queue *q);

/* Free; an empty one may be used again. */
void tmk_gate_pool_queue_release(struct tmk_gate_pool_queue *q);

#endif
