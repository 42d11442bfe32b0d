/*
 * gpg_status.h - the `[GNUPG:]` lines that git, mail programs and GPGME read
 * (GnuPG doc/DETAILS, git gpg-interface.c).
 *
 * A caller decides by these lines alone, so they follow three rules: NEWSIG
 * comes first, exactly one of GOODSIG, BADSIG, ERRSIG, EXPKEYSIG and
 * REVKEYSIG follows, and a TRUST_ line is always there. GOODSIG and VALIDSIG
 * are said of a signature whose whole verdict is good and of no other: some
 * callers look at nothing else, not even the exit code.
 *
 * Refuses to know keys and files. Text from outside arrives escaped; what
 * could still end a line or forge one is escaped once more here. Buffers are
 * the caller's.
 */
#ifndef TMK_PLUGINS_GPG_STATUS_H
#define TMK_PLUGINS_GPG_STATUS_H

#include <stdint.h>

#include <openssl/x509.h>

#include "base/buf.h"
#include "base/err.h"
#include "iface/signer.h"
#include "iface/verdict.h"

/* What is said about one signature. */
struct tmk_gpg_report {
	enum tmk_reason reason;
	char fingerprint[65];	/* upper-case SHA-1; "" without certificate */
	char subject[512];	/* escaped */
	int algorithm;		/* 1 RSA, 18 ECC (libgcrypt); 0 unknown */
	int hash;		/* 8, 9, 10 (RFC 9580 section 9.5); 0 unknown */
	int64_t made;		/* the signature's own claim; or none */
	int64_t expires;	/* of the certificate; or none */
};

#define TMK_GPG_STATUS_MAX 8192	/* bytes of all lines about a signature */

/* An empty report: reason internal-error, nothing known. */
void tmk_gpg_report_init(struct tmk_gpg_report *report);

/* Take fingerprint, subject, algorithm and expiry from a certificate. */
void tmk_gpg_report_cert(struct tmk_gpg_report *report, X509 *cert);

/* Append one line "[GNUPG:] KEYWORD ARGS\n". `args` may be NULL. -1 when the
 * buffer is full. */
int tmk_gpg_status_line(struct tmk_buf *out, const char *keyword,
			const char *args) TMK_MUST_CHECK;

/* Append all lines about a verified signature. -1 when the buffer is full. */
int tmk_gpg_status_report(struct tmk_buf *out,
			  const struct tmk_gpg_report *report)
	TMK_MUST_CHECK;

/* Append SIG_CREATED, in gpgsm's form. -1 when the buffer is full. */
int tmk_gpg_status_created(struct tmk_buf *out,
			   const struct tmk_gpg_report *report)
	TMK_MUST_CHECK;

/* The number of a digest in status lines; 0 for another one. */
int tmk_gpg_status_hash(enum tmk_hash hash);

/* Whether lines can be written to `fd` (-1: nobody wants any). Asked before
 * anything else, while a wrong number is still free. Fails with TMK_USAGE. */
int tmk_gpg_status_check(int fd, struct tmk_err *err) TMK_MUST_CHECK;

/* Write the lines in one piece; nothing for fd -1. Fails with TMK_INPUT. */
int tmk_gpg_status_send(int fd, const struct tmk_buf *lines,
			struct tmk_err *err) TMK_MUST_CHECK;

#endif
