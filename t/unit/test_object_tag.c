/*
 * test_object_tag.c - the tag grammar, and that nothing can stand behind or
 * beside its signature.
 */
#include <stdio.h>
#include <string.h>

#include "formats/git_object.h"
#include "t/unit/object_samples.h"
#include "t/unit/tap.h"

#define T(s) s, sizeof(s) - 1
#define M TMK_OBJECT_MALFORMED
#define S TMK_SIGNATURE_MALFORMED

static const struct bad {
	const char *name;
	enum tmk_reason reason;
	const char *text;
	size_t len;
} bads[] = {
	{ "empty", M, T("") },
	{ "NUL", M, T(S_TAG "\nshown\0hidden\n" S_ARMOUR) },
	{ "NUL behind END", M, T(S_TAG "\nshown\n" S_ARMOUR "\0") },
	{ "no object", M, T(S_TYPE S_NAME S_TAGGER S_MSG) },
	{ "two objects", M, T(S_OBJECT S_TAG S_MSG) },
	{ "object in capitals", M, T("object 4B825DC642CB6EB9A060E54BF8D69288"
	  "FBEE4904\n" S_TYPE S_NAME S_TAGGER S_MSG) },
	{ "type before object", M, T(S_TYPE S_OBJECT S_NAME S_TAGGER S_MSG) },
	{ "unknown type", M, T(S_OBJECT "type commits\n" S_NAME S_TAGGER
	  S_MSG) },
	{ "empty type", M, T(S_OBJECT "type \n" S_NAME S_TAGGER S_MSG) },
	{ "no name", M, T(S_OBJECT S_TYPE S_TAGGER S_MSG) },
	{ "two names", M, T(S_OBJECT S_TYPE S_NAME S_NAME S_TAGGER S_MSG) },
	{ "no tagger", M, T(S_OBJECT S_TYPE S_NAME S_MSG) },
	{ "two taggers", M, T(S_TAG S_TAGGER S_MSG) },
	{ "two e-mails", M, T(S_OBJECT S_TYPE S_NAME
	  "tagger A <a@b> <c@d> 1 +0000\n" S_MSG) },
	{ "an extra header", M, T(S_TAG "x y\n" S_MSG S_ARMOUR) },
	{ "gpgsig in a tag", M, T(S_TAG S_SIG S_MSG S_ARMOUR) },
	{ "gpgsig-sha256 in a tag", M, T(S_TAG S_SIG256 S_MSG S_ARMOUR) },
	{ "a folded tagger", M, T(S_TAG " x\n" S_MSG) },
	{ "no empty line", M, T(S_TAG) },
	{ "text behind END", S, T(S_TAG S_MSG S_ARMOUR "unsigned\n") },
	{ "an empty line behind END", S, T(S_TAG S_MSG S_ARMOUR "\n") },
	{ "no newline behind END", S, T(S_TAG S_MSG
	  "-----BEGIN SIGNED MESSAGE-----\nAAAA\n"
	  "-----END SIGNED MESSAGE-----") },
	{ "no END", S, T(S_TAG S_MSG "-----BEGIN SIGNED MESSAGE-----\nAA\n") },
	{ "another END", S, T(S_TAG S_MSG "-----BEGIN SIGNED MESSAGE-----\n"
	  "AAAA\n-----END PGP SIGNATURE-----\n") },
	{ "two blocks", S, T(S_TAG S_MSG S_ARMOUR S_ARMOUR) },
	{ "two blocks of two formats", S, T(S_TAG S_MSG
	  "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n"
	  "-----END PGP SIGNATURE-----\n" S_ARMOUR) },
	{ "a signed tag quoted above", S, T(S_TAG "\n"
	  "-----BEGIN SSH SIGNATURE-----\n" S_ARMOUR) },
	{ "text on the BEGIN line", S, T(S_TAG S_MSG
	  "-----BEGIN SIGNED MESSAGE-----x\nAAAA\n"
	  "-----END SIGNED MESSAGE-----\n") },
	{ "CRLF", S, T(S_TAG S_MSG "-----BEGIN SIGNED MESSAGE-----\r\nAAAA\r\n"
	  "-----END SIGNED MESSAGE-----\r\n") },
};

static const char *const bad_names[] = {
	"", "a b", " a", "a ", "-a", ".a", "a/.b", "a..b", "a.lock",
	"a.lock/b", "a/", "/a", "a//b", "a.", "@", "a@{b", "a~1", "a^", "a:b",
	"a?", "a*", "a[b", "a\\b", "a\tb", "a\033b", "a\177", "a\302\205b",
};

static const char *const good_names[] = {
	"v1", "v1.0-rc.1", "release/2026/11", "a@b", "\303\274", "a.locks",
	"a{b", "a-", "@a",
};

static bool parse_named(const char *name, struct tmk_verdict *v)
{
	struct tmk_git_tag t;
	char text[512];

	snprintf(text, sizeof(text), "%stag %s\n%s%s", S_OBJECT S_TYPE, name,
		 S_TAGGER, S_MSG);
	return tmk_git_tag_parse(&t, (uint8_t *)text, strlen(text), 0, v) &&
		tmk_span_is(t.name, name);
}

static void test_names(void)
{
	char name[TMK_GIT_NAME_MAX + 2];
	size_t i;

	for (i = 0; i < sizeof(bad_names) / sizeof(bad_names[0]); i++) {
		struct tmk_verdict v = TMK_VERDICT_INIT;

		ok(!parse_named(bad_names[i], &v) && v.reason == M,
		   "name %zu is refused: %s", i, v.text);
	}
	for (i = 0; i < sizeof(good_names) / sizeof(good_names[0]); i++) {
		struct tmk_verdict v = TMK_VERDICT_INIT;

		ok(parse_named(good_names[i], &v), "name %s is accepted",
		   good_names[i]);
	}
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	{
		struct tmk_verdict v = TMK_VERDICT_INIT;
		struct tmk_git_tag t;
		char text[2048];

		snprintf(text, sizeof(text), "%stag %s\n%s%s",
			 S_OBJECT S_TYPE, name, S_TAGGER, S_MSG);
		ok(!tmk_git_tag_parse(&t, (uint8_t *)text, strlen(text), 0,
				      &v) && v.reason == TMK_LIMIT_EXCEEDED,
		   "a name of %zu bytes is over the limit", strlen(name));
	}
}

static void test_fields(void)
{
	static const char text[] = S_TAG S_MSG S_ARMOUR;
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_git_tag t;

	if (!ok(tmk_git_tag_parse(&t, (const uint8_t *)text, sizeof(text) - 1,
				  40, &v), "a signed tag"))
		return;
	ok(tmk_span_is(t.object, S_ID2), "object");
	ok(tmk_span_is(t.type, "commit"), "type");
	ok(tmk_span_is(t.name, "v1.0"), "name");
	ok(tmk_span_is(t.tagger.name, "T Agger"), "tagger's name");
	ok(tmk_span_is(t.tagger.email, "tag@example.org"), "tagger's e-mail");
	is_int(t.tagger.time, 1700000002, "tagger's time");
	is_int(t.tagger.zone, 0, "tagger's zone");
	ok(tmk_span_is(t.message, &S_MSG[1]), "message without signature");
	ok(t.has_signature && tmk_span_is(t.signature, S_ARMOUR),
	   "signature to the end");
	ok(!tmk_git_tag_parse(&t, (const uint8_t *)text, sizeof(text) - 1,
			      64, &v), "refused where ids have 64 digits");
}

int main(void)
{
	size_t i;
	int n;

	for (n = 0; n < SAMPLES(sample_tags); n++) {
		struct tmk_verdict v = TMK_VERDICT_INIT;
		struct tmk_git_tag t;

		ok(tmk_git_tag_parse(&t, (const uint8_t *)sample_tags[n],
				     strlen(sample_tags[n]), 0, &v),
		   "sample %d is accepted %s", n, v.text);
	}
	test_fields();
	for (i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		struct tmk_verdict v = TMK_VERDICT_INIT;
		struct tmk_git_tag t, before;

		memset(&t, 0x5a, sizeof(t));
		memcpy(&before, &t, sizeof(t));
		ok(!tmk_git_tag_parse(&t, (const uint8_t *)bads[i].text,
				      bads[i].len, 0, &v) &&
		   v.reason == bads[i].reason && v.hint[0] &&
		   !memcmp(&before, &t, sizeof(t)),
		   "refused: %s (%s)", bads[i].name, v.text);
	}
	test_names();
	return tap_done();
}
