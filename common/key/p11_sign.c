#include "key/p11_sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "key/der.h"
#include "key/p11.h"
#include "key/p11_error.h"
#include "key/p11_login.h"
#include "key/p11_token.h"
#include "key/pin.h"

#define INFO_MAX 83		/* bytes of the longest DigestInfo */

struct sign_job {
	CK_OBJECT_HANDLE key;
	CK_MECHANISM_TYPE mechanism;
	bool always, touch;
	uint8_t sig[TMK_SIGNATURE_MAX + 1];
	CK_ULONG sig_len;
	CK_ULONG data_len;
	uint8_t data[];		/* what the mechanism is given */
};

/* ---- on the worker ------------------------------------------------------- */

/* A session in which a signature was begun and not ended begins no other. The
 * new one is opened first: the last one that closes takes the login along. */
static int renew_session(struct tmk_p11 *p, struct tmk_err *err)
{
	CK_SESSION_HANDLE old = p->session;
	CK_RV rv = TMK_P11(p, C_OpenSession, p->token[p->at].slot,
			   CKF_SERIAL_SESSION, NULL, NULL, &p->session);

	if (rv != CKR_OK)
		p->session = old;
	if (tmk_p11_check(p, rv, "C_OpenSession", err))
		return -1;
	(void)TMK_P11(p, C_CloseSession, old);
	p->unfinished = false;
	return 0;
}

static int begin_work(void *state, struct tmk_err *err)
{
	struct tmk_p11 *p = state;
	struct sign_job *j = p->job;
	CK_MECHANISM m = { j->mechanism, NULL, 0 };
	CK_RV rv = CKR_SESSION_CLOSED;

	if (p->cut)
		return tmk_p11_check(p, rv, "C_SignInit", err);
	if (p->unfinished && renew_session(p, err))
		return -1;
	rv = TMK_P11(p, C_SignInit, p->session, &m, j->key);
	if (rv == CKR_OPERATION_ACTIVE) {
		if (renew_session(p, err))
			return -1;
		rv = TMK_P11(p, C_SignInit, p->session, &m, j->key);
	}
	if (tmk_p11_check(p, rv, "C_SignInit", err))
		return -1;
	p->unfinished = true;
	/* PKCS#11 2.40 section 11.6: between SignInit and Sign, each time. */
	return j->always ? tmk_p11_login_now(p, CKU_CONTEXT_SPECIFIC, err) : 0;
}

static int end_work(void *state, struct tmk_err *err)
{
	struct tmk_p11 *p = state;
	struct sign_job *j = p->job;
	CK_RV rv;

	if (j->touch)
		tmk_deadline_beat_person("C_Sign", TMK_DEADLINE_PERSON_MS);
	else
		tmk_deadline_beat("C_Sign");
	j->sig_len = sizeof(j->sig);
	rv = p->f->C_Sign(p->session, j->data, j->data_len, j->sig,
			  &j->sig_len);
	/* PKCS#11 2.40 section 5.11: only then the operation goes on. */
	p->unfinished = rv == CKR_BUFFER_TOO_SMALL;
	return tmk_p11_check(p, rv, "C_Sign", err);
}

static int both_work(void *state, struct tmk_err *err)
{
	return begin_work(state, err) ? -1 : end_work(state, err);
}

/* ---- the PIN of a key that wants it each time ------------------------------ */

static void drop_pin(struct tmk_p11_signer *s)
{
	if (!s->p)
		return;
	tmk_secret_free(s->p->pin);
	s->p->pin = NULL;
}

/* Say that the token waits, then let it sign. */
static int sign_touched(struct tmk_p11_signer *s, struct tmk_err *err)
{
	const struct tmk_person *person = s->p->person;
	char label[TMK_P11_LABEL], text[TMK_P11_LABEL + 64];
	int rc;

	if (tmk_p11_run(&s->p, begin_work, err))
		return -1;
	if (person && person->notice) {
		snprintf(text, sizeof(text), "token %s waits for a touch",
			 tmk_p11_label(label, s->p));
		person->notice(person->ctx, text);
	}
	/* It has been said: not again when it takes long. */
	s->p->person = NULL;
	rc = tmk_p11_run(&s->p, end_work, err);
	if (s->p)
		s->p->person = person;
	return rc;
}

static int sign_once(struct tmk_p11_signer *s, struct tmk_err *err)
{
	if (s->touch)
		return sign_touched(s, err);
	return tmk_p11_run(&s->p, both_work, err);
}

/* Ask for the PIN, and again if a person mistyped it. */
static int sign_asked(struct tmk_p11_signer *s, struct tmk_err *err)
{
	struct tmk_pin_order order = {
		.pin_file = s->pin_file,
		.pin_source = s->p->uri.pin_source,
		.pin_value = s->p->uri.pin,
		.pin_file_env = s->pin_file_env,
		.credentials_dir = s->credentials_dir,
		.person = s->base.person,
	};
	struct tmk_pin_source source = tmk_pin_source_init(&order);
	struct tmk_secret *pin = NULL;
	bool by_person = false;
	int tries, rc;

	if (tmk_secret_new(&pin, err))
		return -1;
	for (tries = 1;; tries++) {
		struct tmk_err why = TMK_ERR_INIT;

		rc = tmk_p11_ask_pin(&s->p, &source, tries > 1, pin,
				     &by_person, &why);
		if (!rc)
			rc = sign_once(s, &why);
		if (rc && s->p && s->p->rv == CKR_PIN_INCORRECT && by_person &&
		    tries < TMK_P11_PERSON_TRIES)
			continue;
		if (rc && err)
			*err = why;
		break;
	}
	tmk_secret_free(pin);
	return rc;
}

static int sign_always(struct tmk_p11_signer *s, struct tmk_err *err)
{
	int rc;

	if (tmk_p11_has_pad(s->p))
		return sign_once(s, err);
	if (tmk_clock_ms() > s->pin_until)
		drop_pin(s);
	rc = s->p->pin ? sign_once(s, err) : sign_asked(s, err);
	/* One that was refused is not tried again by itself. */
	if (s->ask_each_time ||
	    (rc && s->p && tmk_p11_error_is_pin(s->p->rv)))
		drop_pin(s);
	return rc;
}

/* ---- the door -------------------------------------------------------------- */

static bool fits(const struct tmk_signer *s, enum tmk_scheme scheme,
		 enum tmk_hash hash, size_t len)
{
	switch (s->algorithm) {
	case TMK_KEY_RSA:
		return scheme == TMK_RSA_PKCS1 && len &&
			len == tmk_der_hash_len(hash);
	case TMK_KEY_EC:
		return scheme == TMK_ECDSA && len &&
			len == tmk_der_hash_len(hash);
	case TMK_KEY_ED25519:
		return scheme == TMK_EDDSA && len <= TMK_MESSAGE_MAX;
	}
	return false;
}

/* What the mechanism is given: a DigestInfo, the digest cut to the order's
 * length (FIPS 186-5 6.4.1 step 2), which some modules do not do, or the
 * message. */
static int prepare(struct tmk_buf *data, CK_MECHANISM_TYPE *mechanism,
		   const struct tmk_signer *s, enum tmk_scheme scheme,
		   enum tmk_hash hash, const uint8_t *digest, size_t len,
		   struct tmk_err *err)
{
	size_t order = (s->bits + 7) / 8;
	int rc;

	if (!fits(s, scheme, hash, len))
		return tmk_err_set(err, TMK_INTERNAL, "a digest or scheme "
				   "that does not fit the key");
	if (scheme == TMK_RSA_PKCS1) {
		*mechanism = CKM_RSA_PKCS;
		rc = tmk_der_digest_info(data, hash, digest, len);
	} else if (scheme == TMK_ECDSA) {
		*mechanism = CKM_ECDSA;
		rc = tmk_buf_add(data, digest, len < order ? len : order);
	} else {
		*mechanism = CKM_EDDSA;
		rc = tmk_buf_add(data, digest, len);
	}
	return rc ? tmk_err_nomem(err) : 0;
}

/* The job, as large as what it is about; NULL with `err`. It belongs to the
 * module's struct, as the worker may outlive this call. */
static struct sign_job *new_job(struct tmk_p11_signer *s,
				enum tmk_scheme scheme, enum tmk_hash hash,
				const uint8_t *digest, size_t len,
				struct tmk_err *err)
{
	struct tmk_buf data = TMK_BUF_INIT(INFO_MAX + TMK_MESSAGE_MAX);
	CK_MECHANISM_TYPE mechanism = 0;
	struct sign_job *j = NULL;

	if (prepare(&data, &mechanism, &s->base, scheme, hash, digest, len,
		    err))
		goto out;
	j = tmk_p11_job(s->p, sizeof(*j) + data.len, NULL);
	if (!j) {
		tmk_err_nomem(err);
		goto out;
	}
	j->key = s->key;
	j->mechanism = mechanism;
	j->always = s->always;
	j->touch = s->touch;
	if (data.len)
		memcpy(j->data, data.data, data.len);
	j->data_len = data.len;
out:
	tmk_buf_release(&data);
	return j;
}

static int run_job(struct tmk_p11_signer *s, struct tmk_err *err)
{
	int rc;

	s->p->rv = CKR_OK;
	s->p->person = s->base.person;
	rc = s->always ? sign_always(s, err) : sign_once(s, err);
	if (!s->p)
		return -1;	/* given up: a new one would be refused too */
	s->p->person = NULL;
	if (rc && tmk_p11_error_is_loss(s->p->rv)) {
		s->base.lost = true;
		drop_pin(s);
	}
	return rc;
}

static int signer_sign(struct tmk_signer *base, enum tmk_scheme scheme,
		       enum tmk_hash hash, const uint8_t *digest, size_t len,
		       struct tmk_buf *sig, struct tmk_err *err)
{
	struct tmk_p11_signer *s = (struct tmk_p11_signer *)base;
	size_t want = (base->bits + 7) / 8;
	struct sign_job *j;

	if (!s->p)
		return tmk_err_set(err, TMK_KEY, "the token did not answer "
				   "before and is not asked again");
	if (base->lost)
		return tmk_p11_error_set(err, CKR_SESSION_CLOSED, "C_Sign");
	j = new_job(s, scheme, hash, digest, len, err);
	if (!j || run_job(s, err))
		return -1;
	if (base->algorithm != TMK_KEY_RSA)
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
	struct tmk_p11_signer *s = (struct tmk_p11_signer *)base;

	tmk_p11_free(s->p);
	tmk_buf_release(&base->spki);
	free(s->pin_file);
	free(s->pin_file_env);
	free(s->credentials_dir);
	free(s);
}

const struct tmk_signer_ops tmk_p11_signer_ops = { signer_sign, signer_free };
