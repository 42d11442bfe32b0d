/*
 * revocation - CRLs of every kind, and OCSP responses put into a CMS
 * signature: what the openssl commands cannot do and the tests need.
 *
 *   revocation crl --ca PEM --key PEM [--number N] [--delta BASE]
 *                  [--idp VALUE] [--freshest URL] [--from S] [--to S]
 *                  [--der] [--md NAME] [ENTRY...]
 *   revocation staple IN RESPONSE...
 *
 * crl writes a CRL to standard output. Times are seconds from now (default
 * -3600 and 86400; --to none leaves it out). VALUE is issuingDistributionPoint
 * as openssl.cnf has it. ENTRY is SERIAL[,REASON[,SECONDS[,INVALID[,PEM]]]]:
 * the serial number in hex, the reason's number ("-": none), revocation and
 * invalidityDate in seconds from now ("-": now, none), and a certificate whose
 * subject is the issuer.
 *
 * staple writes IN (DER) with a revocation-values attribute (RFC 5126 6.3.4)
 * that has these; RESPONSE is an OCSPResponse as `openssl ocsp` writes it. A
 * file that is none is put there as it is.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/pem.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#define BYTES_MAX (1 << 20)

static void die(const char *what)
{
	fprintf(stderr, "revocation: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static void must(int good, const char *what)
{
	if (!good)
		die(what);
}

static X509 *read_cert(const char *path)
{
	BIO *in = BIO_new_file(path, "r");
	X509 *cert = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;

	must(cert != NULL, path);
	BIO_free(in);
	return cert;
}

static ASN1_TIME *from_now(const char *seconds)
{
	ASN1_TIME *t = ASN1_TIME_set(NULL, time(NULL) +
				     strtol(seconds, NULL, 10));

	must(t != NULL, "time");
	return t;
}

/* ---- crl ------------------------------------------------------------------- */

static void set_number(X509_CRL *crl, int nid, const char *text)
{
	BIGNUM *n = NULL;
	ASN1_INTEGER *number;

	must(BN_dec2bn(&n, text) > 0, text);
	number = BN_to_ASN1_INTEGER(n, NULL);
	must(number && X509_CRL_add1_ext_i2d(crl, nid, number,
					     nid == NID_delta_crl, 0) == 1,
	     "number");
	ASN1_INTEGER_free(number);
	BN_free(n);
}

static void set_ext(X509_CRL *crl, const char *name, const char *prefix,
		    const char *value)
{
	CONF *conf = NCONF_new(NULL);
	X509_EXTENSION *ext;
	char text[1024];
	X509V3_CTX ctx;

	snprintf(text, sizeof(text), "%s%s", prefix, value);
	X509V3_set_ctx(&ctx, NULL, NULL, NULL, crl, 0);
	X509V3_set_nconf(&ctx, conf);
	ext = X509V3_EXT_nconf(conf, &ctx, name, text);
	must(ext && X509_CRL_add_ext(crl, ext, -1) == 1, text);
	X509_EXTENSION_free(ext);
	NCONF_free(conf);
}

static void set_issuer(X509_REVOKED *entry, const char *path)
{
	X509 *cert = read_cert(path);
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *name = GENERAL_NAME_new();

	must(names && name, "names");
	GENERAL_NAME_set0_value(name, GEN_DIRNAME,
				X509_NAME_dup(X509_get_subject_name(cert)));
	must(sk_GENERAL_NAME_push(names, name) > 0 &&
	     X509_REVOKED_add1_ext_i2d(entry, NID_certificate_issuer, names,
				       1, 0) == 1, "certificateIssuer");
	GENERAL_NAMES_free(names);
	X509_free(cert);
}

static void add_entry(X509_CRL *crl, char *text)
{
	char *part[5] = { text, NULL, NULL, NULL, NULL };
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
	ASN1_GENERALIZEDTIME *invalid;
	ASN1_INTEGER *serial;
	BIGNUM *n = NULL;
	ASN1_TIME *when;
	int i;

	for (i = 1; i < 5 && part[i - 1]; i++) {
		part[i] = strchr(part[i - 1], ',');
		if (part[i])
			*part[i]++ = '\0';
	}
	must(BN_hex2bn(&n, part[0]) > 0, part[0]);
	serial = BN_to_ASN1_INTEGER(n, NULL);
	when = from_now(part[2] && strcmp(part[2], "-") ? part[2] : "0");
	must(entry && serial && reason &&
	     X509_REVOKED_set_serialNumber(entry, serial) == 1 &&
	     X509_REVOKED_set_revocationDate(entry, when) == 1, "entry");
	if (part[1] && strcmp(part[1], "-"))
		must(ASN1_ENUMERATED_set(reason, strtol(part[1], NULL, 10)) &&
		     X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason,
					       0, 0) == 1, "reason");
	if (part[3] && strcmp(part[3], "-")) {
		invalid = ASN1_GENERALIZEDTIME_set(NULL, time(NULL) +
					strtol(part[3], NULL, 10));
		must(X509_REVOKED_add1_ext_i2d(entry, NID_invalidity_date,
					       invalid, 0, 0) == 1, "date");
		ASN1_GENERALIZEDTIME_free(invalid);
	}
	if (part[4])
		set_issuer(entry, part[4]);
	must(X509_CRL_add0_revoked(crl, entry), "entry");
	ASN1_ENUMERATED_free(reason);
	ASN1_INTEGER_free(serial);
	ASN1_TIME_free(when);
	BN_free(n);
}

static void set_times(X509_CRL *crl, const char *from, const char *to)
{
	ASN1_TIME *t1 = from_now(from), *t2 = from_now(to);

	must(X509_CRL_set1_lastUpdate(crl, t1) == 1 &&
	     (!strcmp(to, "none") || X509_CRL_set1_nextUpdate(crl, t2) == 1),
	     "times");
	ASN1_TIME_free(t1);
	ASN1_TIME_free(t2);
}

static void make_crl(int argc, char **argv)
{
	static const struct option table[] = {
		{ "ca", 1, NULL, 'c' }, { "key", 1, NULL, 'k' },
		{ "number", 1, NULL, 'n' }, { "delta", 1, NULL, 'd' },
		{ "idp", 1, NULL, 'i' }, { "freshest", 1, NULL, 'u' },
		{ "from", 1, NULL, 'f' }, { "to", 1, NULL, 't' },
		{ "der", 0, NULL, 'r' }, { "md", 1, NULL, 'm' },
		{ NULL, 0, NULL, 0 }
	};
	const char *opt[128] = { ['f'] = "-3600", ['t'] = "86400",
		['m'] = "sha256" };
	X509_CRL *crl = X509_CRL_new();
	EVP_PKEY *key;
	BIO *in, *out = BIO_new_fp(stdout, BIO_NOCLOSE);
	X509 *ca;
	int c;

	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		must(c > 0 && c < 128 && c != '?', "unknown option");
		opt[c] = optarg ? optarg : "";
	}
	must(opt['c'] && opt['k'], "--ca and --key are needed");
	ca = read_cert(opt['c']);
	in = BIO_new_file(opt['k'], "r");
	key = in ? PEM_read_bio_PrivateKey(in, NULL, NULL, NULL) : NULL;
	must(crl && out && key && X509_CRL_set_version(crl, 1) == 1 &&
	     X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca)) == 1,
	     "CRL");
	set_times(crl, opt['f'], opt['t']);
	if (opt['n'])
		set_number(crl, NID_crl_number, opt['n']);
	if (opt['d'])
		set_number(crl, NID_delta_crl, opt['d']);
	if (opt['i'])
		set_ext(crl, "issuingDistributionPoint", "critical,",
			opt['i']);
	if (opt['u'])
		set_ext(crl, "freshestCRL", "URI:", opt['u']);
	while (optind < argc)
		add_entry(crl, argv[optind++]);
	must(X509_CRL_sort(crl) == 1 &&
	     X509_CRL_sign(crl, key, EVP_get_digestbyname(opt['m'])) > 0 &&
	     (opt['r'] ? i2d_X509_CRL_bio(out, crl) :
	      PEM_write_bio_X509_CRL(out, crl)) == 1, "signature");
	X509_CRL_free(crl);
	EVP_PKEY_free(key);
	X509_free(ca);
	BIO_free(in);
	BIO_free(out);
}

/* ---- staple ---------------------------------------------------------------- */

/* Put tag and length before the `n` bytes at the end of `buf`, which has `max`
 * bytes; returns how many there are now. */
static size_t wrap(unsigned char *buf, size_t max, size_t n, int tag)
{
	unsigned char head[6] = { (unsigned char)tag }, *at = buf + max - n;
	size_t h = 2, i;

	if (n < 0x80) {
		head[1] = (unsigned char)n;
	} else {
		head[1] = 0x83;
		for (i = 0; i < 3; i++)
			head[h++] = (unsigned char)(n >> 8 * (2 - i));
	}
	must(n + h <= max, "too large");
	memcpy(at - h, head, h);
	return n + h;
}

/* The BasicOCSPResponse inside, or the file as it is; before the `n` bytes at
 * the end of `buf`. */
static size_t add_response(unsigned char *buf, size_t max, size_t n,
			   const char *path)
{
	static unsigned char raw[BYTES_MAX];
	FILE *f = fopen(path, "rb");
	size_t len = f ? fread(raw, 1, sizeof(raw), f) : 0;
	const unsigned char *p = raw;
	unsigned char *der = NULL;
	OCSP_RESPONSE *r;
	OCSP_BASICRESP *basic;
	int got;

	must(len > 0 && !fclose(f), path);
	r = d2i_OCSP_RESPONSE(NULL, &p, (long)len);
	basic = r ? OCSP_response_get1_basic(r) : NULL;
	if (basic) {
		got = i2d_OCSP_BASICRESP(basic, &der);
		must(got > 0 && (size_t)got <= sizeof(raw), "response");
		memcpy(raw, der, (size_t)got);
		len = (size_t)got;
	}
	must(n + len <= max, "too large");
	memcpy(buf + max - n - len, raw, len);
	OPENSSL_free(der);
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(r);
	ERR_clear_error();
	return n + len;
}

static void staple(int argc, char **argv)
{
	static unsigned char buf[BYTES_MAX];
	BIO *in = BIO_new_file(argv[2], "rb");
	BIO *out = BIO_new_fp(stdout, BIO_NOCLOSE);
	CMS_ContentInfo *cms = in ? d2i_CMS_bio(in, NULL) : NULL;
	CMS_SignerInfo *si;
	size_t n = 0;
	int i;

	must(cms && out, argv[2]);
	for (i = argc - 1; i > 2; i--)
		n = add_response(buf, sizeof(buf), n, argv[i]);
	n = wrap(buf, sizeof(buf), n, 0x30);
	n = wrap(buf, sizeof(buf), n, 0xa1);
	n = wrap(buf, sizeof(buf), n, 0x30);
	si = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);
	must(si && CMS_unsigned_add1_attr_by_txt(si,
			"1.2.840.113549.1.9.16.2.24", V_ASN1_SEQUENCE,
			buf + sizeof(buf) - n, (int)n) == 1 &&
	     i2d_CMS_bio(out, cms) && BIO_flush(out) == 1, "attribute");
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	BIO_free(out);
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "crl"))
		make_crl(argc - 1, argv + 1);
	else if (argc > 3 && !strcmp(argv[1], "staple"))
		staple(argc, argv);
	else
		die("usage: revocation crl|staple ...");
	return fflush(stdout) ? 1 : 0;
}
