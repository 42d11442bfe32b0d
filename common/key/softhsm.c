#include "key/softhsm.h"

#include <string.h>

#include "key/p11.h"
#include "key/p11_error.h"
#include "key/p11_login.h"
#include "key/p11_token.h"

#define LABEL_LEN 32

struct init_job {
	CK_UTF8CHAR label[LABEL_LEN];	/* blank-padded, as PKCS#11 has it */
	struct tmk_secret *so_pin;	/* copies: see deadline.h */
};

static void init_job_release(void *job)
{
	tmk_secret_free(((struct init_job *)job)->so_pin);
}

/* PINs are not const in PKCS#11's prototypes, and not changed. */
static CK_UTF8CHAR *bytes_of(const struct tmk_secret *pin)
{
	return (CK_UTF8CHAR *)(uintptr_t)tmk_secret_bytes(pin);
}

static int init_token_work(void *state, struct tmk_err *err)
{
	struct tmk_p11 *p = state;
	struct init_job *j = p->job;
	CK_RV rv = TMK_P11(p, C_InitToken, p->token[p->at].slot,
			   bytes_of(j->so_pin), tmk_secret_len(j->so_pin),
			   j->label);

	return tmk_p11_check(p, rv, "C_InitToken", err);
}

static int init_pin_work(void *state, struct tmk_err *err)
{
	struct tmk_p11 *p = state;
	struct init_job *j = p->job;
	CK_RV rv = TMK_P11(p, C_Login, p->session, CKU_SO,
			   bytes_of(j->so_pin), tmk_secret_len(j->so_pin));

	if (tmk_p11_check(p, rv, "C_Login", err))
		return -1;
	p->logged_in = true;
	rv = TMK_P11(p, C_InitPIN, p->session, bytes_of(p->pin),
		     tmk_secret_len(p->pin));
	return tmk_p11_check(p, rv, "C_InitPIN", err);
}

/* The first token that is not initialised; -1 when the label is taken or
 * there is no room. */
static int find_blank(const struct tmk_p11 *p, const CK_UTF8CHAR *label,
		      struct tmk_err *err)
{
	int i, at = -1;

	for (i = 0; i < p->tokens; i++) {
		const CK_TOKEN_INFO *info = &p->token[i].info;

		if (!(info->flags & CKF_TOKEN_INITIALIZED)) {
			if (at < 0)
				at = i;
			continue;
		}
		if (memcmp(info->label, label, LABEL_LEN))
			continue;
		tmk_err_set(err, TMK_KEY, "a token with the label %.*s is "
			    "there already", LABEL_LEN,
			    (const char *)label);
		return tmk_err_hint(err, "choose another label, or use that "
				    "token");
	}
	if (at < 0)
		tmk_err_set(err, TMK_KEY, "module %s has no slot for a new "
			    "token", p->path);
	return at;
}

/* Slot numbers change when a token is initialised: find it by its label. */
static int find_label(const struct tmk_p11 *p, const CK_UTF8CHAR *label,
		      struct tmk_err *err)
{
	int i;

	for (i = 0; i < p->tokens; i++)
		if (p->token[i].info.flags & CKF_TOKEN_INITIALIZED &&
		    !memcmp(p->token[i].info.label, label, LABEL_LEN))
			return i;
	return tmk_err_set(err, TMK_KEY, "the new token is not there");
}

static int prepare(struct tmk_p11 *p, const char *label,
		   const struct tmk_secret *so_pin,
		   const struct tmk_secret *user_pin, struct tmk_err *err)
{
	size_t len = strlen(label);
	struct init_job *j;

	if (!len || len > LABEL_LEN)
		return tmk_err_set(err, TMK_KEY, "a token's label has 1 to %d "
				   "bytes", LABEL_LEN);
	j = tmk_p11_job(p, sizeof(*j), init_job_release);
	if (!j)
		return tmk_err_nomem(err);
	memset(j->label, ' ', LABEL_LEN);
	memcpy(j->label, label, len);
	if (tmk_secret_new(&j->so_pin, err) ||
	    tmk_secret_set(j->so_pin, tmk_secret_bytes(so_pin),
			   tmk_secret_len(so_pin), err))
		return -1;
	return tmk_p11_give_pin(p, user_pin, err);
}

int tmk_softhsm_init_token(bool *made, const char *module, const char *label,
			   const struct tmk_secret *so_pin,
			   const struct tmk_secret *user_pin, int deadline_ms,
			   struct tmk_err *err)
{
	struct tmk_place place = { .uri = "pkcs11:", .module = module,
				   .deadline_ms = deadline_ms };
	CK_UTF8CHAR padded[LABEL_LEN];
	struct tmk_p11 *p = NULL;
	int rc = -1, at;

	if (tmk_p11_new(&p, &place, err))
		return -1;
	if (prepare(p, label, so_pin, user_pin, err))
		goto out;
	memcpy(padded, ((struct init_job *)p->job)->label, LABEL_LEN);
	if (tmk_p11_load(&p, NULL, err) || tmk_p11_find_tokens(&p, true, err))
		goto out;
	at = find_blank(p, padded, err);
	if (at < 0)
		goto out;
	p->at = at;
	if (made)
		*made = true;
	if (tmk_p11_run(&p, init_token_work, err) ||
	    tmk_p11_find_tokens(&p, true, err))
		goto out;
	at = find_label(p, padded, err);
	if (at < 0 || tmk_p11_open_session(&p, at, true, err))
		goto out;
	rc = tmk_p11_run(&p, init_pin_work, err);
out:
	tmk_p11_free(p);
	return rc;
}
