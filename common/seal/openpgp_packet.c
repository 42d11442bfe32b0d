#include "seal/openpgp_packet.h"

#define NEW_FORMAT 0x40
#define CRITICAL 0x80

const uint8_t *tmk_openpgp_take(struct tmk_openpgp_cursor *c, size_t len)
{
	const uint8_t *at = c->at;

	if (c->left < len)
		return NULL;
	c->at += len;
	c->left -= len;
	return at;
}

bool tmk_openpgp_number(uint32_t *out, struct tmk_openpgp_cursor *c,
			size_t size)
{
	const uint8_t *at = tmk_openpgp_take(c, size);
	uint32_t v = 0;
	size_t i;

	if (!at)
		return false;
	for (i = 0; i < size; i++)
		v = v << 8 | at[i];
	*out = v;
	return true;
}

/* One, two or five octets; `partial` is the first octet that means something
 * else (224 in packets; 255 in subpackets, where it means nothing else). */
static bool take_length(uint32_t *len, struct tmk_openpgp_cursor *c,
			uint32_t partial)
{
	uint32_t first, second;

	if (!tmk_openpgp_number(&first, c, 1))
		return false;
	if (first == 255)
		return tmk_openpgp_number(len, c, 4);
	if (first >= partial)
		return false;
	if (first < 192) {
		*len = first;
		return true;
	}
	if (!tmk_openpgp_number(&second, c, 1))
		return false;
	*len = ((first - 192) << 8) + second + 192;
	return true;
}

bool tmk_openpgp_packet_next(struct tmk_openpgp_packet *out,
			     struct tmk_openpgp_cursor *c)
{
	struct tmk_openpgp_cursor here = *c;
	uint32_t head, len;
	const uint8_t *body;
	bool good;
	int tag;

	if (!tmk_openpgp_number(&head, &here, 1) || !(head & 0x80))
		return false;
	if (head & NEW_FORMAT) {
		tag = head & 0x3f;
		good = take_length(&len, &here, 224);
	} else {
		tag = head >> 2 & 0x0f;
		good = (head & 3) != 3 &&
			tmk_openpgp_number(&len, &here, (size_t)1 << (head & 3));
	}
	body = good ? tmk_openpgp_take(&here, len) : NULL;
	if (!body || !tag)
		return false;
	out->tag = tag;
	out->body = body;
	out->len = len;
	*c = here;
	return true;
}

bool tmk_openpgp_sub_next(struct tmk_openpgp_sub *out,
			  struct tmk_openpgp_cursor *c)
{
	struct tmk_openpgp_cursor here = *c;
	const uint8_t *body;
	uint32_t len;

	if (!take_length(&len, &here, 255) || !len)
		return false;
	body = tmk_openpgp_take(&here, len);
	if (!body)
		return false;
	out->type = body[0] & ~CRITICAL;
	out->critical = body[0] & CRITICAL;
	out->body = body + 1;
	out->len = len - 1;
	*c = here;
	return true;
}

static size_t bits_of(const uint8_t *data, size_t len)
{
	size_t bits = len * 8;
	unsigned int top = data[0];

	while (!(top & 0x80)) {
		top <<= 1;
		bits--;
	}
	return bits;
}

bool tmk_openpgp_mpi_next(struct tmk_openpgp_mpi *out,
			  struct tmk_openpgp_cursor *c)
{
	struct tmk_openpgp_cursor here = *c;
	const uint8_t *data;
	uint32_t bits;
	size_t len;

	if (!tmk_openpgp_number(&bits, &here, 2) || !bits)
		return false;
	len = (bits + 7) / 8;
	data = tmk_openpgp_take(&here, len);
	if (!data || !data[0] || bits_of(data, len) != bits)
		return false;
	out->data = data;
	out->len = len;
	*c = here;
	return true;
}

int tmk_openpgp_put_number(struct tmk_buf *out, uint32_t value, size_t size)
{
	while (size--)
		if (tmk_buf_addch(out, (int)(value >> 8 * size & 0xff)))
			return -1;
	return 0;
}

int tmk_openpgp_put_packet(struct tmk_buf *out, int tag, const void *body,
			   size_t len)
{
	int kind = len < 0x100 ? 0 : len < 0x10000 ? 1 : 2;

	if (tag < 1 || tag > 15 || len > UINT32_MAX)
		return -1;
	if (tmk_buf_addch(out, 0x80 | tag << 2 | kind) ||
	    tmk_openpgp_put_number(out, (uint32_t)len, (size_t)1 << kind))
		return -1;
	return tmk_buf_add(out, body, len);
}

int tmk_openpgp_put_sub(struct tmk_buf *out, int type, const void *body,
			size_t len)
{
	size_t all = len + 1;
	int rc;

	if (all < 192)
		rc = tmk_buf_addch(out, (int)all);
	else if (all < 16320)
		rc = tmk_openpgp_put_number(out, (uint32_t)
					    (all - 192 + (192 << 8)), 2);
	else
		rc = -1;
	if (rc || tmk_buf_addch(out, type))
		return -1;
	return tmk_buf_add(out, body, len);
}

int tmk_openpgp_put_mpi(struct tmk_buf *out, const uint8_t *data, size_t len)
{
	while (len && !data[0]) {
		data++;
		len--;
	}
	if (!len || len > 0xffff / 8)
		return -1;
	if (tmk_openpgp_put_number(out, (uint32_t)bits_of(data, len), 2))
		return -1;
	return tmk_buf_add(out, data, len);
}
