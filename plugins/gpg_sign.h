/*
 * gpg_sign.h - gpg's `-b` and `--clearsign`, gpgsm's `-b`: signatures beside or
 * around what is signed.
 *
 * Only for keys that are ours: another one is handed to the real program.
 * SIG_CREATED is the last thing said, after every byte of the signature was
 * taken by its receiver; whatever fails before leaves that line unsaid.
 */
#ifndef TMK_PLUGINS_GPG_SIGN_H
#define TMK_PLUGINS_GPG_SIGN_H

#include "base/err.h"
#include "plugins/gpg_args.h"

/* `cms`: CMS, else OpenPGP. `program` is the name for messages, argv what a
 * real gpgsm or gpg would get. Returns the exit code; a positive one comes
 * with `err` filled, or has been told. */
int tmk_gpg_sign(const struct tmk_gpg_args *args, bool cms,
		 const char *program, char *const argv[], struct tmk_err *err);

#endif
