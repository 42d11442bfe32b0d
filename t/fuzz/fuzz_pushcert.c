/*
 * fuzz_pushcert.c - push certificates on any bytes: no crash, and what is
 * accepted is all of the bytes, each change readable again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/git_pushcert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void demand_commands(const struct tmk_git_pushcert *c)
{
	struct tmk_git_pushcert_command k;
	struct tmk_span rest = c->lines;
	size_t bytes = 0;
	int n = 0;

	while (tmk_git_pushcert_next(&k, &rest, c)) {
		demand(k.old.len == c->hex && k.new.len == c->hex);
		demand(k.ref.len > 5 && !memcmp(k.ref.data, "refs/", 5));
		bytes += 2 * (c->hex + 1) + k.ref.len + 1;
		n++;
	}
	demand(n == c->commands && n > 0 && !rest.len);
	demand(bytes == c->lines.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char begin[] = "-----BEGIN ";
	size_t hex = size && data[size / 2] & 1 ? 40 : 64;
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_git_pushcert c;

	if (!tmk_git_pushcert_parse(&c, data, size, hex, &v)) {
		v = (struct tmk_verdict)TMK_VERDICT_INIT;
		hex = 104 - hex;
		if (!tmk_git_pushcert_parse(&c, data, size, hex, &v)) {
			demand(v.reason != TMK_GOOD && v.text[0] && v.hint[0]);
			return 0;
		}
	}
	demand(v.reason == TMK_GOOD && !memchr(data, 0, size));
	demand(c.hex == hex && c.time >= 0);
	demand(c.payload.data == data &&
	       c.payload.len + c.signature.len == size);
	demand(c.signature.data == data + c.payload.len);
	demand(c.lines.data + c.lines.len == c.signature.data);
	demand(!memcmp(c.signature.data, begin, sizeof(begin) - 1));
	demand_commands(&c);
	return 0;
}
