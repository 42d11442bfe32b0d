/*
 * front_audit_list.h - what a key signed, out of the record of its uses.
 *
 * Reads a log and every rotated one it goes on from, the oldest first, and
 * tells each use of one key, with the trusted time where there is one: it may
 * stand in the result or in a later entry `stamped`, both are looked at. Knows
 * nothing of certificates and policies. Texts are escaped as they were when
 * they were written; whoever prints them escapes for the terminal nevertheless.
 */
#ifndef TMK_PLUGINS_FRONT_AUDIT_LIST_H
#define TMK_PLUGINS_FRONT_AUDIT_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/chain_log.h"

#define TMK_AUDIT_SPKI 72	/* "sha256:", 64 hex digits, NUL */

/* One use. Borrowed for the call; "" where the entry says nothing. */
struct tmk_audit_use {
	uint64_t seq;		/* of this entry */
	int64_t time;		/* of this entry, by the signer's clock */
	bool sure;		/* a result of status "ok" with a seal; false:
				   an intent that has no result, so the key may
				   have been used */
	const char *what;	/* "sign", "csr", ... */
	const char *key;	/* what it was called */
	const char *requester;	/* or the login name of the user */
	const char *format;
	const char *hash;	/* "sha256", ... of the digest */
	const char *digest;	/* hex */
	const char *artefact;
	const char *content;
	const char *seal;	/* "sha256:HEX" of the signature */
	int64_t stamped;	/* genTime, as it was on record;
				   TMK_TIME_NONE */
	const char *file;	/* the log that it stands in */
};

/* The fingerprint of a SubjectPublicKeyInfo (DER) as the record has it. */
int tmk_front_audit_spki(char out[TMK_AUDIT_SPKI], const uint8_t *spki,
			 size_t len, struct tmk_err *err) TMK_MUST_CHECK;

/*
 * Visit every signature of the key whose fingerprint is `spki`
 * ("sha256:HEX"), in order of the entries; a failed use is not told. Negative
 * from `visit` ends it with its error. 0; 1 when a chain breaks (`report` and
 * *where, which belongs to the caller, say where: what stands before the
 * break was told); negative when something cannot be read. A log that was
 * never begun has no uses.
 */
int tmk_front_audit_list(const char *path, const char *spki,
			 int (*visit)(void *ctx,
				      const struct tmk_audit_use *use,
				      struct tmk_err *err),
			 void *ctx, struct tmk_chain_report *report,
			 char **where, struct tmk_err *err) TMK_MUST_CHECK;

#endif
