#include "formats/armour.h"

#include <string.h>

#include "base/enc.h"
#include "base/radix64.h"

#define DASHES "-----"
#define BEGIN "-----BEGIN "
#define END "-----END "

/* What git knows (gpg-interface.c), and nothing else: a label that git does
 * not know is no signature to it, so it must be none to us. */
static const struct label {
	const char *text;
	enum tmk_seal_format format;
	bool opaque;		/* no detached signature is inside */
} labels[] = {
	{ TMK_ARMOUR_LABEL_CMS, TMK_FORMAT_X509, false },
	{ TMK_ARMOUR_LABEL_OPENPGP, TMK_FORMAT_OPENPGP, false },
	{ "PGP MESSAGE", TMK_FORMAT_OPENPGP, true },
	{ TMK_ARMOUR_LABEL_SSH, TMK_FORMAT_SSH, false },
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

static const struct label *bad_frame(struct tmk_verdict *v, const char *why)
{
	malformed(v, why);
	return NULL;
}

/* The frame: its label, and the lines between in *body; NULL refuses. */
static const struct label *read_frame(const uint8_t **body, size_t *body_len,
				      const uint8_t *text, size_t len,
				      struct tmk_verdict *v)
{
	struct cursor c = { text, len };
	const struct label *begin, *end;
	const uint8_t *first;
	size_t lines;

	if (!len)
		return bad_frame(v, "is empty");
	if (memchr(text, '\0', len))
		return bad_frame(v, "holds a NUL byte");
	if (memchr(text, '\r', len))
		return bad_frame(v, "holds a carriage return");
	begin = skip_marker(&c, BEGIN);
	if (!begin)
		return bad_frame(v, "does not start with a BEGIN that git "
				 "knows");
	if (!skip(&c, "\n"))
		return bad_frame(v, "has text behind BEGIN");
	first = c.at;
	if (!find_end(&c))
		return bad_frame(v, "has no END line");
	lines = (size_t)(c.at - first);
	end = skip_marker(&c, END);
	if (end != begin)
		return bad_frame(v, "is not closed by its own END");
	if (!skip(&c, "\n"))
		return bad_frame(v, "does not end its END line");
	if (c.left)
		return bad_frame(v, "is followed by more text");
	*body = first;
	*body_len = lines;
	return begin;
}

bool tmk_armour_frame(enum tmk_seal_format *format, const uint8_t **body,
		      size_t *body_len, const uint8_t *text, size_t len,
		      struct tmk_verdict *v)
{
	const struct label *label = read_frame(body, body_len, text, len, v);

	if (label)
		*format = label->format;
	return label != NULL;
}

/* Base64 alone in lines of one length. CMS in whole groups of four per line, as
 * its writers make them. *why as base/radix64.h has it. */
static int decode_plain(struct tmk_buf *out, bool groups, const uint8_t *body,
			size_t len, const char **why)
{
	const uint8_t *newline = memchr(body, '\n', len);
	size_t chars = tmk_radix64_chars(body, len, TMK_ARMOUR_LINE_MAX);

	*why = "has lines of uneven or wrong length";
	if (!chars || chars % 4 ||
	    (groups && newline && (newline - body) % 4))
		return -1;
	/* Made room for first, so that what fails after is the text alone. */
	*why = NULL;
	if (!tmk_buf_reserve(out, chars / 4 * 3))
		return -1;
	*why = "is not canonical base64";
	return tmk_dec_base64(out, (const char *)body, len);
}

int tmk_armour_read(struct tmk_buf *der, enum tmk_seal_format *format,
		    const uint8_t *text, size_t len, struct tmk_verdict *v,
		    struct tmk_err *err)
{
	struct tmk_buf bytes = TMK_BUF_INIT(2 * TMK_SEAL_MAX);
	const struct label *label;
	const char *why = NULL;
	const uint8_t *body;
	size_t body_len;
	int rc = 0;

	if (len >= 2 && text[len - 1] == '\n' && text[len - 2] == '\n' &&
	    tmk_armour_begins(text, len) == TMK_FORMAT_OPENPGP)
		len--;
	label = read_frame(&body, &body_len, text, len, v);
	if (!label)
		return 0;
	if (label->opaque) {
		*format = label->format;
		return 0;
	}
	if (body_len > 2 * TMK_SEAL_MAX)
		return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED,
			"the signature is larger than %d bytes", TMK_SEAL_MAX);
	if (label->format == TMK_FORMAT_OPENPGP)
		rc = tmk_radix64_decode(&bytes, body, body_len, &why);
	else
		rc = decode_plain(&bytes, label->format == TMK_FORMAT_X509,
				  body, body_len, &why);
	if (rc && why) {
		malformed(v, why);
		rc = 0;
	} else if (rc) {
		rc = tmk_err_nomem(err);
	} else if (bytes.len > TMK_SEAL_MAX) {
		tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED, "the signature is "
				   "larger than %d bytes", TMK_SEAL_MAX);
	} else if (tmk_buf_add(der, bytes.data, bytes.len)) {
		rc = tmk_err_nomem(err);
	} else {
		*format = label->format;
	}
	tmk_buf_release(&bytes);
	return rc;
}

static bool is_openpgp(const char *label)
{
	return !strcmp(label, TMK_ARMOUR_LABEL_OPENPGP) ||
		!strcmp(label, TMK_ARMOUR_LABEL_KEY);
}

int tmk_armour_write(struct tmk_buf *out, const char *label,
		     const uint8_t *data, size_t len, struct tmk_err *err)
{
	size_t width = strcmp(label, TMK_ARMOUR_LABEL_SSH) ? TMK_ARMOUR_LINE :
		TMK_ARMOUR_LINE_SSH;
	size_t chars = (len + 2) / 3 * 4;
	size_t room = sizeof(BEGIN END DASHES DASHES) + 2 * strlen(label) + 2 +
		chars + chars / TMK_ARMOUR_LINE + 1 +
		sizeof("\n=AAAA\n");
	int rc;

	/* Room at once: base64 is added character by character. */
	if (len > TMK_SEAL_MAX || !tmk_buf_reserve(out, room) ||
	    tmk_buf_printf(out, BEGIN "%s" DASHES "\n", label))
		rc = -1;
	else if (is_openpgp(label))
		rc = tmk_radix64_encode(out, data, len);
	else
		rc = tmk_enc_base64(out, data, len, width);
	if (rc || tmk_buf_printf(out, END "%s" DASHES "\n", label))
		return tmk_err_set(err, TMK_INTERNAL,
				   "no room for an armour of %zu bytes", len);
	return 0;
}
