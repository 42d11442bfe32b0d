/*
 * install_policy.c - the policy of a server's repository, the files it needs,
 * and the settings of git that weaken it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "core/config.h"
#include "core/policy.h"
#include "plugins/install_check.h"
#include "plugins/policy_lists.h"

#define POLICY_DEFAULT "/etc/touchmark/policy"

/* As the gate finds it; belongs to the caller. */
static char *find_policy(const struct tmk_install *in)
{
	char *named = tmk_install_setting("--path", "touchmark.policy");
	char base[4096], *path = NULL;

	if (!named)
		return strdup(POLICY_DEFAULT);
	if (snprintf(base, sizeof(base), "%s/config", in->common_dir) <
	    (int)sizeof(base))
		path = tmk_file_resolve(base, NULL, named);
	free(named);
	return path;
}

static void judge_file(struct tmk_install *in, const char *path)
{
	if (path && tmk_install_is_open(path))
		tmk_install_say(in, TMK_INSTALL_FAIL, "policy", "let it and "
				"its folder belong to root or to the server's "
				"user, and nobody else write there",
				"%s can be changed by others", path);
}

static void judge_files(struct tmk_install *in, const struct tmk_policy *p)
{
	int i;

	judge_file(in, p->path);
	judge_file(in, p->roots);
	judge_file(in, p->tsa_roots);
	judge_file(in, p->intermediates);
	judge_file(in, p->allowed_signers);
	for (i = 0; i < p->crls; i++)
		judge_file(in, p->crl[i]);
	for (i = 0; i < p->keyrings; i++)
		judge_file(in, p->keyring[i]);
	for (i = 0; i < p->receipts; i++)
		judge_file(in, p->receipt[i]);
}

static bool is_true(const char *key)
{
	char *value = tmk_install_setting("--bool", key);
	bool set = value && !strcmp(value, "true");

	free(value);
	return set;
}

/* A setting that lets something past the gate, or that it needs. */
static void judge_settings(struct tmk_install *in,
			   const struct tmk_policy *p)
{
	char *value = tmk_install_setting("--no-type",
					  "receive.procReceiveRefs");

	if (value)
		tmk_install_say(in, TMK_INSTALL_WARN, "git", "its hook runs "
				"after the gate: see that it sets no other "
				"refs", "receive.procReceiveRefs = %s: a hook "
				"proc-receive updates these refs", value);
	free(value);
	if (!is_true("receive.fsckObjects") &&
	    !is_true("transfer.fsckObjects"))
		tmk_install_say(in, TMK_INSTALL_WARN, "git", "git config "
				"receive.fsckObjects true",
				"receive.fsckObjects is not set: trees and "
				"blobs are not checked for their form");
	value = tmk_install_setting("--no-type", "receive.certNonceSeed");
	if (p->push_certificate && !value)
		tmk_install_say(in, TMK_INSTALL_FAIL, "git", "git config "
				"receive.certNonceSeed $(openssl rand -hex "
				"32)",
				"the policy judges push certificates, but "
				"receive.certNonceSeed is not set");
	free(value);
}

/* Whether this process may write into the folder of `path`, or make it: the
 * gate makes folders that are missing. Cuts `path`. */
static bool can_be_kept(char *path)
{
	char *slash = strrchr(path, '/');
	struct stat s;

	while (slash && slash != path) {
		*slash = '\0';
		if (!stat(path, &s))
			return S_ISDIR(s.st_mode) && !access(path, W_OK);
		slash = strrchr(path, '/');
	}
	return false;
}

/* Whoever runs this should be the server's user. */
static void judge_record(struct tmk_install *in)
{
	char *named = tmk_install_setting("--path", "touchmark.gateLog");
	char base[4096], *path = NULL;

	if (!named) {
		tmk_install_say(in, TMK_INSTALL_WARN, "record", "git config "
				"touchmark.gateLog FILE",
				"no record is kept of what was judged");
		return;
	}
	if (snprintf(base, sizeof(base), "%s/config", in->common_dir) <
	    (int)sizeof(base))
		path = tmk_file_resolve(base, NULL, named);
	if (!path || !can_be_kept(path))
		tmk_install_say(in, TMK_INSTALL_FAIL, "record", "let the "
				"server's user write there, and run this as "
				"that user: without a record every push is "
				"refused", "the folder of touchmark.gateLog, "
				"%s, cannot be written", path ? path : named);
	else
		tmk_install_say(in, TMK_INSTALL_OK, "record", NULL, "%s",
				named);
	free(path);
	free(named);
}

static void say_list(void *ctx, const char *authority, int64_t ends)
{
	char when[TMK_CLOCK_TEXT];

	tmk_install_say(ctx, TMK_INSTALL_WARN, "policy", "touchmark crl-fetch "
			"gets one; enable its timer", "there is no current "
			"revocation list of %s%s%s: what it issued is refused",
			authority, ends == TMK_TIME_NONE ? "" :
			", the last one ended at ", ends == TMK_TIME_NONE ?
			"" : tmk_clock_format(when, ends));
}

static void judge_lists(struct tmk_install *in, const struct tmk_policy *p)
{
	struct tmk_err err = TMK_ERR_INIT;

	if (p->judge.revocation == TMK_REVOCATION_REQUIRE && p->roots &&
	    tmk_policy_lists_missing(p, tmk_clock_now(), say_list, in, &err))
		tmk_install_say_error(in, "policy", &err);
}

/* The gate reads each key by its name, so one that is misspelt (policyRoot)
 * would do nothing, silently. */
static void judge_keys(struct tmk_install *in)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_config *config = NULL;

	if (tmk_config_load(&config, ".", &err) < 0)
		tmk_install_say(in, TMK_INSTALL_WARN, "config",
				"touchmark.conf(5) lists the keys; nothing "
				"reads another one", "%s", err.text);
	tmk_config_free(config);
}

void tmk_install_policy(struct tmk_install *in)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_policy *policy = NULL;
	char *path = find_policy(in);

	if (path && access(path, F_OK) < 0) {
		tmk_install_say(in, TMK_INSTALL_FAIL, "policy", "write it, or "
				"name another: git config touchmark.policy",
				"there is no policy %s", path);
		free(path);
		return;
	}
	if (!path || tmk_policy_load(&policy, path, &err) < 0) {
		tmk_install_say_error(in, "policy", &err);
		free(path);
		return;
	}
	if (policy->enforce)
		tmk_install_say(in, TMK_INSTALL_OK, "policy", NULL,
				"%s, %d [ref] sections", path, policy->rules);
	else
		tmk_install_say(in, TMK_INSTALL_WARN, "policy", "write "
				"enforce = true when nobody is refused any "
				"more", "%s is not enforced: every push is "
				"let in", path);
	judge_files(in, policy);
	judge_lists(in, policy);
	judge_settings(in, policy);
	judge_keys(in);
	judge_record(in);
	tmk_policy_free(policy);
	free(path);
}
