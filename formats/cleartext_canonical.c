#include <string.h>

#include "formats/cleartext.h"

void tmk_cleartext_init(struct tmk_cleartext *c, enum tmk_cleartext_form form,
			tmk_package_sink *sink, void *to)
{
	c->form = form;
	c->sink = sink;
	c->to = to;
	c->cr = false;
	c->line = false;
	c->held = 0;
}

static int line_end(struct tmk_cleartext *c, struct tmk_err *err)
{
	static const uint8_t crlf[] = { '\r', '\n' };

	return c->sink(c->to, crlf, sizeof(crlf), err);
}

/* Bytes that stay: what waited for such goes before them. */
static int emit(struct tmk_cleartext *c, const uint8_t *data, size_t len,
		struct tmk_err *err)
{
	if (!len)
		return 0;
	if (c->line && line_end(c, err))
		return -1;
	c->line = false;
	if (c->held && c->sink(c->to, c->blank, c->held, err))
		return -1;
	c->held = 0;
	return c->sink(c->to, data, len, err);
}

/* A newline: in the framework it is only written when something follows, so
 * that the last one is not (RFC 9580 section 7.1). */
static int end_line(struct tmk_cleartext *c, struct tmk_err *err)
{
	c->held = 0;
	c->cr = false;
	if (c->form == TMK_CLEARTEXT_LINES || c->line) {
		if (line_end(c, err))
			return -1;
	}
	c->line = c->form == TMK_CLEARTEXT_FRAMED;
	return 0;
}

static int lone_cr(struct tmk_err *err)
{
	tmk_err_set(err, TMK_INPUT, "the text has a carriage return without a "
		    "newline, which readers take for different things");
	return tmk_err_hint(err, "end its lines in LF or in CRLF");
}

static int too_blank(struct tmk_err *err)
{
	return tmk_err_set(err, TMK_INPUT, "the text has more than %d blanks "
			   "in a row", TMK_CLEARTEXT_BLANKS);
}

/* Blanks at the end of a piece: whether they stay is told by the next. */
static void hold(struct tmk_cleartext *c, const uint8_t *data, size_t len)
{
	memcpy(c->blank + c->held, data, len);
	c->held += len;
}

int tmk_cleartext_feed(struct tmk_cleartext *c, const uint8_t *data,
		       size_t len, struct tmk_err *err)
{
	size_t start = 0, keep = 0, i;	/* [start, keep) stays for sure */
	bool framed = c->form == TMK_CLEARTEXT_FRAMED;

	for (i = 0; i < len; i++) {
		uint8_t b = data[i];

		if (c->cr && b != '\n')
			return lone_cr(err);
		if (b == '\n') {
			if (emit(c, data + start, keep - start, err) ||
			    end_line(c, err))
				return -1;
			start = keep = i + 1;
		} else if (b == '\r') {
			c->cr = true;
		} else if (!framed || (b != ' ' && b != '\t')) {
			keep = i + 1;
		} else if ((keep > start ? 0 : c->held) + (i + 1 - keep) >
			   TMK_CLEARTEXT_BLANKS) {
			return too_blank(err);
		}
	}
	if (emit(c, data + start, keep - start, err))
		return -1;
	if (len > keep)
		hold(c, data + keep, len - keep - (c->cr ? 1 : 0));
	return 0;
}

int tmk_cleartext_end(struct tmk_cleartext *c, struct tmk_err *err)
{
	return c->cr ? lone_cr(err) : 0;
}

int tmk_cleartext_canonical(enum tmk_cleartext_form form, const uint8_t *text,
			    size_t len, tmk_package_sink *sink, void *to,
			    struct tmk_err *err)
{
	struct tmk_cleartext c;

	tmk_cleartext_init(&c, form, sink, to);
	if (tmk_cleartext_feed(&c, text, len, err))
		return -1;
	return tmk_cleartext_end(&c, err);
}

int tmk_cleartext_to_buf(void *to, const uint8_t *data, size_t len,
			 struct tmk_err *err)
{
	return tmk_buf_add(to, data, len) ? tmk_err_nomem(err) : 0;
}
