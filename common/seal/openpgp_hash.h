/*
 * openpgp_hash.h - what signatures about keys hash: keys and user ids with
 * their prefixes, then what the signature says (RFC 9580 section 5.2.4).
 * Internal to seal/.
 *
 * SHA-1 too, which in a keyring counts for revocations alone. Fails with
 * TMK_INTERNAL; _release frees.
 */
#ifndef TMK_SEAL_OPENPGP_HASH_H
#define TMK_SEAL_OPENPGP_HASH_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "base/err.h"

struct tmk_openpgp_hash {
	EVP_MD_CTX *ctx;
};

/* Start with the digest of this number (2, 8, 9, 10). */
int tmk_openpgp_hash_init(struct tmk_openpgp_hash *h, int number,
			  struct tmk_err *err) TMK_MUST_CHECK;
void tmk_openpgp_hash_release(struct tmk_openpgp_hash *h);

/* A key packet's body, with 0x99 and its length before it. */
int tmk_openpgp_hash_key(struct tmk_openpgp_hash *h, const uint8_t *body,
			 size_t len, struct tmk_err *err) TMK_MUST_CHECK;

/* A user id (`prefix` 0xb4) or user attribute (0xd1). */
int tmk_openpgp_hash_user(struct tmk_openpgp_hash *h, int prefix,
			  const uint8_t *body, size_t len,
			  struct tmk_err *err) TMK_MUST_CHECK;

/* The signature from version to hashed area and the closing octets; then the
 * digest, at most 64 bytes. */
int tmk_openpgp_hash_close(struct tmk_openpgp_hash *h, const uint8_t *head,
			   size_t len, uint8_t *digest, size_t *digest_len,
			   struct tmk_err *err) TMK_MUST_CHECK;

/* The digest with this number, NULL for those that are not read here. */
const EVP_MD *tmk_openpgp_hash_md(int number);

#endif
