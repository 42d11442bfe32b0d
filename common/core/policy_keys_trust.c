/*
 * policy_keys_trust.c - the keys of [trust]: whom to believe, and how strong a
 * signature must be.
 */
#include "core/policy_value.h"

#include <string.h>

#include <openssl/objects.h>

static int set_roots(struct tmk_policy_reader *r, const char *value,
		     struct tmk_err *err)
{
	return tmk_policy_value_path(r, &r->policy->roots, value, err);
}

static int set_tsa_roots(struct tmk_policy_reader *r, const char *value,
			 struct tmk_err *err)
{
	return tmk_policy_value_path(r, &r->policy->tsa_roots, value, err);
}

static int set_intermediates(struct tmk_policy_reader *r, const char *value,
			     struct tmk_err *err)
{
	return tmk_policy_value_path(r, &r->policy->intermediates, value, err);
}

static int set_crl(struct tmk_policy_reader *r, const char *value,
		   struct tmk_err *err)
{
	struct tmk_policy *p = r->policy;

	if (p->crls == TMK_POLICY_CRLS_MAX)
		return tmk_policy_reader_fail(r, err, "more than %d crl lines;"
			" name a directory", TMK_POLICY_CRLS_MAX);
	if (tmk_policy_value_path(r, &p->crl[p->crls], value, err) < 0)
		return -1;
	p->crls++;
	return 0;
}

static const struct tmk_policy_word revocations[] = {
	{ "require", TMK_REVOCATION_REQUIRE },
	{ "check", TMK_REVOCATION_CHECK },
	{ "off", TMK_REVOCATION_OFF },
	{ NULL, 0 }
};

static int set_revocation(struct tmk_policy_reader *r, const char *value,
			  struct tmk_err *err)
{
	int n = 0;

	if (tmk_policy_value_choose(r, value, revocations, &n, err) < 0)
		return -1;
	r->policy->judge.revocation = (enum tmk_revocation)n;
	return 0;
}

static int set_tsa_revocation(struct tmk_policy_reader *r, const char *value,
			      struct tmk_err *err)
{
	int n = 0;

	if (tmk_policy_value_choose(r, value, revocations, &n, err) < 0)
		return -1;
	r->policy->judge.tsa_revocation = (enum tmk_revocation)n;
	return 0;
}

static int set_invalidity(struct tmk_policy_reader *r, const char *value,
			  struct tmk_err *err)
{
	static const struct tmk_policy_word words[] = {
		{ "ignore", false }, { "honour", true }, { NULL, 0 }
	};
	int n = 0;

	if (tmk_policy_value_choose(r, value, words, &n, err) < 0)
		return -1;
	r->policy->judge.honour_invalidity = n;
	return 0;
}

/* A usage that OpenSSL does not know by name must be a dotted OID: a name
 * with a slip of the pen would match nothing and refuse everybody. */
static int set_eku(struct tmk_policy_reader *r, const char *value,
		   struct tmk_err *err)
{
	struct tmk_policy *p = r->policy;
	ASN1_OBJECT *oid = OBJ_txt2obj(value, 0);

	if (!oid)
		return tmk_policy_reader_fail(r, err, "\"%s\" is no known "
			"usage: write codeSigning, emailProtection or a "
			"dotted OID", value);
	ASN1_OBJECT_free(oid);
	if (p->judge.ekus == TMK_EKU_MAX)
		return tmk_policy_reader_fail(r, err, "more than %d eku lines",
					      TMK_EKU_MAX);
	if (tmk_policy_value_text(&p->eku[p->judge.ekus], value, err) < 0)
		return -1;
	p->judge.eku[p->judge.ekus] = p->eku[p->judge.ekus];
	p->judge.ekus++;
	return 0;
}

static int set_min_rsa(struct tmk_policy_reader *r, const char *value,
		       struct tmk_err *err)
{
	int n = 0;

	if (tmk_policy_value_int(r, value, 2048, 16384, &n, err) < 0)
		return -1;
	r->policy->judge.min_rsa = (unsigned int)n;
	return 0;
}

static int set_digest(struct tmk_policy_reader *r, const char *value,
		      struct tmk_err *err)
{
	static const struct tmk_policy_word words[] = {
		{ "sha256", TMK_SHA256 }, { "sha384", TMK_SHA384 },
		{ "sha512", TMK_SHA512 }, { "blake2b512", TMK_BLAKE2B512 },
		{ NULL, 0 }
	};
	unsigned int hashes = 0;
	char word[64];

	while (*value) {
		size_t n = strcspn(value, " \t,");
		int hash = 0;

		if (n >= sizeof(word))
			n = sizeof(word) - 1;
		memcpy(word, value, n);
		word[n] = '\0';
		value += n;
		value += strspn(value, " \t,");
		if (!n)
			continue;
		if (tmk_policy_value_choose(r, word, words, &hash, err) < 0)
			return -1;
		hashes |= 1u << hash;
	}
	if (!hashes)
		return tmk_policy_reader_fail(r, err, "no digest is named");
	r->policy->judge.hashes = hashes;
	return 0;
}

static int add_path(struct tmk_policy_reader *r, char **path, int *count,
		    const char *what, const char *value, struct tmk_err *err)
{
	if (*count == TMK_POLICY_FILES_MAX)
		return tmk_policy_reader_fail(r, err, "more than %d %s lines",
					      TMK_POLICY_FILES_MAX, what);
	if (tmk_policy_value_path(r, &path[*count], value, err) < 0)
		return -1;
	++*count;
	return 0;
}

static int set_keyring(struct tmk_policy_reader *r, const char *value,
		       struct tmk_err *err)
{
	return add_path(r, r->policy->keyring, &r->policy->keyrings, "keyring",
			value, err);
}

static int set_receipts(struct tmk_policy_reader *r, const char *value,
			struct tmk_err *err)
{
	return add_path(r, r->policy->receipt, &r->policy->receipts,
			"receipts", value, err);
}

static int set_allowed_signers(struct tmk_policy_reader *r, const char *value,
			       struct tmk_err *err)
{
	return tmk_policy_value_path(r, &r->policy->allowed_signers, value,
				     err);
}

const struct tmk_policy_key tmk_policy_keys_trust[] = {
	{ "trust", "roots", false, set_roots },
	{ "trust", "tsaroots", false, set_tsa_roots },
	{ "trust", "intermediates", false, set_intermediates },
	{ "trust", "crl", true, set_crl },
	{ "trust", "revocation", false, set_revocation },
	{ "trust", "tsarevocation", false, set_tsa_revocation },
	{ "trust", "invaliditydate", false, set_invalidity },
	{ "trust", "eku", true, set_eku },
	{ "trust", "minrsa", false, set_min_rsa },
	{ "trust", "digest", false, set_digest },
	{ "trust", "keyring", true, set_keyring },
	{ "trust", "allowedsigners", false, set_allowed_signers },
	{ "trust", "receipts", true, set_receipts },
	{ NULL, NULL, false, NULL }
};
