/*
 * Key packets of version 4 and what they stand for: to and from OpenSSL's
 * keys (RFC 9580 sections 5.5.2 and 5.5.5).
 */
#include "seal/openpgp_key.h"

#include <pthread.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "base/clock.h"
#include "base/enc.h"
#include "seal/openpgp_packet.h"
#include "seal/openpgp_sig.h"
#include "x509/spki.h"

#define ED25519_LEN 32
#define FIELD_MAX 66		/* octets of a coordinate on P-521 */
#define RSA_MAX 2048		/* octets of a modulus */
#define EXPONENT_MAX 8
#define POINT 0x04		/* uncompressed */
#define POINT_NATIVE 0x40	/* as the curve has it (EdDSA) */

/* Curves by their OID (section 9.2). */
static const struct curve {
	const char *oid;
	size_t oid_len;
	int algorithm;
	const char *group;	/* OpenSSL's name; NULL: Ed25519 */
	size_t field;		/* octets of a coordinate */
} curves[] = {
	{ "\x2a\x86\x48\xce\x3d\x03\x01\x07", 8, TMK_OPENPGP_ECDSA, "P-256",
	  32 },
	{ "\x2b\x81\x04\x00\x22", 5, TMK_OPENPGP_ECDSA, "P-384", 48 },
	{ "\x2b\x81\x04\x00\x23", 5, TMK_OPENPGP_ECDSA, "P-521", 66 },
	{ "\x2b\x06\x01\x04\x01\xda\x47\x0f\x01", 9, TMK_OPENPGP_EDDSA, NULL,
	  32 },
};

#define CURVES (sizeof(curves) / sizeof(curves[0]))

static int unusable(struct tmk_err *err)
{
	tmk_err_set(err, TMK_KEY, "the key is of a kind that OpenPGP does not "
		    "know here");
	return tmk_err_hint(err, "OpenPGP is made with RSA, P-256, P-384, "
			    "P-521 and Ed25519 keys");
}

static int put_bn(struct tmk_buf *out, EVP_PKEY *key, const char *name)
{
	uint8_t bytes[RSA_MAX];
	BIGNUM *n = NULL;
	int len, rc = -1;

	if (EVP_PKEY_get_bn_param(key, name, &n) != 1)
		return -1;
	len = BN_num_bytes(n);
	if (len > 0 && (size_t)len <= sizeof(bytes) &&
	    BN_bn2bin(n, bytes) == len)
		rc = tmk_openpgp_put_mpi(out, bytes, (size_t)len);
	BN_free(n);
	return rc;
}

static int put_oid(struct tmk_buf *out, const struct curve *curve)
{
	return tmk_buf_addch(out, (int)curve->oid_len) ||
		tmk_buf_add(out, curve->oid, curve->oid_len) ? -1 : 0;
}

static int put_coordinate(uint8_t *to, size_t field, EVP_PKEY *key,
			  const char *name)
{
	BIGNUM *n = NULL;
	int rc = -1;

	if (EVP_PKEY_get_bn_param(key, name, &n) == 1 &&
	    BN_bn2binpad(n, to, (int)field) == (int)field)
		rc = 0;
	BN_free(n);
	return rc;
}

static int put_ec(struct tmk_buf *out, EVP_PKEY *key)
{
	uint8_t point[1 + 2 * FIELD_MAX] = { POINT };
	char group[32] = "";
	size_t i, n = 0;
	int nid;

	if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME,
					   group, sizeof(group), &n) != 1)
		return -1;
	nid = EC_curve_nist2nid(group);
	if (nid == NID_undef)
		nid = OBJ_sn2nid(group);
	for (i = 0; i < CURVES; i++)
		if (curves[i].group && EC_curve_nist2nid(curves[i].group) == nid)
			break;
	if (nid == NID_undef || i == CURVES)
		return -1;
	n = curves[i].field;
	if (put_oid(out, &curves[i]) ||
	    put_coordinate(point + 1, n, key, OSSL_PKEY_PARAM_EC_PUB_X) ||
	    put_coordinate(point + 1 + n, n, key, OSSL_PKEY_PARAM_EC_PUB_Y))
		return -1;
	return tmk_openpgp_put_mpi(out, point, 1 + 2 * n);
}

static int put_ed25519(struct tmk_buf *out, EVP_PKEY *key)
{
	uint8_t point[1 + ED25519_LEN] = { POINT_NATIVE };
	size_t len = ED25519_LEN;

	if (EVP_PKEY_get_raw_public_key(key, point + 1, &len) != 1 ||
	    len != ED25519_LEN || put_oid(out, &curves[CURVES - 1]))
		return -1;
	return tmk_openpgp_put_mpi(out, point, sizeof(point));
}

static int put_material(struct tmk_buf *out, EVP_PKEY *key)
{
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
		return tmk_buf_addch(out, TMK_OPENPGP_RSA) ||
			put_bn(out, key, OSSL_PKEY_PARAM_RSA_N) ||
			put_bn(out, key, OSSL_PKEY_PARAM_RSA_E);
	case EVP_PKEY_EC:
		return tmk_buf_addch(out, TMK_OPENPGP_ECDSA) ||
			put_ec(out, key);
	case EVP_PKEY_ED25519:
		return tmk_buf_addch(out, TMK_OPENPGP_EDDSA) ||
			put_ed25519(out, key);
	}
	return -1;
}

/* The numbers of the key that was asked for last: one signature asks for them
 * three times, and OpenSSL takes long to give them. */
static struct {
	pthread_mutex_t lock;
	size_t spki_len, len;	/* 0: none */
	uint8_t spki[TMK_OPENPGP_KEY_MAX];
	uint8_t material[TMK_OPENPGP_KEY_MAX];
} last = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* 0 added, 1 not known, negative without room. */
static int add_last(struct tmk_buf *out, const uint8_t *spki, size_t len)
{
	int rc = 1;

	pthread_mutex_lock(&last.lock);
	if (last.len && last.spki_len == len && !memcmp(last.spki, spki, len))
		rc = tmk_buf_add(out, last.material, last.len);
	pthread_mutex_unlock(&last.lock);
	return rc;
}

static void keep_last(const uint8_t *spki, size_t spki_len,
		      const uint8_t *material, size_t len)
{
	if (spki_len > sizeof(last.spki) || len > sizeof(last.material))
		return;
	pthread_mutex_lock(&last.lock);
	memcpy(last.spki, spki, spki_len);
	last.spki_len = spki_len;
	memcpy(last.material, material, len);
	last.len = len;
	pthread_mutex_unlock(&last.lock);
}

static int add_material(struct tmk_buf *out, const uint8_t *spki, size_t len)
{
	int rc = add_last(out, spki, len);
	size_t from = out->len;
	EVP_PKEY *key;

	if (rc <= 0)
		return rc;
	key = len <= TMK_OPENPGP_KEY_MAX ? tmk_spki_key(spki, len) : NULL;
	rc = key ? put_material(out, key) : -1;
	EVP_PKEY_free(key);
	if (!rc)
		keep_last(spki, len, out->data + from, out->len - from);
	return rc;
}

int tmk_openpgp_key_body(struct tmk_buf *out, const uint8_t *spki, size_t len,
			 int64_t created, struct tmk_err *err)
{
	struct tmk_buf body = TMK_BUF_INIT(TMK_OPENPGP_KEY_MAX);
	int rc;

	if (created <= 0 || created > UINT32_MAX) {
		tmk_err_set(err, TMK_KEY, "the key has no creation time that "
			    "OpenPGP could say");
		return tmk_err_hint(err, "set created in the key's "
				    "configuration: it is part of the "
				    "fingerprint, choose it once");
	}
	ERR_set_mark();
	rc = tmk_buf_addch(&body, 4) ||
		tmk_openpgp_put_number(&body, (uint32_t)created, 4) ||
		add_material(&body, spki, len);
	ERR_pop_to_mark();
	if (rc)
		rc = unusable(err);
	else if (tmk_buf_add(out, body.data, body.len))
		rc = tmk_err_nomem(err);
	tmk_buf_release(&body);
	return rc;
}

/* SHA-1 over 0x99, the length in two octets, and the body: what a version 4
 * key is called, not what anything rests on. */
static bool fingerprint(uint8_t out[20], const uint8_t *body, size_t len)
{
	uint8_t head[3] = { 0x99, (uint8_t)(len >> 8), (uint8_t)len };
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned int n = 0;
	bool good;

	good = ctx && EVP_DigestInit_ex(ctx, EVP_sha1(), NULL) == 1 &&
		EVP_DigestUpdate(ctx, head, sizeof(head)) == 1 &&
		EVP_DigestUpdate(ctx, body, len) == 1 &&
		EVP_DigestFinal_ex(ctx, out, &n) == 1 && n == 20;
	EVP_MD_CTX_free(ctx);
	return good;
}

int tmk_openpgp_key_fingerprint(char out[TMK_KEY_ID], const uint8_t *spki,
				size_t len, int64_t created,
				struct tmk_err *err)
{
	struct tmk_buf body = TMK_BUF_INIT(TMK_OPENPGP_KEY_MAX);
	uint8_t fpr[20];
	int rc;

	rc = tmk_openpgp_key_body(&body, spki, len, created, err);
	if (!rc && !fingerprint(fpr, body.data, body.len))
		rc = tmk_err_nomem(err);
	if (!rc)
		tmk_enc_hex_upper(out, fpr, sizeof(fpr));
	tmk_buf_release(&body);
	return rc;
}

int tmk_openpgp_key_algorithm(const struct tmk_signer *signer)
{
	switch (signer->algorithm) {
	case TMK_KEY_RSA:
		return TMK_OPENPGP_RSA;
	case TMK_KEY_EC:
		return TMK_OPENPGP_ECDSA;
	case TMK_KEY_ED25519:
		return TMK_OPENPGP_EDDSA;
	}
	return 0;
}

int tmk_openpgp_key_hash(enum tmk_hash hash)
{
	return tmk_openpgp_sig_hash_number(hash);
}

bool tmk_openpgp_key_read(struct tmk_openpgp_key *out, const uint8_t *body,
			  size_t len)
{
	struct tmk_openpgp_cursor c = { body, len };
	struct tmk_openpgp_key key = { .body = body, .len = len };
	uint32_t version, created, algorithm;

	if (len > TMK_OPENPGP_KEY_MAX ||
	    !tmk_openpgp_number(&version, &c, 1) || version != 4 ||
	    !tmk_openpgp_number(&created, &c, 4) ||
	    !tmk_openpgp_number(&algorithm, &c, 1) ||
	    !fingerprint(key.fpr, body, len))
		return false;
	key.created = created;
	key.algorithm = (int)algorithm;
	*out = key;
	return true;
}

static EVP_PKEY *from_params(const char *type, OSSL_PARAM_BLD *bld)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	if (params && ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return key;
}

static EVP_PKEY *decode_rsa(struct tmk_openpgp_cursor *c)
{
	struct tmk_openpgp_mpi n, e;
	OSSL_PARAM_BLD *bld = NULL;
	BIGNUM *bn_n = NULL, *bn_e = NULL;
	EVP_PKEY *key = NULL;

	/* Larger numbers would cost time before anybody judges them. */
	if (!tmk_openpgp_mpi_next(&n, c) || !tmk_openpgp_mpi_next(&e, c) ||
	    c->left || n.len > RSA_MAX || e.len > EXPONENT_MAX)
		return NULL;
	bn_n = BN_bin2bn(n.data, (int)n.len, NULL);
	bn_e = BN_bin2bn(e.data, (int)e.len, NULL);
	bld = OSSL_PARAM_BLD_new();
	if (bn_n && bn_e && bld &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, bn_n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, bn_e) == 1)
		key = from_params("RSA", bld);
	OSSL_PARAM_BLD_free(bld);
	BN_free(bn_n);
	BN_free(bn_e);
	return key;
}

static const struct curve *take_curve(struct tmk_openpgp_cursor *c,
				      int algorithm)
{
	const uint8_t *oid;
	uint32_t len;
	size_t i;

	if (!tmk_openpgp_number(&len, c, 1))
		return NULL;
	oid = tmk_openpgp_take(c, len);
	for (i = 0; oid && i < CURVES; i++)
		if (curves[i].oid_len == len &&
		    curves[i].algorithm == algorithm &&
		    !memcmp(curves[i].oid, oid, len))
			return &curves[i];
	return NULL;
}

static EVP_PKEY *decode_ec(const struct curve *curve,
			   const struct tmk_openpgp_mpi *point)
{
	OSSL_PARAM_BLD *bld = NULL;
	EVP_PKEY *key = NULL;

	if (point->len != 1 + 2 * curve->field || point->data[0] != POINT)
		return NULL;
	bld = OSSL_PARAM_BLD_new();
	if (bld && OSSL_PARAM_BLD_push_utf8_string(bld,
			OSSL_PKEY_PARAM_GROUP_NAME, curve->group, 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY,
					     point->data, point->len) == 1)
		key = from_params("EC", bld);
	OSSL_PARAM_BLD_free(bld);
	return key;
}

static EVP_PKEY *decode_curve(struct tmk_openpgp_cursor *c, int algorithm)
{
	const struct curve *curve = take_curve(c, algorithm);
	struct tmk_openpgp_mpi point;

	if (!curve || !tmk_openpgp_mpi_next(&point, c) || c->left)
		return NULL;
	if (curve->group)
		return decode_ec(curve, &point);
	if (point.len != 1 + ED25519_LEN || point.data[0] != POINT_NATIVE)
		return NULL;
	return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
					   point.data + 1, ED25519_LEN);
}

EVP_PKEY *tmk_openpgp_key_decode(const struct tmk_openpgp_key *key,
				 const char **why)
{
	struct tmk_openpgp_cursor c = { key->body + 6, key->len - 6 };
	EVP_PKEY *out = NULL;

	ERR_set_mark();
	switch (key->algorithm) {
	case TMK_OPENPGP_RSA:
	case TMK_OPENPGP_RSA_SIGN:
		out = decode_rsa(&c);
		break;
	case TMK_OPENPGP_ECDSA:
	case TMK_OPENPGP_EDDSA:
		out = decode_curve(&c, key->algorithm);
		break;
	}
	ERR_pop_to_mark();
	if (!out)
		*why = "it is not an RSA, P-256, P-384, P-521 or Ed25519 key "
			"that can be read";
	return out;
}
