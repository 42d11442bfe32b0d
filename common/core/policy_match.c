/*
 * policy_match.c - the questions that a loaded policy answers without any
 * file: does a name match, is this certificate a member, is one rule at least
 * as strict as another.
 */
#include "core/policy.h"

#include <ctype.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "core/identity.h"
#include "x509/cert.h"

/*
 * Greedy with one point of return: when the text after a `*` does not fit,
 * the star takes one more byte. Earlier stars never have to be tried again,
 * so the time is at most len(pattern) * len(text).
 */
bool tmk_policy_glob(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			from = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

bool tmk_policy_applies(const struct tmk_policy *policy, int i,
			const char *ref)
{
	return tmk_policy_glob(policy->rule[i].pattern, ref);
}

bool tmk_policy_artefact_applies(const struct tmk_policy *policy, int i,
				 const char *name)
{
	const char *base = strrchr(name, '/');

	return tmk_policy_glob(policy->artefact[i].pattern,
			       base ? base + 1 : name);
}

bool tmk_policy_may_update(const struct tmk_ref_rule *rule, const char *ref)
{
	if (rule->update_set)
		return rule->update;
	return strncmp(ref, "refs/tags/", 10) != 0;
}

/*
 * RFC 5321 section 2.4: the part before the @ keeps its case, the domain has
 * none. False when it does not fit into `out` or is no plain address: with
 * two @ nobody can say which domain vouched for it.
 */
static bool fold_email(char *out, size_t size, const char *mail, size_t len)
{
	const char *at = memchr(mail, '@', len);
	size_t i;

	if (len >= size || memchr(mail, '\0', len))
		return false;
	if (at && memchr(at + 1, '@', len - (size_t)(at - mail) - 1))
		return false;
	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)mail[i];

		if (c <= 0x20 || c == 0x7f)
			return false;
		out[i] = at && mail + i > at ? (char)tolower(c) : (char)c;
	}
	out[len] = '\0';
	return true;
}

/* Only the SAN counts here: it is what the CA certified as a mailbox, while
 * an address in the subject is often copied from the request. */
static bool email_matches(const char *glob, X509 *cert)
{
	char pattern[320], mail[320];
	GENERAL_NAMES *names;
	bool found = false;
	int i;

	if (!fold_email(pattern, sizeof(pattern), glob, strlen(glob)))
		return false;
	names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	for (i = 0; !found && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);
		const unsigned char *data;
		int len;

		if (n->type != GEN_EMAIL)
			continue;
		data = ASN1_STRING_get0_data(n->d.rfc822Name);
		len = ASN1_STRING_length(n->d.rfc822Name);
		found = len > 0 &&
			fold_email(mail, sizeof(mail), (const char *)data,
				   (size_t)len) &&
			strchr(mail, '@') && tmk_policy_glob(pattern, mail);
	}
	GENERAL_NAMES_free(names);
	return found;
}

/* Whether a CA above the leaf has this fingerprint. */
static bool issued_under(const char *sha256, STACK_OF(X509) *chain)
{
	char text[TMK_FINGERPRINT_TEXT];
	int i;

	for (i = 1; i < sk_X509_num(chain); i++)
		if (!strcmp(tmk_cert_sha256(text, sk_X509_value(chain, i)),
			    sha256))
			return true;
	return false;
}

static bool member_matches(const struct tmk_member *member, X509 *cert,
			   STACK_OF(X509) *chain)
{
	char text[TMK_FINGERPRINT_TEXT];

	switch (member->kind) {
	case TMK_MEMBER_EMAIL:
		return email_matches(member->text, cert);
	case TMK_MEMBER_CERT:
		return !strcmp(tmk_cert_sha256(text, cert), member->text);
	case TMK_MEMBER_ISSUER:
		return issued_under(member->text, chain);
	case TMK_MEMBER_SSH:
	case TMK_MEMBER_OPENPGP:
		return false;	/* other keys than a certificate's */
	}
	return false;
}

/* The addresses of a key without certificate, as its keyring tells them. */
static bool key_email_matches(const char *glob, const struct tmk_finding *f)
{
	char pattern[320], folded[320];
	const char *mail = NULL;

	if (!fold_email(pattern, sizeof(pattern), glob, strlen(glob)))
		return false;
	while ((mail = tmk_identity_next(&f->emails, mail)))
		if (fold_email(folded, sizeof(folded), mail, strlen(mail)) &&
		    strchr(folded, '@') && tmk_policy_glob(pattern, folded))
			return true;
	return false;
}

static bool key_matches(const struct tmk_member *member,
			const struct tmk_finding *f)
{
	switch (member->kind) {
	case TMK_MEMBER_EMAIL:
		return key_email_matches(member->text, f);
	case TMK_MEMBER_SSH:
		return f->format == TMK_FORMAT_SSH &&
			!strcmp(f->key_id, member->text);
	case TMK_MEMBER_OPENPGP:
		return f->format == TMK_FORMAT_OPENPGP &&
			(!strcmp(f->key_id, member->text) ||
			 !strcmp(f->primary_id, member->text));
	case TMK_MEMBER_CERT:
	case TMK_MEMBER_ISSUER:
		return false;
	}
	return false;
}

bool tmk_policy_is_signer(const struct tmk_role *role,
			  const struct tmk_finding *finding)
{
	int i;

	if (finding->cert)
		return tmk_policy_is_member(role, finding->cert,
					    finding->chain);
	if (finding->format == TMK_FORMAT_X509 || !finding->key_id[0] ||
	    role->issuers)
		return false;
	for (i = 0; i < role->members; i++)
		if (key_matches(&role->member[i], finding))
			return true;
	return false;
}

bool tmk_policy_is_member(const struct tmk_role *role, X509 *cert,
			  STACK_OF(X509) *chain)
{
	int i;

	if (role->issuers) {
		for (i = 0; i < role->issuers; i++)
			if (issued_under(role->issuer[i], chain))
				break;
		if (i == role->issuers)
			return false;
		if (role->is_env && !role->members)
			return true;
	}
	for (i = 0; i < role->members; i++)
		if (member_matches(&role->member[i], cert, chain))
			return true;
	return false;
}

/*
 * Not a simple order of strictness: `when-expired` accepts an expired
 * certificate with a token that `off` refuses, and `off` accepts a bad token
 * that `when-expired` refuses. Only what is surely refused by `strict` must
 * be refused by `by` as well.
 */
static bool stamp_covers(enum tmk_timestamp_rule by,
			 enum tmk_timestamp_rule strict)
{
	return by == strict || (by == TMK_STAMP_ALWAYS &&
				strict == TMK_STAMP_WHEN_EXPIRED);
}

bool tmk_policy_covers(const struct tmk_ref_rule *by,
		       const struct tmk_ref_rule *strict)
{
	/* these say nothing about the history behind the tip */
	if (strict->require != TMK_REQUIRE_COMMITS)
		return true;
	if (by->require != TMK_REQUIRE_COMMITS)
		return false;
	if (strict->role && by->role != strict->role)
		return false;
	if (strict->env && by->env != strict->env)
		return false;
	if (by->formats & ~strict->formats)
		return false;
	if (strict->identity == TMK_IDENTITY_COMMITTER &&
	    by->identity != TMK_IDENTITY_COMMITTER)
		return false;
	if (!stamp_covers(by->timestamp, strict->timestamp))
		return false;
	/* whoever judged first parents alone let in unjudged side branches, any
	 * commit of which may be the tip that is asked about now */
	if (by->first_parent)
		return false;
	return by->threshold >= strict->threshold;
}

int tmk_policy_judge_member(struct tmk_finding *f, const struct tmk_role *role)
{
	struct tmk_verdict *v = &f->verdict;
	char subject[256];

	if (v->reason != TMK_GOOD || !role || tmk_policy_is_signer(role, f))
		return 0;
	if (f->cert)
		tmk_verdict_refuse(v, TMK_SIGNER_NOT_ALLOWED,
			"%s is no member of the role \"%s\"",
			tmk_cert_subject(subject, sizeof(subject), f->cert),
			role->name);
	else
		tmk_verdict_refuse(v, TMK_SIGNER_NOT_ALLOWED,
			"the key %s is no member of the role \"%s\"",
			f->key_id, role->name);
	return tmk_verdict_hint(v, "ask a member of the role \"%s\" to sign",
				role->name);
}

int tmk_policy_judge_env(struct tmk_finding *f, const struct tmk_role *env)
{
	struct tmk_verdict *v = &f->verdict;
	char subject[256];

	if (v->reason != TMK_GOOD || !env || tmk_policy_is_signer(env, f))
		return 0;
	if (f->cert)
		tmk_verdict_refuse(v, TMK_SIGNER_NOT_ALLOWED,
			"%s is no key of the environment \"%s\"",
			tmk_cert_subject(subject, sizeof(subject), f->cert),
			env->name);
	else
		tmk_verdict_refuse(v, TMK_SIGNER_NOT_ALLOWED,
			"the key %s is none of the environment \"%s\"",
			f->key_id, env->name);
	return tmk_verdict_hint(v, "sign with a key of the environment "
				"\"%s\"", env->name);
}
