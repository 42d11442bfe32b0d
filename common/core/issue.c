#include "core/issue.h"

#include <stdio.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "core/issue_sign.h"
#include "x509/cert.h"

#define BACKDATE 300		/* seconds: clocks that are a little behind */
#define DAY 86400
#define SERIAL_BITS 159		/* positive in 20 octets: RFC 5280 4.1.2.2 */

/*
 * OpenSSL gives out the algorithm and signature of what it holds as const,
 * and has no setters for certificates and CRLs. The objects themselves are
 * ours and not constant, so taking the const away is sound.
 */
static void *mine(const void *borrowed)
{
	return (void *)(uintptr_t)borrowed;
}

/* ---- extensions --------------------------------------------------------- */

/* Append one extension; `value` in the syntax of x509v3_config(5). Only
 * values of our own making come here: the SAN has its own function. */
static int add_ext(STACK_OF(X509_EXTENSION) *exts, X509V3_CTX *ctx, int nid,
		   const char *value, struct tmk_err *err)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, ctx, nid, value);

	if (!ext || !sk_X509_EXTENSION_push(exts, ext)) {
		X509_EXTENSION_free(ext);
		return tmk_issue_sign_fault("an extension", err);
	}
	return 0;
}

/* One name of the SAN (RFC 5280 4.2.1.6); all three kinds are IA5Strings. */
static int add_name(GENERAL_NAMES *names, int kind, const char *value,
		    struct tmk_err *err)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();
	const char *c;
	int ret = -1;

	for (c = value; *c > ' ' && *c <= '~'; c++)
		;
	if (*c || c == value) {
		tmk_err_set(err, TMK_USAGE, "'%s' is no name for a "
			    "certificate: it is empty, or not plain ASCII",
			    value);
		goto out;
	}
	if (!name || !text ||
	    !ASN1_STRING_set(text, value, (int)strlen(value))) {
		tmk_err_nomem(err);
		goto out;
	}
	GENERAL_NAME_set0_value(name, kind, text);
	text = NULL;
	if (!sk_GENERAL_NAME_push(names, name)) {
		tmk_err_nomem(err);
		goto out;
	}
	name = NULL;
	ret = 0;
out:
	ASN1_IA5STRING_free(text);
	GENERAL_NAME_free(name);
	return ret;
}

/* "KIND:VALUE" */
static int add_named(GENERAL_NAMES *names, const char *san,
		     struct tmk_err *err)
{
	static const struct {
		const char *head;
		int kind;
	} kinds[] = {
		{ "email:", GEN_EMAIL }, { "DNS:", GEN_DNS },
		{ "URI:", GEN_URI }
	};
	size_t i, len;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		len = strlen(kinds[i].head);
		if (!strncmp(san, kinds[i].head, len))
			return add_name(names, kinds[i].kind, san + len, err);
	}
	tmk_err_set(err, TMK_USAGE, "'%s' is no subject alternative name",
		    san);
	return tmk_err_hint(err, "write email:MAIL, DNS:HOST or URI:ADDRESS");
}

static int add_san(STACK_OF(X509_EXTENSION) *exts,
		   const struct tmk_issue_subject *who, struct tmk_err *err)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	X509_EXTENSION *ext = NULL;
	int i, ret = -1;

	if (!names) {
		tmk_err_nomem(err);
		goto out;
	}
	if (who->email && add_name(names, GEN_EMAIL, who->email, err))
		goto out;
	for (i = 0; i < who->sans; i++)
		if (add_named(names, who->san[i], err))
			goto out;
	ext = X509V3_EXT_i2d(NID_subject_alt_name, 0, names);
	if (!ext || !sk_X509_EXTENSION_push(exts, ext)) {
		tmk_issue_sign_fault("the subject alternative name", err);
		goto out;
	}
	ext = NULL;
	ret = 0;
out:
	X509_EXTENSION_free(ext);
	GENERAL_NAMES_free(names);
	return ret;
}

/* SAN and EKU as a certificate has them, byte for byte. */
static int add_like(STACK_OF(X509_EXTENSION) *exts, const X509 *like,
		    struct tmk_err *err)
{
	static const int nids[] = { NID_ext_key_usage, NID_subject_alt_name };
	X509_EXTENSION *ext;
	size_t i;
	int at;

	for (i = 0; i < sizeof(nids) / sizeof(nids[0]); i++) {
		at = X509_get_ext_by_NID(like, nids[i], -1);
		if (at < 0)
			continue;
		ext = X509_EXTENSION_dup(X509_get_ext(like, at));
		if (ext && sk_X509_EXTENSION_push(exts, ext))
			continue;
		X509_EXTENSION_free(ext);
		return tmk_err_nomem(err);
	}
	return 0;
}

static int add_eku(STACK_OF(X509_EXTENSION) *exts,
		   const struct tmk_issue_subject *who, struct tmk_err *err)
{
	EXTENDED_KEY_USAGE *usages = EXTENDED_KEY_USAGE_new();
	X509_EXTENSION *ext = NULL;
	ASN1_OBJECT *oid;
	int i, ret = -1;

	for (i = 0; usages && i < who->ekus; i++) {
		oid = OBJ_txt2obj(who->eku[i], 0);
		if (!oid) {
			ERR_clear_error();
			tmk_err_set(err, TMK_USAGE, "'%s' is no extended key "
				    "usage", who->eku[i]);
			tmk_err_hint(err, "use codeSigning, emailProtection "
				     "or a dotted OID");
			goto out;
		}
		if (!sk_ASN1_OBJECT_push(usages, oid)) {
			ASN1_OBJECT_free(oid);
			tmk_err_nomem(err);
			goto out;
		}
	}
	ext = usages ? X509V3_EXT_i2d(NID_ext_key_usage, 0, usages) : NULL;
	if (!ext || !sk_X509_EXTENSION_push(exts, ext)) {
		tmk_issue_sign_fault("the extended key usage", err);
		goto out;
	}
	ext = NULL;
	ret = 0;
out:
	X509_EXTENSION_free(ext);
	EXTENDED_KEY_USAGE_free(usages);
	return ret;
}

/* What a request and a leaf say alike. */
static int add_leaf_exts(STACK_OF(X509_EXTENSION) *exts, X509V3_CTX *ctx,
			 const struct tmk_issue_subject *who,
			 struct tmk_err *err)
{
	if (add_ext(exts, ctx, NID_key_usage, "critical,digitalSignature",
		    err) < 0)
		return -1;
	if (who->like)
		return add_like(exts, who->like, err);
	if (who->ekus && add_eku(exts, who, err) < 0)
		return -1;
	return who->email || who->sans ? add_san(exts, who, err) : 0;
}

static void free_exts(STACK_OF(X509_EXTENSION) *exts)
{
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
}

/* ---- requests ----------------------------------------------------------- */

static int sign_req(X509_REQ *req, struct tmk_signer *signer,
		    struct tmk_err *err)
{
	const ASN1_BIT_STRING *bits = NULL;
	const X509_ALGOR *alg = NULL;
	uint8_t *tbs = NULL;
	int len, ret = -1;

	X509_REQ_get0_signature(req, &bits, &alg);
	if (tmk_issue_sign_algorithm(mine(alg), signer, err) < 0)
		return -1;
	len = i2d_re_X509_REQ_tbs(req, &tbs);
	if (len <= 0) {
		tmk_issue_sign_fault("the request", err);
		goto out;
	}
	ret = tmk_issue_sign_bytes(mine(bits), signer, tbs, len, err);
out:
	OPENSSL_free(tbs);
	return ret;
}

#define AA_ATTESTATION "1.2.840.113549.1.9.16.2.59"

static int add_bundle(X509_REQ *req, const struct tmk_issue_subject *who,
		      struct tmk_err *err)
{
	ASN1_OBJECT *oid;
	int ok;

	if (!who->bundle)
		return 0;
	if (tmk_issue_bundle_check(who->bundle, who->bundle_len, err))
		return -1;
	oid = OBJ_txt2obj(AA_ATTESTATION, 1);
	ok = oid && X509_REQ_add1_attr_by_OBJ(req, oid, V_ASN1_SEQUENCE,
					      who->bundle,
					      (int)who->bundle_len);
	ASN1_OBJECT_free(oid);
	return ok ? 0 : tmk_issue_sign_fault("the attestation", err);
}

static int fill_req(X509_REQ *req, const struct tmk_issue_subject *who,
		    EVP_PKEY *key, struct tmk_err *err)
{
	STACK_OF(X509_EXTENSION) *exts = sk_X509_EXTENSION_new_null();
	X509V3_CTX ctx;
	int ret = -1;

	if (!exts || !X509_REQ_set_version(req, 0) ||
	    !X509_REQ_set_subject_name(req, who->name) ||
	    !X509_REQ_set_pubkey(req, key)) {
		tmk_issue_sign_fault("the request", err);
		goto out;
	}
	X509V3_set_ctx(&ctx, NULL, NULL, req, NULL, 0);
	if (add_leaf_exts(exts, &ctx, who, err) < 0)
		goto out;
	if (!X509_REQ_add_extensions(req, exts)) {
		tmk_issue_sign_fault("the request", err);
		goto out;
	}
	ret = add_bundle(req, who, err);
out:
	free_exts(exts);
	return ret;
}

int tmk_issue_csr(struct tmk_buf *pem, const struct tmk_issue_subject *who,
		  struct tmk_signer *signer, struct tmk_err *err)
{
	EVP_PKEY *key = tmk_issue_sign_public(&signer->spki, err);
	BIO *bio = BIO_new(BIO_s_mem());
	X509_REQ *req = X509_REQ_new();
	int ret = -1;

	if (!key)
		goto out;
	if (!bio || !req) {
		tmk_err_nomem(err);
		goto out;
	}
	if (fill_req(req, who, key, err) < 0 ||
	    sign_req(req, signer, err) < 0)
		goto out;
	if (X509_REQ_verify(req, key) != 1) {
		tmk_issue_sign_wrong(err);
		goto out;
	}
	if (!PEM_write_bio_X509_REQ(bio, req)) {
		tmk_issue_sign_fault("the request", err);
		goto out;
	}
	ret = tmk_issue_sign_drain(pem, bio, err);
out:
	X509_REQ_free(req);
	BIO_free(bio);
	EVP_PKEY_free(key);
	return ret;
}

/* ---- certificates ------------------------------------------------------- */

static int set_serial(ASN1_INTEGER *to, struct tmk_err *err)
{
	BIGNUM *n = BN_new();
	int ret = -1;

	if (n && BN_rand(n, SERIAL_BITS, BN_RAND_TOP_ANY,
			 BN_RAND_BOTTOM_ANY) && !BN_is_zero(n) &&
	    BN_to_ASN1_INTEGER(n, to))
		ret = 0;
	else
		tmk_issue_sign_fault("the serial number", err);
	BN_free(n);
	return ret;
}

/* Serial, validity, key: what all certificates have. */
static int fill_cert(X509 *cert, EVP_PKEY *key, int64_t now, int days,
		     struct tmk_err *err)
{
	int64_t from = now - BACKDATE, to = from + (int64_t)days * DAY - 1;

	if (set_serial(X509_get_serialNumber(cert), err) < 0)
		return -1;
	if (!X509_set_version(cert, X509_VERSION_3) ||
	    !ASN1_TIME_adj(X509_getm_notBefore(cert), from, 0, 0) ||
	    !ASN1_TIME_adj(X509_getm_notAfter(cert), to, 0, 0) ||
	    !X509_set_pubkey(cert, key))
		return tmk_issue_sign_fault("the certificate", err);
	return 0;
}

static int add_exts(X509 *cert, STACK_OF(X509_EXTENSION) *exts,
		    struct tmk_err *err)
{
	int i;

	for (i = 0; i < sk_X509_EXTENSION_num(exts); i++)
		if (!X509_add_ext(cert, sk_X509_EXTENSION_value(exts, i), -1))
			return tmk_issue_sign_fault("an extension", err);
	return 0;
}

/* Sign, check with the CA's key, and give out what is read back. */
static int finish_cert(X509 **out, X509 *cert, struct tmk_signer *signer,
		       struct tmk_err *err)
{
	EVP_PKEY *key = tmk_issue_sign_public(&signer->spki, err);
	struct tmk_buf whole = TMK_BUF_INIT(TMK_CERT_MAX);
	const ASN1_BIT_STRING *bits = NULL;
	const X509_ALGOR *alg = NULL;
	uint8_t *tbs = NULL;
	X509 *back = NULL;
	int len, ret = -1;

	if (!key)
		return -1;
	X509_get0_signature(&bits, &alg, cert);
	if (tmk_issue_sign_algorithm(mine(alg), signer, err) < 0 ||
	    tmk_issue_sign_algorithm(mine(X509_get0_tbs_sigalg(cert)), signer,
				     err) < 0)
		goto out;
	len = i2d_re_X509_tbs(cert, &tbs);
	if (len <= 0) {
		tmk_issue_sign_fault("the certificate", err);
		goto out;
	}
	if (tmk_issue_sign_bytes(mine(bits), signer, tbs, len, err) < 0)
		goto out;
	if (tmk_cert_to_der(&whole, cert) < 0) {
		tmk_err_nomem(err);
		goto out;
	}
	if (tmk_cert_from_der(&back, whole.data, whole.len,
			      "the new certificate", err) < 0)
		goto out;
	if (X509_verify(back, key) != 1) {
		tmk_issue_sign_wrong(err);
		goto out;
	}
	*out = back;
	back = NULL;
	ret = 0;
out:
	X509_free(back);
	OPENSSL_free(tbs);
	tmk_buf_release(&whole);
	EVP_PKEY_free(key);
	return ret;
}

static int ca_name(X509_NAME *name, const char *unit, struct tmk_err *err)
{
	const unsigned char *cn = (const unsigned char *)TMK_ISSUE_CA_NAME;
	const unsigned char *ou = (const unsigned char *)unit;

	if (!X509_NAME_add_entry_by_txt(name, "OU", MBSTRING_UTF8, ou, -1, -1,
					0) ||
	    !X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, cn, -1, -1,
					0))
		return tmk_issue_sign_fault("the CA's name", err);
	return 0;
}

/* The CA's extensions (RFC 5280 sections 4.2.1.1 to 4.2.1.9). The AKI needs
 * the SKI to stand in the certificate first. */
static int ca_exts(X509 *cert, struct tmk_err *err)
{
	static const struct {
		int nid;
		const char *value;
	} ext[] = {
		{ NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
		{ NID_key_usage, "critical,keyCertSign,cRLSign" },
		{ NID_subject_key_identifier, "hash" },
		{ NID_authority_key_identifier, "keyid:always" },
	};
	STACK_OF(X509_EXTENSION) *one;
	X509V3_CTX ctx;
	size_t i;
	int ret = 0;

	X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
	for (i = 0; !ret && i < sizeof(ext) / sizeof(*ext); i++) {
		one = sk_X509_EXTENSION_new_null();
		if (!one)
			return tmk_err_nomem(err);
		ret = add_ext(one, &ctx, ext[i].nid, ext[i].value, err);
		if (!ret)
			ret = add_exts(cert, one, err);
		free_exts(one);
	}
	return ret;
}

int tmk_issue_ca(X509 **out, const char *unit, struct tmk_signer *signer,
		 int64_t now, struct tmk_err *err)
{
	EVP_PKEY *key = tmk_issue_sign_public(&signer->spki, err);
	X509_NAME *name = X509_NAME_new();
	X509 *cert = X509_new();
	int ret = -1;

	if (!key)
		goto out;
	if (!cert || !name) {
		tmk_err_nomem(err);
		goto out;
	}
	if (ca_name(name, unit, err) < 0 ||
	    fill_cert(cert, key, now, TMK_ISSUE_CA_DAYS, err) < 0)
		goto out;
	if (!X509_set_subject_name(cert, name) ||
	    !X509_set_issuer_name(cert, name)) {
		tmk_issue_sign_fault("the CA's name", err);
		goto out;
	}
	if (ca_exts(cert, err) < 0)
		goto out;
	ret = finish_cert(out, cert, signer, err);
out:
	X509_free(cert);
	X509_NAME_free(name);
	EVP_PKEY_free(key);
	return ret;
}

static int leaf_exts(X509 *cert, X509 *ca,
		     const struct tmk_issue_subject *who, struct tmk_err *err)
{
	STACK_OF(X509_EXTENSION) *exts = sk_X509_EXTENSION_new_null();
	X509V3_CTX ctx;
	int ret = -1;

	if (!exts)
		return tmk_err_nomem(err);
	X509V3_set_ctx(&ctx, ca, cert, NULL, NULL, 0);
	if (add_ext(exts, &ctx, NID_basic_constraints, "critical,CA:FALSE",
		    err) < 0 ||
	    add_leaf_exts(exts, &ctx, who, err) < 0 ||
	    add_ext(exts, &ctx, NID_subject_key_identifier, "hash", err) < 0 ||
	    add_ext(exts, &ctx, NID_authority_key_identifier, "keyid:always",
		    err) < 0)
		goto out;
	ret = add_exts(cert, exts, err);
out:
	free_exts(exts);
	return ret;
}

int tmk_issue_leaf(X509 **out, const struct tmk_issue_subject *who,
		   const struct tmk_buf *spki, X509 *ca,
		   struct tmk_signer *ca_signer, int64_t now,
		   struct tmk_err *err)
{
	EVP_PKEY *key = tmk_issue_sign_public(spki, err);
	X509 *cert = X509_new();
	int ret = -1;

	if (!key)
		goto out;
	if (!cert) {
		tmk_err_nomem(err);
		goto out;
	}
	if (fill_cert(cert, key, now, TMK_ISSUE_LEAF_DAYS, err) < 0)
		goto out;
	if (!X509_set_subject_name(cert, who->name) ||
	    !X509_set_issuer_name(cert, X509_get_subject_name(ca))) {
		tmk_issue_sign_fault("the certificate's name", err);
		goto out;
	}
	if (leaf_exts(cert, ca, who, err) < 0)
		goto out;
	ret = finish_cert(out, cert, ca_signer, err);
out:
	X509_free(cert);
	EVP_PKEY_free(key);
	return ret;
}
