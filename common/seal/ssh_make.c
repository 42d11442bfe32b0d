/*
 * Making an SSHSIG around one bare signature. The private key is wherever
 * request->signer has it.
 */
#include <string.h>

#include "seal/ssh_sig.h"
#include "x509/digest.h"

/* What one signature is made of. */
struct making {
	const struct tmk_seal_request *request;
	struct tmk_ssh_bytes name_space;
	struct tmk_ssh_key key;		/* points into `blob` */
	struct tmk_buf blob, message, value;
	EVP_PKEY *pkey;
};

static int check_request(struct making *m, struct tmk_err *err)
{
	const struct tmk_seal_request *r = m->request;
	const EVP_MD *md = tmk_digest_md((int)r->hash);
	size_t len = r->name_space ? strlen(r->name_space) : 0;

	if (!md || !tmk_ssh_sig_hash_name(r->hash) ||
	    (size_t)EVP_MD_get_size(md) != r->digest_len)
		return tmk_err_set(err, TMK_INTERNAL,
				   "the digest has the wrong length");
	if (!len || len > TMK_SSH_NAME_SPACE_MAX) {
		tmk_err_set(err, TMK_USAGE, "an SSH signature needs a "
			    "namespace of 1 to %d bytes",
			    TMK_SSH_NAME_SPACE_MAX);
		return tmk_err_hint(err, "git's is 'git', that of files "
				    "'file'");
	}
	m->name_space.data = (const uint8_t *)r->name_space;
	m->name_space.len = len;
	return 0;
}

static int read_key(struct making *m, struct tmk_err *err)
{
	const struct tmk_buf *spki = &m->request->signer->spki;
	const char *why = NULL;

	if (tmk_ssh_key_blob(&m->blob, spki->data, spki->len, err))
		return -1;
	if (tmk_ssh_key_read(&m->key, m->blob.data, m->blob.len, &why))
		m->pkey = tmk_ssh_key_decode(&m->key);
	return m->pkey ? 0 :
		tmk_err_set(err, TMK_KEY, "the token's public key is none");
}

/* The hash that the scheme signs with: RSA takes SHA-512, unless the key is one
 * for SHA-256 alone. */
static enum tmk_hash scheme_hash(const struct making *m)
{
	if (m->key.type->kind != TMK_SSH_RSA)
		return m->key.type->hash;
	return m->request->signer->only == TMK_SHA256 ? TMK_SHA256 :
		TMK_SHA512;
}

static int ask_token(struct making *m, struct tmk_buf *raw,
		     struct tmk_err *err)
{
	static const enum tmk_scheme scheme[] = {
		[TMK_SSH_RSA] = TMK_RSA_PKCS1, [TMK_SSH_ECDSA] = TMK_ECDSA,
		[TMK_SSH_ED25519] = TMK_EDDSA
	};
	struct tmk_signer *signer = m->request->signer;
	enum tmk_ssh_kind kind = m->key.type->kind;
	uint8_t digest[TMK_DIGEST_MAX];
	enum tmk_hash hash = scheme_hash(m);
	size_t len = 0;

	if (kind == TMK_SSH_ED25519)
		return signer->ops->sign(signer, TMK_EDDSA, 0,
					 m->message.data, m->message.len, raw,
					 err);
	if (tmk_digest_bytes((int)hash, m->message.data, m->message.len,
			     digest, &len, err))
		return -1;
	return signer->ops->sign(signer, scheme[kind], hash, digest, len, raw,
				 err);
}

/* r || s as two mpints; the others stay as they are. */
static int convert(struct making *m, const struct tmk_buf *raw,
		   struct tmk_err *err)
{
	size_t half = raw->len / 2;
	int rc;

	if (m->key.type->kind != TMK_SSH_ECDSA)
		rc = tmk_buf_add(&m->value, raw->data, raw->len);
	else if (!raw->len || raw->len % 2)
		return 1;
	else
		rc = tmk_ssh_wire_put_mpint(&m->value, raw->data, half) ||
			tmk_ssh_wire_put_mpint(&m->value, raw->data + half,
					       half);
	return rc ? tmk_err_nomem(err) : 0;
}

/* Believe nothing before it is verified. */
static int sign(struct making *m, struct tmk_err *err)
{
	struct tmk_buf raw = TMK_BUF_INIT(2 * TMK_SIGNATURE_MAX);
	struct tmk_ssh_bytes value;
	int rc = ask_token(m, &raw, err);

	if (!rc)
		rc = convert(m, &raw, err);
	if (!rc) {
		value.data = m->value.data;
		value.len = m->value.len;
		rc = tmk_ssh_sig_verify(m->pkey, m->key.type, scheme_hash(m),
					&m->message, &value, err);
		rc = rc < 0 ? rc : !rc;
	}
	tmk_buf_release(&raw);
	return rc <= 0 ? rc : tmk_signer_wrong(err);
}

static int encode(struct tmk_buf *out, const struct making *m,
		  struct tmk_err *err)
{
	const char *name = m->key.type->kind != TMK_SSH_RSA ?
		m->key.type->name : scheme_hash(m) == TMK_SHA256 ?
		"rsa-sha2-256" : "rsa-sha2-512";
	struct tmk_buf value = TMK_BUF_INIT(TMK_SSH_SIG_MAX);
	struct tmk_buf all = TMK_BUF_INIT(TMK_SSH_SIG_MAX);
	int rc = -1;

	if (tmk_ssh_wire_put_text(&value, name) ||
	    tmk_ssh_wire_put(&value, m->value.data, m->value.len) ||
	    tmk_buf_addstr(&all, "SSHSIG") || tmk_ssh_wire_put_u32(&all, 1) ||
	    tmk_ssh_wire_put(&all, m->blob.data, m->blob.len) ||
	    tmk_ssh_wire_put(&all, m->name_space.data, m->name_space.len) ||
	    tmk_ssh_wire_put(&all, NULL, 0) ||
	    tmk_ssh_wire_put_text(&all,
				  tmk_ssh_sig_hash_name(m->request->hash)) ||
	    tmk_ssh_wire_put(&all, value.data, value.len) ||
	    tmk_buf_add(out, all.data, all.len))
		tmk_err_nomem(err);
	else
		rc = 0;
	tmk_buf_release(&value);
	tmk_buf_release(&all);
	return rc;
}

int tmk_ssh_sig_make(const struct tmk_seal_request *request,
		     struct tmk_buf *out, struct tmk_err *err)
{
	struct making m = {
		.request = request,
		.blob = TMK_BUF_INIT(TMK_SSH_KEY_MAX),
		.message = TMK_BUF_INIT(TMK_MESSAGE_MAX),
		.value = TMK_BUF_INIT(2 * TMK_SIGNATURE_MAX),
	};
	int rc = check_request(&m, err);

	if (!rc)
		rc = read_key(&m, err);
	if (!rc && tmk_ssh_sig_message(&m.message, &m.name_space,
				       request->hash, request->digest,
				       request->digest_len))
		rc = tmk_err_nomem(err);
	if (!rc)
		rc = sign(&m, err);
	if (!rc)
		rc = encode(out, &m, err);
	EVP_PKEY_free(m.pkey);
	tmk_buf_release(&m.blob);
	tmk_buf_release(&m.message);
	tmk_buf_release(&m.value);
	return rc;
}
