/*
 * policy.c - reading the policy file: libgit2 parses it (config_parse.h), the
 * reader takes entry by entry, then names are resolved and the trust is
 * loaded.
 */
#include "core/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/enc.h"
#include "base/file.h"
#include "core/config_parse.h"
#include "core/policy_keyrings.h"
#include "core/policy_reader.h"
#include "core/receipts.h"
#include "x509/digest.h"
#include "x509/fast.h"

static void free_role(struct tmk_role *role)
{
	int i;

	for (i = 0; i < role->members; i++)
		free(role->member[i].text);
	for (i = 0; i < role->issuers; i++)
		free(role->issuer[i]);
	free(role->member);
	free(role->issuer);
	free(role->ssh_key);
	free(role->name);
}

void tmk_policy_free(struct tmk_policy *policy)
{
	int i;

	if (!policy)
		return;
	for (i = 0; i < policy->roles; i++)
		free_role(&policy->role[i]);
	for (i = 0; i < policy->envs; i++)
		free_role(&policy->env[i]);
	for (i = 0; i < policy->rules; i++)
		free(policy->rule[i].pattern);
	for (i = 0; i < policy->artefacts; i++) {
		free(policy->artefact[i].pattern);
		free(policy->artefact[i].role_name);
		free(policy->artefact[i].env_name);
	}
	for (i = 0; i < policy->push_urls; i++)
		free(policy->push_url[i]);
	for (i = 0; i < policy->crls; i++)
		free(policy->crl[i]);
	for (i = 0; i < policy->keyrings; i++)
		free(policy->keyring[i]);
	for (i = 0; i < policy->receipts; i++)
		free(policy->receipt[i]);
	for (i = 0; i < TMK_EKU_MAX; i++)
		free(policy->eku[i]);
	tmk_keyring_free(policy->openpgp);
	tmk_keyring_free(policy->ssh);
	tmk_receipts_free(policy->vouching);
	free(policy->allowed_signers);
	tmk_trust_free(policy->trust);
	tmk_trust_free(policy->tsa_trust);
	free(policy->role);
	free(policy->env);
	free(policy->rule);
	free(policy->artefact);
	free(policy->exempt);
	free(policy->push_url);
	free(policy->roots);
	free(policy->tsa_roots);
	free(policy->intermediates);
	free(policy->path);
	free(policy);
}

static struct tmk_policy *policy_new(const char *path)
{
	struct tmk_policy *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->path = strdup(path);
	if (!p->path) {
		free(p);
		return NULL;
	}
	p->enforce = true;
	p->fast_path = true;
	p->judge.revocation = TMK_REVOCATION_REQUIRE;
	p->judge.tsa_revocation = TMK_REVOCATION_CHECK;
	p->judge.timestamp = TMK_STAMP_WHEN_EXPIRED;
	p->judge.min_rsa = 3072;
	p->judge.certificates = 16;
	p->judge.now = tmk_clock_now();
	p->judge.at = TMK_TIME_NONE;
	p->judge.clock_skew = 300;
	p->limit_object = 16 << 20;
	p->limit_commits = 1000000;
	p->limit_tag_depth = 4;
	p->limit_seconds = 600;
	return p;
}

/*
 * "section.sub.key": the section and the key hold no dot, the subsection may.
 * `name` is cut in place.
 */
static int split_name(char *name, char **sub, char **key)
{
	char *first = strchr(name, '.'), *last = strrchr(name, '.');

	if (!first)
		return -1;
	*sub = first == last ? NULL : first + 1;
	*first = '\0';
	*last = '\0';
	*key = last + 1;
	return 0;
}

struct taking {
	struct tmk_policy_reader *r;
	int count;
	struct tmk_err *err;
};

static int take_entry(void *ctx, const char *full, const char *value,
		      bool included)
{
	struct taking *t = ctx;
	struct tmk_policy_reader *r = t->r;
	char name[TMK_POLICY_NAME_MAX + 128], *sub, *key;
	size_t len = strlen(full);

	if (++t->count > TMK_POLICY_ENTRIES_MAX)
		return tmk_err_set(t->err, TMK_USAGE, "%s: more than %d "
				   "entries", r->policy->path,
				   TMK_POLICY_ENTRIES_MAX);
	r->line = tmk_policy_lines_take(&r->lines, full);
	if (len >= sizeof(name))
		return tmk_policy_reader_fail(r, t->err,
					      "the name is too long");
	memcpy(name, full, len + 1);
	if (included || split_name(name, &sub, &key) < 0)
		return tmk_policy_reader_fail(r, t->err, "a policy includes "
					      "no other file");
	return tmk_policy_reader_entry(r, name, sub, key, value, t->err);
}

/* Headers first: an include must be refused before libgit2 follows it, and a
 * section without any key is invisible to libgit2. */
static int check_headers(struct tmk_policy_reader *r, struct tmk_err *err)
{
	int i;

	for (i = 0; i < r->lines.count; i++) {
		struct tmk_policy_line *l = &r->lines.item[i];
		char name[TMK_POLICY_NAME_MAX], *dot;

		if (!l->header)
			continue;
		r->line = l->line;
		snprintf(name, sizeof(name), "%s", l->name);
		dot = strchr(name, '.');
		if (dot)
			*dot++ = '\0';
		if (tmk_policy_reader_section(r, name, dot != NULL, err) < 0)
			return -1;
		if (!strcmp(name, "role") &&
		    !tmk_policy_reader_role(r, dot, err))
			return -1;
		if (!strcmp(name, "env") &&
		    !tmk_policy_reader_env(r, dot, err))
			return -1;
		if (!strcmp(name, "ref") &&
		    !tmk_policy_reader_rule(r, dot, err))
			return -1;
		if (!strcmp(name, "artefact") &&
		    !tmk_policy_reader_artefact(r, dot, err))
			return -1;
	}
	return 0;
}

/* The bytes that are hashed must be the bytes that libgit2 parsed. */
static int unchanged(const struct tmk_policy *p, const struct tmk_buf *text,
		     struct tmk_err *err)
{
	struct tmk_buf again = TMK_BUF_INIT(TMK_POLICY_MAX);
	int ret = tmk_file_read(&again, p->path, err);

	if (!ret && (again.len != text->len ||
		     (text->len && memcmp(again.data, text->data,
					  text->len))))
		ret = tmk_err_set(err, TMK_USAGE, "%s: changed while it was "
				  "read", p->path);
	tmk_buf_release(&again);
	return ret;
}

static int hash_text(struct tmk_policy *p, const struct tmk_buf *text,
		     struct tmk_err *err)
{
	uint8_t digest[TMK_DIGEST_MAX];
	size_t len;

	if (tmk_digest_bytes(TMK_SHA256, text->data, text->len, digest, &len,
			     err) < 0)
		return -1;
	tmk_enc_hex(p->sha256, digest, len);
	return 0;
}

static int load_trust(struct tmk_policy *p, struct tmk_err *err)
{
	int i;

	if (tmk_trust_new(&p->trust, err) < 0)
		return -1;
	if (p->roots && tmk_trust_add_roots(p->trust, p->roots, err) < 0)
		return tmk_err_prefix(err, "[trust] roots");
	if (p->intermediates &&
	    tmk_trust_add_intermediates(p->trust, p->intermediates, err) < 0)
		return tmk_err_prefix(err, "[trust] intermediates");
	for (i = 0; i < p->crls; i++)
		if (tmk_trust_add_crls(p->trust, p->crl[i], err) < 0)
			return tmk_err_prefix(err, "[trust] crl");
	p->judge.trust = p->trust;
	if (tmk_policy_keyrings_load(p, err) < 0)
		return -1;
	if (p->receipts && tmk_receipts_load(&p->vouching, p->receipt,
					     p->receipts, err) < 0)
		return tmk_err_prefix(err, "[trust] receipts");
	if (!p->tsa_roots)
		return 0;
	if (tmk_trust_new(&p->tsa_trust, err) < 0)
		return -1;
	if (tmk_trust_add_roots(p->tsa_trust, p->tsa_roots, err) < 0)
		return tmk_err_prefix(err, "[trust] tsaRoots");
	if (p->intermediates &&
	    tmk_trust_add_intermediates(p->tsa_trust, p->intermediates,
					err) < 0)
		return tmk_err_prefix(err, "[trust] intermediates");
	for (i = 0; i < p->crls; i++)
		if (tmk_trust_add_crls(p->tsa_trust, p->crl[i], err) < 0)
			return tmk_err_prefix(err, "[trust] crl");
	p->judge.tsa_trust = p->tsa_trust;
	return 0;
}

static void reader_release(struct tmk_policy_reader *r)
{
	int i;

	for (i = 0; r->rule_role && i < r->policy->rules; i++)
		free(r->rule_role[i]);
	for (i = 0; r->rule_env && i < r->policy->rules; i++)
		free(r->rule_env[i]);
	free(r->rule_env);
	free(r->rule_env_line);
	free(r->env_seen);
	free(r->rule_role);
	free(r->rule_role_line);
	free(r->role_seen);
	free(r->rule_seen);
	free(r->artefact_seen);
	tmk_policy_lines_release(&r->lines);
}

static int read_all(struct tmk_policy_reader *r, struct tmk_err *err)
{
	struct tmk_policy *p = r->policy;
	struct tmk_buf text = TMK_BUF_INIT(TMK_POLICY_MAX);
	struct taking t = { r, 0, err };
	int ret = -1;

	r->role_seen = calloc(TMK_POLICY_SECTIONS_MAX, sizeof(uint64_t));
	r->rule_seen = calloc(TMK_POLICY_SECTIONS_MAX, sizeof(uint64_t));
	r->artefact_seen = calloc(TMK_POLICY_SECTIONS_MAX, sizeof(uint64_t));
	r->rule_role = calloc(TMK_POLICY_SECTIONS_MAX, sizeof(char *));
	r->rule_role_line = calloc(TMK_POLICY_SECTIONS_MAX, sizeof(int));
	r->env_seen = calloc(TMK_POLICY_ENVS_MAX, sizeof(uint64_t));
	r->rule_env = calloc(TMK_POLICY_SECTIONS_MAX, sizeof(char *));
	r->rule_env_line = calloc(TMK_POLICY_SECTIONS_MAX, sizeof(int));
	p->env = calloc(TMK_POLICY_ENVS_MAX, sizeof(*p->env));
	p->role = calloc(TMK_POLICY_SECTIONS_MAX, sizeof(*p->role));
	p->rule = calloc(TMK_POLICY_SECTIONS_MAX, sizeof(*p->rule));
	p->artefact = calloc(TMK_POLICY_SECTIONS_MAX, sizeof(*p->artefact));
	if (!r->role_seen || !r->rule_seen || !r->rule_role ||
	    !r->rule_role_line || !r->artefact_seen || !p->role || !p->rule ||
	    !p->artefact || !r->env_seen || !r->rule_env ||
	    !r->rule_env_line || !p->env) {
		tmk_err_nomem(err);
		goto out;
	}
	if (tmk_file_read(&text, p->path, err) < 0)
		goto out;
	if (tmk_policy_lines_scan(&r->lines, tmk_buf_str(&text), text.len,
				  err) < 0) {
		tmk_err_prefix(err, "%s", p->path);
		goto out;
	}
	if (check_headers(r, err) < 0 ||
	    tmk_config_parse(p->path, NULL, take_entry, &t, err) < 0 ||
	    unchanged(p, &text, err) < 0 || hash_text(p, &text, err) < 0 ||
	    tmk_policy_reader_finish(r, err) < 0)
		goto out;
	ret = 0;
out:
	tmk_buf_release(&text);
	return ret;
}

static int read_or_load(struct tmk_policy **out, const char *path, bool trust,
			struct tmk_err *err)
{
	struct tmk_policy_reader r = { policy_new(path) };
	int ret = -1;

	if (!r.policy)
		return tmk_err_nomem(err);
	if (read_all(&r, err) < 0)
		goto out;
	if (trust && load_trust(r.policy, err) < 0) {
		if (err && err->code != TMK_INTERNAL)
			err->code = TMK_USAGE;
		tmk_err_prefix(err, "%s", path);
		goto out;
	}
	if (trust)
		tmk_fast_set(r.policy->fast_path);
	*out = r.policy;
	ret = 0;
out:
	reader_release(&r);
	if (ret)
		tmk_policy_free(r.policy);
	return ret;
}

int tmk_policy_load(struct tmk_policy **out, const char *path,
		    struct tmk_err *err)
{
	return read_or_load(out, path, true, err);
}

int tmk_policy_read(struct tmk_policy **out, const char *path,
		    struct tmk_err *err)
{
	return read_or_load(out, path, false, err);
}
