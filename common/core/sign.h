/*
 * sign.h - making one signature: a key, its certificates, a seal, a stamp.
 *
 * Refuses before the token is touched when the certificate is missing, does
 * not match the key, is expired or not yet valid, is no certificate for
 * signing code or mail, or is weak. An attestation, by which a device speaks of
 * the same key (x509/attest.h), never signs, whatever usages it names. Knows no
 * file names and no git.
 */
#ifndef TMK_CORE_SIGN_H
#define TMK_CORE_SIGN_H

#include <stdint.h>

#include <openssl/x509.h>

#include "base/buf.h"
#include "base/err.h"
#include "iface/seal.h"
#include "iface/signer.h"

/* The digest that fits a key: RSA SHA-256 (SHA-384 from 7680 bits), P-256
 * SHA-256, P-384 SHA-384, P-521 SHA-512. */
enum tmk_hash tmk_sign_hash(X509 *cert);

/* Whether this leaf may sign at `now`: refuses with TMK_KEY and a hint. Says
 * in `warning` (size bytes, "" for none) when it expires within 30 days. */
int tmk_sign_cert_ok(X509 *leaf, int64_t now, char *warning, size_t size,
		     struct tmk_err *err) TMK_MUST_CHECK;

/*
 * Whether one of the CRLs that the policy at `path` names lists this leaf: a
 * signature by it would be refused, so none is made (TMK_KEY). Only the CRLs
 * of its issuer are asked, by name: their signatures are the judge's business.
 * 0 not listed, 1 listed with `err` filled, negative when the policy or a CRL
 * cannot be read.
 */
int tmk_sign_cert_revoked(X509 *leaf, const char *path, int64_t now,
			  struct tmk_err *err) TMK_MUST_CHECK;

/* Choose the signing certificate of `spki` among `certs` (any order): the
 * valid one with the latest notBefore becomes the first, its issuers follow
 * in order, the root left out. *out belongs to the caller. Fails with TMK_KEY
 * when none fits. */
int tmk_sign_order_chain(STACK_OF(X509) **out, STACK_OF(X509) *certs,
			 const uint8_t *spki, size_t spki_len, int64_t now,
			 struct tmk_err *err) TMK_MUST_CHECK;

/* Seal a content whose digest is given and read the seal back with the
 * judge's parser before it is given out (practice: verify what was made).
 * Appends the encoding to `out`. */
int tmk_sign_seal(struct tmk_buf *out, const struct tmk_seal_ops *seal,
		  const struct tmk_seal_request *request, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
