#include "x509/strict.h"

#include <string.h>

#define OID_MAX 64

void tmk_strict_start(struct tmk_strict_cursor *c, const uint8_t *data,
		      size_t len)
{
	c->at = data;
	c->end = data + len;
}

void tmk_strict_enter(struct tmk_strict_cursor *c, const struct tmk_strict *of)
{
	tmk_strict_start(c, of->body, of->len);
}

uint8_t tmk_strict_peek(const struct tmk_strict_cursor *c)
{
	return c->at < c->end ? *c->at : 0;
}

/* Size of the header at `p` and of what it announces. */
static bool read_header(size_t *size, size_t *len, const uint8_t *p,
			size_t left)
{
	size_t n, i, value = 0;

	if (left < 2 || !p[0] || (p[0] & 0x1f) == 0x1f)
		return false;
	if (p[1] < 0x80) {
		*size = 2;
		*len = p[1];
		return *len <= left - 2;
	}
	n = p[1] & 0x7f;
	if (!n || n > 4 || left < 2 + n || !p[2])
		return false;
	for (i = 0; i < n; i++)
		value = value << 8 | p[2 + i];
	if (value < 0x80 || value > left - 2 - n)
		return false;
	*size = 2 + n;
	*len = value;
	return true;
}

bool tmk_strict_take(struct tmk_strict *out, struct tmk_strict_cursor *c,
		     uint8_t tag)
{
	size_t size, len;

	if (tmk_strict_peek(c) != tag ||
	    !read_header(&size, &len, c->at, (size_t)(c->end - c->at)))
		return false;
	out->tag = tag;
	out->all = c->at;
	out->all_len = size + len;
	out->body = c->at + size;
	out->len = len;
	c->at += size + len;
	return true;
}

bool tmk_strict_open(struct tmk_strict_cursor *in,
		     struct tmk_strict_cursor *c, uint8_t tag)
{
	struct tmk_strict e;

	if (!tmk_strict_take(&e, c, tag))
		return false;
	tmk_strict_enter(in, &e);
	return true;
}

bool tmk_strict_done(const struct tmk_strict_cursor *c)
{
	return c->at == c->end;
}

bool tmk_strict_skip(struct tmk_strict_cursor *c, const void *der, size_t len)
{
	if ((size_t)(c->end - c->at) < len || memcmp(c->at, der, len))
		return false;
	c->at += len;
	return true;
}

bool tmk_strict_is_integer(const struct tmk_strict *e)
{
	const uint8_t *p = e->body;

	if (e->tag != TMK_STRICT_INTEGER || !e->len)
		return false;
	return e->len == 1 || !((!p[0] && p[1] < 0x80) ||
				(p[0] == 0xff && p[1] >= 0x80));
}

bool tmk_strict_is_oid(const struct tmk_strict *e)
{
	size_t i;

	if (e->tag != TMK_STRICT_OID || !e->len || e->len > OID_MAX ||
	    e->body[e->len - 1] >= 0x80)
		return false;
	for (i = 0; i < e->len; i++)
		if (e->body[i] == 0x80 && (!i || e->body[i - 1] < 0x80))
			return false;
	return true;
}

/* X.690 8.6.2 and 11.2.1: how many bits are unused, which then are zero. */
static bool is_bits(const uint8_t *body, size_t len)
{
	if (!len || body[0] > 7 || (len == 1 && body[0]))
		return false;
	return len == 1 || !(body[len - 1] & ((1u << body[0]) - 1));
}

/* A primitive element in the one form that DER has for its value; of other
 * strings and of times only their users know. */
static bool is_plain(const uint8_t *p, size_t size, size_t len)
{
	struct tmk_strict e = { *p, p, size + len, p + size, len };

	switch (*p) {
	case TMK_STRICT_BOOLEAN:
		return len == 1 && (!p[size] || p[size] == 0xff);
	case TMK_STRICT_ENUMERATED:
		e.tag = TMK_STRICT_INTEGER;
		return tmk_strict_is_integer(&e);
	case TMK_STRICT_BITS:
		return is_bits(e.body, len);
	case TMK_STRICT_SEQUENCE & ~0x20:
	case TMK_STRICT_SET & ~0x20:
		return false;	/* never primitive */
	case TMK_STRICT_INTEGER:
		return tmk_strict_is_integer(&e);
	case TMK_STRICT_NULL:
		return !len;
	case TMK_STRICT_OID:
		return tmk_strict_is_oid(&e);
	default:
		return true;
	}
}

/* X.690 10.2: strings and times are never cut in pieces; of the universal
 * types these two alone hold others. */
static bool may_hold(uint8_t tag)
{
	return tag & 0xc0 || tag == TMK_STRICT_SEQUENCE ||
		tag == TMK_STRICT_SET;
}

bool tmk_strict_whole(const uint8_t *data, size_t len)
{
	const uint8_t *at = data, *end[TMK_STRICT_DEPTH + 1];
	size_t size, n;
	int depth = 0;

	end[0] = data + len;
	for (;;) {
		while (depth && at == end[depth])
			depth--;
		if (at == end[depth])
			return true;
		if (!read_header(&size, &n, at, (size_t)(end[depth] - at)))
			return false;
		if (!(*at & 0x20)) {
			if (!is_plain(at, size, n))
				return false;
			at += size + n;
			continue;
		}
		if (depth == TMK_STRICT_DEPTH || !may_hold(*at))
			return false;
		at += size;
		end[++depth] = at + n;
	}
}

/* X.690 11.6: as octet strings, the shorter one padded with zeros. Two
 * elements of which one begins the other cannot be. */
static bool before(const struct tmk_strict *a, const struct tmk_strict *b)
{
	size_t n = a->all_len < b->all_len ? a->all_len : b->all_len;

	return memcmp(a->all, b->all, n) < 0;
}

bool tmk_strict_sorted(const struct tmk_strict_cursor *c)
{
	struct tmk_strict_cursor at = *c;
	struct tmk_strict last, e;
	bool first = true;

	while (!tmk_strict_done(&at)) {
		if (!tmk_strict_take(&e, &at, tmk_strict_peek(&at)) ||
		    (!first && !before(&last, &e)))
			return false;
		last = e;
		first = false;
	}
	return true;
}

bool tmk_strict_same(const struct tmk_strict *a, const struct tmk_strict *b)
{
	return a->all_len == b->all_len &&
		!memcmp(a->all, b->all, a->all_len);
}

/* ---- algorithms --------------------------------------------------------- */

/* 2.16.840.1.101.3.4.2, 1.2.840.113549.1.1 and 1.2.840.10045.4.3, encoded. */
#define NIST "\x60\x86\x48\x01\x65\x03\x04\x02"
#define PKCS1 "\x2a\x86\x48\x86\xf7\x0d\x01\x01"
#define ECDSA "\x2a\x86\x48\xce\x3d\x04\x03"

/* What follows `prefix` in an OID, one octet; 0 for any other OID. */
static int last_octet(const struct tmk_strict *oid, const char *prefix,
		      size_t len)
{
	if (oid->len != len + 1 || memcmp(oid->body, prefix, len))
		return 0;
	return oid->body[len];
}

/* *null: whether NULL stands as its parameters; nothing else may. */
static bool read_algorithm(struct tmk_strict *oid, bool *null,
			   struct tmk_strict_cursor *c)
{
	struct tmk_strict_cursor in;

	if (!tmk_strict_open(&in, c, TMK_STRICT_SEQUENCE) ||
	    !tmk_strict_take(oid, &in, TMK_STRICT_OID))
		return false;
	*null = tmk_strict_skip(&in, "\x05\x00", 2);
	return tmk_strict_done(&in);
}

int tmk_strict_digest(struct tmk_strict_cursor *c)
{
	struct tmk_strict oid;
	bool null;
	int n;

	if (!read_algorithm(&oid, &null, c))
		return 0;
	n = last_octet(&oid, NIST, sizeof(NIST) - 1);
	return n >= 1 && n <= 3 ? n : 0;
}

bool tmk_strict_signature(enum tmk_value_scheme *scheme, int hash,
			  struct tmk_strict_cursor *c)
{
	struct tmk_strict oid;
	bool null;
	int n;

	if (!read_algorithm(&oid, &null, c))
		return false;
	n = last_octet(&oid, PKCS1, sizeof(PKCS1) - 1);
	/* 1: rsaEncryption; 11, 12, 13: with SHA-256, -384, -512 */
	if (n == 1 || n == 10 + hash) {
		*scheme = TMK_VALUE_PKCS1;
		return true;
	}
	/* 2, 3, 4: ecdsa-with-SHA256, -SHA384, -SHA512 */
	if (last_octet(&oid, ECDSA, sizeof(ECDSA) - 1) == 1 + hash && !null) {
		*scheme = TMK_VALUE_ECDSA;
		return true;
	}
	return false;
}
