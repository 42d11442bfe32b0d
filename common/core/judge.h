/*
 * judge.h - the one judgement: evidence, trust and rule in, verdict out.
 *
 * Signing tools, verify, audit and the gate all call this and nothing else,
 * so that they cannot disagree. Pure: no files, no network, no clock but the
 * one in the context. A verdict is one reason of the closed list.
 */
#ifndef TMK_CORE_JUDGE_H
#define TMK_CORE_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "iface/seal.h"
#include "iface/verdict.h"
#include "x509/chain.h"

enum tmk_timestamp_rule {
	TMK_STAMP_OFF = 1,	/* tokens are ignored */
	TMK_STAMP_WHEN_EXPIRED,	/* one that is there must verify */
	TMK_STAMP_ALWAYS	/* one must be there */
};

/* The rule a signature is held against. Borrowed for every call. */
struct tmk_judge {
	const struct tmk_trust *trust;		/* signers */
	const struct tmk_trust *tsa_trust;	/* TSAs; NULL trusts none */
	enum tmk_revocation revocation;
	enum tmk_revocation tsa_revocation;
	bool honour_invalidity;	/* of CRL entries: x509/chain.h */
	enum tmk_timestamp_rule timestamp;
	const char *eku[TMK_EKU_MAX];
	int ekus;
	unsigned int min_rsa;
	unsigned int hashes;	/* bit 1 << enum tmk_hash; 0: SHA-2, and that
				   of the format. What has no digest at all
				   (TMK_WHOLE) needs no bit */
	int certificates;	/* embedded certificates allowed; 0: 16 */
	int64_t now;		/* the judge's clock */
	int64_t at;		/* --at: judge as if no token and this time;
				   TMK_TIME_NONE: now */
	int64_t clock_skew;	/* s that a genTime may be ahead of now */
	int64_t vouched;	/* when the content is known to have been
				   there, signed as it is (receipts.h): the
				   time for what has expired since; 0: not */
	/* Keys for formats without certificates; NULL trusts none. */
	const struct tmk_keyring *openpgp;
	const struct tmk_keyring *ssh;
	const struct tmk_keyring *minisign;	/* and signify: one key */
	/* SSH keys ("SHA256:...") that are trusted although `ssh` does not
	 * name them: they are somebody, but nobody's address. */
	const char *const *ssh_key;
	int ssh_keys;
	const char *name_space;	/* of the content, for SSHSIG; NULL: "git" */
};

#define TMK_FINDING_EMAILS_MAX 16384	/* bytes */

/* What was found out about one signature, good or not. */
struct tmk_finding {
	struct tmk_verdict verdict;
	enum tmk_seal_format format;
	X509 *cert;		/* borrowed from the evidence; or NULL */
	EVP_PKEY *key;		/* of a good signer; borrowed from evidence or
				   keyring; NULL for a refused one */
	struct tmk_buf emails;	/* of a good signer without certificate, as
				   the keyring tells them, each closed by a
				   NUL; belongs to the finding */
	char key_id[TMK_KEY_ID];	/* a signer without certificate; or "" */
	char primary_id[TMK_KEY_ID];	/* the key that owns it; or "" */
	char user[512];		/* and who that is, escaped; or "" */
	STACK_OF(X509) *chain;	/* leaf to root; belongs to the finding */
	int64_t time;		/* the trusted time it was judged at */
	bool stamped;		/* by a token */
	bool vouched;		/* it is that of judge->vouched */
	char tsa[256];		/* who stamped, escaped; "" without */
};

/* Start with nothing found / free what is inside. */
void tmk_finding_init(struct tmk_finding *finding);
void tmk_finding_release(struct tmk_finding *finding);

/* The reason id that a refused chain gets; internal-error for a number that is
 * no result. */
enum tmk_reason tmk_judge_chain_reason(enum tmk_chain_result result);

/*
 * Judge signature `i` of `evidence` over a content whose digest (made with
 * signature[i].hash over the content and signature[i].suffix) is given. Order:
 * limits, digest, signature, key strength, tokens, then at the trusted time
 * the chain (X.509) or what the keyring says of the key (OpenPGP, SSH).
 * Returns 0 with the finding, negative when it could not judge.
 */
int tmk_judge_signature(struct tmk_finding *finding,
			const struct tmk_judge *judge,
			const struct tmk_evidence *evidence, int i,
			const uint8_t *digest, size_t digest_len,
			struct tmk_err *err) TMK_MUST_CHECK;

/* The same for a key without certificate that has signed nothing yet: what
 * would be said of the first signature of `evidence` if it were good. For a
 * prediction; it proves nothing. */
int tmk_judge_key(struct tmk_finding *finding, const struct tmk_judge *judge,
		  const struct tmk_evidence *evidence, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
