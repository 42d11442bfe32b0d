/* What the requirements ask of certificates. */
#include "plugins/report.h"

#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "base/clock.h"
#include "x509/strength.h"

#define NO_CERT "there is no certificate that could sign with this key now"
#define RESERVED_NON_EV "2.23.140.1.4.1"
#define RESERVED_EV "2.23.140.1.3"

#define SAY(...) snprintf(why, size, __VA_ARGS__)

static bool has(const struct tmk_report_list *list, const char *item)
{
	int i;

	for (i = 0; i < list->count; i++)
		if (!strcmp(list->item[i], item))
			return true;
	return false;
}

static bool has_http(const struct tmk_report_list *list)
{
	int i;

	for (i = 0; i < list->count; i++)
		if (!strncmp(list->item[i], "http://", 7))
			return true;
	return false;
}

enum tmk_report_verdict
tmk_report_judge_digest(const struct tmk_report *r, char *why, size_t size)
{
	int i;

	if (!r->current) {
		SAY(NO_CERT);
		return TMK_REPORT_UNKNOWN;
	}
	for (i = 0; i < r->certs; i++) {
		const struct tmk_report_cert *c = &r->cert[i];

		if ((c->current || c->above) && !tmk_strength_cert_ok(c->cert)) {
			SAY("%s is signed with a digest weaker than SHA-256",
			    c->subject);
			return TMK_REPORT_FAIL;
		}
	}
	SAY("the certificate and those above it are signed with SHA-256 or "
	    "better; touchmark signs with nothing less");
	return TMK_REPORT_PASS;
}

enum tmk_report_verdict
tmk_report_judge_usage(const struct tmk_report *r, char *why, size_t size)
{
	const struct tmk_report_cert *c = r->current;
	int at;

	if (!c) {
		SAY(NO_CERT);
		return TMK_REPORT_UNKNOWN;
	}
	at = X509_get_ext_by_NID(c->cert, NID_key_usage, -1);
	if (at < 0) {
		SAY("the certificate has no keyUsage");
		return TMK_REPORT_FAIL;
	}
	if (!X509_EXTENSION_get_critical(X509_get_ext(c->cert, at))) {
		SAY("keyUsage is not critical");
		return TMK_REPORT_FAIL;
	}
	if (!has(&c->usage, "digitalSignature")) {
		SAY("keyUsage lacks digitalSignature");
		return TMK_REPORT_FAIL;
	}
	if (has(&c->usage, "keyCertSign") || has(&c->usage, "cRLSign")) {
		SAY("keyUsage lets the key sign certificates or CRLs");
		return TMK_REPORT_FAIL;
	}
	SAY("keyUsage is critical and has digitalSignature");
	return TMK_REPORT_PASS;
}

enum tmk_report_verdict
tmk_report_judge_eku(const struct tmk_report *r, char *why, size_t size)
{
	static const char *const never[] = {
		"anyExtendedKeyUsage", "serverAuth", "timeStamping",
	};
	const struct tmk_report_cert *c = r->current;
	size_t i;

	if (!c) {
		SAY(NO_CERT);
		return TMK_REPORT_UNKNOWN;
	}
	if (!has(&c->eku, "codeSigning")) {
		SAY("extendedKeyUsage lacks codeSigning");
		return TMK_REPORT_FAIL;
	}
	for (i = 0; i < sizeof(never) / sizeof(*never); i++)
		if (has(&c->eku, never[i])) {
			SAY("extendedKeyUsage has %s", never[i]);
			return TMK_REPORT_FAIL;
		}
	SAY("extendedKeyUsage has codeSigning and nothing that is forbidden "
	    "beside it");
	return TMK_REPORT_PASS;
}

enum tmk_report_verdict
tmk_report_judge_leaf(const struct tmk_report *r, char *why, size_t size)
{
	if (!r->current) {
		SAY(NO_CERT);
		return TMK_REPORT_UNKNOWN;
	}
	if (X509_check_ca(r->current->cert)) {
		SAY("the certificate is one of a CA");
		return TMK_REPORT_FAIL;
	}
	SAY("the certificate is none of a CA");
	return TMK_REPORT_PASS;
}

enum tmk_report_verdict
tmk_report_judge_policy(const struct tmk_report *r, char *why, size_t size)
{
	const struct tmk_report_cert *c = r->current;

	if (!c) {
		SAY(NO_CERT);
		return TMK_REPORT_UNKNOWN;
	}
	if (has(&c->policy, RESERVED_EV) || has(&c->policy, RESERVED_NON_EV)) {
		SAY("certificatePolicies has %s (%s)",
		    has(&c->policy, RESERVED_EV) ? RESERVED_EV :
		    RESERVED_NON_EV,
		    has(&c->policy, RESERVED_EV) ? "EV" : "non-EV");
		return TMK_REPORT_PASS;
	}
	if (!c->policy.count) {
		SAY("the certificate names no policy; a CA under these "
		    "requirements names one");
		return TMK_REPORT_FAIL;
	}
	SAY("the policy %s is the CA's own; its practice statement tells "
	    "whether it is one under these requirements", c->policy.item[0]);
	return TMK_REPORT_UNKNOWN;
}

enum tmk_report_verdict
tmk_report_judge_validity(const struct tmk_report *r, char *why, size_t size)
{
	const struct tmk_report_cert *c = r->current;
	char from[TMK_CLOCK_TEXT];

	if (!c) {
		SAY(NO_CERT);
		return TMK_REPORT_UNKNOWN;
	}
	SAY("valid for %d days; the limit for one that begins at %s is %s",
	    c->days, tmk_clock_format(from, c->from), c->limit_text);
	return c->to <= c->limit ? TMK_REPORT_PASS : TMK_REPORT_FAIL;
}

enum tmk_report_verdict
tmk_report_judge_now(const struct tmk_report *r, char *why, size_t size)
{
	const struct tmk_report_cert *c = r->current;
	char to[TMK_CLOCK_TEXT];

	if (!c) {
		SAY("%s", r->certs ? "no certificate of the key is valid now" :
		    "the key has no certificate");
		return TMK_REPORT_FAIL;
	}
	tmk_clock_format(to, c->to);
	if (r->now < c->from || r->now > c->to) {
		SAY("the certificate is not valid now; it ends at %s", to);
		return TMK_REPORT_FAIL;
	}
	SAY("the certificate is for this key and valid until %s", to);
	return TMK_REPORT_PASS;
}

enum tmk_report_verdict
tmk_report_judge_revocation(const struct tmk_report *r, char *why,
			    size_t size)
{
	const struct tmk_report_cert *c = r->current;

	if (!c) {
		SAY(NO_CERT);
		return TMK_REPORT_UNKNOWN;
	}
	if (!has_http(&c->crl)) {
		SAY("the certificate has no http address of a CRL");
		return TMK_REPORT_FAIL;
	}
	if (!has_http(&c->issuers)) {
		SAY("the certificate does not tell where that of its issuer "
		    "is (authorityInformationAccess)");
		return TMK_REPORT_FAIL;
	}
	SAY("the certificate tells where its CRL%s and its issuer's "
	    "certificate are", c->ocsp.count ? ", its OCSP responder" : "");
	return TMK_REPORT_PASS;
}

enum tmk_report_verdict
tmk_report_judge_subject(const struct tmk_report *r, char *why, size_t size)
{
	static const struct {
		int nid;
		const char *name;
	} needed[] = {
		{ NID_commonName, "commonName" },
		{ NID_organizationName, "organizationName" },
		{ NID_countryName, "countryName" },
	};
	X509_NAME *name;
	size_t i;

	if (!r->current) {
		SAY(NO_CERT);
		return TMK_REPORT_UNKNOWN;
	}
	name = X509_get_subject_name(r->current->cert);
	for (i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (X509_NAME_get_index_by_NID(name, needed[i].nid, -1) < 0) {
			SAY("the subject has no %s", needed[i].name);
			return TMK_REPORT_FAIL;
		}
	if (X509_NAME_get_index_by_NID(name, NID_domainComponent, -1) >= 0) {
		SAY("the subject has a domainComponent");
		return TMK_REPORT_FAIL;
	}
	SAY("the subject has commonName, organizationName and countryName; "
	    "that they are true is the CA's to know");
	return TMK_REPORT_PASS;
}

enum tmk_report_verdict
tmk_report_judge_chain(const struct tmk_report *r, char *why, size_t size)
{
	int i, above = 0;

	if (!r->current) {
		SAY(NO_CERT);
		return TMK_REPORT_UNKNOWN;
	}
	for (i = 0; i < r->certs; i++)
		above += r->cert[i].above;
	if (!above) {
		SAY("no intermediate certificate is kept with it: right only "
		    "when a root has issued it itself");
		return TMK_REPORT_UNKNOWN;
	}
	SAY("%d intermediate certificate%s kept with it and put into each "
	    "signature", above, above == 1 ? " is" : "s are");
	return TMK_REPORT_PASS;
}
