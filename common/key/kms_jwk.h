/*
 * kms_jwk.h - a JSON Web Key (RFC 7517) to a SubjectPublicKeyInfo.
 *
 * RSA (RFC 7518 6.3) and the curves P-256, P-384 and P-521 (6.2), as cloud
 * services name them: a kty that ends with "-HSM" says that the private part
 * is in hardware. Knows no service. Fails with TMK_KEY.
 */
#ifndef TMK_KEY_KMS_JWK_H
#define TMK_KEY_KMS_JWK_H

#include "base/buf.h"
#include "base/err.h"

/* Append the SPKI (DER) of the key at `path` ("key") of a JSON body. `kty`
 * (16 bytes) gets its type as it stands there. */
int tmk_kms_jwk_spki(struct tmk_buf *spki, char *kty,
		     const struct tmk_buf *body, const char *path,
		     struct tmk_err *err) TMK_MUST_CHECK;

#endif
