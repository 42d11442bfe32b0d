#include "formats/packed.h"

#include <stdbool.h>
#include <string.h>

static const struct {
	const char *name, *magic;
	size_t len;
} kind[TMK_PACKED_COUNT] = {
	[TMK_PACKED_NONE] = { "none", NULL, 0 },
	[TMK_PACKED_GZIP] = { "gzip", "\x1f\x8b\x08", 3 },
	[TMK_PACKED_BZIP2] = { "bzip2", "BZh", 3 },
	[TMK_PACKED_XZ] = { "xz", "\xfd" "7zXZ\0", 6 },
	[TMK_PACKED_LZMA] = { "lzma", "\x5d", 1 },
	[TMK_PACKED_ZSTD] = { "zstd", "\x28\xb5\x2f\xfd", 4 },
	[TMK_PACKED_LZ4] = { "lz4", "\x04\x22\x4d\x18", 4 },
	[TMK_PACKED_LZIP] = { "lzip", "LZIP\x01", 5 },
};

static uint64_t little(const uint8_t *p, int bytes)
{
	uint64_t n = 0;

	while (bytes--)
		n = n << 8 | p[bytes];
	return n;
}

/* .lzma has no magic number. As xz(1) does: usual properties, a dictionary of
 * 2^n or 2^n + 2^(n-1) bytes, and a size that is unknown or thinkable. */
static bool looks_like_lzma(const uint8_t *head, size_t len)
{
	uint64_t dict, size;

	if (len < 13)
		return false;
	dict = little(head + 1, 4);
	size = little(head + 5, 8);
	if (!dict || (dict < UINT32_MAX && (dict & (dict - 1)) &&
		      ((dict ^ (dict & -dict)) & ((dict ^ (dict & -dict)) - 1))))
		return false;
	return size == UINT64_MAX || size < 1ull << 38;
}

enum tmk_packed tmk_packed_of(const uint8_t *head, size_t len)
{
	int i;

	for (i = 1; i < TMK_PACKED_COUNT; i++) {
		if (len < kind[i].len || memcmp(head, kind[i].magic,
						kind[i].len))
			continue;
		if (i == TMK_PACKED_LZMA && !looks_like_lzma(head, len))
			continue;
		if (i == TMK_PACKED_BZIP2 &&
		    (len < 4 || head[3] < '1' || head[3] > '9'))
			continue;
		return (enum tmk_packed)i;
	}
	return TMK_PACKED_NONE;
}

const char *tmk_packed_name(enum tmk_packed packed)
{
	return kind[packed].name;
}

int tmk_packed_from_name(const char *name, size_t len)
{
	int i;

	for (i = 0; i < TMK_PACKED_COUNT; i++)
		if (strlen(kind[i].name) == len &&
		    !memcmp(kind[i].name, name, len))
			return i;
	return -1;
}
