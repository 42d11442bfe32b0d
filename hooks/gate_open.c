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

#define POLICY_DEFAULT "/etc/touchmark/policy"

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

/* Whether `path` lies below the folder `dir`, links resolved. */
static bool lies_below(const char *path, const char *dir)
{
	char *real = realpath(path, NULL), *top = realpath(dir, NULL);
	size_t len = top ? strlen(top) : 0;
	bool below;

	while (len && top[len - 1] == '/')
		len--;
	below = real && top && !strncmp(real, top, len) && real[len] == '/';
	free(real);
	free(top);
	return below;
}

/* A push may write the working tree (receive.denyCurrentBranch): what lies
 * there is pushed, and has no say. */
static int outside_worktree(struct tmk_gate *gate, const char *path,
			    struct tmk_err *err)
{
	const char *tree = gate->repo->worktree;

	if (!tree || !path || !lies_below(path, tree) ||
	    lies_below(path, gate->repo->dir) ||
	    lies_below(path, gate->repo->common_dir))
		return 0;
	tmk_err_set(err, TMK_USAGE, "%s lies in the working tree, which is "
		    "pushed", path);
	return tmk_err_hint(err, "the administrator must keep the policy and "
			    "its files outside of the working tree");
}

static int files_outside(struct tmk_gate *gate, struct tmk_err *err)
{
	const struct tmk_policy *p = gate->policy;
	int i;

	if (outside_worktree(gate, p->path, err) < 0 ||
	    outside_worktree(gate, p->roots, err) < 0 ||
	    outside_worktree(gate, p->tsa_roots, err) < 0 ||
	    outside_worktree(gate, p->intermediates, err) < 0)
		return -1;
	for (i = 0; i < p->crls; i++)
		if (outside_worktree(gate, p->crl[i], err) < 0)
			return -1;
	return 0;
}

int tmk_gate_open_rules(struct tmk_gate *gate, struct tmk_err *err)
{
	gate->policy->judge.now = tmk_clock_now();
	gate->deadline = tmk_clock_ms() +
		(int64_t)gate->policy->limit_seconds * 1000;
	gate->rule = calloc((size_t)gate->policy->rules + 1,
			    sizeof(*gate->rule));
	return gate->rule ? 0 : tmk_err_nomem(err);
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
	if (tmk_policy_load(&gate->policy, path, err) < 0 ||
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
	free(gate->rule);
	free(gate->command);
	free(gate->ref);
	tmk_policy_free(gate->policy);
	tmk_repo_close(gate->repo);
	memset(gate, 0, sizeof(*gate));
}
