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
#define TMK_ISSUE_SAN_MAX 16
#define TMK_ISSUE_BUNDLE_MAX (64 * 1024)	/* bytes of an attestation */

/* Who the certificate is for. Borrowed for the call. */
struct tmk_issue_subject {
	X509_NAME *name;
	const char *email;	/* for the SAN (RFC 5280 4.2.1.6); or NULL */
	const char *eku[TMK_ISSUE_EKU_MAX];	/* OpenSSL names or OIDs */
	int ekus;
	/* Further names for the SAN: "email:MAIL", "DNS:HOST" or "URI:..". */
	const char *san[TMK_ISSUE_SAN_MAX];
	int sans;
	/* A certificate whose SAN and EKU are asked for again, as they stand
	 * there, in the place of the three above; or NULL. */
	X509 *like;
	/* AttestationBundle (draft-ietf-lamps-csr-attestation), DER, for a
	 * request's id-aa-attestation; or NULL. */
	const uint8_t *bundle;
	size_t bundle_len;
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

/*
 * Whether these bytes have the form of an AttestationBundle: a SEQUENCE of
 * AttestationStatements, each a SEQUENCE that begins with its type (an OID),
 * then perhaps a SEQUENCE of certificates; DER, and nothing after it. What it
 * attests is for the CA to judge. Fails with TMK_INPUT.
 */
int tmk_issue_bundle_check(const uint8_t *der, size_t len,
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

/* The same over a text that the certificate alone determines: for a key whose
 * signatures others must agree to, who can only agree to what comes again. */
int tmk_issue_prove_again(X509 *leaf, struct tmk_signer *signer,
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
