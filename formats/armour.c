#include "formats/armour.h"

#include <string.h>

#include "base/enc.h"

#define DASHES "-----"
#define BEGIN "-----BEGIN "
#define END "-----END "

/* What git knows (gpg-interface.c), and nothing else: a label that git does
 * not know is no signature to it, so it must be none to us. */
static const struct label {
	const char *text;
	enum tmk_seal_format format;
} labels[] = {
	{ TMK_ARMOUR_LABEL_CMS, TMK_FORMAT_X509 },
	{ "PGP SIGNATURE", TMK_FORMAT_OPENPGP },
	{ "PGP MESSAGE", TMK_FORMAT_OPENPGP },
	{ "SSH SIGNATURE", TMK_FORMAT_SSH },
};

/* A place in the text, moved over what was recognised. */
struct cursor {
	const uint8_t *at;
	size_t left;
};

static bool skip(struct cursor *c, const char *text)
{
	size_t len = strlen(text);

	if (c->left < len || memcmp(c->at, text, len))
		return false;
	c->at += len;
	c->left -= len;
	return true;
}

/* Move over "-----BEGIN LABEL-----" (or END) of a known label. */
static const struct label *skip_marker(struct cursor *c, const char *kind)
{
	size_t i;

	for (i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		struct cursor here = *c;

		if (skip(&here, kind) && skip(&here, labels[i].text) &&
		    skip(&here, DASHES)) {
			*c = here;
			return &labels[i];
		}
	}
	return NULL;
}

enum tmk_seal_format tmk_armour_begins(const uint8_t *line, size_t len)
{
	struct cursor c = { line, len };
	const struct label *label = skip_marker(&c, BEGIN);

	return label ? label->format : 0;
}

/* Find the END marker: the first line after BEGIN that starts with dashes.
 * Any other marker there is a second block or a broken one. */
static bool find_end(struct cursor *c)
{
	const uint8_t *newline;

	while (c->left) {
		struct cursor here = *c;

		if (skip(&here, DASHES))
			return true;
		newline = memchr(c->at, '\n', c->left);
		if (!newline)
			return false;
		c->left -= (size_t)(newline + 1 - c->at);
		c->at = newline + 1;
	}
	return false;
}

static bool malformed(struct tmk_verdict *v, const char *why)
{
	tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED,
			   "the signature's armour %s", why);
	return false;
}

bool tmk_armour_frame(enum tmk_seal_format *format, const uint8_t **body,
		      size_t *body_len, const uint8_t *text, size_t len,
		      struct tmk_verdict *v)
{
	struct cursor c = { text, len };
	const struct label *begin, *end;
	const uint8_t *first;

	if (!len)
		return malformed(v, "is empty");
	if (memchr(text, '\0', len))
		return malformed(v, "holds a NUL byte");
	if (memchr(text, '\r', len))
		return malformed(v, "holds a carriage return");
	begin = skip_marker(&c, BEGIN);
	if (!begin)
		return malformed(v, "does not start with a BEGIN that git "
				 "knows");
	if (!skip(&c, "\n"))
		return malformed(v, "has text behind BEGIN");
	first = c.at;
	if (!find_end(&c))
		return malformed(v, "has no END line");
	*body_len = (size_t)(c.at - first);
	end = skip_marker(&c, END);
	if (end != begin)
		return malformed(v, "is not closed by its own END");
	if (!skip(&c, "\n"))
		return malformed(v, "does not end its END line");
	if (c.left)
		return malformed(v, "is followed by more text");
	*format = begin->format;
	*body = first;
	return true;
}

/* The characters of base64 in the body; 0 unless all lines but the last are of
 * one length, whole groups of four, none empty: the only shape that base64
 * writers make, so that nothing can hide in it. */
static size_t base64_chars(const uint8_t *body, size_t len)
{
	const uint8_t *at = body, *newline;
	size_t left = len, width = 0, chars = 0, here;

	while (left) {
		newline = memchr(at, '\n', left);
		if (!newline)
			return 0;
		here = (size_t)(newline - at);
		if (!width)
			width = here;
		if (!here || here > TMK_ARMOUR_LINE_MAX || here % 4 ||
		    here > width || (here < width && left > here + 1))
			return 0;
		chars += here;
		at = newline + 1;
		left -= here + 1;
	}
	return chars;
}

int tmk_armour_read(struct tmk_buf *der, enum tmk_seal_format *format,
		    const uint8_t *text, size_t len, struct tmk_verdict *v,
		    struct tmk_err *err)
{
	struct tmk_buf bytes = TMK_BUF_INIT(TMK_SEAL_MAX);
	enum tmk_seal_format kind;
	const uint8_t *body;
	size_t body_len, most;
	int rc = 0;

	if (len >= 2 && text[len - 1] == '\n' && text[len - 2] == '\n' &&
	    tmk_armour_begins(text, len) == TMK_FORMAT_OPENPGP)
		len--;
	if (!tmk_armour_frame(&kind, &body, &body_len, text, len, v))
		return 0;
	if (kind != TMK_FORMAT_X509) {
		*format = kind;
		return 0;
	}
	most = base64_chars(body, body_len) / 4 * 3;
	if (!most) {
		malformed(v, "has lines of uneven or wrong length");
		return 0;
	}
	if (most > TMK_SEAL_MAX)
		return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED,
			"the signature is larger than %d bytes", TMK_SEAL_MAX);
	/* Made room for first, so that what fails after is the text alone. */
	if (!tmk_buf_reserve(&bytes, most)) {
		rc = tmk_err_nomem(err);
		goto out;
	}
	if (tmk_dec_base64(&bytes, (const char *)body, body_len)) {
		malformed(v, "is not canonical base64");
		goto out;
	}
	if (tmk_buf_add(der, bytes.data, bytes.len)) {
		rc = tmk_err_nomem(err);
		goto out;
	}
	*format = kind;
out:
	tmk_buf_release(&bytes);
	return rc;
}

int tmk_armour_write(struct tmk_buf *out, const char *label,
		     const uint8_t *data, size_t len, struct tmk_err *err)
{
	size_t chars = (len + 2) / 3 * 4;
	size_t room = sizeof(BEGIN END DASHES DASHES) + 2 * strlen(label) + 2 +
		chars + chars / TMK_ARMOUR_LINE + 1;

	/* Room at once: base64 is added character by character. */
	if (len > TMK_SEAL_MAX || !tmk_buf_reserve(out, room) ||
	    tmk_buf_printf(out, BEGIN "%s" DASHES "\n", label) ||
	    tmk_enc_base64(out, data, len, TMK_ARMOUR_LINE) ||
	    tmk_buf_printf(out, END "%s" DASHES "\n", label))
		return tmk_err_set(err, TMK_INTERNAL,
				   "no room for an armour of %zu bytes", len);
	return 0;
}
