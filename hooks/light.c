#include "hooks/light.h"

#include <string.h>

/* "NAME ID\n" at the cursor: true and past it, or false and nothing moved. */
static bool take_id(struct tmk_oid *out, const char *name, const uint8_t **at,
		    const uint8_t *end, size_t hex)
{
	size_t n = strlen(name);
	const char *digits = (const char *)*at + n + 1;

	if ((size_t)(end - *at) < n + 1 + hex + 1 || memcmp(*at, name, n) ||
	    (*at)[n] != ' ' || digits[hex] != '\n' ||
	    !tmk_oid_read(out, digits, hex))
		return false;
	*at += n + 1 + hex + 1;
	return true;
}

/* The seconds behind the last '>' of the line that begins with `name`. */
static int64_t take_time(const uint8_t *at, const uint8_t *end,
			 const char *name)
{
	size_t n = strlen(name);
	const uint8_t *nl, *gt;
	int64_t t = 0;

	for (; at < end && *at != '\n'; at = nl + 1) {
		nl = memchr(at, '\n', (size_t)(end - at));
		if (!nl)
			return 0;
		if ((size_t)(nl - at) < n || memcmp(at, name, n))
			continue;
		gt = memrchr(at, '>', (size_t)(nl - at));
		if (!gt)
			return 0;
		for (gt++; gt < nl && *gt == ' '; gt++)
			;
		for (; gt < nl && *gt >= '0' && *gt <= '9' &&
		     t < INT64_MAX / 20; gt++)
			t = t * 10 + (*gt - '0');
		return t;
	}
	return 0;
}

bool tmk_light_commit_read(struct tmk_light_commit *out, const uint8_t *data,
			   size_t len, size_t hex)
{
	const uint8_t *at = data, *end = data + len;

	out->parents = 0;
	if (!take_id(&out->tree, "tree", &at, end, hex))
		return false;
	while (out->parents < TMK_LIGHT_PARENTS_MAX &&
	       take_id(&out->parent[out->parents], "parent", &at, end,
		       hex))
		out->parents++;
	/* a line more of them would be a link that is not walked */
	if (end - at >= 7 && !memcmp(at, "parent ", 7))
		return false;
	out->time = take_time(at, end, "committer ");
	return true;
}

bool tmk_light_tag_read(struct tmk_oid *target, enum tmk_object_type *type,
			const uint8_t *data, size_t len, size_t hex)
{
	const uint8_t *at = data, *end = data + len, *nl;

	if (!take_id(target, "object", &at, end, hex) || end - at < 5 ||
	    memcmp(at, "type ", 5))
		return false;
	at += 5;
	nl = memchr(at, '\n', (size_t)(end - at));
	if (!nl)
		return false;
	*type = tmk_object_type_find((const char *)at, (size_t)(nl - at));
	return *type != TMK_OBJECT_NONE;
}
