/*
 * tst_fast.h - the usual RFC 3161 token, read without OpenSSL's CMS.
 *
 * DER throughout; one SignerInfo by issuer and serial number, its certificate
 * embedded; the attributes that RFC 3161 and RFC 5816 ask for and no others,
 * in the order of a SET OF; an ESS attribute that names one certificate; no
 * extensions, CRLs or unsigned attributes; RSA with PKCS#1 v1.5 or ECDSA with
 * SHA-2. True is an answer, and what it says is what tst_token.h would say;
 * false says nothing at all: then that one reads the token. Internal to
 * x509/.
 */
#ifndef TMK_X509_TST_FAST_H
#define TMK_X509_TST_FAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "x509/cert_set.h"
#include "x509/strict.h"

struct tmk_tst_fast {
	struct tmk_cert_set *certs;	/* embedded */
	const struct tmk_cert_set_item *signer;	/* one of them */
	int hash;		/* enum tmk_hash of the imprint */
	const uint8_t *imprint;	/* borrowed from the token */
	size_t imprint_len;
	int64_t time;		/* genTime, whole seconds */
	/* for _verify: */
	struct tmk_strict content;	/* the TSTInfo */
	struct tmk_strict attrs;	/* signed, tagged [0] */
	struct tmk_strict digest;	/* messageDigest */
	struct tmk_strict value;	/* of the signature */
	int content_hash;
	enum tmk_value_scheme scheme;
};

/* Read a token and find its signer. `t` is released by the caller, whatever
 * the answer is. */
bool tmk_tst_fast_read(struct tmk_tst_fast *t, const uint8_t *der,
		       size_t len);
void tmk_tst_fast_release(struct tmk_tst_fast *t);

/* Whether messageDigest and signature are good, with the signer's key, whose
 * strength the caller has judged. */
bool tmk_tst_fast_verify(const struct tmk_tst_fast *t);

#endif
