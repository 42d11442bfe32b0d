/* The small forms that cloud services speak in, against published values and
 * OpenSSL. */
#include "key/kms_text.h"

#include <string.h>

#include "t/unit/tap.h"

static void test_url64(void)
{
	/* RFC 4648 section 10, without padding; RFC 7515 appendix C. */
	static const struct { const char *plain, *text; } good[] = {
		{ "", "" }, { "f", "Zg" }, { "fo", "Zm8" }, { "foo", "Zm9v" },
		{ "foob", "Zm9vYg" }, { "fooba", "Zm9vYmE" },
		{ "foobar", "Zm9vYmFy" }
	};
	static const uint8_t rfc7515[] = { 3, 236, 255, 224, 193 };
	static const char *const bad[] = {
		"Z", "Zg==", "Zg=", "Zh", "Zm9", "Zm 9v", "Zm9v\n", "+/+/",
		"Zm9vY", "Zm9v!", "\xc3\xa9Zg"
	};
	struct tmk_buf b = TMK_BUF_INIT(64);
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		tmk_buf_clear(&b);
		ok(!tmk_kms_text_url64(&b, good[i].plain,
				       strlen(good[i].plain)) &&
		   !strcmp(tmk_buf_str(&b), good[i].text), "'%s'",
		   good[i].plain);
		tmk_buf_clear(&b);
		ok(!tmk_kms_text_url64_read(&b, good[i].text,
					    strlen(good[i].text)) &&
		   b.len == strlen(good[i].plain) &&
		   !memcmp(b.data ? b.data : (const uint8_t *)"",
			   good[i].plain, b.len), "and back");
	}
	tmk_buf_clear(&b);
	ok(!tmk_kms_text_url64(&b, rfc7515, sizeof(rfc7515)) &&
	   !strcmp(tmk_buf_str(&b), "A-z_4ME"), "the letters of the URL form");
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		tmk_buf_clear(&b);
		ok(tmk_kms_text_url64_read(&b, bad[i], strlen(bad[i])) < 0 &&
		   !b.len, "refused: %zu", i);
	}
	tmk_buf_release(&b);
}

static void test_crc32c(void)
{
	/* RFC 3720 appendix B.4. */
	uint8_t zeros[32] = { 0 }, ones[32], up[32];
	int i;

	memset(ones, 0xff, sizeof(ones));
	for (i = 0; i < 32; i++)
		up[i] = (uint8_t)i;
	is_int(tmk_kms_text_crc32c(zeros, 32), 0x8a9136aa, "32 zeros");
	is_int(tmk_kms_text_crc32c(ones, 32), 0x62a8ab43, "32 ones");
	is_int(tmk_kms_text_crc32c(up, 32), 0x46dd794e, "counting up");
	is_int(tmk_kms_text_crc32c("123456789", 9), 0xe3069283, "digits");
	is_int(tmk_kms_text_crc32c("", 0), 0, "nothing");
}

static void test_number(void)
{
	static const char *const bad[] = {
		"", "01", "-1", "+1", " 1", "1 ", "0x1", "1e3", "101",
		"18446744073709551616", "99999999999999999999"
	};
	uint64_t n = 7;
	size_t i;

	ok(!tmk_kms_text_number(&n, "0", 100) && n == 0, "0");
	ok(!tmk_kms_text_number(&n, "100", 100) && n == 100, "the most");
	ok(!tmk_kms_text_number(&n, "18446744073709551615", UINT64_MAX) &&
	   n == UINT64_MAX, "the longest");
	n = 7;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(tmk_kms_text_number(&n, bad[i], 100) < 0 && n == 7,
		   "refused: '%s'", bad[i]);
}

static void test_names(void)
{
	ok(tmk_kms_text_name("a-b", 3, "-", 3), "a name");
	ok(!tmk_kms_text_name("a-b", 3, "-", 2), "too long");
	ok(!tmk_kms_text_name("a-b", 3, "", 3), "a character too many");
	ok(!tmk_kms_text_name("", 0, "-", 3), "empty");
	ok(!tmk_kms_text_name("..", 2, ".", 3), "the way up");
	ok(!tmk_kms_text_name(".", 1, ".", 3), "the same place");
	ok(tmk_kms_text_name("...", 3, ".", 3), "three dots are a name");
	ok(!tmk_kms_text_name("a\0b", 3, "-", 3), "a NUL");
	ok(!tmk_kms_text_name("\xc3\xa9", 2, "-", 3), "no ASCII");
	ok(tmk_kms_text_line("abc~!", 5), "a line");
	ok(!tmk_kms_text_line("abc~!", 4), "too long");
	ok(!tmk_kms_text_line("", 4), "empty");
	ok(!tmk_kms_text_line("a b", 4), "a space");
	ok(!tmk_kms_text_line("a\r\nX: y", 40), "two lines");
	ok(!tmk_kms_text_line("a\x7f", 4), "a control character");
}

static void test_field(void)
{
	struct tmk_buf b = TMK_BUF_INIT(64);
	struct tmk_buf small = TMK_BUF_INIT(8);

	ok(!tmk_kms_text_field(&b, "a", "x y&z=+%\n") &&
	   !tmk_kms_text_field(&b, "b", "~._-09AZ") &&
	   !strcmp(tmk_buf_str(&b), "a=x%20y%26z%3D%2B%25%0A&b=~._-09AZ"),
	   "a form");
	ok(!tmk_kms_text_field(&small, "a", "123456"), "what just fits");
	ok(tmk_kms_text_field(&small, "b", "1") < 0 && small.len == 8,
	   "what does not leaves nothing behind");
	tmk_buf_release(&b);
	tmk_buf_release(&small);
}

static void test_split(void)
{
	static const char *const bad[] = {
		"", "vault.azure.net", "ftp://a/", "https://", "https:///x",
		"https://a@b/", "https://a:b@c/", "https://a:0/",
		"https://a:65536/", "https://a:/", "https://a:12345678/",
		"https://a?x", "https://a/?x", "https://a/#x", "https://a/%2e",
		"https://a//b", "https://a/../b", "https://a/./b",
		"https://a b/", "https://a/b c", "https://-a/", "https://.a/",
		"https://a..b/", "https://[::1]/", "https://a/b\\c",
		"https://a/\x80", "https://a\xc3\xa9/"
	};
	struct tmk_kms_text_url u;
	size_t i;

	ok(!tmk_kms_text_split(&u, "https://my-vault.vault.azure.net/keys/a") &&
	   u.tls && u.host_len == 24 && u.name_len == 24 &&
	   !strcmp(u.path, "/keys/a"), "https");
	ok(!tmk_kms_text_is_local(&u), "elsewhere");
	ok(!tmk_kms_text_split(&u, "HTTP://127.0.0.1:8200") && !u.tls &&
	   u.host_len == 14 && u.name_len == 9 && !*u.path, "http, a port");
	ok(tmk_kms_text_is_local(&u), "here");
	ok(!tmk_kms_text_split(&u, "https://localhost:1/") &&
	   tmk_kms_text_is_local(&u), "localhost");
	ok(!tmk_kms_text_split(&u, "https://127.0.0.1.example.org/") &&
	   !tmk_kms_text_is_local(&u), "a name that begins as an address");
	ok(!tmk_kms_text_split(&u, "https://localhost.example.org/") &&
	   !tmk_kms_text_is_local(&u), "a name that begins as localhost");
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(tmk_kms_text_split(&u, bad[i]) < 0, "refused: %s", bad[i]);
}

static void test_public(void)
{
#define BEGIN "-----BEGIN PUBLIC KEY-----\n"
#define END "-----END PUBLIC KEY-----"
	static const char *const bad[] = {
		"", BEGIN, END, BEGIN END, BEGIN "AAEC" END,
		BEGIN "AAEC\n" END "x", BEGIN "AAEC\n" END "\nx",
		" " BEGIN "AAEC\n" END, "-----BEGIN PUBLIC KEY-----AAEC\n" END,
		BEGIN "AAE\n" END, BEGIN "A-EC\n" END, BEGIN "AAEC\r\n" END,
		"\n" END BEGIN "AAEC", BEGIN "AAEC\n-----END PUBLIC KEY----",
		"-----BEGIN RSA PUBLIC KEY-----\nAAEC\n" END,
		BEGIN "AAEC\n" END "\n" BEGIN "AAEC\n" END,
	};
	static const char *const good[] = {
		BEGIN "AAEC\n" END, BEGIN "AAEC\n" END "\n\n",
	};
	struct tmk_buf b = TMK_BUF_INIT(64);
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(tmk_kms_text_public(&b, bad[i]) < 0 && !b.len,
		   "no public key: %zu", i);
	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		ok(!tmk_kms_text_public(&b, good[i]) && b.len == 3 &&
		   !memcmp(b.data, "\0\1\2", 3), "a public key: %zu", i);
		tmk_buf_clear(&b);
	}
	tmk_buf_release(&b);
}

int main(void)
{
	test_url64();
	test_public();
	test_crc32c();
	test_number();
	test_names();
	test_field();
	test_split();
	return tap_done();
}
