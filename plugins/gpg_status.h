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
 * Refuses to know keys and files: it takes plain values. Text from outside
 * arrives escaped; what could still end a line or forge one is escaped once
 * more here. Buffers are the caller's. gpg_status.c needs libc alone, since
 * the small program links it; what reads a certificate is in gpg_report.c.
 */
#ifndef TMK_PLUGINS_GPG_STATUS_H
#define TMK_PLUGINS_GPG_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "iface/signer.h"
#include "iface/verdict.h"

/* What is said about one signature. */
struct tmk_gpg_report {
	enum tmk_reason reason;
	char fingerprint[65];	/* upper-case SHA-1; "" without certificate */
	char subject[512];	/* escaped, in gpgsm's form: "/CN=A/O=B" */
	int algorithm;		/* of the signature, as libgcrypt counts: 1
				   RSA, 301 ECDSA, 303 EdDSA; 0 unknown */
	int hash;		/* 8, 9, 10 (RFC 9580 section 9.5); 0 unknown */
	int64_t made;		/* the signature's own claim; or none */
	int64_t expires;	/* of the certificate; or none */
};

#define TMK_GPG_STATUS_MAX 8192	/* bytes of all lines about a signature */

/* An empty report: reason internal-error, nothing known. */
void tmk_gpg_report_init(struct tmk_gpg_report *report);

/* Take fingerprint, subject, algorithm and expiry from a certificate. */
struct x509_st;
void tmk_gpg_report_cert(struct tmk_gpg_report *report, struct x509_st *cert);

/* The subject of a certificate as gpgsm shows it: "/CN=A/OU=B/O=C/C=DE", what
 * gpgsm has no place for behind that, from the last part of the name to its
 * first. Escaped; a slash in a value is \x2f. Returns `out`. */
char *tmk_gpg_report_name(char *out, size_t size, struct x509_st *cert);

/* The i-th other name of a certificate, from 0, as gpgsm's "aka" shows it: an
 * address, "(dns-name ...)", "(uri ...)"; escaped. NULL when there is none. */
const char *tmk_gpg_report_alias(char *out, size_t size, struct x509_st *cert,
				 int i);

/* Append one line "[GNUPG:] KEYWORD ARGS\n". `args` may be NULL. -1 when the
 * buffer is full. */
int tmk_gpg_status_line(struct tmk_buf *out, const char *keyword,
			const char *args) TMK_MUST_CHECK;

/* Append all lines about a verified signature. -1 when the buffer is full. */
int tmk_gpg_status_report(struct tmk_buf *out,
			  const struct tmk_gpg_report *report)
	TMK_MUST_CHECK;

/*
 * Append what is said of a signature that was made. `created` is the text
 * behind SIG_CREATED: type, algorithm, digest, class, time, fingerprint. When
 * its time is a number, as gpg writes it, KEY_CONSIDERED and BEGIN_SIGNING
 * come before, as from gpg; gpgsm has neither. -1 when the buffer is full or
 * the text is none.
 */
int tmk_gpg_status_signed(struct tmk_buf *out, const char *created)
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
