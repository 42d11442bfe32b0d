/*
 * judge_object.h - one git object held against the rules of its ref.
 *
 * What the gate and an audit share: the object has been split and its armour
 * opened by the formats, the pieces come in here, and a verdict per rule comes
 * out. Knows neither repositories nor refs. Everything given is borrowed for
 * as long as the object is judged; what is made here is freed by _release.
 */
#ifndef TMK_CORE_JUDGE_OBJECT_H
#define TMK_CORE_JUDGE_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/judge.h"
#include "core/judge_quorum.h"
#include "core/policy.h"
#include "iface/format.h"
#include "iface/seal.h"
#include "iface/verdict.h"

#define TMK_JUDGE_APPROVALS_MAX 64	/* beside one object */

/* One signer of the object under the rule that was asked about last: all of
 * those inside it, and by approval those who are good. */
struct tmk_judge_signer {
	struct tmk_finding finding;	/* its verdict holds the role too */
	bool beside;		/* by an approval, not inside the object */
};

/* A seal while it is judged; private to judge_object*.c. */
struct tmk_judge_seal {
	enum tmk_seal_format format;
	struct tmk_span bytes;	/* without armour */
	const struct tmk_span *content;	/* what it is over, in order */
	int contents;
	bool beside;
	bool read;
	struct tmk_evidence *evidence;
	struct tmk_verdict form;	/* of the seal as such */
};

struct tmk_judge_object {
	/* given */
	const struct tmk_policy *policy;
	const struct tmk_span *payload;	/* what was signed, in order */
	int payloads;
	bool tag;		/* a tag, else a commit */
	bool has_signature;
	enum tmk_seal_format format;	/* as its armour says */
	const uint8_t *seal;	/* bytes of the seal, without armour */
	size_t seal_len;
	struct tmk_span email;	/* of the committer, or the tagger */
	struct tmk_span whole;	/* the raw object: what approvals are over */
	const struct tmk_span *approval;	/* detached CMS, DER; any may
				   be rubbish. Asked where the rule wants more
				   than one signer */
	int approvals;
	int64_t vouched;	/* when a gate let it in; 0: not known */
	/* found out */
	struct tmk_judge_seal own;
	struct tmk_judge_seal *other;	/* by approval; NULL: none read */
	struct tmk_judge_signer *signer;
	int signers, room;	/* in the end at most TMK_JUDGE_SIGNERS_MAX */
};

/* Start: nothing given, nothing found. */
void tmk_judge_object_init(struct tmk_judge_object *o);
void tmk_judge_object_release(struct tmk_judge_object *o);

/*
 * Judge against one rule that requires a signature: there must be one, in a
 * format the rule names, good at the trusted time, by a member of the rule's
 * role, under the identity the object shows. With threshold = 1 by exactly one
 * signer. With more, every signature inside the object must be as good, one of
 * them by whom the object names, and together with the approvals they must
 * stand for as many different people; a bad approval does not count. Returns 0
 * with `v` good or refused, negative when it could not judge.
 */
int tmk_judge_object_rule(struct tmk_judge_object *o,
			  const struct tmk_ref_rule *rule,
			  struct tmk_verdict *v, struct tmk_err *err)
	TMK_MUST_CHECK;

/* What was found out about its first signature under this rule, the last one
 * that was asked about; borrowed until the next question or _release. NULL
 * when it never came so far. */
const struct tmk_finding *
tmk_judge_object_finding(const struct tmk_judge_object *o,
			 const struct tmk_ref_rule *rule);

#endif
