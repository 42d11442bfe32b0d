/*
 * cloud_key.h - the software keys in the mock of cloud services.
 *
 * For t/mock/cloud-httpd.c alone. A key is a file NAME.pem in the directory of
 * the server, so that a test can have openssl judge with its public half.
 */
#ifndef TMK_T_CLOUD_KEY_H
#define TMK_T_CLOUD_KEY_H

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "t/mock/cloud_wire.h"

static const char *state_dir;	/* --state */

static FILE *open_state(const char *name, const char *mode)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", state_dir, name);
	return fopen(path, mode);
}

/* NULL when there is no such key. */
static EVP_PKEY *load_key(const char *name)
{
	char file[256];
	EVP_PKEY *key;
	FILE *f;

	if (strpbrk(name, "/") || *name == '.')
		return NULL;
	snprintf(file, sizeof(file), "%.200s.pem", name);
	f = open_state(file, "r");
	if (!f)
		return NULL;
	key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	return key;
}

static const char *curve_of(const EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_bits(key);

	return bits == 256 ? "P-256" : bits == 384 ? "P-384" : "P-521";
}

static bool is_rsa(const EVP_PKEY *key)
{
	return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
}

static bool is_ec(const EVP_PKEY *key)
{
	return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC;
}

/* A number of the key as base64url, `len` bytes long (0: as short as it is);
 * the text belongs to the caller. */
static char *number_of(const EVP_PKEY *key, const char *name, int len)
{
	uint8_t bytes[1024];
	BIGNUM *n = NULL;
	char *text;

	if (!EVP_PKEY_get_bn_param(key, name, &n))
		die(name);
	len = len ? len : BN_num_bytes(n);
	if (BN_bn2binpad(n, bytes, len) != len)
		die(name);
	text = base64url(bytes, (size_t)len);
	BN_free(n);
	return text;
}

/* The public half as PEM with "\n" for its newlines, as JSON has it. *plain
 * gets the PEM itself. Both static. */
static const char *public_pem(EVP_PKEY *key, const char **plain)
{
	static char pem[8192], escaped[16384];
	BIO *bio = BIO_new(BIO_s_mem());
	char *data = NULL, *to = escaped;
	long len, i;

	if (!bio || !PEM_write_bio_PUBKEY(bio, key))
		die("public key");
	len = BIO_get_mem_data(bio, &data);
	memcpy(pem, data, (size_t)len);
	pem[len] = '\0';
	for (i = 0; i < len; i++) {
		if (pem[i] == '\n')
			*to++ = '\\';
		*to++ = pem[i] == '\n' ? 'n' : pem[i];
	}
	*to = '\0';
	BIO_free(bio);
	if (plain)
		*plain = pem;
	return escaped;
}

/* Sign a digest made with `md` (NULL: a DigestInfo, or for Ed25519 a message).
 * The length, 0 when the key does not sign that. ECDSA is DER. */
static size_t sign_with(uint8_t *out, size_t size, EVP_PKEY *key,
			const EVP_MD *md, const uint8_t *data, size_t len)
{
	EVP_PKEY_CTX *ctx;
	size_t n = size;
	bool good;

	if (!is_rsa(key) && !is_ec(key)) {
		EVP_MD_CTX *c = EVP_MD_CTX_new();

		good = EVP_DigestSignInit(c, NULL, NULL, NULL, key) == 1 &&
			EVP_DigestSign(c, out, &n, data, len) == 1;
		EVP_MD_CTX_free(c);
		return good ? n : 0;
	}
	if (md && (int)len != EVP_MD_get_size(md))
		return 0;
	ctx = EVP_PKEY_CTX_new(key, NULL);
	good = EVP_PKEY_sign_init(ctx) > 0 &&
		(!is_rsa(key) ||
		 EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0) &&
		(!md || EVP_PKEY_CTX_set_signature_md(ctx, md) > 0) &&
		EVP_PKEY_sign(ctx, out, &n, data, len) > 0;
	EVP_PKEY_CTX_free(ctx);
	return good ? n : 0;
}

/* ECDSA-Sig-Value to r || s of `half` bytes each. */
static size_t raw_ecdsa(uint8_t *out, const uint8_t *der, size_t len,
			size_t half)
{
	const unsigned char *p = der;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)len);

	if (!sig || BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, (int)half) < 0 ||
	    BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + half, (int)half) < 0)
		die("signature");
	ECDSA_SIG_free(sig);
	return 2 * half;
}

/* Whether `sig` is RS256 by the public key in this file of the state. */
static bool verify_rs256(const char *file, const char *data, size_t len,
			 const uint8_t *sig, size_t sig_len)
{
	FILE *f = open_state(file, "r");
	EVP_PKEY *key = f ? PEM_read_PUBKEY(f, NULL, NULL, NULL) : NULL;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = key && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL,
						key) == 1 &&
		EVP_DigestVerify(ctx, sig, sig_len, (const uint8_t *)data,
				 len) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	if (f)
		fclose(f);
	return good;
}

#endif
