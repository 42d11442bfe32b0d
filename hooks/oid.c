#include "hooks/oid.h"

#include <string.h>

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool tmk_oid_read(struct tmk_oid *out, const char *hex, size_t digits)
{
	struct tmk_oid oid = { .len = (uint8_t)(digits / 2) };
	size_t i;
	int high, low;

	if (digits != 40 && digits != TMK_OID_HEX)
		return false;
	for (i = 0; i < oid.len; i++) {
		high = digit(hex[2 * i]);
		low = high < 0 ? -1 : digit(hex[2 * i + 1]);
		if (low < 0)
			return false;
		oid.id[i] = (uint8_t)(high << 4 | low);
	}
	*out = oid;
	return true;
}

char *tmk_oid_show(char out[TMK_OID_TEXT], const struct tmk_oid *oid)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < oid->len && i < TMK_OID_BYTES; i++) {
		out[2 * i] = digits[oid->id[i] >> 4];
		out[2 * i + 1] = digits[oid->id[i] & 15];
	}
	out[2 * i] = '\0';
	return out;
}

bool tmk_oid_equal(const struct tmk_oid *a, const struct tmk_oid *b)
{
	return !memcmp(a->id, b->id, sizeof(a->id));
}

bool tmk_oid_is_zero(const struct tmk_oid *oid)
{
	static const uint8_t none[TMK_OID_BYTES];

	return !memcmp(oid->id, none, sizeof(none));
}
