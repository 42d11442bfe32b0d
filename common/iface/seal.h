/*
 * seal.h - how a signature is encoded: the door to CMS and its siblings.
 *
 * One file common/seal/seal_<name>.c defines one `const struct tmk_seal_ops
 * tmk_seal_<name>`; the Makefile makes the table tmk_seals[]. A seal knows
 * digests, certificates and signature bytes; never a key, a file or a trust
 * decision. Reading is strict and only separates the parts: evidence. Whether
 * the evidence is good enough is for core/judge.
 */
#ifndef TMK_IFACE_SEAL_H
#define TMK_IFACE_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "iface/signer.h"
#include "iface/stamper.h"
#include "iface/verdict.h"

enum tmk_seal_format {
	TMK_FORMAT_X509 = 1,	/* CMS */
	TMK_FORMAT_OPENPGP,
	TMK_FORMAT_SSH,
	TMK_FORMAT_MINISIGN,
	TMK_FORMAT_SIGNIFY
};

#define TMK_SIGNATURES_MAX 16	/* SignerInfos in one seal */
#define TMK_TOKENS_MAX 8	/* timestamp tokens on one SignerInfo */
#define TMK_STAPLES_MAX 8	/* OCSP responses on one SignerInfo */
#define TMK_SEAL_MAX (1024 * 1024)	/* bytes of one encoded seal */
#define TMK_KEY_ID 72		/* bytes of a key's fingerprint as text */

/* What to seal. Everything is borrowed for the call. A seal uses the fields
 * its encoding has and ignores the others. */
struct tmk_seal_request {
	struct tmk_signer *signer;
	STACK_OF(X509) *certs;	/* CMS: leaf first, then intermediates */
	const char *user_id;	/* OpenPGP: "Name <mail>", UTF-8 */
	int64_t created;	/* OpenPGP: creation time of the key */
	const char *name_space;	/* SSHSIG: "git", "file" */
	bool text;		/* OpenPGP: a signature of canonical text (RFC
				   9580 type 0x01), else of bytes */
	const char *artefact;	/* minisign: the file's name for the trusted
				   comment; NULL: none */
	const char *key_name;	/* signify: what the signer calls the key, for
				   the comment; NULL: its id */
	enum tmk_hash hash;
	const uint8_t *digest;	/* of content and suffix, made with `hash`;
				   TMK_WHOLE: the content itself, at most
				   TMK_MESSAGE_MAX */
	size_t digest_len;
	int64_t signing_time;	/* s since 1970: the signer's own claim */
	struct tmk_stamper *stamper;	/* NULL: no timestamp */
};

/* One signature (CMS: one SignerInfo) as read. */
struct tmk_signature {
	X509 *cert;		/* whose key signed; NULL: not embedded */
	EVP_PKEY *key;		/* embedded without a certificate (SSHSIG) */
	char key_id[TMK_KEY_ID];	/* of a signer without certificate: 40
				   upper hex digits (16 when it says no more),
				   "SHA256:..."; or "" */
	const uint8_t *suffix;	/* bytes hashed after the content (the trailer
				   of OpenPGP, RFC 9580 5.2.4); or NULL */
	size_t suffix_len;
	enum tmk_hash hash;	/* of the content */
	enum tmk_hash value_hash;	/* of what `value` signs, where it is
				   hashed again (SSHSIG); or 0 */
	uint8_t digest[TMK_HASH_MAX];	/* what was signed (messageDigest) */
	size_t digest_len;	/* 0: the seal does not carry it */
	const uint8_t *value;	/* signature bytes, what a token covers */
	size_t value_len;
	bool text;		/* the digest is that of canonical text: lines
				   ended by CRLF, without what trails them
				   where a clearsigned text has it (RFC 9580
				   5.2.1.2, 7.2) */
	int64_t claimed_time;	/* signingTime or TMK_TIME_NONE: no proof */
	const uint8_t *token[TMK_TOKENS_MAX];	/* RFC 3161 tokens, DER */
	size_t token_len[TMK_TOKENS_MAX];
	int tokens;
	const uint8_t *staple[TMK_STAPLES_MAX];	/* what came along of
				   revocation: BasicOCSPResponses; RFC 6960
				   4.2.1, each a SEQUENCE, not read further */
	size_t staple_len[TMK_STAPLES_MAX];
	int staples;
	void *priv;		/* the seal's own, lives as long as evidence */
};

struct tmk_seal_ops;

/* All that one seal carries. Pointers inside are borrowed from it. */
struct tmk_evidence {
	const struct tmk_seal_ops *ops;
	enum tmk_seal_format format;
	STACK_OF(X509) *bag;	/* every embedded certificate */
	struct tmk_signature signature[TMK_SIGNATURES_MAX];
	int signatures;		/* at least 1 */
	void *priv;
};

/* What becomes of the timestamps of one signature. Borrowed. */
struct tmk_stamp_change {
	const uint8_t *token;	/* one to add, DER; NULL: none */
	size_t len;
	unsigned int drop;	/* bit 1 << n: token[n] is left out */
};

/* Keys that are trusted without a certificate, as an OpenPGP keyring or an
 * allowed_signers file tells them. */
struct tmk_keyring {
	const struct tmk_seal_ops *ops;
	void *priv;
};

/* What a keyring says about the key behind one signature. Borrowed from the
 * keyring and the evidence. */
struct tmk_standing {
	EVP_PKEY *key;
	EVP_PKEY *owner;	/* whose word binds it; NULL: its own */
	char key_id[TMK_KEY_ID];
	char primary_id[TMK_KEY_ID];	/* of the key that owns it (OpenPGP
				   subkeys), else as key_id; or "" */
	char user[512];		/* user id or principals, escaped */
	int64_t valid_from;	/* s since 1970; TMK_TIME_NONE: no such end */
	int64_t valid_until;	/* the first second that is too late */
	int64_t revoked_at;	/* TMK_TIME_NONE: it is not revoked */
	bool revoked_hard;	/* all of its signatures fall */
};

struct tmk_seal_ops {
	const char *name;	/* "cms" */
	const char *suffix;	/* of a detached file: ".p7s" */
	const char *armour;	/* PEM label in git: "SIGNED MESSAGE"; NULL:
				   the encoding is text already */
	enum tmk_seal_format format;

	/* The digest that fits the signer's key in this format. */
	enum tmk_hash (*hash)(const struct tmk_signer *signer);

	/* Bytes to be hashed after the content before `make` gets the digest,
	 * appended to `out`; a pure function of the request without its
	 * digest. NULL: none. */
	int (*trailer)(const struct tmk_seal_request *request,
		       struct tmk_buf *out, struct tmk_err *err);

	/* Make a seal over request->digest: sign in the token, check the
	 * result with the public key, stamp, append the encoding (binary,
	 * without armour) to `out`. */
	int (*make)(const struct tmk_seal_request *request,
		    struct tmk_buf *out, struct tmk_err *err);

	/*
	 * Read `len` bytes. 0 with *out set when the form is right; 0 with
	 * *out NULL and a refusal in `v` (signature-malformed, digest-weak,
	 * key-weak, cert-missing, limit-exceeded) when it is not; negative
	 * for internal errors. *out belongs to the caller.
	 */
	int (*parse)(struct tmk_evidence **out, const uint8_t *der, size_t len,
		     struct tmk_verdict *v, struct tmk_err *err);

	/*
	 * Check signature `i` cryptographically against the content's digest
	 * (made by the caller with signature[i].hash over the content and
	 * signature[i].suffix; TMK_WHOLE: the content itself): refuses with
	 * signature-bad or cert-missing, else leaves `v` good. `key` is the
	 * signer's for a seal that embeds no certificate, NULL for one that
	 * does.
	 */
	int (*check)(const struct tmk_evidence *evidence, int i,
		     EVP_PKEY *key, const uint8_t *digest, size_t digest_len,
		     struct tmk_verdict *v, struct tmk_err *err);

	void (*free)(struct tmk_evidence *evidence);

	/*
	 * Append the same seal with other timestamps to `out`; `change` has an
	 * entry for each signature. Nothing that is signed changes a byte,
	 * but the signatures may come in another order. NULL: this encoding
	 * has no place for a timestamp. Fails with TMK_INPUT when there are
	 * more tokens than one signature may have, or no room.
	 */
	int (*stamp)(const struct tmk_evidence *evidence,
		     const struct tmk_stamp_change *change,
		     struct tmk_buf *out, struct tmk_err *err);

	/*
	 * Append one seal with the signatures of both to `out`; both are of
	 * this format and over the same content, which the caller has checked.
	 * Nothing that is signed changes a byte, but the signatures may come
	 * in another order. NULL: a seal of this encoding has one signer.
	 * Fails with TMK_INPUT when there are too many of them, or no room.
	 */
	int (*add)(const struct tmk_evidence *evidence,
		   const struct tmk_evidence *other, struct tmk_buf *out,
		   struct tmk_err *err);

	/* The rest is NULL where signers have certificates. */

	/* Read a keyring in this format's own form; `name` is for messages.
	 * *out belongs to the caller (keyring_free). Fails with TMK_USAGE. */
	int (*keyring_read)(struct tmk_keyring **out, const uint8_t *data,
			    size_t len, const char *name,
			    struct tmk_err *err);
	void (*keyring_free)(struct tmk_keyring *keyring);

	/* Whose key made signature `i`: refuses with cert-missing when the
	 * keyring says nothing of such a key, else fills *out. `name_space`
	 * (SSHSIG) is what the content is ("git", "file"); a signature for
	 * another one is refused before any key is looked for. Pure. */
	int (*keyring_find)(struct tmk_standing *out,
			    const struct tmk_keyring *keyring,
			    const struct tmk_evidence *evidence, int i,
			    const char *name_space, struct tmk_verdict *v,
			    struct tmk_err *err);

	/*
	 * Append the e-mail addresses of the owner whom keyring_find found,
	 * each closed by a NUL, as many as `out` has room for. OpenPGP: of
	 * the user ids that the owner's signatures hold at time `at` (s since
	 * 1970) and none took back. SSH: principals that are plain addresses,
	 * of lines that let the key sign here; a pattern is nobody's address.
	 * NULL: the format tells no addresses. Pure.
	 */
	int (*keyring_emails)(struct tmk_buf *out,
			      const struct tmk_keyring *keyring,
			      const struct tmk_evidence *evidence, int i,
			      const char *name_space, int64_t at,
			      struct tmk_err *err);
};

/* NULL is fine. */
static inline void tmk_evidence_free(struct tmk_evidence *evidence)
{
	if (evidence)
		evidence->ops->free(evidence);
}

/* NULL is fine. */
static inline void tmk_keyring_free(struct tmk_keyring *keyring)
{
	if (keyring)
		keyring->ops->keyring_free(keyring);
}

/* Generated by the Makefile, closed by NULL. */
extern const struct tmk_seal_ops *const tmk_seals[];

#endif
