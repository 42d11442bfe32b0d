/*
 * The manifest: what is written is read, in one form only, and what is not in
 * that form is refused with the number of its line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/manifest.h"
#include "t/unit/tap.h"

#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define FIRST "touchmark-manifest 1\ncontent tar\n"
#define SUMS "stream none 7 " HEX "\nraw 7 " HEX "\n"

static struct tmk_manifest_entry entry(enum tmk_manifest_type type,
				       const char *path, const char *target)
{
	struct tmk_manifest_entry e = { .type = type, .mode = 0644,
		.path = path, .target = target };
	int i;

	for (i = 0; i < TMK_MANIFEST_SHA256; i++)
		e.sum.sha256[i] = (uint8_t)(0x11 * (i % 16));
	return e;
}

/* ---- writing --------------------------------------------------------------- */

static void writes(const char *what, const struct tmk_manifest_entry *e,
		   const char *want)
{
	struct tmk_buf out = TMK_BUF_INIT(4096);
	struct tmk_err err = TMK_ERR_INIT;

	is_int(tmk_manifest_add(&out, e, &err), 0, "%s", what);
	is_str(tmk_buf_str(&out), want, "%s: its line", what);
	tmk_buf_release(&out);
}

static void refuses_entry(const char *what, const struct tmk_manifest_entry *e,
			  const char *why)
{
	struct tmk_buf out = TMK_BUF_INIT(4096);
	struct tmk_err err = TMK_ERR_INIT;

	ok(tmk_manifest_add(&out, e, &err) < 0 && err.code == TMK_INPUT,
	   "refused: %s", what);
	ok(strstr(err.text, why) != NULL, "because it %s (%s)", why, err.text);
	is_int((long long)out.len, 0, "and nothing is written");
	tmk_buf_release(&out);
}

static void write_entries(void)
{
	struct tmk_manifest_entry e = entry(TMK_MANIFEST_FILE, "a/b", NULL);

	e.sum.size = 12;
	writes("a file", &e, "file 0644 12 " HEX " a/b\n");
	e = entry(TMK_MANIFEST_FILE, "empty", NULL);
	writes("an empty file", &e, "file 0644 0 " HEX " empty\n");
	e = entry(TMK_MANIFEST_HARD, "b", "a/b");
	writes("a hard link", &e, "hard 0644 0 - b a/b\n");
	e.sum.size = 3;
	writes("one with content", &e, "hard 0644 3 " HEX " b a/b\n");
	e = entry(TMK_MANIFEST_LINK, "l", "../../etc/passwd");
	e.mode = 0777;
	writes("a link that leads away", &e,
	       "link 0777 0 - l ../../etc/passwd\n");
	e = entry(TMK_MANIFEST_DIR, "d", NULL);
	e.mode = 04755;
	writes("a directory", &e, "dir 4755 0 - d\n");
	e = entry(TMK_MANIFEST_CHAR, "null", NULL);
	e.major = 1;
	e.minor = 3;
	writes("a device", &e, "char 0644 1,3 - null\n");
	e = entry(TMK_MANIFEST_FIFO, "p", NULL);
	writes("a pipe", &e, "fifo 0644 0 - p\n");
	e = entry(TMK_MANIFEST_FIFO, "a b\\\n\t\xc3\xbc\x7f~!", NULL);
	writes("a name of all kinds", &e,
	       "fifo 0644 0 - a\\x20b\\x5c\\x0a\\x09\\xc3\\xbc\\x7f~!\n");
	e = entry(TMK_MANIFEST_FIFO, "..a/b..", NULL);
	writes("dots in names", &e, "fifo 0644 0 - ..a/b..\n");
}

static void write_refused(void)
{
	static char deep[TMK_MANIFEST_PATH + 2];
	struct tmk_manifest_entry e = entry(TMK_MANIFEST_FIFO, "", NULL);

	refuses_entry("no name", &e, "is empty");
	e.path = NULL;
	refuses_entry("no name at all", &e, "is empty");
	e.path = "/etc/passwd";
	refuses_entry("an absolute path", &e, "is absolute");
	e.path = "..";
	refuses_entry("..", &e, "leads upwards");
	e.path = "a/../../b";
	refuses_entry("a/../../b", &e, "leads upwards");
	e.path = "a/..";
	refuses_entry("a/..", &e, "leads upwards");
	memset(deep, 'a', TMK_MANIFEST_PATH + 1);
	e.path = deep;
	refuses_entry("a long path", &e, "is longer than 4096 bytes");
	e = entry(TMK_MANIFEST_HARD, "b", "/etc/passwd");
	refuses_entry("a hard link to what is outside", &e, "not inside");
	e.target = "../x";
	refuses_entry("a hard link upwards", &e, "not inside");
	e = entry(TMK_MANIFEST_LINK, "b", NULL);
	refuses_entry("a link without target", &e, "link to nothing");
	e.target = "";
	refuses_entry("a link with an empty one", &e, "link to nothing");
	e.target = deep;
	refuses_entry("a link with a long one", &e, "too long");
	e = entry(TMK_MANIFEST_FILE, "b", "c");
	refuses_entry("a file with a target", &e, "is no link");
	e = entry(TMK_MANIFEST_FILE, "b", NULL);
	e.mode = 010000;
	refuses_entry("a mode too large", &e, "mode that is none");
}

static void write_full(void)
{
	struct tmk_manifest_entry e = entry(TMK_MANIFEST_FILE, "name", NULL);
	struct tmk_buf out = TMK_BUF_INIT(100);
	struct tmk_err err = TMK_ERR_INIT;

	ok(tmk_manifest_add(&out, &e, &err) == 0, "a line that fits");
	ok(tmk_manifest_add(&out, &e, &err) < 0 && err.code == TMK_REFUSED,
	   "one that does not is a limit");
	ok(strstr(err.text, "limit-exceeded") == err.text, "it says so");
	is_int((long long)out.len, 82, "what was there stays");
	tmk_buf_release(&out);
}

/* ---- reading --------------------------------------------------------------- */

static void reads(const char *what, const char *text)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_manifest m;

	ok(tmk_manifest_read(&m, text, strlen(text), &err) == 0,
	   "read: %s (%s)", what, err.text);
}

static void reads_not(const char *why, const char *text)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_manifest m = { .entries = 77 };

	ok(tmk_manifest_read(&m, text, strlen(text), &err) < 0 &&
	   err.code == TMK_INPUT, "not read: %s", err.text);
	ok(strstr(err.text, why) != NULL, "because: %s", why);
	is_int((long long)m.entries, 77, "and the answer is untouched");
}

static void read_back(void)
{
	static const char text[] = FIRST
		"dir 0755 0 - d\n"
		"file 0644 3 " HEX " d/a\\x20b\n"
		"link 0777 0 - d/l a\n"
		"entries 3\n" SUMS;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_manifest_line line;
	struct tmk_manifest m;
	size_t at = 0;

	if (!ok(tmk_manifest_read(&m, text, sizeof(text) - 1, &err) == 0,
		"a manifest is read (%s)", err.text))
		return;
	is_str(m.content, "tar", "its content");
	is_int((long long)m.entries, 3, "its entries");
	is_int((long long)m.raw.size, 7, "its size");
	ok(tmk_manifest_next(&line, &m, &at), "the first entry");
	is_mem(line.path, line.path_len, "d", 1, "its path");
	ok(tmk_manifest_next(&line, &m, &at), "the second");
	is_mem(line.path, line.path_len, "d/a\\x20b", 8, "its path");
	ok(tmk_manifest_next(&line, &m, &at), "the third");
	is_mem(line.path, line.path_len, "d/l", 3, "its path, no target");
	is_mem(line.text, line.len, "link 0777 0 - d/l a", 19, "its line");
	ok(!tmk_manifest_next(&line, &m, &at), "and no more");
}

static void read_strictly(void)
{
	reads("no entries", FIRST "entries 0\n" SUMS);
	reads("a device", FIRST "char 0644 4294967295,0 - d\nentries 1\n" SUMS);
	reads("twice the same name", FIRST "dir 0755 0 - d\ndir 0755 0 - d\n"
	      "entries 2\n" SUMS);
	reads_not("version 1", "");
	reads_not("version 1", "touchmark-manifest 2\ncontent tar\n");
	reads_not("version 1", "touchmark-manifest 1");
	reads_not("line 2", "touchmark-manifest 1\n");
	reads_not("not known", "touchmark-manifest 1\ncontent rar\nentries 0\n"
		  SUMS);
	reads_not("line 3: is no entry", FIRST);
	reads_not("line 3: is no entry", FIRST "dir 0755 0 - d");
	reads_not("line 3: is no entry", FIRST "dir 0755 0 -\n");
	reads_not("line 3: is no entry", FIRST "door 0755 0 - d\n");
	reads_not("line 3: is no entry", FIRST "dir 0755 0 - d e f g\n");
	reads_not("line 3: is no entry", FIRST "dir 0855 0 - d\n");
	reads_not("line 3: is no entry", FIRST "dir 10000 0 - d\n");
	reads_not("line 3: is no entry", FIRST "\nentries 0\n" SUMS);
	reads_not("one form", FIRST "dir 00755 0 - d\n");
	reads_not("one form", FIRST "dir 755 0 - d\n");
	reads_not("one form", FIRST "dir 0755 1 - d\n");
	reads_not("one form", FIRST "dir 0755 0 - d\\x41\n");
	reads_not("one form", FIRST "dir 0755 0 - d\\xC3\n");
	reads_not("one form", FIRST "dir 0755 0 - d\xc3\xbc\n");
	reads_not("one form", FIRST "dir 0755 0 - d\t\n");
	reads_not("is no entry", FIRST "dir 0755 0 - d\\x00\n");
	reads_not("is no entry", FIRST "dir 0755 0 - d\\y41\n");
	reads_not("is no entry", FIRST "dir 0755 0 - d\\x4\n");
	reads_not("is empty", FIRST "dir 0755 0 - \n");
	reads_not("is absolute", FIRST "dir 0755 0 - /d\n");
	reads_not("leads upwards", FIRST "dir 0755 0 - ../d\n");
	reads_not("one form", FIRST "file 0644 05 " HEX " d\n");
	reads_not("one form", FIRST "file 0644 5 - d\n");
	reads_not("is no entry", FIRST "file 0644 5 " HEX "00 d\n");
	reads_not("is no entry", FIRST "file 0644 18446744073709551616 " HEX
		  " d\n");
	reads_not("one form", FIRST "file 0644 5 AA112233445566778899aabbccddee"
		  "ff00112233445566778899aabbccddeeff d\n");
	reads_not("is no link", FIRST "file 0644 5 " HEX " d e\n");
	reads_not("link to nothing", FIRST "link 0644 0 - d\n");
	reads_not("is no entry", FIRST "char 0644 1 - d\n");
	reads_not("is no entry", FIRST "char 0644 4294967296,0 - d\n");
}

static void read_the_end(void)
{
	reads_not("number of entries", FIRST "entries 1\n" SUMS);
	reads_not("number of entries", FIRST "entries\n" SUMS);
	reads_not("one form", FIRST "entries 00\n" SUMS);
	reads_not("line 4", FIRST "entries 0\n");
	reads_not("line 5", FIRST "entries 0\nstream none 7 " HEX "\n");
	reads_not("line 5", FIRST "entries 0\nstream none 7 " HEX "\nraw 7 "
		  HEX);
	reads_not("is not the last", FIRST "entries 0\n" SUMS "\n");
	reads_not("is not the last", FIRST "entries 0\n" SUMS "dir 0755 0 - d\n");
	reads_not("tell the stream", FIRST "entries 0\nstream zoo 7 " HEX
		  "\nraw 7 " HEX "\n");
	reads_not("tell the stream", FIRST "entries 0\nraw 7 " HEX "\n");
	reads_not("which is the same", FIRST "entries 0\nstream none 8 " HEX
		  "\nraw 7 " HEX "\n");
	reads("another stream of what is compressed", FIRST "entries 0\n"
	      "stream xz 8 " HEX "\nraw 7 " HEX "\n");
	reads_not("of what has none", "touchmark-manifest 1\ncontent none\n"
		  "dir 0755 0 - d\nentries 1\n" SUMS);
}

/* ---- compressed streams ------------------------------------------------------- */

static void packed(void)
{
	static const struct {
		const char *name, *head;
		size_t len;
	} of[] = {
		{ "gzip", "\x1f\x8b\x08", 3 }, { "none", "\x1f\x8b", 2 },
		{ "bzip2", "BZh9", 4 }, { "none", "BZhx", 4 },
		{ "none", "BZh", 3 }, { "xz", "\xfd" "7zXZ\0", 6 },
		{ "zstd", "\x28\xb5\x2f\xfd", 4 },
		{ "lz4", "\x04\x22\x4d\x18", 4 }, { "lzip", "LZIP\1", 5 },
		{ "none", "LZIP\2", 5 }, { "none", "", 0 },
		{ "lzma", "]\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff", 13 },
		{ "none", "]\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff", 12 },
		{ "none", "]\0\0\x85\0\xff\xff\xff\xff\xff\xff\xff\xff", 13 },
		{ "none", "]\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\x7f", 13 },
		{ "none", "]quotation, not", 13 },
		{ "none", "]\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff", 13 },
	};
	size_t i;

	for (i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		enum tmk_packed is = tmk_packed_of((const uint8_t *)of[i].head,
						   of[i].len);

		is_str(tmk_packed_name(is), of[i].name, "beginning %d",
		       (int)i);
		is_int(tmk_packed_from_name(of[i].name, strlen(of[i].name)),
		       is, "its name");
	}
	is_int(tmk_packed_from_name("compress", 8), -1, "no such kind");
}

int main(void)
{
	write_entries();
	write_refused();
	write_full();
	read_back();
	read_strictly();
	read_the_end();
	packed();
	return tap_done();
}
