#include "hooks/gate_pool_queue.h"

#include <stdlib.h>
#include <string.h>

#define KEEP (256 * 1024)	/* bytes that stay allocated; doubled below */

bool tmk_gate_pool_queue_reserve(struct tmk_gate_pool_queue *q, size_t more)
{
	size_t room;
	uint8_t *grown;

	if (q->at == q->len)
		q->at = q->len = 0;
	if (more > q->room - q->len && q->at) {
		memmove(q->data, q->data + q->at, q->len - q->at);
		q->len -= q->at;
		q->at = 0;
	}
	if (more <= q->room - q->len)
		return true;
	if (more > SIZE_MAX / 2 - q->len)
		return false;
	room = q->room > KEEP ? 0 : q->room * 2;
	if (room < q->len + more)
		room = q->len + more;
	grown = realloc(q->data, room);
	if (!grown)
		return false;
	q->data = grown;
	q->room = room;
	return true;
}

void tmk_gate_pool_queue_trim(struct tmk_gate_pool_queue *q)
{
	if (q->at == q->len && q->room > KEEP)
		tmk_gate_pool_queue_release(q);
}

void tmk_gate_pool_queue_release(struct tmk_gate_pool_queue *q)
{
	free(q->data);
	memset(q, 0, sizeof(*q));
}
