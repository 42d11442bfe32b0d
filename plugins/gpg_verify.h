/*
 * gpg_verify.h - gpgsm's `--verify SIGNATURE DATA`, judged by our rules.
 *
 * The BEGIN line decides who verifies: OpenPGP goes to the real gpg before a
 * byte of the data was read. No token is ever logged in to. The trust is that
 * of touchmark.policy; without one nothing is good.
 */
#ifndef TMK_PLUGINS_GPG_VERIFY_H
#define TMK_PLUGINS_GPG_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "plugins/gpg_args.h"

/* Whether these bytes are an OpenPGP signature, armoured or binary (RFC 9580
 * section 4.2: the first bit of every packet is set). */
bool tmk_gpg_verify_is_pgp(const uint8_t *data, size_t len);

/* args->operands is 1 (data inside the signature: not ours) or 2. `program`
 * is the name for messages, argv what a real gpg would get. Returns the exit
 * code; an error comes with `err` filled, a refusal has been told. */
int tmk_gpg_verify(const struct tmk_gpg_args *args, const char *program,
		   char *const argv[], struct tmk_err *err);

#endif
