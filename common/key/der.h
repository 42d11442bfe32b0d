/*
 * der.h - the few DER forms that stand between PKCS#11 and X.509.
 *
 * Written by hand so that a signature needs no part of libcrypto: loading its
 * encoders would cost more than the signature. Only named curves P-256, P-384
 * and P-521; only uncompressed points. Knows no token. Functions return -1
 * for a form that is not exactly right, and nothing is allocated but in the
 * caller's buffer.
 */
#ifndef TMK_KEY_DER_H
#define TMK_KEY_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "iface/signer.h"

/* Append a SubjectPublicKeyInfo of an RSA key (RFC 3279 2.3.1); modulus and
 * exponent are big-endian, leading zeros allowed. *bits gets the modulus'
 * length. */
int tmk_der_rsa_spki(struct tmk_buf *out, unsigned int *bits,
		     const uint8_t *n, size_t n_len, const uint8_t *e,
		     size_t e_len) TMK_MUST_CHECK;

/* Append a SubjectPublicKeyInfo of an EC key (RFC 5480 2). `bits` is what
 * tmk_der_curve_bits gave; `point` is 04 || X || Y, bare or inside a DER
 * OCTET STRING (PKCS#11 2.40 section 2.3.3 and what modules make of it). */
int tmk_der_ec_spki(struct tmk_buf *out, unsigned int bits,
		    const uint8_t *point, size_t len) TMK_MUST_CHECK;

/* The field size in bits of the curve that a CKA_EC_PARAMS names: 256, 384 or
 * 521; 0 for anything else, explicit parameters too. */
unsigned int tmk_der_curve_bits(const uint8_t *params, size_t len);

/* The CKA_EC_PARAMS of the curve with this field size, borrowed for ever;
 * NULL for another. */
const uint8_t *tmk_der_curve_params(unsigned int bits, size_t *len);

/* Append a SubjectPublicKeyInfo of an Ed25519 key (RFC 8410 4). `point` is
 * its 32 bytes (RFC 8032 5.1.5), bare or as modules wrap them: in a DER OCTET
 * STRING or BIT STRING. */
int tmk_der_ed25519_spki(struct tmk_buf *out, const uint8_t *point,
			 size_t len) TMK_MUST_CHECK;

/* Whether a CKA_EC_PARAMS names Ed25519, in either form. */
bool tmk_der_is_ed25519(const uint8_t *params, size_t len);

/* The CKA_EC_PARAMS of Ed25519, borrowed for ever: form 0 is the OID (RFC 8410
 * 3), form 1 the PrintableString (PKCS#11 3.0 section 2.3.5); NULL for
 * another form. */
const uint8_t *tmk_der_ed25519_params(int form, size_t *len);

/* Whether `spki` is, byte for byte, what the two functions above make of an EC
 * key of that size (256, 384, 521) or an Ed25519 key. */
bool tmk_der_is_ec_spki(const uint8_t *spki, size_t len, unsigned int bits);
bool tmk_der_is_ed25519_spki(const uint8_t *spki, size_t len);

/* Where the key bits (the content of the BIT STRING, RFC 5280 4.2.1.2) begin
 * in a SubjectPublicKeyInfo made here, and how many there are. */
const uint8_t *tmk_der_spki_bits(const struct tmk_buf *spki, size_t *len);

/* Append the DigestInfo (RFC 8017 9.2) of a digest; its length must be that
 * of the hash. */
int tmk_der_digest_info(struct tmk_buf *out, enum tmk_hash hash,
			const uint8_t *digest, size_t len) TMK_MUST_CHECK;

/* Bytes of a digest made with `hash`; 0 for an unknown one. */
size_t tmk_der_hash_len(enum tmk_hash hash);

#endif
