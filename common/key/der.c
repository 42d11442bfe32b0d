#include "key/der.h"

#include <string.h>

#define TAG_INTEGER 0x02
#define TAG_BIT_STRING 0x03
#define TAG_OCTET_STRING 0x04
#define TAG_SEQUENCE 0x30

/* 1.2.840.113549.1.1.1 with NULL parameters (RFC 3279 2.3.1). */
static const uint8_t rsa_algorithm[] = {
	0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
	0x01, 0x01, 0x05, 0x00
};

/* 1.2.840.10045.2.1 (RFC 5480 2.1.1). */
static const uint8_t ec_public_key[] = {
	0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01
};

static const uint8_t p256[] = {
	0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07
};
static const uint8_t p384[] = { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22 };
static const uint8_t p521[] = { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23 };

/* 1.3.101.112 (RFC 8410 3), and the name "edwards25519". */
static const uint8_t ed25519_oid[] = { 0x06, 0x03, 0x2b, 0x65, 0x70 };
static const uint8_t ed25519_name[] = {
	0x13, 0x0c, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', '9'
};
static const struct {
	const uint8_t *params;
	size_t len;
} ed25519_forms[] = {
	{ ed25519_oid, sizeof(ed25519_oid) },
	{ ed25519_name, sizeof(ed25519_name) },
};
#define N_FORMS ((int)(sizeof(ed25519_forms) / sizeof(ed25519_forms[0])))
#define ED25519_LEN 32

/* Everything before the 32 bytes of the key (RFC 8410 4, 10.1). */
static const uint8_t ed25519_head[] = {
	0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00
};

static const struct curve {
	unsigned int bits;
	const uint8_t *params;
	size_t len;
} curves[] = {
	{ 256, p256, sizeof(p256) },
	{ 384, p384, sizeof(p384) },
	{ 521, p521, sizeof(p521) },
};
#define N_CURVES (sizeof(curves) / sizeof(curves[0]))

/* RFC 8017 9.2 note 1: everything of the DigestInfo before the digest. */
static const uint8_t sha256_prefix[] = {
	0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
	0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20
};
static const uint8_t sha384_prefix[] = {
	0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
	0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30
};
static const uint8_t sha512_prefix[] = {
	0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
	0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40
};

/* Bytes of a DER header for `len` bytes of content, below 64 KiB. */
static size_t header_len(size_t len)
{
	return len < 0x80 ? 2 : len < 0x100 ? 3 : 4;
}

static int add_header(struct tmk_buf *out, uint8_t tag, size_t len)
{
	uint8_t h[4] = { tag, 0, 0, 0 };
	size_t n = header_len(len);

	if (len > 0xffff)
		return -1;
	if (n == 2) {
		h[1] = (uint8_t)len;
	} else if (n == 3) {
		h[1] = 0x81;
		h[2] = (uint8_t)len;
	} else {
		h[1] = 0x82;
		h[2] = (uint8_t)(len >> 8);
		h[3] = (uint8_t)len;
	}
	return tmk_buf_add(out, h, n);
}

/* An unsigned number without its leading zeros; -1 when it is none or too
 * long to be one of ours. */
static int trim(const uint8_t **n, size_t *len)
{
	while (*len && !**n) {
		(*n)++;
		(*len)--;
	}
	return *len && *len <= 4096 ? 0 : -1;
}

/* Content bytes of an INTEGER: one more when the first bit would say "-". */
static size_t integer_len(const uint8_t *n, size_t len)
{
	return len + (*n >> 7);
}

static int add_integer(struct tmk_buf *out, const uint8_t *n, size_t len)
{
	if (add_header(out, TAG_INTEGER, integer_len(n, len)) ||
	    (*n >> 7 && tmk_buf_addch(out, 0)))
		return -1;
	return tmk_buf_add(out, n, len);
}

/* Content and headers that stand before the key bits in every SPKI. */
static int add_spki_head(struct tmk_buf *out, size_t algorithm_len,
			 size_t bits_len)
{
	size_t bit_string = bits_len + 1;

	return add_header(out, TAG_SEQUENCE, algorithm_len +
			  header_len(bit_string) + bit_string);
}

static int add_bit_string(struct tmk_buf *out, size_t bits_len)
{
	if (add_header(out, TAG_BIT_STRING, bits_len + 1))
		return -1;
	return tmk_buf_addch(out, 0);	/* no unused bits */
}

int tmk_der_rsa_spki(struct tmk_buf *out, unsigned int *bits,
		     const uint8_t *n, size_t n_len, const uint8_t *e,
		     size_t e_len)
{
	size_t was = out->len, inner, whole;
	unsigned int top;
	uint8_t first;

	if (trim(&n, &n_len) || trim(&e, &e_len))
		return -1;
	inner = integer_len(n, n_len) + integer_len(e, e_len);
	inner += header_len(integer_len(n, n_len)) +
		 header_len(integer_len(e, e_len));
	whole = header_len(inner) + inner;
	if (add_spki_head(out, sizeof(rsa_algorithm), whole) ||
	    tmk_buf_add(out, rsa_algorithm, sizeof(rsa_algorithm)) ||
	    add_bit_string(out, whole) ||
	    add_header(out, TAG_SEQUENCE, inner) ||
	    add_integer(out, n, n_len) || add_integer(out, e, e_len)) {
		out->len = was;
		return -1;
	}
	for (top = 0, first = *n; first; first >>= 1)
		top++;
	*bits = (unsigned int)(n_len - 1) * 8 + top;
	return 0;
}

static const struct curve *curve_of(unsigned int bits)
{
	size_t i;

	for (i = 0; i < N_CURVES; i++)
		if (curves[i].bits == bits)
			return &curves[i];
	return NULL;
}

int tmk_der_ec_spki(struct tmk_buf *out, unsigned int bits,
		    const uint8_t *point, size_t len)
{
	const struct curve *c = curve_of(bits);
	size_t want = 2 * ((bits + 7) / 8) + 1, h = header_len(want);
	size_t was = out->len, algorithm;

	if (!c)
		return -1;
	if (len == h + want && point[0] == TAG_OCTET_STRING &&
	    point[h - 1] == want && (h == 2 || point[1] == 0x81)) {
		point += h;
		len -= h;
	}
	if (len != want || point[0] != 0x04)
		return -1;
	algorithm = sizeof(ec_public_key) + c->len;
	if (add_spki_head(out, header_len(algorithm) + algorithm, len) ||
	    add_header(out, TAG_SEQUENCE, algorithm) ||
	    tmk_buf_add(out, ec_public_key, sizeof(ec_public_key)) ||
	    tmk_buf_add(out, c->params, c->len) ||
	    add_bit_string(out, len) || tmk_buf_add(out, point, len)) {
		out->len = was;
		return -1;
	}
	return 0;
}

unsigned int tmk_der_curve_bits(const uint8_t *params, size_t len)
{
	size_t i;

	for (i = 0; i < N_CURVES; i++)
		if (curves[i].len == len &&
		    !memcmp(curves[i].params, params, len))
			return curves[i].bits;
	return 0;
}

const uint8_t *tmk_der_curve_params(unsigned int bits, size_t *len)
{
	const struct curve *c = curve_of(bits);

	if (!c)
		return NULL;
	*len = c->len;
	return c->params;
}

int tmk_der_ed25519_spki(struct tmk_buf *out, const uint8_t *point, size_t len)
{
	static const uint8_t octets[] = { TAG_OCTET_STRING, ED25519_LEN };
	static const uint8_t bits[] = { TAG_BIT_STRING, ED25519_LEN + 1, 0 };
	size_t was = out->len;

	if (len == ED25519_LEN + sizeof(octets) &&
	    !memcmp(point, octets, sizeof(octets)))
		point += sizeof(octets);
	else if (len == ED25519_LEN + sizeof(bits) &&
		 !memcmp(point, bits, sizeof(bits)))
		point += sizeof(bits);
	else if (len != ED25519_LEN)
		return -1;
	if (tmk_buf_add(out, ed25519_head, sizeof(ed25519_head)) ||
	    tmk_buf_add(out, point, ED25519_LEN)) {
		out->len = was;
		return -1;
	}
	return 0;
}

const uint8_t *tmk_der_ed25519_params(int form, size_t *len)
{
	if (form < 0 || form >= N_FORMS)
		return NULL;
	*len = ed25519_forms[form].len;
	return ed25519_forms[form].params;
}

bool tmk_der_is_ed25519(const uint8_t *params, size_t len)
{
	int form;

	for (form = 0; form < N_FORMS; form++)
		if (ed25519_forms[form].len == len &&
		    !memcmp(ed25519_forms[form].params, params, len))
			return true;
	return false;
}

bool tmk_der_is_ed25519_spki(const uint8_t *spki, size_t len)
{
	return len == sizeof(ed25519_head) + ED25519_LEN &&
		!memcmp(spki, ed25519_head, sizeof(ed25519_head));
}

bool tmk_der_is_ec_spki(const uint8_t *spki, size_t len, unsigned int bits)
{
	size_t point = 2 * ((bits + 7) / 8) + 1;
	struct tmk_buf made = TMK_BUF_INIT(512);
	bool same;

	same = len > point &&
		!tmk_der_ec_spki(&made, bits, spki + len - point, point) &&
		made.len == len && !memcmp(made.data, spki, len);
	tmk_buf_release(&made);
	return same;
}

const uint8_t *tmk_der_spki_bits(const struct tmk_buf *spki, size_t *len)
{
	const uint8_t *p = spki->data;
	size_t at;

	/* SEQUENCE header, algorithm, BIT STRING header, unused bits. */
	at = p[1] < 0x80 ? 2 : (size_t)(p[1] & 0x7f) + 2;
	at += (size_t)p[at + 1] + 2;
	at += (p[at + 1] < 0x80 ? 2 : (size_t)(p[at + 1] & 0x7f) + 2) + 1;
	*len = spki->len - at;
	return p + at;
}

size_t tmk_der_hash_len(enum tmk_hash hash)
{
	switch (hash) {
	case TMK_SHA256:
		return 32;
	case TMK_SHA384:
		return 48;
	case TMK_SHA512:
		return 64;
	case TMK_BLAKE2B512:
	case TMK_WHOLE:
		break;	/* no RSA or ECDSA signature is over these */
	}
	return 0;
}

int tmk_der_digest_info(struct tmk_buf *out, enum tmk_hash hash,
			const uint8_t *digest, size_t len)
{
	const uint8_t *prefix = hash == TMK_SHA256 ? sha256_prefix :
				hash == TMK_SHA384 ? sha384_prefix :
				sha512_prefix;

	/* All three prefixes are equally long. */
	if (!len || len != tmk_der_hash_len(hash) ||
	    tmk_buf_add(out, prefix, sizeof(sha256_prefix)))
		return -1;
	return tmk_buf_add(out, digest, len);
}
