/*
 * test_policy.c - globs, strictness, membership, and reading a policy file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "base/file.h"
#include "core/policy.h"
#include "t/unit/tap.h"
#include "x509/cert.h"

static char dir[] = "/tmp/tmk-policy.XXXXXX";
static char path[64];

/* ---- globs -------------------------------------------------------------- */

static void test_glob(void)
{
	static const struct {
		const char *pattern, *text;
		bool match;
	} t[] = {
		{ "refs/heads/main", "refs/heads/main", true },
		{ "refs/heads/main", "refs/heads/mai", false },
		{ "refs/heads/main", "refs/heads/main2", false },
		{ "refs/heads/*", "refs/heads/a/b/c", true },
		{ "refs/heads/*", "refs/heads/", true },
		{ "refs/heads/*", "refs/heads", false },
		{ "*", "", true },
		{ "**", "anything", true },
		{ "", "", true },
		{ "", "x", false },
		{ "a*b*c", "aXXbYYc", true },
		{ "a*b*c", "abcbc", true },
		{ "a*b*c", "acb", false },
		{ "*ab", "aaab", true },
		{ "*ab", "aaba", false },
		{ "refs/tags/v*", "refs/tags/v1", true },
		{ "refs/tags/v*", "refs/tags/1", false },
		{ "a?c", "abc", false },
		{ "a[b]c", "abc", false },
		{ "a\\*", "a*", false },
		{ "A", "a", false },
	};
	char many[2048], text[2048];
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		ok(tmk_policy_glob(t[i].pattern, t[i].text) == t[i].match,
		   "\"%s\" %s \"%s\"", t[i].pattern,
		   t[i].match ? "matches" : "does not match", t[i].text);
	/* a pattern that makes naive matching exponential */
	for (i = 0; i + 2 < sizeof(many); i += 2)
		memcpy(many + i, "*a", 2);
	memcpy(many + i, "b", 2);
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ok(!tmk_policy_glob(many, text), "many stars end in good time");
}

/* ---- strictness --------------------------------------------------------- */

static struct tmk_ref_rule plain(void)
{
	struct tmk_ref_rule r = { 0 };

	r.require = TMK_REQUIRE_COMMITS;
	r.formats = 1u << TMK_FORMAT_X509;
	r.identity = TMK_IDENTITY_COMMITTER;
	r.timestamp = TMK_STAMP_WHEN_EXPIRED;
	r.threshold = 1;
	return r;
}

static void test_covers(void)
{
	struct tmk_role role = { 0 }, other = { 0 };
	struct tmk_ref_rule a = plain(), b = plain();

	ok(tmk_policy_covers(&a, &b), "the same demands cover each other");
	b.require = TMK_REQUIRE_TIP;
	ok(tmk_policy_covers(&a, &b), "a tip's history is not asked for");
	ok(!tmk_policy_covers(&b, &a), "a judged tip vouches for no history");
	b.require = TMK_REQUIRE_NOTHING;
	ok(!tmk_policy_covers(&b, &a), "nothing vouches for nothing");
	b.require = TMK_REQUIRE_TAG;
	ok(!tmk_policy_covers(&b, &a), "a tag vouches for no commit");
	b = plain();
	a.role = &role;
	ok(tmk_policy_covers(&a, &b), "a role is stricter than none");
	ok(!tmk_policy_covers(&b, &a), "and not the other way round");
	b.role = &other;
	ok(!tmk_policy_covers(&b, &a), "another role does not vouch");
	b = a;
	b.identity = TMK_IDENTITY_OFF;
	ok(!tmk_policy_covers(&b, &a), "identity = off is weaker");
	ok(tmk_policy_covers(&a, &b), "identity = committer is stricter");
	b = a;
	b.timestamp = TMK_STAMP_ALWAYS;
	ok(tmk_policy_covers(&b, &a), "always covers when-expired");
	ok(!tmk_policy_covers(&a, &b), "when-expired does not cover always");
	b.timestamp = TMK_STAMP_OFF;
	ok(!tmk_policy_covers(&b, &a), "off takes a bad token");
	ok(!tmk_policy_covers(&a, &b), "when-expired takes what off refuses");
	a.timestamp = TMK_STAMP_ALWAYS;
	ok(!tmk_policy_covers(&a, &b), "and so does always");
	a.timestamp = TMK_STAMP_WHEN_EXPIRED;
	b = a;
	b.first_parent = true;
	ok(!tmk_policy_covers(&b, &a), "first-parent is weaker");
	ok(!tmk_policy_covers(&b, &b), "first-parent vouches for nobody");
	b = a;
	b.formats |= 1u << TMK_FORMAT_SSH;
	ok(!tmk_policy_covers(&b, &a), "one format more is weaker");
	ok(tmk_policy_covers(&a, &b), "one format less is stricter");
	b = a;
	b.threshold = 2;
	ok(tmk_policy_covers(&b, &a) && !tmk_policy_covers(&a, &b),
	   "two signers are stricter than one");
}

static void test_update(void)
{
	struct tmk_ref_rule r = plain();

	r.update = true;
	ok(tmk_policy_may_update(&r, "refs/heads/main"), "branches move");
	ok(!tmk_policy_may_update(&r, "refs/tags/v1"),
	   "tags do not, whatever the pattern");
	r.update_set = true;
	ok(tmk_policy_may_update(&r, "refs/tags/v1"), "unless it is written");
	r.update = false;
	ok(!tmk_policy_may_update(&r, "refs/heads/main"), "or denied");
}

/* ---- members ------------------------------------------------------------ */

static X509 *make_cert(const char *san)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_NAME *name = X509_NAME_new();
	X509_EXTENSION *ext;

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 7);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
				   (const unsigned char *)"x", -1, -1, 0);
	X509_NAME_add_entry_by_txt(name, "emailAddress", MBSTRING_ASC,
				   (const unsigned char *)"subject@x.org",
				   -1, -1, 0);
	X509_set_subject_name(cert, name);
	X509_set_issuer_name(cert, name);
	X509_set_pubkey(cert, key);
	if (san) {
		ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
					  san);
		X509_add_ext(cert, ext, -1);
		X509_EXTENSION_free(ext);
	}
	X509_sign(cert, key, EVP_sha256());
	X509_NAME_free(name);
	EVP_PKEY_free(key);
	return cert;
}

static bool member(enum tmk_member_kind kind, const char *text, X509 *cert,
		   STACK_OF(X509) *chain)
{
	struct tmk_member m = { kind, strdup(text) };
	struct tmk_role role = { .member = &m, .members = 1 };
	bool is = tmk_policy_is_member(&role, cert, chain);

	free(m.text);
	return is;
}

static void test_members(void)
{
	X509 *cert = make_cert("email:alice@Example.org,email:a2@x.org");
	X509 *bare = make_cert(NULL);
	X509 *two = make_cert("email:alice@example.org@evil.org");
	X509 *word = make_cert("email:everybody");
	char sha[TMK_FINGERPRINT_TEXT], ca[TMK_FINGERPRINT_TEXT];
	char near[TMK_FINGERPRINT_TEXT];
	STACK_OF(X509) *chain = sk_X509_new_null();
	struct tmk_member any = { TMK_MEMBER_EMAIL, NULL };
	char star[] = "*", *issuer[1];
	struct tmk_role role = { .member = &any, .members = 1,
				 .issuer = issuer, .issuers = 1 };

	any.text = star;
	issuer[0] = ca;
	sk_X509_push(chain, cert);
	sk_X509_push(chain, bare);
	tmk_cert_sha256(sha, cert);
	tmk_cert_sha256(ca, bare);
	ok(member(TMK_MEMBER_EMAIL, "alice@example.org", cert, chain),
	   "a mailbox, its domain in any case");
	ok(!member(TMK_MEMBER_EMAIL, "Alice@example.org", cert, chain),
	   "its local part as it stands");
	ok(member(TMK_MEMBER_EMAIL, "*@x.org", cert, chain), "a glob");
	ok(!member(TMK_MEMBER_EMAIL, "*@y.org", cert, chain), "another glob");
	ok(!member(TMK_MEMBER_EMAIL, "alice@example.orgx", cert, chain),
	   "not a prefix");
	ok(!member(TMK_MEMBER_EMAIL, "*", bare, chain),
	   "a certificate without a mailbox in its SAN is nobody");
	ok(!member(TMK_MEMBER_EMAIL, "subject@x.org", bare, chain),
	   "an address in the subject does not count");
	ok(!member(TMK_MEMBER_EMAIL, "*", two, chain),
	   "an address with two @ is nobody's");
	ok(!member(TMK_MEMBER_EMAIL, "*", word, chain),
	   "a word without any is no address");
	ok(member(TMK_MEMBER_CERT, sha, cert, chain), "a fingerprint");
	ok(!member(TMK_MEMBER_CERT, ca, cert, chain), "another fingerprint");
	ok(member(TMK_MEMBER_ISSUER, ca, cert, chain), "an issuer");
	memcpy(near, sha, sizeof(near));
	near[63] = near[63] == '0' ? '1' : '0';
	ok(!member(TMK_MEMBER_CERT, near, cert, chain),
	   "nor one that differs in the last digit");
	ok(!member(TMK_MEMBER_ISSUER, sha, cert, chain),
	   "nobody is their own issuer");
	ok(!member(TMK_MEMBER_SSH, "*", cert, chain), "no SSH key");
	ok(tmk_policy_is_member(&role, cert, chain), "member and issuer");
	issuer[0] = sha;
	ok(!tmk_policy_is_member(&role, cert, chain), "member, other issuer");
	sk_X509_free(chain);
	X509_free(cert);
	X509_free(bare);
	X509_free(two);
	X509_free(word);
}

/* A signer without certificate: format, fingerprints, addresses. */
static bool signer(enum tmk_member_kind kind, const char *text,
		   enum tmk_seal_format format, const char *mail)
{
	struct tmk_member m = { kind, strdup(text) };
	struct tmk_role role = { .member = &m, .members = 1 };
	struct tmk_finding f;
	bool is;

	tmk_finding_init(&f);
	f.format = format;
	snprintf(f.key_id, sizeof(f.key_id), "KEY");
	snprintf(f.primary_id, sizeof(f.primary_id), "OWNER");
	if (tmk_buf_add(&f.emails, "first@x.org", 12) ||
	    tmk_buf_add(&f.emails, mail, strlen(mail) + 1))
		abort();
	is = tmk_policy_is_signer(&role, &f);
	tmk_finding_release(&f);
	free(m.text);
	return is;
}

static void test_keys(void)
{
	const enum tmk_seal_format ssh = TMK_FORMAT_SSH,
		pgp = TMK_FORMAT_OPENPGP;
	struct tmk_finding f;
	struct tmk_role nobody = { 0 };
	char star[] = "*", ca[] = "ca", *issuer[] = { ca };
	struct tmk_member any = { TMK_MEMBER_EMAIL, star };
	struct tmk_role all = { .member = &any, .members = 1 };

	ok(signer(TMK_MEMBER_SSH, "KEY", ssh, "a@x.org"), "an SSH key");
	ok(!signer(TMK_MEMBER_SSH, "OWNER", ssh, "a@x.org"), "has no owner");
	ok(!signer(TMK_MEMBER_SSH, "KEY", pgp, "a@x.org"),
	   "and is no OpenPGP key");
	ok(signer(TMK_MEMBER_OPENPGP, "KEY", pgp, "a@x.org") &&
	   signer(TMK_MEMBER_OPENPGP, "OWNER", pgp, "a@x.org"),
	   "an OpenPGP key, or its owner");
	ok(!signer(TMK_MEMBER_OPENPGP, "KEY", ssh, "a@x.org") &&
	   !signer(TMK_MEMBER_OPENPGP, "OTHER", pgp, "a@x.org"),
	   "no SSH key, no other");
	ok(!signer(TMK_MEMBER_CERT, "KEY", pgp, "a@x.org") &&
	   !signer(TMK_MEMBER_ISSUER, "KEY", ssh, "a@x.org"),
	   "no certificate");
	ok(signer(TMK_MEMBER_EMAIL, "a@x.org", ssh, "a@X.org") &&
	   signer(TMK_MEMBER_EMAIL, "*@y.org", pgp, "a@y.org"),
	   "an address that is not the first");
	ok(!signer(TMK_MEMBER_EMAIL, "a@x.org", pgp, "A@x.org") &&
	   !signer(TMK_MEMBER_EMAIL, "a@x.org", pgp, "a@x.org.y"),
	   "not another one");
	ok(!signer(TMK_MEMBER_EMAIL, "*y.org", ssh, "a@b@y.org") &&
	   !signer(TMK_MEMBER_EMAIL, "y*", ssh, "y"), "and no odd one");
	ok(!signer(TMK_MEMBER_EMAIL, "*", TMK_FORMAT_X509, "a@x.org"),
	   "a certificate is asked for itself");
	tmk_finding_init(&f);
	f.format = TMK_FORMAT_SSH;
	snprintf(f.key_id, sizeof(f.key_id), "KEY");
	ok(!tmk_policy_is_signer(&nobody, &f), "a role of nobody");
	ok(!tmk_buf_add(&f.emails, "a@x.org", 8) &&
	   tmk_policy_is_signer(&all, &f), "a role of everybody");
	all.issuer = issuer;
	all.issuers = 1;
	ok(!tmk_policy_is_signer(&all, &f), "whom one CA issued, is no key");
	all.issuers = 0;
	f.key_id[0] = '\0';
	ok(!tmk_policy_is_signer(&all, &f), "nor is one without a name");
	tmk_finding_release(&f);
}

/* ---- files -------------------------------------------------------------- */

static struct tmk_policy *load(const char *text, struct tmk_err *err)
{
	struct tmk_policy *p = NULL;
	struct tmk_err none = TMK_ERR_INIT;

	*err = none;
	if (tmk_file_write(path, 0600, text, strlen(text), err) < 0)
		return NULL;
	if (tmk_policy_load(&p, path, err) < 0)
		return NULL;
	return p;
}

static void test_defaults(void)
{
	struct tmk_err err;
	struct tmk_policy *p = load("[ref \"refs/heads/*\"]\n"
				    "\trequire = nothing\n", &err);

	if (!ok(p != NULL, "a policy of one rule: %s", err.text))
		return;
	is_int(p->judge.revocation, TMK_REVOCATION_REQUIRE, "revocation");
	is_int(p->judge.tsa_revocation, TMK_REVOCATION_CHECK, "tsaRevocation");
	is_int(p->judge.min_rsa, 3072, "minRsa");
	is_int(p->judge.ekus, 1, "one usage");
	is_str(p->judge.eku[0], "codeSigning", "codeSigning");
	is_int(p->judge.certificates, 16, "certificates");
	is_int(p->judge.clock_skew, 300, "clockSkew");
	is_int((long long)p->limit_object, 16 << 20, "object");
	is_int((long long)p->limit_commits, 1000000, "commits");
	is_int(p->limit_tag_depth, 4, "tagDepth");
	is_int(p->limit_seconds, 600, "seconds");
	ok(p->enforce && !p->version && !p->push_certificate, "the rest");
	is_int(p->rule[0].line, 1, "the line of the rule");
	is_int(p->rule[0].formats, 1 << TMK_FORMAT_X509, "format x509");
	is_int(p->rule[0].identity, TMK_IDENTITY_COMMITTER, "identity");
	is_int(p->rule[0].timestamp, TMK_STAMP_WHEN_EXPIRED, "timestamp");
	ok(p->rule[0].create && p->rule[0].update && !p->rule[0].force &&
	   !p->rule[0].delete_ && !p->rule[0].first_parent &&
	   p->rule[0].threshold == 1 && !p->rule[0].role, "what may happen");
	tmk_policy_free(p);
}

static void test_values(void)
{
	struct tmk_err err;
	struct tmk_policy *p = load(
		"; a comment\n[Policy]\n\tVersion = 7 ; why\n"
		"\tenforce = no\n[trust]\n\ttsaRevocation = off\n"
		"\teku = emailProtection\n\teku = 1.2.3.4\n"
		"\tminRsa = 4096\n\tdigest = sha512 sha384\n"
		"[limits]\n\tobject = 2m\n\ttagDepth = 2\n"
		"[role \"R\"]\n\tmember = \"*@x.org\"\n"
		"\tmember = sha256:00112233445566778899aabbccddeeff"
		"00112233445566778899AABBCCDDEEFF\n"
		"\tmember = ssh:SHA256:"
		"abcdefghijklmnopqrstuvwxyz0123456789+/ABCDE\n"
		"\tmember = openpgp:00112233445566778899"
		"aabbccddeeff00112233\n"
		"[ref \"refs/A/*\"]\n\trequire = nothing\n\trole = R\n"
		"\tdelete = allow\n\tmerges = first-\\\nparent\n"
		"\ttimestamp = always\n\tidentity = tagger\n", &err);

	if (!ok(p != NULL, "a policy with everything: %s", err.text))
		return;
	is_int(p->version, 7, "version, the key in any case");
	ok(!p->enforce, "enforce");
	is_int(p->judge.tsa_revocation, TMK_REVOCATION_OFF, "tsaRevocation");
	is_int(p->judge.ekus, 2, "two usages, none by default");
	is_str(p->judge.eku[1], "1.2.3.4", "a dotted one");
	is_int(p->judge.min_rsa, 4096, "minRsa");
	is_int(p->judge.hashes, 1 << TMK_SHA512 | 1 << TMK_SHA384, "digest");
	is_int((long long)p->limit_object, 2 << 20, "a size with a unit");
	is_int(p->role[0].members, 4, "four members");
	is_int(p->role[0].member[1].kind, TMK_MEMBER_CERT, "a fingerprint");
	is_str(p->role[0].member[1].text, "00112233445566778899aabbccddeeff"
	       "00112233445566778899aabbccddeeff", "in lower case");
	is_int(p->role[0].member[2].kind, TMK_MEMBER_SSH, "an SSH key");
	is_str(p->role[0].member[2].text, "SHA256:"
	       "abcdefghijklmnopqrstuvwxyz0123456789+/ABCDE", "as it stands");
	is_int(p->role[0].ssh_keys, 1, "one SSH key");
	is_str(p->role[0].ssh_key[0], p->role[0].member[2].text, "that one");
	is_int(p->role[0].member[3].kind, TMK_MEMBER_OPENPGP, "OpenPGP");
	is_str(p->role[0].member[3].text, "00112233445566778899"
	       "AABBCCDDEEFF00112233", "in upper case");
	is_str(p->rule[0].pattern, "refs/A/*", "a pattern keeps its case");
	ok(p->rule[0].role == &p->role[0], "a role by its name");
	ok(p->rule[0].delete_ && p->rule[0].first_parent, "words");
	is_int(p->rule[0].timestamp, TMK_STAMP_ALWAYS, "timestamp");
	tmk_policy_free(p);
}

static void test_artefacts(void)
{
	struct tmk_err err;
	struct tmk_policy *p = load("[role \"r\"]\n\tmember = *\n"
		"[artefact \"*.Tar\"]\n\trole = r\n\tthreshold = 3\n"
		"\tformat = minisign\n\tformat = ssh\n"
		"\ttimestamp = off\n[artefact \"a*\"]\n", &err);

	if (!ok(p != NULL, "sections for files: %s", err.text))
		return;
	is_int(p->artefacts, 2, "two of them");
	is_int(p->rules, 0, "none is a rule for refs");
	is_str(p->artefact[0].pattern, "*.Tar", "a pattern keeps its case");
	is_int(p->artefact[0].line, 3, "its line");
	ok(p->artefact[0].role == &p->role[0], "a role by its name");
	is_int(p->artefact[0].threshold, 3, "threshold");
	is_int(p->artefact[0].formats, 1 << TMK_FORMAT_MINISIGN |
	       1 << TMK_FORMAT_SIGNIFY | 1 << TMK_FORMAT_SSH, "formats");
	is_int(p->artefact[0].timestamp, TMK_STAMP_OFF, "timestamp");
	ok(!p->artefact[1].role && !p->artefact[1].formats &&
	   p->artefact[1].threshold == 1 &&
	   p->artefact[1].timestamp == TMK_STAMP_WHEN_EXPIRED, "defaults");
	ok(tmk_policy_artefact_applies(p, 0, "x.Tar"), "a name");
	ok(tmk_policy_artefact_applies(p, 0, "/d.d/x.Tar"), "with a directory");
	ok(!tmk_policy_artefact_applies(p, 0, "x.tar"), "in another case");
	ok(!tmk_policy_artefact_applies(p, 1, "a/x"),
	   "a directory of that name");
	ok(!tmk_policy_artefact_applies(p, 1, "a/"), "no name at all");
	tmk_policy_free(p);
}

static void test_lines(void)
{
	static const struct {
		const char *text, *line;
	} t[] = {
		{ "[trust]\n\n\tbogus = 1\n", ":3: " },
		{ "[trust]\r\n\tbogus = 1\r\n", ":2: " },
		{ "[trust] bogus = 1\n", ":1: " },
		{ "# x\n[policy]\n\tversion = \"1\\\n2\"\n\tbad = 1\n",
		  ":5: " },
		{ "[ref \"a]\\\"b\"]\n\trequire = x\n", ":2: " },
		{ "\xef\xbb\xbf[trust]\n\tbogus = 1\n", ":2: " },
		{ "[policy]\n\tversion = 1\n[policy]\n\tversion = 2\n",
		  ":4: " },
		{ "[nothing]\n", ":1: " },
		{ "[exempt]\n\tcommit = 00\n", ":2: " },
		{ "[role \"a\"]\n\tmember = ssh:abc\n", ":2: " },
		{ "[role \"a\"]\n\tmember = ssh:SHA256:abc\n", ":2: " },
		/* bits behind the last one */
		{ "[role \"a\"]\n\tmember = ssh:SHA256:"
		  "abcdefghijklmnopqrstuvwxyz0123456789+/ABCDF\n", ":2: " },
		{ "[role \"a\"]\n\tmember = ssh:SHA256:"
		  "abcdefghijklmnopqrstuvwxyz0123456789+/ABCDE=\n", ":2: " },
		{ "[role \"a\"]\n\tmember = openpgp:0011223344556677\n",
		  ":2: " },
		{ "[role \"a\"]\n\tmember = openpgp:0x112233445566778899"
		  "aabbccddeeff00112233\n", ":2: " },
		{ "[role \"a\"]\n\tmember = openpgp:00112233445566778899"
		  "aabbccddeeff0011223344\n", ":2: " },
		{ "[ref \"a\"]\n\trequire = tip\n", "names no roots" },
		{ "[ref \"a\"]\n\trequire = tip\n\tformat = openpgp\n",
		  "names no keyring" },
		{ "[ref \"a\"]\n\trequire = tip\n\tformat = ssh\n",
		  "names no allowedSigners" },
		{ "[role \"r\"]\n\tmember = *\n[ref \"a\"]\n"
		  "\trequire = tip\n\tformat = ssh\n\trole = r\n",
		  "names no allowedSigners" },
		{ "[trust]\n\tkeyring = k\n[ref \"a\"]\n\trequire = tag\n"
		  "\tformat = openpgp\n\tthreshold = 2\n",
		  ":3: [ref \"a\"]: a threshold above 1 needs" },
		{ "[artefact \"a\"]\n\trole = r\n",
		  ":2: there is no [role \"r\"]" },
		{ "[artefact \"a\"]\n\tformat = x509\n",
		  ":1: [artefact \"a\"] asks for" },
		{ "[artefact \"a\"]\n\tthreshold = 1\n\tthreshold = 1\n",
		  ":3: \"threshold\" is given twice" },
		{ "[ref \"a\"]\n\trequire = nothing\n"
		  "\tthreshold = 17\n", ":3: " },
	};
	struct tmk_err err;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct tmk_policy *p = load(t[i].text, &err);

		ok(!p && err.code == TMK_USAGE && strstr(err.text, t[i].line),
		   "line %s in: %s", t[i].line, err.text);
		tmk_policy_free(p);
	}
}

int main(void)
{
	if (!mkdtemp(dir)) {
		perror(dir);
		return 1;
	}
	snprintf(path, sizeof(path), "%s/policy", dir);
	test_glob();
	test_covers();
	test_update();
	test_members();
	test_keys();
	test_defaults();
	test_values();
	test_artefacts();
	test_lines();
	unlink(path);
	rmdir(dir);
	return tap_done();
}
