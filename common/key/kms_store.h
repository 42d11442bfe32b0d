/*
 * kms_store.h - what the stores of cloud services have in common.
 *
 * A service keeps keys and nothing else: no certificates, no data objects, and
 * a key is made with the service's own tools, where its rights are given as
 * well. Knows no service. Fails as iface/store.h says; nothing is allocated
 * but in the caller's buffers.
 */
#ifndef TMK_KEY_KMS_STORE_H
#define TMK_KEY_KMS_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "iface/store.h"
#include "key/kms.h"

/* The doors of struct tmk_store_ops that stay shut: there are no certificates
 * (0), no data objects (1), and nothing can be written (TMK_KEY). */
int tmk_kms_store_generate(const struct tmk_place *place,
			   const struct tmk_keygen *what,
			   struct tmk_key_info *info, struct tmk_err *err)
	TMK_MUST_CHECK;
int tmk_kms_store_certs(const struct tmk_place *place, const uint8_t *id,
			size_t id_len,
			int (*visit)(void *ctx, const uint8_t *der, size_t len,
				     struct tmk_err *err),
			void *ctx, struct tmk_err *err) TMK_MUST_CHECK;
int tmk_kms_store_put_cert(const struct tmk_place *place, const uint8_t *id,
			   size_t id_len, const char *label,
			   const uint8_t *der, size_t len,
			   struct tmk_err *err) TMK_MUST_CHECK;
int tmk_kms_store_get_data(const struct tmk_place *place, const char *label,
			   struct tmk_buf *out, struct tmk_err *err)
	TMK_MUST_CHECK;
int tmk_kms_store_put_data(const struct tmk_place *place, const char *label,
			   const void *data, size_t len, struct tmk_err *err)
	TMK_MUST_CHECK;

/* What the environment of the place says; NULL when that is nothing. */
const char *tmk_kms_store_env(const char *(*env)(const char *name),
			      const char *name);

/* Milliseconds for each exchange with the service of this place. */
int tmk_kms_store_ms(const struct tmk_place *place);

/*
 * What an answer other than 200 means: `service` is its name, `message` the
 * path of its own words in the body ("error.message"). TMK_NET for what may
 * go by (429, 5xx), else TMK_KEY with a hint. Returns -1 always.
 */
int tmk_kms_store_refused(const char *service,
			  const struct tmk_kms_answer *answer,
			  const char *message, struct tmk_err *err);

/* An answer that is not what was asked for: TMK_KEY, "SERVICE answers ...:
 * `what`". Returns -1 always. */
int tmk_kms_store_wrong(const char *service, const char *what,
			struct tmk_err *err);

/* The bytes of a signature as a service gives them, appended to `sig` as
 * tmk_signer_ops.sign gives them: ECDSA from DER to r || s, RSA and Ed25519 as
 * they are. TMK_KEY when they are not as long as `signer` makes them. */
int tmk_kms_store_signature(struct tmk_buf *sig, const char *service,
			    const struct tmk_signer *signer,
			    const struct tmk_buf *raw, struct tmk_err *err)
	TMK_MUST_CHECK;

/* How a key is shown; all borrowed. */
struct tmk_kms_store_words {
	const char *holder;	/* where it is: a host */
	const char *model;	/* how it is protected: "RSA-HSM" */
	const char *label;	/* its name there */
};

/* A fact of inspect: its name, and where it stands in a body. */
struct tmk_kms_store_fact {
	const char *name;
	const char *path;
};

/* What is particular to one service. */
struct tmk_kms_store {
	const char *scheme;	/* "azurekv:" */
	const char *service;	/* "Azure Key Vault" */
	size_t size;		/* of its keys: begins with struct
				   tmk_kms_key */
	int (*sign)(struct tmk_kms_key *key, enum tmk_scheme scheme,
		    enum tmk_hash hash, const uint8_t *digest, size_t len,
		    struct tmk_buf *sig, struct tmk_err *err);
	/* Fetch what the service shows of the key of this place into `answer`,
	 * and fill the key: its uri, its public part, and what is behind the
	 * first member. How to sign, deadline and environment are there. */
	int (*look)(struct tmk_kms_key *key, struct tmk_kms_answer *answer,
		    const struct tmk_place *place, struct tmk_err *err);
	/* Whether it can sign now, from that answer; or NULL. */
	int (*usable)(const struct tmk_buf *body, struct tmk_err *err);
	struct tmk_kms_store_words (*words)(const struct tmk_kms_key *key);
	/* Fetch the description that `facts` are in; NULL: what `look`
	 * fetched. */
	int (*describe)(struct tmk_kms_answer *answer, struct tmk_kms_key *key,
			struct tmk_err *err);
	const struct tmk_kms_store_fact *facts;	/* closed by NULL */
};

/* claims, open, list and inspect of struct tmk_store_ops for such a service. */
bool tmk_kms_store_claims(const struct tmk_kms_store *store, const char *uri);
int tmk_kms_store_open(struct tmk_signer **out,
		       const struct tmk_kms_store *store,
		       const struct tmk_place *place, struct tmk_err *err)
	TMK_MUST_CHECK;
int tmk_kms_store_list(const struct tmk_kms_store *store,
		       const struct tmk_place *place, tmk_key_visit visit,
		       void *ctx, struct tmk_err *err) TMK_MUST_CHECK;
int tmk_kms_store_inspect(const struct tmk_kms_store *store,
			  const struct tmk_place *place,
			  struct tmk_key_facts *facts, tmk_fact_visit visit,
			  void *ctx, struct tmk_err *err) TMK_MUST_CHECK;

/*
 * The door of the store NAME of the service that `kind` (a static struct
 * tmk_kms_store) describes: tmk_store_NAME, as the table of stores wants it.
 * What iface/store.h hands to a door does not say through which one it came,
 * so that each has functions of its own.
 */
#define TMK_KMS_STORE_DOOR(NAME, kind) \
static bool claims(const char *uri) \
{ \
	return tmk_kms_store_claims(&(kind), uri); \
} \
static int open_key(struct tmk_signer **out, const struct tmk_place *place, \
		    struct tmk_err *err) \
{ \
	return tmk_kms_store_open(out, &(kind), place, err); \
} \
static int list(const struct tmk_place *place, bool login, \
		tmk_key_visit visit, void *ctx, struct tmk_err *err) \
{ \
	(void)login; \
	return tmk_kms_store_list(&(kind), place, visit, ctx, err); \
} \
static int inspect(const struct tmk_place *place, bool login, \
		   struct tmk_key_facts *out, tmk_fact_visit visit, \
		   void *ctx, struct tmk_err *err) \
{ \
	(void)login; \
	return tmk_kms_store_inspect(&(kind), place, out, visit, ctx, err); \
} \
extern const struct tmk_store_ops tmk_store_##NAME; \
const struct tmk_store_ops tmk_store_##NAME = { \
	.name = #NAME, \
	.claims = claims, \
	.open = open_key, \
	.list = list, \
	.generate = tmk_kms_store_generate, \
	.certs = tmk_kms_store_certs, \
	.put_cert = tmk_kms_store_put_cert, \
	.get_data = tmk_kms_store_get_data, \
	.put_data = tmk_kms_store_put_data, \
	.inspect = inspect, \
	.service = true, \
}

/* "RS256", "sha384": the digits of the hash's name. 0 for none of ours. */
int tmk_kms_store_hash_bits(enum tmk_hash hash);

#endif
