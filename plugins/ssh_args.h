/*
 * ssh_args.h - the command line of ssh-keygen, as far as it is ours.
 *
 * Only `-Y sign` is: options as getopt(3) of BSD takes them, up to the first
 * word that is none. Any other call, and an option that is not known here,
 * makes the whole call somebody else's: it goes to the real ssh-keygen. So
 * nothing here is an error, and argv is never changed.
 *
 * Needs libc alone, since the small program links it.
 */
#ifndef TMK_PLUGINS_SSH_ARGS_H
#define TMK_PLUGINS_SSH_ARGS_H

#include <stdbool.h>

/* All strings are borrowed from argv. */
struct tmk_ssh_args {
	bool sign;		/* ours, unless the key is not */
	const char *key;	/* -f: a file, or what touchmark calls it */
	const char *name_space;	/* -n */
	const char *hash;	/* -O hashalg=; NULL */
	bool quiet;		/* -q */
	int first;		/* index in argv of the first file */
	int files;		/* none: standard input */
};

/* Read argv[1..argc-1]. */
void tmk_ssh_args_parse(struct tmk_ssh_args *out, int argc,
			char *const argv[]);

/* Whether a file is standard input: "-". */
bool tmk_ssh_args_is_stdin(const char *file);

#endif
