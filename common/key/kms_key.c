/* What makes a key of a service a signer, and how it is kept honest. */
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "key/der.h"
#include "key/kms.h"
#include "x509/spki.h"
#include "x509/value.h"

#define SPKI_MAX 2048
#define RSA_MIN 3072
#define RSA_MAX 8192
#define DER_MAX 256		/* bytes of an ECDSA signature in DER */

/* ---- the public part ------------------------------------------------- */

/* Whether the key is one that we sign with. */
static bool kind_of(const EVP_PKEY *key, const uint8_t *spki, size_t len,
		    enum tmk_algorithm *algorithm, unsigned int *bits)
{
	int n = EVP_PKEY_get_bits(key);

	*bits = n > 0 ? (unsigned int)n : 0;
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
		*algorithm = TMK_KEY_RSA;
		return *bits >= RSA_MIN && *bits <= RSA_MAX;
	case EVP_PKEY_EC:
		*algorithm = TMK_KEY_EC;
		return tmk_der_is_ec_spki(spki, len, *bits);
	case EVP_PKEY_ED25519:
		*algorithm = TMK_KEY_ED25519;
		*bits = 256;
		return tmk_der_is_ed25519_spki(spki, len);
	default:
		return false;
	}
}

/* Whether these are the only bytes that this key is written as. */
static bool is_canonical(const EVP_PKEY *key, const uint8_t *spki, size_t len)
{
	uint8_t *der = NULL;
	int n = i2d_PUBKEY(key, &der);
	bool same = n > 0 && (size_t)n == len && !memcmp(der, spki, len);

	OPENSSL_free(der);
	return same;
}

int tmk_kms_key_public(struct tmk_kms_key *key, const uint8_t *spki,
		       size_t len, struct tmk_err *err)
{
	struct tmk_signer *signer = &key->signer;
	struct tmk_buf copy = TMK_BUF_INIT(SPKI_MAX);
	EVP_PKEY *pkey = len <= SPKI_MAX ? tmk_spki_key(spki, len) : NULL;
	enum tmk_algorithm algorithm = 0;
	unsigned int bits = 0;
	bool good;

	good = pkey && kind_of(pkey, spki, len, &algorithm, &bits) &&
		is_canonical(pkey, spki, len);
	EVP_PKEY_free(pkey);
	if (!good) {
		tmk_err_set(err, TMK_KEY, "the service shows no public key "
			    "that can be signed with");
		return tmk_err_hint(err, "use a key of RSA 3072 or 4096, "
				    "P-256 or P-384 that is for signing");
	}
	if (tmk_buf_add(&copy, spki, len))
		return tmk_err_nomem(err);
	tmk_buf_release(&signer->spki);
	signer->spki = copy;
	signer->algorithm = algorithm;
	signer->bits = bits;
	return 0;
}

/* ---- ECDSA as DER ---------------------------------------------------- */

/* One INTEGER in its only form, positive, as `want` bytes to `out`. */
static const uint8_t *take_integer(uint8_t *out, size_t want,
				   const uint8_t *at, const uint8_t *end)
{
	size_t len;

	if (end - at < 3 || at[0] != 0x02 || at[1] >= 0x80)
		return NULL;
	len = at[1];
	at += 2;
	if (!len || (size_t)(end - at) < len || at[0] & 0x80)
		return NULL;
	/* A zero in front is there for the sign or not at all; alone it would
	 * be the number 0, which no signature has. */
	if (!at[0]) {
		if (len < 2 || !(at[1] & 0x80))
			return NULL;
		at++;
		len--;
	}
	if (len > want)
		return NULL;
	memset(out, 0, want - len);
	memcpy(out + want - len, at, len);
	return at + len;
}

int tmk_kms_ecdsa_raw(struct tmk_buf *sig, const uint8_t *der, size_t len,
		      unsigned int bits, struct tmk_err *err)
{
	uint8_t raw[2 * 66];
	size_t want = (bits + 7) / 8, head = 2;
	const uint8_t *at = NULL;

	if ((bits == 256 || bits == 384 || bits == 521) && len >= 8 &&
	    len <= DER_MAX && der[0] == 0x30) {
		if (der[1] == 0x81 && der[2] >= 0x80 && der[2] == len - 3)
			head = 3;
		else if (der[1] >= 0x80 || der[1] != len - 2)
			head = 0;
		if (head)
			at = take_integer(raw, want, der + head, der + len);
	}
	if (at)
		at = take_integer(raw + want, want, at, der + len);
	if (!at || at != der + len)
		return tmk_err_set(err, TMK_KEY, "the service returned "
				   "something that is no ECDSA signature");
	if (tmk_buf_add(sig, raw, 2 * want))
		return tmk_err_nomem(err);
	return 0;
}

/* r || s of the same size as DER, at most 2 * 66 bytes. Its length. */
static size_t ecdsa_der(uint8_t out[DER_MAX], const uint8_t *raw, size_t len)
{
	uint8_t body[2 * 69];
	size_t n = 0, at = 0, half = len / 2, i;

	for (i = 0; i < 2; i++) {
		const uint8_t *v = raw + i * half;
		size_t left = half;

		for (; left > 1 && !*v; left--)
			v++;
		body[n++] = 0x02;
		body[n++] = (uint8_t)(left + (*v >> 7));
		if (*v & 0x80)
			body[n++] = 0;
		memcpy(body + n, v, left);
		n += left;
	}
	out[at++] = 0x30;
	if (n >= 0x80)
		out[at++] = 0x81;
	out[at++] = (uint8_t)n;
	memcpy(out + at, body, n);
	return at + n;
}

/* ---- the signer ------------------------------------------------------ */

static int check_ed25519(EVP_PKEY *key, const uint8_t *data, size_t len,
			 const struct tmk_buf *sig, struct tmk_err *err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int good;

	if (!ctx)
		return tmk_err_nomem(err);
	good = EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
		EVP_DigestVerify(ctx, sig->data, sig->len, data, len) == 1;
	EVP_MD_CTX_free(ctx);
	return good;
}

/* Whether the service signed what was asked, with the key that it showed. */
static int check(const struct tmk_signer *s, enum tmk_hash hash,
		 const uint8_t *digest, size_t len, const struct tmk_buf *sig,
		 struct tmk_err *err)
{
	EVP_PKEY *key = tmk_spki_key(s->spki.data, s->spki.len);
	uint8_t der[DER_MAX];
	size_t bytes = (s->bits + 7) / 8;
	int rc = 0;

	if (!key)
		return tmk_err_nomem(err);
	if (s->algorithm == TMK_KEY_RSA && sig->len == bytes)
		rc = tmk_value_check(key, TMK_VALUE_PKCS1, 0, hash, digest,
				     len, sig->data, sig->len, err);
	else if (s->algorithm == TMK_KEY_EC && sig->len == 2 * bytes &&
		 bytes <= 66)
		rc = tmk_value_check(key, TMK_VALUE_ECDSA, 0, hash, digest,
				     len, der, ecdsa_der(der, sig->data,
							 sig->len), err);
	else if (s->algorithm == TMK_KEY_ED25519 && sig->len == 64)
		rc = check_ed25519(key, digest, len, sig, err);
	EVP_PKEY_free(key);
	if (rc < 0)
		return -1;
	return rc ? 0 : tmk_signer_wrong(err);
}

static bool fits(const struct tmk_signer *s, enum tmk_scheme scheme,
		 enum tmk_hash hash, size_t len)
{
	if (s->algorithm == TMK_KEY_ED25519)
		return scheme == TMK_EDDSA && len <= TMK_MESSAGE_MAX;
	if (scheme != (s->algorithm == TMK_KEY_RSA ? TMK_RSA_PKCS1 :
		       TMK_ECDSA))
		return false;
	return (hash == TMK_SHA256 || hash == TMK_SHA384 ||
		hash == TMK_SHA512) && len == tmk_der_hash_len(hash);
}

static int sign(struct tmk_signer *signer, enum tmk_scheme scheme,
		enum tmk_hash hash, const uint8_t *digest, size_t len,
		struct tmk_buf *sig, struct tmk_err *err)
{
	struct tmk_kms_key *key = (struct tmk_kms_key *)signer;
	struct tmk_buf made = TMK_BUF_INIT(TMK_SIGNATURE_MAX);
	int rc;

	if (!fits(signer, scheme, hash, len))
		return tmk_err_set(err, TMK_KEY, "the key of the service does "
				   "not sign in this way");
	rc = key->sign(key, scheme, hash, digest, len, &made, err);
	if (!rc)
		rc = check(signer, hash, digest, len, &made, err);
	if (!rc && tmk_buf_add(sig, made.data, made.len))
		rc = tmk_err_nomem(err);
	tmk_buf_release(&made);
	return rc;
}

static void release(struct tmk_signer *signer)
{
	struct tmk_kms_key *key = (struct tmk_kms_key *)signer;

	if (key->release)
		key->release(key);
	tmk_buf_release(&signer->spki);
	free(key);
}

struct tmk_kms_key *tmk_kms_key_new(size_t size, struct tmk_err *err)
{
	static const struct tmk_signer_ops ops = { sign, release };
	struct tmk_kms_key *key = calloc(1, size);

	if (!key) {
		tmk_err_nomem(err);
		return NULL;
	}
	key->signer.ops = &ops;
	tmk_buf_init(&key->signer.spki, SPKI_MAX);
	return key;
}
