/*
 * fuzz_light.c - the links that the walk follows are those of the grammar
 * that judges: whatever the strict reader takes, the light one reads alike.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/git_object.h"
#include "hooks/light.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static bool same(const struct tmk_oid *oid, struct tmk_span hex)
{
	struct tmk_oid other;

	return tmk_oid_read(&other, (const char *)hex.data, hex.len) &&
		tmk_oid_equal(oid, &other);
}

static void try_commit(const uint8_t *data, size_t size, size_t hex)
{
	static struct tmk_light_commit light;
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_git_commit strict;
	bool read = tmk_light_commit_read(&light, data, size, hex);
	int i;

	if (!tmk_git_commit_parse(&strict, data, size, hex, &v))
		return;
	demand(read);
	demand(light.parents == strict.parents);
	for (i = 0; i < light.parents; i++)
		demand(same(&light.parent[i],
			    tmk_git_commit_parent(&strict, i)));
	demand(light.time == strict.committer.time);
}

static void try_tag(const uint8_t *data, size_t size, size_t hex)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_git_tag strict;
	enum tmk_object_type type;
	struct tmk_oid target;
	bool read = tmk_light_tag_read(&target, &type, data, size, hex);

	if (!tmk_git_tag_parse(&strict, data, size, hex, &v))
		return;
	demand(read);
	demand(same(&target, strict.object));
	demand(tmk_span_is(strict.type, tmk_object_type_name(type)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_commit(data, size, 40);
	try_tag(data, size, 40);
	try_commit(data, size, 64);
	try_tag(data, size, 64);
	return 0;
}
