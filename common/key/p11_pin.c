#include "key/p11_pin.h"

#include <string.h>

#include <openssl/crypto.h>

#include "base/enc.h"
#include "key/p11.h"
#include "key/p11_error.h"
#include "key/p11_login.h"
#include "key/p11_token.h"
#include "key/pin.h"

struct set_job {
	struct tmk_secret *fresh;	/* a copy: see deadline.h */
	bool asked;		/* C_SetPIN was called */
	bool refused;		/* and left the old PIN as it was */
};

static void set_release(void *job)
{
	tmk_secret_free(((struct set_job *)job)->fresh);
}

/* PINs are not const in PKCS#11's prototypes, and not changed. */
static CK_UTF8CHAR *bytes_of(const struct tmk_secret *pin)
{
	return (CK_UTF8CHAR *)(uintptr_t)tmk_secret_bytes(pin);
}

/* What a module says before it has changed anything. Whatever else it says,
 * the new PIN may be in force. */
static bool is_refusal(CK_RV rv)
{
	switch (rv) {
	case CKR_ACTION_PROHIBITED:
	case CKR_ARGUMENTS_BAD:
	case CKR_CRYPTOKI_NOT_INITIALIZED:
	case CKR_FUNCTION_CANCELED:
	case CKR_FUNCTION_NOT_SUPPORTED:
	case CKR_SESSION_READ_ONLY:
	case CKR_TOKEN_WRITE_PROTECTED:
	case CKR_USER_NOT_LOGGED_IN:
		return true;
	}
	return tmk_p11_error_is_pin(rv);
}

/* ---- on the worker ------------------------------------------------------ */

static CK_RV set_now(struct tmk_p11 *p, struct set_job *j)
{
	if (tmk_p11_has_pad(p)) {
		/* Old, new, and new again, all at the pad. */
		tmk_deadline_beat_person("C_SetPIN",
					 3 * TMK_DEADLINE_PERSON_MS);
		return p->f->C_SetPIN(p->session, NULL, 0, NULL, 0);
	}
	return TMK_P11(p, C_SetPIN, p->session, bytes_of(p->pin),
		       tmk_secret_len(p->pin), bytes_of(j->fresh),
		       tmk_secret_len(j->fresh));
}

/* A login with the new PIN, by which it is known to be the one. */
static int try_new(struct tmk_p11 *p, struct set_job *j, struct tmk_err *err)
{
	CK_RV rv;

	if (tmk_p11_has_pad(p))
		return 0;
	(void)TMK_P11(p, C_Logout, p->session);
	p->logged_in = false;
	rv = TMK_P11(p, C_Login, p->session, CKU_USER, bytes_of(j->fresh),
		     tmk_secret_len(j->fresh));
	if (rv == CKR_OK)
		p->logged_in = true;
	if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN)
		return 0;
	(void)!tmk_p11_check(p, rv, "C_Login", err);
	return tmk_err_prefix(err, "the token took the new PIN, but does not "
			      "open with it");
}

static int set_work(void *state, struct tmk_err *err)
{
	struct tmk_p11 *p = state;
	struct set_job *j = p->job;
	CK_RV rv;

	j->asked = true;
	rv = set_now(p, j);
	j->refused = is_refusal(rv);
	if (tmk_p11_check(p, rv, "C_SetPIN", err))
		return -1;
	return try_new(p, j, err);
}

/* ---- asking ------------------------------------------------------------- */

static int check_new(const struct tmk_p11 *p, const struct tmk_secret *fresh,
		     struct tmk_err *err)
{
	const CK_TOKEN_INFO *info = &p->token[p->at].info;
	size_t len = tmk_secret_len(fresh);
	CK_ULONG max = info->ulMaxPinLen;

	/* All ones, and by some modules 0, mean that nothing is said. */
	if (!max || max == CK_UNAVAILABLE_INFORMATION)
		max = TMK_SECRET_MAX;
	if (!len)
		return tmk_err_set(err, TMK_KEY, "the new PIN is empty");
	if (len > max || (info->ulMinPinLen != CK_UNAVAILABLE_INFORMATION &&
			  len < info->ulMinPinLen)) {
		tmk_err_set(err, TMK_KEY, "the new PIN is too %s for the "
			    "token", len > max ? "long" : "short");
		return tmk_err_hint(err, "it takes %lu to %lu bytes",
				    info->ulMinPinLen, max);
	}
	if (len == tmk_secret_len(p->pin) &&
	    !CRYPTO_memcmp(tmk_secret_bytes(fresh), tmk_secret_bytes(p->pin),
			   len)) {
		tmk_err_set(err, TMK_KEY, "the new PIN is the old one");
		return tmk_err_hint(err, "choose another");
	}
	return 0;
}

/* The new PIN into the job. */
static int ask_new(struct tmk_p11 *p, const struct tmk_pin_source *source,
		   struct tmk_err *err)
{
	const CK_TOKEN_INFO *info = &p->token[p->at].info;
	struct set_job *j = p->job;
	struct tmk_pin_request request = { .which = TMK_PIN_NEW };
	char label[TMK_P11_LABEL], serial[17 * 4], raw[33];
	bool by_person = false;

	if (tmk_secret_new(&j->fresh, err))
		return -1;
	tmk_p11_label(label, p);
	tmk_p11_unpad(raw, info->serialNumber, sizeof(info->serialNumber));
	tmk_enc_show_into(serial, sizeof(serial), raw, strlen(raw));
	request.token = label;
	request.serial = serial;
	if (source->ask(source->ctx, &request, j->fresh, &by_person, err))
		return -1;
	return check_new(p, j->fresh, err);
}

/* The old PIN, tried by a login; one that the token wants changed before
 * anything else opens nothing yet, and is tried by C_SetPIN itself. */
static int give_old(struct tmk_p11 **p, const struct tmk_pin_source *source,
		    struct tmk_err *err)
{
	CK_FLAGS flags = (*p)->token[(*p)->at].info.flags;
	struct tmk_secret *pin = NULL;
	bool by_person;
	int rc;

	if (tmk_p11_has_pad(*p))
		return 0;
	if (!(flags & CKF_USER_PIN_INITIALIZED) && !(*p)->softhsm) {
		tmk_err_set(err, TMK_KEY, "the token has no user PIN yet");
		return tmk_err_hint(err, "its first one is set by the "
				    "security officer, with the token's own "
				    "tools");
	}
	if (flags & CKF_LOGIN_REQUIRED &&
	    !(flags & CKF_USER_PIN_TO_BE_CHANGED)) {
		rc = tmk_p11_login(p, source, &pin, err);
	} else {
		rc = tmk_secret_new(&pin, err);
		if (!rc)
			rc = tmk_p11_ask_pin(p, source, false, pin,
					     &by_person, err);
	}
	tmk_secret_free(pin);
	if (!rc && !(*p)->pin)
		rc = tmk_err_set(err, TMK_KEY, "this process is logged in to "
				 "the token already: the old PIN was not "
				 "asked for");
	return rc;
}

static int change(struct tmk_p11 **p, const struct tmk_place *place,
		  const struct tmk_pin_source *old,
		  const struct tmk_pin_source *fresh, struct tmk_err *err)
{
	struct set_job *j;

	tmk_p11_blame(place, TMK_OPEN_PIN);
	if (give_old(p, old, err))
		return -1;
	j = tmk_p11_job(*p, sizeof(*j), set_release);
	if (!j)
		return tmk_err_nomem(err);
	if (!tmk_p11_has_pad(*p) && ask_new(*p, fresh, err))
		return -1;
	if (!tmk_p11_run(p, set_work, err))
		return 0;
	j = *p ? (*p)->job : NULL;
	if (!j || (j->asked && !j->refused))
		tmk_p11_blame(place, TMK_OPEN_OTHER);
	return -1;
}

int tmk_p11_set_pin(const struct tmk_place *place,
		    const struct tmk_pin_source *fresh, struct tmk_err *err)
{
	struct tmk_pin_order order = { place->pin_file };
	struct tmk_pin_source old = tmk_pin_source_init(&order);
	struct tmk_uri uri = { 0 };
	struct tmk_p11 *p = NULL;
	int rc;

	tmk_p11_blame(place, TMK_OPEN_KEY);
	if (tmk_uri_parse(&uri, place->uri, err))
		return -1;
	order.person = place->person;
	order.pin_source = uri.pin_source;
	order.pin_value = uri.pin;
	order.pin_file_env = place->pin_file_env;
	order.credentials_dir = place->credentials_dir;
	rc = tmk_p11_connect(&p, place, TMK_P11_WRITE, err);
	if (!rc) {
		p->person = place->person;
		rc = change(&p, place, &old, fresh, err);
	}
	tmk_p11_free(p);
	tmk_uri_release(&uri);
	return rc;
}
