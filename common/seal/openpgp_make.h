/*
 * openpgp_make.h - writing v4 signatures around one bare signature of the
 * token. Internal to seal/.
 *
 * A signature is made in two steps, since what it says of itself is hashed
 * behind the content: the head, then the token's answer to the digest, which
 * is verified before anything is given out. docs/PROTOCOL.openpgp has the
 * bytes.
 */
#ifndef TMK_SEAL_OPENPGP_MAKE_H
#define TMK_SEAL_OPENPGP_MAKE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "iface/seal.h"

#define TMK_OPENPGP_HEAD_MAX (TMK_OPENPGP_USER_MAX + 1024)

/* Who signs, worked out once from the request. */
struct tmk_openpgp_maker {
	const struct tmk_seal_request *request;
	struct tmk_buf key;	/* body of the key packet */
	uint8_t fpr[20];
};

/* Start; fails with TMK_KEY or TMK_INTERNAL when the request cannot be one.
 * _release frees what is inside, after a failure too. */
int tmk_openpgp_maker_init(struct tmk_openpgp_maker *maker,
			   const struct tmk_seal_request *request,
			   struct tmk_err *err) TMK_MUST_CHECK;
void tmk_openpgp_maker_release(struct tmk_openpgp_maker *maker);

/* Append version, type, algorithms and the hashed area: creation time
 * `time`, issuer, and `more` (subpackets as bytes, may be empty). */
int tmk_openpgp_maker_head(struct tmk_buf *out,
			   const struct tmk_openpgp_maker *maker, int type,
			   enum tmk_hash hash, int64_t time,
			   const struct tmk_buf *more, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Sign `digest`, verify, stamp with `stamper` (NULL: not), append the
 * packet. */
int tmk_openpgp_maker_sign(struct tmk_buf *out,
			   const struct tmk_openpgp_maker *maker,
			   const struct tmk_buf *head, enum tmk_hash hash,
			   const uint8_t *digest, size_t digest_len,
			   struct tmk_stamper *stamper, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Whether the user id may be written: UTF-8, no control characters, neither
 * empty nor longer than TMK_OPENPGP_USER_MAX. Fails with TMK_USAGE. */
int tmk_openpgp_maker_user(const char *user_id, struct tmk_err *err)
	TMK_MUST_CHECK;

/* seal.h: hash, trailer and make of this seal. */
enum tmk_hash tmk_openpgp_make_hash(const struct tmk_signer *signer);
int tmk_openpgp_make_trailer(const struct tmk_seal_request *request,
			     struct tmk_buf *out, struct tmk_err *err)
	TMK_MUST_CHECK;
int tmk_openpgp_make(const struct tmk_seal_request *request,
		     struct tmk_buf *out, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
