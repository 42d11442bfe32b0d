/*
 * verify.h - is this artefact what somebody signed? What the ways of carrying
 * a signature (beside, inside, by a manifest) share when they are judged.
 *
 * Judges and tells nothing: the answer is printed by verify_tell.c. No key, no
 * token of ours, no network. A context is for one thread at a time.
 */
#ifndef TMK_PLUGINS_VERIFY_H
#define TMK_PLUGINS_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "iface/seal.h"
#include "iface/verdict.h"
#include "plugins/front_trust.h"

#define TMK_VERIFY_SIGNERS 64	/* of one artefact */
#define TMK_VERIFY_DIFFERENCES 20	/* entries that are named */

/* What was found out about one signer. */
struct tmk_verify_signer {
	struct tmk_verdict verdict;
	char signer[512];	/* escaped; "" unknown */
	char fingerprint[96];	/* "sha256:..." of a certificate, a key's own;
				   "" unknown */
	char role[16];		/* of a deb's signature; "" */
	char tsa[256];
	int64_t time;		/* the trusted time, or none */
	bool stamped;
	bool passed_over;	/* refused, and the artefact is good without */
	bool unknown;		/* refused: no keyring has its key */
};

/* What is told in the end. */
struct tmk_verify_answer {
	const char *file;	/* borrowed */
	struct tmk_verify_signer all;	/* of one signer: its own. Of several:
				   the first that is refused, else the first.
				   Its verdict is the artefact's */
	const char *format;	/* as --type of sign calls it; NULL unknown */
	const char *form;	/* "rpm", "deb", "clearsigned", "manifest";
				   NULL: a detached signature */
	bool token_only;	/* SIGNATURE was a timestamp token */
	bool uncompressed;	/* it signs the uncompressed stream */
	bool together;		/* the verdict is of all signers together, no
				   single one's */
	const char *named_by;	/* it has no signature, but the signed list
				   that names it; NULL */
	const char *same;	/* by a manifest: "same bytes", "same content";
				   NULL */
	int differences;	/* all of them; more than are named */
	int signers;
	/* What follows is only there as far as it was counted above. */
	char difference[TMK_VERIFY_DIFFERENCES][256];	/* escaped lines:
				   which entries differ from a manifest */
	struct tmk_verify_signer signer[TMK_VERIFY_SIGNERS];
};

/* Whom to trust, loaded once for all files of one thread. */
struct tmk_verify {
	const struct tmk_trust_options *options;
	struct tmk_front_trust trust;
	bool quiet;		/* no progress line */
	bool several;		/* nobody can name one of several signatures
				   beside a file: all that there are keys for
				   must be good */
	/* Told the path of each file that a signed list names and that is
	 * what it says; NULL: nobody asks. */
	void (*named)(void *ctx, const char *path, const char *by);
	void *ctx;
};

/* Load what options or the configuration name; both are borrowed, the first
 * until _release. Errors as of tmk_front_trust_load. */
int tmk_verify_init(struct tmk_verify *verify,
		    const struct tmk_trust_options *options,
		    const struct tmk_config *config, struct tmk_err *err)
	TMK_MUST_CHECK;
void tmk_verify_release(struct tmk_verify *verify);

/*
 * Judge `file`, and `signature` when one was named (NULL: inside it, else
 * beside it). Every signature is judged; with the [artefact] rules of a policy
 * their number and roles too. 0 with the answer; negative (TMK_INPUT for the
 * file itself) when it could not be judged.
 */
int tmk_verify_file(struct tmk_verify_answer *answer, struct tmk_verify *verify,
		    const char *file, const char *signature,
		    struct tmk_err *err) TMK_MUST_CHECK;

/* The same for a detached signature in memory over what `fd` gives from where
 * it stands; `name` is for messages, the rules are those of answer->file. For
 * the parts of an artefact. */
int tmk_verify_detached(struct tmk_verify_answer *answer,
			struct tmk_verify *verify, int fd, const char *name,
			const uint8_t *seal, size_t len, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Hold `fd` (of answer->file) against the signed manifest at `path`, whose
 * own signature stands beside it (verify_manifest.c). */
int tmk_verify_manifest(struct tmk_verify_answer *answer,
			struct tmk_verify *verify, int fd, const char *path,
			struct tmk_err *err) TMK_MUST_CHECK;

/* Start with nothing found. */
void tmk_verify_answer_init(struct tmk_verify_answer *answer,
			    const char *file);

#endif
