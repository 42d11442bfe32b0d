#include "hooks/gate_signed.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "core/policy_signed.h"

/* A file that the configuration names, seen from the repository; NULL when it
 * names none. *out belongs to the caller. */
static int named_file(struct tmk_gate *gate, char **out, const char *key,
		      const char *shown, struct tmk_err *err)
{
	struct tmk_repo *repo = gate->repo;
	char base[4096], *path = NULL;

	if (repo->ops->config(repo, &path, key, true, err) < 0)
		return -1;
	if (!path)
		return 0;
	if (!*path) {
		free(path);
		return tmk_err_set(err, TMK_USAGE, "%s: no file is named",
				   shown);
	}
	if (snprintf(base, sizeof(base), "%s/config", repo->common_dir) <
	    (int)sizeof(base))
		*out = tmk_file_resolve(base, NULL, path);
	free(path);
	if (!*out)
		return tmk_err_nomem(err);
	return tmk_gate_open_outside(gate, *out, err);
}

int tmk_gate_signed_load(struct tmk_gate *gate, const char *path,
			 struct tmk_err *err)
{
	char *roots = NULL, *tsa_roots = NULL, *crl = NULL;
	struct tmk_policy_signers signers;
	int rc = -1;

	if (named_file(gate, &roots, "touchmark.policyroots",
		       "touchmark.policyRoots", err) < 0 ||
	    named_file(gate, &tsa_roots, "touchmark.policytsaroots",
		       "touchmark.policyTsaRoots", err) < 0 ||
	    named_file(gate, &crl, "touchmark.policycrl",
		       "touchmark.policyCrl", err) < 0)
		goto out;
	if (!roots && (tsa_roots || crl)) {
		tmk_err_set(err, TMK_USAGE, "%s needs touchmark.policyRoots",
			    crl ? "touchmark.policyCrl" :
			    "touchmark.policyTsaRoots");
		tmk_err_hint(err, "the administrator must name the roots of "
			     "who may sign the policy");
		goto out;
	}
	signers = (struct tmk_policy_signers){ roots, tsa_roots, crl };
	rc = roots ? tmk_policy_signed_load(&gate->policy, NULL, 0, path,
					    &signers, err) :
		tmk_policy_load(&gate->policy, path, err);
out:
	free(roots);
	free(tsa_roots);
	free(crl);
	return rc;
}
