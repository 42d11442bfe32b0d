/*
 * rpm_sums.h - the digests that an rpm has of itself, computed together in one
 * reading of the package.
 *
 * A sum is over the main header, over the payload, or over both. Knows the
 * names of algorithms and nothing of tags. A sum that is out of date (MD5,
 * SHA-1) is left out where this libcrypto has it no more: nothing may rest on
 * it. Fails with TMK_INTERNAL and TMK_INPUT; refusals are content-mismatch.
 */
#ifndef TMK_FORMATS_RPM_SUMS_H
#define TMK_FORMATS_RPM_SUMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "base/err.h"
#include "iface/verdict.h"

#define TMK_RPM_SUMS 12
#define TMK_RPM_SUM_MAX 64	/* bytes of the longest */

enum tmk_rpm_sum_over {
	TMK_RPM_OVER_HEADER = 1,
	TMK_RPM_OVER_PAYLOAD = 2,
	TMK_RPM_OVER_BOTH = 3
};

enum tmk_rpm_sum_kind {
	TMK_RPM_MD5 = 1,
	TMK_RPM_SHA1,
	TMK_RPM_SHA256,
	TMK_RPM_SHA384,
	TMK_RPM_SHA512,
	TMK_RPM_SHA3_256,
	TMK_RPM_SUM_KINDS
};

struct tmk_rpm_sum {
	enum tmk_rpm_sum_kind kind;
	enum tmk_rpm_sum_over over;
	bool found;		/* `want` is what it came to, nothing more */
	uint8_t want[TMK_RPM_SUM_MAX];
	EVP_MD_CTX *ctx;
};

struct tmk_rpm_sums {
	struct tmk_rpm_sum sum[TMK_RPM_SUMS];
	int n;
};

/* Bytes of a sum of this kind. */
size_t tmk_rpm_sum_len(enum tmk_rpm_sum_kind kind);
/* Whether a package may rest on it: not on MD5 and SHA-1. */
bool tmk_rpm_sum_strong(enum tmk_rpm_sum_kind kind);

/* The kind by its number in OpenPGP (RFC 9580 section 9.5), as rpm numbers
 * digests too; 0: none of ours. */
enum tmk_rpm_sum_kind tmk_rpm_sum_of(uint32_t number);

/* Start one more sum; `want` is what it must come to, NULL: sum->want gets
 * that. */
int tmk_rpm_sums_add(struct tmk_rpm_sums *sums, enum tmk_rpm_sum_kind kind,
		     enum tmk_rpm_sum_over over, const uint8_t *want,
		     struct tmk_err *err) TMK_MUST_CHECK;

/* Go on with the sums over that `part`. */
int tmk_rpm_sums_update(struct tmk_rpm_sums *sums, enum tmk_rpm_sum_over part,
			const uint8_t *data, size_t len, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Compare; 0 with the refusal in `v` when one is another. */
int tmk_rpm_sums_check(struct tmk_rpm_sums *sums, struct tmk_verdict *v,
		       struct tmk_err *err) TMK_MUST_CHECK;

/* Free what was started; nothing more can be added then. */
void tmk_rpm_sums_release(struct tmk_rpm_sums *sums);

#endif
