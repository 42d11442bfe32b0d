/*
 * digest.h - SHA-2 and BLAKE2b over memory, spans and files of any size.
 *
 * A thin layer over EVP. Knows the hashes of iface/signer.h by number only
 * (x509 may not include iface): 1 SHA-256, 2 SHA-384, 3 SHA-512, 4
 * BLAKE2b-512, the values of enum tmk_hash.
 */
#ifndef TMK_X509_DIGEST_H
#define TMK_X509_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "base/err.h"

#define TMK_DIGEST_MAX 64

struct tmk_digest {
	EVP_MD_CTX *ctx;
};

/* The EVP_MD of enum tmk_hash `hash`; NULL for another number. Borrowed from
 * OpenSSL for ever. */
const EVP_MD *tmk_digest_md(int hash);

/* The enum tmk_hash of an OpenSSL NID of SHA-2 (NID_sha256, ...); 0 for
 * others. */
int tmk_digest_from_nid(int nid);

/* Start hashing. Fails with TMK_INTERNAL. */
int tmk_digest_init(struct tmk_digest *d, int hash, struct tmk_err *err)
	TMK_MUST_CHECK;
int tmk_digest_update(struct tmk_digest *d, const void *data, size_t len,
		      struct tmk_err *err) TMK_MUST_CHECK;
/* `out` has TMK_DIGEST_MAX bytes; *len gets how many were written. Releases
 * the context. */
int tmk_digest_final(struct tmk_digest *d, uint8_t *out, size_t *len,
		     struct tmk_err *err) TMK_MUST_CHECK;
void tmk_digest_release(struct tmk_digest *d);

/* All of it for bytes in memory. */
int tmk_digest_bytes(int hash, const void *data, size_t len, uint8_t *out,
		     size_t *out_len, struct tmk_err *err) TMK_MUST_CHECK;

/* Everything `fd` gives until end of file, in constant memory. `name` is for
 * messages. Fails with TMK_INPUT when a read fails. */
int tmk_digest_fd(int hash, int fd, const char *name, uint8_t *out,
		  size_t *out_len, struct tmk_err *err) TMK_MUST_CHECK;

#endif
