/*
 * Making a detached OpenPGP v4 signature around one bare signature of a digest
 * (RFC 9580 section 5.2.3), the private key being wherever request->signer has
 * it.
 */
#include "seal/openpgp_make.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "base/clock.h"
#include "base/enc.h"
#include "seal/openpgp_key.h"
#include "seal/openpgp_sig.h"
#include "x509/digest.h"
#include "x509/spki.h"
#include "x509/tst.h"

#define LARGE_RSA 7680		/* bits from which RSA matches SHA-384 */
#define NOTATION_HEAD 8		/* flags and two lengths */

int tmk_openpgp_maker_init(struct tmk_openpgp_maker *maker,
			   const struct tmk_seal_request *request,
			   struct tmk_err *err)
{
	const struct tmk_buf *spki = &request->signer->spki;
	struct tmk_openpgp_key key;

	maker->request = request;
	tmk_buf_init(&maker->key, TMK_OPENPGP_KEY_MAX);
	if (tmk_openpgp_key_body(&maker->key, spki->data, spki->len,
				 request->created, err))
		return -1;
	if (!tmk_openpgp_key_read(&key, maker->key.data, maker->key.len))
		return tmk_err_nomem(err);
	memcpy(maker->fpr, key.fpr, sizeof(maker->fpr));
	return 0;
}

void tmk_openpgp_maker_release(struct tmk_openpgp_maker *maker)
{
	tmk_buf_release(&maker->key);
}

int tmk_openpgp_maker_user(const char *user_id, struct tmk_err *err)
{
	size_t len = strlen(user_id), i;
	bool clean = tmk_enc_is_utf8(user_id, len);

	for (i = 0; i < len; i++)
		if ((unsigned char)user_id[i] < ' ' || user_id[i] == 0x7f)
			clean = false;
	if (clean && len && len <= TMK_OPENPGP_USER_MAX)
		return 0;
	tmk_err_set(err, TMK_USAGE, "the user id is %s", !len ? "empty" :
		    len > TMK_OPENPGP_USER_MAX ? "too long" :
		    "no clean UTF-8");
	return tmk_err_hint(err, "set userId = Name <mail> in the key's "
			    "configuration");
}

int tmk_openpgp_maker_head(struct tmk_buf *out,
			   const struct tmk_openpgp_maker *maker, int type,
			   enum tmk_hash hash, int64_t time,
			   const struct tmk_buf *more, struct tmk_err *err)
{
	struct tmk_buf area = TMK_BUF_INIT(TMK_OPENPGP_HEAD_MAX);
	struct tmk_buf body = TMK_BUF_INIT(32);
	int rc = -1;

	if (tmk_buf_addch(&body, 4) ||
	    tmk_buf_add(&body, maker->fpr, sizeof(maker->fpr)) ||
	    tmk_openpgp_put_sub(&area, TMK_OPENPGP_SUB_FINGERPRINT, body.data,
				body.len))
		goto out;
	tmk_buf_clear(&body);
	if (tmk_openpgp_put_number(&body, (uint32_t)time, 4) ||
	    tmk_openpgp_put_sub(&area, TMK_OPENPGP_SUB_CREATED, body.data,
				body.len) ||
	    tmk_buf_add(&area, more->data, more->len))
		goto out;
	if (tmk_buf_addch(out, 4) || tmk_buf_addch(out, type) ||
	    tmk_buf_addch(out, tmk_openpgp_key_algorithm(
					maker->request->signer)) ||
	    tmk_buf_addch(out, tmk_openpgp_sig_hash_number(hash)) ||
	    tmk_openpgp_put_number(out, (uint32_t)area.len, 2))
		goto out;
	rc = tmk_buf_add(out, area.data, area.len);
out:
	tmk_buf_release(&area);
	tmk_buf_release(&body);
	return rc ? tmk_err_nomem(err) : 0;
}

/* What the token answers, as MPIs. */
static int put_value(struct tmk_buf *value, enum tmk_algorithm algorithm,
		     const struct tmk_buf *raw)
{
	size_t half = raw->len / 2;

	if (algorithm == TMK_KEY_RSA)
		return tmk_openpgp_put_mpi(value, raw->data, raw->len);
	if (!half || raw->len % 2 ||
	    tmk_openpgp_put_mpi(value, raw->data, half))
		return -1;
	return tmk_openpgp_put_mpi(value, raw->data + half, half);
}

static int ask_token(struct tmk_buf *value, struct tmk_signer *signer,
		     enum tmk_hash hash, const uint8_t *digest, size_t len,
		     struct tmk_err *err)
{
	static const enum tmk_scheme schemes[] = {
		[TMK_KEY_RSA] = TMK_RSA_PKCS1, [TMK_KEY_EC] = TMK_ECDSA,
		[TMK_KEY_ED25519] = TMK_EDDSA
	};
	struct tmk_buf raw = TMK_BUF_INIT(TMK_SIGNATURE_MAX);
	bool pure = signer->algorithm == TMK_KEY_ED25519;
	int rc;

	rc = signer->ops->sign(signer, schemes[signer->algorithm],
			       pure ? (enum tmk_hash)0 : hash, digest, len,
			       &raw, err);
	if (!rc && put_value(value, signer->algorithm, &raw))
		rc = tmk_signer_wrong(err);
	tmk_buf_release(&raw);
	return rc;
}

/* Issuer, and the token as a notation (section 5.2.3.24). */
static int put_unhashed(struct tmk_buf *out,
			const struct tmk_openpgp_maker *maker,
			const struct tmk_buf *token)
{
	struct tmk_buf body = TMK_BUF_INIT(TMK_TST_MAX + 256);
	int rc;

	rc = tmk_openpgp_put_sub(out, TMK_OPENPGP_SUB_ISSUER, maker->fpr + 12,
				 8);
	if (!rc && token->len)
		rc = tmk_openpgp_put_number(&body, 0, 4) ||
			tmk_openpgp_put_number(&body, (uint32_t)
				strlen(TMK_OPENPGP_TOKEN_NAME), 2) ||
			tmk_openpgp_put_number(&body, (uint32_t)token->len,
					       2) ||
			tmk_buf_addstr(&body, TMK_OPENPGP_TOKEN_NAME) ||
			tmk_buf_add(&body, token->data, token->len) ||
			tmk_openpgp_put_sub(out, TMK_OPENPGP_SUB_NOTATION,
					    body.data, body.len);
	tmk_buf_release(&body);
	return rc ? -1 : 0;
}

/* The body of the packet, all of its parts being there. */
static int assemble(struct tmk_buf *out, const struct tmk_openpgp_maker *maker,
		    const struct tmk_buf *head, const uint8_t *digest,
		    const struct tmk_buf *value, const struct tmk_buf *token,
		    struct tmk_err *err)
{
	struct tmk_buf area = TMK_BUF_INIT(TMK_OPENPGP_AREA_MAX - 1);
	int rc = 0;

	if (put_unhashed(&area, maker, token)) {
		if (!token->len)
			rc = tmk_err_nomem(err);
		else
			tmk_err_set(err, TMK_NET, "a timestamp of %zu bytes "
				    "is too large for an OpenPGP signature",
				    token->len);
		rc = rc ? rc : tmk_err_hint(err, "ask an authority that "
			"embeds fewer certificates, or sign with "
			"--no-timestamp");
	}
	if (!rc && (tmk_buf_add(out, head->data, head->len) ||
		    tmk_openpgp_put_number(out, (uint32_t)area.len, 2) ||
		    tmk_buf_add(out, area.data, area.len) ||
		    tmk_buf_add(out, digest, 2) ||
		    tmk_buf_add(out, value->data, value->len)))
		rc = tmk_err_nomem(err);
	tmk_buf_release(&area);
	return rc;
}

/* Nothing is believed before it is verified with the public key. */
static int verify(const struct tmk_signer *signer, const struct tmk_buf *body,
		  const uint8_t *digest, size_t len, struct tmk_err *err)
{
	struct tmk_openpgp_sig sig;
	const char *why = NULL;
	EVP_PKEY *key;
	int rc = 0;

	key = tmk_spki_key(signer->spki.data, signer->spki.len);
	if (!key)
		return tmk_err_nomem(err);
	if (tmk_openpgp_sig_read(&sig, body->data, body->len, &why))
		rc = tmk_openpgp_sig_verify(&sig, key, digest, len, &why,
					    err);
	EVP_PKEY_free(key);
	return rc < 0 ? rc : rc ? 0 : tmk_signer_wrong(err);
}

int tmk_openpgp_maker_sign(struct tmk_buf *out,
			   const struct tmk_openpgp_maker *maker,
			   const struct tmk_buf *head, enum tmk_hash hash,
			   const uint8_t *digest, size_t digest_len,
			   struct tmk_stamper *stamper, struct tmk_err *err)
{
	struct tmk_signer *signer = maker->request->signer;
	struct tmk_buf value = TMK_BUF_INIT(2 * TMK_SIGNATURE_MAX);
	struct tmk_buf token = TMK_BUF_INIT(TMK_TST_MAX);
	struct tmk_buf body = TMK_BUF_INIT(TMK_SEAL_MAX);
	int rc;

	rc = ask_token(&value, signer, hash, digest, digest_len, err);
	if (!rc)
		rc = assemble(&body, maker, head, digest, &value, &token,
			      err);
	if (!rc)
		rc = verify(signer, &body, digest, digest_len, err);
	if (!rc && stamper) {
		rc = stamper->stamp(stamper->ctx, value.data, value.len,
				    &token, err);
		rc = rc < 0 ? rc : 0;
	}
	if (!rc && token.len) {
		tmk_buf_clear(&body);
		rc = assemble(&body, maker, head, digest, &value, &token,
			      err);
	}
	if (!rc && tmk_openpgp_put_packet(out, TMK_OPENPGP_SIGNATURE,
					  body.data, body.len))
		rc = tmk_err_nomem(err);
	tmk_buf_release(&value);
	tmk_buf_release(&token);
	tmk_buf_release(&body);
	return rc;
}

enum tmk_hash tmk_openpgp_make_hash(const struct tmk_signer *signer)
{
	if (signer->algorithm == TMK_KEY_RSA)
		return signer->only ? signer->only :
			signer->bits >= LARGE_RSA ? TMK_SHA384 : TMK_SHA256;
	return signer->bits <= 256 ? TMK_SHA256 :
		signer->bits <= 384 ? TMK_SHA384 : TMK_SHA512;
}

static int check_time(const struct tmk_seal_request *r, struct tmk_err *err)
{
	char made[TMK_CLOCK_TEXT];

	if (r->signing_time > UINT32_MAX)
		return tmk_err_set(err, TMK_INTERNAL, "OpenPGP cannot say a "
				   "time this late");
	if (r->signing_time >= r->created)
		return 0;
	tmk_err_set(err, TMK_KEY, "the clock is before the key's creation "
		    "time %s", tmk_clock_format(made, r->created));
	return tmk_err_hint(err, "check this machine's clock, or created in "
			    "the key's configuration");
}

/* The head of the document signature that the request asks for. */
static int document_head(struct tmk_buf *head,
			 const struct tmk_openpgp_maker *maker,
			 struct tmk_err *err)
{
	const struct tmk_seal_request *r = maker->request;
	struct tmk_buf more = TMK_BUF_INIT(TMK_OPENPGP_USER_MAX + 16);
	int type = r->text ? TMK_OPENPGP_TEXT : TMK_OPENPGP_BINARY;
	int rc;

	rc = check_time(r, err);
	if (!rc && !tmk_openpgp_sig_hash_number(r->hash))
		rc = tmk_err_set(err, TMK_INTERNAL, "a digest that is not "
				 "known");
	if (!rc && r->user_id && *r->user_id) {
		rc = tmk_openpgp_maker_user(r->user_id, err);
		if (!rc && tmk_openpgp_put_sub(&more, TMK_OPENPGP_SUB_USER,
					       r->user_id,
					       strlen(r->user_id)))
			rc = tmk_err_nomem(err);
	}
	if (!rc)
		rc = tmk_openpgp_maker_head(head, maker, type, r->hash,
					    r->signing_time, &more, err);
	tmk_buf_release(&more);
	return rc;
}

int tmk_openpgp_make_trailer(const struct tmk_seal_request *request,
			     struct tmk_buf *out, struct tmk_err *err)
{
	struct tmk_buf head = TMK_BUF_INIT(TMK_OPENPGP_HEAD_MAX);
	struct tmk_openpgp_maker maker;
	int rc;

	rc = tmk_openpgp_maker_init(&maker, request, err);
	if (!rc)
		rc = document_head(&head, &maker, err);
	if (!rc)
		rc = tmk_openpgp_sig_trailer(out, head.data, head.len, err);
	tmk_openpgp_maker_release(&maker);
	tmk_buf_release(&head);
	return rc;
}

int tmk_openpgp_make(const struct tmk_seal_request *request,
		     struct tmk_buf *out, struct tmk_err *err)
{
	const EVP_MD *md = tmk_digest_md((int)request->hash);
	struct tmk_buf head = TMK_BUF_INIT(TMK_OPENPGP_HEAD_MAX);
	struct tmk_openpgp_maker maker;
	int rc;

	if (!md || (size_t)EVP_MD_get_size(md) != request->digest_len)
		return tmk_err_set(err, TMK_INTERNAL,
				   "the digest has the wrong length");
	rc = tmk_openpgp_maker_init(&maker, request, err);
	if (!rc)
		rc = document_head(&head, &maker, err);
	if (!rc)
		rc = tmk_openpgp_maker_sign(out, &maker, &head, request->hash,
					    request->digest,
					    request->digest_len,
					    request->stamper, err);
	tmk_openpgp_maker_release(&maker);
	tmk_buf_release(&head);
	return rc;
}
