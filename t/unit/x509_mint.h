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
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>

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

#endif
