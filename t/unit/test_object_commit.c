/*
 * test_object_commit.c - the commit grammar: what it reads, and every way in
 * which it must refuse.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/git_object.h"
#include "t/unit/object_samples.h"
#include "t/unit/tap.h"

#define T(s) s, sizeof(s) - 1
#define REPEAT4(s) s s s s
#define LONG16 "0123456789abcdef"
#define LONG1024 REPEAT4(REPEAT4(REPEAT4(LONG16)))

struct bad {
	const char *name;
	const char *text;
	size_t len;
	const char *says;	/* a piece of the refusal's text */
};

static const struct bad bads[] = {
	{ "empty", T(""), "no empty line" },
	{ "NUL and a hidden tail", T(S_HEAD S_SIG "\nshown\n\0hidden\n"),
	  "NUL" },
	{ "NUL in the author", T(S_TREE "author A\0B <a@b> 1 +0000\n"
	  S_COMMITTER S_MSG), "NUL" },
	{ "no tree", T(S_PARENT S_AUTHOR S_COMMITTER S_MSG), "tree" },
	{ "two trees", T(S_TREE S_TREE S_AUTHOR S_COMMITTER S_MSG), "author" },
	{ "parent before tree", T(S_PARENT S_TREE S_AUTHOR S_COMMITTER S_MSG),
	  "tree" },
	{ "parent after author", T(S_TREE S_AUTHOR S_PARENT S_COMMITTER S_MSG),
	  "committer" },
	{ "parent after committer", T(S_HEAD S_PARENT S_SIG S_MSG),
	  "out of place" },
	{ "two authors", T(S_TREE S_AUTHOR S_AUTHOR S_COMMITTER S_MSG),
	  "committer" },
	{ "two committers", T(S_HEAD S_COMMITTER S_SIG S_MSG),
	  "out of place" },
	{ "a second author below", T(S_HEAD S_SIG S_AUTHOR S_MSG),
	  "out of place" },
	{ "a second tree below", T(S_HEAD S_SIG S_TREE S_MSG),
	  "out of place" },
	{ "the author in capitals", T(S_HEAD S_SIG "Author x\n" S_MSG),
	  "out of place" },
	{ "committer before author", T(S_TREE S_COMMITTER S_AUTHOR S_MSG),
	  "author" },
	{ "no committer", T(S_TREE S_AUTHOR S_MSG), "committer" },
	{ "no empty line", T(S_HEAD), "empty line" },
	{ "no newline at all", T("tree " S_ID), "empty line" },
	{ "last header cut", T(S_HEAD "gpgsig x"), "empty line" },
	{ "short id", T("tree 4b825dc\n" S_AUTHOR S_COMMITTER S_MSG),
	  "object id" },
	{ "id in capitals", T("tree 4B825DC642CB6EB9A060E54BF8D69288FBEE4904\n"
	  S_AUTHOR S_COMMITTER S_MSG), "object id" },
	{ "id and a space", T("tree " S_ID " \n" S_AUTHOR S_COMMITTER S_MSG),
	  "object id" },
	{ "ids of two lengths", T(S_TREE "parent " S_ID64 "\n" S_AUTHOR
	  S_COMMITTER S_MSG), "another length" },
	{ "a folded tree", T(S_TREE " x\n" S_AUTHOR S_COMMITTER S_MSG),
	  "folded" },
	{ "a folded committer", T(S_HEAD " x\n" S_SIG S_MSG), "folded" },
	{ "a carriage return in a header", T(S_TREE "author A <a@b> 1 +0000\r"
	  "\n" S_COMMITTER S_MSG), "control character" },
	{ "encoding twice", T(S_HEAD "encoding x\nencoding y\n" S_MSG),
	  "encoding" },
	{ "encoding after the signature", T(S_HEAD S_SIG "encoding x\n" S_MSG),
	  "encoding" },
	{ "encoding after mergetag", T(S_HEAD S_MERGETAG "encoding x\n" S_MSG),
	  "encoding" },
	{ "empty encoding", T(S_HEAD "encoding \n" S_MSG), "encoding" },
	{ "encoding with a space", T(S_HEAD "encoding a b\n" S_MSG),
	  "encoding" },
	{ "an encoding in which letters mean others",
	  T(S_HEAD "encoding UTF-7\n" S_MSG), "encoding UTF-7" },
	{ "an encoding of two bytes", T(S_HEAD "encoding utf-16\n" S_MSG),
	  "encoding" },
	{ "one that reads escapes", T(S_HEAD "encoding C99\n" S_MSG),
	  "encoding" },
	{ "an encoding with a flag of iconv",
	  T(S_HEAD "encoding UTF-8//IGNORE\n" S_MSG), "encoding" },
	{ "a family with too many digits",
	  T(S_HEAD "encoding ISO-8859-123\n" S_MSG), "encoding" },
	{ "a family without its digits",
	  T(S_HEAD "encoding windows-125\n" S_MSG), "encoding" },
	{ "folded encoding", T(S_HEAD "encoding a\n b\n" S_MSG), "encoding" },
	{ "mergetag after the signature", T(S_HEAD S_SIG S_MERGETAG S_MSG),
	  "mergetag" },
	{ "mergetag of one line", T(S_HEAD "mergetag object " S_ID "\n" S_MSG),
	  "mergetag" },
	{ "mergetag of nothing", T(S_HEAD "mergetag \n x\n" S_MSG),
	  "mergetag" },
	{ "two signatures", T(S_HEAD S_SIG S_SIG S_MSG), "two signatures" },
	{ "gpgsig-evil", T(S_HEAD S_SIG "gpgsig-evil x\n" S_MSG),
	  "gpgsig-evil" },
	{ "gpgsigx before", T(S_HEAD "gpgsigx y\n" S_SIG S_MSG), "gpgsigx" },
	{ "GPGSIG", T(S_HEAD S_SIG "GPGSIG x\n" S_MSG), "GPGSIG" },
	{ "gpgsig beside gpgsig-sha256", T(S_HEAD S_SIG S_SIG256 S_MSG),
	  "gpgsig-sha256" },
	{ "gpgsig-sha256 alone in SHA-1", T(S_HEAD S_SIG256 S_MSG),
	  "gpgsig-sha256" },
	{ "gpgsig in SHA-256", T("tree " S_ID64 "\n" S_AUTHOR S_COMMITTER
	  S_SIG S_MSG), "gpgsig" },
	{ "gpgsig without a value", T(S_HEAD "gpgsig\n" S_MSG), "name or a" },
	{ "signature before the committer", T(S_TREE S_AUTHOR S_SIG
	  S_COMMITTER S_MSG), "committer" },
	{ "unknown header, unsigned", T(S_HEAD "change-id x\n" S_MSG),
	  "no signature covers" },
	{ "unknown header twice", T(S_HEAD S_SIG "x 1\nx 2\n" S_MSG),
	  "twice" },
	{ "unknown header before encoding", T(S_HEAD "x 1\nencoding y\n" S_SIG
	  S_MSG), "encoding" },
	{ "unknown header without a value", T(S_HEAD S_SIG "x\n" S_MSG),
	  "name or a" },
	{ "header without a name", T(S_HEAD S_SIG "x 1\n" "\tx 2\n" S_MSG),
	  "control character" },
	{ "escape in an unknown header", T(S_HEAD S_SIG "x \033[2J\n" S_MSG),
	  "control character" },
	{ "carriage return in one", T(S_HEAD S_SIG "x y\r\n" S_MSG),
	  "control character" },
};

static const char *const bad_idents[] = {
	"", "A", "A <a@b>", "A <a@b> 1", "A <a@b> 1 ", "<a@b> 1 +0000",
	"A<a@b> 1 +0000", "A <a@b>1 +0000", "A <a@b>  1 +0000",
	"A <a@b> 1  +0000", "A <a@b> 1 +0000 ", "A <a@b> 1 0000",
	"A <a@b> 1 +000", "A <a@b> 1 +00000", "A <a@b> 1 +00x0",
	"A <a@b> 1 +1500", "A <a@b> 1 +0060", "A <a@b> 01 +0000",
	"A <a@b> -1 +0000", "A <a@b> +1 +0000", "A <a@b> 1.0 +0000",
	"A <a@b> 0x1 +0000", "A <a@b> 9007199254740993 +0000",
	"A <a@b> 18446744073709551617 +0000", "A <a@b>  +0000",
	"A <a@b> <c@d> 1 +0000", "A <a@b> x <c@d> 1 +0000",
	"A <a@b>> 1 +0000", "A <<a@b> 1 +0000", "A > <a@b> 1 +0000",
	"A <a@b> 1 +0000>", "A <a@b c> 1 +0000", "A <a@b 1 +0000",
	"A a@b> 1 +0000", "A\t <a@b> 1 +0000", "A\001 <a@b> 1 +0000",
	"A <a@b\177> 1 +0000", "A\302\205 <a@b> 1 +0000",
	"A <a\033@b> 1 +0000", "A <.a@b> 1 +0000", "A <a@b,> 1 +0000",
	"A <\"a\"@b;> 1 +0000", "A <'a@b'> 1 +0000",
	"A <a@b> 1\t+0000", "A <a@b> \0131 +0000",
};

static void test_bads(void)
{
	size_t i;

	for (i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		struct tmk_verdict v = TMK_VERDICT_INIT;
		struct tmk_git_commit c, before;

		memset(&c, 0x5a, sizeof(c));
		memcpy(&before, &c, sizeof(c));
		ok(!tmk_git_commit_parse(&c, (const uint8_t *)bads[i].text,
					 bads[i].len, 0, &v) &&
		   v.reason == TMK_OBJECT_MALFORMED &&
		   strstr(v.text, bads[i].says) && v.hint[0] &&
		   !memcmp(&before, &c, sizeof(c)),
		   "refused: %s (%s)", bads[i].name, v.text);
	}
}

static void test_idents(void)
{
	char text[512];
	size_t i;
	int who;

	for (i = 0; i < sizeof(bad_idents) / sizeof(bad_idents[0]); i++) {
		for (who = 0; who < 2; who++) {
			struct tmk_verdict v = TMK_VERDICT_INIT;
			struct tmk_git_commit c;

			snprintf(text, sizeof(text), "%s%s%s\n%s%s", S_TREE,
				 who ? S_AUTHOR "committer " : "author ",
				 bad_idents[i], who ? "" : S_COMMITTER, S_MSG);
			ok(!tmk_git_commit_parse(&c, (uint8_t *)text,
						 strlen(text), 0, &v) &&
			   v.reason == TMK_OBJECT_MALFORMED,
			   "%s %zu refused: %s", who ? "committer" : "author",
			   i, v.text);
		}
	}
}

static void expect_limit(const char *name, const char *head, int repeats,
			 const char *fmt, const char *tail)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_git_commit c;
	size_t room = 1 << 18, at;
	char *text = malloc(room);
	int i;

	if (!text)
		abort();
	at = (size_t)snprintf(text, room, "%s", head);
	for (i = 0; i < repeats; i++) {
		char line[2048];

		snprintf(line, sizeof(line), "%s", fmt);
		/* Numbered, so that the repetition is not what is refused. */
		if (line[0] == 'x')
			snprintf(line, sizeof(line), "x%d 1\n", i);
		at += (size_t)snprintf(text + at, room - at, "%s", line);
	}
	at += (size_t)snprintf(text + at, room - at, "%s", tail);
	ok(at < room && !tmk_git_commit_parse(&c, (uint8_t *)text, at, 0, &v) &&
	   v.reason == TMK_LIMIT_EXCEEDED, "limit: %s (%s)", name, v.text);
	free(text);
}

static void test_limits(void)
{
	expect_limit("parents", S_TREE, TMK_GIT_PARENTS_MAX + 1, S_PARENT,
		     S_AUTHOR S_COMMITTER S_MSG);
	expect_limit("unknown headers", S_HEAD S_SIG, TMK_GIT_OTHERS_MAX + 1,
		     "x", S_MSG);
	expect_limit("a long author", S_TREE "author ", 5, LONG1024,
		     " <a@b> 1 +0000\n" S_COMMITTER S_MSG);
	expect_limit("a long unknown header", S_HEAD S_SIG "y ", 65, LONG1024,
		     "\n" S_MSG);
}

static bool span_is(struct tmk_span s, const char *want)
{
	return s.len == strlen(want) && !memcmp(s.data, want, s.len);
}

static void test_fields(void)
{
	static const char text[] = S_TREE S_PARENT "parent " S_ID3 "\n"
		S_AUTHOR S_COMMITTER "encoding ISO-8859-1\n" S_MERGETAG S_SIG
		"change-id abc\n" S_MSG;
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_git_commit c;

	if (!ok(tmk_git_commit_parse(&c, (const uint8_t *)text,
				     sizeof(text) - 1, 40, &v) &&
		v.reason == TMK_GOOD, "a commit with everything"))
		return;
	ok(span_is(c.tree, S_ID), "tree");
	is_int(c.parents, 2, "two parents");
	ok(span_is(tmk_git_commit_parent(&c, 0), S_ID2), "first parent");
	ok(span_is(tmk_git_commit_parent(&c, 1), S_ID3), "second parent");
	ok(span_is(c.author.name, "A U Thor"), "author's name");
	ok(span_is(c.author.email, "author@example.org"), "author's e-mail");
	is_int(c.author.time, 1700000000, "author's time");
	is_int(c.author.zone, 60, "author's zone");
	ok(span_is(c.committer.email, "dev@example.org"), "committer");
	is_int(c.committer.time, 1700000001, "committer's time");
	is_int(c.committer.zone, -210, "committer's zone");
	ok(span_is(c.encoding, "ISO-8859-1"), "encoding");
	is_int(c.mergetags, 1, "one mergetag");
	is_int(c.others, 1, "one unknown header");
	ok(c.has_signature && span_is(c.signature, S_SIG), "signature");
	ok(span_is(c.message, &S_MSG[1]), "message");
	ok(!tmk_git_commit_parse(&c, (const uint8_t *)text, sizeof(text) - 1,
				 64, &v), "refused where ids have 64 digits");
}

int main(void)
{
	int i;

	for (i = 0; i < SAMPLES(sample_commits); i++) {
		struct tmk_verdict v = TMK_VERDICT_INIT;
		struct tmk_git_commit c;

		ok(tmk_git_commit_parse(&c, (const uint8_t *)sample_commits[i],
					strlen(sample_commits[i]), 0, &v),
		   "sample %d is accepted %s", i, v.text);
	}
	test_fields();
	test_bads();
	test_idents();
	test_limits();
	return tap_done();
}
