/*
 * key_compromise_certs.c - what the authority is told so that it revokes: each
 * certificate by issuer, serial number and fingerprint, and where it will say
 * that it did.
 */
#include "plugins/key_compromise.h"

#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/json.h"
#include "plugins/front_key_verbs.h"
#include "seal/openpgp_key.h"
#include "seal/ssh_key.h"
#include "x509/cert.h"
#include "x509/crl_file.h"

#define LINE_MAX_BYTES (256 * 1024)
#define SERIAL 128
#define URLS 16
#define URL_TEXT 512

struct urls {
	char url[URLS][URL_TEXT];
	int n;
};

/* All that is said of one certificate. */
struct facts {
	char subject[512], issuer[512], serial[SERIAL];
	char sha256[TMK_FINGERPRINT_TEXT];
	char from[TMK_CLOCK_TEXT], to[TMK_CLOCK_TEXT];
	struct urls crl, ocsp;
};

static void add_url(struct urls *to, const char *url, size_t len)
{
	if (to->n < URLS)
		tmk_enc_show_into(to->url[to->n++], URL_TEXT, url, len);
}

static int on_point(void *ctx, const struct tmk_crl_point *point,
		    struct tmk_err *err)
{
	int i;

	(void)err;
	for (i = 0; i < point->urls; i++)
		add_url(ctx, point->url[i], strlen(point->url[i]));
	return 0;
}

static void find_ocsp(struct urls *to, X509 *cert)
{
	STACK_OF(OPENSSL_STRING) *list = X509_get1_ocsp(cert);
	int i;

	for (i = 0; i < sk_OPENSSL_STRING_num(list); i++) {
		const char *url = sk_OPENSSL_STRING_value(list, i);

		add_url(to, url, strlen(url));
	}
	X509_email_free(list);
}

static void find_serial(char *out, X509 *cert)
{
	BIGNUM *n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	char *hex = n ? BN_bn2hex(n) : NULL;

	snprintf(out, SERIAL, "%s", hex ? hex : "unreadable");
	OPENSSL_free(hex);
	BN_free(n);
}

static int learn(struct facts *f, X509 *cert, struct tmk_err *err)
{
	int64_t from, to;

	memset(f, 0, sizeof(*f));
	if (tmk_cert_validity(&from, &to, cert, err) ||
	    tmk_crl_file_points(cert, on_point, &f->crl, err))
		return -1;
	tmk_cert_subject(f->subject, sizeof(f->subject), cert);
	tmk_cert_issuer(f->issuer, sizeof(f->issuer), cert);
	tmk_cert_sha256(f->sha256, cert);
	tmk_clock_format(f->from, from);
	tmk_clock_format(f->to, to);
	find_serial(f->serial, cert);
	find_ocsp(&f->ocsp, cert);
	return 0;
}

static void urls_json(struct tmk_json *j, const char *name,
		      const struct urls *u)
{
	int i;

	tmk_json_open_array(j, name);
	for (i = 0; i < u->n; i++)
		tmk_json_string(j, NULL, u->url[i]);
	tmk_json_close_array(j);
}

static int cert_json(const struct tmk_compromise *c, const struct facts *f,
		     struct tmk_err *err)
{
	struct tmk_buf out = TMK_BUF_INIT(LINE_MAX_BYTES);
	struct tmk_json j;
	int rc;

	tmk_json_init(&j, &out);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "kind", "certificate");
	tmk_json_string(&j, "name", c->name);
	tmk_json_string(&j, "status", "revoke");
	tmk_json_string(&j, "reason", "keyCompromise");
	tmk_json_string(&j, "subject", f->subject);
	tmk_json_string(&j, "issuer", f->issuer);
	tmk_json_string(&j, "serial", f->serial);
	tmk_json_string(&j, "sha256", f->sha256);
	tmk_json_string(&j, "notBefore", f->from);
	tmk_json_string(&j, "notAfter", f->to);
	urls_json(&j, "crl", &f->crl);
	urls_json(&j, "ocsp", &f->ocsp);
	tmk_json_close_object(&j);
	rc = tmk_front_key_print(&j, err);
	tmk_buf_release(&out);
	return rc;
}

static void cert_text(const struct facts *f)
{
	int i;

	printf("\ncertificate to be revoked, reason keyCompromise (1)\n"
	       "  issuer  %s\n  serial  %s\n  subject %s\n  valid   %s to %s\n"
	       "  sha256  %s\n", f->issuer, f->serial, f->subject, f->from,
	       f->to, f->sha256);
	for (i = 0; i < f->crl.n; i++)
		printf("  crl     %s\n", f->crl.url[i]);
	for (i = 0; i < f->ocsp.n; i++)
		printf("  ocsp    %s\n", f->ocsp.url[i]);
}

/* ---- the key where no certificate is --------------------------------------------- */

struct names {
	char openpgp[TMK_KEY_ID], ssh[TMK_KEY_ID];
};

/* A kind of key that a format does not know has no name there. */
static void name_key(struct names *n, const struct tmk_compromise *c,
		     const struct tmk_compromise_key *k)
{
	struct tmk_err ignored = TMK_ERR_INIT;

	memset(n, 0, sizeof(*n));
	if (!k->spki.len)
		return;
	if (tmk_ssh_key_fingerprint(n->ssh, k->spki.data, k->spki.len,
				    &ignored))
		n->ssh[0] = '\0';
	if (c->created == TMK_TIME_NONE ||
	    tmk_openpgp_key_fingerprint(n->openpgp, k->spki.data, k->spki.len,
					c->created, &ignored))
		n->openpgp[0] = '\0';
}

static void text_or_null(struct tmk_json *j, const char *name,
			 const char *value)
{
	if (*value)
		tmk_json_string(j, name, value);
	else
		tmk_json_null(j, name);
}

static int key_json(const struct tmk_compromise *c,
		    const struct tmk_compromise_key *k, const struct names *n,
		    struct tmk_err *err)
{
	struct tmk_buf out = TMK_BUF_INIT(LINE_MAX_BYTES);
	char spki[TMK_FRONT_SPKI_HEX + 8];
	struct tmk_json j;
	int rc;

	tmk_json_init(&j, &out);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "kind", "key");
	tmk_json_string(&j, "name", c->name);
	tmk_json_string(&j, "status", "denied");
	snprintf(spki, sizeof(spki), "sha256:%s", k->sha256);
	tmk_json_string(&j, "spki", spki);
	tmk_json_string(&j, "from", k->from);
	text_or_null(&j, "openpgp", n->openpgp);
	text_or_null(&j, "ssh", n->ssh);
	tmk_json_close_object(&j);
	rc = tmk_front_key_print(&j, err);
	tmk_buf_release(&out);
	return rc;
}

static void key_text(const struct tmk_compromise *c,
		     const struct tmk_compromise_key *k, const struct names *n)
{
	printf("key '%s' is denied from now on: nothing here signs with it\n"
	       "  public key  sha256:%s\n  found in    %s\n", c->name,
	       k->sha256, k->from);
	if (*n->openpgp)
		printf("  OpenPGP     %s\n", n->openpgp);
	if (*n->ssh)
		printf("  SSH         %s\n", n->ssh);
}

int tmk_compromise_tell_certs(const struct tmk_compromise *c,
			      struct tmk_err *err)
{
	struct facts f;
	struct names n;
	int i;

	for (i = 0; i < c->keys; i++) {
		name_key(&n, c, &c->key[i]);
		if (!c->json)
			key_text(c, &c->key[i], &n);
		else if (key_json(c, &c->key[i], &n, err))
			return -1;
	}
	for (i = 0; i < sk_X509_num(c->certs); i++) {
		if (learn(&f, sk_X509_value(c->certs, i), err))
			return -1;
		if (!c->json)
			cert_text(&f);
		else if (cert_json(c, &f, err))
			return -1;
	}
	return 0;
}
