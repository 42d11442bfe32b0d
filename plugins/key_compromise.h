/*
 * key_compromise.h - a key that is lost: which public keys it is, what its CA
 * must be told, and what it ever signed.
 *
 * The parts of `touchmark key compromise`. They read and print; the denial is
 * front_denied.h. Nobody here needs the token: what cannot be reached is
 * passed over. Texts from outside are escaped. What is in struct
 * tmk_compromise belongs to it.
 */
#ifndef TMK_PLUGINS_KEY_COMPROMISE_H
#define TMK_PLUGINS_KEY_COMPROMISE_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/config.h"
#include "plugins/front_pick.h"
#include "plugins/front_spki.h"

#define TMK_COMPROMISE_KEYS_MAX 16

/* One public key behind the name: a name should have one, but what stands
 * under it in a file, in tokens and on other hosts may differ. */
struct tmk_compromise_key {
	struct tmk_buf spki;	/* DER; empty: only the fingerprint is known */
	char sha256[TMK_FRONT_SPKI_HEX];	/* as it is spelt everywhere */
	char from[256];		/* where it was found, escaped */
};

struct tmk_compromise {
	const struct tmk_config *config;	/* borrowed */
	const char *name;	/* borrowed */
	const struct tmk_front_pick *pick;	/* borrowed; NULL: not a
						   configured key */
	struct tmk_compromise_key key[TMK_COMPROMISE_KEYS_MAX];
	int keys;
	STACK_OF(X509) *certs;	/* of these keys, each once */
	int64_t created;	/* of the OpenPGP key; TMK_TIME_NONE */
	bool json;
};

/* Start with nothing found. */
void tmk_compromise_init(struct tmk_compromise *c);
/* Free what was found. */
void tmk_compromise_release(struct tmk_compromise *c);

/* Find the keys and certificates of c->pick: in its file, in the agent, in
 * every place. What is away is told on standard error. Fails with
 * TMK_INTERNAL alone; none found is no failure. */
int tmk_compromise_find(struct tmk_compromise *c, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Add the key in a file: a certificate, a public key (PEM or DER), or an SSH
 * public key line. Fails with TMK_INPUT. */
int tmk_compromise_add_file(struct tmk_compromise *c, const char *path,
			    struct tmk_err *err) TMK_MUST_CHECK;

/* Add a key of which only the fingerprint is known: "sha256:" and 64 hex
 * digits, as the record of uses has it. Fails with TMK_USAGE. */
int tmk_compromise_add_hash(struct tmk_compromise *c, const char *text,
			    struct tmk_err *err) TMK_MUST_CHECK;

/* Print what the CA needs, and how the key is called elsewhere. */
int tmk_compromise_tell_certs(const struct tmk_compromise *c,
			      struct tmk_err *err) TMK_MUST_CHECK;

/* Print everything that the record says it signed. *code gets what the record
 * deserves: 0, TMK_REFUSED when its chain breaks, TMK_INPUT when it cannot be
 * read. Fails with TMK_INTERNAL, or TMK_INPUT when nothing can be printed. */
int tmk_compromise_tell_uses(const struct tmk_compromise *c, int *code,
			     struct tmk_err *err) TMK_MUST_CHECK;

/* Print what has to be done now. */
int tmk_compromise_tell_steps(const struct tmk_compromise *c,
			      struct tmk_err *err) TMK_MUST_CHECK;

#endif
