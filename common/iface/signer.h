/*
 * signer.h - the one primitive: sign(key, scheme, digest) -> signature bytes.
 *
 * A signer is a private key somewhere else: a seal hands it a digest and gets
 * a bare signature, and neither learns anything about the other. No private
 * EVP_PKEY exists on either side of this door.
 */
#ifndef TMK_IFACE_SIGNER_H
#define TMK_IFACE_SIGNER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum tmk_hash {
	TMK_SHA256 = 1,
	TMK_SHA384,
	TMK_SHA512
};

#define TMK_HASH_MAX 64		/* bytes of the longest digest */
#define TMK_SIGNATURE_MAX 1024	/* bytes of the longest bare signature */

/* How the digest is signed. */
enum tmk_scheme {
	TMK_RSA_PKCS1 = 1,	/* RFC 8017 section 8.2, DigestInfo included */
	TMK_ECDSA		/* FIPS 186-5 section 6 */
};

enum tmk_algorithm {
	TMK_KEY_RSA = 1,
	TMK_KEY_EC
};

struct tmk_signer;

struct tmk_signer_ops {
	/*
	 * Sign `len` bytes of digest, made with `hash`. Appends the bare
	 * signature to `sig`: RSA big-endian, as long as the modulus; ECDSA
	 * r || s, each as long as the order (PKCS#11 2.40 section 2.3.1).
	 * Fails with TMK_KEY.
	 */
	int (*sign)(struct tmk_signer *signer, enum tmk_scheme scheme,
		    enum tmk_hash hash, const uint8_t *digest, size_t len,
		    struct tmk_buf *sig, struct tmk_err *err);
	/* Give the key back: close what was opened. */
	void (*free)(struct tmk_signer *signer);
};

struct tmk_signer {
	const struct tmk_signer_ops *ops;
	enum tmk_algorithm algorithm;
	unsigned int bits;	/* RSA modulus or EC field, in bits */
	struct tmk_buf spki;	/* SubjectPublicKeyInfo, DER (RFC 5280 4.1) */
};

/* NULL is fine. */
static inline void tmk_signer_free(struct tmk_signer *signer)
{
	if (signer)
		signer->ops->free(signer);
}

#endif
