/*
 * Transferable public keys: key, user id, self-signature (RFC 9580 section
 * 10.1.1).
 */
#include <string.h>

#include <openssl/err.h>

#include "seal/openpgp_hash.h"
#include "seal/openpgp_key.h"
#include "seal/openpgp_make.h"
#include "seal/openpgp_sig.h"

/* What the key is for, and which digests we like: certify and sign; SHA-512,
 * SHA-384, SHA-256; AES-256 and AES-128 for whoever asks. */
static int put_properties(struct tmk_buf *out)
{
	static const uint8_t flags[] = { TMK_OPENPGP_FLAG_CERTIFY |
					 TMK_OPENPGP_FLAG_SIGN };
	static const uint8_t primary[] = { 1 };
	static const uint8_t ciphers[] = { 9, 7 };
	static const uint8_t hashes[] = { 10, 9, 8 };

	if (tmk_openpgp_put_sub(out, TMK_OPENPGP_SUB_FLAGS, flags,
				sizeof(flags)) ||
	    tmk_openpgp_put_sub(out, TMK_OPENPGP_SUB_PRIMARY, primary,
				sizeof(primary)) ||
	    tmk_openpgp_put_sub(out, TMK_OPENPGP_SUB_CIPHERS, ciphers,
				sizeof(ciphers)) ||
	    tmk_openpgp_put_sub(out, TMK_OPENPGP_SUB_HASHES, hashes,
				sizeof(hashes)))
		return -1;
	return 0;
}

/* The digest of key, user id and what the signature says. */
static int hash_binding(uint8_t *digest, size_t *len,
			const struct tmk_openpgp_maker *maker, int hash,
			const uint8_t *head, size_t head_len,
			struct tmk_err *err)
{
	const char *user = maker->request->user_id;
	struct tmk_openpgp_hash h;
	int rc;

	rc = tmk_openpgp_hash_init(&h, hash, err);
	if (!rc)
		rc = tmk_openpgp_hash_key(&h, maker->key.data, maker->key.len,
					  err);
	if (!rc)
		rc = tmk_openpgp_hash_user(&h, 0xb4, (const uint8_t *)user,
					   strlen(user), err);
	if (!rc)
		rc = tmk_openpgp_hash_close(&h, head, head_len, digest, len,
					    err);
	tmk_openpgp_hash_release(&h);
	return rc;
}

static int make_selfsig(struct tmk_buf *out,
			const struct tmk_openpgp_maker *maker,
			struct tmk_err *err)
{
	const struct tmk_seal_request *r = maker->request;
	enum tmk_hash hash = tmk_openpgp_make_hash(r->signer);
	struct tmk_buf head = TMK_BUF_INIT(TMK_OPENPGP_HEAD_MAX);
	struct tmk_buf more = TMK_BUF_INIT(256);
	uint8_t digest[TMK_HASH_MAX];
	size_t len = 0;
	int rc;

	rc = put_properties(&more) ? tmk_err_nomem(err) : 0;
	if (!rc)
		rc = tmk_openpgp_maker_head(&head, maker,
					    TMK_OPENPGP_CERTIFY_POSITIVE, hash,
					    r->created, &more, err);
	if (!rc)
		rc = hash_binding(digest, &len, maker,
				  tmk_openpgp_sig_hash_number(hash),
				  head.data, head.len, err);
	if (!rc)
		rc = tmk_openpgp_maker_sign(out, maker, &head, hash, digest,
					    len, NULL, err);
	tmk_buf_release(&head);
	tmk_buf_release(&more);
	return rc;
}

static int stale(struct tmk_err *err, const char *why)
{
	tmk_err_set(err, TMK_KEY, "the self-signature that was kept does not "
		    "fit: it %s", why);
	return tmk_err_hint(err, "was userId or created changed? put it back, "
			    "or have the self-signature made anew");
}

/* A packet from an earlier time: exactly one, and this key's signature of this
 * user id. */
static int check_kept(const struct tmk_openpgp_maker *maker,
		      const uint8_t *kept, size_t kept_len,
		      struct tmk_err *err)
{
	struct tmk_openpgp_cursor c = { kept, kept_len };
	struct tmk_openpgp_packet packet;
	struct tmk_openpgp_key key;
	struct tmk_openpgp_sig sig;
	uint8_t digest[TMK_HASH_MAX];
	const char *why = NULL;
	EVP_PKEY *pkey;
	size_t len = 0;
	int rc;

	if (!tmk_openpgp_packet_next(&packet, &c) || c.left ||
	    packet.tag != TMK_OPENPGP_SIGNATURE)
		return stale(err, "is no signature packet");
	if (!tmk_openpgp_sig_read(&sig, packet.body, packet.len, &why))
		return stale(err, why);
	if (sig.type != TMK_OPENPGP_CERTIFY_POSITIVE || sig.odd ||
	    sig.flags < 0 || !(sig.flags & TMK_OPENPGP_FLAG_SIGN) ||
	    !tmk_openpgp_sig_hash(sig.hash) || sig.expires ||
	    sig.key_expires || sig.created != maker->request->created)
		return stale(err, "does not say what ours says");
	if (!tmk_openpgp_key_read(&key, maker->key.data, maker->key.len))
		return tmk_err_nomem(err);
	rc = hash_binding(digest, &len, maker, sig.hash, sig.body,
			  sig.hashed_end, err);
	if (rc)
		return rc;
	pkey = tmk_openpgp_key_decode(&key, &why);
	if (!pkey)
		return tmk_err_set(err, TMK_KEY, "%s", why);
	rc = tmk_openpgp_sig_verify(&sig, pkey, digest, len, &why, err);
	EVP_PKEY_free(pkey);
	return rc < 0 ? rc : rc ? 0 :
		stale(err, "is for another key or user id");
}

int tmk_openpgp_key_make(struct tmk_buf *out, struct tmk_buf *selfsig,
			 const struct tmk_seal_request *request,
			 const uint8_t *kept, size_t kept_len,
			 struct tmk_err *err)
{
	struct tmk_buf all = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_buf sig = TMK_BUF_INIT(TMK_SEAL_MAX);
	const char *user = request->user_id ? request->user_id : "";
	struct tmk_openpgp_maker maker;
	int rc;

	rc = tmk_openpgp_maker_init(&maker, request, err);
	if (!rc)
		rc = tmk_openpgp_maker_user(user, err);
	if (!rc && kept)
		rc = check_kept(&maker, kept, kept_len, err);
	if (!rc && kept && tmk_buf_add(&sig, kept, kept_len))
		rc = tmk_err_nomem(err);
	if (!rc && !kept)
		rc = make_selfsig(&sig, &maker, err);
	if (!rc && (tmk_openpgp_put_packet(&all, TMK_OPENPGP_PUBLIC_KEY,
					   maker.key.data, maker.key.len) ||
		    tmk_openpgp_put_packet(&all, TMK_OPENPGP_USER_ID, user,
					   strlen(user)) ||
		    tmk_buf_add(&all, sig.data, sig.len)))
		rc = tmk_err_nomem(err);
	if (!rc && selfsig && !tmk_buf_reserve(selfsig, sig.len))
		rc = tmk_err_nomem(err);
	if (!rc && tmk_buf_add(out, all.data, all.len))
		rc = tmk_err_nomem(err);
	if (!rc && selfsig)
		rc = tmk_buf_add(selfsig, sig.data, sig.len);
	tmk_openpgp_maker_release(&maker);
	tmk_buf_release(&all);
	tmk_buf_release(&sig);
	return rc;
}
