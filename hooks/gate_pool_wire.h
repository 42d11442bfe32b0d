/*
 * gate_pool_wire.h - jobs and answers as bytes between the hook and a child.
 *
 * Both ends are one program on one machine, so numbers are as they lie in
 * memory. The child is where a stranger's bytes are taken apart: what comes
 * back from it is read as strictly as what comes from the stranger. Answers
 * are small: only the signers that are known, no longer than their texts.
 * Everything is borrowed; fails with TMK_INTERNAL.
 */
#ifndef TMK_HOOKS_GATE_POOL_WIRE_H
#define TMK_HOOKS_GATE_POOL_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "hooks/gate_bytes.h"

/* Bytes that any answer fits in, its head included. */
#define TMK_GATE_POOL_ANSWER_MAX 32768

/* Every record begins so. */
struct tmk_gate_pool_head {
	uint32_t magic;		/* by kind, below */
	uint32_t body;		/* bytes behind the head */
};

#define TMK_GATE_POOL_JOB 0x544d4b4au
#define TMK_GATE_POOL_ANSWER 0x544d4b41u
#define TMK_GATE_POOL_FAILED 0x544d4b46u	/* with an error in it */
#define TMK_GATE_POOL_READY 0x544d4b52u	/* confined, before all answers */

/* Bytes of a job as a record; 0 when it is too large for one. */
size_t tmk_gate_pool_wire_size(const struct tmk_gate_job *job);

/* Write the record to `out`, which has room for exactly that many bytes. */
void tmk_gate_pool_wire_put(uint8_t *out, const struct tmk_gate_job *job);

/* Read a job's body; its spans are borrowed from `body`. */
int tmk_gate_pool_wire_job(struct tmk_gate_job *out, const uint8_t *body,
			   size_t len, struct tmk_err *err) TMK_MUST_CHECK;

/* Append an answer as a record. */
int tmk_gate_pool_wire_answer(struct tmk_buf *out,
			      const struct tmk_gate_answer *answer,
			      struct tmk_err *err) TMK_MUST_CHECK;

/* Append the error of a judgement that failed. */
int tmk_gate_pool_wire_failed(struct tmk_buf *out, const struct tmk_err *why,
			      struct tmk_err *err) TMK_MUST_CHECK;

/*
 * Read an answer's body: sizes, reasons and numbers in their ranges, texts
 * without NUL that escaping would not change, nothing behind. The rest of
 * *out is zero. *out is undefined on failure.
 */
int tmk_gate_pool_wire_read(struct tmk_gate_answer *out, const uint8_t *body,
			    size_t len, struct tmk_err *err) TMK_MUST_CHECK;

/* Read the body of a failure into `err`; always fails. */
int tmk_gate_pool_wire_read_failed(const uint8_t *body, size_t len,
				   struct tmk_err *err);

#endif
