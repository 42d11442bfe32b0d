/*
 * front_init.h - the steps of `touchmark init`: a token, two keys in it, a
 * development CA, and the files that make all of it usable at once.
 *
 * Each step records what it made, so that a failure later takes it away
 * again. Everything that can be known to fail is asked before anything is
 * made. Errors as in base/err.h.
 */
#ifndef TMK_PLUGINS_FRONT_INIT_H
#define TMK_PLUGINS_FRONT_INIT_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "base/err.h"
#include "core/config.h"
#include "iface/store.h"

#define TMK_INIT_MAIL 512	/* bytes of a name or an address */
#define TMK_INIT_FILES 8

struct tmk_init {
	/* what was asked for; borrowed from argv */
	const char *name, *user, *algorithm, *token, *module, *pin_file, *git;
	const char *key;	/* one that is there: nothing is made */
	const char *format;	/* of git's signatures, as gpg.format has it */
	bool pre_push;		/* with git: install the hook */

	/* found out before anything is made; belongs to this struct */
	struct tmk_config *config;
	struct tmk_keygen keygen;
	char *user_id;		/* "Name <mail>" */
	char mail[TMK_INIT_MAIL];
	X509_NAME *subject;
	char *module_path;	/* NULL: all registered modules */
	char *label;		/* the token's */
	char *pin_path;		/* absolute; NULL: ask as usual */
	char *so_pin_path;	/* of an embedded token */
	bool embedded;		/* the token is made here */
	char *chain, *ca, *crl, *policy;	/* files to write */
	char *gpg, *gpgsm;	/* programs for git; NULL without --git, or */
	char *ssh;		/* when the format is ssh; then this one */
	char *touchmark;	/* for the hook; NULL without --pre-push */
	char *hook;		/* where git looks for its pre-push hook */

	/* made */
	bool token_made;
	int keys_made;
	const char *made[TMK_INIT_FILES];	/* files, to be taken back */
	int files;
	char *uri;		/* of the signing key, as it is configured */
	int64_t created;	/* of that key, for OpenPGP */
	X509 *leaf, *ca_cert;
	bool policy_set;	/* touchmark.policy names our policy */
	bool key_set;		/* touchmark.key names our key */
};

/* Check everything and fill the second part. */
int tmk_init_prepare(struct tmk_init *init, struct tmk_err *err)
	TMK_MUST_CHECK;

/* The same for a key that is there: that it is configured with all that the
 * format needs, and nothing is asked for that only a new key has. */
int tmk_init_use_prepare(struct tmk_init *init, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Make the embedded token and its PIN files; nothing for a given token. */
int tmk_init_token(struct tmk_init *init, struct tmk_err *err) TMK_MUST_CHECK;

/* Keys, certificates, CRL; written to the token and to files. */
int tmk_init_keys(struct tmk_init *init, struct tmk_err *err) TMK_MUST_CHECK;

/* The policy file and the configuration. */
int tmk_init_configure(struct tmk_init *init, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Write a file and remember it (`path` must live as long as `init`). */
int tmk_init_write(struct tmk_init *init, const char *path, int mode,
		   const void *data, size_t len, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Before: are git, our programs and (for local) a repository there? */
int tmk_init_git_prepare(struct tmk_init *init, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Tell git to sign with this key; nothing without --git. */
int tmk_init_git(const struct tmk_init *init, struct tmk_err *err)
	TMK_MUST_CHECK;

/* The pre-push hook, where none is; says what became of it. Nothing without
 * --pre-push. */
int tmk_init_hook(const struct tmk_init *init, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Take back what was made. */
void tmk_init_undo(struct tmk_init *init);

/* Free the second and third part. */
void tmk_init_release(struct tmk_init *init);

#endif
