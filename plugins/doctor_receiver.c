/*
 * doctor_receiver.c - git with GnuPG, GitLab and GitHub as receivers: would
 * they show a signature of ours as verified?
 *
 * What they ask is known from their documentation and from trying; what
 * depends on a setting on their side is unknown, and the line says which.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include <openssl/x509v3.h>

#include "core/identity.h"
#include "plugins/doctor_chain.h"
#include "plugins/doctor_facts.h"
#include "plugins/doctor_gpgsm.h"
#include "plugins/audit_git.h"
#include "plugins/front_pick.h"
#include "x509/cert.h"

#define GITLAB "receiver-gitlab"
#define GITHUB "receiver-github"
#define GIT "receiver-git"
#define HINT_BYTES 384

static void yes(struct tmk_doctor *d, const char *id)
{
	tmk_doctor_answer(d, id, "", TMK_DOCTOR_YES, true, NULL, " ");
}

/* ---- what both services ask of a certificate ---------------------------- */

/* Whether the certificate holds the committer's address; else the answer. */
static bool same_person(struct tmk_doctor *d, const char *id)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_span email = { (const uint8_t *)d->email,
				  d->email ? strlen(d->email) : 0 };

	tmk_identity_judge(&v, sk_X509_value(d->chain, 0), email,
			   "committer");
	if (v.reason == TMK_GOOD)
		return true;
	tmk_doctor_answer(d, id, "", TMK_DOCTOR_NO, true, v.hint, "%s",
			  v.text);
	return false;
}

static bool no_key(struct tmk_doctor *d, const char *id)
{
	if (d->key)
		return false;
	tmk_doctor_answer(d, id, "", TMK_DOCTOR_NO, true, "mend what the lines "
			  "above say of the key", "git signs with no key of "
			  "ours");
	return true;
}

static bool no_chain(struct tmk_doctor *d, const char *id)
{
	if (d->chain)
		return false;
	if (d->remote) {
		tmk_doctor_answer(d, id, "", TMK_DOCTOR_UNKNOWN, true,
				  "touchmark doctor on that host tells; or "
				  "copy it here, and set touchmark.NAME.cert",
				  "its signing host has the certificate");
		return true;
	}
	tmk_doctor_answer(d, id, "", TMK_DOCTOR_NO, true, "mend what the lines "
			  "above say of the key", "there is no certificate to "
			  "sign with");
	return true;
}

/* The roots that this system believes for TLS, which GitHub's are like. */
static const char *system_roots(void)
{
	static const char *const place[] = {
		"/etc/ssl/certs/ca-certificates.crt",
		"/etc/pki/tls/certs/ca-bundle.crt"
	};
	const char *own = getenv("SSL_CERT_FILE");
	size_t i;

	if (own && *own)
		return own;
	for (i = 0; i < sizeof(place) / sizeof(*place); i++)
		if (!access(place[i], R_OK))
			return place[i];
	return NULL;
}

/* Whether the chain ends in a root that everybody has: 1, 0 with the reason,
 * negative with why it cannot be told. */
static int is_public(struct tmk_doctor *d, char *why, size_t size,
		     struct tmk_err *err)
{
	struct tmk_chain_answer answer = { 0 };
	struct tmk_judge judge = { .revocation = TMK_REVOCATION_OFF,
				   .min_rsa = 2048 };
	const char *path = system_roots();
	struct tmk_trust *trust = NULL;
	int ret = -1;

	if (!path)
		return tmk_err_set(err, TMK_INPUT, "no file with the public "
				   "roots is found here");
	if (tmk_trust_new(&trust, err) < 0 ||
	    tmk_trust_add_roots(trust, path, err) < 0)
		goto out;
	judge.trust = trust;
	if (tmk_doctor_chain(&answer, d, &judge, err) < 0)
		goto out;
	snprintf(why, size, "%s", answer.text);
	ret = answer.result == TMK_CHAIN_GOOD;
out:
	tmk_chain_answer_release(&answer);
	tmk_trust_free(trust);
	return ret;
}

/* ---- X.509 at GitHub ---------------------------------------------------- */

static void github_x509(struct tmk_doctor *d)
{
	struct tmk_err err = TMK_ERR_INIT;
	char why[400];
	int rc;

	if (no_chain(d, GITHUB) || !same_person(d, GITHUB))
		return;
	rc = is_public(d, why, sizeof(why), &err);
	if (rc < 0)
		tmk_doctor_answer(d, GITHUB, "", TMK_DOCTOR_UNKNOWN, true,
				  "install ca-certificates", "%s", err.text);
	else if (!rc)
		tmk_doctor_answer(d, GITHUB, "", TMK_DOCTOR_NO, true,
				  "use a certificate of a public CA for "
				  "S/MIME, or sign with OpenPGP or SSH there",
				  "the chain ends in no root of Debian's "
				  "ca-certificates: %s", why);
	else
		yes(d, GITHUB);
}

/* ---- X.509 at GitLab ---------------------------------------------------- */

/* Whether a distribution point of the certificate can be fetched by http. */
static bool has_http_crl(X509 *cert)
{
	CRL_DIST_POINTS *points = X509_get_ext_d2i(cert,
		NID_crl_distribution_points, NULL, NULL);
	bool found = false;
	int i, j;

	for (i = 0; !found && i < sk_DIST_POINT_num(points); i++) {
		const DIST_POINT *p = sk_DIST_POINT_value(points, i);
		GENERAL_NAMES *names = p->distpoint && !p->distpoint->type ?
			p->distpoint->name.fullname : NULL;

		for (j = 0; !found && j < sk_GENERAL_NAME_num(names); j++) {
			GENERAL_NAME *n = sk_GENERAL_NAME_value(names, j);
			const ASN1_STRING *uri;

			if (n->type != GEN_URI)
				continue;
			uri = n->d.uniformResourceIdentifier;
			found = ASN1_STRING_length(uri) > 7 &&
				!memcmp(ASN1_STRING_get0_data(uri), "http://",
					7);
		}
	}
	CRL_DIST_POINTS_free(points);
	return found;
}

static bool has_san_mail(X509 *cert)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name,
						NULL, NULL);
	bool found = false;
	int i;

	for (i = 0; !found && i < sk_GENERAL_NAME_num(names); i++)
		found = sk_GENERAL_NAME_value(names, i)->type == GEN_EMAIL;
	GENERAL_NAMES_free(names);
	return found;
}

/* What the certificate lacks; NULL for nothing. */
static const char *gitlab_lacks(X509 *leaf)
{
	uint32_t flags = X509_get_extension_flags(leaf);

	if (!(flags & EXFLAG_XKUSAGE) ||
	    !(X509_get_extended_key_usage(leaf) & XKU_SMIME))
		return "extended key usage emailProtection";
	if (!has_san_mail(leaf))
		return "e-mail address in its subjectAltName";
	if (!X509_get0_subject_key_id(leaf))
		return "subject key identifier";
	if (!X509_get0_authority_key_id(leaf))
		return "authority key identifier";
	if (!has_http_crl(leaf))
		return "CRL distribution point that begins with http://";
	return NULL;
}

/* Whether what is embedded leads up to a root, which itself may be missing. */
static bool is_whole(STACK_OF(X509) *chain)
{
	int i, n = sk_X509_num(chain);

	for (i = 0; i + 1 < n; i++)
		if (X509_check_issued(sk_X509_value(chain, i + 1),
				      sk_X509_value(chain, i)) != X509_V_OK)
			return false;
	return true;
}

static void gitlab_trust(struct tmk_doctor *d)
{
	X509 *top = sk_X509_value(d->chain, sk_X509_num(d->chain) - 1);
	struct tmk_err err = TMK_ERR_INIT;
	char why[400], name[256];
	int rc = is_public(d, why, sizeof(why), &err);

	if (rc > 0) {
		yes(d, GITLAB);
		return;
	}
	tmk_doctor_answer(d, GITLAB, "", TMK_DOCTOR_UNKNOWN, true, "ask its "
			  "administrator to trust that CA; gitlab.com has "
			  "public ones alone", "it depends on whether that "
			  "GitLab trusts %s, which is no public CA",
			  tmk_cert_issuer(name, sizeof(name), top));
}

static void gitlab_x509(struct tmk_doctor *d)
{
	const char *lacks;

	if (no_chain(d, GITLAB) || !same_person(d, GITLAB))
		return;
	lacks = gitlab_lacks(sk_X509_value(d->chain, 0));
	if (lacks)
		tmk_doctor_answer(d, GITLAB, "", TMK_DOCTOR_NO, true, "ask the "
				  "CA for a certificate that has it, beside "
				  "codeSigning", "the certificate has no %s",
				  lacks);
	else if (!is_whole(d->chain))
		tmk_doctor_answer(d, GITLAB, "", TMK_DOCTOR_NO, true,
				  "touchmark key import-cert with all "
				  "intermediates",
				  "an intermediate certificate is missing");
	else
		gitlab_trust(d);
}

/* ---- OpenPGP and SSH ---------------------------------------------------- */

/* Whether the key's user id names the committer; else the answer. */
static bool same_user(struct tmk_doctor *d, const char *id)
{
	const char *mail = NULL;
	size_t len;

	if (d->format != TMK_FORMAT_OPENPGP)
		return true;
	len = d->key->user_id ?
		tmk_front_pick_mail(&mail, d->key->user_id) : 0;
	if (!len && d->remote) {
		tmk_doctor_answer(d, id, "", TMK_DOCTOR_UNKNOWN, true,
				  "touchmark doctor on that host tells; or set "
				  "touchmark.NAME.userId to what it has there",
				  "its signing host has the user id");
		return false;
	}
	if (!len) {
		tmk_doctor_answer(d, id, "", TMK_DOCTOR_NO, true, "set "
				  "touchmark.NAME.userId to 'Name <mail>'",
				  "the key '%s' has no userId, so the OpenPGP "
				  "key names nobody", d->key->name);
		return false;
	}
	if (d->email && tmk_identity_same(mail, len, d->email,
					  strlen(d->email)))
		return true;
	tmk_doctor_answer(d, id, "", TMK_DOCTOR_NO, true, "commit under that "
			  "address, or change one of them", "the committer is "
			  "%s and the key's userId says %s",
			  d->email ? d->email : "unknown", d->key->user_id);
	return false;
}

/* Where the OpenPGP key comes from: of its name and time a signing host alone
 * knows. */
static const char *on_host(const struct tmk_doctor *d)
{
	return d->remote && d->format == TMK_FORMAT_OPENPGP ?
		"on its signing host, by its name there: " : "";
}

/* A service that holds a list of keys for each user. */
static void upload(struct tmk_doctor *d, const char *id, const char *service)
{
	char hint[HINT_BYTES];

	if (no_key(d, id) || !same_user(d, id))
		return;
	snprintf(hint, sizeof(hint), "%stouchmark key export %s --type %s, and "
		 "add it there as %s, with %s as a verified address",
		 on_host(d), d->key->name, tmk_doctor_format_type(d->format),
		 d->format == TMK_FORMAT_SSH ? "a signing key (SSH)" :
		 "a GPG key", d->email ? d->email : "the committer's");
	tmk_doctor_answer(d, id, "", TMK_DOCTOR_UNKNOWN, true, hint, "%s must "
			  "have the public key from you", service);
}

/* gpg takes keys from its keyring, ssh-keygen from the file that git names. */
static void git_keyed(struct tmk_doctor *d)
{
	const char *const words[] = {
		"config", "--type=path", "--get", "gpg.ssh.allowedSignersFile",
		NULL
	};
	struct tmk_err err = TMK_ERR_INIT;
	char *file = NULL, hint[HINT_BYTES];
	const char *name;
	int rc;

	if (no_key(d, GIT))
		return;
	name = d->key->name;
	if (d->format == TMK_FORMAT_OPENPGP) {
		snprintf(hint, sizeof(hint), "%stouchmark key export %s --type "
			 "openpgp | gpg --import, wherever it is verified",
			 on_host(d), name);
		tmk_doctor_answer(d, GIT, "", TMK_DOCTOR_UNKNOWN, true, hint,
				  "the keyring of whoever looks must hold the "
				  "public key");
		return;
	}
	rc = tmk_audit_git_line(&file, words, &err);
	snprintf(hint, sizeof(hint), "%stouchmark key export %s --type ssh "
		 "--allowed-signers >>%s%s", rc ? "mkdir -p ~/.ssh && " : "",
		 name,
		 rc ? "~/.ssh/allowed_signers" : file,
		 rc ? " && git config --global gpg.ssh.allowedSignersFile "
		 "~/.ssh/allowed_signers" : "");
	if (rc)
		tmk_doctor_answer(d, GIT, "", TMK_DOCTOR_NO, true, hint,
				  "gpg.ssh.allowedSignersFile is not set");
	else if (access(file, R_OK))
		tmk_doctor_answer(d, GIT, "", TMK_DOCTOR_NO, true, hint,
				  "%s (gpg.ssh.allowedSignersFile) cannot be "
				  "read", file);
	else
		tmk_doctor_answer(d, GIT, "", TMK_DOCTOR_UNKNOWN, true, hint,
				  "%s must hold the public key", file);
	free(file);
}

void tmk_doctor_receivers(struct tmk_doctor *d)
{
	bool x509 = d->format == TMK_FORMAT_X509;

	if (d->receivers & TMK_DOCTOR_GIT) {
		if (!x509)
			git_keyed(d);
		else if (!no_chain(d, GIT))
			tmk_doctor_gpgsm(d, GIT);
	}
	if (d->receivers & TMK_DOCTOR_GITLAB) {
		if (x509)
			gitlab_x509(d);
		else
			upload(d, GITLAB, "GitLab");
	}
	if (d->receivers & TMK_DOCTOR_GITHUB) {
		if (x509)
			github_x509(d);
		else
			upload(d, GITHUB, "GitHub");
	}
}
