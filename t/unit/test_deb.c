/*
 * test_deb.c - debs in memory: what is read, what is refused, what is written.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/ar.h"
#include "formats/armour.h"
#include "t/unit/package_memory.h"
#include "t/unit/tap.h"

#define GZ "\x1f\x8b" "abc"
#define XZ "\xfd" "7zXZ\0abcde"
#define ZST "\x28\xb5\x2f\xfd" "ab"
#define MEMBERS 24

extern const struct tmk_package_ops tmk_package_deb;

static const uint8_t packet[] = {
	0x88, 13, 4, 0, 1, 8, 0, 0, 0, 0, 1, 2, 3, 4, 5
};

/* One member, as it will be written. */
struct member {
	const char *name;
	const char *data;
	size_t len;
};

#define M(name, data) { name, data, sizeof(data) - 1 }
#define BASE M("debian-binary", "2.0\n"), M("control.tar.gz", GZ), \
	M("data.tar.xz", XZ)
#define SIGNED "2.0\n" GZ XZ

static void add_member(struct tmk_buf *out, const struct member *m)
{
	if (tmk_buf_printf(out, "%-16s%-12d%-6d%-6d%-8o%-10zu`\n", m->name,
			   1700000000, 0, 0, 0100644, m->len) ||
	    tmk_buf_add(out, m->data, m->len) ||
	    (m->len & 1 && tmk_buf_addch(out, '\n')))
		abort();
}

static void build(struct tmk_buf *out, const struct member *m)
{
	tmk_buf_clear(out);
	if (tmk_buf_addstr(out, TMK_AR_MAGIC))
		abort();
	for (; m->name; m++)
		add_member(out, m);
}

/* Opened; NULL with the refusal. The descriptor is closed with it. */
static struct tmk_package *open_deb(const void *data, size_t len,
				    struct tmk_verdict *v)
{
	struct tmk_verdict verdict = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_package *p = NULL;
	int fd = package_memory(data, len);

	if (tmk_package_deb.open(&p, fd, &verdict, &err)) {
		diag("%s", err.text);
		abort();
	}
	if (!p)
		close(fd);
	*v = verdict;
	return p;
}

static void close_deb(struct tmk_package *p)
{
	int fd = p ? p->fd : -1;

	tmk_package_close(p);
	if (fd >= 0)
		close(fd);
}

static enum tmk_reason reason_of(const struct tmk_buf *file,
				 struct tmk_verdict *v)
{
	struct tmk_package *p = open_deb(file->data, file->len, v);
	bool opened = p != NULL;

	close_deb(p);
	return opened == (v->reason == TMK_GOOD) ? v->reason :
		TMK_INTERNAL_ERROR;
}

static const struct form {
	const char *name;
	enum tmk_reason reason;
	struct member m[MEMBERS];
} forms[] = {
	{ "plain", TMK_GOOD, { BASE } },
	{ "slashes", TMK_GOOD, { M("debian-binary/", "2.0\n"),
	  M("control.tar.gz/", GZ), M("data.tar.xz/", XZ),
	  M("_gpgorigin/", "x") } },
	{ "zstd", TMK_GOOD, { M("debian-binary", "2.0\n"),
	  M("control.tar.zst", ZST), M("data.tar.zst", ZST) } },
	{ "bzip2", TMK_GOOD, { M("debian-binary", "2.0\n"),
	  M("control.tar.xz", XZ), M("data.tar.bz2", "BZh9") } },
	{ "lzma", TMK_GOOD, { M("debian-binary", "2.0\n"),
	  M("control.tar.xz", XZ), M("data.tar.lzma", "\x5d\0\0") } },
	{ "two roles", TMK_GOOD, { BASE, M("_gpgorigin", "x"),
	  M("_gpgmaint", "y") } },
	{ "the longest role", TMK_GOOD, { BASE, M("_gpgabcdefghij", "x") } },
	{ "no data", TMK_OBJECT_MALFORMED, { M("debian-binary", "2.0\n"),
	  M("control.tar.gz", GZ) } },
	{ "nothing in it", TMK_OBJECT_MALFORMED, { { NULL } } },
	{ "another order", TMK_OBJECT_MALFORMED, { M("debian-binary", "2.0\n"),
	  M("data.tar.xz", XZ), M("control.tar.gz", GZ) } },
	{ "control first", TMK_OBJECT_MALFORMED, { M("control.tar.gz", GZ),
	  M("debian-binary", "2.0\n"), M("data.tar.xz", XZ) } },
	{ "two controls", TMK_OBJECT_MALFORMED, { M("debian-binary", "2.0\n"),
	  M("control.tar.gz", GZ), M("control.tar.xz", XZ),
	  M("data.tar.xz", XZ) } },
	{ "two data", TMK_OBJECT_MALFORMED, { BASE, M("data.tar.gz", GZ) } },
	{ "data again", TMK_OBJECT_MALFORMED, { BASE, M("data.tar.xz", XZ) } },
	{ "control again", TMK_OBJECT_MALFORMED, { BASE,
	  M("control.tar.gz", GZ) } },
	{ "a signature before", TMK_OBJECT_MALFORMED, {
	  M("debian-binary", "2.0\n"), M("_gpgorigin", "x"),
	  M("control.tar.gz", GZ), M("data.tar.xz", XZ) } },
	{ "an underscore before", TMK_OBJECT_MALFORMED, {
	  M("debian-binary", "2.0\n"), M("_x", "x"),
	  M("control.tar.gz", GZ), M("data.tar.xz", XZ) } },
	{ "another member", TMK_OBJECT_MALFORMED, { BASE, M("_x", "y") } },
	{ "an underscore in a role", TMK_OBJECT_MALFORMED, { BASE,
	  M("_gpg_x", "y") } },
	{ "no role", TMK_OBJECT_MALFORMED, { BASE, M("_gpg", "y") } },
	{ "a long role", TMK_OBJECT_MALFORMED, { BASE,
	  M("_gpgabcdefghijk", "y") } },
	{ "a role twice", TMK_OBJECT_MALFORMED, { BASE, M("_gpgorigin", "x"),
	  M("_gpgorigin", "x") } },
	{ "a role twice, with a slash", TMK_OBJECT_MALFORMED, { BASE,
	  M("_gpgorigin", "x"), M("_gpgorigin/", "x") } },
	{ "an empty signature", TMK_OBJECT_MALFORMED, { BASE,
	  M("_gpgorigin", "") } },
	{ "control in bzip2", TMK_OBJECT_MALFORMED, {
	  M("debian-binary", "2.0\n"), M("control.tar.bz2", "BZh9"),
	  M("data.tar.xz", XZ) } },
	{ "an unknown compression", TMK_OBJECT_MALFORMED, {
	  M("debian-binary", "2.0\n"), M("control.tar.gz", GZ),
	  M("data.tar.lz4", "abcd") } },
	{ "another stream", TMK_OBJECT_MALFORMED, {
	  M("debian-binary", "2.0\n"), M("control.tar.gz", XZ),
	  M("data.tar.xz", XZ) } },
	{ "an empty stream", TMK_OBJECT_MALFORMED, {
	  M("debian-binary", "2.0\n"), M("control.tar.gz", GZ),
	  M("data.tar.xz", "") } },
	{ "an empty tar", TMK_OBJECT_MALFORMED, {
	  M("debian-binary", "2.0\n"), M("control.tar.gz", GZ),
	  M("data.tar", "") } },
	{ "half a tar", TMK_OBJECT_MALFORMED, { M("debian-binary", "2.0\n"),
	  M("control.tar.gz", GZ), M("data.tar", "abc") } },
	{ "version 3", TMK_OBJECT_MALFORMED, { M("debian-binary", "3.0\n"),
	  M("control.tar.gz", GZ), M("data.tar.xz", XZ) } },
	{ "a longer version", TMK_OBJECT_MALFORMED, {
	  M("debian-binary", "2.0\nx\n"), M("control.tar.gz", GZ),
	  M("data.tar.xz", XZ) } },
	{ "capitals", TMK_OBJECT_MALFORMED, { M("Debian-Binary", "2.0\n"),
	  M("control.tar.gz", GZ), M("data.tar.xz", XZ) } },
	{ "a long name's table", TMK_OBJECT_MALFORMED, {
	  M("debian-binary", "2.0\n"), M("//", "x"), M("control.tar.gz", GZ),
	  M("data.tar.xz", XZ) } },
	{ "a name of the table", TMK_OBJECT_MALFORMED, { BASE,
	  M("/0", "x") } },
	{ "a BSD long name", TMK_OBJECT_MALFORMED, { BASE, M("#1/10", "x") } },
	{ "no name", TMK_OBJECT_MALFORMED, { BASE, M("", "x") } },
	{ "a path", TMK_OBJECT_MALFORMED, { BASE, M("a/_gpgorigin", "x") } },
	{ "a control byte in a name", TMK_OBJECT_MALFORMED, { BASE,
	  M("_gpgor\x1bgin", "x") } },
	{ "a blank before the name", TMK_OBJECT_MALFORMED, { BASE,
	  M(" _gpgorigin", "x") } },
};

static void test_forms(void)
{
	struct tmk_buf file = TMK_BUF_INIT(1 << 20);
	struct tmk_verdict v;
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		build(&file, forms[i].m);
		is_str(tmk_reason_id(reason_of(&file, &v)),
		       tmk_reason_id(forms[i].reason), "%s %s", forms[i].name,
		       v.text);
	}
	tmk_buf_release(&file);
}

/* Bytes of a header changed one field at a time; offsets from the beginning of
 * control.tar.gz's header. */
static void test_headers(void)
{
	static const struct {
		const char *name;
		size_t at;
		const char *bytes;
		bool good;
	} cases[] = {
		{ "a time of blanks", 16, "            ", true },
		{ "a time with a letter", 16, "17x", false },
		{ "a time below zero", 16, "-1          ", false },
		{ "a time behind blanks", 16, " 1", false },
		{ "an owner with a letter", 28, "a", false },
		{ "a group with a letter", 34, "a", false },
		{ "a mode with a nine", 40, "9", false },
		{ "a size of blanks", 48, "          ", false },
		{ "a size behind a blank", 48, " 5", false },
		{ "a size with a sign", 48, "+5", false },
		{ "a size in hex", 48, "0x5", false },
		{ "a size with a NUL", 48, "5\0", false },
		{ "the largest size", 48, "9999999999", false },
		{ "one byte less", 48, "4", false },
		/* Its padding is content then, and signed. */
		{ "one byte more", 48, "6", true },
		{ "another magic", 58, "'", false },
		{ "no end of the header", 59, " ", false },
		{ "padding that is a NUL", 60 + 5, "\0", false },
	};
	static const struct member base[] = { BASE, { NULL } };
	struct tmk_buf file = TMK_BUF_INIT(1 << 20);
	struct tmk_verdict v;
	size_t i, len, at;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		build(&file, base);
		at = 8 + 60 + 4 + cases[i].at;
		len = strlen(cases[i].bytes);
		memcpy(file.data + at, cases[i].bytes, len ? len : 1);
		if (!strcmp(cases[i].name, "a size with a NUL"))
			file.data[at + 1] = 0;
		is_str(tmk_reason_id(reason_of(&file, &v)), cases[i].good ?
		       "good" : "object-malformed", "%s %s", cases[i].name,
		       v.text);
	}
	tmk_buf_release(&file);
}

/* Bytes too few and too many. */
static void test_lengths(void)
{
	static const struct member base[] = { BASE, { NULL } };
	struct tmk_buf file = TMK_BUF_INIT(1 << 20);
	struct tmk_verdict v;
	size_t i;

	build(&file, base);
	for (i = 0; i < file.len; i++) {
		struct tmk_package *p = open_deb(file.data, i, &v);

		close_deb(p);
		if (p || v.reason != TMK_OBJECT_MALFORMED)
			break;
	}
	is_int((long long)i, (long long)file.len, "cut off anywhere: refused");
	if (tmk_buf_addch(&file, '\n'))
		abort();
	is_str(tmk_reason_id(reason_of(&file, &v)), "object-malformed",
	       "a byte behind the end");
	build(&file, base);
	file.data[1] = '?';
	is_str(tmk_reason_id(reason_of(&file, &v)), "object-malformed",
	       "another magic of the archive");
	tmk_buf_release(&file);
}

static void test_limits(void)
{
	struct member m[MEMBERS * 2] = { BASE };
	static char big[TMK_SEAL_MAX + 1];
	struct tmk_buf file = TMK_BUF_INIT(4 << 20);
	char name[MEMBERS * 2][16];
	struct tmk_verdict v;
	int i;

	for (i = 0; i < TMK_PACKAGE_SEALS; i++) {
		snprintf(name[i], sizeof(name[i]), "_gpgr%d", i);
		m[3 + i] = (struct member){ name[i], "x", 1 };
	}
	build(&file, m);
	is_str(tmk_reason_id(reason_of(&file, &v)), "good",
	       "as many signatures as may be");
	m[3 + i] = (struct member){ "_gpgmore", "x", 1 };
	build(&file, m);
	is_str(tmk_reason_id(reason_of(&file, &v)), "limit-exceeded",
	       "one more %s", v.text);
	for (; i < TMK_AR_MEMBERS; i++)
		m[3 + i] = (struct member){ "_gpgmore", "x", 1 };
	build(&file, m);
	is_str(tmk_reason_id(reason_of(&file, &v)), "limit-exceeded",
	       "more members %s", v.text);
	memset(&m[3], 0, sizeof(m) - 3 * sizeof(m[0]));
	m[3] = (struct member){ "_gpgorigin", big, sizeof(big) };
	build(&file, m);
	is_str(tmk_reason_id(reason_of(&file, &v)), "limit-exceeded",
	       "a huge signature %s", v.text);
	m[3].len--;
	build(&file, m);
	is_str(tmk_reason_id(reason_of(&file, &v)), "good",
	       "the largest signature");
	tmk_buf_release(&file);
}

/* How sure we are of an archive with these members. */
static void bids(const struct member *m, int want, const char *name)
{
	struct tmk_buf file = TMK_BUF_INIT(1 << 20);

	build(&file, m);
	is_int(tmk_package_deb.bid(file.data, file.len), want, "bid: %s",
	       name);
	is_int(tmk_package_deb.bid(file.data, 67), 0, "too little to tell");
	tmk_buf_release(&file);
}

static void test_bids(void)
{
	bids((struct member[]){ BASE, { NULL } }, 100, "a deb");
	bids((struct member[]){ M("debian-binary/", "2.0\n"), { NULL } }, 100,
	     "its beginning, with a slash");
	bids((struct member[]){ M("//", "table"), BASE, { NULL } }, 50,
	     "a table before");
	bids((struct member[]){ M("x", "odd"), M("debian-binary", "2.0\n"),
		{ NULL } }, 50, "another member before");
	bids((struct member[]){ M("control.tar.gz", GZ), { NULL } }, 50,
	     "control alone");
	bids((struct member[]){ M("_gpgorigin", "x"), M("data.tar", "x"),
		{ NULL } }, 50, "data behind a signature");
	bids((struct member[]){ M("/", "symbols"), M("main.o", "elf"),
		{ NULL } }, 0, "a library");
	bids((struct member[]){ M("debian-binary2", "2.0\n"), { NULL } }, 0,
	     "another name");
	bids((struct member[]){ M("data.tar.foo", "2.0\n"), { NULL } }, 0,
	     "another suffix");
	is_int(tmk_package_deb.bid((const uint8_t *)"", 0), 0, "nothing");
	is_int(tmk_package_deb.bid((const uint8_t *)"!<arch>\n", 8), 0,
	       "no member");
}

static void test_facts(void)
{
	struct tmk_buf armour = TMK_BUF_INIT(4096);
	struct tmk_buf file = TMK_BUF_INIT(1 << 20);
	struct tmk_buf content = TMK_BUF_INIT(4096);
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_package *p;
	struct tmk_verdict v;

	if (tmk_armour_write(&armour, TMK_ARMOUR_LABEL_OPENPGP, packet,
			     sizeof(packet), &err))
		abort();
	build(&file, (struct member[]){ BASE,
		{ "_gpgorigin", (const char *)armour.data, armour.len },
		{ "_gpgmaint", (const char *)packet, sizeof(packet) },
		{ "_gpgbad", (const char *)armour.data, armour.len - 2 },
		M("_gpgbuilder", "-----BEGIN PGP SIGNED MESSAGE-----\n"),
		{ NULL } });
	p = open_deb(file.data, file.len, &v);
	ok(p != NULL, "opened %s", v.text);
	is_str(p->what, "deb 2.0, control.tar.gz, data.tar.xz", "what it is");
	is_int(p->seals, 4, "four signatures");
	is_str(p->seal[0].role, "origin", "the first role");
	is_str(p->seal[1].role, "maint", "the second role");
	is_mem(p->seal[0].data, p->seal[0].len, packet, sizeof(packet),
	       "armour is taken off");
	is_mem(p->seal[1].data, p->seal[1].len, packet, sizeof(packet),
	       "binary stays");
	is_mem(p->seal[2].data, p->seal[2].len, armour.data, armour.len - 2,
	       "broken armour is for its verifier");
	is_int(p->seal[3].data[0], '-', "and so is something else");
	ok(!p->ops->content(p, 0, tmk_cleartext_to_buf, &content, &err),
	   "content");
	is_mem(content.data, content.len, SIGNED, sizeof(SIGNED) - 1,
	       "the three members");
	close_deb(p);
	tmk_buf_release(&armour);
	tmk_buf_release(&content);
	tmk_buf_release(&file);
}

/* What is written with `change` is `want`. */
static void change_deb(struct tmk_package *p,
		       const struct tmk_package_change *change,
		       const struct member *want, const char *name)
{
	struct tmk_buf got = TMK_BUF_INIT(1 << 20);
	struct tmk_buf made = TMK_BUF_INIT(1 << 20);
	struct tmk_err err = TMK_ERR_INIT;
	int out = package_memory(NULL, 0);
	int rc = p->ops->write(p, change, out, &err);
	const struct member *m;
	char header[61];

	package_bytes(&got, out);
	if (want) {
		if (tmk_buf_addstr(&made, TMK_AR_MAGIC))
			abort();
		for (m = want; m->name; m++) {
			size_t at = made.len;

			add_member(&made, m);
			/* The new one has no time. */
			if (m->len != sizeof(packet) || m->data[0] == 'x')
				continue;
			snprintf(header, sizeof(header), "%-16s%-12d", m->name,
				 0);
			memcpy(made.data + at, header, 28);
		}
		ok(!rc, "%s: written %s", name, err.text);
		is_mem(got.data, got.len, made.data, made.len, "%s: the file",
		       name);
	} else {
		is_int(rc ? err.code : 0, TMK_USAGE, "%s: refused %s", name,
		       err.text);
		is_int((long long)got.len, 0, "%s: nothing written", name);
	}
	tmk_buf_release(&got);
	tmk_buf_release(&made);
	close(out);
}

static void test_write(void)
{
	struct tmk_package_change c = { NULL, packet, sizeof(packet), 0 };
	struct tmk_buf file = TMK_BUF_INIT(1 << 20);
	const char *mine = (const char *)packet;
	struct tmk_package *p;
	struct tmk_verdict v;

	build(&file, (struct member[]){ BASE, M("_gpgorigin", "xo"),
		M("_gpgmaint", "xm!"), { NULL } });
	p = open_deb(file.data, file.len, &v);
	ok(p != NULL, "opened %s", v.text);
	change_deb(p, &c, NULL, "the usual role is taken");
	c.role = "builder";
	change_deb(p, &c, (struct member[]){ BASE, M("_gpgorigin", "xo"),
		M("_gpgmaint", "xm!"),
		{ "_gpgbuilder", mine, sizeof(packet) }, { NULL } },
		"one more");
	c.role = NULL;
	c.drop = 1;
	change_deb(p, &c, (struct member[]){ BASE, M("_gpgmaint", "xm!"),
		{ "_gpgorigin", mine, sizeof(packet) }, { NULL } },
		"the same role anew");
	c.data = NULL;
	change_deb(p, &c, (struct member[]){ BASE, M("_gpgmaint", "xm!"),
		{ NULL } }, "one less");
	c.drop = 3;
	change_deb(p, &c, (struct member[]){ BASE, { NULL } }, "none");
	c.drop = 0;
	change_deb(p, &c, (struct member[]){ BASE, M("_gpgorigin", "xo"),
		M("_gpgmaint", "xm!"), { NULL } }, "a copy");
	c.data = packet;
	c.role = "maint";
	change_deb(p, &c, NULL, "a role that is taken");
	c.role = "";
	change_deb(p, &c, NULL, "an empty role");
	c.role = "abcdefghijk";
	change_deb(p, &c, NULL, "a long role");
	c.role = "a b";
	change_deb(p, &c, NULL, "a role with a blank");
	c.role = "../x";
	change_deb(p, &c, NULL, "a role with slashes");
	close_deb(p);
	tmk_buf_release(&file);
}

static void test_header(void)
{
	uint8_t header[TMK_AR_HEADER] = "";
	struct tmk_err err = TMK_ERR_INIT;

	is_int(tmk_ar_header(header, "abcdefghijklmno", TMK_AR_SIZE_MAX, &err),
	       0, "the largest member");
	is_mem(header, sizeof(header), "abcdefghijklmno 0           0     "
	       "0     100644  9999999999`\n", TMK_AR_HEADER, "its header");
	is_int(tmk_ar_header(header, "abcdefghijklmnop", 1, &err), -1,
	       "a name too long");
	is_int(tmk_ar_header(header, "a", TMK_AR_SIZE_MAX + 1ull, &err), -1,
	       "a member too large");
}

int main(void)
{
	test_forms();
	test_headers();
	test_lengths();
	test_limits();
	test_bids();
	test_facts();
	test_write();
	test_header();
	return tap_done();
}
