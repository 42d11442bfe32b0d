/*
 * identity.h - is the signer the one whom the object names?
 *
 * Compares e-mail addresses and nothing else: names prove nothing. The local
 * part must be the same bytes (RFC 5321 section 2.4: only its own host may say
 * that case does not matter); the domain is compared without regard to ASCII
 * case. Knows neither roles nor policies.
 */
#ifndef TMK_CORE_IDENTITY_H
#define TMK_CORE_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/x509.h>

#include "base/buf.h"
#include "iface/format.h"
#include "iface/verdict.h"

/* Whether two addresses (without NUL) are the same mailbox. An address without
 * a local part, '@' or domain equals nothing, not even itself. */
bool tmk_identity_same(const char *a, size_t a_len, const char *b,
		       size_t b_len);

/*
 * Hold the e-mail of an ident against those of the certificate, the subject's
 * only where the SAN holds none (RFC 8550 section 3); `who` names it in the
 * text ("committer", "tagger"). Refuses with identity-mismatch, naming
 * both sides, when none is the same; else leaves `v` alone. Always returns 0.
 */
int tmk_identity_judge(struct tmk_verdict *v, X509 *cert,
		       struct tmk_span email, const char *who);

/* The same for a key without certificate: `emails` are those that a keyring
 * tells (struct tmk_finding), `key_id` names it in the text. */
int tmk_identity_judge_key(struct tmk_verdict *v,
			   const struct tmk_buf *emails, const char *key_id,
			   struct tmk_span email, const char *who);

/* The address behind `mail` in a list whose items are closed by a NUL; the
 * first for NULL, NULL past the last. */
const char *tmk_identity_next(const struct tmk_buf *emails, const char *mail);

#endif
