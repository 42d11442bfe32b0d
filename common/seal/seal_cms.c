/*
 * The table entry of the CMS seal, and the life of what it reads. Reading is
 * split by topic into cms_read.c (structure), cms_attr.c, cms_algor.c and
 * cms_cert.c, the usual form by cms_fast.c; cms_check.c verifies, cms_make.c
 * makes, cms_stamp.c stamps later, cms_add.c adds signers.
 */
#include <stdlib.h>
#include <string.h>

#include "iface/seal.h"
#include "seal/cms_read.h"
#include "x509/fast.h"
#include "x509/strict.h"

#define LARGE_RSA 7680		/* bits from which RSA matches SHA-384 */

extern const struct tmk_seal_ops tmk_seal_cms;

static void cms_free(struct tmk_evidence *evidence)
{
	struct tmk_cms *cms = evidence->priv;

	if (cms->set)
		tmk_cert_set_free(cms->set);	/* the bag is its */
	else
		sk_X509_pop_free(evidence->bag, X509_free);
	free(cms->der);
	free(cms);
}

static struct tmk_cms *cms_new(const uint8_t *der, size_t len)
{
	struct tmk_cms *cms = calloc(1, sizeof(*cms));

	if (!cms)
		return NULL;
	cms->evidence.ops = &tmk_seal_cms;
	cms->evidence.format = TMK_FORMAT_X509;
	cms->evidence.priv = cms;
	cms->der = malloc(len);
	cms->evidence.bag = sk_X509_new_null();
	if (!cms->der || !cms->evidence.bag) {
		cms_free(&cms->evidence);
		return NULL;
	}
	memcpy(cms->der, der, len);
	cms->len = len;
	return cms;
}

/* Size and nesting, before anything is allocated or handed on. */
static bool bounded(const uint8_t *der, size_t len, struct tmk_verdict *v)
{
	enum tmk_ber_result rc;
	size_t used = 0;

	if (len > TMK_SEAL_MAX)
		return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED,
					  "the signature has %zu bytes, more "
					  "than %d", len, TMK_SEAL_MAX);
	rc = len ? tmk_cms_ber_scan(&used, der, len, false) :
		TMK_BER_MALFORMED;
	if (rc == TMK_BER_TOO_DEEP)
		return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED,
					  "the signature is nested deeper "
					  "than %d levels", TMK_BER_DEPTH);
	if (rc != TMK_BER_OK)
		return tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED,
					  "the signature is no whole CMS");
	if (used != len)
		return tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED,
					  "%zu bytes follow the signature",
					  len - used);
	return true;
}

/* Whether the bytes may be the usual form: one SEQUENCE of DER. */
static bool begins(const uint8_t *der, size_t len)
{
	struct tmk_strict_cursor c;
	struct tmk_strict e;

	tmk_strict_start(&c, der, len);
	return tmk_strict_take(&e, &c, TMK_STRICT_SEQUENCE) &&
		tmk_strict_done(&c);
}

/* NULL: it is another form, or there is no memory; ask the long way. */
static struct tmk_evidence *parse_fast(const uint8_t *der, size_t len)
{
	struct tmk_cms *cms;

	if (!tmk_fast() || len > TMK_SEAL_MAX || !begins(der, len))
		return NULL;
	cms = cms_new(der, len);
	if (cms && tmk_cms_fast_read(cms))
		return &cms->evidence;
	if (cms)
		cms_free(&cms->evidence);
	return NULL;
}

static int cms_parse(struct tmk_evidence **out, const uint8_t *der, size_t len,
		     struct tmk_verdict *v, struct tmk_err *err)
{
	struct tmk_cms *cms = NULL;
	int i, rc = 0;

	*out = parse_fast(der, len);
	if (*out)
		return 0;
	if (!bounded(der, len, v))
		return 0;
	cms = cms_new(der, len);
	if (!cms)
		return tmk_err_nomem(err);
	if (!tmk_cms_read_all(cms, len, v))
		goto out;
	rc = tmk_cms_cert_decode(cms, v, err);
	if (rc || v->reason != TMK_GOOD)
		goto out;
	for (i = 0; i < cms->evidence.signatures; i++)
		if (!tmk_cms_cert_match(cms, i, v))
			goto out;
	*out = &cms->evidence;
	cms = NULL;
out:
	if (cms)
		cms_free(&cms->evidence);
	return rc;
}

/* The digest of the certificate's key, as core/sign.h gives it. */
static enum tmk_hash cms_hash(const struct tmk_signer *signer)
{
	if (signer->algorithm == TMK_KEY_RSA)
		return signer->only ? signer->only :
			signer->bits >= LARGE_RSA ? TMK_SHA384 : TMK_SHA256;
	return signer->bits <= 256 ? TMK_SHA256 :
		signer->bits <= 384 ? TMK_SHA384 : TMK_SHA512;
}

const struct tmk_seal_ops tmk_seal_cms = {
	.name = "cms",
	.suffix = ".p7s",
	.armour = "SIGNED MESSAGE",
	.format = TMK_FORMAT_X509,
	.hash = cms_hash,
	.make = tmk_cms_make,
	.parse = cms_parse,
	.check = tmk_cms_check,
	.stamp = tmk_cms_stamp,
	.add = tmk_cms_add,
	.free = cms_free,
};
