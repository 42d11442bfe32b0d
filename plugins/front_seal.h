/*
 * front_seal.h - from the bytes of a signature file to evidence.
 *
 * A detached signature is DER, one PEM block, OpenPGP, the armour of SSH or
 * the lines of minisign or signify.
 * Which labels are read, and that there is exactly one signature in it, is
 * decided here once, so that touchmark and touchmark-gpg cannot disagree.
 * Refuses to know the content that was signed, and trust.
 */
#ifndef TMK_PLUGINS_FRONT_SEAL_H
#define TMK_PLUGINS_FRONT_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "iface/seal.h"
#include "iface/verdict.h"

/* Bytes of a signature file that are read at most: TMK_SEAL_MAX as PEM. */
#define TMK_FRONT_SEAL_MAX (2 * TMK_SEAL_MAX)

/* The seal of this format from the table; NULL when there is none. */
const struct tmk_seal_ops *tmk_front_seal_of(enum tmk_seal_format format);

/*
 * Read a CMS signature: DER, `SIGNED MESSAGE` armour as git keeps it, or one
 * `CMS` or `PKCS7` PEM block (RFC 7468 sections 8 and 9). Returns 0 with *out,
 * or 0 with *out NULL and a refusal in `v`; negative for internal errors. *out
 * belongs to the caller and holds exactly one signature.
 */
int tmk_front_seal_parse(struct tmk_evidence **out, const uint8_t *data,
			 size_t len, struct tmk_verdict *v,
			 struct tmk_err *err) TMK_MUST_CHECK;

/* The same for a signature of any format, told by its armour or its first
 * byte: OpenPGP armoured or binary, SSH armoured, minisign and signify. One of
 * text (signature[].text) is refused: these callers have bytes. */
int tmk_front_seal_parse_any(struct tmk_evidence **out, const uint8_t *data,
			     size_t len, struct tmk_verdict *v,
			     struct tmk_err *err) TMK_MUST_CHECK;

/* The same for whoever judges every signature that is in it and knows what is
 * text: up to TMK_SIGNATURES_MAX where one encoding has several signers (CMS,
 * OpenPGP), of text too. */
int tmk_front_seal_parse_several(struct tmk_evidence **out,
				 const uint8_t *data, size_t len,
				 struct tmk_verdict *v, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
