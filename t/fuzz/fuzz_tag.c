/*
 * fuzz_tag.c - the tag grammar on any bytes: no crash, and what it accepts
 * ends with its signature.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/git_object.h"

extern const struct tmk_format_ops tmk_format_git_tag;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void demand_split(const struct tmk_git_tag *t, const uint8_t *data,
			 size_t size)
{
	static const char begin[] = "-----BEGIN ";
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_parts parts;

	tmk_parts_init(&parts);
	demand(!tmk_format_git_tag.split(&parts, data, size, &v, &err));
	if (v.reason == TMK_GOOD) {
		demand(parts.payloads == 1 && parts.payload[0].data == data);
		demand(parts.payload[0].len + parts.armour.len == size);
		demand(!parts.armour.len || !memcmp(parts.armour.data, begin,
						    sizeof(begin) - 1));
		demand((parts.armour.len != 0) == t->has_signature);
	}
	tmk_parts_release(&parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_git_tag t;

	demand(tmk_format_git_tag.bid(data, size) <= 100);
	if (!tmk_git_tag_parse(&t, data, size, 0, &v)) {
		demand(v.reason != TMK_GOOD && v.text[0] && v.hint[0]);
		return 0;
	}
	demand(v.reason == TMK_GOOD && !memchr(data, 0, size));
	demand(tmk_format_git_tag.bid(data, size) > 0);
	demand(t.object.len == t.hex && t.name.len > 0);
	demand(t.message.data + t.message.len + t.signature.len ==
	       data + size);
	demand_split(&t, data, size);
	return 0;
}
