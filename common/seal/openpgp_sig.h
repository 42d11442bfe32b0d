/*
 * openpgp_sig.h - one v4 signature packet: what it says, and whether it holds.
 *
 * Reading takes every field apart once, for signatures of documents and for
 * those inside a keyring; who calls decides which types and subpackets are
 * good enough. Borrowed from the bytes that were read; nothing is allocated.
 * No trust and no clock.
 */
#ifndef TMK_SEAL_OPENPGP_SIG_H
#define TMK_SEAL_OPENPGP_SIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "base/buf.h"
#include "base/err.h"
#include "iface/seal.h"
#include "seal/openpgp_packet.h"

/* Algorithms (RFC 9580 sections 9.1 and 9.5). */
enum {
	TMK_OPENPGP_RSA = 1,
	TMK_OPENPGP_RSA_SIGN = 3,
	TMK_OPENPGP_DSA = 17,
	TMK_OPENPGP_ECDSA = 19,
	TMK_OPENPGP_EDDSA = 22
};

/* Signature types (section 5.2.1). */
enum {
	TMK_OPENPGP_BINARY = 0x00,
	TMK_OPENPGP_TEXT = 0x01,
	TMK_OPENPGP_CERTIFY = 0x10,	/* to 0x13 */
	TMK_OPENPGP_CERTIFY_POSITIVE = 0x13,
	TMK_OPENPGP_BINDING = 0x18,
	TMK_OPENPGP_BACK = 0x19,
	TMK_OPENPGP_DIRECT = 0x1f,
	TMK_OPENPGP_REVOKE_KEY = 0x20,
	TMK_OPENPGP_REVOKE_SUBKEY = 0x28,
	TMK_OPENPGP_REVOKE_CERTIFY = 0x30
};

/* Subpackets (section 5.2.3.7). */
enum {
	TMK_OPENPGP_SUB_CREATED = 2,
	TMK_OPENPGP_SUB_EXPIRES = 3,
	TMK_OPENPGP_SUB_KEY_EXPIRES = 9,
	TMK_OPENPGP_SUB_CIPHERS = 11,
	TMK_OPENPGP_SUB_REVOKER = 12,
	TMK_OPENPGP_SUB_ISSUER = 16,
	TMK_OPENPGP_SUB_NOTATION = 20,
	TMK_OPENPGP_SUB_HASHES = 21,
	TMK_OPENPGP_SUB_PRIMARY = 25,
	TMK_OPENPGP_SUB_FLAGS = 27,
	TMK_OPENPGP_SUB_USER = 28,
	TMK_OPENPGP_SUB_REASON = 29,
	TMK_OPENPGP_SUB_EMBEDDED = 32,
	TMK_OPENPGP_SUB_FINGERPRINT = 33
};

#define TMK_OPENPGP_FLAG_CERTIFY 0x01
#define TMK_OPENPGP_FLAG_SIGN 0x02

#define TMK_OPENPGP_AREA_MAX 10000	/* bytes of subpackets: gpg's limit */
#define TMK_OPENPGP_FPR 20		/* bytes of a v4 fingerprint */
#define TMK_OPENPGP_REVOKERS 8		/* of one key */

/* Under this name a timestamp stands in the unhashed area
 * (docs/PROTOCOL.openpgp). */
#define TMK_OPENPGP_TOKEN_NAME "timestamp-token@touchmark.org"

struct tmk_openpgp_sig {
	const uint8_t *body;	/* of the packet */
	size_t hashed_end;	/* body to here is hashed */
	int type, algorithm, hash;	/* numbers of RFC 9580 */
	uint8_t left[2];	/* of the digest */
	const uint8_t *value;	/* the algorithm's own octets, as they are */
	size_t value_len;
	struct tmk_openpgp_mpi mpi[2];
	int mpis;		/* 0: an algorithm that is not known here */
	int64_t created;	/* TMK_TIME_NONE: it does not say */
	uint32_t expires;	/* s after it was made; 0: never */
	uint32_t key_expires;	/* s after the key was made; 0: never */
	bool says_key_expires;
	int flags;		/* of the key; -1: it does not say */
	int reason;		/* of a revocation; -1: it does not say */
	bool primary;
	bool has_id, has_fpr;	/* issuer */
	uint8_t id[8];
	uint8_t fpr[TMK_OPENPGP_FPR];	/* from the hashed area alone */
	const uint8_t *embedded;	/* a signature by the subkey */
	size_t embedded_len;
	const uint8_t *revoker[TMK_OPENPGP_REVOKERS];
	int revokers;		/* may be more than TMK_OPENPGP_REVOKERS */
	const uint8_t *token[TMK_TOKENS_MAX];
	size_t token_len[TMK_TOKENS_MAX];
	int tokens;		/* may be more than TMK_TOKENS_MAX */
	const char *odd;	/* NULL, or what a strict reader refuses in it:
				   a critical subpacket that is not known, a
				   repeated one, one in the wrong place */
};

/*
 * Read the body of a signature packet. Returns true; false with a reason in
 * *why (static, the end of a sentence) when it is no version 4 signature or
 * not well-formed. Of an algorithm or hash that is not known only the frame is
 * read.
 */
bool tmk_openpgp_sig_read(struct tmk_openpgp_sig *out, const uint8_t *body,
			  size_t len, const char **why);

/* enum tmk_hash of a number of RFC 9580 section 9.5, 0 for all that is not
 * SHA-256, SHA-384 or SHA-512; and back. */
enum tmk_hash tmk_openpgp_sig_hash(int number);
int tmk_openpgp_sig_hash_number(enum tmk_hash hash);

/* Append what is hashed behind the content (section 5.2.4): version to hashed
 * area (`len` octets at `head`) and the closing six octets. */
int tmk_openpgp_sig_trailer(struct tmk_buf *out, const uint8_t *head,
			    size_t len, struct tmk_err *err) TMK_MUST_CHECK;

/* Whether a digest of `len` octets is too short for the key's curve: weaker
 * than the key, and refused by other verifiers (RFC 9580 section 5.2.3.2). */
bool tmk_openpgp_sig_short(EVP_PKEY *key, size_t len);

/*
 * Whether `sig` is the signature of `digest` by `key`, of the kind that its
 * algorithm names. 1 yes; 0 no with a reason in *why (static); negative when
 * it could not be tried. OpenSSL's error queue is left as it was.
 */
int tmk_openpgp_sig_verify(const struct tmk_openpgp_sig *sig, EVP_PKEY *key,
			   const uint8_t *digest, size_t len,
			   const char **why, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
