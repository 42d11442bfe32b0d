/*
 * pin.h - where a PIN comes from, in the order of the contract.
 *
 * --pin-file, the URI's pin-source or pin-value, TOUCHMARK_PIN_FILE, the
 * systemd credential `touchmark.pin`, then a person: through a pinentry, or at
 * the terminal where there is none. The first that is named is the one that is
 * used: a named source that cannot be read is an error, never a reason to look
 * further, and neither is a person who says no. Knows no token and keeps no
 * PIN. Fails with TMK_KEY.
 */
#ifndef TMK_KEY_PIN_H
#define TMK_KEY_PIN_H

#include <stdbool.h>

#include "base/err.h"
#include "base/secret.h"
#include "iface/pin.h"

/* The sources that are known; NULL or "" for those that are not named. All
 * borrowed while the source is in use. */
struct tmk_pin_order {
	const char *pin_file;		/* --pin-file */
	const char *pin_source;		/* of the URI: a path or file:... */
	const struct tmk_secret *pin_value;	/* of the URI */
	const char *pin_file_env;	/* TOUCHMARK_PIN_FILE */
	const char *credentials_dir;	/* CREDENTIALS_DIRECTORY */
	const struct tmk_person *person;	/* NULL: the one at this
						   process */
};

/* The pin.h door over these sources. `order` is borrowed. */
struct tmk_pin_source tmk_pin_source_init(struct tmk_pin_order *order);

/*
 * Fill `pin` from the first line of a file: a regular file of ours or root's
 * that nobody else may read (`credential`: the group bits are not asked,
 * since systemd's access lists show there). Fails with TMK_KEY and says
 * which rule was broken.
 */
int tmk_pin_read_file(struct tmk_secret *pin, const char *path,
		      bool credential, struct tmk_err *err) TMK_MUST_CHECK;

#define TMK_PIN_PERSON_MS 120000	/* that a person is waited for */

/*
 * Ask through gpg-agent's pinentry, which caches nothing. `env` is that of
 * struct tmk_person: it is asked for only where DISPLAY, WAYLAND_DISPLAY or
 * GPG_TTY is set, and nothing else of it than what says where and how to show
 * a window reaches the pinentry. 0 with a PIN, 1 when there is no pinentry to
 * be had, negative when the person cancelled or did not answer within `ms`.
 */
int tmk_pin_ask_pinentry(struct tmk_secret *pin, const char *const *env,
			 int ms, const struct tmk_pin_request *request,
			 struct tmk_err *err) TMK_MUST_CHECK;

/*
 * The environment of a program that shows a window: our own with the person's
 * words on where and how (DISPLAY, GPG_TTY, the locale ...) in the place of
 * ours. Nothing else is taken from a person: it would choose what code we run.
 * `person` as above; closed by NULL; the array belongs to the caller (free),
 * what it points to does not. NULL when memory ends.
 */
const char **tmk_pin_make_env(const char *const *person) TMK_MUST_CHECK;

/*
 * Ask with the echo off at `tty` (that of struct tmk_person: -1 is /dev/tty,
 * -2 no terminal). The terminal is put back as it was, also when a signal
 * ends or stops the program. At a terminal that is not ours Ctrl-C, Ctrl-\
 * and Ctrl-Z say no, since their signals would reach others than us. Fails
 * when there is no terminal, nothing was typed, or not within `ms`.
 */
int tmk_pin_ask_terminal(struct tmk_secret *pin, int tty, int ms,
			 const struct tmk_pin_request *request,
			 struct tmk_err *err) TMK_MUST_CHECK;

#endif
