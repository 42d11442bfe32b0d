/*
 * fuzz_commit.c - the commit grammar on any bytes: no crash, and what it
 * accepts holds together.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/git_object.h"

extern const struct tmk_format_ops tmk_format_git_commit;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void demand_inside(struct tmk_span s, const uint8_t *data, size_t size)
{
	if (s.len)
		demand(s.data >= data && s.len <= size &&
		       s.data <= data + size - s.len);
}

/* What is left when the signature is taken out is a commit without one, and
 * not a byte is lost. */
static void demand_payload(const struct tmk_git_commit *c,
			   const uint8_t *data, size_t size)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_git_commit again;
	struct tmk_parts parts;
	uint8_t *payload = malloc(size + 1);
	size_t len = 0;
	int i;

	demand(payload != NULL);
	tmk_parts_init(&parts);
	demand(!tmk_format_git_commit.split(&parts, data, size, &v, &err));
	if (v.reason == TMK_GOOD) {
		for (i = 0; i < parts.payloads; i++) {
			memcpy(payload + len, parts.payload[i].data,
			       parts.payload[i].len);
			len += parts.payload[i].len;
		}
		demand(len + c->signature.len == size);
		demand((parts.armour.len != 0) == c->has_signature);
		if (tmk_git_commit_parse(&again, payload, len, c->hex, &v))
			demand(!again.has_signature);
		else
			demand(c->others != 0);
	}
	tmk_parts_release(&parts);
	free(payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_git_commit c;
	int i;

	demand(tmk_format_git_commit.bid(data, size) <= 100);
	if (!tmk_git_commit_parse(&c, data, size, 0, &v)) {
		demand(v.reason != TMK_GOOD && v.text[0] && v.hint[0]);
		return 0;
	}
	demand(v.reason == TMK_GOOD && !memchr(data, 0, size));
	demand(tmk_format_git_commit.bid(data, size) > 0);
	demand_inside(c.tree, data, size);
	demand_inside(c.author.email, data, size);
	demand_inside(c.committer.name, data, size);
	demand_inside(c.signature, data, size);
	demand_inside(c.message, data, size);
	for (i = 0; i < c.parents; i++) {
		demand_inside(tmk_git_commit_parent(&c, i), data, size);
		demand(tmk_git_commit_parent(&c, i).data[-1] == ' ');
	}
	demand_payload(&c, data, size);
	return 0;
}
