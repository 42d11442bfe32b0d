/*
 * enc.h - bytes to text and back: hex, base64, and making foreign text safe
 * to show.
 *
 * Decoders are strict: exactly the canonical form, or a failure. They know
 * nothing about what the bytes mean.
 */
#ifndef TMK_BASE_ENC_H
#define TMK_BASE_ENC_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Write 2*len lower-case hex digits and a NUL to `out`, which has room for
 * 2*len + 1 bytes. */
void tmk_enc_hex(char *out, const uint8_t *data, size_t len);

/* The same in upper case. */
void tmk_enc_hex_upper(char *out, const uint8_t *data, size_t len);

/* Read exactly 2*len hex digits of either case from `hex` (hexlen must be
 * 2*len) into `out`. Returns 0, or -1 for another length or digit. */
int tmk_dec_hex(uint8_t *out, size_t len, const char *hex, size_t hexlen)
	TMK_MUST_CHECK;

/* Append base64 (RFC 4648 section 4, padded) to `out`, a newline after each
 * `line` characters and after the last ones (0: one line, no newline). */
int tmk_enc_base64(struct tmk_buf *out, const uint8_t *data, size_t len,
		   size_t line) TMK_MUST_CHECK;

/*
 * Append what `len` characters of base64 stand for. Strict: newlines (LF
 * alone) are the only other character allowed between groups, padding only at
 * the very end, unused bits zero. Returns 0 or -1.
 */
int tmk_dec_base64(struct tmk_buf *out, const char *text, size_t len)
	TMK_MUST_CHECK;

/*
 * Append `len` bytes of foreign text so that a terminal, a log or a status
 * parser cannot be fooled by it: control bytes, DEL, invalid UTF-8, C1
 * controls, line separators, bidirectional and zero-width characters become
 * \xNN per byte, a backslash becomes \\, and "[GNUPG:]" becomes "\x5bGNUPG:]".
 * Returns 0 or -1 (buffer full).
 */
int tmk_enc_show(struct tmk_buf *out, const char *text, size_t len)
	TMK_MUST_CHECK;

/* The same into a fixed array of `size` bytes, cut with "..." when it does not
 * fit; always closed by a NUL. Returns `out`. */
char *tmk_enc_show_into(char *out, size_t size, const char *text, size_t len);

/* As tmk_enc_show_into, but a backslash stays as it is, so that a line made of
 * pieces that were escaped before is not escaped twice. For messages, which
 * nobody reads back. */
char *tmk_enc_line_into(char *out, size_t size, const char *text, size_t len);

/* Format a message, then as tmk_enc_line_into. */
void tmk_enc_line_format(char *out, size_t size, const char *fmt, va_list ap)
	TMK_PRINTF(3, 0);

/* Whether the bytes are well-formed UTF-8 (RFC 3629: no surrogates, no
 * overlong forms). */
bool tmk_enc_is_utf8(const char *text, size_t len);

#endif
