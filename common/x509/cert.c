#include "x509/cert.h"

#include <limits.h>
#include <string.h>
#include <time.h>

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/file.h"
#include "x509/pem.h"

/* All of TMK_CERTS_MAX certificates of usual size, and then some. */
#define CERT_FILE_MAX (8 * 1024 * 1024)

/* The encoding must come out again byte for byte: what is hashed, shown and
 * compared is then what was read. */
static bool reads_back(X509 *cert, const uint8_t *der, size_t len)
{
	unsigned char *again = NULL;
	int n = i2d_X509(cert, &again);
	bool same = n > 0 && (size_t)n == len && !memcmp(again, der, len);

	OPENSSL_free(again);
	return same;
}

int tmk_cert_from_der(X509 **out, const uint8_t *der, size_t len,
		      const char *name, struct tmk_err *err)
{
	const unsigned char *p = der;
	X509 *cert;
	int rc = -1;

	if (len > TMK_CERT_MAX)
		return tmk_err_set(err, TMK_INPUT,
				   "%s: a certificate of more than %d bytes",
				   name, TMK_CERT_MAX);
	ERR_set_mark();
	cert = d2i_X509(NULL, &p, (long)len);
	if (!cert) {
		tmk_err_set(err, TMK_INPUT, "%s: not a certificate", name);
		goto out;
	}
	if (p != der + len || !reads_back(cert, der, len)) {
		tmk_err_set(err, TMK_INPUT,
			    "%s: not one certificate in plain DER", name);
		goto out;
	}
	*out = cert;
	cert = NULL; /* transferred */
	rc = 0;
out:
	X509_free(cert);
	ERR_pop_to_mark();
	return rc;
}

struct load {
	STACK_OF(X509) *certs;
	const char *name;
};

static int load_one(void *ctx, const uint8_t *der, size_t len,
		    struct tmk_err *err)
{
	struct load *load = ctx;
	X509 *cert = NULL;

	if (sk_X509_num(load->certs) >= TMK_CERTS_MAX)
		return tmk_err_set(err, TMK_INPUT,
				   "%s: more than %d certificates",
				   load->name, TMK_CERTS_MAX);
	if (tmk_cert_from_der(&cert, der, len, load->name, err))
		return -1;
	if (!sk_X509_push(load->certs, cert)) {
		X509_free(cert);
		return tmk_err_nomem(err);
	}
	return 0;
}

int tmk_cert_load(STACK_OF(X509) **out, const uint8_t *data, size_t len,
		  const char *name, struct tmk_err *err)
{
	struct load load = { sk_X509_new_null(), name };
	int n, rc = -1;

	if (!load.certs)
		return tmk_err_nomem(err);
	if (tmk_pem_is_der(data, len)) {
		if (load_one(&load, data, len, err))
			goto out;
	} else {
		n = tmk_pem_walk(data, len, "CERTIFICATE", "X509 CERTIFICATE",
				 name, load_one, &load, err);
		if (n < 0)
			goto out;
		if (n == 0) {
			tmk_err_set(err, TMK_INPUT,
				    "%s: no certificate in it", name);
			goto out;
		}
	}
	*out = load.certs;
	load.certs = NULL; /* transferred */
	rc = 0;
out:
	sk_X509_pop_free(load.certs, X509_free);
	return rc;
}

int tmk_cert_load_file(STACK_OF(X509) **out, const char *path,
		       struct tmk_err *err)
{
	struct tmk_buf buf = TMK_BUF_INIT(CERT_FILE_MAX);
	int rc = -1;

	if (tmk_file_read(&buf, path, err))
		goto out;
	rc = tmk_cert_load(out, (const uint8_t *)tmk_buf_str(&buf), buf.len,
			   path, err);
out:
	tmk_buf_release(&buf);
	return rc;
}

int tmk_cert_to_der(struct tmk_buf *out, X509 *cert)
{
	unsigned char *der = NULL;
	int n = i2d_X509(cert, &der), rc;

	if (n <= 0)
		return -1;
	rc = tmk_buf_add(out, der, (size_t)n);
	OPENSSL_free(der);
	return rc;
}

int tmk_cert_to_pem(struct tmk_buf *out, X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long n;
	int rc = -1;

	if (!bio)
		return -1;
	if (PEM_write_bio_X509(bio, cert) == 1) {
		n = BIO_get_mem_data(bio, &text);
		if (n > 0)
			rc = tmk_buf_add(out, text, (size_t)n);
	}
	BIO_free(bio);
	return rc;
}

char *tmk_cert_sha256(char *out, X509 *cert)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	*out = '\0';
	if (X509_digest(cert, EVP_sha256(), md, &n) == 1 && n == 32)
		tmk_enc_hex(out, md, n);
	return out;
}

char *tmk_cert_sha1_upper(char *out, X509 *cert)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	*out = '\0';
	if (X509_digest(cert, EVP_sha1(), md, &n) == 1 && n == 20)
		tmk_enc_hex_upper(out, md, n);
	return out;
}

/* RFC 2253 text in UTF-8, quoted where it needs to be (a backslash would be
 * doubled by tmk_enc_show_into, which makes control bytes and the rest
 * safe). */
static char *show_name(char *out, size_t size, const X509_NAME *name)
{
	unsigned long flags = (XN_FLAG_RFC2253 | ASN1_STRFLGS_ESC_QUOTE) &
		~(unsigned long)(ASN1_STRFLGS_ESC_MSB | ASN1_STRFLGS_ESC_CTRL);
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long n = 0;

	ERR_set_mark();
	if (bio && X509_NAME_print_ex(bio, name, 0, flags) >= 0)
		n = BIO_get_mem_data(bio, &text);
	tmk_enc_show_into(out, size, n > 0 ? text : "", n > 0 ? (size_t)n : 0);
	BIO_free(bio);
	ERR_pop_to_mark();
	return out;
}

char *tmk_cert_subject(char *out, size_t size, X509 *cert)
{
	return show_name(out, size, X509_get_subject_name(cert));
}

char *tmk_cert_issuer(char *out, size_t size, X509 *cert)
{
	return show_name(out, size, X509_get_issuer_name(cert));
}

static int asn1_seconds(int64_t *out, const ASN1_TIME *t)
{
	struct tm tm;

	if (!t || ASN1_TIME_to_tm(t, &tm) != 1)
		return -1;
	*out = tmk_clock_from_civil(tm.tm_year + 1900, tm.tm_mon + 1,
				    tm.tm_mday, tm.tm_hour, tm.tm_min,
				    tm.tm_sec);
	return 0;
}

int tmk_cert_validity(int64_t *not_before, int64_t *not_after, X509 *cert,
		      struct tmk_err *err)
{
	int64_t from, to;

	if (asn1_seconds(&from, X509_get0_notBefore(cert)) ||
	    asn1_seconds(&to, X509_get0_notAfter(cert)))
		return tmk_err_set(err, TMK_INPUT,
				   "a certificate with an unreadable validity");
	*not_before = from;
	*not_after = to;
	return 0;
}
