/*
 * pin.h - where a PIN comes from, in the order of the contract.
 *
 * --pin-file, the URI's pin-source or pin-value, TOUCHMARK_PIN_FILE, the
 * systemd credential `touchmark.pin`, then a person at the terminal. The first
 * that is named is the one that is used: a named source that cannot be read
 * is an error, never a reason to look further. Knows no token and keeps no
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

/* Ask at /dev/tty with the echo off; the terminal is put back as it was, also
 * when a signal ends or stops the program. Fails with TMK_KEY when there is
 * no terminal or nothing was typed. */
int tmk_pin_ask_terminal(struct tmk_secret *pin,
			 const struct tmk_pin_request *request,
			 struct tmk_err *err) TMK_MUST_CHECK;

#endif
