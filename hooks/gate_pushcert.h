/*
 * gate_pushcert.h - signed pushes: [push] certificate of the policy.
 *
 * git stores the certificate as a blob and tells the hook what it thinks of
 * it; only the blob's name and the nonce that was issued are taken from there,
 * and the nonce is held against the server's own seed. The certificate must
 * say exactly what the push does, to this repository, now, and be signed by
 * somebody whom every rule of every ref that changes would let sign. What is
 * wrong with it refuses the push as a whole (push-cert).
 */
#ifndef TMK_HOOKS_GATE_PUSHCERT_H
#define TMK_HOOKS_GATE_PUSHCERT_H

#include "base/err.h"
#include "hooks/gate.h"

/* Judge it as the policy wants it; reports at most one refusal. Returns 0, or
 * negative when it could not be judged (TMK_INTERNAL), or when the server is
 * not set up for what the policy requires (TMK_USAGE). */
int tmk_gate_pushcert_judge(struct tmk_gate *gate, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
