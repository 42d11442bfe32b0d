/*
 * test_cleartext.c - canonical text, and the frame around signed text.
 */
#include <stdlib.h>
#include <string.h>

#include "formats/armour.h"
#include "formats/cleartext.h"
#include "t/unit/package_memory.h"
#include "t/unit/tap.h"

#define T(s) s, sizeof(s) - 1
#define BEGIN TMK_CLEARTEXT_BEGIN "\n"
#define HEAD BEGIN "Hash: SHA256\n\n"

/* Frames of signatures whose inside nobody looks at here. */
static const uint8_t packet[] = {
	0x88, 12, 4, 1, 1, 8, 0, 0, 0, 0, 1, 2, 3, 4
};
static const uint8_t second[] = {
	0xc2, 12, 4, 1, 1, 10, 0, 0, 0, 0, 5, 6, 7, 8
};

extern const struct tmk_package_ops tmk_package_clearsign;

static const struct form {
	const char *text;
	size_t len;
	const char *framed;	/* NULL: refused */
	const char *lines;	/* NULL: refused */
} forms[] = {
	{ T(""), "", "" },
	{ T("\n"), "", "\r\n" },
	{ T("\r\n"), "", "\r\n" },
	{ T("\n\n"), "\r\n", "\r\n\r\n" },
	{ T("a"), "a", "a" },
	{ T("a\n"), "a", "a\r\n" },
	{ T("a\r\n"), "a", "a\r\n" },
	{ T("a\n\n"), "a\r\n", "a\r\n\r\n" },
	{ T("a\nb"), "a\r\nb", "a\r\nb" },
	{ T("a\r\nb\n"), "a\r\nb", "a\r\nb\r\n" },
	{ T("a \t\nb"), "a\r\nb", "a \t\r\nb" },
	{ T("a \t\r\nb"), "a\r\nb", "a \t\r\nb" },
	{ T("a b\tc\n"), "a b\tc", "a b\tc\r\n" },
	{ T(" a\n"), " a", " a\r\n" },
	{ T("a\n \t \nb\n"), "a\r\n\r\nb", "a\r\n \t \r\nb\r\n" },
	{ T("a "), "a", "a " },
	{ T(" \n"), "", " \r\n" },
	{ T(" "), "", " " },
	{ T("-a\n- b\n"), "-a\r\n- b", "-a\r\n- b\r\n" },
	{ T("gr\xc3\xbc\xc3\x9f\x65\n"), "gr\xc3\xbc\xc3\x9f\x65",
	  "gr\xc3\xbc\xc3\x9f\x65\r\n" },
	{ T("a\r"), NULL, NULL },
	{ T("\r"), NULL, NULL },
	{ T("a\rb\n"), NULL, NULL },
	{ T("a\r\r\n"), NULL, NULL },
	{ T("a\r \n"), NULL, NULL },
};

/* Fed in two pieces, cut at `cut`. */
static bool in_pieces(enum tmk_cleartext_form form, const struct form *f,
		      size_t cut, const char *want)
{
	struct tmk_buf out = TMK_BUF_INIT(4096);
	struct tmk_err err = TMK_ERR_INIT;
	const uint8_t *text = (const uint8_t *)f->text;
	struct tmk_cleartext c;
	bool good;
	int rc;

	tmk_cleartext_init(&c, form, tmk_cleartext_to_buf, &out);
	rc = tmk_cleartext_feed(&c, text, cut, &err);
	if (!rc)
		rc = tmk_cleartext_feed(&c, text + cut, f->len - cut, &err);
	if (!rc)
		rc = tmk_cleartext_end(&c, &err);
	if (want)
		good = !rc && out.len == strlen(want) &&
			!memcmp(tmk_buf_str(&out), want, out.len);
	else
		good = rc && err.code == TMK_INPUT && err.hint[0];
	tmk_buf_release(&out);
	return good;
}

static void test_canonical(void)
{
	size_t i, cut;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const struct form *f = &forms[i];
		bool framed = true, lines = true;

		for (cut = 0; cut <= f->len; cut++) {
			framed &= in_pieces(TMK_CLEARTEXT_FRAMED, f, cut,
					    f->framed);
			lines &= in_pieces(TMK_CLEARTEXT_LINES, f, cut,
					   f->lines);
		}
		ok(framed, "text %zu in the framework, cut anywhere", i);
		ok(lines, "text %zu alone, cut anywhere", i);
	}
}

/* `n` blanks between two letters, fed in pieces of `piece`. */
static int blanks(size_t n, size_t piece, enum tmk_cleartext_form form)
{
	struct tmk_buf out = TMK_BUF_INIT(1 << 16);
	struct tmk_err err = TMK_ERR_INIT;
	uint8_t *text = malloc(n + 2);
	struct tmk_cleartext c;
	size_t at, now;
	int rc = 0;

	memset(text, ' ', n + 2);
	text[0] = text[n + 1] = 'x';
	tmk_cleartext_init(&c, form, tmk_cleartext_to_buf, &out);
	for (at = 0; !rc && at < n + 2; at += now) {
		now = piece < n + 2 - at ? piece : n + 2 - at;
		rc = tmk_cleartext_feed(&c, text + at, now, &err);
	}
	if (!rc && (tmk_cleartext_end(&c, &err) || out.len != n + 2 ||
		    memcmp(out.data, text, n + 2)))
		rc = -2;
	tmk_buf_release(&out);
	free(text);
	return rc;
}

static void test_blanks(void)
{
	const size_t most = TMK_CLEARTEXT_BLANKS;

	is_int(blanks(most, most * 2, TMK_CLEARTEXT_FRAMED), 0,
	       "as many blanks as may be");
	is_int(blanks(most, 7, TMK_CLEARTEXT_FRAMED), 0, "in small pieces");
	is_int(blanks(most, 1, TMK_CLEARTEXT_FRAMED), 0, "byte by byte");
	is_int(blanks(most + 1, most * 2, TMK_CLEARTEXT_FRAMED), -1,
	       "one more is refused");
	is_int(blanks(most + 1, 7, TMK_CLEARTEXT_FRAMED), -1,
	       "in small pieces");
	is_int(blanks(most + 1, 1, TMK_CLEARTEXT_FRAMED), -1, "byte by byte");
	is_int(blanks(most + 1, 5, TMK_CLEARTEXT_LINES), 0,
	       "outside the framework blanks are bytes as others");
}

static void write_text(struct tmk_buf *out, const char *text, size_t len,
		       const uint8_t *packets, size_t packets_len)
{
	struct tmk_err err = TMK_ERR_INIT;

	ok(!tmk_cleartext_write(out, (const uint8_t *)text, len, packets,
				packets_len, &err), "written %s", err.text);
}

/* Written and taken apart again: the text but for its last line end. */
static void round_trip(const char *text, size_t len, const char *want,
		       const char *name)
{
	struct tmk_buf file = TMK_BUF_INIT(1 << 16);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_cleartext_parts parts;

	tmk_cleartext_parts_init(&parts);
	write_text(&file, text, len, packet, sizeof(packet));
	ok(!tmk_cleartext_parse(&parts, file.data, file.len, &v, &err) &&
	   v.reason == TMK_GOOD, "%s: parsed %s", name, v.text);
	is_mem(tmk_buf_str(&parts.text), parts.text.len, want, strlen(want),
	       "%s: the text", name);
	is_mem(tmk_buf_str(&parts.packets), parts.packets.len, packet,
	       sizeof(packet), "%s: the signature", name);
	is_int(parts.signatures, 1, "%s: one", name);
	tmk_cleartext_parts_release(&parts);
	tmk_buf_release(&file);
}

static void test_round(void)
{
	round_trip(T(""), "", "no text");
	round_trip(T("\n"), "\n", "an empty line");
	round_trip(T("a"), "a\n", "no end");
	round_trip(T("a\n"), "a\n", "a line");
	round_trip(T("a\r\nb"), "a\r\nb\n", "CRLF");
	round_trip(T("-\n--\n- x\n-----BEGIN PGP SIGNATURE-----\n"),
		   "-\n--\n- x\n-----BEGIN PGP SIGNATURE-----\n", "dashes");
	round_trip(T("x\n-"), "x\n-\n", "a dash at the end");
	round_trip(T("blank \t\n\n\n"), "blank \t\n\n\n", "blanks");
	round_trip(T("Hash: MD5\n\nx\n"), "Hash: MD5\n\nx\n",
		   "a header's look");
}

/* The longest line that may be written, and one byte more. */
static void test_long(void)
{
	struct tmk_buf text = TMK_BUF_INIT(1 << 16);
	struct tmk_err err = TMK_ERR_INIT;
	uint8_t *at;

	if (tmk_buf_addstr(&text, "first\n"))
		abort();
	at = tmk_buf_reserve(&text, TMK_CLEARTEXT_LINE + 2);
	memset(at, 'x', TMK_CLEARTEXT_LINE + 2);
	at[TMK_CLEARTEXT_LINE] = '\n';
	tmk_buf_commit(&text, TMK_CLEARTEXT_LINE + 2);
	is_int(tmk_cleartext_check(text.data, text.len, &err), 0,
	       "the longest line");
	text.data[6 + TMK_CLEARTEXT_LINE] = 'x';
	is_int(tmk_cleartext_check(text.data, text.len, &err), -1,
	       "one byte more");
	ok(strstr(err.text, "line 2") != NULL, "and where it is: %s",
	   err.text);
	tmk_buf_release(&text);
}

static void test_written(void)
{
	static const char want[] = BEGIN "Hash: SHA256,SHA512\n\n"
		"a\n- -b\n- - From\n-----BEGIN PGP SIGNATURE-----\n\n";
	struct tmk_buf both = TMK_BUF_INIT(100), out = TMK_BUF_INIT(4096);
	struct tmk_err err = TMK_ERR_INIT;

	ok(!tmk_buf_add(&both, packet, sizeof(packet)) &&
	   !tmk_buf_add(&both, second, sizeof(second)) &&
	   !tmk_buf_add(&both, packet, sizeof(packet)), "three signatures");
	write_text(&out, T("a\n-b\n- From"), both.data, both.len);
	ok(!strncmp(tmk_buf_str(&out), want, sizeof(want) - 1),
	   "each digest once, dashes escaped");
	out.len = 3;
	is_int(tmk_cleartext_write(&out, (const uint8_t *)"a\x1b[", 3, packet,
				   sizeof(packet), &err), -1, "an escape");
	is_int(err.code, TMK_INPUT, "is no text");
	ok(strstr(err.text, "line 1") != NULL, "and where it is: %s",
	   err.text);
	is_int(tmk_cleartext_write(&out, (const uint8_t *)"a\rb", 3, packet,
				   sizeof(packet), &err), -1, "a lone CR");
	is_int(tmk_cleartext_write(&out, (const uint8_t *)"a", 1,
				   (const uint8_t *)"\x99", 1, &err), -1,
	       "no signature");
	is_int(err.code, TMK_INTERNAL, "is our fault");
	is_int((long long)out.len, 3, "nothing was added");
	tmk_buf_release(&both);
	tmk_buf_release(&out);
}

/* What stands before the armour and behind it; `armour` is put between. */
static const struct bad {
	const char *name;
	const char *head;
	size_t len;
	const char *tail;
	enum tmk_reason reason;		/* TMK_GOOD: accepted */
} bads[] = {
	{ "plain", T(HEAD "a\n"), "", TMK_GOOD },
	{ "no Hash", T(BEGIN "\na\n"), "", TMK_GOOD },
	{ "two Hash lines", T(BEGIN "Hash: SHA256\nHash: SHA512\n\na\n"), "",
	  TMK_GOOD },
	{ "two digests", T(BEGIN "Hash: SHA256, SHA512\n\na\n"), "",
	  TMK_GOOD },
	{ "CRLF", T("-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n"
		    "\r\na\r\n"), "", TMK_GOOD },
	{ "needless escape", T(HEAD "- a\n"), "", TMK_GOOD },
	{ "tab", T(HEAD "a\tb\n"), "", TMK_GOOD },
	{ "nothing", T(""), "", TMK_OBJECT_MALFORMED },
	{ "text before", T("x\n" HEAD "a\n"), "", TMK_OBJECT_MALFORMED },
	{ "an empty line before", T("\n" HEAD "a\n"), "",
	  TMK_OBJECT_MALFORMED },
	{ "a blank behind BEGIN", T("-----BEGIN PGP SIGNED MESSAGE----- \n\n"
				    "a\n"), "", TMK_OBJECT_MALFORMED },
	{ "an unknown digest", T(BEGIN "Hash: SHA3\n\na\n"), "",
	  TMK_OBJECT_MALFORMED },
	{ "a small digest", T(BEGIN "Hash: sha256\n\na\n"), "",
	  TMK_OBJECT_MALFORMED },
	{ "no digest", T(BEGIN "Hash: \n\na\n"), "", TMK_OBJECT_MALFORMED },
	{ "half a list", T(BEGIN "Hash: SHA256,\n\na\n"), "",
	  TMK_OBJECT_MALFORMED },
	{ "text behind the digest", T(BEGIN "Hash: SHA256 x\n\na\n"), "",
	  TMK_OBJECT_MALFORMED },
	{ "another header", T(BEGIN "Comment: x\n\na\n"), "",
	  TMK_OBJECT_MALFORMED },
	{ "NotDashEscaped", T(BEGIN "NotDashEscaped: You need GnuPG to verify "
			      "this message\n\na\n"), "",
	  TMK_OBJECT_MALFORMED },
	{ "a header of blanks", T(BEGIN "Hash: SHA256\n \nx\n\na\n"), "",
	  TMK_OBJECT_MALFORMED },
	{ "a continued header", T(BEGIN "Hash: SHA256\n SHA512\n\na\n"), "",
	  TMK_OBJECT_MALFORMED },
	{ "text without an empty line", T(BEGIN "Hash: SHA256\na\n"), "",
	  TMK_OBJECT_MALFORMED },
	{ "many headers", T(BEGIN "Hash: MD5\nHash: MD5\nHash: MD5\n"
			    "Hash: MD5\nHash: MD5\nHash: MD5\nHash: MD5\n"
			    "Hash: MD5\nHash: MD5\n\na\n"), "",
	  TMK_OBJECT_MALFORMED },
	{ "a bare dash", T(HEAD "-a\n"), "", TMK_OBJECT_MALFORMED },
	{ "a dash alone", T(HEAD "-\n"), "", TMK_OBJECT_MALFORMED },
	{ "a dash and a tab", T(HEAD "-\ta\n"), "", TMK_OBJECT_MALFORMED },
	{ "a second BEGIN", T(HEAD HEAD "a\n"), "", TMK_OBJECT_MALFORMED },
	{ "NUL", T(HEAD "a\0b\n"), "", TMK_OBJECT_MALFORMED },
	{ "escape", T(HEAD "a\x1b[2K\n"), "", TMK_OBJECT_MALFORMED },
	{ "backspace", T(HEAD "a\bb\n"), "", TMK_OBJECT_MALFORMED },
	{ "form feed", T(HEAD "a\fb\n"), "", TMK_OBJECT_MALFORMED },
	{ "DEL", T(HEAD "a\x7f\n"), "", TMK_OBJECT_MALFORMED },
	{ "C1 in UTF-8", T(HEAD "a\xc2\x9b[2K\n"), "", TMK_OBJECT_MALFORMED },
	{ "NEL", T(HEAD "a\xc2\x85\n"), "", TMK_OBJECT_MALFORMED },
	{ "a line separator", T(HEAD "a\xe2\x80\xa8\n"), "",
	  TMK_OBJECT_MALFORMED },
	{ "a non-breaking space", T(HEAD "a\xc2\xa0\n"), "", TMK_GOOD },
	{ "Windows quotes", T(HEAD "\x93" "a\x94 \xe2\x80\n"), "", TMK_GOOD },
	{ "UTF-8 quotes", T(HEAD "\xe2\x80\x9c\xe2\x80\x9d\n"), "", TMK_GOOD },
	{ "lone CR", T(HEAD "a\rb\n"), "", TMK_OBJECT_MALFORMED },
	{ "CR CR LF", T(HEAD "a\r\r\n"), "", TMK_OBJECT_MALFORMED },
	{ "a newline behind", T(HEAD "a\n"), "\n", TMK_OBJECT_MALFORMED },
	{ "a CRLF behind", T(HEAD "a\n"), "\r\n", TMK_OBJECT_MALFORMED },
	{ "text behind", T(HEAD "a\n"), "x\n", TMK_SIGNATURE_MALFORMED },
	{ "a second text", T(HEAD "a\n"), HEAD "b\n",
	  TMK_SIGNATURE_MALFORMED },
	{ "an open line before", T(HEAD "a"), "", TMK_OBJECT_MALFORMED },
};

static void armour(struct tmk_buf *out, const uint8_t *data, size_t len)
{
	struct tmk_err err = TMK_ERR_INIT;

	if (tmk_armour_write(out, TMK_ARMOUR_LABEL_OPENPGP, data, len, &err))
		abort();
}

static enum tmk_reason reason_of(const void *data, size_t len,
				 struct tmk_verdict *v)
{
	struct tmk_cleartext_parts parts;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_verdict verdict = TMK_VERDICT_INIT;

	tmk_cleartext_parts_init(&parts);
	if (tmk_cleartext_parse(&parts, data, len, &verdict, &err))
		abort();
	tmk_cleartext_parts_release(&parts);
	*v = verdict;
	return verdict.reason;
}

static void test_refusals(void)
{
	struct tmk_buf file = TMK_BUF_INIT(1 << 16);
	struct tmk_verdict v;
	size_t i;

	for (i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		const struct bad *b = &bads[i];

		tmk_buf_clear(&file);
		if (tmk_buf_add(&file, b->head, b->len))
			abort();
		armour(&file, packet, sizeof(packet));
		if (tmk_buf_addstr(&file, b->tail))
			abort();
		is_str(tmk_reason_id(reason_of(file.data, file.len, &v)),
		       tmk_reason_id(b->reason), "%s %s", b->name, v.text);
	}
	/* A key where signatures are. */
	tmk_buf_clear(&file);
	if (tmk_buf_addstr(&file, HEAD "a\n"))
		abort();
	armour(&file, (const uint8_t *)"\xc6\2\4\1", 4);
	is_str(tmk_reason_id(reason_of(file.data, file.len, &v)),
	       tmk_reason_id(TMK_SIGNATURE_MALFORMED), "a key in the armour");
	/* Every beginning of a good one is refused. */
	tmk_buf_clear(&file);
	if (tmk_buf_addstr(&file, HEAD "a\n- -b\n"))
		abort();
	armour(&file, packet, sizeof(packet));
	for (i = 0; i < file.len; i++)
		if (reason_of(file.data, i, &v) == TMK_GOOD)
			break;
	is_int((long long)i, (long long)file.len, "cut off anywhere: refused");
	tmk_buf_release(&file);
}

/* What stands in the armour is signatures alone. */
static void test_packets(void)
{
	static const struct {
		const char *name;
		const char *data;
		size_t len;
		int count;
	} cases[] = {
		{ "legacy, one byte", T("\x88\2\4\1"), 1 },
		{ "legacy, two bytes", T("\x89\0\2\4\1"), 1 },
		{ "legacy, four bytes", T("\x8a\0\0\0\2\4\1"), 1 },
		{ "new, one byte", T("\xc2\2\4\1"), 1 },
		{ "new, five bytes", T("\xc2\xff\0\0\0\2\4\1"), 1 },
		{ "two", T("\xc2\2\4\1\x88\1\4"), 2 },
		{ "legacy, no length", T("\x8b\4\1"), 0 },
		{ "partial", T("\xc2\xe1\4\1"), 0 },
		{ "cut off", T("\xc2\3\4\1"), 0 },
		{ "cut off length", T("\xc2\xff\0\0\0"), 0 },
		{ "two-byte length cut off", T("\xc2\xc0"), 0 },
		{ "a huge length", T("\xc2\xff\xff\xff\xff\xff\4"), 0 },
		{ "no body", T("\xc2\0"), 0 },
		{ "no packet", T("\x42\2\4\1"), 0 },
		{ "one byte", T("\xc2"), 0 },
		{ "a key", T("\xc6\2\4\1"), 0 },
		{ "a key behind", T("\xc2\2\4\1\xc6\2\4\1"), 0 },
		{ "a marker before", T("\xca\3PGP\xc2\2\4\1"), 0 },
		{ "three where two may be", T("\xc2\1\4\xc2\1\4\xc2\1\4"), 0 },
		{ "nothing", T(""), 0 },
	};
	struct tmk_packet cut[2];
	uint8_t two[2 + 1 + 200] = { 0xc2, 192, 8, 4, 0, 1, 10 };
	uint8_t old[2 + 19] = { 0x88, 19, 3, 5 };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *why = NULL;
		int n = tmk_packets_split(cut, 2, (const uint8_t *)
					  cases[i].data, cases[i].len, &why);

		is_int(n, cases[i].count, "packets: %s", cases[i].name);
		ok(n || why, "and why %s", why ? why : "");
	}
	is_int(tmk_packets_split(cut, 2, two, sizeof(two), NULL), 1,
	       "a length of two bytes");
	is_int(cut[0].hash, 10, "its digest");
	is_str(tmk_packets_hash_name(10), "SHA512", "by name");
	old[2 + 16] = 2;
	is_int(tmk_packets_split(cut, 2, old, sizeof(old), NULL), 1,
	       "a signature of version 3");
	is_int(cut[0].hash, 2, "its digest");
	ok(!tmk_packets_hash_name(99), "a digest that nobody knows");
}

static void change_package(const struct tmk_package *p,
			   const struct tmk_package_change *change, int code,
			   int seals, const char *name)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_package *again = NULL;
	int out = package_memory(NULL, 0);
	int rc = p->ops->write(p, change, out, &err);

	is_int(rc ? err.code : 0, code, "%s %s", name, err.text);
	if (!rc) {
		ok(!p->ops->open(&again, out, &v, &err) && again,
		   "%s: opens again", name);
		is_int(again ? again->seals : -1, seals, "%s: signatures",
		       name);
		ok(package_same_content(p, again), "%s: the same content",
		   name);
	}
	tmk_package_close(again);
	close(out);
}

static void test_package(void)
{
	struct tmk_buf file = TMK_BUF_INIT(1 << 16), both = TMK_BUF_INIT(99);
	struct tmk_package_change c = { NULL, packet, sizeof(packet), 0 };
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_package *p = NULL;
	int fd;

	if (tmk_buf_add(&both, packet, sizeof(packet)) ||
	    tmk_buf_add(&both, second, sizeof(second)))
		abort();
	write_text(&file, T("a \r\n-b\n\n"), both.data, both.len);
	is_int(tmk_package_clearsign.bid(file.data, 100), 100, "bid");
	is_int(tmk_package_clearsign.bid((const uint8_t *)"x", 1), 0, "none");
	fd = package_memory(file.data, file.len);
	ok(!tmk_package_clearsign.open(&p, fd, &v, &err) && p, "opened %s%s",
	   v.text, err.text);
	is_int(p->seals, 2, "two signatures");
	is_mem(p->seal[1].data, p->seal[1].len, second, sizeof(second),
	       "the second");
	change_package(p, &c, 0, 3, "one more");
	c.drop = 3;
	change_package(p, &c, 0, 1, "anew");
	c.data = NULL;
	change_package(p, &c, TMK_USAGE, 0, "none left");
	c.drop = 1;
	change_package(p, &c, 0, 1, "one less");
	c.role = "origin";
	change_package(p, &c, TMK_USAGE, 0, "roles");
	tmk_package_close(p);
	tmk_buf_release(&file);
	tmk_buf_release(&both);
	close(fd);
}

int main(void)
{
	test_canonical();
	test_blanks();
	test_round();
	test_long();
	test_written();
	test_refusals();
	test_packets();
	test_package();
	return tap_done();
}
