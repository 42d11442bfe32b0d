#include "plugins/front_kind.h"

#include <stdbool.h>
#include <string.h>

#define SHA1_HEX 40
#define SHA256_HEX 64

/* "WORD HEX\n" */
static bool begins(const uint8_t *head, size_t len, const char *word)
{
	size_t n = strlen(word), hex = 0;

	if (len < n || memcmp(head, word, n))
		return false;
	while (n + hex < len && head[n + hex] &&
	       strchr("0123456789abcdef", head[n + hex]))
		hex++;
	return (hex == SHA1_HEX || hex == SHA256_HEX) && n + hex < len &&
		head[n + hex] == '\n';
}

const char *tmk_front_kind(const uint8_t *head, size_t len)
{
	if (begins(head, len, "tree "))
		return "git-commit";
	return begins(head, len, "object ") ? TMK_FRONT_KIND_TAG :
		"file";
}

char *tmk_front_kind_tag(char *out, size_t size, const uint8_t *head,
			 size_t len)
{
	const char *at = (const char *)head, *end = at + len, *newline = NULL;
	int line;

	*out = '\0';
	if (!begins(head, len, "object "))
		return out;
	for (line = 0; line < 2; line++) {
		newline = memchr(at, '\n', (size_t)(end - at));
		if (!newline)
			return out;
		at = newline + 1;
	}
	if (end - at < 4 || memcmp(at, "tag ", 4))
		return out;
	at += 4;
	newline = memchr(at, '\n', (size_t)(end - at));
	if (!newline || (size_t)(newline - at) >= size ||
	    memchr(at, '\0', (size_t)(newline - at)))
		return out;
	memcpy(out, at, (size_t)(newline - at));
	out[newline - at] = '\0';
	return out;
}
