/*
 * front_token.h - a file beside an RFC 3161 token: did it exist at that time?
 *
 * Reads a bare TimeStampToken (.tst) or a TimeStampResp that carries one
 * (.tsr), without re-encoding it. Refusals are timestamp-bad,
 * timestamp-untrusted and timestamp-order. Prints nothing.
 */
#ifndef TMK_PLUGINS_FRONT_TOKEN_H
#define TMK_PLUGINS_FRONT_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/judge.h"
#include "iface/verdict.h"
#include "x509/tst.h"

/* Whether a file of this name is taken for a token: it ends in .tsr or .tst. */
bool tmk_front_token_named(const char *path);

/*
 * Find the token in `data`: all of it, or what follows a PKIStatusInfo that
 * grants (RFC 3161 section 2.4.2). Borrowed from `data`. false when it is
 * neither.
 */
bool tmk_front_token_find(const uint8_t **token, size_t *len,
			  const uint8_t *data, size_t data_len);

/*
 * Judge the token in `data` over all that `fd` gives (`name` is for messages)
 * by the judge's TSA trust. The answer is filled when the verdict is good.
 */
int tmk_front_token_judge(struct tmk_tst_answer *answer,
			  struct tmk_verdict *v,
			  const struct tmk_judge *judge,
			  const struct tmk_buf *data, int fd,
			  const char *name, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
