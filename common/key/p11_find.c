#include "key/p11_find.h"

#include <string.h>

#include <openssl/x509.h>

#include "base/enc.h"
#include "key/der.h"
#include "key/p11_error.h"
#include "key/p11_token.h"

#define CERT_MAX (64 * 1024)
#define OUR_KEYS "use RSA, P-256, P-384 or Ed25519"

int tmk_p11_search(struct tmk_p11 *p, CK_ATTRIBUTE *template, CK_ULONG len,
		   CK_OBJECT_HANDLE *out, size_t max, size_t *n,
		   struct tmk_err *err)
{
	CK_RV rv = TMK_P11(p, C_FindObjectsInit, p->session, template, len);
	size_t found = 0;

	if (tmk_p11_check(p, rv, "C_FindObjectsInit", err))
		return -1;
	/* Some modules give one at a time: go on until there are none. */
	while (found < max) {
		CK_ULONG got = 0;

		rv = TMK_P11(p, C_FindObjects, p->session, out + found,
			     max - found, &got);
		if (rv != CKR_OK || !got)
			break;
		if (got > max - found) {
			rv = CKR_GENERAL_ERROR;
			break;
		}
		found += got;
	}
	(void)TMK_P11(p, C_FindObjectsFinal, p->session);
	if (tmk_p11_check(p, rv, "C_FindObjects", err))
		return -1;
	*n = found;
	return 0;
}

/* PKCS#11 templates lack the const that they mean. */
static CK_ATTRIBUTE attr(CK_ATTRIBUTE_TYPE type, const void *value, size_t len)
{
	CK_ATTRIBUTE a = { type, (void *)(uintptr_t)value, len };

	return a;
}

int tmk_p11_search_keys(struct tmk_p11 *p, CK_OBJECT_CLASS class,
			const uint8_t *id, size_t id_len, const char *label,
			CK_OBJECT_HANDLE *out, size_t max, size_t *n,
			struct tmk_err *err)
{
	CK_ATTRIBUTE t[3];
	CK_ULONG len = 0;

	t[len++] = attr(CKA_CLASS, &class, sizeof(class));
	if (id_len)
		t[len++] = attr(CKA_ID, id, id_len);
	if (label)
		t[len++] = attr(CKA_LABEL, label, strlen(label));
	return tmk_p11_search(p, t, len, out, max, n, err);
}

/* ---- reading ------------------------------------------------------------ */

static const CK_ATTRIBUTE_TYPE flag_types[TMK_P11_FLAGS] = {
	CKA_SIGN, CKA_ALWAYS_AUTHENTICATE, CKA_SENSITIVE,
	CKA_ALWAYS_SENSITIVE, CKA_EXTRACTABLE, CKA_NEVER_EXTRACTABLE,
	CKA_LOCAL, CKA_DECRYPT, CKA_UNWRAP, CKA_MODIFIABLE
};

#define N_BYTES 6		/* fields that are byte strings */
#define N_ATTRS (1 + N_BYTES + TMK_P11_FLAGS)
#define NOT_TOLD ((CK_ULONG)-1)
#define FLAG_NOT_TOLD 0xff

struct reading {
	CK_ATTRIBUTE t[N_ATTRS];
	CK_ULONG n;
	size_t *len[N_BYTES];	/* where the lengths go */
	CK_BBOOL flag[TMK_P11_FLAGS];
	CK_ULONG flags;
};

static void reading_init(struct reading *r, struct tmk_p11_key *key, bool all)
{
	struct {
		CK_ATTRIBUTE_TYPE type;
		uint8_t *to;
		size_t size, *len;
	} bytes[N_BYTES] = {
		{ CKA_ID, key->id, sizeof(key->id), &key->id_len },
		{ CKA_LABEL, key->label, sizeof(key->label), &key->label_len },
		{ CKA_MODULUS, key->modulus, sizeof(key->modulus),
		  &key->modulus_len },
		{ CKA_PUBLIC_EXPONENT, key->exponent, sizeof(key->exponent),
		  &key->exponent_len },
		{ CKA_EC_PARAMS, key->params, sizeof(key->params),
		  &key->params_len },
		{ CKA_EC_POINT, key->point, sizeof(key->point),
		  &key->point_len },
	};
	CK_ULONG i;

	r->t[0] = attr(CKA_KEY_TYPE, &key->type, sizeof(key->type));
	for (i = 0; i < N_BYTES; i++) {
		r->t[1 + i] = attr(bytes[i].type, bytes[i].to, bytes[i].size);
		r->len[i] = bytes[i].len;
	}
	r->flags = all ? TMK_P11_FLAGS : TMK_P11_SENSITIVE;
	if (key->class == CKO_PUBLIC_KEY)
		r->flags = 0;
	for (i = 0; i < r->flags; i++) {
		r->flag[i] = FLAG_NOT_TOLD;
		r->t[1 + N_BYTES + i] = attr(flag_types[i], &r->flag[i], 1);
	}
	r->n = 1 + N_BYTES + r->flags;
}

static bool harmless(CK_RV rv)
{
	return rv == CKR_ATTRIBUTE_TYPE_INVALID ||
	       rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_BUFFER_TOO_SMALL;
}

/* What of the answer is not to be believed: said to be absent, or, after an
 * error, exactly as it was before the call (a module that stopped early). */
static bool is_untold(const struct reading *r, CK_ULONG i, size_t size)
{
	CK_ULONG len = r->t[i].ulValueLen;

	if (len == NOT_TOLD || len > size)
		return true;
	if (i > N_BYTES)
		return len != 1 || r->flag[i - 1 - N_BYTES] > 1;
	return i && len == size;
}

static void reading_take(struct reading *r, struct tmk_p11_key *key,
			 const size_t *sizes)
{
	CK_ULONG i;

	if (r->t[0].ulValueLen != sizeof(key->type))
		key->type = NOT_TOLD;
	for (i = 0; i < N_BYTES; i++)
		*r->len[i] = is_untold(r, 1 + i, sizes[1 + i]) ? 0 :
			r->t[1 + i].ulValueLen;
	for (i = 0; i < TMK_P11_FLAGS; i++) {
		if (i >= r->flags || is_untold(r, 1 + N_BYTES + i, 1))
			key->flag[i] = TMK_ABSENT;
		else
			key->flag[i] = r->flag[i] ? TMK_YES : TMK_NO;
	}
}

/* Whether one call told what this kind of object must tell. */
static bool is_enough(const struct tmk_p11_key *key, bool all)
{
	int i;

	for (i = 0; all && key->class == CKO_PRIVATE_KEY && i < TMK_P11_FLAGS;
	     i++)
		if (key->flag[i] == TMK_ABSENT)
			return false;
	if (key->type == CKK_RSA)
		return key->modulus_len && key->exponent_len;
	if (key->type == CKK_EC || key->type == CKK_EC_EDWARDS)
		return key->params_len &&
			(key->point_len || key->class == CKO_PRIVATE_KEY);
	return key->type != NOT_TOLD;
}

int tmk_p11_read_key(struct tmk_p11 *p, struct tmk_p11_key *key,
		     CK_OBJECT_HANDLE handle, CK_OBJECT_CLASS class, bool all,
		     struct tmk_err *err)
{
	size_t sizes[N_ATTRS] = { 0 };
	struct reading r;
	CK_ULONG i;
	CK_RV rv;

	memset(key, 0, sizeof(*key));
	key->handle = handle;
	key->class = class;
	key->type = NOT_TOLD;
	reading_init(&r, key, all);
	for (i = 0; i < r.n; i++)
		sizes[i] = r.t[i].ulValueLen;
	rv = TMK_P11(p, C_GetAttributeValue, p->session, handle, r.t, r.n);
	if (rv != CKR_OK && !harmless(rv))
		return tmk_p11_check(p, rv, "C_GetAttributeValue", err);
	reading_take(&r, key, sizes);
	if (rv == CKR_OK || is_enough(key, all))
		return 0;
	/* The module stopped at the first attribute it lacks: one by one. */
	for (i = 0; i < r.n; i++) {
		if (i ? !is_untold(&r, i, sizes[i]) : key->type != NOT_TOLD)
			continue;
		r.t[i].ulValueLen = sizes[i];
		rv = TMK_P11(p, C_GetAttributeValue, p->session, handle,
			     &r.t[i], 1);
		if (rv == CKR_OK)
			continue;
		r.t[i].ulValueLen = NOT_TOLD;
		if (!harmless(rv))
			return tmk_p11_check(p, rv, "C_GetAttributeValue",
					     err);
	}
	reading_take(&r, key, sizes);
	return 0;
}

/* ---- the public key ----------------------------------------------------- */

static int spki_of_edwards(const struct tmk_p11_key *key, unsigned int *bits,
			   struct tmk_buf *spki, struct tmk_err *err)
{
	if (!tmk_der_is_ed25519(key->params, key->params_len)) {
		tmk_err_set(err, TMK_KEY, "the key is on a curve that is not "
			    "supported");
		return tmk_err_hint(err, OUR_KEYS);
	}
	*bits = 256;
	if (!key->point_len)
		return 1;
	if (tmk_der_ed25519_spki(spki, key->point, key->point_len))
		return tmk_err_set(err, TMK_KEY, "the token gives a point "
				   "that is not on its key's curve");
	return 0;
}

/* 0 with the SPKI, 1 when the object does not tell it, -1 when it is bad. */
static int spki_of_object(const struct tmk_p11_key *key, unsigned int *bits,
			  struct tmk_buf *spki, struct tmk_err *err)
{
	if (key->type == CKK_RSA) {
		if (!key->modulus_len || !key->exponent_len)
			return 1;
		if (tmk_der_rsa_spki(spki, bits, key->modulus,
				     key->modulus_len, key->exponent,
				     key->exponent_len))
			return tmk_err_set(err, TMK_KEY,
					   "the RSA key is malformed");
		return 0;
	}
	if (!key->params_len)
		return 1;
	if (key->type == CKK_EC_EDWARDS)
		return spki_of_edwards(key, bits, spki, err);
	*bits = tmk_der_curve_bits(key->params, key->params_len);
	if (!*bits) {
		tmk_err_set(err, TMK_KEY, "the key is on a curve that is not "
			    "supported");
		return tmk_err_hint(err, OUR_KEYS);
	}
	if (!key->point_len)
		return 1;
	if (tmk_der_ec_spki(spki, *bits, key->point, key->point_len))
		return tmk_err_set(err, TMK_KEY, "the token gives a point "
				   "that is not on its key's curve");
	return 0;
}

/* The public object beside a private one; 1 when there is none. */
static int find_public(struct tmk_p11 *p, const struct tmk_p11_key *key,
		       struct tmk_p11_key *public, struct tmk_err *err)
{
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_OBJECT_HANDLE h;
	CK_ATTRIBUTE t[3];
	size_t n = 0;

	t[0] = attr(CKA_CLASS, &class, sizeof(class));
	t[1] = attr(CKA_KEY_TYPE, &key->type, sizeof(key->type));
	if (key->id_len)
		t[2] = attr(CKA_ID, key->id, key->id_len);
	else if (key->label_len)
		t[2] = attr(CKA_LABEL, key->label, key->label_len);
	else
		return 1;
	if (tmk_p11_search(p, t, 3, &h, 1, &n, err))
		return -1;
	if (!n)
		return 1;
	return tmk_p11_read_key(p, public, h, class, false, err);
}

/* Append the SPKI of a certificate if its key is of the type that `key` is. */
static int add_cert_spki(X509 *x, const struct tmk_p11_key *key,
			 unsigned int *bits, struct tmk_buf *spki,
			 struct tmk_err *err)
{
	int want = key->type == CKK_RSA ? EVP_PKEY_RSA :
		key->type == CKK_EC ? EVP_PKEY_EC : EVP_PKEY_ED25519;
	EVP_PKEY *pub = X509_get0_pubkey(x);
	unsigned char *out = NULL;
	int rc = 1, len;

	if (!pub || EVP_PKEY_get_base_id(pub) != want)
		return 1;
	len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &out);
	if (len > 0) {
		*bits = want == EVP_PKEY_ED25519 ? 256 :
			(unsigned int)EVP_PKEY_get_bits(pub);
		rc = tmk_buf_add(spki, out, (size_t)len) ?
			tmk_err_nomem(err) : 0;
	}
	OPENSSL_free(out);
	return rc;
}

/* The SPKI of the certificate beside a key; 1 when there is none. */
static int spki_of_cert(struct tmk_p11 *p, const struct tmk_p11_key *key,
			unsigned int *bits, struct tmk_buf *spki,
			struct tmk_err *err)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_OBJECT_HANDLE h;
	CK_ATTRIBUTE t[2], value = { CKA_VALUE, NULL, CERT_MAX };
	struct tmk_buf der = TMK_BUF_INIT(CERT_MAX);
	const unsigned char *at;
	X509 *x = NULL;
	size_t n = 0;
	int rc = 1;

	t[0] = attr(CKA_CLASS, &class, sizeof(class));
	t[1] = attr(CKA_ID, key->id, key->id_len);
	if (!key->id_len || tmk_p11_search(p, t, 2, &h, 1, &n, err))
		return key->id_len ? -1 : 1;
	if (!n)
		return 1;
	value.pValue = tmk_buf_reserve(&der, CERT_MAX);
	if (!value.pValue)
		return tmk_err_nomem(err);
	if (TMK_P11(p, C_GetAttributeValue, p->session, h, &value, 1) ||
	    value.ulValueLen > CERT_MAX)
		goto out;
	at = value.pValue;
	x = d2i_X509(NULL, &at, (long)value.ulValueLen);
	if (x)
		rc = add_cert_spki(x, key, bits, spki, err);
out:
	X509_free(x);
	tmk_buf_release(&der);
	return rc;
}

int tmk_p11_key_algorithm(const struct tmk_p11_key *key,
			  enum tmk_algorithm *algorithm)
{
	switch (key->type) {
	case CKK_RSA:
		*algorithm = TMK_KEY_RSA;
		return 0;
	case CKK_EC:
		*algorithm = TMK_KEY_EC;
		return 0;
	case CKK_EC_EDWARDS:
		*algorithm = TMK_KEY_ED25519;
		return 0;
	}
	return -1;
}

int tmk_p11_key_spki(struct tmk_p11 *p, const struct tmk_p11_key *key,
		     enum tmk_algorithm *algorithm, unsigned int *bits,
		     struct tmk_buf *spki, struct tmk_err *err)
{
	struct tmk_p11_key public;
	int rc;

	if (tmk_p11_key_algorithm(key, algorithm)) {
		tmk_err_set(err, TMK_KEY, "the key is of a type that is not "
			    "supported (CKK 0x%lx)", key->type);
		return tmk_err_hint(err, OUR_KEYS);
	}
	rc = spki_of_object(key, bits, spki, err);
	if (rc <= 0 || key->class == CKO_PUBLIC_KEY)
		return rc;
	rc = find_public(p, key, &public, err);
	if (!rc)
		rc = spki_of_object(&public, bits, spki, err);
	return rc > 0 ? spki_of_cert(p, key, bits, spki, err) : rc;
}

/* ---- whether it is the right one ---------------------------------------- */

#define SHOWN_MAX 2048

struct shown_job {
	struct tmk_buf want;	/* a copy: the worker may outlive the caller */
	bool other;
};

static void shown_release(void *job)
{
	tmk_buf_release(&((struct shown_job *)job)->want);
}

/* A token that cannot be asked this is no worse than one that hides it. */
static int shown_work(void *state, struct tmk_err *err)
{
	struct tmk_p11 *p = state;
	struct shown_job *j = p->job;
	const char *label = p->uri.label[0] ? p->uri.label : NULL;
	struct tmk_err ignored = TMK_ERR_INIT;
	struct tmk_buf spki = TMK_BUF_INIT(SHOWN_MAX);
	enum tmk_algorithm algorithm;
	struct tmk_p11_key key;
	CK_OBJECT_HANDLE h[2];
	unsigned int bits;
	size_t n = 0;

	(void)err;
	/* Without either the one public key may be a stranger's. */
	if (!p->uri.id_len && !label)
		return 0;
	if (!tmk_p11_search_keys(p, CKO_PUBLIC_KEY, p->uri.id, p->uri.id_len,
				 label, h, 2, &n, &ignored) && n == 1 &&
	    !tmk_p11_read_key(p, &key, h[0], CKO_PUBLIC_KEY, false,
			      &ignored) &&
	    !tmk_p11_key_spki(p, &key, &algorithm, &bits, &spki, &ignored))
		j->other = spki.len != j->want.len ||
			memcmp(spki.data, j->want.data, spki.len);
	tmk_buf_release(&spki);
	p->rv = CKR_OK;
	return 0;
}

int tmk_p11_shows_other(struct tmk_p11 **p, const uint8_t *spki, size_t len,
			struct tmk_err *err)
{
	struct shown_job *j = tmk_p11_job(*p, sizeof(*j), shown_release);

	if (!j)
		return tmk_err_nomem(err);
	tmk_buf_init(&j->want, SHOWN_MAX);
	/* One that is too long is none of ours: the signature will tell. */
	if (len > SHOWN_MAX)
		return 0;
	if (tmk_buf_add(&j->want, spki, len))
		return tmk_err_nomem(err);
	if (tmk_p11_run(p, shown_work, err))
		return -1;
	return ((struct shown_job *)(*p)->job)->other;
}

/* ---- what a listing shows ----------------------------------------------- */

char *tmk_p11_key_uri(char *out, size_t size, const struct tmk_p11 *p,
		      const struct tmk_p11_key *key)
{
	const CK_TOKEN_INFO *info = &p->token[p->at].info;
	char token[33], serial[17], label[sizeof(key->label) + 1];
	struct tmk_uri_parts parts = {
		.token = tmk_p11_unpad(token, info->label,
				       sizeof(info->label)),
		.id = key->id,
		.id_len = key->id_len,
		.label = label,
		.private_key = true,
		.module_path = p->from_path ? p->path : NULL,
		.pin_source = p->uri.pin_source,
	};

	memcpy(label, key->label, key->label_len);
	label[key->label_len] = '\0';
	if (p->uri.has_serial || !*token)
		parts.serial = tmk_p11_unpad(serial, info->serialNumber,
					     sizeof(info->serialNumber));
	if (tmk_uri_format(out, size, &parts))
		*out = '\0';
	return out;
}

static void show_padded(char *out, size_t size, const CK_UTF8CHAR *text,
			size_t len)
{
	char raw[65];

	tmk_p11_unpad(raw, text, len);
	tmk_enc_show_into(out, size, raw, strlen(raw));
}

int tmk_p11_key_info(struct tmk_p11 *p, const struct tmk_p11_key *key,
		     struct tmk_key_info *info, struct tmk_err *err)
{
	const CK_TOKEN_INFO *t = &p->token[p->at].info;
	enum tmk_tristate *flags[TMK_P11_FLAGS] = {
		&info->sign, &info->always_authenticate, &info->sensitive,
		&info->always_sensitive, &info->extractable,
		&info->never_extractable, &info->local, &info->decrypt,
		&info->unwrap, &info->modifiable
	};
	int i;

	show_padded(info->token, sizeof(info->token), t->label,
		    sizeof(t->label));
	show_padded(info->serial, sizeof(info->serial), t->serialNumber,
		    sizeof(t->serialNumber));
	show_padded(info->manufacturer, sizeof(info->manufacturer),
		    t->manufacturerID, sizeof(t->manufacturerID));
	show_padded(info->model, sizeof(info->model), t->model,
		    sizeof(t->model));
	tmk_enc_show_into(info->label, sizeof(info->label),
			  (const char *)key->label, key->label_len);
	info->id_len = key->id_len < sizeof(info->id) ? key->id_len :
		sizeof(info->id);
	memcpy(info->id, key->id, info->id_len);
	tmk_p11_key_uri(info->uri, sizeof(info->uri), p, key);
	tmk_p11_module_file(info->module, p);
	for (i = 0; i < TMK_P11_FLAGS; i++)
		*flags[i] = key->flag[i];
	return tmk_p11_key_spki(p, key, &info->algorithm, &info->bits,
				&info->spki, err);
}
