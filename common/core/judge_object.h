/*
 * judge_object.h - one git object held against the rules of its ref.
 *
 * What the gate and an audit share: the object has been split and its armour
 * opened by the formats, the pieces come in here, and a verdict per rule comes
 * out. The seal is read once, its signature judged once for each timestamp
 * rule. Knows neither repositories nor refs. Everything is borrowed for as
 * long as the object is judged; what is made here is freed by _release.
 */
#ifndef TMK_CORE_JUDGE_OBJECT_H
#define TMK_CORE_JUDGE_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/judge.h"
#include "core/policy.h"
#include "iface/format.h"
#include "iface/seal.h"
#include "iface/verdict.h"

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
	/* found out */
	struct tmk_evidence *evidence;
	struct tmk_verdict form;	/* of the seal as such */
	bool read;
	uint8_t digest[TMK_HASH_MAX];
	size_t digest_len;
	struct tmk_finding finding[TMK_STAMP_ALWAYS + 1];
	bool judged[TMK_STAMP_ALWAYS + 1];
};

/* Start: nothing given, nothing found. */
void tmk_judge_object_init(struct tmk_judge_object *o);
void tmk_judge_object_release(struct tmk_judge_object *o);

/*
 * Judge against one rule that requires a signature: there must be one, in a
 * format the rule names, from exactly one signer, good at the trusted time, by
 * a member of the rule's role, under the identity the object shows. Returns 0
 * with `v` good or refused, negative when it could not judge.
 */
int tmk_judge_object_rule(struct tmk_judge_object *o,
			  const struct tmk_ref_rule *rule,
			  struct tmk_verdict *v, struct tmk_err *err)
	TMK_MUST_CHECK;

/* What was found out about its signature under this rule, borrowed until
 * _release; NULL when it never came so far. */
const struct tmk_finding *
tmk_judge_object_finding(const struct tmk_judge_object *o,
			 const struct tmk_ref_rule *rule);

#endif
