/*
 * front_guard.h - what stands between a request and the use of a key.
 *
 * Everything that uses a private key passes here, whoever asks: the key may be
 * denied (front_denied.h), the use may need approvals (front_approval.h) or a
 * command that agrees (front_presign.h), and is put on record before and after
 * (front_audit.h). In that order; the first that says no ends it, and the
 * token is not touched; the no is on record as well. Judges no signature and
 * knows no token.
 *
 * Between _before and _after nothing that was signed may leave the process:
 * whoever gets a failure from _after wipes what was made.
 */
#ifndef TMK_PLUGINS_FRONT_GUARD_H
#define TMK_PLUGINS_FRONT_GUARD_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/config.h"
#include "iface/signer.h"

/* One use of a key that is about to happen. Everything is borrowed; texts are
 * as they came, not escaped; NULL where nothing is said. */
struct tmk_front_use {
	const char *what;	/* "sign", "csr", "selftest", "report",
				   "certify" (an OpenPGP self-signature) */
	const char *requester;	/* a name that somebody vouches for; NULL: the
				   user whose process this is */
	const char *key;	/* configured name, or the URI as shown */
	const struct tmk_key_config *section;	/* NULL: a bare URI */
	const uint8_t *spki;	/* DER */
	size_t spki_len;
	const char *fingerprint;	/* as the format names the signer */
	const char *place;	/* token or service */
	const char *format;	/* "cms", "openpgp", ...; NULL: none */
	const char *name_space;	/* of an SSHSIG; NULL: it has none */
	enum tmk_hash hash;	/* of the digest */
	const uint8_t *digest;	/* what is signed: of content and trailer; for
				   a content without digest its SHA-256 */
	size_t digest_len;
	const uint8_t *trailer;	/* OpenPGP: hashed after the content */
	size_t trailer_len;
	int64_t time;		/* signing time; TMK_TIME_NONE */
	const char *artefact;	/* what it is called by whoever asks */
	const char *content;	/* what whoever asks says it is: "git-commit",
				   "git-tag", "file", "deb", ... */
	const uint8_t *content_digest;	/* SHA-256 of the content alone, 32
				   bytes, as far as whoever asks tells it:
				   a request for approvals is met again by
				   it, nothing else */
	/* Who is told, in one line ("warning: ...") without program and
	 * newline, of what went wrong and stops nothing; NULL: nobody. */
	void (*warn)(void *ctx, const char *text);
	void *warn_ctx;
};

/* What became of a use. Borrowed. */
struct tmk_front_outcome {
	const struct tmk_buf *signature;	/* the seal that was made; NULL:
				   none */
	const struct tmk_err *why;	/* why not; NULL with a signature, or
				   when the key was not used after all */
	int64_t stamped;	/* genTime of the timestamp in the seal;
				   TMK_TIME_NONE */
};

struct tmk_front_guard;

/*
 * May it be used so? 0 with *out, to be given to _after whatever becomes of
 * the use. Fails with TMK_KEY (denied), TMK_REFUSED (approvals, command),
 * TMK_INPUT (the record cannot be written) or as the configuration deserves;
 * then there is nothing to be given back.
 */
int tmk_front_guard_before(struct tmk_front_guard **out,
			   const struct tmk_config *config,
			   const struct tmk_front_use *use,
			   struct tmk_err *err) TMK_MUST_CHECK;

/* Whether the key of a use that has no digest yet may be used at all: for
 * whoever knows it before a login. TMK_KEY when it is denied, on record. */
int tmk_front_guard_denied(const struct tmk_config *config,
			   const struct tmk_front_use *use,
			   struct tmk_err *err) TMK_MUST_CHECK;

/*
 * What became of it. Frees the guard; `use` is that of _before. A failure (of
 * the record) means that the signature must not be given out. What was said
 * yes to is used up with a signature alone.
 */
int tmk_front_guard_after(struct tmk_front_guard *guard,
			  const struct tmk_front_use *use,
			  const struct tmk_front_outcome *outcome,
			  struct tmk_err *err) TMK_MUST_CHECK;

#endif
