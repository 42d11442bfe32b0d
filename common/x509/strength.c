#include "x509/strength.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>

bool tmk_strength_digest_ok(int nid)
{
	switch (nid) {
	case NID_sha256:
	case NID_sha384:
	case NID_sha512:
	case NID_sha512_256:
	case NID_sha3_256:
	case NID_sha3_384:
	case NID_sha3_512:
		return true;
	default:
		return false;
	}
}

/* The digest of an RSASSA-PSS signature stands in its parameters (RFC 4055
 * 3.1), where absent means SHA-1. */
static bool pss_ok(const X509_ALGOR *alg)
{
	RSA_PSS_PARAMS *pss;
	const ASN1_OBJECT *oid = NULL;
	const void *param = NULL;
	bool good = false;
	int type = 0;

	X509_ALGOR_get0(NULL, &type, &param, alg);
	if (type != V_ASN1_SEQUENCE)
		return false;
	ERR_set_mark();
	pss = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(RSA_PSS_PARAMS),
					alg->parameter);
	if (pss && pss->hashAlgorithm) {
		X509_ALGOR_get0(&oid, NULL, NULL, pss->hashAlgorithm);
		good = tmk_strength_digest_ok(OBJ_obj2nid(oid));
	}
	RSA_PSS_PARAMS_free(pss);
	ERR_pop_to_mark();
	return good;
}

bool tmk_strength_algorithm_ok(const X509_ALGOR *alg)
{
	const ASN1_OBJECT *oid = NULL;
	int nid, digest = NID_undef, key = NID_undef;

	X509_ALGOR_get0(&oid, NULL, NULL, alg);
	nid = OBJ_obj2nid(oid);
	if (nid == NID_ED25519)
		return true;
	if (nid == NID_rsassaPss)
		return pss_ok(alg);
	if (OBJ_find_sigid_algs(nid, &digest, &key) != 1)
		return false;
	return tmk_strength_digest_ok(digest);
}

bool tmk_strength_cert_ok(X509 *cert)
{
	const X509_ALGOR *alg = NULL;

	X509_get0_signature(NULL, &alg, cert);
	return alg && tmk_strength_algorithm_ok(alg);
}

bool tmk_strength_crl_ok(X509_CRL *crl)
{
	const X509_ALGOR *alg = NULL;

	X509_CRL_get0_signature(crl, NULL, &alg);
	return alg && tmk_strength_algorithm_ok(alg);
}
