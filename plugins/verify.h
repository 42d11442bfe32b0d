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
	const char *same;	/* by a manifest: "same bytes", "same content";
				   NULL */
	char difference[TMK_VERIFY_DIFFERENCES][256];	/* escaped lines:
				   which entries differ from a manifest */
	int differences;	/* all of them; more than are named */
	struct tmk_verify_signer signer[TMK_VERIFY_SIGNERS];
	int signers;
};

struct tmk_config;
struct tmk_artefact_rule;

/* Whom to trust, loaded once for all files of one thread. */
struct tmk_verify {
	const struct tmk_trust_options *options;
	const struct tmk_config *config;
	struct tmk_front_trust trust;
};

/*
 * Judge `file`, and `signature` when one was named (NULL: inside it, else
 * beside it). Every signature is judged; with the [artefact] rules of a policy
 * their number and roles too. 0 with the answer; negative (TMK_INPUT for the
 * file itself) when it could not be judged.
 */
int tmk_verify_file(struct tmk_verify_answer *answer, struct tmk_verify *verify,
		    const char *file, const char *signature,
		    struct tmk_err *err) TMK_MUST_CHECK;

/* The same for a detached signature in memory over what `fd` gives from its
 * start; `name` is for messages. For the parts of an artefact. */
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
