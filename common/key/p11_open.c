/* From a place to a signer: the one key, and what is known of it. */
#include "key/p11_sign.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "key/der.h"
#include "key/p11.h"
#include "key/p11_find.h"
#include "key/p11_login.h"
#include "key/p11_one.h"
#include "key/p11_token.h"

#define SPKI_MAX 2048
/* A key that asks each time was asked for at the opening, which the first
 * signature follows at once: nobody types twice for one signature. */
#define FIRST_USE_MS 30000

/* ---- finding the key ---------------------------------------------------- */

struct open_job {
	struct tmk_p11_key key;
	struct tmk_buf hint;	/* SPKI from elsewhere; empty: none */
	enum tmk_algorithm algorithm;
	unsigned int bits;
	struct tmk_buf spki;
};

static void open_job_release(void *job)
{
	struct open_job *j = job;

	tmk_buf_release(&j->spki);
	tmk_buf_release(&j->hint);
}

/* The caller knows the public key, and this may well be its private one: a
 * token keeps the point with another object, which need not be searched for.
 * 0: taken. */
static int take_hint(struct open_job *j)
{
	const struct tmk_p11_key *key = &j->key;
	const struct tmk_buf *hint = &j->hint;

	if (!hint->len || !key->params_len)
		return -1;
	if (key->type == CKK_EC) {
		j->bits = tmk_der_curve_bits(key->params, key->params_len);
		if (!j->bits || !tmk_der_is_ec_spki(hint->data, hint->len,
						    j->bits))
			return -1;
	} else if (key->type == CKK_EC_EDWARDS) {
		j->bits = 256;
		if (!tmk_der_is_ed25519(key->params, key->params_len) ||
		    !tmk_der_is_ed25519_spki(hint->data, hint->len))
			return -1;
	} else {
		return -1;
	}
	return tmk_p11_key_algorithm(key, &j->algorithm) ||
		tmk_buf_add(&j->spki, hint->data, hint->len) ? -1 : 0;
}

static int open_work(void *state, struct tmk_err *err)
{
	struct tmk_p11 *p = state;
	struct open_job *j = p->job;
	int rc;

	if (tmk_p11_one(p, &j->key, false, err))
		return -1;
	if (j->key.flag[TMK_P11_SIGN] == TMK_NO) {
		tmk_err_set(err, TMK_KEY, "the key may not be used for "
			    "signing (CKA_SIGN is false)");
		return tmk_err_hint(err, "choose another key");
	}
	if (!take_hint(j))
		return 0;
	rc = tmk_p11_key_spki(p, &j->key, &j->algorithm, &j->bits,
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

/* A copy of what a signer asks again later; NULL stays NULL. */
static int copy(char **out, const char *text, struct tmk_err *err)
{
	*out = text ? strdup(text) : NULL;
	return text && !*out ? tmk_err_nomem(err) : 0;
}

/* A key that wants its PIN at each use keeps it, in locked memory, as long as
 * the signer lives, unless it is to be asked for each time; for any other it
 * is wiped now. */
static void keep_pin(struct tmk_p11_signer *s)
{
	if (s->always) {
		s->pin_until = s->ask_each_time ?
			tmk_clock_ms() + FIRST_USE_MS : INT64_MAX;
		return;
	}
	tmk_secret_free(s->p->pin);
	s->p->pin = NULL;
}

static int signer_new(struct tmk_signer **out, struct tmk_p11 *p,
		      const struct tmk_place *place, struct tmk_err *err)
{
	struct open_job *j = p->job;
	struct tmk_p11_signer *s = calloc(1, sizeof(*s));

	if (!s)
		return tmk_err_nomem(err);
	if (copy(&s->pin_file, place->pin_file, err) ||
	    copy(&s->pin_file_env, place->pin_file_env, err) ||
	    copy(&s->credentials_dir, place->credentials_dir, err)) {
		tmk_p11_signer_ops.free(&s->base);
		return -1;
	}
	s->base.ops = &tmk_p11_signer_ops;
	s->base.algorithm = j->algorithm;
	s->base.bits = j->bits;
	s->base.spki = j->spki;
	tmk_buf_init(&j->spki, SPKI_MAX);
	s->key = j->key.handle;
	s->always = j->key.flag[TMK_P11_ALWAYS_AUTHENTICATE] == TMK_YES;
	s->ask_each_time = place->ask_each_time;
	s->touch = place->touch;
	s->p = p;
	keep_pin(s);
	*out = (struct tmk_signer *)s;
	return 0;
}

static struct open_job *open_job_new(struct tmk_p11 *p,
				     const struct tmk_place *place,
				     struct tmk_err *err)
{
	struct open_job *j = tmk_p11_job(p, sizeof(*j), open_job_release);

	if (!j) {
		tmk_err_nomem(err);
		return NULL;
	}
	tmk_buf_init(&j->spki, SPKI_MAX);
	tmk_buf_init(&j->hint, SPKI_MAX);
	/* One that is too long is none of ours: the token will tell. */
	if (place->spki_hint && place->spki_hint_len <= SPKI_MAX &&
	    tmk_buf_add(&j->hint, place->spki_hint, place->spki_hint_len)) {
		tmk_err_nomem(err);
		return NULL;
	}
	return j;
}

int tmk_p11_signer_open(struct tmk_signer **out, const struct tmk_place *place,
			struct tmk_err *err)
{
	struct tmk_p11 *p = NULL;

	tmk_p11_blame(place, TMK_OPEN_KEY);
	if (check_uri(place, err) ||
	    tmk_p11_connect(&p, place, TMK_P11_LOGIN, err))
		return -1;
	tmk_p11_blame(place, TMK_OPEN_KEY);
	if (!open_job_new(p, place, err))
		goto out;
	p->rv = CKR_OK;
	if (tmk_p11_run(&p, open_work, err)) {
		/* Content with what it was asked, the module is not to blame:
		 * the key is. */
		if (!p || p->rv != CKR_OK)
			tmk_p11_blame(place, TMK_OPEN_DEVICE);
		goto out;
	}
	if (signer_new(out, p, place, err))
		goto out;
	return 0;
out:
	tmk_p11_free(p);
	return -1;
}
