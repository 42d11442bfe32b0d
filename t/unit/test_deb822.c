/*
 * test_deb822.c - control paragraphs, their lists of files, and changed ones.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/deb822.h"
#include "t/unit/tap.h"

#define T(s) s, sizeof(s) - 1
#define MD5 "00112233445566778899aabbccddeeff"
#define SHA1 MD5 "01234567"
#define SHA256 MD5 MD5
#define SHA512 SHA256 SHA256
#define OTHER "ffeeddccbbaa99887766554433221100"

static struct tmk_deb822 p;

static bool parse(const char *text, size_t len, struct tmk_verdict *v)
{
	struct tmk_verdict verdict = TMK_VERDICT_INIT;
	bool good = tmk_deb822_parse(&p, (const uint8_t *)text, len, &verdict);

	*v = verdict;
	return good;
}

static const struct text {
	const char *name;
	const char *text;
	size_t len;
	int fields;		/* 0: refused */
} texts[] = {
	{ "one field", T("A: b\n"), 1 },
	{ "an empty field", T("A:\n"), 1 },
	{ "no blank", T("A:b\n"), 1 },
	{ "a continued field", T("A: b\n c\n\td\nE: f\n"), 2 },
	{ "empty lines behind", T("A: b\n\n\n"), 1 },
	{ "UTF-8", T("A: \xc3\xbc\n"), 1 },
	{ "a dot", T("A: b\n .\n c\n"), 1 },
	{ "nothing", T(""), 0 },
	{ "an empty line", T("\n"), 0 },
	{ "an empty line before", T("\nA: b\n"), 0 },
	{ "a second paragraph", T("A: b\n\nC: d\n"), 0 },
	{ "not closed", T("A: b"), 0 },
	{ "no colon", T("A b\n"), 0 },
	{ "no name", T(": b\n"), 0 },
	{ "a blank in the name", T("A b: c\n"), 0 },
	{ "a blank before the colon", T("A : c\n"), 0 },
	{ "a name that is not ASCII", T("\xc3\xbc: c\n"), 0 },
	{ "a comment", T("A: b\n#c: d\n"), 0 },
	{ "a dash", T("-A: b\n"), 0 },
	{ "armour", T("-----BEGIN PGP SIGNED MESSAGE-----\n\nA: b\n"), 0 },
	{ "the same field", T("A: b\nA: b\n"), 0 },
	{ "the same in small letters", T("Abc: b\nabC: b\n"), 0 },
	{ "a continued nothing", T(" b\nA: c\n"), 0 },
	{ "blanks alone", T("A: b\n  \n c\n"), 0 },
	{ "a tab alone", T("A: b\n\t\nC: d\n"), 0 },
	{ "CRLF", T("A: b\r\n"), 0 },
	{ "NUL", T("A: b\0\n"), 0 },
	{ "escape", T("A: \x1b[1m\n"), 0 },
	{ "form feed", T("A: b\n\f\n"), 0 },
	{ "DEL", T("A: \x7f\n"), 0 },
	{ "NEL", T("A: b\xc2\x85" "C: d\n"), 0 },
	{ "a line separator", T("A: b\xe2\x80\xa8" "C: d\n"), 0 },
	{ "a paragraph separator", T("A: b\xe2\x80\xa9\n"), 0 },
};

static void test_texts(void)
{
	struct tmk_verdict v;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		bool good = parse(texts[i].text, texts[i].len, &v);

		is_int(good ? p.fields : 0, texts[i].fields, "%s %s",
		       texts[i].name, v.text);
		ok(good || v.reason == TMK_OBJECT_MALFORMED, "its reason");
	}
}

static void test_fields(void)
{
	static const char text[] = "Source: x\nBinary: a\n b\nEmpty:\n";
	struct tmk_verdict v;
	struct tmk_span s;

	ok(parse(T(text), &v), "parsed");
	s = tmk_deb822_line(&p, "source");
	is_mem(s.data, s.len, "x", 1, "a line, found in any case");
	ok(!tmk_deb822_line(&p, "Binary").data, "several lines are none");
	ok(!tmk_deb822_line(&p, "Sourc").data, "another field");
	s = tmk_deb822_line(&p, "Empty");
	ok(s.data && !s.len, "an empty one");
	s = tmk_deb822_find(&p, "Binary")->value;
	is_mem(s.data, s.len, " a\n b", 5, "all of a value");
}

static void test_many(void)
{
	struct tmk_buf text = TMK_BUF_INIT(1 << 20);
	struct tmk_verdict v;
	int i;

	for (i = 0; i < TMK_DEB822_FIELDS; i++)
		if (tmk_buf_printf(&text, "F%d: x\n", i))
			abort();
	ok(parse(tmk_buf_str(&text), text.len, &v), "as many as may be");
	if (tmk_buf_addstr(&text, "G: x\n"))
		abort();
	ok(!parse(tmk_buf_str(&text), text.len, &v) &&
	   v.reason == TMK_LIMIT_EXCEEDED, "one more: %s", v.text);
	tmk_buf_release(&text);
}

static const struct list {
	const char *name;
	const char *text;
	size_t len;
	enum tmk_deb822_form form;
	int entries;		/* -1: refused */
} lists[] = {
	{ "dsc", T("Files:\n " MD5 " 5 a_1.tar.xz\n " MD5 " 0 b\n"),
	  TMK_DEB822_PLAIN, 2 },
	{ "none", T("Files:\n"), TMK_DEB822_PLAIN, 0 },
	{ "blanks", T("Files: \n  " MD5 "  5\ta \n"), TMK_DEB822_PLAIN, 1 },
	{ "changes", T("Files:\n " MD5 " 5 net optional a\n"),
	  TMK_DEB822_CHANGES, 1 },
	{ "changes, sums", T("Checksums-Sha256:\n " SHA256 " 5 a\n"),
	  TMK_DEB822_CHANGES, 1 },
	{ "Release", T("SHA256:\n " SHA256 "   77 main/binary-all/P.gz\n"),
	  TMK_DEB822_PATHS, 1 },
	{ "SHA512", T("SHA512:\n " SHA512 " 1 a\n"), TMK_DEB822_PATHS, 1 },
	{ "sections elsewhere", T("Checksums-Sha1:\n " SHA1 " 5 net x a\n"),
	  TMK_DEB822_CHANGES, -1 },
	{ "sections in a dsc", T("Files:\n " MD5 " 5 net optional a\n"),
	  TMK_DEB822_PLAIN, -1 },
	{ "text at once", T("Files: " MD5 " 5 a\n"), TMK_DEB822_PLAIN, -1 },
	{ "no list", T("Source:\n " MD5 " 5 a\n"), TMK_DEB822_PLAIN, -1 },
	{ "a short hash", T("SHA256:\n " MD5 " 5 a\n"), TMK_DEB822_PATHS, -1 },
	{ "capital digits", T("Files:\n 00112233445566778899AABBCCDDEEFF 5 a"
			      "\n"), TMK_DEB822_PLAIN, -1 },
	{ "two words", T("Files:\n " MD5 " a\n"), TMK_DEB822_PLAIN, -1 },
	{ "four words", T("Files:\n " MD5 " 5 a b\n"), TMK_DEB822_CHANGES,
	  -1 },
	{ "six words", T("Files:\n " MD5 " 5 a b c d\n"), TMK_DEB822_CHANGES,
	  -1 },
	{ "a size of letters", T("Files:\n " MD5 " 5x a\n"), TMK_DEB822_PLAIN,
	  -1 },
	{ "a size below zero", T("Files:\n " MD5 " -5 a\n"), TMK_DEB822_PLAIN,
	  -1 },
	{ "a zero in front", T("Files:\n " MD5 " 05 a\n"), TMK_DEB822_PLAIN,
	  -1 },
	{ "a huge size", T("Files:\n " MD5 " 1000000000000000000 a\n"),
	  TMK_DEB822_PLAIN, -1 },
	{ "a path", T("Files:\n " MD5 " 5 a/b\n"), TMK_DEB822_PLAIN, -1 },
	{ "up", T("Files:\n " MD5 " 5 ..\n"), TMK_DEB822_PLAIN, -1 },
	{ "here", T("Files:\n " MD5 " 5 .\n"), TMK_DEB822_PLAIN, -1 },
	{ "up in a path", T("SHA1:\n " SHA1 " 5 a/../b\n"), TMK_DEB822_PATHS,
	  -1 },
	{ "from the root", T("SHA1:\n " SHA1 " 5 /etc/x\n"), TMK_DEB822_PATHS,
	  -1 },
	{ "an empty part", T("SHA1:\n " SHA1 " 5 a//b\n"), TMK_DEB822_PATHS,
	  -1 },
	{ "a slash at the end", T("SHA1:\n " SHA1 " 5 a/\n"),
	  TMK_DEB822_PATHS, -1 },
	{ "not ASCII", T("Files:\n " MD5 " 5 \xc3\xbc\n"), TMK_DEB822_PLAIN,
	  -1 },
	{ "twice", T("Files:\n " MD5 " 5 a\n " MD5 " 5 b\n " OTHER " 6 a\n"),
	  TMK_DEB822_PLAIN, -1 },
};

/* The list that is the first field. */
static int read_list(struct tmk_deb822_list *list, const struct list *l,
		     struct tmk_verdict *v)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_verdict verdict = TMK_VERDICT_INIT;

	if (!parse(l->text, l->len, v))
		abort();
	if (tmk_deb822_list_read(list, &p.field[0], l->form, &verdict, &err))
		abort();
	*v = verdict;
	return verdict.reason == TMK_GOOD ? list->entries : -1;
}

static void test_lists(void)
{
	struct tmk_deb822_list list;
	struct tmk_verdict v;
	size_t i;

	tmk_deb822_list_init(&list);
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		int n = read_list(&list, &lists[i], &v);

		is_int(n, lists[i].entries, "list: %s %s", lists[i].name,
		       v.text);
		ok(n >= 0 || v.reason == TMK_OBJECT_MALFORMED, "its reason");
	}
	is_int(read_list(&list, &lists[3], &v), 1, "of a changes file");
	is_mem(list.entry[0].section.data, list.entry[0].section.len, "net",
	       3, "the section");
	is_mem(list.entry[0].priority.data, list.entry[0].priority.len,
	       "optional", 8, "the priority");
	is_int((long long)list.entry[0].bytes, 5, "the size");
	ok(tmk_deb822_list_find(&list, "a", 1) == &list.entry[0], "found");
	ok(!tmk_deb822_list_find(&list, "ab", 2), "not found");
	tmk_deb822_list_release(&list);
}

static void update(const char *text, size_t len, const char *want,
		   enum tmk_deb822_form form, int changes, const char *name)
{
	static const struct tmk_deb822_file files[] = {
		{ "a.dsc", 1234, { "", OTHER, OTHER "01234567",
				   OTHER OTHER, "" } },
		{ "b", 7, { "", OTHER, "", "", "" } },
	};
	struct tmk_buf out = TMK_BUF_INIT(1 << 16);
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_verdict v = TMK_VERDICT_INIT;
	int changed = -1, rc;

	if (!parse(text, len, &v))
		abort();
	if (tmk_buf_addstr(&out, "x"))
		abort();
	rc = tmk_deb822_update(&out, &changed, &p, form, files, 2, &v, &err);
	if (want) {
		ok(!rc && v.reason == TMK_GOOD, "%s: updated %s%s", name,
		   err.text, v.text);
		is_str(tmk_buf_str(&out) + 1, want, "%s: the text", name);
		is_int(changed, changes, "%s: entries changed", name);
	} else {
		ok(rc || v.reason != TMK_GOOD, "%s: refused %s%s", name,
		   err.text, v.text);
		is_int((long long)out.len, 1, "%s: nothing added", name);
		is_int(changed, -1, "%s: nothing told", name);
	}
	tmk_buf_release(&out);
}

static void test_update(void)
{
	update(T("A: b\nFiles:\n  " MD5 "\t9  net x\ta.dsc \n " MD5
		 " 9 net x aa.dsc\nChecksums-Sha256:\n " SHA256 " 9 a.dsc\n"
		 "Z:\n " MD5 " 9 a.dsc\n\n"),
	       "A: b\nFiles:\n  " OTHER "\t1234  net x\ta.dsc \n " MD5
	       " 9 net x aa.dsc\nChecksums-Sha256:\n " OTHER OTHER
	       " 1234 a.dsc\nZ:\n " MD5 " 9 a.dsc\n\n", TMK_DEB822_CHANGES, 2,
	       "changes");
	update(T("Files:\n " OTHER " 1234 a.dsc\n " MD5 " 7 b\n"),
	       "Files:\n " OTHER " 1234 a.dsc\n " OTHER " 7 b\n",
	       TMK_DEB822_PLAIN, 1, "one is right already");
	update(T("A: b\n"), "A: b\n", TMK_DEB822_PLAIN, 0, "no list");
	update(T("SHA1:\n " SHA1 " 7 b\n"), NULL, TMK_DEB822_PATHS, 0,
	       "a hash that is not known");
	update(T("Files:\n " MD5 " 7 b\nSHA1:\n " MD5 " 7 b\n"), NULL,
	       TMK_DEB822_PLAIN, 0, "a broken list behind a good one");
}

int main(void)
{
	test_texts();
	test_fields();
	test_many();
	test_lists();
	test_update();
	return tap_done();
}
