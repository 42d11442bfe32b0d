#include "seal/ssh_wire.h"

#include <string.h>

bool tmk_ssh_wire_u32(uint32_t *out, struct tmk_ssh_wire *c)
{
	if (c->left < 4)
		return false;
	*out = (uint32_t)c->at[0] << 24 | (uint32_t)c->at[1] << 16 |
		(uint32_t)c->at[2] << 8 | c->at[3];
	c->at += 4;
	c->left -= 4;
	return true;
}

bool tmk_ssh_wire_string(struct tmk_ssh_bytes *out, struct tmk_ssh_wire *c)
{
	uint32_t len;

	if (!tmk_ssh_wire_u32(&len, c) || len > c->left)
		return false;
	out->data = c->at;
	out->len = len;
	c->at += len;
	c->left -= len;
	return true;
}

bool tmk_ssh_wire_mpint(struct tmk_ssh_bytes *out, struct tmk_ssh_wire *c)
{
	struct tmk_ssh_bytes n;

	if (!tmk_ssh_wire_string(&n, c) || !n.len || n.data[0] & 0x80)
		return false;
	if (!n.data[0]) {
		/* The zero is there to keep the number positive, or not. */
		if (n.len < 2 || !(n.data[1] & 0x80))
			return false;
		n.data++;
		n.len--;
	}
	*out = n;
	return true;
}

bool tmk_ssh_wire_is(const struct tmk_ssh_bytes *bytes, const char *text)
{
	return bytes->len == strlen(text) &&
		!memcmp(bytes->data, text, bytes->len);
}

int tmk_ssh_wire_put_u32(struct tmk_buf *out, uint32_t n)
{
	const uint8_t be[4] = { (uint8_t)(n >> 24), (uint8_t)(n >> 16),
				(uint8_t)(n >> 8), (uint8_t)n };

	return tmk_buf_add(out, be, sizeof(be));
}

int tmk_ssh_wire_put(struct tmk_buf *out, const void *data, size_t len)
{
	if (len > UINT32_MAX || tmk_ssh_wire_put_u32(out, (uint32_t)len))
		return -1;
	return tmk_buf_add(out, data, len);
}

int tmk_ssh_wire_put_text(struct tmk_buf *out, const char *text)
{
	return tmk_ssh_wire_put(out, text, strlen(text));
}

int tmk_ssh_wire_put_mpint(struct tmk_buf *out, const uint8_t *data,
			   size_t len)
{
	bool zero;

	while (len && !*data) {
		data++;
		len--;
	}
	zero = len && *data & 0x80;
	if (len >= UINT32_MAX ||
	    tmk_ssh_wire_put_u32(out, (uint32_t)(len + zero)) ||
	    (zero && tmk_buf_addch(out, 0)))
		return -1;
	return tmk_buf_add(out, data, len);
}
