#include "x509/crl_file.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "x509/cert.h"
#include "x509/crl.h"
#include "x509/strength.h"

#define SIGNER_MIN_RSA 2048

/* Whether what we would write is this very CRL: OpenSSL reads encodings that
 * it does not write, and a file that the gate cannot read refuses every push. */
static bool is_stable(X509_CRL *crl)
{
	STACK_OF(X509_CRL) *all = sk_X509_CRL_new_null();
	struct tmk_buf der = TMK_BUF_INIT(TMK_CRL_FILE_MAX);
	struct tmk_err why = TMK_ERR_INIT;
	bool good;

	good = all && !tmk_crl_file_der(&der, crl) &&
		!tmk_crl_load(all, der.data, der.len, "it", &why) &&
		sk_X509_CRL_num(all) == 1 &&
		!X509_CRL_match(sk_X509_CRL_value(all, 0), crl);
	sk_X509_CRL_pop_free(all, X509_CRL_free);
	tmk_buf_release(&der);
	return good;
}

int tmk_crl_file_read(X509_CRL **out, const uint8_t *data, size_t len,
		      const char *name, struct tmk_err *err)
{
	STACK_OF(X509_CRL) *all;
	int rc = -1;

	if (!len)
		return tmk_err_set(err, TMK_INPUT, "%s: it is empty", name);
	all = sk_X509_CRL_new_null();
	if (!all)
		return tmk_err_nomem(err);
	if (tmk_crl_load(all, data, len, name, err))
		goto out;
	if (sk_X509_CRL_num(all) != 1) {
		tmk_err_set(err, TMK_INPUT, "%s: %d CRLs, not one", name,
			    sk_X509_CRL_num(all));
		goto out;
	}
	if (!is_stable(sk_X509_CRL_value(all, 0))) {
		tmk_err_set(err, TMK_INPUT, "%s: the CRL is not encoded as DER",
			    name);
		goto out;
	}
	*out = sk_X509_CRL_pop(all);
	rc = 0;
out:
	sk_X509_CRL_pop_free(all, X509_CRL_free);
	return rc;
}

int tmk_crl_file_der(struct tmk_buf *out, X509_CRL *crl)
{
	unsigned char *der = NULL;
	int n = i2d_X509_CRL(crl, &der), rc = -1;

	if (n > 0)
		rc = tmk_buf_add(out, der, (size_t)n);
	OPENSSL_free(der);
	return rc;
}

/* ---- who, what, when ------------------------------------------------------- */

static bool may_sign(X509 *cert)
{
	uint32_t flags = X509_get_extension_flags(cert);

	if (flags & EXFLAG_KUSAGE)
		return X509_get_key_usage(cert) & KU_CRL_SIGN;
	return flags & (EXFLAG_CA | EXFLAG_SS);
}

X509 *tmk_crl_file_signer(X509_CRL *crl, const STACK_OF(X509) *all, char *why,
			  size_t size)
{
	X509 *found = NULL;
	char weak[120];
	int i;

	snprintf(why, size, "nobody of its name is known");
	if (!tmk_strength_crl_ok(crl)) {
		snprintf(why, size, "it is signed with a weak digest");
		return NULL;
	}
	ERR_set_mark();
	for (i = 0; i < sk_X509_num(all) && !found; i++) {
		X509 *cert = sk_X509_value(all, i);

		if (X509_NAME_cmp(X509_get_subject_name(cert),
				  X509_CRL_get_issuer(crl)))
			continue;
		if (!may_sign(cert))
			snprintf(why, size, "its issuer may not sign CRLs");
		else if (!tmk_cert_key_ok(cert, SIGNER_MIN_RSA, weak,
					  sizeof(weak)))
			snprintf(why, size, "its issuer has %s", weak);
		else if (X509_CRL_verify(crl, X509_get0_pubkey(cert)) != 1)
			snprintf(why, size, "its signature is not that of "
				 "its issuer");
		else
			found = cert;
	}
	ERR_pop_to_mark();
	return found;
}

bool tmk_crl_file_is_delta(const X509_CRL *crl)
{
	return X509_CRL_get_ext_by_NID(crl, NID_delta_crl, -1) >= 0;
}

static ASN1_INTEGER *number_of(const X509_CRL *crl)
{
	return X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
}

char *tmk_crl_file_number(char *out, size_t size, const X509_CRL *crl)
{
	ASN1_INTEGER *number = number_of(crl);
	BIGNUM *n = number ? ASN1_INTEGER_to_BN(number, NULL) : NULL;
	char *text = n ? BN_bn2dec(n) : NULL;

	snprintf(out, size, "%s", text ? text : "");
	OPENSSL_free(text);
	BN_free(n);
	ASN1_INTEGER_free(number);
	return out;
}

void tmk_crl_file_times(int64_t *from, int64_t *to, const X509_CRL *crl)
{
	*from = tmk_crl_time(X509_CRL_get0_lastUpdate(crl));
	*to = tmk_crl_time(X509_CRL_get0_nextUpdate(crl));
}

static const ASN1_OCTET_STRING *scope_of(const X509_CRL *crl)
{
	int at = X509_CRL_get_ext_by_NID(crl, NID_issuing_distribution_point,
					 -1);

	return at < 0 ? NULL :
		X509_EXTENSION_get_data(X509_CRL_get_ext(crl, at));
}

bool tmk_crl_file_same_scope(const X509_CRL *a, const X509_CRL *b)
{
	const ASN1_OCTET_STRING *x = scope_of(a), *y = scope_of(b);

	if (X509_NAME_cmp(X509_CRL_get_issuer(a), X509_CRL_get_issuer(b)) ||
	    tmk_crl_file_is_delta(a) != tmk_crl_file_is_delta(b) ||
	    !x != !y)
		return false;
	return !x || !ASN1_OCTET_STRING_cmp(x, y);
}

int tmk_crl_file_compare(const X509_CRL *a, const X509_CRL *b)
{
	int64_t from_a, from_b, to;
	ASN1_INTEGER *x = number_of(a), *y = number_of(b);
	int by_number = 0, by_time;

	if (x && y)
		by_number = ASN1_INTEGER_cmp(x, y);
	ASN1_INTEGER_free(x);
	ASN1_INTEGER_free(y);
	tmk_crl_file_times(&from_a, &to, a);
	tmk_crl_file_times(&from_b, &to, b);
	by_time = (from_a > from_b) - (from_a < from_b);
	if (by_number < 0 || by_time < 0)
		return -1;
	return by_number > 0 || by_time > 0;
}

bool tmk_crl_file_drops(X509_CRL *old, X509_CRL *new_)
{
	STACK_OF(X509_REVOKED) *list = X509_CRL_get_REVOKED(old);
	X509_REVOKED *entry, *again;
	int i;

	for (i = 0; i < sk_X509_REVOKED_num(list); i++) {
		entry = sk_X509_REVOKED_value(list, i);
		if (tmk_crl_entry_holds(entry))
			continue;
		/* In an indirect CRL another issuer's certificate may have the
		 * number: then the old one is kept, which does no harm. */
		if (X509_REVOKED_get_ext_by_NID(entry, NID_certificate_issuer,
						-1) >= 0 ||
		    X509_CRL_get0_by_serial(new_, &again,
				/* OpenSSL takes no const, changes nothing */
				(ASN1_INTEGER *)(uintptr_t)
				X509_REVOKED_get0_serialNumber(entry)) != 1)
			return true;
	}
	return false;
}

/* ---- distribution points --------------------------------------------------- */

/* A URI as a C string, if it is one: the bytes of an IA5String are borrowed
 * and OpenSSL closes them with a NUL. */
static const char *uri_of(const GENERAL_NAME *name)
{
	const ASN1_IA5STRING *uri;
	const char *text;
	int i, n;

	if (name->type != GEN_URI)
		return NULL;
	uri = name->d.uniformResourceIdentifier;
	text = (const char *)ASN1_STRING_get0_data(uri);
	n = ASN1_STRING_length(uri);
	if (n < 1 || n > TMK_CRL_URL_MAX)
		return NULL;
	for (i = 0; i < n; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return NULL;
	return text;
}

static const GENERAL_NAMES *names_of(const DIST_POINT_NAME *point)
{
	return point && point->type == 0 ? point->name.fullname : NULL;
}

bool tmk_crl_file_names(const X509_CRL *crl, const char *const *urls, int n)
{
	ISSUING_DIST_POINT *idp = X509_CRL_get_ext_d2i(crl,
			NID_issuing_distribution_point, NULL, NULL);
	const GENERAL_NAMES *names = idp ? names_of(idp->distpoint) : NULL;
	bool found = !idp || !idp->distpoint;
	const char *uri;
	int i, j;

	for (i = 0; i < sk_GENERAL_NAME_num(names) && !found; i++) {
		uri = uri_of(sk_GENERAL_NAME_value(names, i));
		for (j = 0; j < n && uri && !found; j++)
			found = !strcmp(uri, urls[j]);
	}
	ISSUING_DIST_POINT_free(idp);
	return found;
}

/* Who signs: cRLIssuer where it is named, else who issued the certificate. */
static const X509_NAME *issuer_of(const DIST_POINT *point,
				  const X509_NAME *usual)
{
	int i;

	for (i = 0; i < sk_GENERAL_NAME_num(point->CRLissuer); i++) {
		const GENERAL_NAME *name =
			sk_GENERAL_NAME_value(point->CRLissuer, i);

		if (name->type == GEN_DIRNAME)
			return name->d.directoryName;
	}
	return usual;
}

/* Visit one list of points; takes `points`. */
static int visit_all(CRL_DIST_POINTS *points, const X509_NAME *issuer,
		     bool delta, tmk_crl_point_visit visit, void *ctx,
		     struct tmk_err *err)
{
	struct tmk_crl_point rest = { .issuer = issuer, .delta = delta };
	int i, j, rc = 0, n = sk_DIST_POINT_num(points);

	for (i = 0; !rc && i < n && i < TMK_CRL_POINTS_MAX; i++) {
		const DIST_POINT *one = sk_DIST_POINT_value(points, i);
		const GENERAL_NAMES *names = names_of(one->distpoint);
		struct tmk_crl_point p = { .delta = delta,
			.issuer = issuer_of(one, issuer) };

		for (j = 0; j < sk_GENERAL_NAME_num(names) &&
		     p.urls < TMK_CRL_URLS_MAX; j++) {
			const char *uri =
				uri_of(sk_GENERAL_NAME_value(names, j));

			if (uri)
				p.url[p.urls++] = uri;
		}
		rc = visit(ctx, &p, err);
	}
	/* What is too much is not passed over in silence. */
	if (!rc && n > TMK_CRL_POINTS_MAX)
		rc = visit(ctx, &rest, err);
	CRL_DIST_POINTS_free(points);
	return rc;
}

int tmk_crl_file_points(X509 *cert, tmk_crl_point_visit visit, void *ctx,
			struct tmk_err *err)
{
	static const int kinds[] = { NID_crl_distribution_points,
		NID_freshest_crl };
	const X509_NAME *issuer = X509_get_issuer_name(cert);
	CRL_DIST_POINTS *points;
	int critical, rc = 0;
	size_t i;

	ERR_set_mark();
	for (i = 0; !rc && i < 2; i++) {
		struct tmk_crl_point none = { .issuer = issuer,
			.delta = i == 1 };

		points = X509_get_ext_d2i(cert, kinds[i], &critical, NULL);
		if (points)
			rc = visit_all(points, issuer, i == 1, visit, ctx,
				       err);
		else if (critical != -1)
			rc = visit(ctx, &none, err);
	}
	ERR_pop_to_mark();
	return rc;
}

int tmk_crl_file_fresher(X509_CRL *crl, tmk_crl_point_visit visit, void *ctx,
			 struct tmk_err *err)
{
	CRL_DIST_POINTS *points = X509_CRL_get_ext_d2i(crl, NID_freshest_crl,
						       NULL, NULL);

	if (!points)
		return 0;
	return visit_all(points, X509_CRL_get_issuer(crl), true, visit, ctx,
			 err);
}
