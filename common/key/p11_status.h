/*
 * p11_status.h - what a token says about itself before anybody logs in.
 *
 * For a person who wants to know what is set up: modules, tokens, and how
 * their PINs stand (PKCS#11 2.40 section 3.2, CK_TOKEN_INFO). Opens no
 * session, logs in nowhere, asks for nothing. Needs no header of p11-kit, so
 * that front-ends may include it. Fails with TMK_KEY.
 */
#ifndef TMK_KEY_P11_STATUS_H
#define TMK_KEY_P11_STATUS_H

#include <stdbool.h>

#include "base/err.h"
#include "iface/store.h"

/* All texts are escaped. */
struct tmk_token_status {
	char module[512];	/* as it was named, or p11-kit's name for it */
	char library[320];	/* description, maker and version of it */
	char token[33 * 4];	/* label */
	char serial[17 * 4];
	char model[17 * 4];
	char manufacturer[33 * 4];
	bool login;		/* keys are used after a login alone */
	bool pin_set;		/* the user's PIN was set */
	bool pin_low;		/* it was given wrongly since the last login */
	bool pin_final;		/* one more wrong one locks the token */
	bool pin_locked;
	bool pin_change;	/* must be changed before anything else */
	bool pad;		/* the token has a keypad of its own */
};

/* Called for each; a negative return ends it with that. */
typedef int (*tmk_token_visit)(void *ctx, const struct tmk_token_status *status,
			       struct tmk_err *err);

/*
 * Visit every token that the place's URI matches. `skipped` gets the reason of
 * the first module that was passed over, its code stays 0 without one.
 * Negative when nothing can be looked at.
 */
int tmk_p11_status(const struct tmk_place *place, tmk_token_visit visit,
		   void *ctx, struct tmk_err *skipped, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Where the URI says that its PIN comes from. */
struct tmk_pin_status {
	bool value;		/* the PIN itself stands in it */
	char file[512];		/* of pin-source=file:, as it is; or "" */
	bool other;		/* a pin-source that is no file */
};

/* Fails with what is wrong with the URI. */
int tmk_p11_status_pin(struct tmk_pin_status *out, const char *uri,
		       struct tmk_err *err) TMK_MUST_CHECK;

#endif
