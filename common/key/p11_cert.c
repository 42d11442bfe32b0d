#include "key/p11_cert.h"

#include <libp11.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "key/p11.h"
#include "key/p11_error.h"
#include "key/p11_find.h"
#include "key/p11_token.h"

#define CERT_MAX (64 * 1024)	/* bytes of one certificate */
#define CERTS_MAX 256		/* on one token */
#define ALL_MAX (4 * 1024 * 1024)	/* bytes of all of them */

/* The certificates found, one behind the other, and what to look for. */
struct certs_job {
	char module[TMK_URI_PATH_MAX];	/* file, for libp11 */
	uint8_t id[64];
	size_t id_len;		/* 0: all */
	struct tmk_buf der;
	size_t len[CERTS_MAX];
	int n;
	/* For writing. */
	char label_text[256];	/* of the new object */
	struct tmk_buf put, subject, issuer, serial;
};

static void certs_job_release(void *job)
{
	struct certs_job *j = job;

	tmk_buf_release(&j->der);
	tmk_buf_release(&j->put);
	tmk_buf_release(&j->subject);
	tmk_buf_release(&j->issuer);
	tmk_buf_release(&j->serial);
}

static struct certs_job *certs_job_new(struct tmk_p11 *p, const uint8_t *id,
				       size_t id_len, struct tmk_err *err)
{
	struct certs_job *j = NULL;

	if (id_len > sizeof(j->id)) {
		tmk_err_set(err, TMK_KEY, "the id is too long");
		return NULL;
	}
	j = tmk_p11_job(p, sizeof(*j), certs_job_release);
	if (!j) {
		tmk_err_nomem(err);
		return NULL;
	}
	if (id_len)
		memcpy(j->id, id, id_len);
	j->id_len = id_len;
	tmk_buf_init(&j->der, ALL_MAX);
	tmk_buf_init(&j->put, CERT_MAX);
	tmk_buf_init(&j->subject, CERT_MAX);
	tmk_buf_init(&j->issuer, CERT_MAX);
	tmk_buf_init(&j->serial, CERT_MAX);
	return j;
}

static int add_cert(struct certs_job *j, const void *der, size_t len,
		    struct tmk_err *err)
{
	if (!len || len > CERT_MAX)
		return 0;	/* none of ours */
	if (j->n == CERTS_MAX || tmk_buf_add(&j->der, der, len))
		return tmk_err_set(err, TMK_KEY, "the token holds too many "
				   "certificates (over %d)", CERTS_MAX);
	j->len[j->n++] = len;
	return 0;
}

/* ---- raw ---------------------------------------------------------------- */

static int raw_work(void *state, struct tmk_err *err)
{
	struct tmk_p11 *p = state;
	struct certs_job *j = p->job;
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE x509 = CKC_X_509;
	CK_ATTRIBUTE t[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_CERTIFICATE_TYPE, &x509, sizeof(x509) },
		{ CKA_ID, j->id, j->id_len },
	};
	CK_OBJECT_HANDLE h[CERTS_MAX];
	uint8_t *der = malloc(CERT_MAX);
	size_t n = 0, i;
	int rc = -1;

	if (!der)
		return tmk_err_nomem(err);
	if (tmk_p11_search(p, t, j->id_len ? 3 : 2, h, CERTS_MAX, &n, err))
		goto out;
	for (i = 0; i < n; i++) {
		CK_ATTRIBUTE value = { CKA_VALUE, der, CERT_MAX };
		CK_RV rv = TMK_P11(p, C_GetAttributeValue, p->session, h[i],
				   &value, 1);

		/* One that cannot be read must not hide the others. */
		if (rv == CKR_OK && value.ulValueLen <= CERT_MAX &&
		    add_cert(j, der, value.ulValueLen, err))
			goto out;
	}
	rc = 0;
out:
	free(der);
	return rc;
}

/* ---- through libp11 ----------------------------------------------------- */

static bool same_text(const char *libp11, const CK_UTF8CHAR *text, size_t size)
{
	char raw[65];

	return libp11 && !strcmp(libp11, tmk_p11_unpad(raw, text, size));
}

/* Slot numbers of libp11 are its own: match by what the token says. */
static bool is_same_token(const PKCS11_SLOT *slot, const CK_TOKEN_INFO *info)
{
	const PKCS11_TOKEN *t = slot->token;

	return t && same_text(t->label, info->label, sizeof(info->label)) &&
	       same_text(t->serialnr, info->serialNumber,
			 sizeof(info->serialNumber)) &&
	       same_text(t->manufacturer, info->manufacturerID,
			 sizeof(info->manufacturerID)) &&
	       same_text(t->model, info->model, sizeof(info->model));
}

static int take_certs(struct certs_job *j, PKCS11_TOKEN *token,
		      struct tmk_err *err)
{
	PKCS11_CERT *list = NULL;
	unsigned int n = 0, i;
	int rc = 0;

	if (PKCS11_enumerate_certs(token, &list, &n))
		return tmk_err_set(err, TMK_KEY, "the token does not list its "
				   "certificates");
	for (i = 0; i < n && !rc; i++) {
		unsigned char *der = NULL;
		int len;

		if (j->id_len && (list[i].id_len != j->id_len ||
				  memcmp(list[i].id, j->id, j->id_len)))
			continue;
		len = list[i].x509 ? i2d_X509(list[i].x509, &der) : -1;
		if (len > 0)
			rc = add_cert(j, der, (size_t)len, err);
		OPENSSL_free(der);
	}
	return rc;
}

static int libp11_list(struct tmk_p11 *p, struct certs_job *j,
		       struct tmk_err *err)
{
	const CK_TOKEN_INFO *info = &p->token[p->at].info;
	PKCS11_CTX *ctx = PKCS11_CTX_new();
	PKCS11_SLOT *slots = NULL;
	unsigned int n = 0, i;
	int rc = -1;

	if (!ctx)
		return tmk_err_nomem(err);
	if (PKCS11_CTX_load(ctx, j->module)) {
		tmk_err_set(err, TMK_KEY, "libp11 cannot load module %s",
			    j->module);
		goto out_free;
	}
	if (PKCS11_enumerate_slots(ctx, &slots, &n)) {
		tmk_err_set(err, TMK_KEY, "libp11 cannot list the slots of "
			    "module %s", j->module);
		goto out_unload;
	}
	for (i = 0; i < n && !is_same_token(&slots[i], info); i++)
		;
	rc = i < n ? take_certs(j, slots[i].token, err) :
		tmk_err_set(err, TMK_KEY, "the token was removed");
	PKCS11_release_all_slots(ctx, slots, n);
out_unload:
	/* Finalises the module under p11-kit: nothing else uses it now, and
	 * p11-kit takes the module's word that it is final already. */
	PKCS11_CTX_unload(ctx);
out_free:
	PKCS11_CTX_free(ctx);
	ERR_clear_error();
	return rc;
}

static int libp11_work(void *state, struct tmk_err *err)
{
	struct tmk_p11 *p = state;

	/* The raw session has shown that sessions can be opened. */
	tmk_p11_close_session(p);
	tmk_deadline_beat("libp11's listing of certificates");
	return libp11_list(p, p->job, err);
}

int tmk_p11_certs(const struct tmk_place *place, const uint8_t *id,
		  size_t id_len,
		  int (*visit)(void *ctx, const uint8_t *der, size_t len,
			       struct tmk_err *err),
		  void *ctx, struct tmk_err *err)
{
	struct tmk_p11 *p = NULL;
	struct certs_job *j;
	const uint8_t *at;
	bool raw;
	int rc = -1, i;

	if (tmk_p11_connect(&p, place, 0, err))
		return -1;
	j = certs_job_new(p, id, id_len, err);
	if (!j)
		goto out;
	tmk_p11_module_file(j->module, p);
	/* Those of one id are found without reading all there are. */
	raw = j->id_len || tmk_p11_has_company(p) || !j->module[0];
	if (tmk_p11_run(&p, raw ? raw_work : libp11_work, err))
		goto out;
	rc = 0;
	at = j->der.data;
	for (i = 0; i < j->n && !rc; i++) {
		rc = visit(ctx, at, j->len[i], err);
		at += j->len[i];
	}
out:
	tmk_p11_free(p);
	return rc;
}

/* ---- writing ------------------------------------------------------------ */

static bool is_there(const struct certs_job *j)
{
	const uint8_t *at = j->der.data;
	int i;

	for (i = 0; i < j->n; at += j->len[i++])
		if (j->len[i] == j->put.len &&
		    !memcmp(at, j->put.data, j->put.len))
			return true;
	return false;
}

static int put_work(void *state, struct tmk_err *err)
{
	struct tmk_p11 *p = state;
	struct certs_job *j = p->job;
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE x509 = CKC_X_509;
	CK_BBOOL on = CK_TRUE, off = CK_FALSE;
	CK_ATTRIBUTE t[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_CERTIFICATE_TYPE, &x509, sizeof(x509) },
		{ CKA_TOKEN, &on, sizeof(on) },
		{ CKA_PRIVATE, &off, sizeof(off) },
		{ CKA_LABEL, j->label_text, strlen(j->label_text) },
		{ CKA_ID, j->id, j->id_len },
		{ CKA_SUBJECT, j->subject.data, j->subject.len },
		{ CKA_ISSUER, j->issuer.data, j->issuer.len },
		{ CKA_SERIAL_NUMBER, j->serial.data, j->serial.len },
		{ CKA_VALUE, j->put.data, j->put.len },
	};
	CK_OBJECT_HANDLE h;
	CK_RV rv;

	if (raw_work(p, err))
		return -1;
	if (is_there(j))
		return 0;
	rv = TMK_P11(p, C_CreateObject, p->session, t,
		     sizeof(t) / sizeof(t[0]), &h);
	return tmk_p11_check(p, rv, "C_CreateObject", err);
}

static int add_name(struct tmk_buf *out, const X509_NAME *name)
{
	unsigned char *der = NULL;
	int len = i2d_X509_NAME(name, &der);
	int rc = len > 0 ? tmk_buf_add(out, der, (size_t)len) : -1;

	OPENSSL_free(der);
	return rc;
}

static int add_serial(struct tmk_buf *out, const ASN1_INTEGER *serial)
{
	unsigned char *der = NULL;
	int len = i2d_ASN1_INTEGER(serial, &der);
	int rc = len > 0 ? tmk_buf_add(out, der, (size_t)len) : -1;

	OPENSSL_free(der);
	return rc;
}

/* What a certificate object repeats of its certificate (PKCS#11 2.40 section
 * 4.6.3). */
static int fill_put(struct certs_job *j, const char *label, const uint8_t *der,
		    size_t len, struct tmk_err *err)
{
	const unsigned char *at = der;
	X509 *x = NULL;
	int rc = -1;

	if (len <= CERT_MAX)
		x = d2i_X509(NULL, &at, (long)len);
	if (!x || at != der + len) {
		tmk_err_set(err, TMK_KEY, "not a certificate in DER");
		goto out;
	}
	if (strlen(label) >= sizeof(j->label_text)) {
		tmk_err_set(err, TMK_KEY, "the label is too long");
		goto out;
	}
	memcpy(j->label_text, label, strlen(label) + 1);
	if (tmk_buf_add(&j->put, der, len) ||
	    add_name(&j->subject, X509_get_subject_name(x)) ||
	    add_name(&j->issuer, X509_get_issuer_name(x)) ||
	    add_serial(&j->serial, X509_get0_serialNumber(x))) {
		tmk_err_nomem(err);
		goto out;
	}
	rc = 0;
out:
	X509_free(x);
	ERR_clear_error();
	return rc;
}

int tmk_p11_put_cert(const struct tmk_place *place, const uint8_t *id,
		     size_t id_len, const char *label, const uint8_t *der,
		     size_t len, struct tmk_err *err)
{
	struct tmk_p11 *p = NULL;
	struct certs_job *j;
	int rc = -1;

	if (tmk_p11_connect(&p, place, TMK_P11_LOGIN | TMK_P11_WRITE, err))
		return -1;
	j = certs_job_new(p, id, id_len, err);
	if (!j || fill_put(j, label ? label : "", der, len, err))
		goto out;
	rc = tmk_p11_run(&p, put_work, err);
out:
	tmk_p11_free(p);
	return rc;
}
