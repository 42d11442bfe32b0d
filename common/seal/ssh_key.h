/*
 * ssh_key.h - public keys in SSH's form (RFC 4253 section 6.6, RFC 5656
 * section 3.1, RFC 8709 section 4), and from and to SubjectPublicKeyInfo.
 *
 * RSA, ECDSA on P-256, P-384 and P-521, and Ed25519; SSH certificates, keys of
 * security keys (sk-...) and DSA are none of these. Exactly one encoding of a
 * key is read, so that equal keys are equal bytes. Functions with an `err`
 * fail with TMK_INPUT for a key that is not of these kinds. Knows no trust and
 * no file.
 */
#ifndef TMK_SEAL_SSH_KEY_H
#define TMK_SEAL_SSH_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "base/buf.h"
#include "base/err.h"
#include "iface/seal.h"
#include "seal/ssh_wire.h"

#define TMK_SSH_KEY_MAX 4096	/* bytes of a key's blob: RSA-16384 fits */
#define TMK_SSH_KEY_LINE_MAX 8192	/* characters of a public key line */

enum tmk_ssh_kind {
	TMK_SSH_RSA = 1,
	TMK_SSH_ECDSA,
	TMK_SSH_ED25519
};

/* One type of key, in static memory. */
struct tmk_ssh_type {
	const char *name;	/* "ssh-ed25519" */
	enum tmk_ssh_kind kind;
	const char *curve;	/* as SSH names it; NULL: none */
	const char *group;	/* as OpenSSL names it */
	size_t field;		/* bytes of a coordinate; 0: none */
	enum tmk_hash hash;	/* of what ECDSA signs (RFC 5656 6.2.1) */
};

/* A key's blob, taken apart; borrowed from it. */
struct tmk_ssh_key {
	const struct tmk_ssh_type *type;
	struct tmk_ssh_bytes e, n;	/* RSA */
	struct tmk_ssh_bytes point;	/* 04 || X || Y; or Ed25519's 32 */
};

/* Append the public key line "TYPE BASE64[ COMMENT]" of a key, without a
 * newline. `comment` (or NULL) must be one line. */
int tmk_ssh_key_line(struct tmk_buf *out, const uint8_t *spki, size_t len,
		     const char *comment, struct tmk_err *err) TMK_MUST_CHECK;

/* "SHA256:" and the unpadded base64 of SHA-256 over the blob, as ssh-keygen -l
 * shows it. */
int tmk_ssh_key_fingerprint(char out[TMK_KEY_ID], const uint8_t *spki,
			    size_t len, struct tmk_err *err) TMK_MUST_CHECK;

/* Append the SubjectPublicKeyInfo (DER) of the key in a public key line:
 * "TYPE BASE64", perhaps with "key::" before it and a comment behind; nothing
 * else. */
int tmk_ssh_key_spki(struct tmk_buf *out, const char *line,
		     struct tmk_err *err) TMK_MUST_CHECK;

/* Append a key's blob. */
int tmk_ssh_key_blob(struct tmk_buf *out, const uint8_t *spki, size_t len,
		     struct tmk_err *err) TMK_MUST_CHECK;

/* The fingerprint of a blob. */
int tmk_ssh_key_blob_fingerprint(char out[TMK_KEY_ID], const uint8_t *blob,
				 size_t len, struct tmk_err *err)
	TMK_MUST_CHECK;

/*
 * Whether text at `text` (`len` bytes) begins with a type of key that is known
 * here, followed by a blank: *type (may be NULL) gets it.
 */
bool tmk_ssh_key_begins(const struct tmk_ssh_type **type, const char *text,
			size_t len);

/* Append the blob that "TYPE BASE64" (exactly these `len` characters, one or
 * more blanks between) stands for, which must be of that type. */
int tmk_ssh_key_text_blob(struct tmk_buf *out, const char *text, size_t len,
			  struct tmk_err *err) TMK_MUST_CHECK;

/* Take a blob apart. True; false with the reason as the end of a sentence ("the
 * key ...") in *why, in static memory. Arithmetic is left to the next. */
bool tmk_ssh_key_read(struct tmk_ssh_key *out, const uint8_t *blob, size_t len,
		      const char **why) TMK_MUST_CHECK;

/* Make a key of OpenSSL's from it, which belongs to the caller; NULL when the
 * numbers are no key (a point that is not on its curve) or memory ends. Leaves
 * OpenSSL's error queue as it was. */
EVP_PKEY *tmk_ssh_key_decode(const struct tmk_ssh_key *key);

#endif
