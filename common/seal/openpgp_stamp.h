/*
 * openpgp_stamp.h - other timestamps for an OpenPGP signature that exists.
 *
 * Decides nothing about timestamps or trust; nothing to free.
 */
#ifndef TMK_SEAL_OPENPGP_STAMP_H
#define TMK_SEAL_OPENPGP_STAMP_H

#include "base/buf.h"
#include "base/err.h"
#include "iface/seal.h"

/* seal.h: the same signature with other notations under
 * TMK_OPENPGP_TOKEN_NAME in its unhashed area (RFC 9580 section 5.2.3.24);
 * signature[0].priv is its struct tmk_openpgp_sig. */
int tmk_openpgp_stamp(const struct tmk_evidence *evidence,
		      const struct tmk_stamp_change *change,
		      struct tmk_buf *out, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
