/* What a configuration file says, as flat bytes: nothing but the whole of it
 * is understood. */
#include "core/config_stream.h"

#include <stdio.h>
#include <string.h>

#include "t/unit/tap.h"

static struct tmk_buf seen = TMK_BUF_INIT(4096);

static int note(void *ctx, const char *name, const char *value, bool included)
{
	int *left = ctx;

	if (!(*left)--)
		return -1;
	return tmk_buf_printf(&seen, "%s%s%s%s;", included ? "+" : "", name,
			      value ? "=" : "", value ? value : "");
}

static void fill(struct tmk_buf *b, bool keep)
{
	if (tmk_config_stream_add(b, "touchmark.key", "one", false) ||
	    tmk_config_stream_add(b, "touchmark.a b.c", "", false) ||
	    tmk_config_stream_add(b, "touchmark.flag", NULL, false) ||
	    tmk_config_stream_add(b, "ref.x.y", "v", true) ||
	    tmk_config_stream_add(b, "ref.x.z", NULL, true) ||
	    tmk_config_stream_end(b, keep))
		ok(false, "a stream is made");
}

static void test_there_and_back(void)
{
	struct tmk_buf b = TMK_BUF_INIT(4096);
	int left = 100;

	fill(&b, true);
	is_int(tmk_config_stream_check(b.data, b.len),
	       TMK_CONFIG_STREAM_KEEP, "a whole stream is understood");
	is_int(tmk_config_stream_visit(b.data, note, &left), 0, "is visited");
	is_str(tmk_buf_str(&seen), "touchmark.key=one;touchmark.a b.c=;"
	       "touchmark.flag;+ref.x.y=v;+ref.x.z;", "and says the same");
	tmk_buf_clear(&seen);
	left = 2;
	is_int(tmk_config_stream_visit(b.data, note, &left), -1,
	       "a visitor can end it");
	is_str(tmk_buf_str(&seen), "touchmark.key=one;touchmark.a b.c=;",
	       "there");
	tmk_buf_release(&b);
	fill(&b, false);
	is_int(tmk_config_stream_check(b.data, b.len),
	       TMK_CONFIG_STREAM_ONCE, "one that is not to be kept says so");
	tmk_buf_release(&b);
	tmk_buf_release(&seen);
}

/* Every beginning of it, and every byte behind it, is another thing. */
static void test_only_whole(void)
{
	struct tmk_buf b = TMK_BUF_INIT(4096);
	size_t i, bad = 0;

	fill(&b, true);
	for (i = 0; i < b.len; i++)
		bad += tmk_config_stream_check(b.data, i) ==
			TMK_CONFIG_STREAM_BAD;
	is_int((long long)bad, (long long)b.len, "no part of it is believed");
	for (bad = 0, i = 0; i < 256; i++) {
		if (tmk_buf_addch(&b, (int)i))
			ok(false, "a byte is added");
		bad += tmk_config_stream_check(b.data, b.len) ==
			TMK_CONFIG_STREAM_BAD;
		b.len--;
	}
	is_int((long long)bad, 256, "nor with a byte behind it");
	tmk_buf_release(&b);
}

static void refused(const char *bytes, size_t len, const char *what)
{
	is_int(tmk_config_stream_check((const uint8_t *)bytes, len),
	       TMK_CONFIG_STREAM_BAD, "%s is not understood", what);
}

static void test_refused(void)
{
	refused("", 0, "nothing");
	refused("va.b", 4, "a name without an end");
	refused("vab\0c\0.", 7, "a name without a section");
	refused("v.b\0c\0.", 7, "an empty section");
	refused("va.\0c\0.", 7, "an empty key");
	refused("xa.b\0.", 6, "an unknown kind");
	refused("\0.", 2, "a NUL for a kind");
	refused("e", 1, "an error without a text");
	refused("etext\0", 6, "an error without a hint");
	refused("etext\0hint\0.", 12, "an error and more");
	is_int(tmk_config_stream_check((const uint8_t *)".", 1),
	       TMK_CONFIG_STREAM_KEEP, "an empty file is a file");
}

static void test_errors(void)
{
	struct tmk_buf b = TMK_BUF_INIT(4096);
	struct tmk_err err = TMK_ERR_INIT, back = TMK_ERR_INIT;

	fill(&b, true);
	tmk_err_set(&err, TMK_INTERNAL, "it is\033broken");
	tmk_err_hint(&err, "mend it");
	is_int(tmk_config_stream_fail(&b, &err), 0, "an error is made");
	is_int(tmk_config_stream_check(b.data, b.len),
	       TMK_CONFIG_STREAM_FAILED, "and understood");
	is_int(tmk_config_stream_error(b.data, &back), -1, "and told");
	is_int(back.code, TMK_USAGE, "as one of the configuration");
	is_str(back.text, err.text, "with its text");
	is_str(back.hint, "mend it", "and hint");
	err.hint[0] = '\0';
	is_int(tmk_config_stream_fail(&b, &err), 0, "one without a hint");
	tmk_config_stream_error(b.data, &back);
	is_str(back.hint, "", "has none");
	tmk_buf_release(&b);
}

static void test_what_is_kept(void)
{
	static const char *const secret[] = {
		"pkcs11:token=t?pin-value=1234", "pkcs11:token=t?PIN-VALUE=1",
		"http://user:word@proxy.example:3128", "socks5://u@h",
	};
	size_t i;

	for (i = 0; i < sizeof(secret) / sizeof(*secret); i++)
		ok(!tmk_config_stream_keeps("touchmark.a.uri", secret[i],
					    false), "%s is not kept",
		   secret[i]);
	ok(tmk_config_stream_keeps("touchmark.a.uri",
				   "pkcs11:token=t?pin-source=file:/p", false),
	   "where a PIN is may be kept");
	ok(tmk_config_stream_keeps("touchmark.a.userid", "A <a@b.example>",
				   false), "and an address");
	ok(!tmk_config_stream_keeps("include.path", "x", false),
	   "who includes others is not kept");
	ok(!tmk_config_stream_keeps("includeif.gitdir:/x.path", "x", false),
	   "on a condition neither");
	ok(!tmk_config_stream_keeps("touchmark.key", "x", true),
	   "nor what was included");
	ok(tmk_config_stream_wants("gpg", "gpg.x509.program") &&
	   tmk_config_stream_wants("gpg", "gpg.format") &&
	   tmk_config_stream_wants(NULL, "any.thing"), "a section is wanted");
	ok(!tmk_config_stream_wants("gpg", "gpgx.format") &&
	   !tmk_config_stream_wants("gpg", "gp.format"), "and no other");
}

int main(void)
{
	test_there_and_back();
	test_only_whole();
	test_refused();
	test_errors();
	test_what_is_kept();
	return tap_done();
}
