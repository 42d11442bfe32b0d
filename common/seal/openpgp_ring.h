/*
 * openpgp_ring.h - a keyring in memory, and what its signatures say about one
 * of its keys. Internal to seal/.
 *
 * Reading takes the file apart and believes nothing; the signatures about a
 * key are verified when it is first asked for, and what they said is kept. For
 * one thread at a time. Everything belongs to the ring.
 */
#ifndef TMK_SEAL_OPENPGP_RING_H
#define TMK_SEAL_OPENPGP_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "iface/seal.h"
#include "seal/openpgp_key.h"
#include "seal/openpgp_packet.h"
#include "seal/openpgp_sig.h"

#define TMK_OPENPGP_RING_MAX (16 * 1024 * 1024)	/* bytes */
#define TMK_OPENPGP_CERTS_MAX 4096	/* primary keys */
#define TMK_OPENPGP_SUBKEYS_MAX 64	/* of one primary key */
#define TMK_OPENPGP_TRIES_MAX 1024	/* signatures tried for one key */
#define TMK_OPENPGP_ALIKE_MAX 4	/* keys looked at for one issuer */
#define TMK_OPENPGP_USERS_MAX 64	/* user ids of one key; no more count */

/* A user id that its owner signed and did not take back. */
struct tmk_openpgp_user {
	const uint8_t *id;	/* borrowed from the ring's bytes */
	size_t len;
	int64_t until;		/* first second too late, or TMK_TIME_NONE */
};

/* What the verified signatures say about one key. */
struct tmk_openpgp_facts {
	EVP_PKEY *key;		/* NULL: of a kind that is not read */
	const char *why;	/* the reason of that */
	bool bound;		/* a signature makes it a key of its owner */
	bool flooded;		/* too many signatures or revokers */
	int flags;		/* TMK_OPENPGP_FLAG_*; 0: none said */
	int64_t until;		/* first second too late, or TMK_TIME_NONE */
	int64_t revoked_at;	/* or TMK_TIME_NONE */
	bool revoked_hard;
	char user[512];		/* of a primary key, escaped */
	struct tmk_openpgp_user *users;	/* all of them */
	int user_count;
	uint8_t revoker[TMK_OPENPGP_REVOKERS][TMK_OPENPGP_FPR];
	int revokers;
};

/* One key packet. */
struct tmk_openpgp_ring_key {
	struct tmk_openpgp_key key;
	int cert;		/* which one it belongs to */
	bool primary;
	struct tmk_openpgp_facts *facts;	/* NULL: not asked for yet */
};

/* A primary key with all that belongs to it. */
struct tmk_openpgp_ring_cert {
	const uint8_t *data;	/* its packets, the primary key first */
	size_t len;
	int primary;		/* index in key[]; -1: of another version */
};

struct tmk_openpgp_ring {
	struct tmk_keyring keyring;	/* what the caller holds */
	struct tmk_buf data;
	struct tmk_openpgp_ring_cert *cert;
	int certs;
	struct tmk_openpgp_ring_key *key;
	int keys;
};

/* What the signatures say about key `i`; *out is borrowed from the ring. Fails
 * with TMK_INTERNAL. */
int tmk_openpgp_ring_facts(const struct tmk_openpgp_facts **out,
			   struct tmk_openpgp_ring *ring, int i,
			   struct tmk_err *err) TMK_MUST_CHECK;

/* NULL is fine. */
void tmk_openpgp_ring_facts_free(struct tmk_openpgp_facts *facts);

/* seal.h: the keyring of this seal. */
int tmk_openpgp_keyring_read(struct tmk_keyring **out, const uint8_t *data,
			     size_t len, const char *name,
			     struct tmk_err *err) TMK_MUST_CHECK;
void tmk_openpgp_keyring_free(struct tmk_keyring *keyring);
int tmk_openpgp_keyring_find(struct tmk_standing *out,
			     const struct tmk_keyring *keyring,
			     const struct tmk_evidence *evidence, int i,
			     const char *name_space, struct tmk_verdict *v,
			     struct tmk_err *err) TMK_MUST_CHECK;
int tmk_openpgp_keyring_emails(struct tmk_buf *out,
			       const struct tmk_keyring *keyring,
			       const struct tmk_evidence *evidence, int i,
			       const char *name_space, int64_t at,
			       struct tmk_err *err) TMK_MUST_CHECK;

/*
 * The address in a user id (openpgp_user.c): all of it, or what stands in the
 * one pair of angle brackets that it ends with (RFC 9580 section 5.11). False
 * when it holds none, or when two readers could find two. *out is borrowed
 * from `id`.
 */
bool tmk_openpgp_user_email(const uint8_t **out, size_t *out_len,
			    const uint8_t *id, size_t len);

#endif
