/*
 * json-any - what the reader of others' JSON makes of a document.
 *
 *   json-any <DOCUMENT
 *
 * A line for each value, in order: its depth, its name as hex after "k", and
 * what it is: { [ t f n, or "s" with hex of the text, "n" with the number as it
 * was written; "}" ends an object or array. Ends with 1 when it is no document.
 */
#include <stdio.h>
#include <string.h>

#include "base/json_scan.h"

static void put_hex(char what, const char *text, size_t len)
{
	size_t i;

	putchar(what);
	for (i = 0; i < len; i++)
		printf("%02x", (unsigned int)(unsigned char)text[i]);
}

static int on_value(void *ctx, const struct tmk_json_event *e)
{
	static const char words[] = "?{[}snTFN";

	(void)ctx;
	printf("%d ", e->depth);
	put_hex('k', e->key, strlen(e->key));
	putchar(' ');
	if (e->kind == TMK_JSON_STRING)
		put_hex('s', e->text, e->len);
	else if (e->kind == TMK_JSON_NUMBER)
		printf("n%s", e->text);
	else
		putchar(words[e->kind]);
	putchar('\n');
	return 0;
}

int main(void)
{
	static struct tmk_json_scan scan;
	char piece[13];
	size_t n;

	tmk_json_scan_init_any(&scan, on_value, NULL);
	while ((n = fread(piece, 1, sizeof(piece), stdin)))
		if (tmk_json_scan_feed(&scan, piece, n))
			return 1;
	return tmk_json_scan_end(&scan) ? 1 : 0;
}
