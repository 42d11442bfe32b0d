/*
 * minisign_key.h - public keys in the form that minisign(1) and signify(1)
 * share, and files of them.
 *
 * Ed25519 alone: "Ed", eight bytes of key number, the 32 bytes of the key, in
 * base64, below a comment that nobody signed. A key of a token gets the number
 * that follows from the key (docs/PROTOCOL.minisign). Knows no signature and
 * no trust. Functions that take a SubjectPublicKeyInfo fail with TMK_KEY for a
 * key that is not Ed25519.
 */
#ifndef TMK_SEAL_MINISIGN_KEY_H
#define TMK_SEAL_MINISIGN_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "base/buf.h"
#include "base/err.h"
#include "iface/seal.h"

#define TMK_MINISIGN_RAW 32	/* bytes of an Ed25519 key */
#define TMK_MINISIGN_NUMBER 8	/* bytes of a key number */
#define TMK_MINISIGN_ID 17	/* bytes of it as text: 16 upper hex digits */
#define TMK_MINISIGN_COMMENT "untrusted comment: "
#define TMK_MINISIGN_COMMENT_MAX 1024	/* bytes of that line: what both
				   programs read */
#define TMK_MINISIGN_KEYS_MAX 256	/* in one file */
#define TMK_MINISIGN_RING_MAX (512 * 1024)	/* bytes of such a file */

/* The 32 bytes of an Ed25519 key and its number. */
int tmk_minisign_key_raw(uint8_t raw[TMK_MINISIGN_RAW],
			 uint8_t number[TMK_MINISIGN_NUMBER],
			 const uint8_t *spki, size_t len, struct tmk_err *err)
	TMK_MUST_CHECK;

/* A key number as minisign(1) writes it: a little-endian number in 16 upper
 * hex digits. Returns `out`. */
char *tmk_minisign_key_number_text(char out[TMK_MINISIGN_ID],
				   const uint8_t number[TMK_MINISIGN_NUMBER]);

/* The same of a token's key, into room for any key's name. */
int tmk_minisign_key_id(char out[TMK_KEY_ID], const uint8_t *spki, size_t len,
			struct tmk_err *err) TMK_MUST_CHECK;

/* Append the two lines of a public key file. `name` (or NULL) goes into
 * signify's comment; minisign's has the key's id. */
int tmk_minisign_key_export(struct tmk_buf *out, enum tmk_seal_format format,
			    const uint8_t *spki, size_t len, const char *name,
			    struct tmk_err *err) TMK_MUST_CHECK;

/* Whether `text` is one line's worth of a comment: UTF-8, no control
 * characters but tab. */
bool tmk_minisign_comment_clean(const uint8_t *text, size_t len);

/* seal.h: the keyring of both seals, a file of public keys. Each line is a key
 * in base64 or an untrusted comment; two keys of one number are an error. */
int tmk_minisign_keyring_read(struct tmk_keyring **out, const uint8_t *data,
			      size_t len, const char *name,
			      struct tmk_err *err) TMK_MUST_CHECK;
void tmk_minisign_keyring_free(struct tmk_keyring *keyring);
int tmk_minisign_keyring_find(struct tmk_standing *out,
			      const struct tmk_keyring *keyring,
			      const struct tmk_evidence *evidence, int i,
			      const char *name_space, struct tmk_verdict *v,
			      struct tmk_err *err) TMK_MUST_CHECK;

#endif
