/*
 * ssh_signers.h - an allowed_signers file: which key signs for whom, as what
 * and when (ssh-keygen(1), ALLOWED SIGNERS).
 *
 * Every line must be understood: an option or a type of key that is not known
 * makes the whole file an error that names the line, since what was left out
 * might have narrowed what the line allows. Lines for SSH certificates
 * (cert-authority) and for keys that sign nothing here (DSA, security keys)
 * are read and stand for nobody. Errors are TMK_USAGE. No clock: a time
 * without Z is local time, as ssh-keygen has it.
 */
#ifndef TMK_SEAL_SSH_SIGNERS_H
#define TMK_SEAL_SSH_SIGNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "iface/seal.h"
#include "iface/verdict.h"

#define TMK_SSH_SIGNERS_MAX (4 * 1024 * 1024)	/* bytes of a file */
#define TMK_SSH_SIGNERS_LINES 20000		/* that name somebody */
#define TMK_SSH_SIGNERS_LINE_MAX 16384		/* characters */

/* One line that names somebody. All texts belong to it. */
struct tmk_ssh_signer {
	unsigned int line;	/* from 1 */
	char *principals;	/* pattern list, as it stands */
	char *name_spaces;	/* pattern list; NULL: any */
	int64_t after, before;	/* s since 1970; TMK_TIME_NONE */
	bool authority;		/* of certificates: stands for nobody */
	uint8_t *blob;		/* the key; NULL: a type that is not ours */
	size_t blob_len;
};

struct tmk_ssh_signers {
	struct tmk_keyring keyring;	/* first */
	char *name;			/* for messages */
	struct tmk_ssh_signer *signer;
	int signers, room;
};

/* Read one line (`len` characters, no newline). 1 with *out, which belongs to
 * the caller; 0 for a line that says nothing. Errors do not name the line. */
int tmk_ssh_signers_line(struct tmk_ssh_signer *out, const char *text,
			 size_t len, struct tmk_err *err) TMK_MUST_CHECK;

/* Free what is inside. */
void tmk_ssh_signers_line_release(struct tmk_ssh_signer *signer);

/* Whether `text` fits a list of patterns: * and ? as in a shell, comma between
 * them; one with ! before it that fits says no (ssh_config(5), PATTERNS). */
bool tmk_ssh_signers_match(const char *list, const void *text, size_t len);

/* seal.h: keyring_read, keyring_free, keyring_find, keyring_emails. */
int tmk_ssh_signers_read(struct tmk_keyring **out, const uint8_t *data,
			 size_t len, const char *name, struct tmk_err *err)
	TMK_MUST_CHECK;
void tmk_ssh_signers_free(struct tmk_keyring *keyring);
int tmk_ssh_signers_find(struct tmk_standing *out,
			 const struct tmk_keyring *keyring,
			 const struct tmk_evidence *evidence, int i,
			 const char *name_space, struct tmk_verdict *v,
			 struct tmk_err *err) TMK_MUST_CHECK;
int tmk_ssh_signers_emails(struct tmk_buf *out,
			   const struct tmk_keyring *keyring,
			   const struct tmk_evidence *evidence, int i,
			   const char *name_space, int64_t at,
			   struct tmk_err *err) TMK_MUST_CHECK;

#endif
