#include "plugins/front_guard.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "iface/verdict.h"
#include "plugins/front_approval.h"
#include "plugins/front_audit.h"
#include "plugins/front_denied.h"
#include "plugins/front_guard_names.h"
#include "plugins/front_presign.h"

struct tmk_front_guard {
	const struct tmk_config *config;	/* borrowed */
	uint64_t seq;			/* of the intent; 0: no record */
	char approval[TMK_APPROVAL_ID];	/* reserved; "": none was needed */
};

/* A bare URI may lead to a key past its section, where it says that its uses
 * need approvals or a command of its own. */
static int refuse_bypass(const struct tmk_config *config,
			 const struct tmk_front_use *use, struct tmk_err *err)
{
	bool special = false;
	int i;

	if (use->section || strcmp(use->what, "sign"))
		return 0;
	for (i = 0; i < config->n_keys; i++)
		special |= config->keys[i].approvals ||
			config->keys[i].pre_sign;
	if (!special)
		return 0;
	tmk_err_set(err, TMK_REFUSED, "%s: a key that is named by its URI may "
		    "be one that needs approvals or a preSign of its own",
		    tmk_reason_id(TMK_SIGNER_NOT_ALLOWED));
	return tmk_err_hint(err, "name it as it is configured");
}

/* Whether it may be; with the approvals it needs reserved. */
static int check(struct tmk_front_guard *g, const struct tmk_front_use *use,
		 struct tmk_err *err)
{
	const struct tmk_config *config = g->config;

	if (tmk_front_denied_check(use->spki, use->spki_len, err) ||
	    refuse_bypass(config, use, err) ||
	    tmk_front_guard_names(config, use, err) ||
	    tmk_front_approval_check(g->approval, use, err))
		return -1;
	if (!tmk_front_presign(config, use, err))
		return 0;
	tmk_front_approval_giveback(g->approval);
	return -1;
}

/* A no, on record. */
static int refuse(const struct tmk_config *config,
		  const struct tmk_front_use *use, const struct tmk_err *why,
		  struct tmk_err *err)
{
	tmk_front_audit_refused(config, use, why);
	if (err)
		*err = *why;
	return -1;
}

int tmk_front_guard_denied(const struct tmk_config *config,
			   const struct tmk_front_use *use,
			   struct tmk_err *err)
{
	struct tmk_err why = TMK_ERR_INIT;

	return tmk_front_denied_check(use->spki, use->spki_len, &why) ?
		refuse(config, use, &why, err) : 0;
}

int tmk_front_guard_before(struct tmk_front_guard **out,
			   const struct tmk_config *config,
			   const struct tmk_front_use *use,
			   struct tmk_err *err)
{
	struct tmk_front_guard *g = calloc(1, sizeof(*g));
	struct tmk_err why = TMK_ERR_INIT;

	if (!g)
		return tmk_err_nomem(err);
	g->config = config;
	if (check(g, use, &why)) {
		refuse(config, use, &why, err);
		goto fail;
	}
	if (tmk_front_audit_intent(&g->seq, config, use, err)) {
		tmk_front_approval_giveback(g->approval);
		goto fail;
	}
	*out = g;
	return 0;
fail:
	free(g);
	return -1;
}

int tmk_front_guard_after(struct tmk_front_guard *guard,
			  const struct tmk_front_use *use,
			  const struct tmk_front_outcome *outcome,
			  struct tmk_err *err)
{
	int rc = 0;

	/* Before the record says that there is a signature: what was agreed to
	 * once must not be good for a second one. */
	if (outcome->signature)
		rc = tmk_front_approval_spend(guard->approval, err);
	else
		tmk_front_approval_giveback(guard->approval);
	if (tmk_front_audit_result(guard->config, guard->seq, use, outcome,
				   rc ? NULL : err))
		rc = -1;
	free(guard);
	return rc;
}
