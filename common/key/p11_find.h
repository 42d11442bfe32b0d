/*
 * p11_find.h - keys on a token: finding them, and reading what is public.
 *
 * Raw C_FindObjects: libp11's enumeration fails as a whole when the token
 * holds one key of a type it does not know, and reads every object there is.
 * No secret attribute is ever asked for. All functions but one run on the
 * worker.
 * Fails with TMK_KEY.
 */
#ifndef TMK_KEY_P11_FIND_H
#define TMK_KEY_P11_FIND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "iface/store.h"
#include "key/p11.h"

/* Whether the token shows a public key for its URI that is another than this
 * one (SubjectPublicKeyInfo, DER): 1 yes; 0 no, or it shows none or several;
 * negative when the module does not come back. From outside of the worker. */
int tmk_p11_shows_other(struct tmk_p11 **p, const uint8_t *spki, size_t len,
			struct tmk_err *err) TMK_MUST_CHECK;

/* Yes-or-no attributes, in the order of struct tmk_p11_key.flag. */
enum tmk_p11_flag {
	TMK_P11_SIGN = 0,
	TMK_P11_ALWAYS_AUTHENTICATE,
	TMK_P11_SENSITIVE,
	TMK_P11_ALWAYS_SENSITIVE,
	TMK_P11_EXTRACTABLE,
	TMK_P11_NEVER_EXTRACTABLE,
	TMK_P11_LOCAL,
	TMK_P11_DECRYPT,
	TMK_P11_UNWRAP,
	TMK_P11_MODIFIABLE,
	TMK_P11_FLAGS
};

/* Big enough that a value as long as the field is none of ours. */
struct tmk_p11_key {
	CK_OBJECT_HANDLE handle;
	CK_OBJECT_CLASS class;
	CK_KEY_TYPE type;	/* (CK_KEY_TYPE)-1: not told */
	uint8_t id[65];
	size_t id_len;
	uint8_t label[257];	/* not closed by a NUL */
	size_t label_len;
	uint8_t modulus[1025];	/* TMK_SIGNATURE_MAX and one more */
	size_t modulus_len;
	uint8_t exponent[33];
	size_t exponent_len;
	uint8_t params[33];	/* CKA_EC_PARAMS */
	size_t params_len;
	uint8_t point[161];	/* CKA_EC_POINT */
	size_t point_len;
	enum tmk_tristate flag[TMK_P11_FLAGS];
};

/* The handles of at most `max` objects that match; *n gets how many. */
int tmk_p11_search(struct tmk_p11 *p, CK_ATTRIBUTE *template, CK_ULONG len,
		   CK_OBJECT_HANDLE *out, size_t max, size_t *n,
		   struct tmk_err *err) TMK_MUST_CHECK;

/* The keys of `class` (CKO_PRIVATE_KEY or CKO_PUBLIC_KEY) with this id (all
 * when id_len is 0) and label (all when NULL). */
int tmk_p11_search_keys(struct tmk_p11 *p, CK_OBJECT_CLASS class,
			const uint8_t *id, size_t id_len, const char *label,
			CK_OBJECT_HANDLE *out, size_t max, size_t *n,
			struct tmk_err *err) TMK_MUST_CHECK;

/* Read a key's public facts, in one module call where the module does as
 * PKCS#11 says; `all` asks for every flag, else for the first two. */
int tmk_p11_read_key(struct tmk_p11 *p, struct tmk_p11_key *key,
		     CK_OBJECT_HANDLE handle, CK_OBJECT_CLASS class, bool all,
		     struct tmk_err *err) TMK_MUST_CHECK;

/* What kind of key it is; -1 for one that cannot be used here. */
int tmk_p11_key_algorithm(const struct tmk_p11_key *key,
			  enum tmk_algorithm *algorithm) TMK_MUST_CHECK;

/*
 * Append the SubjectPublicKeyInfo of a key. What the private object does not
 * tell is looked for in the public object with the same id, then in a
 * certificate with it. 0 with it, 1 when the token does not have it, negative
 * for a key of a kind that cannot be used here.
 */
int tmk_p11_key_spki(struct tmk_p11 *p, const struct tmk_p11_key *key,
		     enum tmk_algorithm *algorithm, unsigned int *bits,
		     struct tmk_buf *spki, struct tmk_err *err)
	TMK_MUST_CHECK;

/* The URI of a key on the token in use; `out` has `size` bytes. Returns
 * `out`, "" when it does not fit. */
char *tmk_p11_key_uri(char *out, size_t size, const struct tmk_p11 *p,
		      const struct tmk_p11_key *key);

/* Everything a listing shows. `info` was initialised by the caller. Returns
 * as tmk_p11_key_spki; also filled (without spki) when it returns 1. */
int tmk_p11_key_info(struct tmk_p11 *p, const struct tmk_p11_key *key,
		     struct tmk_key_info *info, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
