/*
 * Making signatures of minisign(1) and signify(1) around bare Ed25519
 * signatures, the private key being wherever request->signer has it.
 */
#include <string.h>

#include "base/enc.h"
#include "seal/minisign_sig.h"
#include "x509/spki.h"

#define NAME_MAX_TEXT 1024	/* bytes of a file's name in the comment */
#define BLOB_CHARS 100
#define GLOBAL_CHARS 88

/* What both are made of. */
struct making {
	const struct tmk_seal_request *request;
	uint8_t number[TMK_MINISIGN_NUMBER];
	char id[TMK_MINISIGN_ID];
	EVP_PKEY *key;
	uint8_t value[TMK_MINISIGN_VALUE];
};

static int start(struct making *m, struct tmk_err *err)
{
	const struct tmk_buf *spki = &m->request->signer->spki;
	uint8_t raw[TMK_MINISIGN_RAW];

	if (tmk_minisign_key_raw(raw, m->number, spki->data, spki->len, err))
		return -1;
	tmk_minisign_key_number_text(m->id, m->number);
	m->key = tmk_spki_key(spki->data, spki->len);
	return m->key ? 0 : tmk_err_nomem(err);
}

/* Nothing is believed before it is verified with the public key. */
static int sign(uint8_t out[TMK_MINISIGN_VALUE], struct making *m,
		const uint8_t *message, size_t len, struct tmk_err *err)
{
	struct tmk_signer *signer = m->request->signer;
	struct tmk_buf raw = TMK_BUF_INIT(TMK_SIGNATURE_MAX);
	int rc;

	rc = signer->ops->sign(signer, TMK_EDDSA, (enum tmk_hash)0, message,
			       len, &raw, err);
	if (!rc) {
		rc = raw.len == TMK_MINISIGN_VALUE ?
			tmk_minisign_sig_verify(m->key, message, len, raw.data,
						err) : 0;
		if (rc > 0)
			memcpy(out, raw.data, TMK_MINISIGN_VALUE);
		rc = rc < 0 ? rc : !rc;
	}
	tmk_buf_release(&raw);
	return rc <= 0 ? rc : tmk_signer_wrong(err);
}

/* Algorithm, key number and signature as a line of base64. */
static int put_value(struct tmk_buf *out, const struct making *m,
		     const char *algorithm)
{
	struct tmk_buf blob = TMK_BUF_INIT(128);
	int rc;

	rc = tmk_buf_addstr(&blob, algorithm) ||
		tmk_buf_add(&blob, m->number, sizeof(m->number)) ||
		tmk_buf_add(&blob, m->value, sizeof(m->value)) ||
		tmk_enc_base64(out, blob.data, blob.len, BLOB_CHARS);
	tmk_buf_release(&blob);
	return rc ? -1 : 0;
}

/* ---- minisign ------------------------------------------------------------- */

/* As minisign(1) writes it by itself, the name without its directories and
 * safe to show. */
static int put_comment(struct tmk_buf *out, const struct tmk_seal_request *r)
{
	const char *slash = r->artefact ? strrchr(r->artefact, '/') : NULL;
	const char *name = slash ? slash + 1 : r->artefact;
	char shown[NAME_MAX_TEXT];

	if (tmk_buf_printf(out, "timestamp:%lld\t",
			   (long long)r->signing_time))
		return -1;
	if (name && *name &&
	    tmk_buf_printf(out, "file:%s\t",
			   tmk_enc_show_into(shown, sizeof(shown), name,
					     strlen(name))))
		return -1;
	return tmk_buf_addstr(out, "hashed");
}

/* The comment, bound to the signature that it stands below. */
static int sign_comment(uint8_t out[TMK_MINISIGN_VALUE], struct making *m,
			const struct tmk_buf *comment, struct tmk_err *err)
{
	struct tmk_buf bound = TMK_BUF_INIT(TMK_MINISIGN_VALUE +
					    TMK_MINISIGN_TRUSTED_MAX);
	int rc;

	rc = tmk_minisign_sig_bound(&bound, m->value, comment->data,
				    comment->len);
	rc = rc ? tmk_err_nomem(err) :
		sign(out, m, bound.data, bound.len, err);
	tmk_buf_release(&bound);
	return rc;
}

static int put_minisign(struct tmk_buf *out, const struct making *m,
			const struct tmk_buf *comment,
			const uint8_t global[TMK_MINISIGN_VALUE],
			struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(TMK_MINISIGN_COMMENT_MAX +
					   TMK_MINISIGN_TRUSTED_MAX);
	int rc;

	rc = tmk_buf_printf(&text, TMK_MINISIGN_COMMENT
			    "signature by the key %s\n", m->id) ||
		put_value(&text, m, "ED") ||
		tmk_buf_printf(&text, TMK_MINISIGN_TRUSTED "%s\n",
			       tmk_buf_str(comment)) ||
		tmk_enc_base64(&text, global, TMK_MINISIGN_VALUE,
			       GLOBAL_CHARS) ||
		tmk_buf_add(out, text.data, text.len);
	tmk_buf_release(&text);
	return rc ? tmk_err_nomem(err) : 0;
}

int tmk_minisign_make(const struct tmk_seal_request *request,
		      struct tmk_buf *out, struct tmk_err *err)
{
	struct tmk_buf comment = TMK_BUF_INIT(TMK_MINISIGN_TRUSTED_MAX / 2);
	struct making m = { .request = request };
	uint8_t global[TMK_MINISIGN_VALUE];
	int rc;

	if (request->hash != TMK_BLAKE2B512 ||
	    request->digest_len != TMK_HASH_MAX)
		return tmk_err_set(err, TMK_INTERNAL,
				   "the digest has the wrong length");
	rc = start(&m, err);
	if (!rc && put_comment(&comment, request))
		rc = tmk_err_nomem(err);
	if (!rc)
		rc = sign(m.value, &m, request->digest, request->digest_len,
			  err);
	if (!rc)
		rc = sign_comment(global, &m, &comment, err);
	if (!rc)
		rc = put_minisign(out, &m, &comment, global, err);
	EVP_PKEY_free(m.key);
	tmk_buf_release(&comment);
	return rc;
}

/* ---- signify -------------------------------------------------------------- */

static bool is_text(const uint8_t *data, size_t len)
{
	return tmk_minisign_comment_clean(data, len);
}

/* One DER SEQUENCE and nothing else (X.690 8.1.3). */
static bool is_sequence(const uint8_t *data, size_t len)
{
	size_t n, i, count;

	if (len < 2 || data[0] != 0x30)
		return false;
	if (data[1] < 0x80)
		return len - 2 == data[1];
	count = data[1] & 0x7f;
	if (!count || count > 3 || len < 2 + count)
		return false;
	for (n = 0, i = 0; i < count; i++)
		n = n << 8 | data[2 + i];
	return len - 2 - count == n;
}

/*
 * What the same key signs for other formats, where Ed25519 gets it as the
 * message: a digest (OpenPGP, minisign), SSH's framed text, what X.509 signs,
 * and minisign's signature with a trusted comment. A signature of a file that
 * is one of these would be good for something else.
 */
static const char *other_meaning(const uint8_t *data, size_t len)
{
	static const char ssh[] = "SSHSIG";

	if (len == 32 || len == 48 || len == 64)
		return "has the length of a digest";
	if (len >= sizeof(ssh) - 1 && !memcmp(data, ssh, sizeof(ssh) - 1))
		return "begins like the message of an SSH signature";
	if (is_sequence(data, len))
		return "is one DER SEQUENCE, as certificates sign it";
	if (len > TMK_MINISIGN_VALUE &&
	    len <= TMK_MINISIGN_VALUE + TMK_MINISIGN_TRUSTED_MAX &&
	    !is_text(data, TMK_MINISIGN_VALUE) &&
	    is_text(data + TMK_MINISIGN_VALUE, len - TMK_MINISIGN_VALUE))
		return "looks like a trusted comment of minisign with its "
			"signature";
	return NULL;
}

static int check_content(const struct tmk_seal_request *r, struct tmk_err *err)
{
	const char *why;

	if (r->hash != TMK_WHOLE || (r->digest_len && !r->digest))
		return tmk_err_set(err, TMK_INTERNAL,
				   "a signify signature needs the content");
	if (r->digest_len > TMK_MESSAGE_MAX) {
		tmk_err_set(err, TMK_USAGE, "signify signs the content itself, "
			    "and that of more than %d bytes is not given to a "
			    "token", TMK_MESSAGE_MAX);
		return tmk_err_hint(err, "sign with --type minisign, or sign "
				    "a list of digests (sha256sum)");
	}
	why = r->digest_len ? other_meaning(r->digest, r->digest_len) : NULL;
	if (!why)
		return 0;
	tmk_err_set(err, TMK_USAGE, "the content %s: its signify signature "
		    "could be taken for another signature by this key", why);
	return tmk_err_hint(err, "sign with --type minisign, which signs a "
			    "digest");
}

/* "verify with NAME.pub" is where signify(1) looks for the key. */
static int put_name(struct tmk_buf *out, const struct making *m)
{
	const char *name = m->request->key_name;
	char shown[256];

	if (!name)
		name = m->id;
	return tmk_buf_printf(out, TMK_MINISIGN_COMMENT "verify with %s.pub\n",
			      tmk_enc_show_into(shown, sizeof(shown), name,
						strlen(name)));
}

int tmk_signify_make(const struct tmk_seal_request *request,
		     struct tmk_buf *out, struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(TMK_MINISIGN_COMMENT_MAX + 256);
	struct making m = { .request = request };
	int rc;

	if (check_content(request, err))
		return -1;
	rc = start(&m, err);
	if (!rc)
		rc = sign(m.value, &m, request->digest, request->digest_len,
			  err);
	if (!rc && (put_name(&text, &m) || put_value(&text, &m, "Ed") ||
		    tmk_buf_add(out, text.data, text.len)))
		rc = tmk_err_nomem(err);
	EVP_PKEY_free(m.key);
	tmk_buf_release(&text);
	return rc;
}
