/* The certificates of the key and those above it, read for a report. */
#include "plugins/report.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/enc.h"
#include "core/sign.h"

#define DAY 86400

/* How long a certificate for signing code may be valid, by the day on which
 * it begins (Code Signing BR 6.3.2). The last row that has begun counts. */
static const struct {
	int64_t from;		/* s since 1970 */
	int months, days;	/* one of them */
} limits[] = {
	{ INT64_MIN, 39, 0 },
	{ 1772323200, 0, 460 },	/* 2026-03-01 */
};

static int64_t limit_of(char *text, size_t size, int64_t from)
{
	size_t i = 0, n = sizeof(limits) / sizeof(*limits);
	time_t t = (time_t)from;
	struct tm tm;

	while (i + 1 < n && from >= limits[i + 1].from)
		i++;
	if (limits[i].days) {
		snprintf(text, size, "%d days", limits[i].days);
		return from + (int64_t)limits[i].days * DAY;
	}
	snprintf(text, size, "%d months", limits[i].months);
	if (!gmtime_r(&t, &tm))
		return from;
	tm.tm_mon += limits[i].months;
	return timegm(&tm);
}

/* ---- lists ----------------------------------------------------------------- */

static void add(struct tmk_report_list *list, const char *text, size_t len)
{
	if (list->count == TMK_REPORT_LIST_MAX) {
		list->cut = true;
		return;
	}
	tmk_enc_show_into(list->item[list->count++], sizeof(list->item[0]),
			  text, len);
}

static void add_oid(struct tmk_report_list *list, const ASN1_OBJECT *oid,
		    bool names)
{
	int nid = OBJ_obj2nid(oid);
	char text[128];

	if (names && nid != NID_undef)
		snprintf(text, sizeof(text), "%s", OBJ_nid2sn(nid));
	else
		OBJ_obj2txt(text, sizeof(text), oid, 1);
	add(list, text, strlen(text));
}

static void read_usage(struct tmk_report_cert *c)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} bits[] = {
		{ KU_DIGITAL_SIGNATURE, "digitalSignature" },
		{ KU_NON_REPUDIATION, "nonRepudiation" },
		{ KU_KEY_ENCIPHERMENT, "keyEncipherment" },
		{ KU_DATA_ENCIPHERMENT, "dataEncipherment" },
		{ KU_KEY_AGREEMENT, "keyAgreement" },
		{ KU_KEY_CERT_SIGN, "keyCertSign" },
		{ KU_CRL_SIGN, "cRLSign" },
	};
	size_t i;

	if (!(X509_get_extension_flags(c->cert) & EXFLAG_KUSAGE))
		return;
	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (X509_get_key_usage(c->cert) & bits[i].bit)
			add(&c->usage, bits[i].name, strlen(bits[i].name));
}

static void read_oids(struct tmk_report_cert *c)
{
	EXTENDED_KEY_USAGE *eku;
	CERTIFICATEPOLICIES *policies;
	int i;

	eku = X509_get_ext_d2i(c->cert, NID_ext_key_usage, NULL, NULL);
	for (i = 0; i < sk_ASN1_OBJECT_num(eku); i++)
		add_oid(&c->eku, sk_ASN1_OBJECT_value(eku, i), true);
	EXTENDED_KEY_USAGE_free(eku);
	policies = X509_get_ext_d2i(c->cert, NID_certificate_policies, NULL,
				    NULL);
	for (i = 0; i < sk_POLICYINFO_num(policies); i++)
		add_oid(&c->policy,
			sk_POLICYINFO_value(policies, i)->policyid, false);
	CERTIFICATEPOLICIES_free(policies);
}

static void add_uri(struct tmk_report_list *list, const GENERAL_NAME *name)
{
	if (name->type == GEN_URI)
		add(list, (const char *)ASN1_STRING_get0_data(
				name->d.uniformResourceIdentifier),
		    (size_t)ASN1_STRING_length(
				name->d.uniformResourceIdentifier));
}

static void read_urls(struct tmk_report_cert *c)
{
	CRL_DIST_POINTS *points;
	AUTHORITY_INFO_ACCESS *access;
	int i, j;

	points = X509_get_ext_d2i(c->cert, NID_crl_distribution_points, NULL,
				  NULL);
	for (i = 0; i < sk_DIST_POINT_num(points); i++) {
		const DIST_POINT_NAME *at =
			sk_DIST_POINT_value(points, i)->distpoint;

		if (!at || at->type)
			continue;
		for (j = 0; j < sk_GENERAL_NAME_num(at->name.fullname); j++)
			add_uri(&c->crl, sk_GENERAL_NAME_value(
					at->name.fullname, j));
	}
	CRL_DIST_POINTS_free(points);
	access = X509_get_ext_d2i(c->cert, NID_info_access, NULL, NULL);
	for (i = 0; i < sk_ACCESS_DESCRIPTION_num(access); i++) {
		const ACCESS_DESCRIPTION *d =
			sk_ACCESS_DESCRIPTION_value(access, i);
		int nid = OBJ_obj2nid(d->method);

		if (nid == NID_ad_OCSP)
			add_uri(&c->ocsp, d->location);
		else if (nid == NID_ad_ca_issuers)
			add_uri(&c->issuers, d->location);
	}
	AUTHORITY_INFO_ACCESS_free(access);
}

/* ---- one certificate --------------------------------------------------------- */

static void read_serial(struct tmk_report_cert *c)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(c->cert);
	bool minus = ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER;
	int n = ASN1_STRING_length(serial);

	if (n > 64) {
		snprintf(c->serial, sizeof(c->serial), "(%d bytes)", n);
		return;
	}
	if (minus)
		c->serial[0] = '-';
	tmk_enc_hex(c->serial + minus, ASN1_STRING_get0_data(serial),
		    (size_t)n);
}

static int read_cert(struct tmk_report_cert *c, X509 *cert,
		     struct tmk_err *err)
{
	memset(c, 0, sizeof(*c));
	if (tmk_cert_validity(&c->from, &c->to, cert, err) < 0)
		return -1;
	c->cert = cert;
	ERR_set_mark();
	tmk_cert_subject(c->subject, sizeof(c->subject), cert);
	tmk_cert_issuer(c->issuer, sizeof(c->issuer), cert);
	tmk_cert_sha256(c->sha256, cert);
	read_serial(c);
	c->days = (int)((c->to - c->from + DAY - 1) / DAY);
	c->limit = limit_of(c->limit_text, sizeof(c->limit_text), c->from);
	read_usage(c);
	read_oids(c);
	read_urls(c);
	ERR_pop_to_mark();
	return 0;
}

/* ---- all of them ------------------------------------------------------------- */

static struct tmk_report_cert *find(struct tmk_report *r, X509 *cert)
{
	int i;

	for (i = 0; i < r->certs; i++)
		if (!X509_cmp(r->cert[i].cert, cert))
			return &r->cert[i];
	return NULL;
}

/* 1 when there is no room for it. */
static int take(struct tmk_report *r, X509 *cert, bool above,
		struct tmk_err *err)
{
	struct tmk_report_cert *c = &r->cert[r->certs];

	if (find(r, cert))
		return 0;
	if (r->certs == TMK_REPORT_CERTS_MAX)
		return 1;
	if (read_cert(c, cert, err) < 0)
		return -1;
	c->above = above;
	r->certs++;
	return 0;
}

/* The one that signs now comes first, with those above it; then the others of
 * the key. */
int tmk_report_read_certs(struct tmk_report *report, struct tmk_err *err)
{
	const struct tmk_buf *spki = &report->facts.info.spki;
	STACK_OF(X509) *usable = sk_X509_new_null(), *chain = NULL;
	struct tmk_err ignored = TMK_ERR_INIT;
	int i, rc = usable ? 0 : tmk_err_nomem(err);

	/* A maker's attestation is for the key, and certifies nothing about
	 * whose it is. */
	for (i = 0; !rc && i < sk_X509_num(report->all); i++)
		if (!tmk_attest_is(sk_X509_value(report->all, i)) &&
		    !sk_X509_push(usable, sk_X509_value(report->all, i)))
			rc = tmk_err_nomem(err);
	if (!rc && !tmk_sign_order_chain(&chain, usable, spki->data, spki->len,
					 report->now, &ignored))
		for (i = 0; !rc && i < sk_X509_num(chain); i++)
			rc = take(report, sk_X509_value(chain, i), i > 0, err);
	if (rc >= 0 && report->certs) {
		report->cert[0].current = true;
		report->current = &report->cert[0];
	}
	for (i = 0; rc >= 0 && i < sk_X509_num(usable); i++)
		if (tmk_cert_has_key(sk_X509_value(usable, i), spki->data,
				     spki->len))
			rc = take(report, sk_X509_value(usable, i), false,
				  err);
	/* tmk_report.all keeps them alive. */
	sk_X509_pop_free(chain, X509_free);
	sk_X509_free(usable);
	return rc < 0 ? -1 : 0;
}
