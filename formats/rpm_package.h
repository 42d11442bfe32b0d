/*
 * rpm_package.h - an rpm as it lies in its file, for the files that read and
 * write it (rpm_*.c, package_rpm.c) and nobody else.
 *
 *     lead 96 | signature header | zeros up to 8 | main header | payload
 *
 * A signature is over the main header, and the main header has the digest of
 * the payload. Numbers of tags are those of rpm (rpmtag.h there).
 */
#ifndef TMK_FORMATS_RPM_PACKAGE_H
#define TMK_FORMATS_RPM_PACKAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "formats/rpm_file.h"
#include "formats/rpm_header.h"
#include "formats/rpm_sums.h"
#include "iface/package.h"

#define TMK_RPM_LEAD 96
#define TMK_RPM_FORMAT 6	/* the format from which on signatures stand
				   in TMK_RPM_SIG_OPENPGP alone */

/* Tags of the signature header. */
enum {
	TMK_RPM_SIG_DSA = 267,	/* ECDSA and EdDSA too */
	TMK_RPM_SIG_RSA = 268,
	TMK_RPM_SIG_SHA1 = 269,
	TMK_RPM_SIG_LONGSIZE = 270,
	TMK_RPM_SIG_SHA256 = 273,
	TMK_RPM_SIG_OPENPGP = 278,	/* base64, any number */
	TMK_RPM_SIG_SHA3_256 = 279,
	TMK_RPM_SIG_RESERVED = 999,	/* of format 6 */
	TMK_RPM_SIG_SIZE = 1000,
	TMK_RPM_SIG_PGP = 1002,	/* RSA over header and payload */
	TMK_RPM_SIG_MD5 = 1004,
	TMK_RPM_SIG_GPG = 1005,	/* the others over header and payload */
	TMK_RPM_SIG_RESERVED4 = 1008	/* of format 4 */
};

/* Tags of the main header. */
enum {
	TMK_RPM_NAME = 1000,
	TMK_RPM_VERSION = 1001,
	TMK_RPM_RELEASE = 1002,
	TMK_RPM_ARCH = 1022,
	TMK_RPM_SOURCERPM = 1044,
	TMK_RPM_SOURCEPACKAGE = 1106,
	TMK_RPM_COMPRESSOR = 1125,
	TMK_RPM_PAYLOAD_DIGEST = 5092,
	TMK_RPM_PAYLOAD_ALGORITHM = 5093,
	TMK_RPM_PAYLOAD_SIZE = 5112,
	TMK_RPM_RPMFORMAT = 5114,
	TMK_RPM_PAYLOAD_SHA512 = 5121,
	TMK_RPM_PAYLOAD_SHA3_256 = 5123
};

struct tmk_rpm {
	struct tmk_package package;	/* first; priv is this */
	struct tmk_rpm_file file;
	struct tmk_rpm_header sig;
	struct tmk_rpm_header main;
	uint32_t format;	/* 4 or 6 */
	uint8_t header_sum[TMK_RPM_SUM_MAX];	/* SHA-256 of the main header,
				   as it was when it was checked */
	enum tmk_rpm_sum_kind payload_kind;	/* and of the payload */
	uint8_t payload_sum[TMK_RPM_SUM_MAX];
	uint32_t tag[TMK_PACKAGE_SEALS];	/* where each seal stands */
	struct tmk_buf bytes[TMK_PACKAGE_SEALS];	/* and its bytes */
};

/* The next multiple of eight: where the main header begins. */
static inline uint64_t tmk_rpm_align8(uint64_t n)
{
	return (n + 7) & ~(uint64_t)7;
}

/* Read everything up to the payload, and what the headers say. Refusals in
 * `v`. */
int tmk_rpm_parse(struct tmk_rpm *rpm, struct tmk_verdict *v,
		  struct tmk_err *err) TMK_MUST_CHECK;

/* Hold the whole package against the digests and sizes that it has of itself.
 * Refusals in `v`. */
int tmk_rpm_check(struct tmk_rpm *rpm, struct tmk_verdict *v,
		  struct tmk_err *err) TMK_MUST_CHECK;

/* Take the main header, and with `whole` the payload: to `sums` and to `sink`
 * (either may be NULL). */
int tmk_rpm_stream(struct tmk_rpm *rpm, bool whole, struct tmk_rpm_sums *sums,
		   tmk_package_sink *sink, void *to, struct tmk_err *err)
	TMK_MUST_CHECK;

/* The same to `sink` alone; fails with TMK_INPUT when the bytes are not those
 * any more that were checked. */
int tmk_rpm_content(struct tmk_rpm *rpm, bool whole, tmk_package_sink *sink,
		    void *to, struct tmk_err *err) TMK_MUST_CHECK;

/* Take the signatures out of the signature header. Refusals in `v`. */
int tmk_rpm_seals_read(struct tmk_rpm *rpm, struct tmk_verdict *v,
		       struct tmk_err *err) TMK_MUST_CHECK;

/* The tag under which a new signature is to stand. Fails with TMK_INPUT when
 * `data` is not one signature, with TMK_USAGE for a role that cannot be. */
int tmk_rpm_seals_place(uint32_t *tag, const struct tmk_rpm *rpm,
			const struct tmk_package_change *change,
			struct tmk_err *err) TMK_MUST_CHECK;

/* iface/package.h. */
int tmk_rpm_write(const struct tmk_package *package,
		  const struct tmk_package_change *change, int out,
		  struct tmk_err *err) TMK_MUST_CHECK;

#endif
