/* Reading JSON: what our writer writes, strictly, and what others write. */
#include <stdio.h>
#include <string.h>

#include "base/json_scan.h"
#include "t/unit/tap.h"

#define TOLD_MAX 4096

struct told {
	char text[TOLD_MAX];
	size_t len;
	int64_t number;
};

/* Each value as "key=kind:text;". */
static int on_value(void *ctx, const struct tmk_json_event *e)
{
	struct told *t = ctx;
	int n = snprintf(t->text + t->len, sizeof(t->text) - t->len,
			 "%s=%d:%s;", e->key, (int)e->kind, e->text);

	if (n < 0 || (size_t)n >= sizeof(t->text) - t->len)
		return -1;
	t->len += (size_t)n;
	t->number = e->kind == TMK_JSON_NUMBER ? e->number : t->number;
	return 0;
}

static int scan(struct told *t, bool any, const char *text, size_t len,
		size_t piece)
{
	static struct tmk_json_scan s;
	size_t at, n;

	memset(t, 0, sizeof(*t));
	if (any)
		tmk_json_scan_init_any(&s, on_value, t);
	else
		tmk_json_scan_init(&s, on_value, t);
	for (at = 0; at < len; at += n) {
		n = len - at < piece ? len - at : piece;
		if (tmk_json_scan_feed(&s, text + at, n))
			return -1;
	}
	return tmk_json_scan_end(&s);
}

/* Both ways of cutting it say the same. */
static int read_any(struct told *t, const char *text, size_t len)
{
	struct told bytes;
	int rc = scan(t, true, text, len, len ? len : 1);
	int again = scan(&bytes, true, text, len, 1);

	ok(rc == again && (rc || !strcmp(t->text, bytes.text)),
	   "cut anywhere: %.40s", text);
	return rc;
}

static const struct {
	const char *text, *told;	/* NULL: refused */
	bool strict;		/* our writer could have written it */
} cases[] = {
	{ "{}", "=1:;=3:;", true },
	{ " \t\r\n{ }\n", "=1:;=3:;", false },
	{ "[]", "=2:;=3:;", false },
	{ "[1, 2]", "=2:;=5:1;=5:2;=3:;", false },
	{ "{\"a\":\"b\"}", "=1:;a=4:b;=3:;", true },
	{ "{ \"a\" : [ true , false , null ] }",
	  "=1:;a=2:;=6:;=7:;=8:;=3:;=3:;", false },
	{ "{\"\":1}", "=1:;=5:1;=3:;", false },
	{ "[0,-0,1.5,-1e3,1E+2,0.0e-1]",
	  "=2:;=5:0;=5:-0;=5:1.5;=5:-1e3;=5:1E+2;=5:0.0e-1;=3:;", false },
	{ "[\"\\/\\b\\f\\n\\r\\t\\\"\\\\\"]", "=2:;=4:/\b\f\n\r\t\"\\;=3:;",
	  false },
	{ "[\"\\u00e9\\u20AC\\ud83d\\uDE00\"]",
	  "=2:;=4:\303\251\342\202\254\360\237\230\200;=3:;", false },
	{ "[\"\303\251\"]", "=2:;=4:\303\251;=3:;", false },
	{ "", NULL, false },
	{ "1", NULL, false },
	{ "\"a\"", NULL, false },
	{ "{}{}", NULL, false },
	{ "{},", NULL, false },
	{ "\357\273\277{}", NULL, false },
	{ "[1,]", NULL, false },
	{ "[,1]", NULL, false },
	{ "{\"a\":1,}", NULL, false },
	{ "{\"a\"}", NULL, false },
	{ "{a:1}", NULL, false },
	{ "{'a':1}", NULL, false },
	{ "[1 2]", NULL, false },
	{ "[01]", NULL, false },
	{ "[-]", NULL, false },
	{ "[+1]", NULL, false },
	{ "[.5]", NULL, false },
	{ "[5.]", NULL, false },
	{ "[1e]", NULL, false },
	{ "[1e+]", NULL, false },
	{ "[1.e1]", NULL, false },
	{ "[1-1]", NULL, false },
	{ "[0x1]", NULL, false },
	{ "[NaN]", NULL, false },
	{ "[True]", NULL, false },
	{ "[tru e]", NULL, false },
	{ "[\"\\x\"]", NULL, false },
	{ "[\"\\u12\"]", NULL, false },
	{ "[\"\\u12g4\"]", NULL, false },
	{ "[\"\\ud83d\"]", NULL, false },
	{ "[\"\\ud83dx\"]", NULL, false },
	{ "[\"\\ud83d\\n\"]", NULL, false },
	{ "[\"\\ud83d\\ud83d\"]", NULL, false },
	{ "[\"\\ud83d\\u0041\"]", NULL, false },
	{ "[\"\\ude00\"]", NULL, false },
	{ "[\"\377\"]", NULL, false },
	{ "[\"\355\240\200\"]", NULL, false },
	{ "[\"a\nb\"]", NULL, false },
	/* What stands in the place of an end is none. */
	{ "[1:", NULL, false },
	{ "{\"a\":[1x}", NULL, false },
	{ "{\"a\":[1,2;,3]}", NULL, false },
	{ "{\"a\\u0000b\":1}", NULL, false },
	{ "[", NULL, false },
	{ "[}", NULL, false },
	{ "{]", NULL, false },
	{ "/**/{}", NULL, false },
};

static void test_cases(void)
{
	struct told t;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *text = cases[i].text;
		int rc = read_any(&t, text, strlen(text));

		is_str(rc ? NULL : t.text, cases[i].told, "any: %s", text);
		rc = scan(&t, false, text, strlen(text), 1);
		ok(cases[i].strict == !rc, "ours: %s", text);
	}
}

static void test_numbers(void)
{
	static const struct {
		const char *text;
		int64_t number;
	} n[] = {
		{ "[999999999999999999]", 999999999999999999 },
		{ "[-999999999999999999]", -999999999999999999 },
		{ "[1000000000000000000]", 0 },
		{ "[123456789012345678901234567890]", 0 },
		{ "[7.0]", 0 }, { "[7e0]", 0 }, { "[7 ]", 7 }, { "[-7]", -7 },
	};
	char text[256];
	struct told t;
	size_t i;

	for (i = 0; i < sizeof(n) / sizeof(*n); i++) {
		ok(!read_any(&t, n[i].text, strlen(n[i].text)), "read: %s",
		   n[i].text);
		is_int(t.number, n[i].number, "number of %s", n[i].text);
	}
	memset(text, '9', sizeof(text));
	text[0] = '[';
	text[TMK_JSON_ANY_NUMBER_MAX + 1] = ']';
	ok(!read_any(&t, text, TMK_JSON_ANY_NUMBER_MAX + 2),
	   "as long as may be");
	text[TMK_JSON_ANY_NUMBER_MAX + 1] = '9';
	text[TMK_JSON_ANY_NUMBER_MAX + 2] = ']';
	ok(read_any(&t, text, TMK_JSON_ANY_NUMBER_MAX + 3) < 0,
	   "a digit more is not");
}

/* A document of `n` arrays, one in the other. */
static int nested(bool any, int n)
{
	char text[256];
	struct told t;

	memset(text, '[', (size_t)n);
	memset(text + n, ']', (size_t)n);
	if (!any)
		text[0] = '{';
	return any ? read_any(&t, text, (size_t)n * 2) :
		scan(&t, false, text, (size_t)n * 2, 1);
}

static void test_bounds(void)
{
	static char text[TMK_JSON_TEXT_MAX + 16];
	static struct tmk_json_scan s;
	struct told t;

	ok(!nested(true, TMK_JSON_ANY_DEPTH_MAX), "as deep as may be");
	ok(nested(true, TMK_JSON_ANY_DEPTH_MAX + 1) < 0, "deeper is not");
	ok(nested(false, 2) < 0, "ours has no arrays in the place of names");
	memset(text, 'k', sizeof(text));
	memcpy(text, "{\"", 2);
	memcpy(text + 1 + TMK_JSON_ANY_KEY_MAX, "\":1}", 5);
	ok(!read_any(&t, text, strlen(text)), "a name as long as may be");
	ok(scan(&t, false, text, strlen(text), 1) < 0, "ours has none so long");
	memset(text + 2, 'k', TMK_JSON_ANY_KEY_MAX);
	memcpy(text + 2 + TMK_JSON_ANY_KEY_MAX, "\":1}", 5);
	ok(read_any(&t, text, strlen(text)) < 0, "a longer one is not");
	memset(text, 'v', sizeof(text));
	memcpy(text, "[\"", 2);
	memcpy(text + 1 + TMK_JSON_TEXT_MAX, "\"]", 3);
	tmk_json_scan_init_any(&s, NULL, NULL);
	ok(!tmk_json_scan_feed(&s, text, strlen(text)) &&
	   !tmk_json_scan_end(&s), "a text as long as may be");
	text[1 + TMK_JSON_TEXT_MAX] = 'v';
	memcpy(text + 2 + TMK_JSON_TEXT_MAX, "\"]", 3);
	tmk_json_scan_init_any(&s, NULL, NULL);
	ok(tmk_json_scan_feed(&s, text, strlen(text)) < 0,
	   "a longer one is not");
	ok(tmk_json_scan_feed(&s, "", 0) < 0 && tmk_json_scan_end(&s) < 0,
	   "and it stays failed");
}

int main(void)
{
	test_cases();
	test_numbers();
	test_bounds();
	return tap_done();
}
