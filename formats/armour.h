/*
 * armour.h - the text form in which git keeps a signature.
 *
 * "-----BEGIN LABEL-----", lines, "-----END LABEL-----": the label is how git
 * chooses the verifier. Decoding is strict: one block, LF line ends,
 * canonical base64 in lines of equal length, nothing before, after or between
 * - but for the headers and the checksum of OpenPGP (base/radix64.h). Knows no
 * signature encoding and no trust. Refusals are signature-malformed; buffers
 * are the caller's.
 */
#ifndef TMK_FORMATS_ARMOUR_H
#define TMK_FORMATS_ARMOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "iface/seal.h"
#include "iface/verdict.h"

#define TMK_ARMOUR_LABEL_CMS "SIGNED MESSAGE"
#define TMK_ARMOUR_LABEL_OPENPGP "PGP SIGNATURE"
#define TMK_ARMOUR_LABEL_KEY "PGP PUBLIC KEY BLOCK"
#define TMK_ARMOUR_LABEL_SSH "SSH SIGNATURE"
#define TMK_ARMOUR_LINE 64	/* characters per line that we write */
#define TMK_ARMOUR_LINE_SSH 70	/* in SSH signatures, as ssh-keygen does */
#define TMK_ARMOUR_LINE_MAX 76	/* that we read (RFC 2045 section 6.8) */

/*
 * Whether the text at `line` begins with a BEGIN that git takes for the start
 * of a signature (git's gpg-interface.c, parse_signed_buffer: a prefix of the
 * line is enough for it). Returns the format, or 0.
 */
enum tmk_seal_format tmk_armour_begins(const uint8_t *line, size_t len);

/*
 * Check the frame: exactly one block of a known label that is all of `text`,
 * closed by its own END and one newline, lines in LF, no NUL or CR. Returns
 * true with the format in *format and the lines between in *body (*body_len),
 * borrowed from `text`; false with the refusal in `v`.
 */
bool tmk_armour_frame(enum tmk_seal_format *format, const uint8_t **body,
		      size_t *body_len, const uint8_t *text, size_t len,
		      struct tmk_verdict *v) TMK_MUST_CHECK;

/*
 * Read an armoured signature of any of these formats: its bytes, at most
 * TMK_SEAL_MAX, are appended to `der` (whose maximum should let them in). A
 * PGP MESSAGE holds no detached signature: only *format is told, and `der`
 * stays as it is. For OpenPGP one empty line after END is let pass (a large
 * forge writes it into its commits). Returns 0 with `v` good, or 0 with the
 * refusal in `v`; -1 when memory ends.
 */
int tmk_armour_read(struct tmk_buf *der, enum tmk_seal_format *format,
		    const uint8_t *text, size_t len, struct tmk_verdict *v,
		    struct tmk_err *err) TMK_MUST_CHECK;

/* Append the armour of `data`: BEGIN, base64 in lines of 64 (SSH: 70), END,
 * newline; for labels of OpenPGP with the empty line and the checksum. `label`
 * is a TMK_ARMOUR_LABEL_* or a seal's own. Fails with TMK_INTERNAL. */
int tmk_armour_write(struct tmk_buf *out, const char *label,
		     const uint8_t *data, size_t len, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
