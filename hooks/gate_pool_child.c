#include "hooks/gate_pool_child.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cage/sandbox.h"
#include "hooks/gate_pool_wire.h"

#define SOCKET 0		/* where the sandbox leaves it */
#define IN_FIRST (128 * 1024)	/* bytes read at once */
#define OUT_FULL (64 * 1024)	/* answers sent at the latest */
#define MEMORY_BASE (64ull << 20)	/* beside a few copies of an object */
#define COPIES 4

struct child {
	tmk_gate_pool_judge_fn judge;
	const struct tmk_policy *policy;
	uint8_t *in;
	size_t in_at, in_len, in_room;
	struct tmk_buf out;
	struct tmk_gate_answer answer;
};

/* Send all answers; false when nobody reads them. */
static bool send_out(struct child *c)
{
	size_t at = 0;
	ssize_t n;

	while (at < c->out.len) {
		n = write(SOCKET, c->out.data + at, c->out.len - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	tmk_buf_clear(&c->out);
	return true;
}

/* Room for one whole record from in_at on. */
static bool make_room(struct child *c, size_t record)
{
	uint8_t *grown;

	if (c->in_at) {
		memmove(c->in, c->in + c->in_at, c->in_len - c->in_at);
		c->in_len -= c->in_at;
		c->in_at = 0;
	}
	if (record <= c->in_room)
		return true;
	grown = realloc(c->in, record);
	if (!grown)
		return false;
	c->in = grown;
	c->in_room = record;
	return true;
}

static int judge_one(struct child *c, const uint8_t *body, size_t len,
		     struct tmk_err *err)
{
	struct tmk_gate_job job;
	struct tmk_err why = TMK_ERR_INIT;

	/* signers beyond the count are never sent: no need to wipe them */
	memset(&c->answer, 0, offsetof(struct tmk_gate_answer, signer));
	c->answer.signers = 0;
	if (tmk_gate_pool_wire_job(&job, body, len, &why) < 0 ||
	    c->judge(&c->answer, c->policy, &job, &why) < 0)
		return tmk_gate_pool_wire_failed(&c->out, &why, err);
	return tmk_gate_pool_wire_answer(&c->out, &c->answer, err);
}

/* Judge every job that is here as a whole. Returns the bytes that the next one
 * needs, 0 when the hook sends nonsense or nothing can be answered. */
static size_t judge_here(struct child *c, struct tmk_err *err)
{
	struct tmk_gate_pool_head head;
	size_t whole, left;

	for (;;) {
		left = c->in_len - c->in_at;
		if (left < sizeof(head))
			return sizeof(head);
		memcpy(&head, c->in + c->in_at, sizeof(head));
		if (head.magic != TMK_GATE_POOL_JOB)
			return 0;
		whole = sizeof(head) + (size_t)head.body;
		if (left < whole)
			return whole;
		if (judge_one(c, c->in + c->in_at + sizeof(head), head.body,
			      err) < 0)
			return 0;
		c->in_at += whole;
		if (c->out.len > OUT_FULL && !send_out(c))
			return 0;
	}
}

/* Until the socket closes, which is the usual end: 0. */
static int serve(struct child *c)
{
	struct tmk_err err = TMK_ERR_INIT;
	size_t need = 1;
	ssize_t n;

	while (need) {
		if (!send_out(c) || !make_room(c, need))
			return 1;
		n = read(SOCKET, c->in + c->in_len, c->in_room - c->in_len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0;
		c->in_len += (size_t)n;
		need = judge_here(c, &err);
	}
	return 1;
}

/* What is said first: that nothing can be reached from here, or why not. */
static bool greet(struct child *c, const struct tmk_sandbox *sandbox)
{
	static const struct tmk_gate_pool_head ready = {
		TMK_GATE_POOL_READY, 0
	};
	struct tmk_err err = TMK_ERR_INIT, late = TMK_ERR_INIT;

	if (tmk_sandbox_enter(sandbox, &err) < 0) {
		if (tmk_gate_pool_wire_failed(&c->out, &err, &late) == 0)
			send_out(c);
		return false;
	}
	return tmk_buf_add(&c->out, &ready, sizeof(ready)) == 0;
}

void tmk_gate_pool_child_run(int fd, pid_t parent,
			     tmk_gate_pool_judge_fn judge,
			     const struct tmk_policy *policy)
{
	struct tmk_sandbox sandbox = {
		.fd = fd, .parent = parent,
		.hint = "the administrator must let the hook use seccomp "
			"filters",
		.memory = MEMORY_BASE + COPIES * policy->limit_object
	};
	struct child *c = calloc(1, sizeof(*c));

	/* all three are gone with the process */
	if (!c)
		_exit(1);
	c->judge = judge;
	c->policy = policy;
	tmk_buf_init(&c->out, OUT_FULL + 2 * TMK_GATE_POOL_ANSWER_MAX);
	c->in_room = IN_FIRST;
	c->in = malloc(c->in_room);
	if (!c->in || !greet(c, &sandbox))
		_exit(1);
	_exit(serve(c));
}
