#include "seal/openpgp_hash.h"

#include "seal/openpgp_sig.h"
#include "x509/digest.h"

#define SHA1 2

const EVP_MD *tmk_openpgp_hash_md(int number)
{
	if (number == SHA1)
		return EVP_sha1();
	return tmk_digest_md((int)tmk_openpgp_sig_hash(number));
}

int tmk_openpgp_hash_init(struct tmk_openpgp_hash *h, int number,
			  struct tmk_err *err)
{
	const EVP_MD *md = tmk_openpgp_hash_md(number);

	h->ctx = md ? EVP_MD_CTX_new() : NULL;
	if (!h->ctx || EVP_DigestInit_ex(h->ctx, md, NULL) != 1)
		return tmk_err_set(err, TMK_INTERNAL, "cannot start a digest");
	return 0;
}

void tmk_openpgp_hash_release(struct tmk_openpgp_hash *h)
{
	EVP_MD_CTX_free(h->ctx);
	h->ctx = NULL;
}

static int update(struct tmk_openpgp_hash *h, const uint8_t *head,
		  size_t head_len, const uint8_t *body, size_t len,
		  struct tmk_err *err)
{
	if (EVP_DigestUpdate(h->ctx, head, head_len) != 1 ||
	    EVP_DigestUpdate(h->ctx, body, len) != 1)
		return tmk_err_set(err, TMK_INTERNAL, "cannot hash");
	return 0;
}

int tmk_openpgp_hash_key(struct tmk_openpgp_hash *h, const uint8_t *body,
			 size_t len, struct tmk_err *err)
{
	uint8_t head[3] = { 0x99, (uint8_t)(len >> 8), (uint8_t)len };

	return update(h, head, sizeof(head), body, len, err);
}

int tmk_openpgp_hash_user(struct tmk_openpgp_hash *h, int prefix,
			  const uint8_t *body, size_t len,
			  struct tmk_err *err)
{
	uint8_t head[5] = { (uint8_t)prefix, (uint8_t)(len >> 24),
			    (uint8_t)(len >> 16), (uint8_t)(len >> 8),
			    (uint8_t)len };

	return update(h, head, sizeof(head), body, len, err);
}

int tmk_openpgp_hash_close(struct tmk_openpgp_hash *h, const uint8_t *head,
			   size_t len, uint8_t *digest, size_t *digest_len,
			   struct tmk_err *err)
{
	uint8_t tail[6] = { 4, 0xff, (uint8_t)(len >> 24),
			    (uint8_t)(len >> 16), (uint8_t)(len >> 8),
			    (uint8_t)len };
	unsigned int n = 0;

	if (update(h, head, len, tail, sizeof(tail), err))
		return -1;
	if (EVP_DigestFinal_ex(h->ctx, digest, &n) != 1)
		return tmk_err_set(err, TMK_INTERNAL, "cannot hash");
	*digest_len = n;
	return 0;
}
