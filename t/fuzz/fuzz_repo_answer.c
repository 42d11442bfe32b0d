/*
 * fuzz_repo_answer.c - what git's plumbing prints: an answer that is taken is
 * the one way to print what was read, and nothing else is taken. The first
 * byte chooses the hash.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "hooks/ref_name.h"
#include "hooks/repo_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void try_object(const char *line, size_t len, size_t hex)
{
	struct tmk_repo_answer a = { .size = 77 };
	char again[TMK_REPO_ANSWER_MAX + TMK_OID_TEXT], id[TMK_OID_TEXT];

	if (!tmk_repo_answer_read(&a, line, len, hex)) {
		demand(a.size == 77 && !a.oid.len);
		return;
	}
	demand(a.oid.len == hex / 2);
	tmk_oid_show(id, &a.oid);
	if (a.type == TMK_OBJECT_NONE)
		snprintf(again, sizeof(again), "%s missing", id);
	else
		snprintf(again, sizeof(again), "%s %s %llu", id,
			 tmk_object_type_name(a.type),
			 (unsigned long long)a.size);
	/* an id may be in capitals */
	demand(strlen(again) == len && !strncasecmp(again, line, hex) &&
	       !memcmp(again + hex, line + hex, len - hex));
}

static void try_ref(char *line, size_t len, size_t hex)
{
	struct tmk_repo_ref ref = { .name = NULL };
	char *before = strdup(line);

	if (!before)
		return;
	if (!tmk_repo_answer_ref(&ref, line, len, hex)) {
		demand(!ref.name && !memcmp(line, before, len + 1));
		free(before);
		return;
	}
	demand(ref.oid.len == hex / 2 && tmk_ref_name_ok(ref.name) &&
	       !strncmp(ref.name, "refs/", 5));
	demand(!*ref.target || tmk_ref_name_ok(ref.target));
	demand(hex + 1 + strlen(ref.target) + 1 + strlen(ref.name) == len);
	demand(!strcmp(before + len - strlen(ref.name), ref.name));
	free(before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t hex, len = size ? size - 1 : 0;
	char *line;

	if (!size)
		return 0;
	hex = data[0] & 1 ? TMK_OID_HEX : 40;
	line = malloc(len + 1);
	if (!line)
		return 0;
	memcpy(line, data + 1, len);
	line[len] = '\0';
	try_object(line, len, hex);
	if (strlen(line) == len)
		try_ref(line, len, hex);
	free(line);
	return 0;
}
