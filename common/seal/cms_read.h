/*
 * cms_read.h - a CMS SignedData cut into its parts (RFC 5652).
 *
 * What the files of the CMS seal share: one signature as it stands in the
 * input, walked by our own reader and never re-encoded. OpenSSL sees only
 * certificates and the arithmetic. Decides form, not trust.
 *
 * Readers here answer true to go on, and false with the refusal in `v`.
 * Everything points into tmk_cms.der, which lives as long as the evidence.
 */
#ifndef TMK_SEAL_CMS_READ_H
#define TMK_SEAL_CMS_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "base/clock.h"
#include "iface/seal.h"
#include "iface/verdict.h"
#include "seal/cms_ber.h"
#include "seal/cms_oid.h"
#include "x509/cert_set.h"

#define TMK_CMS_CERTS_MAX 64	/* embedded; a policy may allow fewer */
#define TMK_CMS_ATTRS_MAX 64	/* signed or unsigned, of one SignerInfo */
#define TMK_CMS_VALUE_MAX 2048	/* bytes of a signature: RSA-16384 */

/* One embedded certificate. Issuer and serial are cut out of the DER, so that
 * most never need decoding to be ruled out. */
struct tmk_cms_cert {
	struct tmk_ber der;
	struct tmk_ber issuer;
	struct tmk_ber serial;
	X509 *x509;		/* borrowed from the bag */
};

enum tmk_cms_scheme {
	TMK_CMS_PKCS1 = 1,
	TMK_CMS_PSS,
	TMK_CMS_ECDSA
};

/* What a SignerInfo says beyond struct tmk_signature. */
struct tmk_cms_signer {
	struct tmk_ber issuer;	/* with serial; or tag 0 */
	struct tmk_ber serial;
	struct tmk_ber ski;	/* subjectKeyIdentifier; or tag 0 */
	struct tmk_ber attrs;	/* signedAttrs, strict DER, tagged [0] */
	struct tmk_ber ess;	/* SigningCertificate value; or tag 0 */
	struct tmk_ber ess2;	/* SigningCertificateV2 value; or tag 0 */
	enum tmk_cms_scheme scheme;
	int salt;		/* PSS salt length, bytes */
};

struct tmk_cms {
	struct tmk_evidence evidence;	/* first: free() gets this address */
	uint8_t *der;			/* the input, copied */
	size_t len;
	struct tmk_cms_signer signer[TMK_SIGNATURES_MAX];
	struct tmk_cms_cert cert[TMK_CMS_CERTS_MAX];
	int certs;			/* without those given twice */
	struct tmk_cert_set *set;	/* whose bag evidence.bag is; or NULL */
};

/* ContentInfo down to the SignerInfos (cms_read.c). The input has been
 * scanned and fills cms->der. */
bool tmk_cms_read_all(struct tmk_cms *cms, size_t len, struct tmk_verdict *v);

/* The signed attributes of one SignerInfo (cms_attr.c): fills digest,
 * claimed_time and the signing-certificate values. */
bool tmk_cms_attr_signed(struct tmk_signature *sig,
			 struct tmk_cms_signer *signer, struct tmk_verdict *v);

/* The unsigned ones: timestamp tokens, revocation values; others are passed
 * over. */
bool tmk_cms_attr_unsigned(struct tmk_signature *sig,
			   const struct tmk_ber *attrs,
			   struct tmk_verdict *v);

/* The signature algorithm at the cursor (cms_algor.c): fills the scheme. */
bool tmk_cms_algor_read(struct tmk_cms_signer *signer, enum tmk_hash hash,
			struct tmk_ber_cursor *c, struct tmk_verdict *v);

/* The embedded certificates (cms_cert.c): cut, bounded, each kept once. */
bool tmk_cms_cert_read(struct tmk_cms *cms, const struct tmk_ber *set,
		       struct tmk_verdict *v);

/* Decode what tmk_cms_cert_read cut out, into evidence.bag. Returns 0 with v
 * telling, negative (TMK_INTERNAL) when memory ends. */
int tmk_cms_cert_decode(struct tmk_cms *cms, struct tmk_verdict *v,
			struct tmk_err *err) TMK_MUST_CHECK;

/*
 * The exact profile of the tools that sign for git (cms_fast.c): strict DER
 * throughout, one SignerInfo by issuer and serial number, its certificate
 * embedded, RSA with PKCS#1 v1.5 or ECDSA. True when all of cms->der is that,
 * has been read and its certificate matched, with exactly what the readers
 * above would have found; false says nothing, and `cms` can only be freed.
 */
bool tmk_cms_fast_read(struct tmk_cms *cms);

/* Find the one certificate that signature `i` names: sets sig->cert, or leaves
 * NULL when none is embedded. Two that fit, a key of another algorithm, and
 * signing-certificate attributes that name another one are refused. */
bool tmk_cms_cert_match(struct tmk_cms *cms, int i, struct tmk_verdict *v);

/*
 * From a ContentInfo (RFC 5652 section 3) that was read before to its content
 * type and the SignedData in it, for what writes it anew (cms_find.c). Both
 * are borrowed from cms->der. False when they are not there, which is then our
 * own fault.
 */
bool tmk_cms_find_data(struct tmk_ber *type, struct tmk_ber *data,
		       const struct tmk_cms *cms);

/* seal.h: make and check of this seal (cms_make.c, cms_check.c). */
int tmk_cms_make(const struct tmk_seal_request *request, struct tmk_buf *out,
		 struct tmk_err *err) TMK_MUST_CHECK;
int tmk_cms_check(const struct tmk_evidence *evidence, int i, EVP_PKEY *key,
		  const uint8_t *digest, size_t digest_len,
		  struct tmk_verdict *v, struct tmk_err *err) TMK_MUST_CHECK;

/* seal.h: the same with other timestamps (cms_stamp.c). */
int tmk_cms_stamp(const struct tmk_evidence *evidence,
		  const struct tmk_stamp_change *change, struct tmk_buf *out,
		  struct tmk_err *err) TMK_MUST_CHECK;

/* seal.h: with the signers of another one (cms_add.c). */
int tmk_cms_add(const struct tmk_evidence *evidence,
		const struct tmk_evidence *other, struct tmk_buf *out,
		struct tmk_err *err) TMK_MUST_CHECK;

/*
 * Whether `value` is `key`'s signature of `digest` (cms_check.c); `salt` is for
 * PSS alone. 1 yes, 0 no, negative (TMK_INTERNAL) when it could not be tried.
 * Leaves OpenSSL's error queue as it was found.
 */
int tmk_cms_check_value(EVP_PKEY *key, enum tmk_cms_scheme scheme, int salt,
			enum tmk_hash hash, const uint8_t *digest,
			size_t digest_len, const uint8_t *value,
			size_t value_len, struct tmk_err *err) TMK_MUST_CHECK;

#endif
