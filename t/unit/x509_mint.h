/*
 * x509_mint.h - certificates, CRLs and timestamp tokens made for one test.
 *
 * Everything is minted in the process with fresh keys; a test that cannot
 * mint aborts, since nothing it says afterwards would mean anything. Files
 * are written below mint_dir().
 */
#ifndef TMK_T_X509_MINT_H
#define TMK_T_X509_MINT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/cms.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ess.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>

#include "base/buf.h"

#define MINT_DAY 86400
#define MINT_T0 1700000000	/* "now" of most tests */
#define MINT_MAX_EXT 8

struct mint {
	EVP_PKEY *key;
	X509 *cert;
};

/* What a certificate says; zero means the usual. */
struct mint_spec {
	const char *name;	/* CN */
	const char *key;	/* "P-256" (usual), "secp256k1", "RSA1024"... */
	const EVP_MD *md;	/* SHA-256 */
	int64_t from, to;	/* T0 - 10 days, T0 + 10 days */
	long serial;		/* 1 */
	const char *hex;	/* a serial number too long for that */
	bool ca;		/* basicConstraints and keyUsage of a CA */
	const char *email;	/* emailAddress in the subject */
	/* More extensions as in openssl.cnf, name and value. */
	const char *ext[MINT_MAX_EXT][2];
	EVP_PKEY *reuse;	/* this key instead of a fresh one */
};

static inline void mint_must(bool good, const char *what)
{
	if (!good) {
		printf("Bail out! cannot mint: %s\n", what);
		exit(99);
	}
}

static inline const char *mint_dir(void)
{
	static char dir[] = "/tmp/tmk-mint-XXXXXX";
	static bool made;

	if (!made)
		mint_must(mkdtemp(dir) != NULL, "directory");
	made = true;
	return dir;
}

/* A path below the directory; a few may be in use at a time. */
static inline const char *mint_path(const char *name)
{
	static char path[8][256];
	static int at;

	at = (at + 1) % 8;
	snprintf(path[at], sizeof(path[at]), "%s/%s", mint_dir(), name);
	return path[at];
}

static inline void mint_clean(void)
{
	char command[300];

	snprintf(command, sizeof(command), "rm -rf '%s'", mint_dir());
	mint_must(system(command) == 0, "cleaning");
}

static inline EVP_PKEY *mint_key(const char *what)
{
	EVP_PKEY *key;

	if (!what)
		what = "P-256";
	if (!strncmp(what, "RSA", 3))
		key = EVP_RSA_gen((unsigned int)atoi(what + 3));
	else if (!strcmp(what, "ED25519"))
		key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	else
		key = EVP_EC_gen(what);
	mint_must(key != NULL, what);
	return key;
}

static inline void mint_ext(X509 *cert, X509 *issuer, const char *name,
			    const char *value)
{
	CONF *conf = NCONF_new(NULL);	/* some extensions ask for one */
	X509_EXTENSION *ext;
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	X509V3_set_nconf(&ctx, conf);
	ext = X509V3_EXT_nconf(conf, &ctx, name, value);
	mint_must(ext && X509_add_ext(cert, ext, -1) == 1, value);
	X509_EXTENSION_free(ext);
	NCONF_free(conf);
}

static inline void mint_text(X509_NAME *name, const char *field,
			     const char *text)
{
	mint_must(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
					     (const unsigned char *)text, -1,
					     -1, 0) == 1, text);
}

/* A certificate by `issuer`, or self-signed when that is NULL. */
static inline void mint_cert(struct mint *out, const struct mint *issuer,
			     const struct mint_spec *spec)
{
	X509 *cert = X509_new(), *above = issuer ? issuer->cert : cert;
	X509_NAME *name = X509_NAME_new();
	BIGNUM *serial = NULL;
	const EVP_MD *md = spec->md ? spec->md : EVP_sha256();
	int i;

	mint_must(cert && name, "certificate");
	out->key = spec->reuse ? spec->reuse : mint_key(spec->key);
	if (spec->reuse)
		EVP_PKEY_up_ref(out->key);
	out->cert = cert;
	mint_text(name, "CN", spec->name);
	if (spec->email)
		mint_text(name, "emailAddress", spec->email);
	mint_must(X509_set_version(cert, 2) == 1 &&
		  ASN1_INTEGER_set(X509_get_serialNumber(cert),
				   spec->serial ? spec->serial : 1) == 1 &&
		  X509_set_subject_name(cert, name) == 1 &&
		  X509_set_issuer_name(cert, X509_get_subject_name(above))
		  == 1 && X509_set_pubkey(cert, out->key) == 1, "fields");
	ASN1_TIME_set(X509_getm_notBefore(cert), spec->from ? spec->from :
		      MINT_T0 - 10 * MINT_DAY);
	ASN1_TIME_set(X509_getm_notAfter(cert), spec->to ? spec->to :
		      MINT_T0 + 10 * MINT_DAY);
	if (spec->ca) {
		mint_ext(cert, above, "basicConstraints", "critical,CA:TRUE");
		mint_ext(cert, above, "keyUsage",
			 "critical,keyCertSign,cRLSign");
	}
	if (spec->hex)
		mint_must(BN_hex2bn(&serial, spec->hex) > 0 &&
			  BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(
				cert)), "serial number");
	BN_free(serial);
	for (i = 0; i < MINT_MAX_EXT && spec->ext[i][0]; i++)
		mint_ext(cert, above, spec->ext[i][0], spec->ext[i][1]);
	mint_must(X509_sign(cert, issuer ? issuer->key : out->key,
			    spec->key && !issuer &&
			    !strcmp(spec->key, "ED25519") ? NULL : md) > 0,
		  "signature");
	X509_NAME_free(name);
}

static inline void mint_release(struct mint *m)
{
	X509_free(m->cert);
	EVP_PKEY_free(m->key);
	m->cert = NULL;
	m->key = NULL;
}

/* Write a certificate as PEM and return the path. */
static inline const char *mint_pem(const char *name, X509 *cert)
{
	const char *path = mint_path(name);
	FILE *f = fopen(path, "w");

	mint_must(f && PEM_write_X509(f, cert) == 1 && fclose(f) == 0, path);
	return path;
}

/* One entry of a CRL; reason -1: none. */
struct mint_revoked {
	long serial;
	int64_t when;
	int reason;
	int64_t invalid;	/* invalidityDate; 0: none */
};

static inline X509_REVOKED *mint_entry(const struct mint_revoked *what)
{
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	ASN1_TIME *when = ASN1_TIME_set(NULL, what->when);
	ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
	ASN1_GENERALIZEDTIME *since;

	mint_must(entry && serial && when && reason, "entry");
	ASN1_INTEGER_set(serial, what->serial);
	X509_REVOKED_set_serialNumber(entry, serial);
	X509_REVOKED_set_revocationDate(entry, when);
	if (what->reason >= 0) {
		ASN1_ENUMERATED_set(reason, what->reason);
		X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, 0);
	}
	if (what->invalid) {
		since = ASN1_GENERALIZEDTIME_set(NULL, what->invalid);
		X509_REVOKED_add1_ext_i2d(entry, NID_invalidity_date, since,
					  0, 0);
		ASN1_GENERALIZEDTIME_free(since);
	}
	ASN1_ENUMERATED_free(reason);
	ASN1_INTEGER_free(serial);
	ASN1_TIME_free(when);
	return entry;
}

/* A CRL of `issuer` (signed with `key`, or its own), as a PEM file; `to` 0: it
 * names no end. */
static inline const char *mint_crl(const char *file, const struct mint *issuer,
				   EVP_PKEY *key, const EVP_MD *md,
				   int64_t from, int64_t to,
				   const struct mint_revoked *entry, int n)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *t1 = ASN1_TIME_set(NULL, from);
	ASN1_TIME *t2 = ASN1_TIME_set(NULL, to);
	const char *path = mint_path(file);
	FILE *f = fopen(path, "w");
	int i;

	mint_must(crl && t1 && t2 && f && X509_CRL_set_version(crl, 1) == 1 &&
		  X509_CRL_set_issuer_name(crl, X509_get_subject_name(
				issuer->cert)) == 1 &&
		  X509_CRL_set1_lastUpdate(crl, t1) == 1 &&
		  (!to || X509_CRL_set1_nextUpdate(crl, t2) == 1), "CRL");
	for (i = 0; i < n; i++)
		mint_must(X509_CRL_add0_revoked(crl, mint_entry(&entry[i])),
			  "entry");
	mint_must(X509_CRL_sort(crl) == 1 &&
		  X509_CRL_sign(crl, key ? key : issuer->key, md ? md :
				EVP_sha256()) > 0 &&
		  PEM_write_X509_CRL(f, crl) == 1 && fclose(f) == 0, path);
	ASN1_TIME_free(t1);
	ASN1_TIME_free(t2);
	X509_CRL_free(crl);
	return path;
}

/* How a token is made that no TSA makes; zero is the honest way. */
struct mint_forgery {
	const struct mint *signer, *second;	/* NULL: the TSA, nobody */
	const struct mint *ess;		/* named by the ESS attribute */
	bool no_ess, extension;
	int type;			/* that the signature names */
	long version;
	int64_t moved;			/* time put in after the signature */
	unsigned char status;		/* of the response around it */
};

static inline void mint_time(TS_TST_INFO *info, int64_t time)
{
	ASN1_GENERALIZEDTIME *t = ASN1_GENERALIZEDTIME_set(NULL, time);

	mint_must(t && TS_TST_INFO_set_time(info, t) == 1, "time");
	ASN1_GENERALIZEDTIME_free(t);
}

/* What the token says, as bytes to be freed. */
static inline int mint_statement(unsigned char **der, const struct tmk_buf *token,
		     const struct mint_forgery *how, bool after)
{
	const unsigned char *p = token->data, *q;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)token->len);
	ASN1_OCTET_STRING **text = cms ? CMS_get0_content(cms) : NULL;
	X509_EXTENSION *ext;
	TS_TST_INFO *info;
	int n;

	mint_must(text != NULL, "content");
	q = ASN1_STRING_get0_data(*text);
	info = d2i_TS_TST_INFO(NULL, &q, ASN1_STRING_length(*text));
	mint_must(info != NULL, "TSTInfo");
	if (how->version)
		TS_TST_INFO_set_version(info, how->version);
	if (how->extension) {
		ext = X509V3_EXT_conf(NULL, NULL, "1.2.3.4",
				      "critical,DER:0500");
		mint_must(ext && TS_TST_INFO_add_ext(info, ext, -1),
			  "extension");
		X509_EXTENSION_free(ext);
	}
	if (after)
		mint_time(info, how->moved);
	n = i2d_TS_TST_INFO(info, der);
	mint_must(n > 0, "TSTInfo");
	TS_TST_INFO_free(info);
	CMS_ContentInfo_free(cms);
	return n;
}

static inline void mint_signer(CMS_ContentInfo *cms, const struct mint *signer,
		       const struct mint_forgery *how, unsigned int flags)
{
	ESS_SIGNING_CERT_V2 *ess;
	CMS_SignerInfo *si;
	unsigned char *der = NULL;
	int n;

	if (!how->no_ess && !how->ess)
		flags |= CMS_CADES;
	si = CMS_add1_signer(cms, signer->cert, signer->key, EVP_sha256(),
			     flags);
	mint_must(si != NULL, "signer");
	if (!how->ess)
		return;
	ess = OSSL_ESS_signing_cert_v2_new_init(EVP_sha256(), how->ess->cert,
						NULL, 1);
	n = i2d_ESS_SIGNING_CERT_V2(ess, &der);
	mint_must(n > 0 && CMS_signed_add1_attr_by_NID(si,
			NID_id_smime_aa_signingCertificateV2, V_ASN1_SEQUENCE,
			der, n) == 1, "ESS");
	OPENSSL_free(der);
	ESS_SIGNING_CERT_V2_free(ess);
}

/* The statement of `token`, signed again, in a response. */
static inline void mint_forge(struct tmk_buf *resp, const struct tmk_buf *token,
			      const struct mint *tsa,
			      const struct mint_forgery *how)
{
	const unsigned int flags = CMS_BINARY | CMS_NOSMIMECAP | CMS_PARTIAL;
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
	unsigned char *der = NULL, head[9] = { 0x30, 0x82, 0, 0, 0x30, 3, 2,
		1, how->status };
	BIO *in;
	int n = mint_statement(&der, token, how, false);

	in = BIO_new_mem_buf(der, n);
	mint_must(cms && in && CMS_set1_eContentType(cms,
			OBJ_nid2obj(how->type ? how->type :
				    NID_id_smime_ct_TSTInfo)) == 1, "CMS");
	mint_signer(cms, how->signer ? how->signer : tsa, how, flags);
	if (how->second)
		mint_signer(cms, how->second, how, flags);
	mint_must(CMS_final(cms, in, NULL, flags) == 1 &&
		  CMS_set1_eContentType(cms, OBJ_nid2obj(
			NID_id_smime_ct_TSTInfo)) == 1, "signature");
	OPENSSL_free(der);
	der = NULL;
	if (how->moved) {
		n = mint_statement(&der, token, how, true);
		ASN1_OCTET_STRING_set(*CMS_get0_content(cms), der, n);
		OPENSSL_free(der);
		der = NULL;
	}
	n = i2d_CMS_ContentInfo(cms, &der);
	mint_must(n > 0x100, "DER");
	head[2] = (unsigned char)((n + 5) >> 8);
	head[3] = (unsigned char)(n + 5);
	mint_must(!tmk_buf_add(resp, head, sizeof(head)) &&
		  !tmk_buf_add(resp, der, (size_t)n), "response");
	OPENSSL_free(der);
	BIO_free(in);
	CMS_ContentInfo_free(cms);
}

#endif
