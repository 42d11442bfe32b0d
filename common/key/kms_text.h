/*
 * kms_text.h - the small forms that cloud services speak in: base64url, forms,
 * names in URLs, checksums.
 *
 * Decoding is strict: one spelling for each value. Knows no service. Nothing
 * is allocated but in the caller's buffer; fails with -1, and what was in the
 * buffer stays.
 */
#ifndef TMK_KEY_KMS_TEXT_H
#define TMK_KEY_KMS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Append base64url without padding (RFC 4648 section 5, RFC 7515 2). */
int tmk_kms_text_url64(struct tmk_buf *out, const void *data, size_t len)
	TMK_MUST_CHECK;

/* Append what `len` characters of it stand for; padding, white space and
 * unused bits that are set are refused. */
int tmk_kms_text_url64_read(struct tmk_buf *out, const char *text, size_t len)
	TMK_MUST_CHECK;

/* Append the SubjectPublicKeyInfo of a PEM block "PUBLIC KEY" (RFC 7468 13)
 * with LF behind its lines, and nothing else in the text. */
int tmk_kms_text_public(struct tmk_buf *spki, const char *pem) TMK_MUST_CHECK;

/* Append one field of a form (application/x-www-form-urlencoded): "&" unless
 * the buffer is empty, name, "=", and the value, escaped. */
int tmk_kms_text_field(struct tmk_buf *out, const char *name,
		       const char *value) TMK_MUST_CHECK;

/* Whether these are 1 to `most` ASCII letters, digits and characters of
 * `also`, and not "." or "..": one segment of a path. */
bool tmk_kms_text_name(const char *text, size_t len, const char *also,
		       size_t most);

/* Whether the text is no longer than `most` and made of visible ASCII alone,
 * so that it can stand in a line of a header. Not empty. */
bool tmk_kms_text_line(const char *text, size_t most);

/* CRC-32C (RFC 3720 appendix B.4) of the bytes, as a number. */
uint32_t tmk_kms_text_crc32c(const void *data, size_t len);

/* The digits of a whole number from 0 to `most`, without leading zeros, and
 * nothing else. */
int tmk_kms_text_number(uint64_t *out, const char *text, uint64_t most)
	TMK_MUST_CHECK;

/* The parts of an absolute URL: "https" or "http", host with its port, path.
 * Borrowed from the text. */
struct tmk_kms_text_url {
	bool tls;
	const char *host;	/* with ":PORT" */
	size_t host_len;
	size_t name_len;	/* of the host without the port */
	const char *path;	/* "" or from its first '/' on */
};

/* Split a URL without user part, query and fragment; the host is a name or an
 * IPv4 address in letters, digits, '-' and '.'. */
int tmk_kms_text_split(struct tmk_kms_text_url *out, const char *url)
	TMK_MUST_CHECK;

/* Whether this host (without port) is this machine: localhost or 127.x. */
bool tmk_kms_text_is_local(const struct tmk_kms_text_url *url);

#endif
