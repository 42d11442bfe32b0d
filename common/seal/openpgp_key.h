/*
 * openpgp_key.h - an OpenPGP v4 public key made of a SubjectPublicKeyInfo and
 * a creation time, and read back.
 *
 * PKCS#11 knows no creation time, and one second changes the fingerprint: who
 * calls has chosen it once and kept it. RSA, ECDSA on P-256, P-384 and P-521,
 * and Ed25519 (as EdDSA, algorithm 22). Knows neither files nor trust. What is
 * made belongs to the caller; failures are TMK_KEY or TMK_INTERNAL.
 */
#ifndef TMK_SEAL_OPENPGP_KEY_H
#define TMK_SEAL_OPENPGP_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "base/buf.h"
#include "base/err.h"
#include "iface/seal.h"

#define TMK_OPENPGP_KEY_MAX 8192	/* bytes of one key packet */
#define TMK_OPENPGP_USER_MAX 1024	/* bytes of a user id that we write */

/* One key packet as read (RFC 9580 section 5.5.2). `body` is borrowed. */
struct tmk_openpgp_key {
	const uint8_t *body;
	size_t len;
	int algorithm;
	int64_t created;
	uint8_t fpr[20];
};

/* Append the body of the version 4 key packet for this public key. Fails with
 * TMK_KEY for a kind of key or a time that OpenPGP cannot say. */
int tmk_openpgp_key_body(struct tmk_buf *out, const uint8_t *spki, size_t len,
			 int64_t created, struct tmk_err *err) TMK_MUST_CHECK;

/* The fingerprint of that key (RFC 9580 section 5.5.4.2): 40 upper hex digits
 * into `out`. */
int tmk_openpgp_key_fingerprint(char out[TMK_KEY_ID], const uint8_t *spki,
				size_t len, int64_t created,
				struct tmk_err *err) TMK_MUST_CHECK;

/* The public-key algorithm that the signer's key has in OpenPGP (1, 19, 22),
 * and the number of a hash (8, 9, 10), for status lines; 0 when it has none. */
int tmk_openpgp_key_algorithm(const struct tmk_signer *signer);
int tmk_openpgp_key_hash(enum tmk_hash hash);

/* Read the frame of a version 4 key packet: false when it is none. */
bool tmk_openpgp_key_read(struct tmk_openpgp_key *out, const uint8_t *body,
			  size_t len);

/* The key inside, or NULL with a reason in *why (static): not of our kinds,
 * malformed, or absurd. It belongs to the caller. */
EVP_PKEY *tmk_openpgp_key_decode(const struct tmk_openpgp_key *key,
				 const char **why);

/*
 * Append a transferable public key (RFC 9580 section 10.1.1) to `out`: key,
 * request->user_id, self-signature, in binary. With `kept` (a self-signature
 * packet from an earlier time) that one is verified and used byte for byte;
 * else one is made with the signer, dated request->created, so that keys whose
 * signatures are deterministic (RSA, Ed25519) give the same bytes each time.
 * `selfsig` (may be NULL) gets the packet that was used. Fails with TMK_KEY,
 * also when `kept` is for another key or user id.
 */
int tmk_openpgp_key_make(struct tmk_buf *out, struct tmk_buf *selfsig,
			 const struct tmk_seal_request *request,
			 const uint8_t *kept, size_t kept_len,
			 struct tmk_err *err) TMK_MUST_CHECK;

#endif
