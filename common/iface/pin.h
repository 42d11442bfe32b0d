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

/*
 * The person on whose behalf something is done: how to ask for a PIN and how
 * to say that the token waits. Borrowed wherever it is handed on. A NULL
 * pointer to one means the person at this process: its own /dev/tty, its own
 * environment, nothing to be told.
 */
struct tmk_person {
	int tty;		/* an open terminal of the one who asks; -1:
				   this process' /dev/tty; -2: none */
	const char *const *env;	/* "NAME=VALUE" for a pinentry (DISPLAY,
				   GPG_TTY, ...), closed by NULL; NULL: the
				   environment of this process */
	/* One line for the person, without a newline; NULL: nobody listens. */
	void (*notice)(void *ctx, const char *text);
	void *ctx;
	/* Ask yes or no; 0 for yes, negative (TMK_KEY) for no or when there is
	 * no way to ask. NULL: this person is not asked. */
	int (*confirm)(void *ctx, const char *question, struct tmk_err *err);
	/* Whether the one who asked went away meanwhile: a prompt that waits
	 * then ends without an answer. NULL: never. Quick, and does not
	 * block. */
	bool (*gone)(void *ctx);
	bool afar;		/* at another machine: nobody is asked here,
				   and what is to be done, is to be done at the
				   signing host */
};

/* Whether nobody waits any more; NULL is somebody who never goes. */
static inline bool tmk_person_is_gone(const struct tmk_person *person)
{
	return person && person->gone && person->gone(person->ctx);
}

/* Which PIN is asked for. */
enum tmk_pin_which {
	TMK_PIN_PRESENT = 0,	/* the one that the token has */
	TMK_PIN_NEW,		/* the one that it is to have */
	TMK_PIN_NEW_AGAIN	/* the same once more, for typing errors */
};

struct tmk_pin_request {
	const char *token;	/* label, escaped; borrowed for the call */
	const char *serial;
	bool count_low;		/* CKF_USER_PIN_COUNT_LOW */
	bool retry;		/* the previous answer was wrong */
	const struct tmk_person *person;	/* who may go away over it; or
				   NULL; borrowed for the call */
	enum tmk_pin_which which;
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
