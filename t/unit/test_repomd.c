/*
 * test_repomd.c - which files a repomd.xml names, and what is no repomd.xml.
 */
#include <stdlib.h>
#include <string.h>

#include "formats/repomd.h"
#include "t/unit/tap.h"

#define NS "xmlns=\"http://linux.duke.edu/metadata/repo\""
#define A16 "0123456789abcdef"
#define SUM A16 A16 A16 A16
#define DATA(x) "<data type=\"primary\"><checksum type=\"sha256\">" SUM \
	"</checksum><location href=\"repodata/p.xml.gz\"/>" x "</data>"
#define DOC(x) "<repomd " NS ">" x "</repomd>"

static struct tmk_repomd *read_text(const char *text, struct tmk_verdict *v)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_repomd *md = NULL;

	*v = (struct tmk_verdict)TMK_VERDICT_INIT;
	if (tmk_repomd_read(&md, (const uint8_t *)text, strlen(text), v, &err))
		abort();
	return md;
}

static void test_good(void)
{
	static const char text[] =
		"<?xml version='1.0' encoding=\"utf-8\" standalone='yes'?>\n"
		"<!-- made -->\n"
		"<repomd " NS " xmlns:rpm='http://x'>\n"
		" <revision>7 &amp; more</revision>\n"
		" <tags><content>a<!-- x --></content></tags>\n"
		" <data type=\"primary\">\n"
		"  <checksum type=\"sha256\"> " SUM "\n</checksum>\n"
		"  <open-checksum type=\"sha256\">zz</open-checksum>\n"
		"  <location href=\"repodata/p.xml.gz\" />\n"
		"  <size>134</size><timestamp>x</timestamp>\n"
		" </data>\n"
		" <data type='other'><location xml:base='http://x/' "
		"href='o.gz'></location><checksum type='sha512'>" SUM SUM
		"</checksum></data>\n"
		"</repomd>\n<!-- end -->\n";
	struct tmk_verdict v;
	struct tmk_repomd *md = read_text(text, &v);

	ok(md && v.reason == TMK_GOOD, "a good one is read");
	if (!md) {
		diag("%s", v.text);
		return;
	}
	is_int(md->files, 2, "two files");
	is_str(md->file[0].type, "primary", "type");
	is_str(md->file[0].href, "repodata/p.xml.gz", "href");
	is_str(md->file[0].algorithm, "sha256", "algorithm");
	is_str(md->file[0].checksum, SUM, "checksum");
	ok(md->file[0].sized && md->file[0].size == 134, "size");
	ok(!md->file[0].elsewhere && md->file[1].elsewhere,
	       "xml:base is another place");
	ok(!md->file[1].sized, "a size may be left out");
	free(md);
}

static const struct {
	const char *name;
	const char *text;
	enum tmk_reason reason;
} bads[] = {
	{ "empty", "", TMK_OBJECT_MALFORMED },
	{ "no element", "<?xml version='1.0'?>", TMK_OBJECT_MALFORMED },
	{ "no file", DOC(""), TMK_OBJECT_MALFORMED },
	{ "another root", "<repomx " NS ">" DATA("") "</repomx>",
	  TMK_OBJECT_MALFORMED },
	{ "a root with a prefix", "<r:repomd " NS ">" DATA("")
	  "</r:repomd>", TMK_OBJECT_MALFORMED },
	{ "no namespace", "<repomd>" DATA("") "</repomd>",
	  TMK_OBJECT_MALFORMED },
	{ "another namespace", "<repomd xmlns='x'>" DATA("") "</repomd>",
	  TMK_OBJECT_MALFORMED },
	{ "a second namespace", DOC(DATA("") "<tags xmlns='x'/>"),
	  TMK_OBJECT_MALFORMED },
	{ "a document type", "<!DOCTYPE x>" DOC(DATA("")),
	  TMK_OBJECT_MALFORMED },
	{ "CDATA", DOC(DATA("<size><![CDATA[1]]></size>")),
	  TMK_OBJECT_MALFORMED },
	{ "a processing instruction", DOC("<?php ?>" DATA("")),
	  TMK_OBJECT_MALFORMED },
	{ "another encoding", "<?xml version='1.0' encoding='UTF-7'?>"
	  DOC(DATA("")), TMK_OBJECT_MALFORMED },
	{ "another version", "<?xml version='1.1'?>" DOC(DATA("")),
	  TMK_OBJECT_MALFORMED },
	{ "bytes that are no UTF-8", DOC("\xff" DATA("")),
	  TMK_OBJECT_MALFORMED },
	{ "a control character", DOC("\x01" DATA("")), TMK_OBJECT_MALFORMED },
	{ "an entity in an attribute", DOC("<data type='&x;'>" "</data>"),
	  TMK_OBJECT_MALFORMED },
	{ "an escape in an href", DOC("<data type='a'><checksum "
	  "type='sha256'>" SUM "</checksum><location href='a&amp;b'/></data>"),
	  TMK_OBJECT_MALFORMED },
	{ "an attribute twice", DOC("<data type='a' type='b'/>"),
	  TMK_OBJECT_MALFORMED },
	{ "an attribute without quotes", DOC("<data type=a/>"),
	  TMK_OBJECT_MALFORMED },
	{ "a < in an attribute", DOC("<data type='<'/>"),
	  TMK_OBJECT_MALFORMED },
	{ "no end", "<repomd " NS ">" DATA(""), TMK_OBJECT_MALFORMED },
	{ "half a tag", "<repomd " NS, TMK_OBJECT_MALFORMED },
	{ "an end too much", DOC(DATA("")) "</repomd>", TMK_OBJECT_MALFORMED },
	{ "a second root", DOC(DATA("")) DOC(DATA("")), TMK_OBJECT_MALFORMED },
	{ "text behind it", DOC(DATA("")) "x", TMK_OBJECT_MALFORMED },
	{ "text among the files", DOC("x" DATA("")), TMK_OBJECT_MALFORMED },
	{ "text in a file", DOC(DATA("x")), TMK_OBJECT_MALFORMED },
	{ "elements that cross", DOC("<tags><a></tags></a>" DATA("")),
	  TMK_OBJECT_MALFORMED },
	{ "a comment inside of a checksum", DOC("<data type='a'><checksum "
	  "type='sha256'>" A16 "<!-- -->" A16 A16 A16
	  "</checksum><location href='a'/></data>"), TMK_OBJECT_MALFORMED },
	{ "two dashes in a comment", DOC("<!-- -- -->" DATA("")),
	  TMK_OBJECT_MALFORMED },
	{ "an element inside of a checksum", DOC("<data type='a'><checksum "
	  "type='sha256'><b/>" SUM "</checksum><location href='a'/></data>"),
	  TMK_OBJECT_MALFORMED },
	{ "no checksum", DOC("<data type='a'><location href='a'/></data>"),
	  TMK_OBJECT_MALFORMED },
	{ "no location", DOC("<data type='a'><checksum type='sha256'>" SUM
	  "</checksum></data>"), TMK_OBJECT_MALFORMED },
	{ "two checksums", DOC(DATA("<checksum type='sha256'>" SUM
	  "</checksum>")), TMK_OBJECT_MALFORMED },
	{ "two locations", DOC(DATA("<location href='b'/>")),
	  TMK_OBJECT_MALFORMED },
	{ "two sizes", DOC(DATA("<size>1</size><size>1</size>")),
	  TMK_OBJECT_MALFORMED },
	{ "a size that is none", DOC(DATA("<size>-1</size>")),
	  TMK_OBJECT_MALFORMED },
	{ "a size past all files", DOC(DATA("<size>1234567890123456789"
	  "</size>")), TMK_OBJECT_MALFORMED },
	{ "a checksum of other length", DOC("<data type='a'><checksum "
	  "type='sha512'>" SUM "</checksum><location href='a'/></data>"),
	  TMK_OBJECT_MALFORMED },
	{ "a checksum in capitals", DOC("<data type='a'><checksum "
	  "type='sha256'>" A16 A16 A16 "0123456789ABCDEF</checksum><location "
	  "href='a'/></data>"), TMK_OBJECT_MALFORMED },
	{ "an unknown checksum", DOC("<data type='a'><checksum "
	  "type='crc'>" SUM "</checksum><location href='a'/></data>"),
	  TMK_OBJECT_MALFORMED },
	{ "a weak checksum", DOC("<data type='a'><checksum type='sha'>" SUM
	  "</checksum><location href='a'/></data>"), TMK_DIGEST_WEAK },
	{ "no type", DOC("<data><checksum type='sha256'>" SUM
	  "</checksum><location href='a'/></data>"), TMK_OBJECT_MALFORMED },
};

static void test_bad(void)
{
	struct tmk_verdict v;
	size_t i;

	for (i = 0; i < sizeof(bads) / sizeof(*bads); i++) {
		struct tmk_repomd *md = read_text(bads[i].text, &v);

		ok(!md && v.reason == bads[i].reason && v.text[0] &&
		       v.hint[0], "%s", bads[i].name);
		free(md);
	}
}

/* What repeats until it is too much. */
static void test_limits(void)
{
	static const struct {
		const char *before, *each, *after;
		int times;
		enum tmk_reason reason;
		const char *name;
	} l[] = {
		{ "<repomd " NS ">", DATA(""), "</repomd>", TMK_REPOMD_FILES,
		  TMK_GOOD, "as many files as there may be" },
		{ "<repomd " NS ">", DATA(""), "</repomd>",
		  TMK_REPOMD_FILES + 1, TMK_LIMIT_EXCEEDED, "one more" },
		{ "<repomd " NS ">", "<a>", "", TMK_REPOMD_DEPTH,
		  TMK_OBJECT_MALFORMED, "elements that lie too deep" },
		{ "<repomd " NS ">", "          ", DATA("") "</repomd>",
		  TMK_REPOMD_MAX / 10, TMK_LIMIT_EXCEEDED, "too many bytes" },
	};
	size_t i;

	for (i = 0; i < sizeof(l) / sizeof(*l); i++) {
		size_t n = strlen(l[i].before) + strlen(l[i].after) +
			strlen(l[i].each) * (size_t)l[i].times + 1;
		char *text = malloc(n), *p = text;
		struct tmk_repomd *md;
		struct tmk_verdict v;
		int k;

		if (!text)
			abort();
		p = stpcpy(p, l[i].before);
		for (k = 0; k < l[i].times; k++)
			p = stpcpy(p, l[i].each);
		stpcpy(p, l[i].after);
		md = read_text(text, &v);
		ok(v.reason == l[i].reason && !md == !!v.reason, "%s",
		       l[i].name);
		free(md);
		free(text);
	}
}

static bool is(const char *head)
{
	return tmk_repomd_is((const uint8_t *)head, strlen(head));
}

static void test_is(void)
{
	ok(is("<repomd xmlns="), "a root");
	ok(is("<?xml version='1.0'?>\n<!-- x -->\n<repomd\n"),
	       "behind a declaration and a comment");
	ok(!is("<repomdx>"), "another name");
	ok(!is("<?xml version='1.0'?><metadata>"), "another root");
	ok(!is("") && !is("<") && !is("<?xml") && !is("<!-- "),
	       "what is cut off");
}

static void test_inside(void)
{
	static const char *const out[] = {
		"", "/x", "../x", "x/../y", "x/..", "./x", "x//y", "x/"
	};
	size_t i;

	ok(tmk_repomd_is_inside("x") && tmk_repomd_is_inside("a/..b/c."),
	   "paths that stay inside");
	for (i = 0; i < sizeof(out) / sizeof(out[0]); i++)
		ok(!tmk_repomd_is_inside(out[i]), "not inside: %s", out[i]);
}

int main(void)
{
	test_inside();
	test_good();
	test_bad();
	test_limits();
	test_is();
	return tap_done();
}
