#include "x509/tst_token.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ess.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "x509/digest.h"
#include "x509/strength.h"

static bool bad(char *why, size_t size, const char *text)
{
	snprintf(why, size, "%s", text);
	return false;
}

static bool two_digits(int *out, const char *p)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return false;
	*out = (p[0] - '0') * 10 + p[1] - '0';
	return true;
}

bool tmk_tst_token_time(int64_t *out, const uint8_t *text, size_t size)
{
	static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };
	const char *p = (const char *)text;
	int len = (int)size, part[7], i, year;

	if (size < 15 || size > 40 || p[len - 1] != 'Z')
		return false;
	for (i = 0; i < 7; i++)
		if (!two_digits(&part[i], p + 2 * i))
			return false;
	year = part[0] * 100 + part[1];
	if (year < 1970 || part[2] < 1 || part[2] > 12 || part[3] < 1 ||
	    part[3] > days[part[2] - 1] || part[4] > 23 || part[5] > 59 ||
	    part[6] > 59)
		return false;
	if (part[2] == 2 && part[3] == 29 &&
	    (year % 4 || (year % 100 == 0 && year % 400)))
		return false;
	if (len > 15 && (p[14] != '.' || len == 16 || p[len - 2] == '0'))
		return false;
	for (i = 15; i < len - 1; i++)
		if (p[i] < '0' || p[i] > '9')
			return false;
	*out = tmk_clock_from_civil(year, part[2], part[3], part[4], part[5],
				    part[6]);
	return true;
}

static bool read_imprint(struct tmk_tst_token *t, char *why, size_t size)
{
	TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(t->info);
	const ASN1_OBJECT *oid = NULL;
	const ASN1_OCTET_STRING *msg;
	int nid;

	X509_ALGOR_get0(&oid, NULL, NULL, TS_MSG_IMPRINT_get_algo(imprint));
	nid = OBJ_obj2nid(oid);
	t->hash = tmk_digest_from_nid(nid);
	msg = TS_MSG_IMPRINT_get_msg(imprint);
	t->imprint = ASN1_STRING_get0_data(msg);
	t->imprint_len = (size_t)ASN1_STRING_length(msg);
	if (!t->hash) {
		snprintf(why, size, "its imprint is made with %s, not with "
			 "SHA-256, SHA-384 or SHA-512", OBJ_nid2sn(nid));
		return false;
	}
	if (t->imprint_len != (size_t)EVP_MD_get_size(tmk_digest_md(t->hash)))
		return bad(why, size, "its imprint has the wrong length");
	return true;
}

/* The TSTInfo (RFC 3161 2.4.2) inside the content. */
static bool read_info(struct tmk_tst_token *t, const ASN1_OCTET_STRING *content,
		      char *why, size_t size)
{
	const unsigned char *p = ASN1_STRING_get0_data(content);
	const unsigned char *end = p + ASN1_STRING_length(content);
	const ASN1_GENERALIZEDTIME *time;
	STACK_OF(X509_EXTENSION) *exts;
	int i;

	t->info = d2i_TS_TST_INFO(NULL, &p, ASN1_STRING_length(content));
	if (!t->info || p != end)
		return bad(why, size, "its TSTInfo cannot be read");
	if (TS_TST_INFO_get_version(t->info) != 1)
		return bad(why, size, "its TSTInfo is not of version 1");
	time = TS_TST_INFO_get_time(t->info);
	if (!tmk_tst_token_time(&t->time, ASN1_STRING_get0_data(time),
				(size_t)ASN1_STRING_length(time)))
		return bad(why, size, "its genTime is malformed");
	exts = TS_TST_INFO_get_exts(t->info);
	for (i = 0; i < sk_X509_EXTENSION_num(exts); i++)
		if (X509_EXTENSION_get_critical(
			    sk_X509_EXTENSION_value(exts, i)))
			return bad(why, size,
				   "its TSTInfo has a critical extension");
	return read_imprint(t, why, size);
}

/* Digest and signature algorithm of the SignerInfo, before any arithmetic. */
static bool algorithms_ok(struct tmk_tst_token *t, char *why, size_t size)
{
	X509_ALGOR *digest = NULL, *signature = NULL;
	const ASN1_OBJECT *oid = NULL;
	int nid;

	CMS_SignerInfo_get0_algs(t->si, NULL, NULL, &digest, &signature);
	X509_ALGOR_get0(&oid, NULL, NULL, digest);
	nid = OBJ_obj2nid(oid);
	if (!tmk_digest_from_nid(nid)) {
		snprintf(why, size, "it is signed with %s, not with SHA-256, "
			 "SHA-384 or SHA-512", OBJ_nid2sn(nid));
		return false;
	}
	X509_ALGOR_get0(&oid, NULL, NULL, signature);
	nid = OBJ_obj2nid(oid);
	if (nid != NID_rsaEncryption && !tmk_strength_algorithm_ok(signature)) {
		snprintf(why, size, "its signature algorithm is %s",
			 OBJ_nid2sn(nid));
		return false;
	}
	return true;
}

/* The only value of an attribute that is there once; NULL otherwise. */
static void *signed_value(CMS_SignerInfo *si, int nid, int type)
{
	return CMS_signed_get0_data_by_OBJ(si, OBJ_nid2obj(nid), -3, type);
}

/* RFC 5652 11.1 and 11.2; signingTime may be absent but not broken. */
static bool attributes_ok(struct tmk_tst_token *t, char *why, size_t size)
{
	const ASN1_OBJECT *type;

	if (CMS_signed_get_attr_count(t->si) <= 0)
		return bad(why, size, "it has no signed attributes");
	type = signed_value(t->si, NID_pkcs9_contentType, V_ASN1_OBJECT);
	if (!type || OBJ_obj2nid(type) != NID_id_smime_ct_TSTInfo)
		return bad(why, size, "its contentType attribute does not say "
			   "TSTInfo");
	if (!signed_value(t->si, NID_pkcs9_messageDigest,
			  V_ASN1_OCTET_STRING))
		return bad(why, size, "it has no messageDigest attribute");
	if (CMS_signed_get_attr_by_NID(t->si, NID_pkcs9_signingTime, -1) >= 0 &&
	    !signed_value(t->si, NID_pkcs9_signingTime, V_ASN1_UTCTIME) &&
	    !signed_value(t->si, NID_pkcs9_signingTime,
			  V_ASN1_GENERALIZEDTIME))
		return bad(why, size, "its signingTime attribute is malformed");
	return true;
}

bool tmk_tst_token_read(struct tmk_tst_token *t, const uint8_t *der,
			size_t len, char *why, size_t size)
{
	const unsigned char *p = der;
	STACK_OF(CMS_SignerInfo) *infos;
	ASN1_OCTET_STRING **content;

	memset(t, 0, sizeof(*t));
	t->cms = d2i_CMS_ContentInfo(NULL, &p, (long)len);
	if (!t->cms || p != der + len)
		return bad(why, size, "it is not one CMS structure");
	if (OBJ_obj2nid(CMS_get0_type(t->cms)) != NID_pkcs7_signed ||
	    OBJ_obj2nid(CMS_get0_eContentType(t->cms)) !=
	    NID_id_smime_ct_TSTInfo)
		return bad(why, size, "it is not a signed TSTInfo");
	infos = CMS_get0_SignerInfos(t->cms);
	if (sk_CMS_SignerInfo_num(infos) != 1)
		return bad(why, size, "it does not have exactly one signer");
	t->si = sk_CMS_SignerInfo_value(infos, 0);
	t->certs = CMS_get1_certs(t->cms);
	if (sk_X509_num(t->certs) > TMK_TST_CERTS_MAX)
		return bad(why, size, "it carries too many certificates");
	content = CMS_get0_content(t->cms);
	if (!content || !*content)
		return bad(why, size, "it has no content");
	return algorithms_ok(t, why, size) && attributes_ok(t, why, size) &&
		read_info(t, *content, why, size);
}

void tmk_tst_token_release(struct tmk_tst_token *t)
{
	TS_TST_INFO_free(t->info);
	sk_X509_pop_free(t->certs, X509_free);
	CMS_ContentInfo_free(t->cms);
	memset(t, 0, sizeof(*t));
}

/* One of the two ESS attributes: 1 with its bytes, 0 absent, -1 broken. */
static int get_ess(struct tmk_tst_token *t, int nid, const ASN1_STRING **out)
{
	if (CMS_signed_get_attr_by_NID(t->si, nid, -1) < 0)
		return 0;
	*out = signed_value(t->si, nid, V_ASN1_SEQUENCE);
	return *out ? 1 : -1;
}

/* Whether the ESS attributes (RFC 2634 5.4, RFC 5035 3) name the first
 * certificate of `certs` first, and others only out of the rest. */
static bool ess_names(struct tmk_tst_token *t, STACK_OF(X509) *certs,
		      char *why, size_t size)
{
	const ASN1_STRING *bytes1 = NULL, *bytes2 = NULL;
	ESS_SIGNING_CERT_V2 *v2 = NULL;
	ESS_SIGNING_CERT *v1 = NULL;
	const unsigned char *p;
	int has1, has2;
	bool good = false;

	has1 = get_ess(t, NID_id_smime_aa_signingCertificate, &bytes1);
	has2 = get_ess(t, NID_id_smime_aa_signingCertificateV2, &bytes2);
	if (has1 < 0 || has2 < 0 || (!has1 && !has2))
		return bad(why, size,
			   "it has no proper signingCertificate attribute");
	if (has1) {
		p = ASN1_STRING_get0_data(bytes1);
		v1 = d2i_ESS_SIGNING_CERT(NULL, &p,
					  ASN1_STRING_length(bytes1));
	}
	if (has2) {
		p = ASN1_STRING_get0_data(bytes2);
		v2 = d2i_ESS_SIGNING_CERT_V2(NULL, &p,
					     ASN1_STRING_length(bytes2));
	}
	if ((!has1 || v1) && (!has2 || v2))
		good = OSSL_ESS_check_signing_certs(v1, v2, certs, 1) > 0;
	ESS_SIGNING_CERT_free(v1);
	ESS_SIGNING_CERT_V2_free(v2);
	return good || bad(why, size, "its signingCertificate attribute names "
			   "another certificate than its signer id");
}

/* Append the certificates, borrowed. */
static bool append(STACK_OF(X509) *all, const STACK_OF(X509) *from)
{
	int i;

	for (i = 0; i < sk_X509_num(from); i++)
		if (!sk_X509_push(all, sk_X509_value(from, i)))
			return false;
	return true;
}

bool tmk_tst_token_signer(struct tmk_tst_token *t, STACK_OF(X509) *more,
			  STACK_OF(X509) *more2, char *why, size_t size)
{
	STACK_OF(X509) *all = sk_X509_new_null();
	bool good = false;
	X509 *cert;
	int i;

	if (!all || !append(all, t->certs) || !append(all, more) ||
	    !append(all, more2)) {
		bad(why, size, "out of memory");
		goto out;
	}
	bad(why, size, "the certificate that its signer id names is not there");
	for (i = 0; !good && i < sk_X509_num(all); i++) {
		cert = sk_X509_value(all, i);
		if (CMS_SignerInfo_cert_cmp(t->si, cert))
			continue;
		/* First for the ESS check; its old place keeps a copy. */
		if (!sk_X509_unshift(all, cert)) {
			bad(why, size, "out of memory");
			goto out;
		}
		good = ess_names(t, all, why, size);
		sk_X509_shift(all);
		if (good)
			t->signer = cert;
	}
out:
	sk_X509_free(all);
	return good;
}

bool tmk_tst_token_verify(struct tmk_tst_token *t, char *why, size_t size)
{
	const ASN1_OCTET_STRING *content = *CMS_get0_content(t->cms);
	const ASN1_OCTET_STRING *said;
	X509_ALGOR *digest = NULL;
	const ASN1_OBJECT *oid = NULL;
	uint8_t md[TMK_DIGEST_MAX];
	size_t len = 0;

	CMS_SignerInfo_get0_algs(t->si, NULL, NULL, &digest, NULL);
	X509_ALGOR_get0(&oid, NULL, NULL, digest);
	if (tmk_digest_bytes(tmk_digest_from_nid(OBJ_obj2nid(oid)),
			     ASN1_STRING_get0_data(content),
			     (size_t)ASN1_STRING_length(content), md, &len,
			     NULL))
		return bad(why, size, "its content cannot be hashed");
	said = signed_value(t->si, NID_pkcs9_messageDigest,
			    V_ASN1_OCTET_STRING);
	if (!said || (size_t)ASN1_STRING_length(said) != len ||
	    memcmp(ASN1_STRING_get0_data(said), md, len))
		return bad(why, size, "its content is not what was signed");
	CMS_SignerInfo_set1_signer_cert(t->si, t->signer);
	if (CMS_SignerInfo_verify(t->si) != 1)
		return bad(why, size, "its signature is bad");
	return true;
}
