/*
 * audit_gate.h - the gate's own judgement, asked of the gate itself.
 *
 * Runs touchmark-pre-receive --audit, which lies beside this program, and
 * reads what it says line by line. Nothing is judged here, so an audit cannot
 * disagree with the gate. Fails closed: an answer that is cut off, or does not
 * fit the program's exit code, is an error (TMK_INTERNAL).
 */
#ifndef TMK_PLUGINS_AUDIT_GATE_H
#define TMK_PLUGINS_AUDIT_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define TMK_AUDIT_ANSWER_MAX (512u << 20)	/* bytes */

/* One verdict. Every text is escaped, "" when unknown; borrowed from the
 * answer. */
struct tmk_audit_verdict {
	bool good;
	const char *ref;
	const char *oid;	/* 40 hex digits, or "" */
	const char *reason;	/* id; "good" */
	const char *rule;	/* pattern of the [ref] section */
	const char *signer;
	const char *key;	/* fingerprint */
	const char *time;	/* trusted, RFC 3339 */
	const char *tsa;	/* "" when not stamped */
	const char *text, *hint;
};

struct tmk_audit_answer {
	struct tmk_buf text;	/* what the gate said; lines are cut in it */
	struct tmk_audit_verdict *verdict;
	size_t verdicts;
	uint64_t judged;	/* objects, once for each rule */
	uint64_t refused;
	bool enforced;		/* a push with a refusal is not let in */
	/* It could not judge: the exit code that says so, and why. */
	int failed;
	const char *reason, *why, *hint;
};

/* Ask. `policy` is an absolute path, `all` asks for the good objects too. What
 * is in *out belongs to the caller. */
int tmk_audit_gate_ask(struct tmk_audit_answer *out, const char *policy,
		       bool all, const struct tmk_buf *input,
		       struct tmk_err *err) TMK_MUST_CHECK;
void tmk_audit_gate_release(struct tmk_audit_answer *answer);

#endif
