/*
 * cert_set.h - the certificates that come along with signatures, decoded once.
 *
 * A history is signed and stamped by few; what stands in the certificates
 * field of one signature stands there in the next, byte for byte. Decoding it
 * costs more than all else, so that the last sets are kept and shared, found
 * by all of their bytes. A set is read strictly (strict.h), is never changed
 * after it was made, and holds what is asked of its certificates each time.
 * Decides nothing about trust. What is not a set of the usual form has none:
 * NULL, and the long way. Internal to the fast path.
 */
#ifndef TMK_X509_CERT_SET_H
#define TMK_X509_CERT_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "x509/strict.h"

#define TMK_CERT_SET_MAX 16		/* certificates in one */
#define TMK_CERT_SET_BYTES 8192		/* of one; larger ones are rare */

/* One certificate. */
struct tmk_cert_set_item {
	struct tmk_strict der;
	struct tmk_strict issuer;
	struct tmk_strict subject;
	struct tmk_strict serial;
	X509 *x509;		/* belongs to the bag */
	bool stamps;		/* tmk_usage_tsa_ok */
	char name[256];		/* tmk_cert_subject */
};

struct tmk_cert_set {
	int references;		/* guarded by the cache's lock */
	uint8_t *der;		/* what the items point into */
	size_t len;
	STACK_OF(X509) *bag;	/* in the order of the items */
	struct tmk_cert_set_item item[TMK_CERT_SET_MAX];
	int items;
};

/*
 * The set of these bytes: certificates one after the other, all different, as
 * they stand inside a SignedData's [0] (RFC 5652 5.1). NULL for anything else,
 * and without memory. The caller gives it back with tmk_cert_set_free.
 */
struct tmk_cert_set *tmk_cert_set_get(const uint8_t *der, size_t len);

/* NULL is fine. */
void tmk_cert_set_free(struct tmk_cert_set *set);

/* The only one with this issuer and serial number, as bytes; NULL when there
 * is none, and when another one has the same serial number. */
const struct tmk_cert_set_item *
tmk_cert_set_find(const struct tmk_cert_set *set,
		  const struct tmk_strict *issuer,
		  const struct tmk_strict *serial);

#endif
