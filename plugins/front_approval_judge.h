/*
 * front_approval_judge.h - whose approvals count.
 *
 * An approval is one detached CMS signature of a request's text by somebody
 * whose certificate holds now under the key's `roots`, is for code signing,
 * and has an e-mail address (SAN) among the key's `approver`. One person
 * counts once, and whoever asked does not count at all. Reads the roots; knows
 * no folder.
 */
#ifndef TMK_PLUGINS_FRONT_APPROVAL_JUDGE_H
#define TMK_PLUGINS_FRONT_APPROVAL_JUDGE_H

#include "core/config.h"
#include "core/judge.h"
#include "plugins/front_approval_store.h"

#define TMK_APPROVAL_MAIL 320	/* bytes of an address */

struct tmk_approval_judge {
	const struct tmk_key_config *section;	/* borrowed */
	struct tmk_trust *trust;
	struct tmk_judge judge;
};

/* Read what the key's section names. Fails with TMK_USAGE when approvals could
 * never be reached with it. */
int tmk_approval_judge_open(struct tmk_approval_judge *out,
			    const struct tmk_key_config *section,
			    struct tmk_err *err) TMK_MUST_CHECK;
void tmk_approval_judge_close(struct tmk_approval_judge *judge);

/* One approval while it is looked at. */
struct tmk_approval_finding {
	struct tmk_finding finding;	/* its verdict says whether it counts */
	struct tmk_evidence *evidence;
	char mail[TMK_APPROVAL_MAIL];	/* the approver's, as configured */
};

/* Judge one over the text of this request. 0 with a verdict in *out, which is
 * to be released whatever is returned. */
int tmk_approval_judge_one(struct tmk_approval_finding *out,
			   const struct tmk_approval_judge *judge,
			   const struct tmk_approval_request *request,
			   const uint8_t *der, size_t len,
			   struct tmk_err *err) TMK_MUST_CHECK;
void tmk_approval_finding_release(struct tmk_approval_finding *finding);

/* Who approved so far. */
struct tmk_approval_tally {
	int count;		/* different people, no more than are needed */
	int mails;
	char mail[TMK_APPROVALS_MAX][TMK_APPROVAL_MAIL];
};

/* Judge all that are kept. */
int tmk_approval_judge_all(struct tmk_approval_tally *out,
			   const struct tmk_approval_judge *judge,
			   const struct tmk_approval_request *request,
			   struct tmk_err *err) TMK_MUST_CHECK;

#endif
