/*
 * front_trust.c - one judge for every verifying command, whoever names what
 * it trusts.
 */
#include "plugins/front_trust.h"

#include <string.h>

#include "base/clock.h"
#include "core/policy_keyrings.h"

static void defaults(struct tmk_judge *judge)
{
	memset(judge, 0, sizeof(*judge));
	judge->tsa_revocation = TMK_REVOCATION_CHECK;
	judge->timestamp = TMK_STAMP_WHEN_EXPIRED;
	judge->eku[0] = "codeSigning";
	judge->ekus = 1;
	judge->min_rsa = 3072;
	judge->certificates = 16;
	judge->now = tmk_clock_now();
	judge->at = TMK_TIME_NONE;
	judge->clock_skew = 300;
}

static int add_all(struct tmk_trust *trust,
		   int (*add)(struct tmk_trust *trust, const char *path,
			      struct tmk_err *err),
		   const struct tmk_opt_list *list, struct tmk_err *err)
{
	int i;

	for (i = 0; i < list->count; i++)
		if (add(trust, list->item[i], err) < 0)
			return -1;
	return 0;
}

/* --roots, --tsa-roots, --crl. The CRLs serve both chains. */
static int from_options(struct tmk_front_trust *t,
			const struct tmk_trust_options *o,
			struct tmk_err *err)
{
	defaults(&t->judge);
	t->judge.revocation = o->crl.count ? TMK_REVOCATION_REQUIRE :
		TMK_REVOCATION_CHECK;
	if (tmk_trust_new(&t->trust, err) < 0 ||
	    add_all(t->trust, tmk_trust_add_roots, &o->roots, err) < 0 ||
	    add_all(t->trust, tmk_trust_add_crls, &o->crl, err) < 0)
		return -1;
	t->judge.trust = t->trust;
	if (!o->tsa_roots.count)
		return 0;
	if (tmk_trust_new(&t->tsa_trust, err) < 0 ||
	    add_all(t->tsa_trust, tmk_trust_add_roots, &o->tsa_roots,
		    err) < 0 ||
	    add_all(t->tsa_trust, tmk_trust_add_crls, &o->crl, err) < 0)
		return -1;
	t->judge.tsa_trust = t->tsa_trust;
	return 0;
}

static int from_policy(struct tmk_front_trust *t, const char *path,
		       struct tmk_err *err)
{
	if (tmk_policy_load(&t->policy, path, err) < 0)
		return -1;
	t->judge = t->policy->judge;
	t->judge.now = tmk_clock_now();
	if (!t->policy->roots && !t->policy->keyrings &&
	    !t->policy->allowed_signers) {
		tmk_err_set(err, TMK_USAGE, "%s: [trust] names no roots and "
			    "no keyring", path);
		return tmk_err_hint(err, "write roots = FILE into [trust]");
	}
	return 0;
}

/* `path` NULL: none. */
static int read_keyring(struct tmk_keyring **out, enum tmk_seal_format format,
			const char *path, struct tmk_err *err)
{
	return path ? tmk_policy_keyrings_read(out, format, &path, 1, err) : 0;
}

/* What --keyring and its like name, in the place of what a policy
 * says about keys of these formats. */
static int add_keyrings(struct tmk_front_trust *t,
			const struct tmk_trust_options *o,
			struct tmk_err *err)
{
	if (read_keyring(&t->openpgp, TMK_FORMAT_OPENPGP, o->keyring, err) ||
	    read_keyring(&t->ssh, TMK_FORMAT_SSH, o->allowed_signers, err))
		return -1;
	if (read_keyring(&t->minisign, TMK_FORMAT_MINISIGN, o->minisign_key,
			 err))
		return -1;
	if (t->minisign)
		t->judge.minisign = t->minisign;
	if (t->openpgp)
		t->judge.openpgp = t->openpgp;
	if (t->ssh)
		t->judge.ssh = t->ssh;
	return 0;
}

int tmk_front_trust_load(struct tmk_front_trust *out,
			 const struct tmk_trust_options *options,
			 const struct tmk_config *config, struct tmk_err *err)
{
	bool listed = options->roots.count || options->tsa_roots.count ||
		options->crl.count;
	bool keys = options->keyring || options->allowed_signers ||
		options->minisign_key;
	struct tmk_front_trust t = { 0 };
	int rc;

	if (options->policy && listed) {
		tmk_err_set(err, TMK_USAGE, "--policy and --roots, "
			    "--tsa-roots or --crl exclude each other");
		return tmk_err_hint(err, "the policy names its own files in "
				    "[trust]");
	}
	if (listed && !options->roots.count && !keys) {
		tmk_err_set(err, TMK_USAGE, "--tsa-roots and --crl need "
			    "--roots or --keyring");
		return tmk_err_hint(err, "add --roots PEM, or use --policy");
	}
	if (options->policy) {
		rc = from_policy(&t, options->policy, err);
	} else if (listed || keys) {
		rc = from_options(&t, options, err);
	} else if (config && config->policy) {
		rc = from_policy(&t, config->policy, err);
	} else {
		tmk_err_set(err, TMK_USAGE, "nothing says whom to trust");
		return tmk_err_hint(err, "give --roots PEM or --policy FILE, "
				    "or set touchmark.policy");
	}
	if (rc >= 0)
		rc = add_keyrings(&t, options, err);
	if (rc < 0) {
		tmk_front_trust_release(&t);
		return -1;
	}
	t.judge.at = options->at;
	*out = t;
	return 0;
}

void tmk_front_trust_release(struct tmk_front_trust *trust)
{
	tmk_policy_free(trust->policy);
	tmk_trust_free(trust->trust);
	tmk_trust_free(trust->tsa_trust);
	tmk_keyring_free(trust->openpgp);
	tmk_keyring_free(trust->ssh);
	tmk_keyring_free(trust->minisign);
	memset(trust, 0, sizeof(*trust));
}
