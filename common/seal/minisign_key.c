/*
 * Public keys as minisign(1) and signify(1) keep them, and the keyring that a
 * file of them is.
 */
#include "seal/minisign_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "x509/digest.h"
#include "x509/spki.h"

#define BLOB (2 + TMK_MINISIGN_NUMBER + TMK_MINISIGN_RAW)
#define BLOB_CHARS 56		/* of base64 */
#define ALGORITHM "Ed"

struct key {
	uint8_t number[TMK_MINISIGN_NUMBER];
	EVP_PKEY *key;
};

struct ring {
	struct tmk_keyring keyring;	/* what the caller holds */
	struct key key[TMK_MINISIGN_KEYS_MAX];
	int keys;
};

/* ---- one key -------------------------------------------------------------- */

static int not_ed25519(struct tmk_err *err)
{
	tmk_err_set(err, TMK_KEY, "minisign and signify know Ed25519 keys "
		    "alone, and this is another one");
	return tmk_err_hint(err, "make one with touchmark key generate NAME "
			    "--token LABEL --algorithm ed25519, or sign with "
			    "--type cms, openpgp or ssh");
}

int tmk_minisign_key_raw(uint8_t raw[TMK_MINISIGN_RAW],
			 uint8_t number[TMK_MINISIGN_NUMBER],
			 const uint8_t *spki, size_t len, struct tmk_err *err)
{
	uint8_t bytes[TMK_MINISIGN_RAW], digest[TMK_DIGEST_MAX];
	size_t n = sizeof(bytes), digest_len = 0;
	EVP_PKEY *key = tmk_spki_key(spki, len);
	bool good;

	good = key && EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 &&
		EVP_PKEY_get_raw_public_key(key, bytes, &n) == 1 &&
		n == sizeof(bytes);
	EVP_PKEY_free(key);
	if (!good)
		return not_ed25519(err);
	if (tmk_digest_bytes(TMK_SHA256, bytes, sizeof(bytes), digest,
			     &digest_len, err))
		return -1;
	memcpy(raw, bytes, sizeof(bytes));
	memcpy(number, digest, TMK_MINISIGN_NUMBER);
	return 0;
}

char *tmk_minisign_key_number_text(char out[TMK_MINISIGN_ID],
				   const uint8_t number[TMK_MINISIGN_NUMBER])
{
	uint8_t big[TMK_MINISIGN_NUMBER];
	size_t i;

	for (i = 0; i < sizeof(big); i++)
		big[i] = number[sizeof(big) - 1 - i];
	tmk_enc_hex_upper(out, big, sizeof(big));
	return out;
}

int tmk_minisign_key_id(char out[TMK_KEY_ID], const uint8_t *spki, size_t len,
			struct tmk_err *err)
{
	uint8_t raw[TMK_MINISIGN_RAW], number[TMK_MINISIGN_NUMBER];
	char id[TMK_MINISIGN_ID];

	if (tmk_minisign_key_raw(raw, number, spki, len, err))
		return -1;
	snprintf(out, TMK_KEY_ID, "%s", tmk_minisign_key_number_text(id,
								     number));
	return 0;
}

static int put_comment(struct tmk_buf *out, enum tmk_seal_format format,
		       const char *id, const char *name)
{
	char shown[256];

	if (format == TMK_FORMAT_MINISIGN)
		return tmk_buf_printf(out, TMK_MINISIGN_COMMENT
				      "minisign public key %s\n", id);
	tmk_enc_show_into(shown, sizeof(shown), name ? name : id,
			  strlen(name ? name : id));
	return tmk_buf_printf(out, TMK_MINISIGN_COMMENT "%s public key\n",
			      shown);
}

int tmk_minisign_key_export(struct tmk_buf *out, enum tmk_seal_format format,
			    const uint8_t *spki, size_t len, const char *name,
			    struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(TMK_MINISIGN_COMMENT_MAX + 128);
	uint8_t blob[BLOB] = ALGORITHM, *number = blob + 2;
	char id[TMK_MINISIGN_ID];
	int rc;

	if (tmk_minisign_key_raw(number + TMK_MINISIGN_NUMBER, number, spki,
				 len, err))
		return -1;
	tmk_minisign_key_number_text(id, number);
	rc = put_comment(&text, format, id, name) ||
		tmk_enc_base64(&text, blob, sizeof(blob), BLOB_CHARS) ||
		tmk_buf_add(out, text.data, text.len);
	tmk_buf_release(&text);
	return rc ? tmk_err_nomem(err) : 0;
}

bool tmk_minisign_comment_clean(const uint8_t *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((text[i] < ' ' && text[i] != '\t') || text[i] == 0x7f)
			return false;
	return tmk_enc_is_utf8((const char *)text, len);
}

/* ---- a file of them ------------------------------------------------------- */

static int bad_line(struct tmk_err *err, const char *name, int line,
		    const char *what)
{
	return tmk_err_set(err, TMK_USAGE, "%s:%d: %s", name, line, what);
}

static bool is_comment(const uint8_t *at, size_t len)
{
	const size_t label = sizeof(TMK_MINISIGN_COMMENT) - 1;

	return len >= label && !memcmp(at, TMK_MINISIGN_COMMENT, label);
}

/* "Ed", number, key. */
static int add_key(struct ring *ring, const uint8_t *blob, const char *name,
		   int line, struct tmk_err *err)
{
	const uint8_t *number = blob + 2;
	struct key *to = &ring->key[ring->keys];
	int i;

	if (memcmp(blob, ALGORITHM, 2))
		return bad_line(err, name, line, "a key of another kind, or "
				"no public key");
	for (i = 0; i < ring->keys; i++)
		if (!memcmp(ring->key[i].number, number, sizeof(to->number)))
			return bad_line(err, name, line, "a second key with "
					"the number of another one");
	if (ring->keys == TMK_MINISIGN_KEYS_MAX)
		return bad_line(err, name, line, "too many keys");
	to->key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
					      number + TMK_MINISIGN_NUMBER,
					      TMK_MINISIGN_RAW);
	if (!to->key)
		return tmk_err_nomem(err);
	memcpy(to->number, number, sizeof(to->number));
	ring->keys++;
	return 0;
}

static int read_line(struct ring *ring, const uint8_t *at, size_t len,
		     const char *name, int line, struct tmk_err *err)
{
	struct tmk_buf blob = TMK_BUF_INIT(BLOB);
	int rc;

	if (is_comment(at, len))
		return len <= TMK_MINISIGN_COMMENT_MAX &&
			tmk_minisign_comment_clean(at, len) ? 0 :
			bad_line(err, name, line, "a comment that is too long "
				 "or no clean UTF-8");
	if (len != BLOB_CHARS ||
	    tmk_dec_base64(&blob, (const char *)at, len) || blob.len != BLOB)
		rc = bad_line(err, name, line, "neither a public key of "
			      "minisign or signify nor its comment");
	else
		rc = add_key(ring, blob.data, name, line, err);
	tmk_buf_release(&blob);
	return rc;
}

static int read_lines(struct ring *ring, const uint8_t *data, size_t len,
		      const char *name, struct tmk_err *err)
{
	const uint8_t *newline;
	int line = 0;
	size_t here;

	while (len) {
		newline = memchr(data, '\n', len);
		here = newline ? (size_t)(newline - data) : len;
		if (read_line(ring, data, here, name, ++line, err))
			return -1;
		here += newline ? 1 : 0;
		data += here;
		len -= here;
	}
	if (ring->keys)
		return 0;
	tmk_err_set(err, TMK_USAGE, "%s: no public key is in it", name);
	return tmk_err_hint(err, "touchmark key export NAME --type minisign "
			    "writes one");
}

int tmk_minisign_keyring_read(struct tmk_keyring **out, const uint8_t *data,
			      size_t len, const char *name,
			      struct tmk_err *err)
{
	struct ring *ring;
	int i;

	if (len > TMK_MINISIGN_RING_MAX)
		return tmk_err_set(err, TMK_USAGE, "%s: more than %d bytes",
				   name, TMK_MINISIGN_RING_MAX);
	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return tmk_err_nomem(err);
	ring->keyring.priv = ring;
	for (i = 0; tmk_seals[i]; i++)
		if (tmk_seals[i]->format == TMK_FORMAT_MINISIGN)
			ring->keyring.ops = tmk_seals[i];
	if (read_lines(ring, data, len, name, err)) {
		tmk_minisign_keyring_free(&ring->keyring);
		return -1;
	}
	*out = &ring->keyring;
	return 0;
}

void tmk_minisign_keyring_free(struct tmk_keyring *keyring)
{
	struct ring *ring = keyring->priv;

	while (ring->keys)
		EVP_PKEY_free(ring->key[--ring->keys].key);
	free(ring);
}

int tmk_minisign_keyring_find(struct tmk_standing *out,
			      const struct tmk_keyring *keyring,
			      const struct tmk_evidence *evidence, int i,
			      const char *name_space, struct tmk_verdict *v,
			      struct tmk_err *err)
{
	const struct tmk_signature *sig = &evidence->signature[i];
	const struct ring *ring = keyring->priv;
	char id[TMK_MINISIGN_ID];
	int k;

	(void)name_space;
	(void)err;
	for (k = 0; k < ring->keys; k++) {
		tmk_minisign_key_number_text(id, ring->key[k].number);
		if (strcmp(id, sig->key_id))
			continue;
		memset(out, 0, sizeof(*out));
		out->key = ring->key[k].key;
		snprintf(out->key_id, sizeof(out->key_id), "%s", id);
		out->valid_from = out->valid_until = out->revoked_at =
			TMK_TIME_NONE;
		return 0;
	}
	tmk_verdict_refuse(v, TMK_CERT_MISSING, "the signature is by the key "
			   "%s, which is not among those that are trusted",
			   sig->key_id);
	return tmk_verdict_hint(v, "get the signer's public key from a place "
				"that you trust: --minisign-key FILE");
}
