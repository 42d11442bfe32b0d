/*
 * test_git_pushcert.c - the grammar of push certificates: what git writes is
 * read, and nothing else is.
 */
#include <string.h>

#include "formats/git_object.h"
#include "formats/git_pushcert.h"
#include "t/unit/tap.h"

#define T(s) s, sizeof(s) - 1
#define M TMK_OBJECT_MALFORMED
#define S TMK_SIGNATURE_MALFORMED

#define C_VERSION "certificate version 0.1\n"
#define C_PUSHER "pusher Dev <dev@example.org> 1795240000 +0100\n"
#define C_PUSHEE "pushee ssh://git.example.org/p.git\n"
#define C_NONCE "nonce 1795240000-0123456789abcdef0123456789abcdef01234567\n"
#define C_HEAD C_VERSION C_PUSHER C_PUSHEE C_NONCE
#define Z40 "0000000000000000000000000000000000000000"
#define A40 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define C_LINE Z40 " " A40 " refs/heads/main\n"
#define C_ARMOUR "-----BEGIN SIGNED MESSAGE-----\nAAAA\n" \
	"-----END SIGNED MESSAGE-----\n"
#define C_GOOD C_HEAD "\n" C_LINE C_ARMOUR

static const struct bad {
	const char *name;
	enum tmk_reason reason;
	const char *text;
	size_t len;
} bads[] = {
	{ "empty", M, T("") },
	{ "a NUL", M, T(C_HEAD "\n" C_LINE "\0" C_ARMOUR) },
	{ "a NUL behind END", M, T(C_GOOD "\0") },
	{ "no version", M, T(C_PUSHER C_PUSHEE C_NONCE "\n" C_LINE
	  C_ARMOUR) },
	{ "version 0.2", M, T("certificate version 0.2\n" C_PUSHER "\n" C_LINE
	  C_ARMOUR) },
	{ "version 0.10", M, T("certificate version 0.10\n" C_PUSHER "\n"
	  C_LINE C_ARMOUR) },
	{ "no pusher", M, T(C_VERSION C_PUSHEE C_NONCE "\n" C_LINE
	  C_ARMOUR) },
	{ "a pusher without time", M, T(C_VERSION "pusher Dev\n\n" C_LINE
	  C_ARMOUR) },
	{ "a pusher without zone", M, T(C_VERSION "pusher Dev 1795240000\n\n"
	  C_LINE C_ARMOUR) },
	{ "a time with letters", M, T(C_VERSION "pusher D 17952x +0000\n\n"
	  C_LINE C_ARMOUR) },
	{ "a time too long", M, T(C_VERSION
	  "pusher D 1234567890123456 +0000\n\n" C_LINE C_ARMOUR) },
	{ "a zone too short", M, T(C_VERSION "pusher D 1 +000\n\n" C_LINE
	  C_ARMOUR) },
	{ "a zone without sign", M, T(C_VERSION "pusher D 1 00000\n\n" C_LINE
	  C_ARMOUR) },
	{ "two pushers", M, T(C_VERSION C_PUSHER C_PUSHER "\n" C_LINE
	  C_ARMOUR) },
	{ "two pushees", M, T(C_HEAD C_PUSHEE "\n" C_LINE C_ARMOUR) },
	{ "pushee twice in a row", M, T(C_VERSION C_PUSHER C_PUSHEE C_PUSHEE
	  C_NONCE "\n" C_LINE C_ARMOUR) },
	{ "two nonces", M, T(C_HEAD C_NONCE "\n" C_LINE C_ARMOUR) },
	{ "nonce before pushee", M, T(C_VERSION C_PUSHER C_NONCE C_PUSHEE "\n"
	  C_LINE C_ARMOUR) },
	{ "option before nonce", M, T(C_VERSION C_PUSHER "push-option x\n"
	  C_NONCE "\n" C_LINE C_ARMOUR) },
	{ "an unknown header", M, T(C_HEAD "shallow x\n\n" C_LINE
	  C_ARMOUR) },
	{ "a folded nonce", M, T(C_HEAD " more\n\n" C_LINE C_ARMOUR) },
	{ "a tab in the pushee", M, T(C_VERSION C_PUSHER "pushee a\tb\n\n"
	  C_LINE C_ARMOUR) },
	{ "a CR at the end of a line", M, T(C_VERSION
	  "pusher D 1 +0000\r\n\n" C_LINE C_ARMOUR) },
	{ "no empty line", M, T(C_HEAD C_LINE C_ARMOUR) },
	{ "no change", M, T(C_HEAD "\n" C_ARMOUR) },
	{ "an empty line between changes", M, T(C_HEAD "\n" C_LINE "\n" C_LINE
	  C_ARMOUR) },
	{ "an id too short", M, T(C_HEAD "\n" Z40 " aaaa refs/heads/main\n"
	  C_ARMOUR) },
	{ "an id in capitals", M, T(C_HEAD "\n" Z40
	  " AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA refs/heads/main\n"
	  C_ARMOUR) },
	{ "no ref", M, T(C_HEAD "\n" Z40 " " A40 " \n" C_ARMOUR) },
	{ "HEAD", M, T(C_HEAD "\n" Z40 " " A40 " HEAD\n" C_ARMOUR) },
	{ "refs/ alone", M, T(C_HEAD "\n" Z40 " " A40 " refs/\n" C_ARMOUR) },
	{ "a space in the ref", M, T(C_HEAD "\n" Z40 " " A40 " refs/heads/a b\n"
	  C_ARMOUR) },
	{ "two spaces", M, T(C_HEAD "\n" Z40 "  " A40 " refs/heads/a\n"
	  C_ARMOUR) },
	{ "an escape in the ref", M, T(C_HEAD "\n" Z40 " " A40
	  " refs/heads/\033[1m\n" C_ARMOUR) },
	{ "text before BEGIN", M, T(C_HEAD "\n" C_LINE "hello\n" C_ARMOUR) },
	{ "a line that is not closed", M, T(C_HEAD "\n" Z40 " " A40
	  " refs/heads/main") },
	{ "no signature", TMK_SIGNATURE_MISSING, T(C_HEAD "\n" C_LINE) },
	{ "text behind END", S, T(C_GOOD "x\n") },
	{ "an empty line behind END", S, T(C_GOOD "\n") },
	{ "two blocks", S, T(C_GOOD C_ARMOUR) },
	{ "no END", S, T(C_HEAD "\n" C_LINE
	  "-----BEGIN SIGNED MESSAGE-----\nAAAA\n") },
	{ "another END", S, T(C_HEAD "\n" C_LINE
	  "-----BEGIN SIGNED MESSAGE-----\nAAAA\n"
	  "-----END PGP SIGNATURE-----\n") },
};

static bool parse(struct tmk_git_pushcert *c, const char *text, size_t len,
		  size_t hex, struct tmk_verdict *v)
{
	return tmk_git_pushcert_parse(c, (const uint8_t *)text, len, hex, v);
}

static void test_bad(void)
{
	size_t i;

	for (i = 0; i < sizeof(bads) / sizeof(*bads); i++) {
		struct tmk_verdict v = TMK_VERDICT_INIT;
		struct tmk_git_pushcert c = { .commands = 77 };

		ok(!parse(&c, bads[i].text, bads[i].len, 40, &v),
		   "%s is refused", bads[i].name);
		is_str(tmk_reason_id(v.reason), tmk_reason_id(bads[i].reason),
		       "%s: %s", bads[i].name, v.text);
		is_int(c.commands, 77, "%s: nothing is given out",
		       bads[i].name);
	}
}

static void test_good(void)
{
	static const char two[] = C_VERSION "pusher SHA256:abc/+ 1 -1200\n"
		C_NONCE "push-option ci.skip\npush-option \n\n" C_LINE
		A40 " " Z40 " refs/tags/v1\n" C_ARMOUR;
	static const char plain[] = C_VERSION "pusher  1 +0000\n\n" C_LINE
		"-----BEGIN PGP SIGNATURE-----\n\nAAAA\n"
		"-----END PGP SIGNATURE-----\n";
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_git_pushcert_command k;
	struct tmk_git_pushcert c;
	struct tmk_span rest;

	ok(parse(&c, T(C_GOOD), 40, &v), "what git writes: %s", v.text);
	ok(tmk_span_is(c.pusher, "Dev <dev@example.org>"), "pusher");
	is_int(c.time, 1795240000, "time");
	ok(tmk_span_is(c.pushee, "ssh://git.example.org/p.git"), "pushee");
	is_int((long long)c.nonce.len, 51, "nonce");
	is_int(c.commands, 1, "one change");
	is_mem(c.payload.data, c.payload.len, T(C_HEAD "\n" C_LINE),
	       "what is signed");
	is_mem(c.signature.data, c.signature.len, T(C_ARMOUR), "by what");
	ok(parse(&c, T(two), 40, &v), "two changes, options, no pushee: %s",
	   v.text);
	is_int(c.options, 2, "two options");
	is_int((long long)c.pushee.len, 0, "no pushee");
	rest = c.lines;
	ok(tmk_git_pushcert_next(&k, &rest, &c) &&
	   tmk_span_is(k.ref, "refs/heads/main") &&
	   tmk_span_is(k.old, Z40) && tmk_span_is(k.new, A40), "the first");
	ok(tmk_git_pushcert_next(&k, &rest, &c) &&
	   tmk_span_is(k.ref, "refs/tags/v1") &&
	   tmk_span_is(k.old, A40) && tmk_span_is(k.new, Z40), "the second");
	ok(!tmk_git_pushcert_next(&k, &rest, &c), "no third");
	ok(parse(&c, T(plain), 40, &v), "no nonce, OpenPGP: %s", v.text);
	is_int((long long)c.nonce.len, 0, "no nonce");
	ok(!parse(&c, T(C_GOOD), 64, &v) && v.reason == M,
	   "SHA-1 ids in a SHA-256 repository");
}

static void test_bounds(void)
{
	static char text[6000];
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_git_pushcert c;
	size_t n;

	memcpy(text, T(C_HEAD "\n" Z40 " " A40 " refs/"));
	n = sizeof(C_HEAD "\n" Z40 " " A40 " refs/") - 1;
	memset(text + n, 'a', 4091);
	memcpy(text + n + 4091, T("\n" C_ARMOUR));
	ok(!parse(&c, text, n + 4091 + sizeof("\n" C_ARMOUR) - 1, 40, &v) &&
	   v.reason == M, "a ref of 4096 bytes");
	v = (struct tmk_verdict)TMK_VERDICT_INIT;
	memcpy(text + n + 4090, T("\n" C_ARMOUR));
	ok(parse(&c, text, n + 4090 + sizeof("\n" C_ARMOUR) - 1, 40, &v),
	   "a ref of 4095 bytes: %s", v.text);
}

int main(void)
{
	test_good();
	test_bad();
	test_bounds();
	return tap_done();
}
