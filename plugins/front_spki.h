/*
 * front_spki.h - what a public key is called, whatever wrote it down.
 *
 * The fingerprint of a key is the SHA-256 of its SubjectPublicKeyInfo. A
 * token, a certificate and an SSH key file may spell the same key in other
 * bytes (RFC 5280 4.1.2.7, RFC 5480 2.2, RFC 4055 1.2): here is the one
 * spelling by which they are compared. Fails with TMK_INPUT or TMK_INTERNAL.
 */
#ifndef TMK_PLUGINS_FRONT_SPKI_H
#define TMK_PLUGINS_FRONT_SPKI_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define TMK_FRONT_SPKI_HEX 65	/* 64 hex digits and NUL */
#define TMK_FRONT_SPKI_MAX 8192	/* bytes */

/* Of these bytes as they are. */
int tmk_front_spki_sha256(char hex[TMK_FRONT_SPKI_HEX], const uint8_t *spki,
			  size_t len, struct tmk_err *err) TMK_MUST_CHECK;

/* Of the one spelling of the key in them; of the bytes as they are when
 * OpenSSL does not know such a key. */
int tmk_front_spki_same(char hex[TMK_FRONT_SPKI_HEX], const uint8_t *spki,
			size_t len, struct tmk_err *err) TMK_MUST_CHECK;

/* Append that spelling. */
int tmk_front_spki_write(struct tmk_buf *out, const uint8_t *spki, size_t len,
			 struct tmk_err *err) TMK_MUST_CHECK;

#endif
