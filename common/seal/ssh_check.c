/*
 * The arithmetic: is this the key's signature over the namespace and the
 * content's digest?
 */
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "seal/ssh_sig.h"
#include "x509/digest.h"

int tmk_ssh_sig_message(struct tmk_buf *out,
			const struct tmk_ssh_bytes *name_space,
			enum tmk_hash hash, const uint8_t *digest, size_t len)
{
	const char *name = tmk_ssh_sig_hash_name(hash);

	if (!name || tmk_buf_addstr(out, "SSHSIG") ||
	    tmk_ssh_wire_put(out, name_space->data, name_space->len) ||
	    tmk_ssh_wire_put(out, NULL, 0) ||
	    tmk_ssh_wire_put_text(out, name))
		return -1;
	return tmk_ssh_wire_put(out, digest, len);
}

/* mpint r, mpint s (RFC 5656 3.1.2) as ECDSA-Sig-Value; its length, 0 when
 * they are none or longer than the curve's. *der belongs to the caller. */
static size_t ecdsa_der(unsigned char **der, const struct tmk_ssh_type *type,
			const struct tmk_ssh_bytes *value)
{
	struct tmk_ssh_wire c = { value->data, value->len };
	struct tmk_ssh_bytes r, s;
	BIGNUM *rn = NULL, *sn = NULL;
	ECDSA_SIG *sig = NULL;
	int len = 0;

	if (!tmk_ssh_wire_mpint(&r, &c) || !tmk_ssh_wire_mpint(&s, &c) ||
	    c.left || r.len > type->field || s.len > type->field)
		return 0;
	rn = BN_bin2bn(r.data, (int)r.len, NULL);
	sn = BN_bin2bn(s.data, (int)s.len, NULL);
	sig = ECDSA_SIG_new();
	if (rn && sn && sig && ECDSA_SIG_set0(sig, rn, sn)) {
		rn = sn = NULL;	/* taken */
		len = i2d_ECDSA_SIG(sig, der);
	}
	BN_free(rn);
	BN_free(sn);
	ECDSA_SIG_free(sig);
	return len > 0 ? (size_t)len : 0;
}

/* One call for all: `md` is NULL for Ed25519, which takes the message. */
static bool verify(EVP_MD_CTX *ctx, EVP_PKEY *key, const EVP_MD *md, bool rsa,
		   const struct tmk_buf *message, const uint8_t *value,
		   size_t len)
{
	EVP_PKEY_CTX *pctx = NULL;

	return EVP_DigestVerifyInit(ctx, &pctx, md, NULL, key) == 1 &&
		(!rsa || EVP_PKEY_CTX_set_rsa_padding(pctx,
						      RSA_PKCS1_PADDING) > 0) &&
		EVP_DigestVerify(ctx, value, len, message->data,
				 message->len) == 1;
}

int tmk_ssh_sig_verify(EVP_PKEY *key, const struct tmk_ssh_type *type,
		       enum tmk_hash hash, const struct tmk_buf *message,
		       const struct tmk_ssh_bytes *value, struct tmk_err *err)
{
	const EVP_MD *md = tmk_digest_md((int)hash);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char *der = NULL;
	bool good = false;
	size_t len;

	if (!ctx)
		return tmk_err_nomem(err);
	ERR_set_mark();
	if (type->kind == TMK_SSH_ECDSA) {
		len = ecdsa_der(&der, type, value);
		good = md && len &&
			verify(ctx, key, md, false, message, der, len);
	} else if (type->kind == TMK_SSH_RSA) {
		good = md && value->len == (size_t)EVP_PKEY_get_size(key) &&
			verify(ctx, key, md, true, message, value->data,
			       value->len);
	} else {
		good = verify(ctx, key, NULL, false, message, value->data,
			      value->len);
	}
	ERR_pop_to_mark();
	OPENSSL_free(der);
	EVP_MD_CTX_free(ctx);
	return good;
}

int tmk_ssh_sig_check(const struct tmk_evidence *evidence, int i,
		      EVP_PKEY *key, const uint8_t *digest, size_t digest_len,
		      struct tmk_verdict *v, struct tmk_err *err)
{
	const struct tmk_signature *sig = &evidence->signature[i];
	const struct tmk_ssh_sig *s = sig->priv;
	const EVP_MD *md = tmk_digest_md((int)sig->hash);
	struct tmk_buf message = TMK_BUF_INIT(TMK_MESSAGE_MAX);
	int rc;

	if (!md || digest_len != (size_t)EVP_MD_get_size(md))
		return tmk_err_set(err, TMK_INTERNAL,
				   "the digest has the wrong length");
	if (key && EVP_PKEY_eq(key, sig->key) != 1)
		return tmk_verdict_refuse(v, TMK_SIGNATURE_BAD,
					  "the signature names another key");
	if (tmk_ssh_sig_message(&message, &s->name_space, sig->hash, digest,
				digest_len)) {
		tmk_buf_release(&message);
		return tmk_err_nomem(err);
	}
	rc = tmk_ssh_sig_verify(sig->key, s->key.type, s->scheme_hash,
				&message, &s->value, err);
	tmk_buf_release(&message);
	if (rc < 0)
		return rc;
	if (!rc)
		return tmk_verdict_refuse(v, TMK_SIGNATURE_BAD,
					  "the signature is for other content "
					  "or not by the key that it names");
	return 0;
}
