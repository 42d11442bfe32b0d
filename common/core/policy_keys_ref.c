/*
 * policy_keys_ref.c - the keys of [role "..."], [env "..."] and [ref "..."]:
 * who may sign, which keys an environment has, and what a ref asks for.
 */
#include "core/policy_value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* SHA-256 in base64 without padding: of the last digit four bits count. */
static bool ssh_fingerprint(const char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789+/";

	return !strncmp(text, "SHA256:", 7) && strspn(text + 7, digits) == 43 &&
		strlen(text) == 50 && strchr("AEIMQUYcgkosw048", text[49]);
}

static bool openpgp_fingerprint(char out[65], const char *text)
{
	size_t i;

	if (strlen(text) != 40 ||
	    strspn(text, "0123456789abcdefABCDEF") != 40)
		return false;
	for (i = 0; i <= 40; i++)
		out[i] = (char)toupper((unsigned char)text[i]);
	return true;
}

static int member_of(struct tmk_policy_reader *r, const char *value,
		     struct tmk_member *m, struct tmk_err *err)
{
	char hex[65];
	const char *text = value;

	if (!strncmp(value, "sha256:", 7)) {
		if (!tmk_policy_value_fingerprint(hex, value))
			return tmk_policy_reader_fail(r, err, "\"%s\": sha256:"
				" takes 64 hex digits", value);
		m->kind = TMK_MEMBER_CERT;
		text = hex;
	} else if (!strncmp(value, "ssh:", 4)) {
		if (!ssh_fingerprint(value + 4))
			return tmk_policy_reader_fail(r, err, "\"%s\": ssh: "
				"takes SHA256: and 43 characters, as "
				"ssh-keygen -l prints them", value);
		m->kind = TMK_MEMBER_SSH;
		text = value + 4;
	} else if (!strncmp(value, "openpgp:", 8)) {
		if (!openpgp_fingerprint(hex, value + 8))
			return tmk_policy_reader_fail(r, err, "\"%s\": "
				"openpgp: takes a whole fingerprint of 40 hex "
				"digits", value);
		m->kind = TMK_MEMBER_OPENPGP;
		text = hex;
	} else if (!strchr(value, '@') && strcmp(value, "*")) {
		return tmk_policy_reader_fail(r, err, "\"%s\" is no e-mail, "
			"sha256:, ssh: or openpgp: member", value);
	} else {
		m->kind = TMK_MEMBER_EMAIL;
	}
	if (!*text)
		return tmk_policy_reader_fail(r, err, "the member is empty");
	return tmk_policy_value_text(&m->text, text, err);
}

/* The fingerprints of SSH keys in one row, as a judge takes them. */
static int list_ssh_key(struct tmk_policy_reader *r, const char *text,
			struct tmk_err *err)
{
	struct tmk_role *role = r->role;
	void *grown;

	grown = tmk_policy_value_grow(r, role->ssh_key, role->ssh_keys,
				      sizeof(*role->ssh_key), err);
	if (!grown)
		return -1;
	role->ssh_key = grown;
	role->ssh_key[role->ssh_keys++] = text;
	return 0;
}

static int set_member(struct tmk_policy_reader *r, const char *value,
		      struct tmk_err *err)
{
	struct tmk_role *role = r->role;
	struct tmk_member m = { 0, NULL };
	void *grown;

	if (member_of(r, value, &m, err) < 0)
		return -1;
	grown = tmk_policy_value_grow(r, role->member, role->members,
				      sizeof(m), err);
	if (!grown) {
		free(m.text);
		return -1;
	}
	role->member = grown;
	role->member[role->members++] = m;
	return m.kind == TMK_MEMBER_SSH ? list_ssh_key(r, m.text, err) : 0;
}

static int set_issuer(struct tmk_policy_reader *r, const char *value,
		      struct tmk_err *err)
{
	struct tmk_role *role = r->role;
	char hex[65];
	void *grown;

	if (!tmk_policy_value_fingerprint(hex, value))
		return tmk_policy_reader_fail(r, err, "\"%s\": an issuer is "
			"sha256: and 64 hex digits of the CA's certificate",
			value);
	grown = tmk_policy_value_grow(r, role->issuer, role->issuers,
				      sizeof(*role->issuer), err);
	if (!grown)
		return -1;
	role->issuer = grown;
	role->issuer[role->issuers] = NULL;
	if (tmk_policy_value_text(&role->issuer[role->issuers], hex, err) < 0)
		return -1;
	role->issuers++;
	return 0;
}

/* ---- [ref "pattern"] ---------------------------------------------------- */

static int set_require(struct tmk_policy_reader *r, const char *value,
		       struct tmk_err *err)
{
	static const struct tmk_policy_word words[] = {
		{ "nothing", TMK_REQUIRE_NOTHING },
		{ "tip", TMK_REQUIRE_TIP },
		{ "commits", TMK_REQUIRE_COMMITS },
		{ "tag", TMK_REQUIRE_TAG },
		{ NULL, 0 }
	};
	int n = 0;

	if (tmk_policy_value_choose(r, value, words, &n, err) < 0)
		return -1;
	r->rule->require = (enum tmk_require)n;
	return 0;
}

static int set_role(struct tmk_policy_reader *r, const char *value,
		    struct tmk_err *err)
{
	long i = r->rule - r->policy->rule;

	r->rule_role_line[i] = r->line;
	return tmk_policy_value_text(&r->rule_role[i], value, err);
}

static int set_env(struct tmk_policy_reader *r, const char *value,
		   struct tmk_err *err)
{
	long i = r->rule - r->policy->rule;

	r->rule_env_line[i] = r->line;
	return tmk_policy_value_text(&r->rule_env[i], value, err);
}

static int set_format(struct tmk_policy_reader *r, const char *value,
		      struct tmk_err *err)
{
	static const struct tmk_policy_word words[] = {
		{ "x509", TMK_FORMAT_X509 }, { "openpgp", TMK_FORMAT_OPENPGP },
		{ "ssh", TMK_FORMAT_SSH }, { NULL, 0 }
	};
	int n = 0;

	if (tmk_policy_value_choose(r, value, words, &n, err) < 0)
		return -1;
	r->rule->formats |= 1u << n;
	return 0;
}

static int set_identity(struct tmk_policy_reader *r, const char *value,
			struct tmk_err *err)
{
	static const struct tmk_policy_word words[] = {
		{ "committer", TMK_IDENTITY_COMMITTER },
		{ "tagger", TMK_IDENTITY_COMMITTER },
		{ "off", TMK_IDENTITY_OFF },
		{ NULL, 0 }
	};
	int n = 0;

	if (tmk_policy_value_choose(r, value, words, &n, err) < 0)
		return -1;
	r->rule->identity = (enum tmk_identity)n;
	return 0;
}

int tmk_policy_value_timestamp(struct tmk_policy_reader *r, const char *value,
			       enum tmk_timestamp_rule *out,
			       struct tmk_err *err)
{
	static const struct tmk_policy_word words[] = {
		{ "off", TMK_STAMP_OFF },
		{ "when-expired", TMK_STAMP_WHEN_EXPIRED },
		{ "always", TMK_STAMP_ALWAYS },
		{ NULL, 0 }
	};
	int n = 0;

	if (tmk_policy_value_choose(r, value, words, &n, err) < 0)
		return -1;
	*out = (enum tmk_timestamp_rule)n;
	return 0;
}

static int set_timestamp(struct tmk_policy_reader *r, const char *value,
			 struct tmk_err *err)
{
	return tmk_policy_value_timestamp(r, value, &r->rule->timestamp, err);
}

static int set_merges(struct tmk_policy_reader *r, const char *value,
		      struct tmk_err *err)
{
	static const struct tmk_policy_word words[] = {
		{ "all", 0 }, { "first-parent", 1 }, { NULL, 0 }
	};
	int n = 0;

	if (tmk_policy_value_choose(r, value, words, &n, err) < 0)
		return -1;
	r->rule->first_parent = n;
	return 0;
}

static int allow(struct tmk_policy_reader *r, const char *value, bool *out,
		 struct tmk_err *err)
{
	static const struct tmk_policy_word words[] = {
		{ "allow", 1 }, { "deny", 0 }, { NULL, 0 }
	};
	int n = 0;

	if (tmk_policy_value_choose(r, value, words, &n, err) < 0)
		return -1;
	*out = n;
	return 0;
}

static int set_create(struct tmk_policy_reader *r, const char *value,
		      struct tmk_err *err)
{
	return allow(r, value, &r->rule->create, err);
}

static int set_update(struct tmk_policy_reader *r, const char *value,
		      struct tmk_err *err)
{
	r->rule->update_set = true;
	return allow(r, value, &r->rule->update, err);
}

static int set_force(struct tmk_policy_reader *r, const char *value,
		     struct tmk_err *err)
{
	return allow(r, value, &r->rule->force, err);
}

static int set_delete(struct tmk_policy_reader *r, const char *value,
		      struct tmk_err *err)
{
	return allow(r, value, &r->rule->delete_, err);
}

static int set_threshold(struct tmk_policy_reader *r, const char *value,
			 struct tmk_err *err)
{
	return tmk_policy_value_int(r, value, 1, TMK_SIGNATURES_MAX,
				    &r->rule->threshold, err);
}

const struct tmk_policy_key tmk_policy_keys_ref[] = {
	{ "role", "member", true, set_member },
	{ "role", "issuer", true, set_issuer },
	{ "env", "member", true, set_member },
	{ "env", "issuer", true, set_issuer },
	{ "ref", "require", false, set_require },
	{ "ref", "role", false, set_role },
	{ "ref", "env", false, set_env },
	{ "ref", "format", true, set_format },
	{ "ref", "identity", false, set_identity },
	{ "ref", "timestamp", false, set_timestamp },
	{ "ref", "merges", false, set_merges },
	{ "ref", "create", false, set_create },
	{ "ref", "update", false, set_update },
	{ "ref", "force", false, set_force },
	{ "ref", "delete", false, set_delete },
	{ "ref", "threshold", false, set_threshold },
	{ NULL, NULL, false, NULL }
};
