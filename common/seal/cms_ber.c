#include "seal/cms_ber.h"

#include <string.h>

#define INDEFINITE SIZE_MAX

/* What one header says. */
struct header {
	uint8_t tag;
	size_t size;		/* of the header itself */
	size_t len;		/* of the contents, or INDEFINITE */
	bool shortest;		/* definite and without a spare octet */
};

static bool read_length(struct header *h, const uint8_t *p, size_t left)
{
	size_t n, i, value = 0;

	if (p[1] < 0x80) {
		h->size = 2;
		h->len = p[1];
		h->shortest = true;
		return true;
	}
	n = p[1] & 0x7f;
	h->size = 2 + n;
	if (!n) {
		h->len = INDEFINITE;
		h->shortest = false;
		return (h->tag & TMK_BER_CONSTRUCTED) != 0;
	}
	if (n > 4 || left < 2 + n)
		return false;
	for (i = 0; i < n; i++)
		value = value << 8 | p[2 + i];
	h->len = value;
	h->shortest = value >= 0x80 && p[2] != 0;
	return true;
}

/* Read the header at `p`, where `left` bytes are. */
static bool read_header(struct header *h, const uint8_t *p, size_t left)
{
	if (left < 2 || (p[0] & 0x1f) == 0x1f)
		return false;
	h->tag = p[0];
	if (!read_length(h, p, left))
		return false;
	return h->len == INDEFINITE || h->len <= left - h->size;
}

/* The elements that are open while scanning. */
struct scan {
	size_t end[TMK_BER_DEPTH];	/* INDEFINITE: by end-of-contents */
	size_t limit[TMK_BER_DEPTH];	/* what the elements around allow */
	int depth;
	size_t at;
};

/* Close every definite element that ends here. */
static void close_ended(struct scan *s)
{
	while (s->depth && s->end[s->depth - 1] == s->at)
		s->depth--;
}

static enum tmk_ber_result open_element(struct scan *s,
					const struct header *h, size_t limit)
{
	size_t end;

	s->at += h->size;
	if (!(h->tag & TMK_BER_CONSTRUCTED)) {
		s->at += h->len;
		return TMK_BER_OK;
	}
	if (s->depth == TMK_BER_DEPTH)
		return TMK_BER_TOO_DEEP;
	end = h->len == INDEFINITE ? INDEFINITE : s->at + h->len;
	s->end[s->depth] = end;
	s->limit[s->depth] = end == INDEFINITE ? limit : end;
	s->depth++;
	return TMK_BER_OK;
}

/* X.690 10.2: in DER no string or time is cut in pieces; of the universal
 * types only sequences, sets, EXTERNAL (8) and EMBEDDED PDV (11) hold others. */
static bool in_pieces(uint8_t tag)
{
	return !(tag & 0xc0) && tag & TMK_BER_CONSTRUCTED &&
		tag != TMK_BER_SEQUENCE && tag != TMK_BER_SET &&
		tag != (TMK_BER_CONSTRUCTED | 8) &&
		tag != (TMK_BER_CONSTRUCTED | 11);
}

/* One step: a header, or the end-of-contents octets. */
static enum tmk_ber_result scan_step(struct scan *s, const uint8_t *data,
				     size_t len, bool der)
{
	size_t limit = s->depth ? s->limit[s->depth - 1] : len;
	struct header h;

	if (!read_header(&h, data + s->at, limit - s->at))
		return TMK_BER_MALFORMED;
	if (!h.tag) {
		if (h.len || !s->depth || s->end[s->depth - 1] != INDEFINITE)
			return TMK_BER_MALFORMED;
		s->at += 2;
		s->depth--;
		return TMK_BER_OK;
	}
	if (der && (!h.shortest || in_pieces(h.tag)))
		return TMK_BER_MALFORMED;
	return open_element(s, &h, limit);
}

enum tmk_ber_result tmk_cms_ber_scan(size_t *used, const uint8_t *data,
				     size_t len, bool der)
{
	struct scan s;
	enum tmk_ber_result rc;

	s.depth = 0;
	s.at = 0;
	do {
		rc = scan_step(&s, data, len, der);
		if (rc != TMK_BER_OK)
			return rc;
		close_ended(&s);
	} while (s.depth);
	*used = s.at;
	return TMK_BER_OK;
}

void tmk_cms_ber_start(struct tmk_ber_cursor *c, const uint8_t *data,
		       size_t len)
{
	c->at = data;
	c->end = data + len;
}

void tmk_cms_ber_enter(struct tmk_ber_cursor *c, const struct tmk_ber *of)
{
	tmk_cms_ber_start(c, of->body, of->len);
}

uint8_t tmk_cms_ber_peek(const struct tmk_ber_cursor *c)
{
	return c->at < c->end ? *c->at : 0;
}

bool tmk_cms_ber_next(struct tmk_ber *out, struct tmk_ber_cursor *c)
{
	size_t left = (size_t)(c->end - c->at), used;
	struct header h;

	if (!left || !read_header(&h, c->at, left) || !h.tag)
		return false;
	if (h.len != INDEFINITE) {
		used = h.size + h.len;
		out->len = h.len;
	} else {
		if (tmk_cms_ber_scan(&used, c->at, left, false) != TMK_BER_OK)
			return false;
		out->len = used - h.size - 2;
	}
	out->tag = h.tag;
	out->all = c->at;
	out->all_len = used;
	out->body = c->at + h.size;
	c->at += used;
	return true;
}

bool tmk_cms_ber_take(struct tmk_ber *out, struct tmk_ber_cursor *c,
		      uint8_t tag)
{
	return tmk_cms_ber_peek(c) == tag && tmk_cms_ber_next(out, c);
}

bool tmk_cms_ber_done(const struct tmk_ber_cursor *c)
{
	return c->at == c->end;
}

bool tmk_cms_ber_small(int *out, const struct tmk_ber *integer)
{
	const uint8_t *p = integer->body;
	size_t i, n = integer->len;
	uint32_t value = 0;

	if (integer->tag != TMK_BER_INTEGER || !n || n > 4 || p[0] >= 0x80)
		return false;
	if (n > 1 && !p[0] && p[1] < 0x80)
		return false;
	for (i = 0; i < n; i++)
		value = value << 8 | p[i];
	*out = (int)value;
	return true;
}

bool tmk_cms_ber_same(const struct tmk_ber *a, const struct tmk_ber *b)
{
	return a->all_len == b->all_len &&
		!memcmp(a->all, b->all, a->all_len);
}
