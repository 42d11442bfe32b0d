#include "formats/text_byte.h"

const char *tmk_text_byte_bad(const uint8_t *at, size_t left)
{
	uint8_t b = at[0];

	if (b >= ' ' && b < 0x7f)
		return NULL;
	if (!b)
		return "a NUL byte";
	if ((b < ' ' && b != '\t' && b != '\n' && b != '\r') || b == 0x7f)
		return "a control byte";
	if (b == 0xc2 && left > 1 && at[1] >= 0x80 && at[1] < 0xa0)
		return "a control byte";
	if (b == 0xe2 && left > 2 && at[1] == 0x80 &&
	    (at[2] == 0xa8 || at[2] == 0xa9))
		return "a line end that only some readers know";
	return NULL;
}
