/*
 * front_key.h - from what the user named to a signer with its certificates.
 *
 * What touchmark and touchmark-gpg share on the signing side: KEY may be a
 * configured name, a PKCS#11 URI, a certificate fingerprint (40 hex or
 * sha256:64 hex; a prefix never matches), an OpenPGP fingerprint, an SSH
 * public key or its SHA256: fingerprint, an e-mail or "Name <mail>", or
 * nothing. Two matches are an error that lists both.
 */
#ifndef TMK_PLUGINS_FRONT_KEY_H
#define TMK_PLUGINS_FRONT_KEY_H

#include <stdint.h>

#include <openssl/x509.h>

#include "base/err.h"
#include "core/config.h"
#include "iface/seal.h"
#include "iface/signer.h"
#include "iface/store.h"

struct tmk_front_key {
	char *name;		/* configured name, or the URI as shown */
	struct tmk_signer *signer;
	STACK_OF(X509) *certs;	/* CMS: all that may be the key's */
	STACK_OF(X509) *chain;	/* CMS: leaf first, root left out */
	int place;		/* which of the key's URIs it was */
};

/* How a key is to be opened. Strings are borrowed for the call. */
struct tmk_front_open {
	enum tmk_seal_format format;	/* CMS needs certificates */
	const char *pin_file;		/* --pin-file; or NULL */
	const char *pin_file_env;	/* TOUCHMARK_PIN_FILE; or NULL */
	const char *credentials_dir;	/* CREDENTIALS_DIRECTORY; or NULL */
	const struct tmk_person *person;
	bool shared;		/* in an agent: keep no PIN with the key */
	int only;		/* 1 + the one place to be tried; 0: all */
	bool *elsewhere;	/* set when a failure is that of the place, so
				   that another may be tried; or NULL */
	int64_t now;		/* s since 1970 */
	/* For the record, when a denied key ends it here. */
	const char *requester;	/* NULL: the user of this process */
	const char *what;	/* what it is opened for; NULL: "sign" */
};

/*
 * Open a key that was picked: for CMS its certificate is found and checked
 * (validity, usage, strength, key match) before the token is logged in to. Of
 * several URIs the first that answers is used: a device that is away or broken
 * is passed over; never a PIN that was wrong or not given, nor a place with a
 * key that is not the certificate's. `warning` (size bytes) gets "" or a line
 * about expiry. Everything in *out belongs to the caller.
 */
struct tmk_front_pick;
int tmk_front_key_open(struct tmk_front_key *out,
		       const struct tmk_front_pick *pick,
		       const struct tmk_config *config,
		       const struct tmk_front_open *how, char *warning,
		       size_t size, struct tmk_err *err) TMK_MUST_CHECK;
void tmk_front_key_release(struct tmk_front_key *key);

/* tmk_sign_cert_ok, whose warning then says how the certificate is renewed. */
int tmk_front_key_cert_ok(X509 *leaf, const struct tmk_front_pick *pick,
			  int64_t now, char *warning, size_t size,
			  struct tmk_err *err) TMK_MUST_CHECK;

/*
 * A token that signs what does not verify may simply hold another key than
 * the certificate's, which was not asked for until then. If so, `err` says
 * that instead of what it says now.
 */
void tmk_front_key_explain(const struct tmk_front_key *key,
			   const struct tmk_front_pick *pick,
			   const struct tmk_config *config,
			   struct tmk_err *err);

/* Choose the chain of an opened key anew: time has passed, or its
 * certificates were renewed. As tmk_front_key_open does it. */
int tmk_front_key_rechain(struct tmk_front_key *key,
			  const struct tmk_front_pick *pick,
			  const struct tmk_config *config, int64_t now,
			  char *warning, size_t size, struct tmk_err *err)
	TMK_MUST_CHECK;

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
int tmk_front_key_uri(const char **out, const struct tmk_front_pick *pick,
		      const struct tmk_config *config, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Where a configured key (its i-th uri) is. The strings are borrowed. */
struct tmk_place tmk_front_place(const struct tmk_config *config,
				 const char *uri, const char *pin_file);

#endif
