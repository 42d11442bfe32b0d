/*
 * gate_approvals.h - the approvals that lie beside a tag.
 *
 * An approval is a blob under refs/touchmark/approvals/<id of the tag>/<any
 * name>: a detached CMS over the raw tag object, made by touchmark approve.
 * What counts is what will be there after the push: refs of the repository and
 * of this push's commands, without those that it deletes. Only collected here,
 * bounded; who approved is for the judge, and any of them may be rubbish.
 */
#ifndef TMK_HOOKS_GATE_APPROVALS_H
#define TMK_HOOKS_GATE_APPROVALS_H

#include "base/buf.h"
#include "base/err.h"
#include "hooks/gate.h"

#define TMK_GATE_APPROVALS "refs/touchmark/approvals/"
#define TMK_GATE_APPROVALS_REFS 100000	/* of one repository */
#define TMK_GATE_APPROVALS_BYTES (8 * 1024 * 1024)	/* beside one tag */

/* The approvals of one tag. */
struct tmk_gate_approvals {
	struct tmk_buf blob[TMK_GATE_EXTRAS_MAX];
	int count;
};

/* Read those of `tag`; `out` belongs to the caller (_release). Returns 0, or
 * 0 with a refusal in `v` (limit-exceeded), negative when it could not. A
 * blob that is not there, of another type, or larger than a seal is no
 * approval and is passed over. */
int tmk_gate_approvals_read(struct tmk_gate_approvals *out,
			    struct tmk_gate *gate, const struct tmk_oid *tag,
			    struct tmk_verdict *v, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Put them into a job, which borrows them. */
void tmk_gate_approvals_fill(struct tmk_gate_job *job,
			     const struct tmk_gate_approvals *approvals);

/* Free what was read. */
void tmk_gate_approvals_release(struct tmk_gate_approvals *approvals);

/* The refs of the gate's repository as they will be: made when first needed,
 * freed with the gate. NULL is fine. */
struct tmk_gate_approval_refs;
void tmk_gate_approvals_forget(struct tmk_gate_approval_refs *refs);

#endif
