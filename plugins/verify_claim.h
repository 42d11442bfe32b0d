/*
 * verify_claim.h - the files that a signed list names, each held against what
 * is said of it.
 *
 * Knows no list format: verify_named.c and verify_index.c read those. What
 * differs is content-mismatch in the answer; whoever asks hears of the files
 * that are right once all of them are. Follows no link in the place of a file.
 * Negative returns carry `err`; freed by _release.
 */
#ifndef TMK_PLUGINS_VERIFY_CLAIM_H
#define TMK_PLUGINS_VERIFY_CLAIM_H

#include "iface/format.h"
#include "plugins/verify.h"

#define TMK_VERIFY_CLAIMED (64 * 1024 * 1024)	/* bytes of all paths */

/* One list. */
struct tmk_verify_claims {
	struct tmk_verify_answer *answer;	/* borrowed */
	const struct tmk_verify *verify;	/* borrowed */
	const char *file;	/* the list; borrowed */
	bool some;		/* a file that is not there, or is a link, is
				   passed over */
	struct tmk_buf right;	/* paths, each closed by NUL */
};

/* What it says of one file; borrowed. */
struct tmk_verify_claim {
	struct tmk_span name;	/* as the list has it */
	const char *path;
	enum tmk_hash hash;
	struct tmk_span hex;	/* lower-case digits */
	bool sized;
	uint64_t size;		/* bytes */
};

/* Start with nothing looked at. */
void tmk_verify_claims_init(struct tmk_verify_claims *c,
			    struct tmk_verify_answer *answer,
			    const struct tmk_verify *verify, const char *file);
/* Free what is inside. */
void tmk_verify_claims_release(struct tmk_verify_claims *c);

/* Look at one file. 0, with a refusal in the answer when it differs. */
int tmk_verify_claims_check(struct tmk_verify_claims *c,
			    const struct tmk_verify_claim *claim,
			    struct tmk_err *err) TMK_MUST_CHECK;

/* Refuse the list itself; a verdict of no single signer. */
void tmk_verify_claims_refuse(struct tmk_verify_claims *c,
			      const struct tmk_verdict *v);

/* Tell of those that are right, unless the list was refused. */
void tmk_verify_claims_tell(const struct tmk_verify_claims *c);

#endif
