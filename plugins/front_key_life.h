/*
 * front_key_life.h - what birth, adoption, change of PIN and end of a key have
 * in common.
 *
 * Which sections of the configuration mean the same key, whether a person
 * meant what he asked for, and where certificates are kept. Fails with
 * TMK_USAGE or TMK_KEY. Prints nothing but a prompt.
 */
#ifndef TMK_PLUGINS_FRONT_KEY_LIFE_H
#define TMK_PLUGINS_FRONT_KEY_LIFE_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "base/err.h"
#include "core/config.h"
#include "iface/signer.h"
#include "iface/store.h"

#define TMK_LIFE_HEX 65		/* a SHA-256 in hex, and NUL */

/* SHA-256 of a SubjectPublicKeyInfo in hex. */
int tmk_front_life_hash(char out[TMK_LIFE_HEX], const uint8_t *spki,
			size_t len, struct tmk_err *err) TMK_MUST_CHECK;

/*
 * The configured keys that are this public key, whatever they are called: by
 * their certificate where one is configured, else as their tokens show it
 * without a login. `visit` gets each section once; negative ends it with that.
 * What cannot be looked at is passed over.
 */
int tmk_front_life_sections(const struct tmk_config *config,
			    const uint8_t *spki, size_t len,
			    int (*visit)(void *ctx,
					 const struct tmk_key_config *section,
					 struct tmk_err *err),
			    void *ctx, struct tmk_err *err) TMK_MUST_CHECK;

/*
 * Whether the person at the terminal types `name` after he was told `what`
 * will happen: 0. Else TMK_USAGE; where nobody can be asked the hint names
 * --yes.
 */
int tmk_front_life_typed(const char *name, const char *what,
			 struct tmk_err *err) TMK_MUST_CHECK;

/* The URI of the token of this label, with the way to it: an embedded token
 * that keeps its PIN in a file of its own is opened with that. `module` and
 * `pin_file` may be NULL. *out belongs to the caller. */
int tmk_front_life_token(char **out, const char *label, const char *module,
			 const char *pin_file, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Write a chain, leaf first, to NAME-chain.pem beside the configuration. *path
 * belongs to the caller; what follows its last '/' goes into the section. */
int tmk_front_life_keep_chain(char **path, const char *name,
			      STACK_OF(X509) *chain, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Have the key sign for its certificate, and check it (core/issue.h); the
 * same text each time where `section` (NULL: none) asks for approvals. */
int tmk_front_life_prove(X509 *leaf, struct tmk_signer *signer,
			 const struct tmk_key_config *section,
			 struct tmk_err *err) TMK_MUST_CHECK;

#endif
