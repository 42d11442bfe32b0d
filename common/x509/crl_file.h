/*
 * crl_file.h - one CRL that came from the network, before it may take the
 * place of another one; and where certificates say that their CRLs are.
 *
 * Form, issuer, signature, scope and age, each on its own; no path is built
 * and no file is touched. What is wrong is told in a line; what cannot be read
 * is TMK_INPUT. Nothing is printed.
 */
#ifndef TMK_X509_CRL_FILE_H
#define TMK_X509_CRL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "base/buf.h"
#include "base/err.h"

#define TMK_CRL_URLS_MAX 8	/* names of one distribution point */
#define TMK_CRL_URL_MAX 2048	/* bytes of one */
#define TMK_CRL_POINTS_MAX 16	/* of one certificate that are looked at */

/* Read exactly one CRL, DER or PEM. *out belongs to the caller. */
int tmk_crl_file_read(X509_CRL **out, const uint8_t *data, size_t len,
		      const char *name, struct tmk_err *err) TMK_MUST_CHECK;

/* Append it as DER. */
int tmk_crl_file_der(struct tmk_buf *out, X509_CRL *crl) TMK_MUST_CHECK;

/* Who of `all` signed it: the name is the CRL's issuer, the key made the
 * signature, and it may sign CRLs (keyUsage, or a CA or root without; RFC 5280
 * 6.3.3 (f), (g)). Borrowed from `all`; NULL with a line of why. */
X509 *tmk_crl_file_signer(X509_CRL *crl, const STACK_OF(X509) *all, char *why,
			  size_t size);

/* Whether it tells of what changed since another one (RFC 5280 5.2.4). */
bool tmk_crl_file_is_delta(const X509_CRL *crl);

/* CRLNumber (RFC 5280 5.2.3) as decimal digits into `out`, "" when it has
 * none. Returns `out`. */
char *tmk_crl_file_number(char *out, size_t size, const X509_CRL *crl);

/* thisUpdate and nextUpdate, s since 1970; TMK_TIME_NONE for no nextUpdate. */
void tmk_crl_file_times(int64_t *from, int64_t *to, const X509_CRL *crl);

/* Whether both are about the same: issuer, issuingDistributionPoint and
 * whether they are deltas. */
bool tmk_crl_file_same_scope(const X509_CRL *a, const X509_CRL *b);

/* Negative when `a` is older than `b`, 0 when neither, positive when newer:
 * by CRLNumber where both have one, and by thisUpdate. One that is newer by
 * one measure and older by the other counts as older. */
int tmk_crl_file_compare(const X509_CRL *a, const X509_CRL *b);

/* Whether `old` lists somebody, not merely on hold, whom `new` does not. */
bool tmk_crl_file_drops(X509_CRL *old, X509_CRL *new_);

/* Whether the CRL's issuingDistributionPoint (RFC 5280 5.2.5) names one of
 * these, or none at all. */
bool tmk_crl_file_names(const X509_CRL *crl, const char *const *urls, int n);

/* One distribution point: alternatives for the same CRL. */
struct tmk_crl_point {
	const char *url[TMK_CRL_URLS_MAX];	/* URIs of any scheme, plain
				   ASCII without blanks */
	int urls;
	const X509_NAME *issuer;	/* who signs that CRL */
	bool delta;		/* freshestCRL (RFC 5280 4.2.1.15) */
};

/* Called for each point; everything is borrowed for the call. A negative
 * return ends the walk with it. */
typedef int (*tmk_crl_point_visit)(void *ctx,
				   const struct tmk_crl_point *point,
				   struct tmk_err *err);

/* Visit cRLDistributionPoints (RFC 5280 4.2.1.13) and freshestCRL of a
 * certificate. What cannot be read, or has no URI, is visited with urls 0. */
int tmk_crl_file_points(X509 *cert, tmk_crl_point_visit visit, void *ctx,
			struct tmk_err *err) TMK_MUST_CHECK;

/* Visit the freshestCRL of a CRL (RFC 5280 5.2.6). */
int tmk_crl_file_fresher(X509_CRL *crl, tmk_crl_point_visit visit, void *ctx,
			 struct tmk_err *err) TMK_MUST_CHECK;

#endif
