/*
 * openpgp_forge.h - OpenPGP packets of any form, honest or not, signed with
 * software keys: for tests alone.
 *
 * What the seal would never write is put together here from areas that the
 * test fills itself. A failure of the machinery ends the program.
 */
#ifndef TMK_T_OPENPGP_FORGE_H
#define TMK_T_OPENPGP_FORGE_H

#include "seal/openpgp_key.h"
#include "seal/openpgp_packet.h"
#include "seal/openpgp_sig.h"
#include "t/unit/soft.h"

#define FORGE_T0 INT64_C(1700000000)

extern const struct tmk_seal_ops tmk_seal_openpgp;

struct forge_key {
	struct soft_signer soft;
	int64_t created;
	struct tmk_buf body;	/* of the key packet */
	struct tmk_openpgp_key key;
};

static SOFT_UNUSED void forge_key(struct forge_key *k, EVP_PKEY *key,
				  int64_t created)
{
	struct tmk_err err = TMK_ERR_INIT;

	soft_signer_init(&k->soft, key);
	k->created = created;
	tmk_buf_init(&k->body, 1 << 20);
	must_be(!tmk_openpgp_key_body(&k->body, k->soft.signer.spki.data,
				      k->soft.signer.spki.len, created, &err));
	must_be(tmk_openpgp_key_read(&k->key, k->body.data, k->body.len));
}

static SOFT_UNUSED void forge_key_free(struct forge_key *k)
{
	EVP_PKEY_free(k->soft.key);
	soft_signer_release(&k->soft);
	tmk_buf_release(&k->body);
}

/* ---- areas ------------------------------------------------------------ */

static SOFT_UNUSED void forge_sub(struct tmk_buf *area, int type,
				  const void *data, size_t len)
{
	must_be(!tmk_openpgp_put_sub(area, type, data, len));
}

static SOFT_UNUSED void forge_u32(struct tmk_buf *area, int type, uint32_t v)
{
	uint8_t b[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16),
			 (uint8_t)(v >> 8), (uint8_t)v };

	forge_sub(area, type, b, sizeof(b));
}

static SOFT_UNUSED void forge_u8(struct tmk_buf *area, int type, int v)
{
	uint8_t b = (uint8_t)v;

	forge_sub(area, type, &b, 1);
}

static SOFT_UNUSED void forge_fpr(struct tmk_buf *area,
				  const struct forge_key *k)
{
	uint8_t b[21] = { 4 };

	memcpy(b + 1, k->key.fpr, 20);
	forge_sub(area, TMK_OPENPGP_SUB_FINGERPRINT, b, sizeof(b));
}

static SOFT_UNUSED void forge_issuer(struct tmk_buf *area,
				     const struct forge_key *k)
{
	forge_sub(area, TMK_OPENPGP_SUB_ISSUER, k->key.fpr + 12, 8);
}

static SOFT_UNUSED void forge_notation(struct tmk_buf *area, int type,
				       uint32_t flags, const char *name,
				       const void *value, size_t len)
{
	struct tmk_buf b = TMK_BUF_INIT(1 << 17);

	must_be(!tmk_openpgp_put_number(&b, flags, 4) &&
		!tmk_openpgp_put_number(&b, (uint32_t)strlen(name), 2) &&
		!tmk_openpgp_put_number(&b, (uint32_t)len, 2) &&
		!tmk_buf_addstr(&b, name) && !tmk_buf_add(&b, value, len));
	forge_sub(area, type, b.data, b.len);
	tmk_buf_release(&b);
}

/* ---- signatures --------------------------------------------------------- */

struct forge_sig {
	int version;		/* 0: 4 */
	int type;
	int hash;		/* 0: 8, SHA-256 */
	int algorithm;		/* 0: the key's */
	struct tmk_buf hashed, unhashed;
	bool lie;		/* a bit of the value is turned */
	bool long_mpi;		/* a zero octet before the first number */
	bool more;		/* an octet behind the last */
};

#define FORGE_SIG(t) { .type = (t), .hashed = TMK_BUF_INIT(1 << 17), \
	.unhashed = TMK_BUF_INIT(1 << 17) }

/* The areas every honest signature has. */
static SOFT_UNUSED void forge_usual(struct forge_sig *s,
				    const struct forge_key *k, int64_t time)
{
	forge_fpr(&s->hashed, k);
	forge_u32(&s->hashed, TMK_OPENPGP_SUB_CREATED, (uint32_t)time);
	forge_issuer(&s->unhashed, k);
}

static SOFT_UNUSED void forge_sig_free(struct forge_sig *s)
{
	tmk_buf_release(&s->hashed);
	tmk_buf_release(&s->unhashed);
}

static SOFT_UNUSED void forge_mpi(struct tmk_buf *out, const uint8_t *data,
				  size_t len, bool zero)
{
	if (!zero) {
		must_be(!tmk_openpgp_put_mpi(out, data, len));
		return;
	}
	must_be(!tmk_openpgp_put_number(out, (uint32_t)(len + 1) * 8, 2) &&
		!tmk_buf_addch(out, 0) && !tmk_buf_add(out, data, len));
}

static SOFT_UNUSED void forge_value(struct tmk_buf *out,
				    const struct forge_sig *s,
				    const struct forge_key *k,
				    const uint8_t *digest, size_t len,
				    enum tmk_hash hash)
{
	struct soft_signer soft = k->soft;
	struct tmk_buf raw = TMK_BUF_INIT(4096);
	struct tmk_err err = TMK_ERR_INIT;
	bool rsa = soft.signer.algorithm == TMK_KEY_RSA;
	bool pure = soft.signer.algorithm == TMK_KEY_ED25519;
	size_t half;

	soft.lie = s->lie;
	must_be(!soft_sign(&soft.signer, rsa ? TMK_RSA_PKCS1 : pure ?
			   TMK_EDDSA : TMK_ECDSA, pure ? (enum tmk_hash)0 :
			   hash, digest, len, &raw, &err));
	half = rsa ? raw.len : raw.len / 2;
	forge_mpi(out, raw.data, half, s->long_mpi);
	if (!rsa)
		forge_mpi(out, raw.data + half, half, false);
	if (s->more)
		must_be(!tmk_buf_addch(out, 1));
	tmk_buf_release(&raw);
}

/* Append a signature packet over `content`, which is all that is hashed before
 * the signature itself. With SHA-1 only Ed25519 keys sign. */
static SOFT_UNUSED void forge_packet(struct tmk_buf *out,
				     const struct forge_sig *s,
				     const struct forge_key *k,
				     const void *content, size_t content_len)
{
	struct tmk_buf body = TMK_BUF_INIT(1 << 20);
	int hash = s->hash ? s->hash : 8;
	enum tmk_hash ours = tmk_openpgp_sig_hash(hash);
	const EVP_MD *md = hash == 2 ? EVP_sha1() : ours ?
		tmk_digest_md((int)ours) : EVP_sha256();
	EVP_MD_CTX *ctx = must(EVP_MD_CTX_new());
	uint8_t digest[EVP_MAX_MD_SIZE], tail[6] = { 4, 0xff };
	unsigned int len = 0;

	must_be(!tmk_buf_addch(&body, s->version ? s->version : 4) &&
		!tmk_buf_addch(&body, s->type) &&
		!tmk_buf_addch(&body, s->algorithm ? s->algorithm :
			       k->key.algorithm) &&
		!tmk_buf_addch(&body, hash) &&
		!tmk_openpgp_put_number(&body, (uint32_t)s->hashed.len, 2) &&
		!tmk_buf_add(&body, s->hashed.data, s->hashed.len));
	tail[4] = (uint8_t)(body.len >> 8);
	tail[3] = (uint8_t)(body.len >> 16);
	tail[5] = (uint8_t)body.len;
	must_be(EVP_DigestInit_ex(ctx, md, NULL) == 1 &&
		EVP_DigestUpdate(ctx, content, content_len) == 1 &&
		EVP_DigestUpdate(ctx, body.data, body.len) == 1 &&
		EVP_DigestUpdate(ctx, tail, sizeof(tail)) == 1 &&
		EVP_DigestFinal_ex(ctx, digest, &len) == 1);
	must_be(!tmk_openpgp_put_number(&body, (uint32_t)s->unhashed.len, 2) &&
		!tmk_buf_add(&body, s->unhashed.data, s->unhashed.len) &&
		!tmk_buf_add(&body, digest, 2));
	forge_value(&body, s, k, digest, len, ours);
	must_be(!tmk_openpgp_put_packet(out, TMK_OPENPGP_SIGNATURE, body.data,
					body.len));
	EVP_MD_CTX_free(ctx);
	tmk_buf_release(&body);
}

/* ---- what signatures about keys are over --------------------------------- */

static SOFT_UNUSED void forge_over_key(struct tmk_buf *out,
				       const struct forge_key *k)
{
	must_be(!tmk_buf_addch(out, 0x99) &&
		!tmk_openpgp_put_number(out, (uint32_t)k->body.len, 2) &&
		!tmk_buf_add(out, k->body.data, k->body.len));
}

static SOFT_UNUSED void forge_over_user(struct tmk_buf *out,
					const char *user)
{
	must_be(!tmk_buf_addch(out, 0xb4) &&
		!tmk_openpgp_put_number(out, (uint32_t)strlen(user), 4) &&
		!tmk_buf_addstr(out, user));
}

/* Append a signature over the primary key and perhaps a user id or a subkey,
 * and free it. */
static SOFT_UNUSED void forge_about(struct tmk_buf *out, struct forge_sig *s,
				    const struct forge_key *by,
				    const struct forge_key *primary,
				    const char *user,
				    const struct forge_key *subkey)
{
	struct tmk_buf over = TMK_BUF_INIT(1 << 20);

	forge_over_key(&over, primary);
	if (user)
		forge_over_user(&over, user);
	if (subkey)
		forge_over_key(&over, subkey);
	forge_packet(out, s, by, over.data, over.len);
	tmk_buf_release(&over);
	forge_sig_free(s);
}

#endif
