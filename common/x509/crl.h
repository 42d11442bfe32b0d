/*
 * crl.h - reading certificate revocation lists, and the rule of what an entry
 * means for a signature of a given time. Internal to x509/; what is fetched is
 * looked at by crl_file.h.
 *
 * Knows nothing of chains: whether a CRL is genuine and in scope is asked of
 * OpenSSL elsewhere. Reading fails with TMK_INPUT and names the file.
 */
#ifndef TMK_X509_CRL_H
#define TMK_X509_CRL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "base/err.h"

#define TMK_CRL_FILE_MAX (64 * 1024 * 1024)	/* bytes of one file */
#define TMK_CRLS_MAX 4096			/* in one trust */

/* Append every CRL of PEM (any number) or DER (one) bytes to `crls`; one that
 * is there already is not added twice. None is an error. */
int tmk_crl_load(STACK_OF(X509_CRL) *crls, const uint8_t *data, size_t len,
		 const char *name, struct tmk_err *err) TMK_MUST_CHECK;

/* The same for a file, or for every file in a directory whose name does not
 * begin with a dot (a file among them that is no CRL is an error; a folder
 * without any is not). */
int tmk_crl_load_path(STACK_OF(X509_CRL) *crls, const char *path,
		      struct tmk_err *err) TMK_MUST_CHECK;

/* A time of ASN.1 as seconds since 1970; TMK_TIME_NONE for NULL and for what
 * is no time. */
int64_t tmk_crl_time(const ASN1_TIME *t);

/* The name of a CRLReason (RFC 5280 5.3.1); "no reason given" below 0. */
const char *tmk_crl_reason(long reason);

/* Whether the entry is a hold, the one kind that a later CRL takes back (RFC
 * 5280 5.3.1). */
bool tmk_crl_entry_holds(const X509_REVOKED *entry);

/*
 * Whether signatures made at `at` fall with this entry (RFC 5280 5.3). They
 * stand only when `at` is proved by a stamp, lies before the revocation (and
 * before invalidityDate where one is given), and the reason says nothing
 * against the key: superseded, cessationOfOperation, affiliationChanged. With
 * `honour` they also stand before the invalidityDate (5.3.2) of an entry that
 * has one and says that the key was lost, or does not say why.
 * `why` (size bytes) gets the reason and the date.
 */
bool tmk_crl_entry_falls(const X509_REVOKED *entry, int64_t at, bool stamped,
			 bool honour, char *why, size_t size);

#endif
