#include "iface/format.h"

#include <string.h>

#include "iface/seal.h"

/* A seal of the largest size in base64 with its line ends, its frame lines and
 * the comment headers other formats write. */
#define ARMOUR_MAX (TMK_SEAL_MAX / 2 * 3)

void tmk_parts_init(struct tmk_parts *parts)
{
	memset(parts, 0, sizeof(*parts));
	tmk_buf_init(&parts->armour, ARMOUR_MAX);
}

void tmk_parts_release(struct tmk_parts *parts)
{
	tmk_buf_release(&parts->armour);
	parts->payloads = 0;
}
