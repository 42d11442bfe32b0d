/*
 * Embedded certificates: cut out, counted, decoded, and matched with what a
 * SignerInfo says about its signer.
 */
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "seal/cms_read.h"
#include "x509/cert.h"
#include "x509/cert_cache.h"
#include "x509/digest.h"

static bool malformed(struct tmk_verdict *v, const char *what)
{
	return tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED, "%s", what);
}

/* Find serial and issuer in a Certificate (RFC 5280 4.1). */
static bool cut(struct tmk_cms_cert *cert)
{
	struct tmk_ber_cursor c;
	struct tmk_ber e;

	tmk_cms_ber_enter(&c, &cert->der);
	if (!tmk_cms_ber_take(&e, &c, TMK_BER_SEQUENCE))
		return false;
	tmk_cms_ber_enter(&c, &e);
	if (tmk_cms_ber_peek(&c) == TMK_BER_TAGGED(0) &&
	    !tmk_cms_ber_next(&e, &c))
		return false;
	return tmk_cms_ber_take(&cert->serial, &c, TMK_BER_INTEGER) &&
		tmk_cms_ber_take(&e, &c, TMK_BER_SEQUENCE) &&
		tmk_cms_ber_take(&cert->issuer, &c, TMK_BER_SEQUENCE);
}

static bool already(const struct tmk_cms *cms, const struct tmk_ber *der)
{
	int i;

	for (i = 0; i < cms->certs; i++)
		if (tmk_cms_ber_same(&cms->cert[i].der, der))
			return true;
	return false;
}

bool tmk_cms_cert_read(struct tmk_cms *cms, const struct tmk_ber *set,
		       struct tmk_verdict *v)
{
	struct tmk_ber_cursor c;
	struct tmk_cms_cert *cert;
	struct tmk_ber der;
	int n = 0;

	tmk_cms_ber_enter(&c, set);
	while (!tmk_cms_ber_done(&c)) {
		if (++n > TMK_CMS_CERTS_MAX)
			return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED,
						  "more than %d embedded "
						  "certificates",
						  TMK_CMS_CERTS_MAX);
		if (!tmk_cms_ber_take(&der, &c, TMK_BER_SEQUENCE))
			return malformed(v, "what is embedded is no X.509 "
					 "certificate");
		if (der.all_len > TMK_CERT_MAX)
			return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED,
						  "an embedded certificate "
						  "has %zu bytes, more than "
						  "%d", der.all_len,
						  TMK_CERT_MAX);
		if (already(cms, &der))
			continue;
		cert = &cms->cert[cms->certs];
		cert->der = der;
		if (!cut(cert))
			return malformed(v, "an embedded certificate is "
					 "malformed");
		cms->certs++;
	}
	return true;
}

int tmk_cms_cert_decode(struct tmk_cms *cms, struct tmk_verdict *v,
			struct tmk_err *err)
{
	X509 *x509;
	int i;

	for (i = 0; i < cms->certs; i++) {
		x509 = tmk_cert_cache_decode(cms->cert[i].der.all,
					     cms->cert[i].der.all_len);
		if (!x509) {
			malformed(v, "an embedded certificate is malformed");
			return 0;
		}
		if (!sk_X509_push(cms->evidence.bag, x509)) {
			X509_free(x509);
			return tmk_err_nomem(err);
		}
		cms->cert[i].x509 = x509;
	}
	return 0;
}

/* Whether an encoded Name is the certificate's issuer: the same bytes, or the
 * same name in other string types (RFC 5280 7.1). */
static bool same_issuer(const struct tmk_ber *name,
			const struct tmk_cms_cert *cert)
{
	const unsigned char *p = name->all;
	X509_NAME *decoded;
	bool same;

	if (tmk_cms_ber_same(name, &cert->issuer))
		return true;
	ERR_set_mark();
	decoded = d2i_X509_NAME(NULL, &p, (long)name->all_len);
	same = decoded && !X509_NAME_cmp(decoded,
					 X509_get_issuer_name(cert->x509));
	X509_NAME_free(decoded);
	ERR_pop_to_mark();
	return same;
}

static bool fits(const struct tmk_cms_signer *s,
		 const struct tmk_cms_cert *cert)
{
	const ASN1_OCTET_STRING *id;

	if (!s->ski.tag)
		return tmk_cms_ber_same(&s->serial, &cert->serial) &&
			same_issuer(&s->issuer, cert);
	id = X509_get0_subject_key_id(cert->x509);
	return id && (size_t)ASN1_STRING_length(id) == s->ski.len &&
		!memcmp(ASN1_STRING_get0_data(id), s->ski.body, s->ski.len);
}

/* IssuerSerial of RFC 5035: one directoryName, and the serial. */
static bool same_issuer_serial(const struct tmk_ber *seq,
			       const struct tmk_cms_cert *cert)
{
	struct tmk_ber_cursor c, in;
	struct tmk_ber names, serial, tagged, name;

	tmk_cms_ber_enter(&c, seq);
	if (!tmk_cms_ber_take(&names, &c, TMK_BER_SEQUENCE) ||
	    !tmk_cms_ber_take(&serial, &c, TMK_BER_INTEGER) ||
	    !tmk_cms_ber_done(&c))
		return false;
	tmk_cms_ber_enter(&in, &names);
	if (!tmk_cms_ber_take(&tagged, &in, TMK_BER_TAGGED(4)) ||
	    !tmk_cms_ber_done(&in))
		return false;
	tmk_cms_ber_enter(&in, &tagged);
	return tmk_cms_ber_take(&name, &in, TMK_BER_SEQUENCE) &&
		tmk_cms_ber_done(&in) &&
		tmk_cms_ber_same(&serial, &cert->serial) &&
		same_issuer(&name, cert);
}

/* Whether `hash` is the certificate's, by SHA-1 (RFC 2634: a name, not a
 * proof; the signature itself is over SHA-2) or by `alg`. */
static bool same_hash(const struct tmk_ber *hash, enum tmk_hash alg,
		      const struct tmk_cms_cert *cert)
{
	const EVP_MD *md = alg ? tmk_digest_md((int)alg) : EVP_sha1();
	uint8_t own[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	return EVP_Digest(cert->der.all, cert->der.all_len, own, &len, md,
			  NULL) == 1 &&
		len == hash->len && !memcmp(own, hash->body, len);
}

/*
 * SigningCertificate (`v2` false) or SigningCertificateV2 (RFC 5035 sections
 * 5 and 4): the first id names the signer's certificate.
 */
static bool names_cert(const struct tmk_ber *value, bool v2,
		       const struct tmk_cms_cert *cert)
{
	enum tmk_hash alg = v2 ? TMK_SHA256 : (enum tmk_hash)0;
	struct tmk_verdict ignored = TMK_VERDICT_INIT;
	struct tmk_ber_cursor c;
	struct tmk_ber e;

	tmk_cms_ber_enter(&c, value);
	if (!tmk_cms_ber_take(&e, &c, TMK_BER_SEQUENCE))
		return false;
	tmk_cms_ber_enter(&c, &e);
	if (!tmk_cms_ber_take(&e, &c, TMK_BER_SEQUENCE))
		return false;
	tmk_cms_ber_enter(&c, &e);
	if (v2 && tmk_cms_ber_peek(&c) == TMK_BER_SEQUENCE &&
	    !tmk_cms_oid_digest(&alg, &c, &ignored))
		return false;
	if (!tmk_cms_ber_take(&e, &c, TMK_BER_OCTETS) ||
	    !same_hash(&e, alg, cert))
		return false;
	if (tmk_cms_ber_take(&e, &c, TMK_BER_SEQUENCE) &&
	    !same_issuer_serial(&e, cert))
		return false;
	return tmk_cms_ber_done(&c);
}

static bool key_fits(enum tmk_cms_scheme scheme, X509 *x509)
{
	EVP_PKEY *key;
	int id;

	ERR_set_mark();
	key = X509_get0_pubkey(x509);
	ERR_pop_to_mark();
	id = key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE;
	switch (scheme) {
	case TMK_CMS_PKCS1:
		return id == EVP_PKEY_RSA;
	case TMK_CMS_PSS:
		return id == EVP_PKEY_RSA || id == EVP_PKEY_RSA_PSS;
	default:
		return id == EVP_PKEY_EC;
	}
}

bool tmk_cms_cert_match(struct tmk_cms *cms, int i, struct tmk_verdict *v)
{
	struct tmk_cms_signer *s = &cms->signer[i];
	const struct tmk_cms_cert *found = NULL;
	int n;

	for (n = 0; n < cms->certs; n++) {
		if (!fits(s, &cms->cert[n]))
			continue;
		if (found)
			return malformed(v, "two embedded certificates fit "
					 "the signer id");
		found = &cms->cert[n];
	}
	if (!found)
		return true;
	if (!key_fits(s->scheme, found->x509))
		return malformed(v, "the signature algorithm is not that of "
				 "the certificate's key");
	if ((s->ess.tag && !names_cert(&s->ess, false, found)) ||
	    (s->ess2.tag && !names_cert(&s->ess2, true, found)))
		return malformed(v, "the signing-certificate attribute names "
				 "another certificate");
	cms->evidence.signature[i].cert = found->x509;
	return true;
}
