/*
 * gpg_args.h - the command line of gpg and gpgsm, as far as it is ours.
 *
 * Callers (git, GPGME, packaging tools) know gpg's options, so this reads them
 * as gpg does: options first, short ones in bundles with their value attached
 * (`-bsau KEY`), operands from the first word that is none, names shortened
 * where only one can be meant. Whatever is not in the table, or would change
 * which key signs, what is signed, or whether a signature is good, makes the
 * whole call somebody else's: it is then handed to the real program. So
 * nothing here is an error except a descriptor that is no number, in a call
 * that is ours. argv itself is never changed.
 *
 * Needs libc alone, since the small program links it.
 */
#ifndef TMK_PLUGINS_GPG_ARGS_H
#define TMK_PLUGINS_GPG_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum tmk_gpg_op {
	TMK_GPG_OTHER = 0,	/* not ours */
	TMK_GPG_SIGN,
	TMK_GPG_VERIFY,
	TMK_GPG_VERSION,
	TMK_GPG_HELP
};

#define TMK_GPG_OPERANDS_MAX 8
#define TMK_GPG_USERS_MAX 8	/* keys that sign in one call */
#define TMK_GPG_FD_PATH 24	/* bytes of "/dev/fd/NUMBER" */

/* All strings are borrowed from argv, or from the struct itself: once filled
 * it must not be moved. */
struct tmk_gpg_args {
	enum tmk_gpg_op op;
	bool detach;		/* -b */
	bool clear;		/* --clearsign */
	bool openpgp;		/* --openpgp: it can be nothing else */
	bool armour;		/* -a */
	bool yes;		/* --yes: what is there may be replaced */
	int status_fd;		/* -1: none */
	int logger_fd;		/* for human lines; -1: standard error */
	const char *user;	/* -u, else --default-key, as front_key.h takes
				   it; NULL or "": the configured key. The
				   first of them: */
	const char *signer[TMK_GPG_USERS_MAX];
	int users;		/* how many different ones; may be more */
	const char *output;	/* -o; NULL: see tmk_gpg_args_output */
	const char *digest;	/* --digest-algo; NULL */
	const char *operand[TMK_GPG_OPERANDS_MAX];
	int operands;
	int first;		/* index in argv of the first operand */
	char fingerprint[TMK_GPG_USERS_MAX][80];	/* what `signer` may
				   point to */
	char fd_path[TMK_GPG_OPERANDS_MAX][TMK_GPG_FD_PATH];
};

/* Read argv[1..argc-1]. Fails with TMK_USAGE. */
int tmk_gpg_args_parse(struct tmk_gpg_args *out, int argc,
		       char *const argv[], struct tmk_err *err)
	TMK_MUST_CHECK;

/*
 * Where the signature goes: "-" is standard output. Without -o gpgsm writes
 * there; gpg writes beside the file that it signs, FILE.asc or FILE.sig, and
 * only for what has no name to standard output. `out` (size bytes) may be
 * used for the answer, which is borrowed from it or from args. NULL when the
 * name would be too long.
 */
const char *tmk_gpg_args_output(char *out, size_t size,
				const struct tmk_gpg_args *args, bool gpgsm);

/* Whether this is how git calls (`-bsa` of standard input, to standard output)
 * and nobody who makes packages: only then git's gpg.format has a say in what
 * is made. */
bool tmk_gpg_args_is_git(const struct tmk_gpg_args *args);

/* Whether a program called by this name makes CMS: it ends in "gpgsm". */
bool tmk_gpg_args_name_is_gpgsm(const char *argv0);

/* The descriptor that a file name stands for: "-", "/dev/stdin" (0),
 * "/dev/fd/N", "/proc/self/fd/N"; -1 for a real name. */
int tmk_gpg_args_fd(const char *path);

#endif
