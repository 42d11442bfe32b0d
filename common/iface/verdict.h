/*
 * verdict.h - the closed list of reasons, and the answer of a judgement.
 *
 * A judging function returns 0 when it judged (good or refused, as the
 * verdict says) and a negative number with `err` when it could not; the
 * caller then refuses with internal-error. Every id has its paragraph in
 * touchmark-verdicts(7) and its test.
 */
#ifndef TMK_IFACE_VERDICT_H
#define TMK_IFACE_VERDICT_H

#include <stdbool.h>

#include "base/err.h"

/* X(constant, id, what to do when nothing better is known) */
#define TMK_REASONS(X) \
	X(OBJECT_MALFORMED, "object-malformed", \
	  "recreate the object with git itself") \
	X(OBJECT_MISSING, "object-missing", \
	  "push again from a complete repository") \
	X(SIGNATURE_MISSING, "signature-missing", \
	  "sign it: git commit --amend --no-edit --allow-empty -S; several: " \
	  "git rebase --force-rebase --gpg-sign BASE") \
	X(SIGNATURE_MALFORMED, "signature-malformed", \
	  "sign it again") \
	X(SIGNATURE_BAD, "signature-bad", \
	  "the content is not what was signed: sign it again") \
	X(SIGNATURE_FORMAT, "signature-format", \
	  "sign in a format that the policy names") \
	X(DIGEST_WEAK, "digest-weak", \
	  "sign again with SHA-256 or stronger") \
	X(KEY_WEAK, "key-weak", \
	  "sign with RSA of at least 3072 bits, P-256 or P-384") \
	X(CHAIN_UNTRUSTED, "chain-untrusted", \
	  "use a certificate issued under a root that the policy trusts") \
	X(CERT_EXPIRED, "cert-expired", \
	  "sign again with a valid certificate, and with a timestamp") \
	X(CERT_NOT_YET_VALID, "cert-not-yet-valid", \
	  "sign with a certificate that is valid now") \
	X(CERT_REVOKED, "cert-revoked", \
	  "sign again with a certificate that is not revoked") \
	X(REVOCATION_UNKNOWN, "revocation-unknown", \
	  "the administrator must provide a current CRL of every CA") \
	X(CERT_USAGE, "cert-usage", \
	  "use a certificate for code signing") \
	X(CERT_MISSING, "cert-missing", \
	  "sign with the certificate and its intermediates embedded") \
	X(TIMESTAMP_MISSING, "timestamp-missing", \
	  "configure touchmark.tsa and sign again") \
	X(TIMESTAMP_BAD, "timestamp-bad", \
	  "sign again to get a new timestamp") \
	X(TIMESTAMP_UNTRUSTED, "timestamp-untrusted", \
	  "use a timestamp authority that the policy trusts") \
	X(TIMESTAMP_ORDER, "timestamp-order", \
	  "check the clock, then sign again") \
	X(IDENTITY_MISMATCH, "identity-mismatch", \
	  "commit under the e-mail address of the certificate") \
	X(SIGNER_NOT_ALLOWED, "signer-not-allowed", \
	  "ask a member of the role to sign") \
	X(THRESHOLD_UNMET, "threshold-unmet", \
	  "collect the signatures of further members of the role") \
	X(TAG_UNSIGNED, "tag-unsigned", \
	  "create the tag with git tag -s") \
	X(TAG_NAME, "tag-name", \
	  "push the tag under the name that was signed") \
	X(TAG_TARGET, "tag-target", \
	  "point the ref at a commit, or at a tag of one") \
	X(TAG_MOVED, "tag-moved", \
	  "a published tag stays: release under a new name") \
	X(REF_FORCE, "ref-force", \
	  "merge or rebase on the published branch instead of forcing") \
	X(REF_DELETE, "ref-delete", \
	  "the policy keeps this ref: ask the administrator") \
	X(REF_NAMESPACE, "ref-namespace", \
	  "this namespace changes what others see and is closed") \
	X(REF_UNMATCHED, "ref-unmatched", \
	  "the administrator must add a [ref] section that matches") \
	X(PUSH_SHALLOW, "push-shallow", \
	  "git fetch --unshallow, then push again") \
	X(PUSH_CERT, "push-cert", \
	  "push with git push --signed") \
	X(CONTENT_MISMATCH, "content-mismatch", \
	  "fetch the artefact again from its origin") \
	X(LIMIT_EXCEEDED, "limit-exceeded", \
	  "push less at once, or ask the administrator for a higher limit") \
	X(POLICY_INVALID, "policy-invalid", \
	  "the administrator must mend the policy file") \
	X(INTERNAL_ERROR, "internal-error", \
	  "ask the administrator to look at the server's log")

enum tmk_reason {
	TMK_GOOD = 0,
#define TMK_REASON_ENUM(c, id, hint) TMK_##c,
	TMK_REASONS(TMK_REASON_ENUM)
#undef TMK_REASON_ENUM
	TMK_REASON_COUNT
};

struct tmk_verdict {
	enum tmk_reason reason;	/* TMK_GOOD: accepted */
	char text[512];		/* what is wrong, one escaped line */
	char hint[256];		/* what to do; never empty for a refusal */
};

#define TMK_VERDICT_INIT { TMK_GOOD, "", "" }

/* The id as users see it ("cert-expired"); "good" for TMK_GOOD. */
const char *tmk_reason_id(enum tmk_reason reason);

/* What to do about it when nothing better is known; "" for TMK_GOOD. */
const char *tmk_reason_hint(enum tmk_reason reason);

/* Refuse: set the reason, a line of text (escaped here) and the usual hint.
 * Always returns 0, as a judging function does that has judged. */
int tmk_verdict_refuse(struct tmk_verdict *v, enum tmk_reason reason,
		       const char *fmt, ...) TMK_PRINTF(3, 4);

/* Replace the hint of a refusal. Always returns 0. */
int tmk_verdict_hint(struct tmk_verdict *v, const char *fmt, ...)
	TMK_PRINTF(2, 3);

#endif
