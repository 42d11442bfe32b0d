/*
 * minisign_sig.h - signatures of minisign(1) and signify(1): the lines, the
 * arithmetic, and making them. Internal to seal/.
 *
 * Both are "untrusted comment: ..." and, below it, base64 of algorithm, key
 * number and an Ed25519 signature. minisign's is over BLAKE2b-512 of the
 * content ("ED"; older ones, "Ed", over the content itself) and is followed by
 * a trusted comment with a signature of its own; signify's ("Ed") is over the
 * content itself and followed by nothing. docs/PROTOCOL.minisign has the
 * bytes. No trust, no clock, no file.
 */
#ifndef TMK_SEAL_MINISIGN_SIG_H
#define TMK_SEAL_MINISIGN_SIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "base/buf.h"
#include "base/err.h"
#include "iface/seal.h"
#include "seal/minisign_key.h"

#define TMK_MINISIGN_VALUE 64	/* bytes of an Ed25519 signature */
#define TMK_MINISIGN_TRUSTED "trusted comment: "
#define TMK_MINISIGN_TRUSTED_MAX 8192	/* bytes of that line */

/* One signature, taken apart. */
struct tmk_minisign_sig {
	uint8_t number[TMK_MINISIGN_NUMBER];	/* of the key */
	uint8_t value[TMK_MINISIGN_VALUE];
	bool prehashed;		/* over BLAKE2b-512 of the content */
	bool commented;		/* what follows is there: minisign */
	const uint8_t *comment;	/* trusted, without its label; borrowed from
				   the bytes that were read */
	size_t comment_len;
	uint8_t global[TMK_MINISIGN_VALUE];	/* over value and comment */
};

/* Read it, as the one of `format`. False with a reason in *why (static, the
 * end of a sentence: "the minisign signature ...") when it is not exactly
 * that. */
bool tmk_minisign_sig_read(struct tmk_minisign_sig *out,
			   enum tmk_seal_format format, const uint8_t *text,
			   size_t len, const char **why);

/* Seconds since 1970 that minisign's own trusted comment begins with
 * ("timestamp:N"), or TMK_TIME_NONE: a claim of the signer's. */
int64_t tmk_minisign_sig_time(const struct tmk_minisign_sig *sig);

/* Whether `value` is the Ed25519 signature of a message by `key` (RFC 8032
 * 5.1.7): 1 yes, 0 no, negative when it could not be tried. */
int tmk_minisign_sig_verify(EVP_PKEY *key, const uint8_t *message, size_t len,
			    const uint8_t value[TMK_MINISIGN_VALUE],
			    struct tmk_err *err) TMK_MUST_CHECK;

/* Append value and trusted comment: what the second signature is over. */
int tmk_minisign_sig_bound(struct tmk_buf *out,
			   const uint8_t value[TMK_MINISIGN_VALUE],
			   const uint8_t *comment, size_t len) TMK_MUST_CHECK;

/* seal.h: parse, check and free of both seals. */
int tmk_minisign_sig_parse(struct tmk_evidence **out,
			   const struct tmk_seal_ops *ops, const uint8_t *text,
			   size_t len, struct tmk_verdict *v,
			   struct tmk_err *err) TMK_MUST_CHECK;
int tmk_minisign_sig_check(const struct tmk_evidence *evidence, int i,
			   EVP_PKEY *key, const uint8_t *digest,
			   size_t digest_len, struct tmk_verdict *v,
			   struct tmk_err *err) TMK_MUST_CHECK;
void tmk_minisign_sig_free(struct tmk_evidence *evidence);

/* seal.h: make of minisign, and of signify, which refuses content that the
 * same key could have signed as something else. */
int tmk_minisign_make(const struct tmk_seal_request *request,
		      struct tmk_buf *out, struct tmk_err *err)
	TMK_MUST_CHECK;
int tmk_signify_make(const struct tmk_seal_request *request,
		     struct tmk_buf *out, struct tmk_err *err) TMK_MUST_CHECK;

#endif
