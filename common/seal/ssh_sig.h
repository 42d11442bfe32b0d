/*
 * ssh_sig.h - an SSHSIG signature cut into its parts (PROTOCOL.sshsig of
 * OpenSSH; docs/PROTOCOL.sshsig says which of it is used).
 *
 * What the files of the SSH seal share. Reading is strict, bounded, and takes
 * one form only; nothing may follow. Decides form, not trust. Everything
 * points into tmk_ssh_sig.bytes, which lives as long as the evidence.
 */
#ifndef TMK_SEAL_SSH_SIG_H
#define TMK_SEAL_SSH_SIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "iface/seal.h"
#include "iface/verdict.h"
#include "seal/ssh_key.h"
#include "seal/ssh_wire.h"

#define TMK_SSH_SIG_MAX 16384	/* bytes: two numbers of RSA-16384 fit */
#define TMK_SSH_NAME_SPACE_MAX 256	/* bytes */

struct tmk_ssh_sig {
	struct tmk_evidence evidence;	/* first: free() gets this address */
	uint8_t *bytes;			/* the input, copied */
	struct tmk_ssh_bytes blob;	/* the public key */
	struct tmk_ssh_key key;
	struct tmk_ssh_bytes name_space;
	struct tmk_ssh_bytes value;	/* in the algorithm's own form */
	enum tmk_hash scheme_hash;	/* of RSA and ECDSA; else 0 */
};

/* The table of this seal (seal_sshsig.c). */
extern const struct tmk_seal_ops tmk_seal_sshsig;

/* seal.h: parse (ssh_read.c), check (ssh_check.c), make (ssh_make.c). */
int tmk_ssh_sig_parse(struct tmk_evidence **out, const uint8_t *data,
		      size_t len, struct tmk_verdict *v, struct tmk_err *err)
	TMK_MUST_CHECK;
int tmk_ssh_sig_check(const struct tmk_evidence *evidence, int i,
		      EVP_PKEY *key, const uint8_t *digest, size_t digest_len,
		      struct tmk_verdict *v, struct tmk_err *err)
	TMK_MUST_CHECK;
int tmk_ssh_sig_make(const struct tmk_seal_request *request,
		     struct tmk_buf *out, struct tmk_err *err) TMK_MUST_CHECK;
void tmk_ssh_sig_free(struct tmk_evidence *evidence);

/* "sha256", "sha512"; NULL for another hash. */
const char *tmk_ssh_sig_hash_name(enum tmk_hash hash);

/* Append the bytes that are signed: they bind the namespace, the hash and the
 * digest of the content. At most TMK_MESSAGE_MAX. */
int tmk_ssh_sig_message(struct tmk_buf *out,
			const struct tmk_ssh_bytes *name_space,
			enum tmk_hash hash, const uint8_t *digest, size_t len)
	TMK_MUST_CHECK;

/*
 * Whether `value` is the key's signature of `message`; `hash` is that of the
 * scheme, 0 for Ed25519. 1 yes, 0 no, negative (TMK_INTERNAL) when it could
 * not be tried. Leaves OpenSSL's error queue as it was.
 */
int tmk_ssh_sig_verify(EVP_PKEY *key, const struct tmk_ssh_type *type,
		       enum tmk_hash hash, const struct tmk_buf *message,
		       const struct tmk_ssh_bytes *value, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
