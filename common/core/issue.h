/*
 * issue.h - certificate requests, and the certificates of a development CA.
 *
 * Everything is signed by a tmk_signer: the key stays where it is, and no
 * private EVP_PKEY is made. Each result is checked with the public key before
 * it is given out. Knows no files and no token. Fails with TMK_USAGE for
 * names that cannot be written, TMK_KEY when the signer fails or lies.
 * Results belong to the caller.
 */
#ifndef TMK_CORE_ISSUE_H
#define TMK_CORE_ISSUE_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "base/buf.h"
#include "base/err.h"
#include "iface/signer.h"

#define TMK_ISSUE_CA_NAME "touchmark development CA (not for production)"
#define TMK_ISSUE_CA_DAYS 3650
#define TMK_ISSUE_LEAF_DAYS 397
#define TMK_ISSUE_EKU_MAX 8

/* Who the certificate is for. Borrowed for the call. */
struct tmk_issue_subject {
	X509_NAME *name;
	const char *email;	/* for the SAN (RFC 5280 4.2.1.6); or NULL */
	const char *eku[TMK_ISSUE_EKU_MAX];	/* OpenSSL names or OIDs */
	int ekus;
};

/* Read "/CN=Release Team/O=Example", the form of openssl req -subj: a
 * backslash takes the next character as it is. *out belongs to the caller
 * (X509_NAME_free). */
int tmk_issue_name_parse(X509_NAME **out, const char *text,
			 struct tmk_err *err) TMK_MUST_CHECK;

/* Split "Name <mail>" (or a bare mail): `name` and `mail` (size bytes each)
 * get their parts, "" for what is not there. Control characters, a missing
 * '>' or an address without '@' are TMK_USAGE. */
int tmk_issue_user_split(char *name, char *mail, size_t size,
			 const char *user, struct tmk_err *err)
	TMK_MUST_CHECK;

/* The name of "Name <mail>": CN=Name, or CN=mail when there is no name. */
int tmk_issue_name_from_user(X509_NAME **out, const char *user,
			     struct tmk_err *err) TMK_MUST_CHECK;

/* A PKCS#10 request (RFC 2986) with KU digitalSignature (critical), the EKUs
 * and the SAN; PEM is appended to `pem`. */
int tmk_issue_csr(struct tmk_buf *pem, const struct tmk_issue_subject *who,
		  struct tmk_signer *signer, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Have the key behind `signer` sign random bytes and check the answer with the
 * certificate's key: proof that they belong together. Fails with TMK_KEY. */
int tmk_issue_prove(X509 *leaf, struct tmk_signer *signer,
		    struct tmk_err *err) TMK_MUST_CHECK;

/* A self-signed development CA, clearly named so; `unit` (its OU) tells
 * several of them apart. Valid from five minutes before `now` for
 * TMK_ISSUE_CA_DAYS. */
int tmk_issue_ca(X509 **out, const char *unit, struct tmk_signer *signer,
		 int64_t now, struct tmk_err *err) TMK_MUST_CHECK;

/* A leaf for the key `spki`, signed by the development CA. Valid from five
 * minutes before `now` for TMK_ISSUE_LEAF_DAYS. */
int tmk_issue_leaf(X509 **out, const struct tmk_issue_subject *who,
		   const struct tmk_buf *spki, X509 *ca,
		   struct tmk_signer *ca_signer, int64_t now,
		   struct tmk_err *err) TMK_MUST_CHECK;

/* An empty CRL of the development CA, PEM appended to `pem`; nextUpdate is
 * TMK_ISSUE_LEAF_DAYS after `now`, so that it lasts as long as the leaf. */
int tmk_issue_crl(struct tmk_buf *pem, X509 *ca, struct tmk_signer *ca_signer,
		  int64_t now, struct tmk_err *err) TMK_MUST_CHECK;

#endif
