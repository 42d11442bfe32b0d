#include "key/p11_login.h"

#include <string.h>

#include "base/enc.h"
#include "key/p11_error.h"
#include "key/p11_token.h"

static const CK_TOKEN_INFO *info_of(const struct tmk_p11 *p)
{
	return &p->token[p->at].info;
}

bool tmk_p11_has_pad(const struct tmk_p11 *p)
{
	return info_of(p)->flags & CKF_PROTECTED_AUTHENTICATION_PATH;
}

/* The token's label for messages; err.h escapes it. */
static char *label_of(char *out, const struct tmk_p11 *p)
{
	return tmk_p11_unpad(out, info_of(p)->label,
			     sizeof(info_of(p)->label));
}

/* What the token says about its PIN decides before any try is spent. */
static int check_flags(const struct tmk_p11 *p, struct tmk_err *err)
{
	CK_FLAGS flags = info_of(p)->flags;
	char label[33];

	label_of(label, p);
	if (flags & CKF_USER_PIN_LOCKED) {
		tmk_err_set(err, TMK_KEY, "the PIN of token %s is locked",
			    label);
		return tmk_err_hint(err, "ask whoever holds the security "
				    "officer's PIN to reset it");
	}
	if (flags & CKF_USER_PIN_FINAL_TRY) {
		tmk_err_set(err, TMK_KEY, "one more wrong PIN would lock "
			    "token %s: its last try is not spent here", label);
		return tmk_err_hint(err, "log in once with the token's own "
				    "tools, which resets the count");
	}
	return 0;
}

/* SoftHSM tells both before its files are whole: see tmk_p11_connect. */
static int check_pin_set(struct tmk_p11 *p, struct tmk_err *err)
{
	char label[33];

	if (info_of(p)->flags & CKF_USER_PIN_INITIALIZED)
		return 0;
	p->rv = CKR_USER_PIN_NOT_INITIALIZED;
	tmk_err_set(err, TMK_KEY, "token %s has no user PIN yet",
		    label_of(label, p));
	return tmk_err_hint(err, "set one with the token's own tools");
}

static int reread_flags(struct tmk_p11 *p, struct tmk_err *err)
{
	struct tmk_p11_token *t = &p->token[p->at];
	CK_RV rv = TMK_P11(p, C_GetTokenInfo, t->slot, &t->info);

	return tmk_p11_check(p, rv, "C_GetTokenInfo", err);
}

int tmk_p11_login_now(struct tmk_p11 *p, CK_USER_TYPE user,
		      struct tmk_err *err)
{
	const uint8_t *bytes = NULL;
	CK_ULONG len = 0;
	CK_RV rv;

	/* Time has passed, perhaps at a prompt: look again. */
	if (!p->fresh && reread_flags(p, err))
		return -1;
	p->fresh = false;
	if (check_flags(p, err))
		return -1;
	if (tmk_p11_has_pad(p)) {
		tmk_deadline_beat_person("C_Login", TMK_DEADLINE_PERSON_MS);
	} else {
		bytes = tmk_secret_bytes(p->pin);
		len = tmk_secret_len(p->pin);
		tmk_deadline_beat("C_Login");
	}
	/* The prototype lacks a const that PKCS#11 means. */
	rv = p->f->C_Login(p->session, user, (CK_UTF8CHAR *)(uintptr_t)bytes,
			   len);
	if (rv == CKR_USER_ALREADY_LOGGED_IN && user == CKU_USER)
		return 0;	/* not by us: not ours to log out */
	if (tmk_p11_check(p, rv, "C_Login", err))
		return -1;
	if (user == CKU_USER)
		p->logged_in = true;
	return 0;
}

static int reread_work(void *state, struct tmk_err *err)
{
	return reread_flags(state, err);
}

static int login_work(void *state, struct tmk_err *err)
{
	return tmk_p11_login_now(state, CKU_USER, err);
}

int tmk_p11_give_pin(struct tmk_p11 *p, const struct tmk_secret *pin,
		     struct tmk_err *err)
{
	if (!p->pin && tmk_secret_new(&p->pin, err))
		return -1;
	return tmk_secret_set(p->pin, tmk_secret_bytes(pin),
			      tmk_secret_len(pin), err);
}

/* SoftHSM sets CKF_USER_PIN_COUNT_LOW after one wrong PIN like any token, but
 * counts nothing and never locks: there a file may try again. */
static bool never_locks(const CK_TOKEN_INFO *info)
{
	return !memcmp(info->manufacturerID, "SoftHSM", 7);
}

static int ask(struct tmk_p11 *p, const struct tmk_pin_source *source,
	       bool retry, struct tmk_secret *pin, bool *by_person,
	       struct tmk_err *err)
{
	const CK_TOKEN_INFO *info = info_of(p);
	struct tmk_pin_request request = { NULL };
	char label[TMK_P11_LABEL], serial[17 * 4], raw[33];

	tmk_p11_label(label, p);
	tmk_p11_unpad(raw, info->serialNumber, sizeof(info->serialNumber));
	tmk_enc_show_into(serial, sizeof(serial), raw, strlen(raw));
	request.token = label;
	request.serial = serial;
	request.count_low = info->flags & CKF_USER_PIN_COUNT_LOW &&
		!never_locks(info);
	request.retry = retry;
	if (source->ask(source->ctx, &request, pin, by_person, err))
		return -1;
	/* A prompt takes as long as the person likes. */
	if (*by_person)
		p->fresh = false;
	if (!tmk_secret_len(pin))
		return tmk_err_set(err, TMK_KEY, "the PIN is empty");
	/* A file does not know that somebody has been trying: a person does. */
	if (!*by_person && request.count_low) {
		tmk_err_set(err, TMK_KEY, "wrong PINs were tried on token %s "
			    "and few tries are left: only a person may try",
			    label);
		return tmk_err_hint(err, "log in once with the token's own "
				    "tools, which resets the count");
	}
	return 0;
}

int tmk_p11_ask_pin(struct tmk_p11 **p, const struct tmk_pin_source *source,
		    bool retry, struct tmk_secret *pin, bool *by_person,
		    struct tmk_err *err)
{
	if (!(*p)->fresh && tmk_p11_run(p, reread_work, err))
		return -1;
	(*p)->rv = CKR_OK;
	if (check_flags(*p, err) ||
	    ask(*p, source, retry, pin, by_person, err))
		return -1;
	return tmk_p11_give_pin(*p, pin, err);
}

/* Ask and try until it is right, or nobody may be asked again. */
static int ask_and_login(struct tmk_p11 **p,
			 const struct tmk_pin_source *source,
			 struct tmk_secret *pin, struct tmk_err *err)
{
	bool by_person = false;
	int tries, rc;

	for (tries = 1;; tries++) {
		struct tmk_err why = TMK_ERR_INIT;

		rc = tmk_p11_ask_pin(p, source, tries > 1, pin, &by_person,
				     &why);
		if (!rc)
			rc = tmk_p11_run(p, login_work, &why);
		if (!rc)
			return 0;
		if (*p && (*p)->rv == CKR_PIN_INCORRECT && by_person &&
		    tries < TMK_P11_PERSON_TRIES)
			continue;
		if (err)
			*err = why;
		return -1;
	}
}

/* Whether the session is a user's: 0 yes, 1 no. */
static int state_work(void *state, struct tmk_err *err)
{
	struct tmk_p11 *p = state;
	CK_SESSION_INFO info = { 0 };
	CK_RV rv = TMK_P11(p, C_GetSessionInfo, p->session, &info);

	if (tmk_p11_check(p, rv, "C_GetSessionInfo", err))
		return -1;
	if (info.state == CKS_RO_USER_FUNCTIONS ||
	    info.state == CKS_RW_USER_FUNCTIONS)
		return 0;
	/* The token was out meanwhile, and nobody noticed. */
	tmk_p11_forget_login(p);
	return 1;
}

/* Log in with a login that the process has already: 0 done, 1 there is none,
 * negative on failure. */
static int share_login(struct tmk_p11 **p, struct tmk_err *err)
{
	int rc = tmk_p11_shares_login(*p) ? tmk_p11_run(p, state_work, err) :
		1;

	/* The last one out logs out. */
	if (!rc)
		(*p)->logged_in = true;
	return rc;
}

int tmk_p11_login(struct tmk_p11 **p, const struct tmk_pin_source *source,
		  struct tmk_secret **pin, struct tmk_err *err)
{
	int rc;

	if (!(info_of(*p)->flags & CKF_LOGIN_REQUIRED))
		return 0;
	rc = share_login(p, err);
	if (rc <= 0)
		return rc;
	if (check_pin_set(*p, err))
		return -1;
	if (tmk_p11_has_pad(*p))
		return tmk_p11_run(p, login_work, err);
	if (*pin) {
		if (tmk_p11_give_pin(*p, *pin, err))
			return -1;
		return tmk_p11_run(p, login_work, err);
	}
	if (tmk_secret_new(pin, err))
		return -1;
	if (!ask_and_login(p, source, *pin, err))
		return 0;
	/* A transient failure of the module keeps the PIN for another go; a PIN
	 * that was not got, or not taken, is not kept. */
	if (!*p || (*p)->rv == CKR_OK || tmk_p11_error_is_pin((*p)->rv)) {
		tmk_secret_free(*pin);
		*pin = NULL;
	}
	return -1;
}
