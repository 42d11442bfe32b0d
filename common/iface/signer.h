/*
 * signer.h - the one primitive: sign(key, scheme, digest) -> signature bytes.
 *
 * A signer is a private key somewhere else: a seal hands it a digest and gets
 * a bare signature, and neither learns anything about the other. No private
 * EVP_PKEY exists on either side of this door.
 */
#ifndef TMK_IFACE_SIGNER_H
#define TMK_IFACE_SIGNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "iface/pin.h"

enum tmk_hash {
	TMK_SHA256 = 1,
	TMK_SHA384,
	TMK_SHA512,
	TMK_BLAKE2B512,		/* RFC 7693: minisign */
	TMK_WHOLE		/* no digest: the content itself (signify) */
};

#define TMK_HASH_MAX 64		/* bytes of the longest digest */
#define TMK_SIGNATURE_MAX 1024	/* bytes of the longest bare signature */
#define TMK_MESSAGE_MAX (1024 * 1024)	/* bytes of the longest message for
				   Ed25519 */

/* How the digest is signed. */
enum tmk_scheme {
	TMK_RSA_PKCS1 = 1,	/* RFC 8017 section 8.2, DigestInfo included */
	TMK_ECDSA,		/* FIPS 186-5 section 6 */
	TMK_EDDSA		/* RFC 8032: pure Ed25519 over a message */
};

enum tmk_algorithm {
	TMK_KEY_RSA = 1,
	TMK_KEY_EC,
	TMK_KEY_ED25519		/* bits is 256 */
};

struct tmk_signer;

struct tmk_signer_ops {
	/*
	 * Sign `len` bytes of digest, made with `hash`. Appends the bare
	 * signature to `sig`: RSA big-endian, as long as the modulus; ECDSA
	 * r || s, each as long as the order (PKCS#11 2.40 section 2.3.1).
	 * With TMK_EDDSA `digest` is the message itself, at most
	 * TMK_MESSAGE_MAX bytes, `hash` is 0 and the signature R || S, 64
	 * bytes (RFC 8032 5.1.6). Fails with TMK_KEY.
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
	enum tmk_hash only;	/* the one digest that an RSA key signs, as
				   some services bind keys to it; 0: any */
	struct tmk_buf spki;	/* SubjectPublicKeyInfo, DER (RFC 5280 4.1) */
	/* Who can be asked and told things during the next sign; borrowed,
	 * set by whoever calls it; NULL: the person at this process. */
	const struct tmk_person *person;
	/* Set by a sign that failed because the session is gone (the token
	 * was taken out, its service was restarted): this signer will not
	 * sign again, but one that is opened anew may. Never set after a PIN
	 * was refused, nor for a module that does not come back. */
	bool lost;
};

/* For whoever checked what a signer gave: it is no signature of what was
 * asked. Returns -1 always, with TMK_KEY. */
static inline int tmk_signer_wrong(struct tmk_err *err)
{
	tmk_err_set(err, TMK_KEY, "the token returned a wrong signature");
	return tmk_err_hint(err, "nothing was written; test the token, and do "
			    "not trust it until it signs right");
}

/* NULL is fine. */
static inline void tmk_signer_free(struct tmk_signer *signer)
{
	if (signer)
		signer->ops->free(signer);
}

#endif
