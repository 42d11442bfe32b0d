/*
 * The arithmetic of OpenPGP signatures: what is hashed behind the content, and
 * whether a signature is a key's (RFC 9580 sections 5.2.3 and 5.2.4).
 */
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "seal/openpgp_hash.h"
#include "seal/openpgp_sig.h"
#include "x509/value.h"

#define ED25519_HALF 32
#define RSA_BYTES_MAX (16384 / 8)

/* Numbers of RFC 9580 section 9.5. */
static const int hash_numbers[] = {
	[TMK_SHA256] = 8, [TMK_SHA384] = 9, [TMK_SHA512] = 10
};

enum tmk_hash tmk_openpgp_sig_hash(int number)
{
	int i;

	for (i = TMK_SHA256; i <= TMK_SHA512; i++)
		if (hash_numbers[i] == number)
			return (enum tmk_hash)i;
	return (enum tmk_hash)0;
}

int tmk_openpgp_sig_hash_number(enum tmk_hash hash)
{
	return hash >= TMK_SHA256 && hash <= TMK_SHA512 ?
		hash_numbers[hash] : 0;
}

int tmk_openpgp_sig_trailer(struct tmk_buf *out, const uint8_t *head,
			    size_t len, struct tmk_err *err)
{
	if (tmk_buf_add(out, head, len) || tmk_buf_addch(out, 4) ||
	    tmk_buf_addch(out, 0xff) ||
	    tmk_openpgp_put_number(out, (uint32_t)len, 4))
		return tmk_err_nomem(err);
	return 0;
}

static int no(const char **why, const char *what)
{
	*why = what;
	return 0;
}

/* The number at the end of `size` octets, zeros before it. */
static bool pad(uint8_t *out, size_t size, const struct tmk_openpgp_mpi *mpi)
{
	if (mpi->len > size)
		return false;
	memset(out, 0, size - mpi->len);
	memcpy(out + size - mpi->len, mpi->data, mpi->len);
	return true;
}

/* SHA-1, in what others once signed with it, is no digest of ours. */
static int verify_sha1(EVP_PKEY *key, const EVP_MD *md, bool rsa,
		       const uint8_t *value, size_t value_len,
		       const uint8_t *digest, size_t len, struct tmk_err *err)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool good;

	if (!ctx)
		return tmk_err_nomem(err);
	/* A signature of a wrong form makes it negative: no is no. */
	good = EVP_PKEY_verify_init(ctx) > 0 &&
		(!rsa || EVP_PKEY_CTX_set_rsa_padding(ctx,
						RSA_PKCS1_PADDING) > 0) &&
		EVP_PKEY_CTX_set_signature_md(ctx, md) > 0 &&
		EVP_PKEY_verify(ctx, value, value_len, digest, len) == 1;
	EVP_PKEY_CTX_free(ctx);
	return good;
}

static int verify_bare(EVP_PKEY *key, int hash, bool rsa,
		       const uint8_t *value, size_t value_len,
		       const uint8_t *digest, size_t len, struct tmk_err *err)
{
	int ours = (int)tmk_openpgp_sig_hash(hash);

	return !ours ? verify_sha1(key, tmk_openpgp_hash_md(hash), rsa, value,
				   value_len, digest, len, err) :
		tmk_value_check(key, rsa ? TMK_VALUE_PKCS1 : TMK_VALUE_ECDSA,
				0, ours, digest, len, value, value_len, err);
}

static int verify_rsa(const struct tmk_openpgp_sig *sig, EVP_PKEY *key,
		      const uint8_t *digest, size_t len, struct tmk_err *err)
{
	uint8_t value[RSA_BYTES_MAX];
	int size = EVP_PKEY_get_size(key);

	if (size <= 0 || (size_t)size > sizeof(value) ||
	    !pad(value, (size_t)size, &sig->mpi[0]))
		return 0;
	return verify_bare(key, sig->hash, true, value, (size_t)size, digest,
			   len, err);
}

static int verify_ecdsa(const struct tmk_openpgp_sig *sig, EVP_PKEY *key,
			const uint8_t *digest, size_t len,
			struct tmk_err *err)
{
	BIGNUM *r = BN_bin2bn(sig->mpi[0].data, (int)sig->mpi[0].len, NULL);
	BIGNUM *s = BN_bin2bn(sig->mpi[1].data, (int)sig->mpi[1].len, NULL);
	ECDSA_SIG *value = ECDSA_SIG_new();
	unsigned char *der = NULL;
	int der_len, rc = -1;

	if (!r || !s || !value || !ECDSA_SIG_set0(value, r, s)) {
		tmk_err_nomem(err);
		goto out;
	}
	r = s = NULL;	/* taken */
	der_len = i2d_ECDSA_SIG(value, &der);
	if (der_len <= 0)
		tmk_err_nomem(err);
	else
		rc = verify_bare(key, sig->hash, false, der, (size_t)der_len,
				 digest, len, err);
out:
	OPENSSL_free(der);
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(value);
	return rc;
}

/* The digest is the message (RFC 9580 section 5.2.3.3). */
static int verify_eddsa(const struct tmk_openpgp_sig *sig, EVP_PKEY *key,
			const uint8_t *digest, size_t len,
			struct tmk_err *err)
{
	uint8_t value[2 * ED25519_HALF];
	EVP_MD_CTX *ctx;
	bool good;

	if (!pad(value, ED25519_HALF, &sig->mpi[0]) ||
	    !pad(value + ED25519_HALF, ED25519_HALF, &sig->mpi[1]))
		return 0;
	ctx = EVP_MD_CTX_new();
	if (!ctx)
		return tmk_err_nomem(err);
	good = EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
		EVP_DigestVerify(ctx, value, sizeof(value), digest, len) == 1;
	EVP_MD_CTX_free(ctx);
	return good;
}

bool tmk_openpgp_sig_short(EVP_PKEY *key, size_t len)
{
	int bits = EVP_PKEY_get_bits(key);

	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC)
		return false;
	return len < (bits > 512 ? 64 : bits > 0 ? (size_t)bits / 8 :
		      SIZE_MAX);
}

int tmk_openpgp_sig_verify(const struct tmk_openpgp_sig *sig, EVP_PKEY *key,
			   const uint8_t *digest, size_t len,
			   const char **why, struct tmk_err *err)
{
	const EVP_MD *md = tmk_openpgp_hash_md(sig->hash);
	int kind = EVP_PKEY_get_base_id(key), rc;

	*why = "another key, or other content";
	if (!md || (size_t)EVP_MD_get_size(md) != len)
		return no(why, "a digest that is not accepted");
	if (memcmp(sig->left, digest, sizeof(sig->left)))
		return no(why, "other content");
	ERR_set_mark();
	if (sig->mpis == 1 && kind == EVP_PKEY_RSA)
		rc = verify_rsa(sig, key, digest, len, err);
	else if (sig->algorithm == TMK_OPENPGP_ECDSA && kind == EVP_PKEY_EC)
		rc = tmk_openpgp_sig_short(key, len) ?
			no(why, "a digest too short for the curve") :
			verify_ecdsa(sig, key, digest, len, err);
	else if (sig->algorithm == TMK_OPENPGP_EDDSA &&
		 kind == EVP_PKEY_ED25519)
		rc = verify_eddsa(sig, key, digest, len, err);
	else
		rc = no(why, "a key of another kind");
	ERR_pop_to_mark();
	return rc;
}
