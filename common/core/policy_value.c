/*
 * policy_value.c - words, numbers, paths and fingerprints of a policy.
 */
#include "core/policy_value.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define LIST_MAX 4096	/* members or issuers of a role, exempt commits */

int tmk_policy_value_choose(struct tmk_policy_reader *r, const char *value,
			    const struct tmk_policy_word *words, int *out,
			    struct tmk_err *err)
{
	char list[256] = "";
	size_t n = 0;

	for (; words->text; words++) {
		if (!strcmp(value, words->text)) {
			*out = words->value;
			return 0;
		}
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s",
				      n ? ", " : "", words->text);
		if (n >= sizeof(list))
			break;
	}
	return tmk_policy_reader_fail(r, err, "\"%s\" is none of: %s", value,
				      list);
}

int tmk_policy_value_number(struct tmk_policy_reader *r, const char *value,
			    bool sized, uint64_t min, uint64_t max,
			    uint64_t *out, struct tmk_err *err)
{
	uint64_t n = 0;
	const char *p = value;
	int shift = 0;

	for (; *p >= '0' && *p <= '9' && n <= UINT32_MAX * (uint64_t)1000; p++)
		n = n * 10 + (uint64_t)(*p - '0');
	if (p != value && sized && *p && !p[1]) {
		char unit = (char)tolower((unsigned char)*p);

		shift = unit == 'k' ? 10 : unit == 'm' ? 20 :
			unit == 'g' ? 30 : 0;
		if (shift)
			p++;
	}
	if (p == value || *p || n > max >> shift || n << shift < min)
		return tmk_policy_reader_fail(r, err, "\"%s\" is no number "
			"from %" PRIu64 " to %" PRIu64, value, min, max);
	*out = n << shift;
	return 0;
}

int tmk_policy_value_int(struct tmk_policy_reader *r, const char *value,
			 int min, int max, int *out, struct tmk_err *err)
{
	uint64_t n = 0;

	if (tmk_policy_value_number(r, value, false, (uint64_t)min,
				    (uint64_t)max, &n, err) < 0)
		return -1;
	*out = (int)n;
	return 0;
}

int tmk_policy_value_text(char **out, const char *value, struct tmk_err *err)
{
	char *text = strdup(value);

	if (!text)
		return tmk_err_nomem(err);
	free(*out);
	*out = text;
	return 0;
}

int tmk_policy_value_path(struct tmk_policy_reader *r, char **out,
			  const char *value, struct tmk_err *err)
{
	char *path;

	if (!*value)
		return tmk_policy_reader_fail(r, err, "no file is named");
	path = tmk_file_resolve(r->policy->path, NULL, value);
	if (!path)
		return tmk_err_nomem(err);
	free(*out);
	*out = path;
	return 0;
}

bool tmk_policy_value_fingerprint(char out[65], const char *value)
{
	size_t n = 0;
	const char *p;

	if (strncmp(value, "sha256:", 7))
		return false;
	for (p = value + 7; *p; p++) {
		if (*p == ':' && n && !(n % 2) && p[-1] != ':' && p[1])
			continue;
		if (!isxdigit((unsigned char)*p) || n == 64)
			return false;
		out[n++] = (char)tolower((unsigned char)*p);
	}
	out[n] = '\0';
	return n == 64;
}

void *tmk_policy_value_grow(struct tmk_policy_reader *r, void *array,
			    int count, size_t size, struct tmk_err *err)
{
	void *grown;

	if (count >= LIST_MAX) {
		tmk_policy_reader_fail(r, err, "more than %d lines of one "
				       "kind", LIST_MAX);
		return NULL;
	}
	if (count & (count - 1))
		return array;
	grown = realloc(array, (count ? (size_t)count * 2 : 1) * size);
	if (!grown)
		tmk_err_nomem(err);
	return grown;
}
