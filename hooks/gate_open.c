/*
 * gate_open.c - the repository with its quarantine, and the policy that the
 * server names. Nothing of the push is read here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "hooks/gate.h"
#include "hooks/gate_approvals.h"
#include "hooks/gate_record.h"
#include "hooks/gate_signed.h"
#include "hooks/repo_trees.h"

#define POLICY_DEFAULT "/etc/touchmark/policy"
#define READING (24 << 20)	/* bytes to read an object with, beside itself
				   and what it is a difference to: libgit2
				   keeps 16 MiB of them for the next one */

/* touchmark.policy, or the default. *out belongs to the caller. */
static int policy_path(struct tmk_gate *gate, char **out, struct tmk_err *err)
{
	struct tmk_repo *repo = gate->repo;
	char base[4096], *path = NULL;

	if (repo->ops->config(repo, &path, "touchmark.policy", true, err) < 0)
		return -1;
	if (!path) {
		*out = strdup(POLICY_DEFAULT);
	} else if (!*path) {
		free(path);
		return tmk_err_set(err, TMK_USAGE,
				   "touchmark.policy: no file is named");
	} else if (snprintf(base, sizeof(base), "%s/config",
			    repo->common_dir) < (int)sizeof(base)) {
		*out = tmk_file_resolve(base, NULL, path);
	}
	free(path);
	return *out ? 0 : tmk_err_nomem(err);
}

/* A push may write a working tree (receive.denyCurrentBranch): what lies there
 * is pushed, and has no say. */
int tmk_gate_open_outside(struct tmk_gate *gate, const char *path,
			  struct tmk_err *err)
{
	int held = path ? tmk_repo_trees_hold(gate->repo, path, err) : 0;

	if (held <= 0)
		return held;
	tmk_err_set(err, TMK_USAGE, "%s lies in the working tree, which is "
		    "pushed", path);
	return tmk_err_hint(err, "the administrator must keep the policy and "
			    "its files outside of the working trees");
}

static int files_outside(struct tmk_gate *gate, struct tmk_err *err)
{
	const struct tmk_policy *p = gate->policy;
	int i;

	if (tmk_gate_open_outside(gate, p->path, err) < 0 ||
	    tmk_gate_open_outside(gate, p->roots, err) < 0 ||
	    tmk_gate_open_outside(gate, p->tsa_roots, err) < 0 ||
	    tmk_gate_open_outside(gate, p->intermediates, err) < 0 ||
	    tmk_gate_open_outside(gate, p->allowed_signers, err) < 0)
		return -1;
	for (i = 0; i < p->keyrings; i++)
		if (tmk_gate_open_outside(gate, p->keyring[i], err) < 0)
			return -1;
	for (i = 0; i < p->crls; i++)
		if (tmk_gate_open_outside(gate, p->crl[i], err) < 0)
			return -1;
	for (i = 0; i < p->receipts; i++)
		if (tmk_gate_open_outside(gate, p->receipt[i], err) < 0)
			return -1;
	return 0;
}

int tmk_gate_open_rules(struct tmk_gate *gate, struct tmk_err *err)
{
	gate->policy->judge.now = tmk_clock_now();
	gate->deadline = tmk_clock_ms() +
		(int64_t)gate->policy->limit_seconds * 1000;
	gate->repo->most = 2 * gate->policy->limit_object + READING;
	gate->rule = calloc((size_t)gate->policy->rules + 1,
			    sizeof(*gate->rule));
	if (!gate->rule)
		return tmk_err_nomem(err);
	return tmk_gate_pool_new(&gate->pool, gate->policy, gate->deadline,
				 err);
}

int tmk_gate_open_policy(struct tmk_gate *gate, struct tmk_err *err)
{
	const char *shallow = getenv("GIT_SHALLOW_FILE");
	char *path = NULL;
	int ret = -1;

	if (policy_path(gate, &path, err) < 0)
		goto out;
	if (access(path, F_OK) < 0) {
		tmk_err_set(err, TMK_USAGE, "there is no policy %s", path);
		tmk_err_hint(err, "the administrator must set "
			     "touchmark.policy in the server repository's "
			     "config, or write " POLICY_DEFAULT);
		goto out;
	}
	if (tmk_gate_signed_load(gate, path, err) < 0 ||
	    files_outside(gate, err) < 0 ||
	    tmk_gate_version_check(gate->repo->common_dir,
				   gate->policy->version, err) < 0)
		goto out;
	if (tmk_gate_open_rules(gate, err) < 0)
		goto out;
	if (shallow && *shallow &&
	    tmk_gate_shallow_find(gate, shallow, err) < 0) {
		err->code = TMK_INTERNAL;
		goto out;
	}
	ret = 0;
out:
	free(path);
	return ret;
}

void tmk_gate_release(struct tmk_gate *gate)
{
	size_t n;
	int i;

	for (i = 0; gate->rule && i < gate->policy->rules; i++) {
		tmk_oidmap_release(&gate->rule[i].judged);
		free(gate->rule[i].seed);
	}
	for (i = 0; i < gate->commands; i++)
		free(gate->command[i].ref);
	for (n = 0; n < gate->refs; n++)
		free(gate->ref[n].name);
	tmk_gate_report_begin(gate);
	tmk_gate_pool_free(gate->pool);
	free(gate->rule);
	free(gate->command);
	free(gate->ref);
	tmk_gate_approvals_forget(gate->approvals);
	tmk_gate_record_free(gate->record);
	tmk_policy_free(gate->policy);
	tmk_repo_close(gate->repo);
	memset(gate, 0, sizeof(*gate));
}
