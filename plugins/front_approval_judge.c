#include "plugins/front_approval_judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/x509v3.h>

#include "base/file.h"
#include "core/identity.h"
#include "core/judge_quorum.h"
#include "plugins/front_seal.h"
#include "x509/cert.h"
#include "x509/digest.h"

#define CRL_SUFFIX ".crl"
#define MIN_RSA 3072
#define CERTIFICATES_MAX 16

/* ---- whom the key trusts ---------------------------------------------------- */

static int check_section(const struct tmk_key_config *section,
			 struct tmk_err *err)
{
	int i, j, different = 0;

	for (i = 0; i < section->approvers; i++) {
		const char *mail = section->approver[i];

		for (j = 0; j < i; j++)
			if (!strcmp(section->approver[j], mail))
				break;
		different += j == i;
	}
	if (section->roots && different >= section->approvals)
		return 0;
	tmk_err_set(err, TMK_USAGE, "key '%s' needs %d approvals, but %s",
		    section->name, section->approvals, section->roots ?
		    "fewer people may approve" : "no roots are configured");
	return tmk_err_hint(err, "touchmark.%s.%s; touchmark.conf(5)",
			    section->name, section->roots ? "approver" :
			    "roots");
}

/* Revocation lists lie beside the roots, under their name and ".crl": a file
 * or a folder. Where they are, every CA must have a current one. */
static int add_crls(struct tmk_approval_judge *j, struct tmk_err *err)
{
	char *path = NULL;
	int rc = 0;

	if (asprintf(&path, "%s" CRL_SUFFIX, j->section->roots) < 0)
		return tmk_err_nomem(err);
	j->judge.revocation = TMK_REVOCATION_CHECK;
	if (tmk_file_exists(path)) {
		j->judge.revocation = TMK_REVOCATION_REQUIRE;
		rc = tmk_trust_add_crls(j->trust, path, err);
	}
	free(path);
	return rc;
}

int tmk_approval_judge_open(struct tmk_approval_judge *out,
			    const struct tmk_key_config *section,
			    struct tmk_err *err)
{
	struct tmk_approval_judge *j = out;

	memset(j, 0, sizeof(*j));
	j->section = section;
	j->judge.tsa_revocation = TMK_REVOCATION_CHECK;
	/* What expired yesterday approves nothing today. */
	j->judge.timestamp = TMK_STAMP_OFF;
	j->judge.eku[0] = "codeSigning";
	j->judge.ekus = 1;
	j->judge.min_rsa = MIN_RSA;
	j->judge.certificates = CERTIFICATES_MAX;
	j->judge.now = tmk_clock_now();
	j->judge.at = TMK_TIME_NONE;
	if (check_section(section, err))
		return -1;
	if (!tmk_trust_new(&j->trust, err) &&
	    !tmk_trust_add_roots(j->trust, section->roots, err) &&
	    !add_crls(j, err)) {
		j->judge.trust = j->trust;
		return 0;
	}
	if (err && err->code != TMK_INTERNAL)
		err->code = TMK_USAGE;
	tmk_approval_judge_close(j);
	return tmk_err_prefix(err, "touchmark.%s.roots", section->name);
}

void tmk_approval_judge_close(struct tmk_approval_judge *judge)
{
	tmk_trust_free(judge->trust);
	judge->trust = NULL;
}

/* ---- one approval ----------------------------------------------------------- */

/* Only the SAN: what a subject says is not checked by every CA. */
static bool has_san_mail(X509 *cert, const char *mail)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name,
						NULL, NULL);
	bool same = false;
	int i;

	for (i = 0; !same && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		const char *text;
		int len;

		if (name->type != GEN_EMAIL)
			continue;
		text = (const char *)ASN1_STRING_get0_data(
			name->d.rfc822Name);
		len = ASN1_STRING_length(name->d.rfc822Name);
		same = len > 0 && !memchr(text, '\0', (size_t)len) &&
			tmk_identity_same(text, (size_t)len, mail,
					  strlen(mail));
	}
	GENERAL_NAMES_free(names);
	return same;
}

/* Whether it is the certificate of whoever asked: any of its addresses is his
 * name, or begins with it where that is no address ("ann" of sshd or of this
 * system is taken for ann@example.org). */
static bool is_requester(X509 *cert, const char *requester)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name,
						NULL, NULL);
	size_t n = strlen(requester);
	bool same = false;
	int i;

	for (i = 0; !same && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		const char *text;
		size_t len;

		if (name->type != GEN_EMAIL)
			continue;
		text = (const char *)ASN1_STRING_get0_data(
			name->d.rfc822Name);
		len = (size_t)ASN1_STRING_length(name->d.rfc822Name);
		same = len >= n && !strncasecmp(text, requester, n) &&
			(len == n || (text[n] == '@' &&
				      !strchr(requester, '@')));
	}
	GENERAL_NAMES_free(names);
	return same;
}

static void judge_person(struct tmk_approval_finding *f,
			 const struct tmk_approval_judge *j,
			 const struct tmk_approval_request *request)
{
	struct tmk_verdict *v = &f->finding.verdict;
	const struct tmk_key_config *section = j->section;
	X509 *cert = f->finding.cert;
	char name[256];
	int i;

	for (i = 0; i < section->approvers; i++)
		if (has_san_mail(cert, section->approver[i]))
			break;
	if (i == section->approvers) {
		tmk_verdict_refuse(v, TMK_SIGNER_NOT_ALLOWED, "%s is no "
				   "approver of this key",
				   tmk_cert_subject(name, sizeof(name), cert));
		tmk_verdict_hint(v, "approve with the key of one of its "
				 "approvers");
		return;
	}
	snprintf(f->mail, sizeof(f->mail), "%s", section->approver[i]);
	if (!is_requester(cert, request->text.requester))
		return;
	tmk_verdict_refuse(v, TMK_SIGNER_NOT_ALLOWED, "%s asked for the "
			   "signature and cannot approve it too",
			   request->text.requester);
	tmk_verdict_hint(v, "somebody else must approve it");
}

/* `f` is zeroed; what is put into it is released by the caller. */
static int judge_seal(struct tmk_approval_finding *f,
		      const struct tmk_approval_judge *j,
		      const struct tmk_approval_request *request,
		      const uint8_t *der, size_t len, struct tmk_err *err)
{
	const struct tmk_seal_ops *cms = tmk_front_seal_of(TMK_FORMAT_X509);
	struct tmk_verdict *v = &f->finding.verdict;
	const struct tmk_signature *s;
	uint8_t digest[TMK_DIGEST_MAX];
	size_t n;

	if (len > TMK_APPROVAL_MAX)
		return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED, "the "
					  "approval is too long");
	if (cms->parse(&f->evidence, der, len, v, err))
		return -1;
	if (v->reason)
		return 0;
	if (f->evidence->signatures != 1)
		return tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED, "an "
					  "approval has one signer");
	s = &f->evidence->signature[0];
	if (tmk_digest_bytes((int)s->hash, request->bytes.data,
			     request->bytes.len, digest, &n, err) ||
	    tmk_judge_signature(&f->finding, &j->judge, f->evidence, 0,
				digest, n, err))
		return -1;
	if (!v->reason)
		judge_person(f, j, request);
	return 0;
}

int tmk_approval_judge_one(struct tmk_approval_finding *out,
			   const struct tmk_approval_judge *judge,
			   const struct tmk_approval_request *request,
			   const uint8_t *der, size_t len,
			   struct tmk_err *err)
{
	memset(out, 0, sizeof(*out));
	tmk_finding_init(&out->finding);
	return judge_seal(out, judge, request, der, len, err);
}

void tmk_approval_finding_release(struct tmk_approval_finding *finding)
{
	tmk_finding_release(&finding->finding);
	tmk_evidence_free(finding->evidence);
	finding->evidence = NULL;
}

/* ---- all of them ------------------------------------------------------------ */

static int count(struct tmk_approval_tally *out,
		 const struct tmk_approval_judge *j,
		 struct tmk_approval_finding *f, int n, struct tmk_err *err)
{
	const struct tmk_finding *good[TMK_APPROVALS_MAX];
	int i, people;

	for (i = 0; i < n; i++) {
		if (f[i].finding.verdict.reason)
			continue;
		good[out->mails] = &f[i].finding;
		snprintf(out->mail[out->mails++], TMK_APPROVAL_MAIL, "%s",
			 f[i].mail);
	}
	people = tmk_judge_quorum(good, out->mails, j->section->approvals,
				  err);
	if (people < 0)
		return -1;
	out->count = people;
	return 0;
}

int tmk_approval_judge_all(struct tmk_approval_tally *out,
			   const struct tmk_approval_judge *judge,
			   const struct tmk_approval_request *request,
			   struct tmk_err *err)
{
	struct tmk_approval_finding *f = calloc(TMK_APPROVALS_MAX, sizeof(*f));
	struct tmk_buf der[TMK_APPROVALS_MAX];
	int i, n = 0, judged = 0, rc;

	memset(out, 0, sizeof(*out));
	if (!f)
		return tmk_err_nomem(err);
	for (i = 0; i < TMK_APPROVALS_MAX; i++)
		tmk_buf_init(&der[i], TMK_APPROVAL_MAX);
	rc = tmk_approval_store_approvals(der, &n, request, err);
	while (!rc && judged < n) {
		rc = tmk_approval_judge_one(&f[judged], judge, request,
					    der[judged].data, der[judged].len,
					    err);
		judged++;
	}
	if (!rc)
		rc = count(out, judge, f, n, err);
	for (i = 0; i < judged; i++)
		tmk_approval_finding_release(&f[i]);
	for (i = 0; i < TMK_APPROVALS_MAX; i++)
		tmk_buf_release(&der[i]);
	free(f);
	return rc;
}
