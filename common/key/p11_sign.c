#include "key/p11_sign.h"

#include <stdlib.h>
#include <string.h>

#include "key/der.h"
#include "key/p11.h"
#include "key/p11_error.h"
#include "key/p11_find.h"
#include "key/p11_login.h"
#include "key/p11_token.h"

#define LISTED_MAX 4		/* keys named when several match */
#define DATA_MAX 128		/* a DigestInfo of SHA-512 takes 83 */
#define SPKI_MAX 2048

struct p11_signer {
	struct tmk_signer base;
	struct tmk_p11 *p;	/* NULL once the module was given up */
	CK_OBJECT_HANDLE key;
	bool always;		/* CKA_ALWAYS_AUTHENTICATE */
};

/* ---- finding the key ---------------------------------------------------- */

struct open_job {
	struct tmk_p11_key key[LISTED_MAX];
	size_t found;
	enum tmk_algorithm algorithm;
	unsigned int bits;
	struct tmk_buf spki;
};

static void open_job_release(void *job)
{
	struct open_job *j = job;

	tmk_buf_release(&j->spki);
}

static int several(struct tmk_p11 *p, struct open_job *j, struct tmk_err *err)
{
	struct tmk_buf list = TMK_BUF_INIT(600);
	char uri[512];
	size_t i;
	int rc = 0;

	for (i = 0; i < j->found && i < LISTED_MAX && !rc; i++) {
		if (tmk_p11_read_key(p, &j->key[i], j->key[i].handle,
				     CKO_PRIVATE_KEY, false, err))
			goto out;
		rc = tmk_buf_printf(&list, "%s %s", i ? "," : "",
				    tmk_p11_key_uri(uri, sizeof(uri), p,
						    &j->key[i]));
	}
	tmk_err_set(err, TMK_KEY, "%s%zu keys match the URI:%s%s",
		    j->found > LISTED_MAX ? "more than " : "",
		    j->found > LISTED_MAX ? (size_t)LISTED_MAX : j->found,
		    tmk_buf_str(&list), rc ? " ..." : "");
	tmk_err_hint(err, "say which one: add id= or object=");
out:
	tmk_buf_release(&list);
	return -1;
}

static int none(const struct tmk_p11 *p, struct tmk_err *err)
{
	char token[33];

	tmk_p11_unpad(token, p->token[p->at].info.label, 32);
	tmk_err_set(err, TMK_KEY, "no private key on token %s matches the "
		    "URI", token);
	return tmk_err_hint(err, "see what is there: touchmark key list");
}

static int open_work(void *state, struct tmk_err *err)
{
	struct tmk_p11 *p = state;
	struct open_job *j = p->job;
	const char *label = p->uri.label[0] ? p->uri.label : NULL;
	CK_OBJECT_HANDLE h[LISTED_MAX + 1];
	size_t i;
	int rc;

	if (tmk_p11_search_keys(p, CKO_PRIVATE_KEY, p->uri.id, p->uri.id_len,
				label, h, LISTED_MAX + 1, &j->found, err))
		return -1;
	if (!j->found)
		return none(p, err);
	for (i = 0; i < j->found && i < LISTED_MAX; i++)
		j->key[i].handle = h[i];
	if (j->found > 1)
		return several(p, j, err);
	if (tmk_p11_read_key(p, &j->key[0], h[0], CKO_PRIVATE_KEY, false, err))
		return -1;
	if (j->key[0].flag[TMK_P11_SIGN] == TMK_NO) {
		tmk_err_set(err, TMK_KEY, "the key may not be used for "
			    "signing (CKA_SIGN is false)");
		return tmk_err_hint(err, "choose another key");
	}
	rc = tmk_p11_key_spki(p, &j->key[0], &j->algorithm, &j->bits,
			      &j->spki, err);
	if (rc > 0) {
		tmk_err_set(err, TMK_KEY, "the token does not tell the key's "
			    "public part");
		return tmk_err_hint(err, "write the public key or the "
				    "certificate to the token, with the same "
				    "CKA_ID");
	}
	return rc;
}

/* ---- signing ------------------------------------------------------------ */

struct sign_job {
	CK_OBJECT_HANDLE key;
	CK_MECHANISM_TYPE mechanism;
	bool always;
	uint8_t data[DATA_MAX];
	CK_ULONG data_len;
	uint8_t sig[TMK_SIGNATURE_MAX + 1];
	CK_ULONG sig_len;
};

static int sign_work(void *state, struct tmk_err *err)
{
	struct tmk_p11 *p = state;
	struct sign_job *j = p->job;
	CK_MECHANISM m = { j->mechanism, NULL, 0 };
	CK_RV rv;

	rv = TMK_P11(p, C_SignInit, p->session, &m, j->key);
	if (tmk_p11_check(p, rv, "C_SignInit", err))
		return -1;
	/* PKCS#11 2.40 section 11.6: between SignInit and Sign, each time. */
	if (j->always && tmk_p11_login_now(p, CKU_CONTEXT_SPECIFIC, err))
		return -1;
	j->sig_len = sizeof(j->sig);
	rv = TMK_P11(p, C_Sign, p->session, j->data, j->data_len, j->sig,
		     &j->sig_len);
	return tmk_p11_check(p, rv, "C_Sign", err);
}

/* What the mechanism is given: a DigestInfo, or the digest cut to the order's
 * length (FIPS 186-5 6.4.1 step 2), which some modules do not do. */
static int prepare(struct sign_job *j, const struct tmk_signer *s,
		   enum tmk_scheme scheme, enum tmk_hash hash,
		   const uint8_t *digest, size_t len, struct tmk_err *err)
{
	struct tmk_buf info = TMK_BUF_INIT(DATA_MAX);
	size_t order = (s->bits + 7) / 8;
	bool rsa = s->algorithm == TMK_KEY_RSA;
	int rc = -1;

	if (len != tmk_der_hash_len(hash) ||
	    (scheme == TMK_RSA_PKCS1) != rsa) {
		tmk_err_set(err, TMK_INTERNAL,
			    "a digest or scheme that does not fit the key");
		goto out;
	}
	j->mechanism = rsa ? CKM_RSA_PKCS : CKM_ECDSA;
	if (rsa ? tmk_der_digest_info(&info, hash, digest, len) :
	    tmk_buf_add(&info, digest, len < order ? len : order)) {
		tmk_err_nomem(err);
		goto out;
	}
	memcpy(j->data, info.data, info.len);
	j->data_len = info.len;
	rc = 0;
out:
	tmk_buf_release(&info);
	return rc;
}

static int signer_sign(struct tmk_signer *base, enum tmk_scheme scheme,
		       enum tmk_hash hash, const uint8_t *digest, size_t len,
		       struct tmk_buf *sig, struct tmk_err *err)
{
	struct p11_signer *s = (struct p11_signer *)base;
	size_t want = (base->bits + 7) / 8;
	struct sign_job *j;

	if (!s->p)
		return tmk_err_set(err, TMK_KEY, "the token did not answer "
				   "before and is not asked again");
	j = tmk_p11_job(s->p, sizeof(*j), NULL);
	if (!j)
		return tmk_err_nomem(err);
	j->key = s->key;
	j->always = s->always;
	if (prepare(j, base, scheme, hash, digest, len, err) ||
	    tmk_p11_run(&s->p, sign_work, err))
		return -1;
	if (base->algorithm == TMK_KEY_EC)
		want *= 2;
	if (j->sig_len != want) {
		tmk_err_set(err, TMK_KEY, "the token returned a signature of "
			    "%lu bytes instead of %zu", j->sig_len, want);
		return tmk_err_hint(err, "the module is faulty: its own log "
				    "may say more");
	}
	return tmk_buf_add(sig, j->sig, want) ? tmk_err_nomem(err) : 0;
}

static void signer_free(struct tmk_signer *base)
{
	struct p11_signer *s = (struct p11_signer *)base;

	tmk_p11_free(s->p);
	tmk_buf_release(&base->spki);
	free(s);
}

static const struct tmk_signer_ops signer_ops = { signer_sign, signer_free };

/* ---- opening ------------------------------------------------------------ */

/* Before anybody is asked for a PIN. */
static int check_uri(const struct tmk_place *place, struct tmk_err *err)
{
	struct tmk_uri uri = { 0 };
	bool fits;

	if (tmk_uri_parse(&uri, place->uri, err))
		return -1;
	fits = !uri.has_class || uri.class == CKO_PRIVATE_KEY;
	tmk_uri_release(&uri);
	if (fits)
		return 0;
	tmk_err_set(err, TMK_USAGE, "the PKCS#11 URI does not name a private "
		    "key");
	return tmk_err_hint(err, "write type=private");
}

/* A key that wants its PIN at each use keeps it, in locked memory, as long as
 * the signer lives; for any other it is wiped now. */
static int keep_pin(struct tmk_p11 *p, bool always, struct tmk_err *err)
{
	if (!always) {
		tmk_secret_free(p->pin);
		p->pin = NULL;
		return 0;
	}
	if (p->pin || tmk_p11_has_pad(p))
		return 0;
	tmk_err_set(err, TMK_KEY, "the key wants its PIN for each signature, "
		    "but another key of the token is in use");
	return tmk_err_hint(err, "use one key of this token at a time");
}

static int signer_new(struct tmk_signer **out, struct tmk_p11 *p,
		      struct tmk_err *err)
{
	struct open_job *j = p->job;
	struct p11_signer *s = calloc(1, sizeof(*s));

	if (!s)
		return tmk_err_nomem(err);
	s->always = j->key[0].flag[TMK_P11_ALWAYS_AUTHENTICATE] == TMK_YES;
	if (keep_pin(p, s->always, err)) {
		free(s);
		return -1;
	}
	s->base.ops = &signer_ops;
	s->base.algorithm = j->algorithm;
	s->base.bits = j->bits;
	s->base.spki = j->spki;
	tmk_buf_init(&j->spki, SPKI_MAX);
	s->key = j->key[0].handle;
	s->p = p;
	*out = (struct tmk_signer *)s;
	return 0;
}

int tmk_p11_signer_open(struct tmk_signer **out, const struct tmk_place *place,
			struct tmk_err *err)
{
	struct tmk_p11 *p = NULL;
	struct open_job *j;

	if (check_uri(place, err) ||
	    tmk_p11_connect(&p, place, TMK_P11_LOGIN, err))
		return -1;
	j = tmk_p11_job(p, sizeof(*j), open_job_release);
	if (!j) {
		tmk_err_nomem(err);
		goto out;
	}
	tmk_buf_init(&j->spki, SPKI_MAX);
	if (tmk_p11_run(&p, open_work, err) || signer_new(out, p, err))
		goto out;
	return 0;
out:
	tmk_p11_free(p);
	return -1;
}
