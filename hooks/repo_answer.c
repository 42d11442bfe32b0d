#include "hooks/repo_answer.h"

#include <string.h>

#include "hooks/ref_name.h"

/* A decimal number as git prints one: digits alone, no zero in front. */
static bool read_size(uint64_t *out, const char *text, size_t len)
{
	uint64_t n = 0, digit;
	size_t i;

	if (!len || (text[0] == '0' && len > 1))
		return false;
	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		digit = (uint64_t)(text[i] - '0');
		if (n > (UINT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*out = n;
	return true;
}

bool tmk_repo_answer_read(struct tmk_repo_answer *out, const char *line,
			  size_t len, size_t hex)
{
	static const char missing[] = "missing";
	struct tmk_repo_answer a = { .type = TMK_OBJECT_NONE };
	const char *rest, *space;
	size_t left;

	if (len < hex + 2 || line[hex] != ' ' ||
	    !tmk_oid_read(&a.oid, line, hex))
		return false;
	rest = line + hex + 1;
	left = len - hex - 1;
	if (left == sizeof(missing) - 1 && !memcmp(rest, missing, left)) {
		*out = a;
		return true;
	}
	space = memchr(rest, ' ', left);
	if (!space)
		return false;
	a.type = tmk_object_type_find(rest, (size_t)(space - rest));
	if (a.type == TMK_OBJECT_NONE ||
	    !read_size(&a.size, space + 1,
		       left - (size_t)(space + 1 - rest)))
		return false;
	*out = a;
	return true;
}

bool tmk_repo_answer_ref(struct tmk_repo_ref *out, char *line, size_t len,
			 size_t hex)
{
	struct tmk_repo_ref ref;
	char *space;

	if (strlen(line) != len || len < hex + 2 || line[hex] != ' ' ||
	    !tmk_oid_read(&ref.oid, line, hex))
		return false;
	ref.target = line + hex + 1;
	space = strchr(ref.target, ' ');
	if (!space)
		return false;
	ref.name = space + 1;
	if (strncmp(ref.name, "refs/", 5) || !tmk_ref_name_ok(ref.name) ||
	    strlen(ref.name) >= TMK_REPO_REF_MAX)
		return false;
	*space = '\0';
	if (*ref.target && (!tmk_ref_name_ok(ref.target) ||
			    strlen(ref.target) >= TMK_REPO_REF_MAX)) {
		*space = ' ';
		return false;
	}
	*out = ref;
	return true;
}
