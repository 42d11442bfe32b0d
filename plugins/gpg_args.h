/*
 * gpg_args.h - the command line of gpg and gpgsm, as far as it is ours.
 *
 * Callers (git, mail programs, packaging tools) know gpg's options, so this
 * reads them as gpg does: options first, short ones in bundles with their
 * value attached (`-bsau KEY`), operands from the first word that is none.
 * Whatever is not in the table makes the whole call somebody else's: it is
 * then handed to the real program, so nothing here is an error except a
 * descriptor that is no number. argv itself is never changed.
 */
#ifndef TMK_PLUGINS_GPG_ARGS_H
#define TMK_PLUGINS_GPG_ARGS_H

#include <stdbool.h>

#include "base/err.h"

enum tmk_gpg_op {
	TMK_GPG_OTHER = 0,	/* not ours */
	TMK_GPG_SIGN,
	TMK_GPG_VERIFY,
	TMK_GPG_VERSION,
	TMK_GPG_HELP
};

#define TMK_GPG_OPERANDS_MAX 8

/* All strings are borrowed from argv. */
struct tmk_gpg_args {
	enum tmk_gpg_op op;
	bool detach;		/* -b */
	bool armour;		/* -a */
	int status_fd;		/* -1: none */
	const char *user;	/* -u; NULL or "": the configured key */
	int users;		/* how many -u */
	const char *output;	/* -o; NULL: standard output */
	const char *digest;	/* --digest-algo; NULL */
	const char *operand[TMK_GPG_OPERANDS_MAX];
	int operands;
};

/* Read argv[1..argc-1]. Fails with TMK_USAGE. */
int tmk_gpg_args_parse(struct tmk_gpg_args *out, int argc,
		       char *const argv[], struct tmk_err *err)
	TMK_MUST_CHECK;

/* Whether a program called by this name makes CMS: it ends in "gpgsm". */
bool tmk_gpg_args_name_is_gpgsm(const char *argv0);

#endif
