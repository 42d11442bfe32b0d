/*
 * cms_oid.h - the object identifiers that a CMS signature may name, by their
 * encoded bytes.
 *
 * A closed list: what is not in it has no number here and is refused or passed
 * over by whoever asked. Decides nothing; nothing to free.
 */
#ifndef TMK_SEAL_CMS_OID_H
#define TMK_SEAL_CMS_OID_H

#include <stddef.h>

#include "iface/signer.h"
#include "iface/verdict.h"
#include "seal/cms_ber.h"

enum tmk_cms_oid {
	TMK_OID_UNKNOWN = 0,
	/* content types, RFC 5652 sections 4 and 5.1 */
	TMK_OID_DATA,
	TMK_OID_SIGNED_DATA,
	/* attributes, RFC 5652 section 11, RFC 5035, RFC 3161 appendix A */
	TMK_OID_CONTENT_TYPE,
	TMK_OID_MESSAGE_DIGEST,
	TMK_OID_SIGNING_TIME,
	TMK_OID_SIGNING_CERT,
	TMK_OID_SIGNING_CERT_V2,
	TMK_OID_TIMESTAMP,
	TMK_OID_REVOCATION,	/* RFC 5126 6.3.4 */
	/* digests, RFC 5754 section 2 and what is too weak to be one of them */
	TMK_OID_SHA256,
	TMK_OID_SHA384,
	TMK_OID_SHA512,
	TMK_OID_DIGEST_REFUSED,
	/* signatures, RFC 5754 section 3, RFC 4056, RFC 5753 */
	TMK_OID_RSA,
	TMK_OID_RSA_PSS,
	TMK_OID_MGF1,
	TMK_OID_RSA_SHA256,
	TMK_OID_RSA_SHA384,
	TMK_OID_RSA_SHA512,
	TMK_OID_EC_KEY,
	TMK_OID_ECDSA_SHA256,
	TMK_OID_ECDSA_SHA384,
	TMK_OID_ECDSA_SHA512,
	TMK_OID_SIGNATURE_REFUSED	/* with a digest that is refused */
};

#define TMK_OID_TEXT 96		/* bytes that tmk_cms_oid_text needs */

/* Which one an OBJECT IDENTIFIER element is. */
enum tmk_cms_oid tmk_cms_oid_find(const struct tmk_ber *oid);

/* Dotted numbers (or OpenSSL's short name) into `out`, TMK_OID_TEXT bytes; for
 * messages. Returns `out`. */
char *tmk_cms_oid_text(char *out, const struct tmk_ber *oid);

/* The hash a digest's or a signature's identifier stands for; 0 when it stands
 * for none. */
enum tmk_hash tmk_cms_oid_hash(enum tmk_cms_oid oid);

/* Cut an AlgorithmIdentifier (RFC 5280 4.1.1.2) at the cursor: its OID and its
 * parameters (tag 0 when absent). */
bool tmk_cms_oid_algorithm(struct tmk_ber *oid, struct tmk_ber *params,
			   struct tmk_ber_cursor *c);

/*
 * Read a digest's AlgorithmIdentifier at the cursor, parameters absent or
 * NULL. True with *hash set; false with the refusal in `v`: digest-weak for
 * what is known to be no SHA-2 of at least 256 bits, else
 * signature-malformed.
 */
bool tmk_cms_oid_digest(enum tmk_hash *hash, struct tmk_ber_cursor *c,
			struct tmk_verdict *v);

#endif
