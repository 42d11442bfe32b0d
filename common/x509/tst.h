/*
 * tst.h - RFC 3161: asking for a timestamp and reading one.
 *
 * Builds requests and judges tokens; the bytes travel elsewhere (net/). A
 * token is judged by the certificate its signer id names, at its own genTime,
 * against a trust of its own. No clock and no network here.
 */
#ifndef TMK_X509_TST_H
#define TMK_X509_TST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "x509/chain.h"

#define TMK_TST_MAX (64 * 1024)	/* bytes of one token or response */

enum tmk_tst_result {
	TMK_TST_GOOD = 0,
	TMK_TST_BAD,		/* malformed, wrong imprint, weak, bad signature */
	TMK_TST_UNTRUSTED	/* the TSA's chain or purpose */
};

struct tmk_tst_answer {
	enum tmk_tst_result result;
	char text[400];		/* why, one escaped line; "" when good */
	int64_t time;		/* genTime, whole seconds, rounded down */
	char tsa[256];		/* subject of the TSA certificate, escaped */
};

/* A TimeStampReq (RFC 3161 2.4.1) for `digest` made with enum tmk_hash
 * `hash`: 64-bit random nonce, certReq TRUE. Appends DER to `out`. */
int tmk_tst_request(struct tmk_buf *out, int hash, const uint8_t *digest,
		    size_t len, struct tmk_err *err) TMK_MUST_CHECK;

/*
 * Check a TimeStampResp against the request it answers (status granted, same
 * imprint, nonce and version; whole input used; signature good; TSA
 * certificate embedded and for timeStamping alone) and append its token to
 * `token`. Trust in the TSA is not asked here. Fails with TMK_NET and says
 * what was wrong.
 */
int tmk_tst_response(struct tmk_buf *token, const uint8_t *request,
		     size_t request_len, const uint8_t *response,
		     size_t response_len, struct tmk_err *err) TMK_MUST_CHECK;

/*
 * Where the token lies in `der`: all of it when that is a token already
 * (.tst), else inside the granted TimeStampResp (.tsr). *token is borrowed
 * from `der`. Fails with TMK_INPUT. Nothing is judged.
 */
int tmk_tst_unwrap(const uint8_t **token, size_t *token_len,
		   const uint8_t *der, size_t len, struct tmk_err *err)
	TMK_MUST_CHECK;

/*
 * Judge a token over `data` (the signature bytes) or, when `data` is NULL, a
 * token whose imprint the caller checks with tmk_tst_imprint. `trust` may be
 * NULL: then only form, imprint and signature are judged and TSA trust is
 * not asked. Imprint digests allowed: SHA-256, SHA-384, SHA-512. `now` and
 * `revocation` as in chain.h.
 */
int tmk_tst_judge(struct tmk_tst_answer *answer, const uint8_t *token,
		  size_t token_len, const void *data, size_t data_len,
		  const struct tmk_trust *trust,
		  enum tmk_revocation revocation, int64_t now,
		  struct tmk_err *err) TMK_MUST_CHECK;

/* The certificate that a token was signed with, of those in it: the one that
 * its signer id and its ESS attribute name. *out belongs to the caller. Judges
 * nothing. Fails with TMK_INPUT. */
int tmk_tst_signer(X509 **out, const uint8_t *token, size_t token_len,
		   struct tmk_err *err) TMK_MUST_CHECK;

/* The imprint of a token: *hash gets enum tmk_hash, `digest` (64 bytes) its
 * bytes. Returns -1 (TMK_INPUT) when malformed or of another digest. */
int tmk_tst_imprint(const uint8_t *token, size_t token_len, int *hash,
		    uint8_t *digest, size_t *digest_len, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
