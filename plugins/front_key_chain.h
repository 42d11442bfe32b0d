/*
 * front_key_chain.h - the certificates of a key, put in order and made whole.
 *
 * From what the CA answered, what was given beside it, what lies on the token
 * and what was kept before; never from the network. Decides no trust: a chain
 * is whole when it ends below a root that was seen, and what is missing is
 * named. Stacks and what is in them belong to the caller.
 */
#ifndef TMK_PLUGINS_FRONT_KEY_CHAIN_H
#define TMK_PLUGINS_FRONT_KEY_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "base/err.h"
#include "base/opt.h"
#include "iface/store.h"

/* Append references to all of `from` (NULL: none). */
int tmk_front_chain_add(STACK_OF(X509) *to, STACK_OF(X509) *from,
			struct tmk_err *err) TMK_MUST_CHECK;

/* Append the certificates of a file, and of a list of files. */
int tmk_front_chain_add_file(STACK_OF(X509) *to, const char *path,
			     struct tmk_err *err) TMK_MUST_CHECK;
int tmk_front_chain_add_files(STACK_OF(X509) *to,
			      const struct tmk_opt_list *files,
			      struct tmk_err *err) TMK_MUST_CHECK;

/* Append what lies on the token of the place; what is no certificate is passed
 * over. A store that keeps none has none. */
int tmk_front_chain_add_token(STACK_OF(X509) *to,
			      const struct tmk_store_ops *store,
			      const struct tmk_place *place,
			      struct tmk_err *err) TMK_MUST_CHECK;

/*
 * The signing certificate of `spki` among `given` (tmk_sign_order_chain), with
 * its issuers from `given` and `more`, the root left out. TMK_KEY when none
 * fits.
 */
int tmk_front_chain_complete(STACK_OF(X509) **out, STACK_OF(X509) *given,
			     STACK_OF(X509) *more, const uint8_t *spki,
			     size_t len, int64_t now, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Whose certificate the chain lacks: 1 with the name (escaped) and the URL at
 * which the CA says that it is to be had ("" when it does not); 0 when its
 * last issuer is in one of the pools. */
int tmk_front_chain_missing(char *issuer, size_t size, char *url,
			    size_t url_size, STACK_OF(X509) *chain,
			    STACK_OF(X509) *given, STACK_OF(X509) *more);

/*
 * Append to `chain` what `old` (a file; NULL: none) has of the same key: the
 * other certificates that have not expired at `now`, with their issuers, so
 * that whoever renews early can still use both. Returns how many of the key's
 * there are, negative on failure; a file that cannot be read keeps nothing.
 */
int tmk_front_chain_overlap(STACK_OF(X509) *chain, const char *old,
			    const uint8_t *spki, size_t len, int64_t now,
			    struct tmk_err *err) TMK_MUST_CHECK;

#endif
