#include "plugins/front_stamp_trust.h"

#include <string.h>

#include "x509/trust.h"

static int from_roots(struct tmk_stamp_trust *t, const char *path,
		      struct tmk_err *err)
{
	if (tmk_trust_new(&t->own, err))
		return -1;
	if (tmk_trust_add_roots(t->own, path, err)) {
		tmk_front_stamp_trust_release(t);
		return tmk_err_prefix(err, "touchmark.tsaRoots");
	}
	t->trust = t->own;
	return 0;
}

int tmk_front_stamp_trust_load(struct tmk_stamp_trust *out,
			       const struct tmk_config *config,
			       struct tmk_err *odd, struct tmk_err *err)
{
	struct tmk_stamp_trust t = { .revocation = TMK_REVOCATION_CHECK };

	*odd = (struct tmk_err)TMK_ERR_INIT;
	if (config->tsa_roots) {
		if (from_roots(&t, config->tsa_roots, err))
			return -1;
	} else if (config->policy &&
		   !tmk_policy_load(&t.policy, config->policy, odd)) {
		t.trust = t.policy->tsa_trust;
		t.revocation = t.policy->judge.tsa_revocation;
	}
	*out = t;
	return 0;
}

void tmk_front_stamp_trust_release(struct tmk_stamp_trust *trust)
{
	tmk_trust_free(trust->own);
	tmk_policy_free(trust->policy);
	memset(trust, 0, sizeof(*trust));
}
