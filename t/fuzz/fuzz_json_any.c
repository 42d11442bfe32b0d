/*
 * fuzz_json_any.c - JSON that others write: what is read is the same however
 * it comes in pieces, what our strict reader takes this one takes with the
 * same values, and a text found by its path is one of those that were told.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_scan.h"
#include "key/kms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

/* What was told, as one number; a text of a number is ours to know alone. */
static int on_event(void *ctx, const struct tmk_json_event *e)
{
	uint64_t *sum = ctx;
	size_t i;

	*sum = *sum * 31 + (uint64_t)e->kind * 7 + (uint64_t)e->depth;
	for (i = 0; e->key[i]; i++)
		*sum = *sum * 31 + (uint8_t)e->key[i];
	for (i = 0; e->kind == TMK_JSON_STRING && i < e->len; i++)
		*sum = *sum * 31 + (uint8_t)e->text[i];
	*sum = *sum * 31 + (uint64_t)e->number;
	demand(e->text[e->len] == '\0' && e->depth <= TMK_JSON_ANY_DEPTH_MAX &&
	       i < TMK_JSON_TEXT_MAX);
	return 0;
}

static int read_all(uint64_t *sum, bool any, const uint8_t *data, size_t size,
		    size_t piece)
{
	static struct tmk_json_scan scan;
	size_t at, n;

	*sum = 1;
	if (any)
		tmk_json_scan_init_any(&scan, on_event, sum);
	else
		tmk_json_scan_init(&scan, on_event, sum);
	for (at = 0; at < size; at += n) {
		n = size - at < piece ? size - at : piece;
		if (tmk_json_scan_feed(&scan, data + at, n))
			return -1;
	}
	return tmk_json_scan_end(&scan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tmk_buf body = TMK_BUF_INIT(1 << 20);
	uint64_t whole, bytes, strict;
	char text[64];
	int a, b;

	if (size > 1 << 20)
		return 0;
	a = read_all(&whole, true, data, size, size);
	b = read_all(&bytes, true, data, size, 1);
	demand(a == b && (a || whole == bytes));
	if (!read_all(&strict, false, data, size, 7))
		demand(!a && strict == whole);
	demand(!tmk_buf_add(&body, data, size));
	b = tmk_kms_json(text, sizeof(text), &body, "a.0.b", NULL);
	demand(!a || b < 0);
	demand(b || strlen(text) < sizeof(text));
	tmk_buf_release(&body);
	return 0;
}
