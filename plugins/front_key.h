/*
 * front_key.h - from what the user named to a signer with its certificates.
 *
 * What touchmark and touchmark-gpg share on the signing side: KEY may be a
 * configured name, a PKCS#11 URI, a certificate fingerprint (40 hex or
 * sha256:64 hex; a prefix never matches), an e-mail or "Name <mail>", or
 * nothing. Two matches are an error that lists both.
 */
#ifndef TMK_PLUGINS_FRONT_KEY_H
#define TMK_PLUGINS_FRONT_KEY_H

#include <stdint.h>

#include <openssl/x509.h>

#include "base/err.h"
#include "core/config.h"
#include "iface/signer.h"
#include "iface/store.h"

struct tmk_front_key {
	char *name;		/* configured name, or the URI */
	struct tmk_signer *signer;
	STACK_OF(X509) *chain;	/* leaf first, root left out */
};

/*
 * Find the key and its certificates, check the certificate (validity, usage,
 * strength, key match) before the token is logged in to, then open the
 * signer. `pin_file` may be NULL. `warning` (size bytes) gets "" or a line
 * about expiry. Everything in *out belongs to the caller.
 */
int tmk_front_key_open(struct tmk_front_key *out,
		       const struct tmk_config *config, const char *key,
		       const char *pin_file, int64_t now,
		       char *warning, size_t size, struct tmk_err *err)
	TMK_MUST_CHECK;
void tmk_front_key_release(struct tmk_front_key *key);

/* Whether `key` names one of our keys (so that touchmark-gpg may hand
 * anything else to the real gpg): 1 yes, 0 no, negative on error. The token
 * is not logged in to. */
int tmk_front_key_known(const struct tmk_config *config, const char *key,
			struct tmk_err *err) TMK_MUST_CHECK;

/* The store that understands a URI; NULL with TMK_USAGE when none does. */
const struct tmk_store_ops *tmk_front_store(const char *uri,
					    struct tmk_err *err);

/*
 * One of the key's places: the first whose token is there. A key that answers
 * is the key: nothing falls over to the next place after that, least of all
 * when a PIN was wrong. *out is borrowed from `pick`; `err` names the key.
 */
struct tmk_front_pick;
int tmk_front_key_uri(const char **out, const struct tmk_front_pick *pick,
		      const struct tmk_config *config, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Where a configured key (its i-th uri) is. The strings are borrowed. */
struct tmk_place tmk_front_place(const struct tmk_config *config,
				 const char *uri, const char *pin_file);

#endif
