/* The base floor: buffers, errors, encodings, escaping, time, JSON. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/json.h"
#include "base/secret.h"
#include "t/unit/tap.h"

static void test_buf(void)
{
	struct tmk_buf b = TMK_BUF_INIT(10);

	is_str(tmk_buf_str(&b), "", "an empty buffer is an empty string");
	ok(!tmk_buf_addstr(&b, "12345"), "five bytes fit into ten");
	ok(!tmk_buf_printf(&b, "%d", 67890), "five more fit");
	ok(tmk_buf_addch(&b, 'x') < 0, "an eleventh does not");
	is_str(tmk_buf_str(&b), "1234567890", "a refused byte changes nothing");
	ok(!tmk_buf_reserve(&b, (size_t)-1), "a huge reserve is refused");
	tmk_buf_clear(&b);
	is_int((long long)b.len, 0, "cleared");
	ok(b.data[0] == 0 && b.data[9] == 0, "clearing wipes");
	tmk_buf_release(&b);
	is_int((long long)b.max, 10, "the maximum outlives a release");
}

static void test_err(void)
{
	struct tmk_err err = TMK_ERR_INIT;

	is_int(tmk_err_set(&err, TMK_KEY, "a\033[31m%s", "\n[GNUPG:] GOODSIG"),
	       -1, "setting an error returns -1");
	is_str(err.text, "a\\x1b[31m\\x0a\\x5bGNUPG:] GOODSIG",
	       "control bytes and status marks are escaped");
	is_int(err.code, TMK_KEY, "the code is kept");
	is_str(err.from, "test_err", "and who said it");
	tmk_err_hint(&err, "do that");
	tmk_err_prefix(&err, "outer");
	is_str(err.text, "outer: a\\x1b[31m\\x0a\\x5bGNUPG:] GOODSIG",
	       "a prefix escapes nothing twice");
	is_str(err.hint, "do that", "the hint stays");
	tmk_err_set(&err, TMK_INPUT, "%2000s", "x");
	is_int((long long)strlen(err.text) < (long long)sizeof(err.text), 1,
	       "a long text is cut");
}

static void check_base64(const char *text, int want, const char *bytes)
{
	struct tmk_buf b = TMK_BUF_INIT(64);

	is_int(tmk_dec_base64(&b, text, strlen(text)), want, "base64 '%s'",
	       text);
	if (!want)
		is_mem(b.data, b.len, bytes, strlen(bytes), "its bytes");
	else
		is_int((long long)b.len, 0, "nothing is left behind");
	tmk_buf_release(&b);
}

static void test_base64(void)
{
	struct tmk_buf b = TMK_BUF_INIT(64);

	check_base64("", 0, "");
	check_base64("Zg==", 0, "f");
	check_base64("Zm8=", 0, "fo");
	check_base64("Zm9v\nYmFy\n", 0, "foobar");
	check_base64("Zh==", -1, NULL);	/* bits that mean nothing */
	check_base64("Zm9=", -1, NULL);
	check_base64("Zg==Zg==", -1, NULL);	/* padding in the middle */
	check_base64("Zg=", -1, NULL);
	check_base64("Zm9v Zm9v", -1, NULL);
	check_base64("Zm9v\r\n", -1, NULL);
	check_base64("====", -1, NULL);
	check_base64("Z===", -1, NULL);
	ok(!tmk_enc_base64(&b, (const uint8_t *)"foobarbaz", 9, 8), "encode");
	is_str(tmk_buf_str(&b), "Zm9vYmFy\nYmF6\n", "in lines of eight");
	tmk_buf_clear(&b);
	ok(!tmk_enc_base64(&b, (const uint8_t *)"foobar", 6, 8), "encode");
	is_str(tmk_buf_str(&b), "Zm9vYmFy\n", "no empty last line");
	tmk_buf_release(&b);
}

static void test_hex(void)
{
	uint8_t bytes[2];
	char hex[5];

	tmk_enc_hex(hex, (const uint8_t *)"\x01\xaf", 2);
	is_str(hex, "01af", "lower-case hex");
	tmk_enc_hex_upper(hex, (const uint8_t *)"\x01\xaf", 2);
	is_str(hex, "01AF", "upper-case hex");
	ok(!tmk_dec_hex(bytes, 2, "01aF", 4), "hex of either case");
	is_mem(bytes, 2, "\x01\xaf", 2, "its bytes");
	ok(tmk_dec_hex(bytes, 2, "01a", 3) < 0, "an odd length is refused");
	ok(tmk_dec_hex(bytes, 2, "01ag", 4) < 0, "a wrong digit is refused");
	ok(tmk_dec_hex(bytes, 2, "01af00", 6) < 0, "a longer one is refused");
}

static void shown(const char *text, const char *want, const char *what)
{
	struct tmk_buf b = TMK_BUF_INIT(256);

	ok(!tmk_enc_show(&b, text, strlen(text)), "%s fits", what);
	is_str(tmk_buf_str(&b), want, "%s", what);
	tmk_buf_release(&b);
}

static void test_show(void)
{
	char cut[8];

	shown("Gr\xc3\xbc\xc3\x9f" "e", "Gr\xc3\xbc\xc3\x9f" "e",
	      "UTF-8 stays");
	shown("a\tb\x7f", "a\\x09b\\x7f", "control bytes");
	shown("\xc2\x9b" "31m", "\\xc2\\x9b31m", "C1 controls");
	shown("\xe2\x80\xae" "evil", "\\xe2\\x80\\xaeevil",
	      "a right-to-left override");
	shown("\xe2\x80\xa8", "\\xe2\\x80\\xa8", "a line separator");
	shown("\xf3\xa0\x81\x81", "\\xf3\\xa0\\x81\\x81", "a tag character");
	shown("\xff\xc0\x80", "\\xff\\xc0\\x80", "bytes that are no UTF-8");
	shown("\xed\xa0\x80", "\\xed\\xa0\\x80", "a surrogate");
	shown("[GNUPG:] X", "\\x5bGNUPG:] X", "a status mark");
	shown("a\\x1b", "a\\\\x1b", "a backslash");
	is_str(tmk_enc_show_into(cut, sizeof(cut), "1234567", 7), "1234567",
	       "what fits is not cut");
	is_str(tmk_enc_show_into(cut, sizeof(cut), "12345678", 8), "1234...",
	       "what does not is cut with dots");
	is_str(tmk_enc_show_into(cut, sizeof(cut), "123\033\033", 5), "123...",
	       "an escape is never cut in half");
	is_str(tmk_enc_line_into(cut, sizeof(cut), "a\\b", 3), "a\\b",
	       "a message keeps its backslash");
	ok(tmk_enc_is_utf8("\xf4\x8f\xbf\xbf", 4), "the last code point");
	ok(!tmk_enc_is_utf8("\xf4\x90\x80\x80", 4), "the one behind it");
	ok(!tmk_enc_is_utf8("\xe0\x80\xaf", 3), "an overlong form");
	ok(!tmk_enc_is_utf8("\xe2\x82", 2), "a cut sequence");
}

static void check_time(const char *text, int64_t want)
{
	struct tmk_err err = TMK_ERR_INIT;
	int64_t t = 42;

	is_int(tmk_clock_parse(&t, text, &err), want == 42 ? -1 : 0,
	       "time '%s'", text);
	is_int(t, want, "its value");
}

static void test_clock(void)
{
	char text[TMK_CLOCK_TEXT];

	check_time("1970-01-01T00:00:00Z", 0);
	check_time("2026-11-21T06:32:46Z", 1795242766);
	check_time("2026-11-21T07:32:46+01:00", 1795242766);
	check_time("2000-02-29", 951782400);
	check_time("@86400", 86400);
	check_time("1999-02-29", 42);
	check_time("2026-13-01", 42);
	check_time("2026-11-21T24:00:00Z", 42);
	check_time("2026-11-21T06:32:46", 42);
	check_time("2026-11-21T06:32:46Z ", 42);
	check_time("@-1", 42);
	check_time("@99999999999999999999", 42);
	check_time("", 42);
	is_str(tmk_clock_format(text, 1795242766), "2026-11-21T06:32:46Z",
	       "RFC 3339");
	is_str(tmk_clock_format_compact(text, 1795242766), "20261121T063246",
	       "the compact form");
	is_str(tmk_clock_format(text, TMK_TIME_NONE), "none", "no time");
	is_str(tmk_clock_format(text, INT64_MAX), "none", "an absurd time");
}

static void test_json(void)
{
	struct tmk_buf b = TMK_BUF_INIT(256), tiny = TMK_BUF_INIT(4);
	struct tmk_json j;

	tmk_json_init(&j, &b);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "a\"", "x\n\\\xff\x1b");
	tmk_json_int(&j, "n", -7);
	tmk_json_open_array(&j, "l");
	tmk_json_bool(&j, NULL, true);
	tmk_json_null(&j, NULL);
	tmk_json_close_array(&j);
	tmk_json_string(&j, "z", NULL);
	tmk_json_close_object(&j);
	ok(!tmk_json_finish(&j), "a document is written");
	is_str(tmk_buf_str(&b), "{\"a\\\"\":\"x\\u000a\\\\\xef\xbf\xbd\\u001b\","
	       "\"n\":-7,\"l\":[true,null],\"z\":null}\n", "as RFC 8259 asks");
	tmk_json_init(&j, &tiny);
	tmk_json_string(&j, NULL, "too long");
	ok(tmk_json_finish(&j) < 0, "a full buffer is an error at the end");
	tmk_buf_release(&b);
	tmk_buf_release(&tiny);
}

static void read_pin(const char *text, size_t len, int want,
		     const char *pin, const char *what)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_secret *s = NULL;
	int fds[2];

	if (pipe(fds) || write(fds[1], text, len) != (ssize_t)len ||
	    close(fds[1]) || tmk_secret_new(&s, &err)) {
		ok(false, "%s: set up", what);
		return;
	}
	is_int(tmk_secret_read(s, fds[0], &err), want, "%s", what);
	if (!want)
		is_mem(tmk_secret_bytes(s), tmk_secret_len(s), pin,
		       strlen(pin), "%s: its bytes", what);
	close(fds[0]);
	tmk_secret_free(s);
}

static void test_secret(void)
{
	char big[TMK_SECRET_MAX + 2], *longest;

	memset(big, 'x', sizeof(big));
	read_pin("1234\n", 5, 0, "1234", "a PIN and a newline");
	read_pin("1234\r\nrest", 10, 0, "1234", "a PIN and CRLF");
	read_pin("1234", 4, 0, "1234", "a PIN without newline");
	read_pin("", 0, 0, "", "no PIN");
	read_pin(big, sizeof(big), -1, NULL, "a PIN that is too long");
	big[TMK_SECRET_MAX] = '\n';
	longest = strndup(big, TMK_SECRET_MAX);
	read_pin(big, TMK_SECRET_MAX + 1, 0, longest ? longest : "",
		 "the longest PIN and a newline");
	free(longest);
}

static void test_harden(void)
{
	struct rlimit core;

	tmk_secret_harden_process();
	ok(!getrlimit(RLIMIT_CORE, &core) && !core.rlim_cur &&
	   !core.rlim_max, "no core file");
	ok(access("/proc/self/mem", R_OK) || !geteuid(),
	   "memory is closed to others");
}

int main(void)
{
	test_buf();
	test_err();
	test_base64();
	test_hex();
	test_show();
	test_clock();
	test_json();
	test_secret();
	test_harden();
	return tap_done();
}
