#include "key/p11_destroy.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/enc.h"
#include "key/p11.h"
#include "key/p11_data.h"
#include "key/p11_error.h"
#include "key/p11_find.h"
#include "key/p11_one.h"
#include "key/p11_token.h"

#define SPKI_MAX 2048
#define OBJECTS_MAX 256		/* of one class that are looked at */
#define CERT_MAX (64 * 1024)
#define LABEL_MAX 255
#define NOTE_HEX 40		/* digits of the SHA-256 in a note's label */

struct destroy_job {
	struct tmk_p11_key key;	/* the private one, else the public one */
	bool has_private;
	struct tmk_buf want;	/* a copy of the one that is meant; or empty */
	struct tmk_buf spki;	/* empty: the token does not tell it */
	char hex[2 * EVP_MAX_MD_SIZE + 1];	/* SHA-256 of it */
	struct tmk_buf value;	/* room for one certificate */
	CK_OBJECT_HANDLE h[OBJECTS_MAX];
	int objects;		/* that were destroyed */
};

static void destroy_release(void *job)
{
	struct destroy_job *j = job;

	tmk_buf_release(&j->want);
	tmk_buf_release(&j->spki);
	tmk_buf_release(&j->value);
}

/* ---- what belongs to it ------------------------------------------------- */

static bool is_ours(const struct destroy_job *j, const struct tmk_buf *spki)
{
	return spki->len && spki->len == j->spki.len &&
		!memcmp(spki->data, j->spki.data, spki->len);
}

static bool is_our_public(struct tmk_p11 *p, struct destroy_job *j,
			  CK_OBJECT_HANDLE h)
{
	struct tmk_buf spki = TMK_BUF_INIT(SPKI_MAX);
	enum tmk_algorithm algorithm;
	struct tmk_p11_key key;
	unsigned int bits;
	bool ours;

	ours = !tmk_p11_read_key(p, &key, h, CKO_PUBLIC_KEY, false, NULL) &&
		!tmk_p11_key_spki(p, &key, &algorithm, &bits, &spki, NULL) &&
		is_ours(j, &spki);
	tmk_buf_release(&spki);
	return ours;
}

static bool is_our_cert(struct tmk_p11 *p, struct destroy_job *j,
			CK_OBJECT_HANDLE h)
{
	CK_ATTRIBUTE a = { CKA_VALUE, NULL, CERT_MAX };
	struct tmk_buf spki = TMK_BUF_INIT(SPKI_MAX);
	unsigned char *der = NULL;
	const unsigned char *at;
	bool ours = false;
	X509 *x = NULL;
	int len;

	tmk_buf_clear(&j->value);
	a.pValue = tmk_buf_reserve(&j->value, CERT_MAX);
	if (!a.pValue || TMK_P11(p, C_GetAttributeValue, p->session, h, &a,
				 1) != CKR_OK || a.ulValueLen > CERT_MAX)
		return false;
	at = a.pValue;
	x = d2i_X509(NULL, &at, (long)a.ulValueLen);
	len = x ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der) : -1;
	if (len > 0 && !tmk_buf_add(&spki, der, (size_t)len))
		ours = is_ours(j, &spki);
	OPENSSL_free(der);
	X509_free(x);
	tmk_buf_release(&spki);
	return ours;
}

/* A note's label ends with the first digits of the key's hash. */
static bool is_our_note(struct tmk_p11 *p, struct destroy_job *j,
			CK_OBJECT_HANDLE h)
{
	char label[LABEL_MAX + 1];
	CK_ATTRIBUTE a = { CKA_LABEL, label, LABEL_MAX };

	if (TMK_P11(p, C_GetAttributeValue, p->session, h, &a, 1) != CKR_OK ||
	    a.ulValueLen <= NOTE_HEX || a.ulValueLen > LABEL_MAX)
		return false;
	return label[a.ulValueLen - NOTE_HEX - 1] == '-' &&
		!memcmp(label + a.ulValueLen - NOTE_HEX, j->hex, NOTE_HEX);
}

/* ---- destroying --------------------------------------------------------- */

static int destroy_object(struct tmk_p11 *p, struct destroy_job *j,
			  CK_OBJECT_HANDLE h, struct tmk_err *err)
{
	CK_RV rv = TMK_P11(p, C_DestroyObject, p->session, h);

	if (tmk_p11_check(p, rv, "C_DestroyObject", err))
		return -1;
	j->objects++;
	return 0;
}

/* All objects of a template that are ours. */
static int destroy_all(struct tmk_p11 *p, struct destroy_job *j,
		       CK_ATTRIBUTE *template, CK_ULONG len,
		       bool (*ours)(struct tmk_p11 *p, struct destroy_job *j,
				    CK_OBJECT_HANDLE h),
		       struct tmk_err *err)
{
	size_t n = 0, i;

	if (tmk_p11_search(p, template, len, j->h, OBJECTS_MAX, &n, err))
		return -1;
	for (i = 0; i < n; i++)
		if (ours(p, j, j->h[i]) && destroy_object(p, j, j->h[i], err))
			return -1;
	return 0;
}

static int destroy_rest(struct tmk_p11 *p, struct destroy_job *j,
			struct tmk_err *err)
{
	CK_OBJECT_CLASS public = CKO_PUBLIC_KEY, cert = CKO_CERTIFICATE;
	CK_OBJECT_CLASS data = CKO_DATA;
	CK_BBOOL on = CK_TRUE;
	char application[] = TMK_P11_DATA_APPLICATION;
	CK_ATTRIBUTE t[] = {
		{ CKA_CLASS, &data, sizeof(data) },
		{ CKA_TOKEN, &on, sizeof(on) },
		{ CKA_APPLICATION, application, strlen(application) },
	};

	/* Without its public key nothing else is known to be its own. */
	if (!j->spki.len)
		return 0;
	if (destroy_all(p, j, t, 3, is_our_note, err))
		return -1;
	t[0].pValue = &cert;
	if (destroy_all(p, j, t, 2, is_our_cert, err))
		return -1;
	t[0].pValue = &public;
	return destroy_all(p, j, t, 2, is_our_public, err);
}

static int kept(struct tmk_p11 *p, const struct destroy_job *j,
		struct tmk_err *err)
{
	CK_BBOOL on = CK_TRUE;
	CK_ATTRIBUTE a = { CKA_DESTROYABLE, &on, sizeof(on) };
	CK_RV rv = p->rv;
	bool locked;

	locked = TMK_P11(p, C_GetAttributeValue, p->session, j->key.handle,
			 &a, 1) == CKR_OK && a.ulValueLen == 1 && !on;
	p->rv = rv;
	if (!locked && rv != CKR_ACTION_PROHIBITED)
		return tmk_err_prefix(err, "nothing was destroyed");
	tmk_err_set(err, TMK_KEY, "the token does not let the key go%s: "
		    "nothing was destroyed", locked ? " (CKA_DESTROYABLE is "
		    "false)" : " (CKR_ACTION_PROHIBITED)");
	return tmk_err_hint(err, "such a key ends with its token: initialise "
			    "that anew, or destroy it; touchmark key "
			    "compromise denies its use until then");
}

/* ---- the proof ---------------------------------------------------------- */

/* The keys of these names; of public ones those that are this very key. */
static int count(struct tmk_p11 *p, struct destroy_job *j,
		 CK_OBJECT_CLASS class, int *left, struct tmk_err *err)
{
	const struct tmk_p11_key *key = &j->key;
	char label[sizeof(key->label) + 1];
	size_t n = 0, i;

	memcpy(label, key->label, key->label_len);
	label[key->label_len] = '\0';
	if (tmk_p11_search_keys(p, class, key->id, key->id_len,
				key->label_len ? label : NULL, j->h,
				OBJECTS_MAX, &n, err))
		return -1;
	for (i = 0; i < n; i++)
		if (class == CKO_PRIVATE_KEY || is_our_public(p, j, j->h[i]))
			++*left;
	return 0;
}

/* A session of its own, which has seen nothing of what was done. The old one
 * is closed after it was opened: the last one out would log out. */
static int prove(struct tmk_p11 *p, struct destroy_job *j,
		 struct tmk_err *err)
{
	CK_SESSION_HANDLE fresh = 0;
	CK_RV rv = TMK_P11(p, C_OpenSession, p->token[p->at].slot,
			   CKF_SERIAL_SESSION, NULL, NULL, &fresh);
	int private = 0, public = 0;

	if (tmk_p11_check(p, rv, "C_OpenSession", err))
		return tmk_err_prefix(err, "the key was destroyed, but its "
				      "absence is not proved");
	(void)TMK_P11(p, C_CloseSession, p->session);
	p->session = fresh;
	p->write = false;
	if (count(p, j, CKO_PRIVATE_KEY, &private, err) ||
	    count(p, j, CKO_PUBLIC_KEY, &public, err))
		return tmk_err_prefix(err, "the key was destroyed, but its "
				      "absence is not proved");
	if (!private && !public)
		return 0;
	tmk_err_set(err, TMK_KEY, "the token says that the key was "
		    "destroyed, but still shows a %s key of its names",
		    private ? "private" : "public");
	return tmk_err_hint(err, "do not trust the token; touchmark key list "
			    "shows what it holds");
}

static int learn(struct tmk_p11 *p, struct destroy_job *j,
		 struct tmk_err *err)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	enum tmk_algorithm algorithm;
	unsigned int bits, len = 0;
	int rc;

	rc = tmk_p11_one_of(p, &j->key, CKO_PRIVATE_KEY, false, err);
	j->has_private = !rc;
	if (rc > 0)
		rc = tmk_p11_one_of(p, &j->key, CKO_PUBLIC_KEY, false, err);
	if (rc)
		return rc > 0 ? tmk_p11_one_none(p, err) : -1;
	/* A kind that is not known here can be destroyed all the same. */
	if (tmk_p11_key_spki(p, &j->key, &algorithm, &bits, &j->spki, NULL))
		tmk_buf_clear(&j->spki);
	if (!EVP_Digest(j->spki.data, j->spki.len, digest, &len, EVP_sha256(),
			NULL))
		return tmk_err_set(err, TMK_INTERNAL, "SHA-256 failed");
	tmk_enc_hex(j->hex, digest, len);
	/* What was shown, and agreed to, is what goes. */
	if (!j->want.len || is_ours(j, &j->want))
		return 0;
	tmk_err_set(err, TMK_KEY, "the URI means another key after the login "
		    "than before it");
	return tmk_err_hint(err, "say which one: add id= or object=");
}

static int destroy_work(void *state, struct tmk_err *err)
{
	struct tmk_p11 *p = state;
	struct destroy_job *j = p->job;

	if (learn(p, j, err))
		return -1;
	if (destroy_object(p, j, j->key.handle, err))
		return kept(p, j, err);
	if (destroy_rest(p, j, err))
		return tmk_err_prefix(err, "the %s key is destroyed, but not "
				      "all that belongs to it",
				      j->has_private ? "private" : "public");
	return prove(p, j, err);
}

int tmk_p11_destroy(const struct tmk_place *place, int *objects,
		    struct tmk_err *err)
{
	struct tmk_p11 *p = NULL;
	struct destroy_job *j;
	int rc = -1;

	if (tmk_p11_connect(&p, place, TMK_P11_LOGIN | TMK_P11_WRITE, err))
		return -1;
	j = tmk_p11_job(p, sizeof(*j), destroy_release);
	if (!j) {
		tmk_err_nomem(err);
		goto out;
	}
	tmk_buf_init(&j->spki, SPKI_MAX);
	tmk_buf_init(&j->value, CERT_MAX);
	tmk_buf_init(&j->want, SPKI_MAX);
	if (place->spki_hint && tmk_buf_add(&j->want, place->spki_hint,
					    place->spki_hint_len)) {
		tmk_err_set(err, TMK_KEY, "the key that is meant is too long");
		goto out;
	}
	if (tmk_p11_run(&p, destroy_work, err))
		goto out;
	*objects = j->objects;
	rc = 0;
out:
	tmk_p11_free(p);
	return rc;
}
