#include "hooks/ref_name.h"

#include <string.h>

/* One part between slashes: not empty, not hidden, no lock file. */
static bool part_ok(const char *part, size_t len)
{
	static const char lock[] = ".lock";
	const size_t n = sizeof(lock) - 1;

	return len && part[0] != '.' &&
		!(len >= n && !memcmp(part + len - n, lock, n));
}

/* Blanks and control bytes, what is syntax in a revision or a pattern, and
 * the two pairs that are. */
static bool byte_ok(const char *at)
{
	unsigned char c = (unsigned char)*at;

	return c > ' ' && c != 0x7f && !strchr("~^:?*[\\", c) &&
		!(c == '.' && at[1] == '.') && !(c == '@' && at[1] == '{');
}

bool tmk_ref_name_ok(const char *name)
{
	const char *part = name, *at;
	int parts = 1;

	for (at = name; *at; at++) {
		if (*at == '/') {
			if (!part_ok(part, (size_t)(at - part)))
				return false;
			part = at + 1;
			parts++;
		} else if (!byte_ok(at)) {
			return false;
		}
	}
	return parts > 1 && part_ok(part, (size_t)(at - part)) &&
		at[-1] != '.';
}
