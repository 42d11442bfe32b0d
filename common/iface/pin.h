/*
 * pin.h - how a store asks for a PIN without knowing where it comes from.
 *
 * The sources (file, URI, terminal, ...) are tried in the order the contract
 * fixes; the store says what it knows about the token's remaining tries so
 * that the asker can warn or refuse. A PIN exists only as tmk_secret.
 */
#ifndef TMK_IFACE_PIN_H
#define TMK_IFACE_PIN_H

#include <stdbool.h>

#include "base/err.h"
#include "base/secret.h"

struct tmk_pin_request {
	const char *token;	/* label, escaped; borrowed for the call */
	const char *serial;
	bool count_low;		/* CKF_USER_PIN_COUNT_LOW */
	bool retry;		/* the previous answer was wrong */
};

struct tmk_pin_source {
	/* Fill `pin`. Returns 0 with `*by_person` telling whether a person
	 * typed it just now (only then may a wrong one be asked again), or
	 * negative when no source has one (TMK_KEY). */
	int (*ask)(void *ctx, const struct tmk_pin_request *request,
		   struct tmk_secret *pin, bool *by_person,
		   struct tmk_err *err);
	void *ctx;
};

#endif
