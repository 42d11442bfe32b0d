/* test_rpm_read.c - which rpms are read, which are refused, and why. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "t/unit/rpm_made.h"
#include "t/unit/tap.h"

/* Open `len` bytes; NULL with the refusal in `v`. *fd is the caller's. */
static struct tmk_package *open_bytes(const uint8_t *data, size_t len, int *fd,
				      struct tmk_verdict *v)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_package *p = NULL;

	*fd = made_fd(data, len);
	*v = (struct tmk_verdict)TMK_VERDICT_INIT;
	if (tmk_package_rpm.open(&p, *fd, v, &err)) {
		diag("error: %s", err.text);
		must(NULL);
	}
	return p;
}

static void good(struct made_rpm *m, const char *what, const char *name)
{
	struct tmk_verdict v;
	int fd;
	struct tmk_package *p;

	made_rpm(m);
	p = open_bytes(m->file.data, m->file.len, &fd, &v);
	if (ok(p != NULL, "%s is read", name)) {
		is_str(p->what, what, "%s: what it is", name);
		is_int((long long)p->size, (long long)m->file.len,
		       "%s: its size", name);
	} else {
		diag("%s: %s", tmk_reason_id(v.reason), v.text);
	}
	tmk_package_close(p);
	close(fd);
}

static void refused_bytes(const uint8_t *data, size_t len,
			  enum tmk_reason reason, const char *text,
			  const char *name)
{
	struct tmk_verdict v;
	int fd;
	struct tmk_package *p = open_bytes(data, len, &fd, &v);

	ok(!p, "%s: refused", name);
	is_str(tmk_reason_id(v.reason), tmk_reason_id(reason), "%s: reason",
	       name);
	if (!ok(strstr(v.text, text) != NULL, "%s: says why", name))
		diag("'%s' lacks '%s'", v.text, text);
	ok(v.hint[0] != '\0', "%s: says what to do", name);
	tmk_package_close(p);
	close(fd);
}

/* A package as described is refused. */
static void refused(struct made_rpm *m, enum tmk_reason reason,
		    const char *text, const char *name)
{
	made_rpm(m);
	refused_bytes(m->file.data, m->file.len, reason, text, name);
	tmk_buf_release(&m->file);
}

/* ---- good ones -------------------------------------------------------- */

static void test_good(void)
{
	static const int algorithms[] = { 8, 9, 10, 12 };
	uint8_t size[8] = { 0 };
	struct made_rpm m;
	size_t i;
	int pad;

	for (i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		made_rpm_init(&m, 4);
		m.algorithm = algorithms[i];
		good(&m, "rpm 4, gzip payload", "format 4");
		tmk_buf_release(&m.file);
	}
	made_rpm_init(&m, 6);
	good(&m, "rpm 6, gzip payload", "format 6");
	m.algorithm = 0;
	good(&m, "rpm 6, gzip payload", "SHA-512 and SHA3-256 alone");
	tmk_buf_release(&m.file);
	made_rpm_init(&m, 4);
	m.source = true;
	good(&m, "source rpm 4, gzip payload", "a source package");
	m.bare = true;
	good(&m, "source rpm 4, gzip payload", "no digest of the header");
	tmk_buf_release(&m.file);
	for (pad = 0; pad < 8; pad++) {
		made_rpm_init(&m, 4);
		m.reserved = 100 + pad;
		good(&m, "rpm 4, gzip payload", "every padding");
		tmk_buf_release(&m.file);
	}
	made_rpm_init(&m, 4);
	m.bare = true;
	made_rpm(&m);
	made_put32(size + 4, (uint32_t)(m.file.len - m.main_at));
	m.sig[m.sigs++] = (struct made_entry){ TMK_RPM_SIG_LONGSIZE,
		TMK_RPM_INT64, 1, size, 8 };
	good(&m, "rpm 4, gzip payload", "a size of eight bytes");
	tmk_buf_release(&m.file);
	made_rpm_init(&m, 4);
	m.payload_len = 0;
	good(&m, "rpm 4, gzip payload", "no payload");
	tmk_buf_release(&m.file);
}

/* ---- the file cut off ------------------------------------------------- */

static void test_truncated(void)
{
	struct made_rpm m;
	size_t len, malformed = 0, mismatch = 0, other = 0;

	made_rpm_init(&m, 4);
	made_rpm(&m);
	for (len = 0; len < m.file.len; len++) {
		struct tmk_verdict v;
		int fd;
		struct tmk_package *p = open_bytes(m.file.data, len, &fd, &v);

		if (p)
			other++;
		else if (len < m.main_end)
			malformed += v.reason == TMK_OBJECT_MALFORMED;
		else
			mismatch += v.reason == TMK_CONTENT_MISMATCH;
		tmk_package_close(p);
		close(fd);
	}
	is_int((long long)other, 0, "cut off anywhere: refused");
	is_int((long long)malformed, (long long)m.main_end,
	       "within a header: malformed");
	is_int((long long)mismatch, (long long)(m.file.len - m.main_end),
	       "within the payload: not what the digests say");
	must_be(!tmk_buf_addch(&m.file, 0));
	refused_bytes(m.file.data, m.file.len, TMK_CONTENT_MISMATCH, "bytes",
		      "one byte more");
	tmk_buf_release(&m.file);
}

/* ---- bits ------------------------------------------------------------- */

/* Every byte with one bit changed: what a signature is over is never read as
 * something else. */
static void test_flipped(int format)
{
	struct made_rpm m;
	size_t i, let_in = 0, moved = 0;

	made_rpm_init(&m, format);
	made_rpm(&m);
	for (i = 0; i < m.file.len; i++) {
		struct tmk_verdict v;
		struct tmk_package *p;
		int fd;

		m.file.data[i] ^= (uint8_t)(1 << i % 8);
		p = open_bytes(m.file.data, m.file.len, &fd, &v);
		m.file.data[i] ^= (uint8_t)(1 << i % 8);
		if (p && i >= m.main_at)
			let_in++;
		if (p) {
			struct tmk_rpm *rpm = p->priv;

			moved += rpm->main.at != m.main_at ||
				rpm->main.end != m.main_end;
		}
		tmk_package_close(p);
		close(fd);
	}
	is_int((long long)let_in, 0, "format %d: no changed bit in the main "
	       "header or the payload is let in", format);
	is_int((long long)moved, 0, "format %d: no changed bit moves what is "
	       "signed", format);
	tmk_buf_release(&m.file);
}

/* ---- lies in the index ------------------------------------------------ */

/* One number of a header that is changed. */
struct lie {
	const char *name;
	bool main;
	int entry;		/* of the index; -1: the intro, -2: the
				   trailer of the region */
	int field;		/* of four bytes */
	uint32_t value;
	enum tmk_reason reason;
	const char *text;
};

/* Entries: main 0 region, 1 name, 2 version, 3 release, 4 arch, 5 source rpm,
 * 6 compressor, 7 payload digest, 8 its algorithm; signature 0 region, 1
 * SHA-1, 2 SHA-256, 3 size, 4 MD5, 5 room. */
static const struct lie lies[] = {
	{ "magic", false, -1, 0, 0x8eade802, TMK_OBJECT_MALFORMED,
	  "no signature header" },
	{ "reserved bytes of the magic", true, -1, 1, 1, TMK_OBJECT_MALFORMED,
	  "no main header" },
	{ "no entries", false, -1, 2, 0, TMK_OBJECT_MALFORMED, "is empty" },
	{ "33 entries", false, -1, 2, 33, TMK_LIMIT_EXCEEDED, "33 entries" },
	{ "65536 entries", true, -1, 2, 65536, TMK_LIMIT_EXCEEDED,
	  "65536 entries" },
	{ "negative entries", true, -1, 2, 0xffffffff, TMK_LIMIT_EXCEEDED,
	  "entries" },
	{ "no data", true, -1, 3, 0, TMK_OBJECT_MALFORMED, "is empty" },
	{ "more than 64 MiB", false, -1, 3, (64 << 20) + 1, TMK_LIMIT_EXCEEDED,
	  "bytes of data" },
	{ "more than 256 MiB", true, -1, 3, (256u << 20) + 1,
	  TMK_LIMIT_EXCEEDED, "bytes of data" },
	{ "negative data", true, -1, 3, 0x80000000, TMK_LIMIT_EXCEEDED,
	  "bytes of data" },
	{ "64 MiB that are not there", false, -1, 3, 64 << 20,
	  TMK_OBJECT_MALFORMED, "ends within" },
	{ "256 MiB that are not there", true, -1, 3, 256u << 20,
	  TMK_OBJECT_MALFORMED, "ends within" },
	{ "one entry less", true, -1, 2, 8, TMK_OBJECT_MALFORMED, "region" },
	{ "another region", true, 0, 0, 62, TMK_OBJECT_MALFORMED,
	  "no region" },
	{ "no region", false, 0, 0, 1000, TMK_OBJECT_MALFORMED, "no region" },
	{ "a region of another type", true, 0, 1, 4, TMK_OBJECT_MALFORMED,
	  "not hold all" },
	{ "a region of half", true, 0, 2, 16, TMK_OBJECT_MALFORMED,
	  "not hold all" },
	{ "a region of another count", false, 0, 3, 32, TMK_OBJECT_MALFORMED,
	  "not hold all" },
	{ "a trailer of another tag", true, -2, 0, 61, TMK_OBJECT_MALFORMED,
	  "ends with tag 61" },
	{ "a trailer of another type", true, -2, 1, 6, TMK_OBJECT_MALFORMED,
	  "not closed" },
	{ "a trailer that reaches less far", true, -2, 2, 0u - 16 * 8,
	  TMK_OBJECT_MALFORMED, "not closed" },
	{ "a trailer that reaches farther", false, -2, 2, 0u - 16 * 7,
	  TMK_OBJECT_MALFORMED, "not closed" },
	{ "a trailer forward", false, -2, 2, 16 * 6, TMK_OBJECT_MALFORMED,
	  "not closed" },
	{ "a trailer of another count", false, -2, 3, 15,
	  TMK_OBJECT_MALFORMED, "not closed" },
	{ "a tag twice", true, 2, 0, 1000, TMK_OBJECT_MALFORMED, "twice" },
	{ "a tag twice in the signature header", false, 4, 0, 1000,
	  TMK_OBJECT_MALFORMED, "twice" },
	{ "tags out of order", true, 2, 0, 999, TMK_OBJECT_MALFORMED,
	  "out of order" },
	{ "a region's tag in the middle", true, 2, 0, 63,
	  TMK_OBJECT_MALFORMED, "cannot be" },
	{ "a negative tag", true, 8, 0, 0xfffffff0, TMK_OBJECT_MALFORMED,
	  "cannot be" },
	{ "type 0", true, 1, 1, 0, TMK_OBJECT_MALFORMED, "type" },
	{ "type 10", true, 1, 1, 10, TMK_OBJECT_MALFORMED, "type" },
	{ "a negative type", false, 1, 1, 0xffffffff, TMK_OBJECT_MALFORMED,
	  "type" },
	{ "count 0", true, 1, 3, 0, TMK_OBJECT_MALFORMED, "count" },
	{ "two strings in one", true, 1, 3, 2, TMK_OBJECT_MALFORMED,
	  "count" },
	{ "a huge count of strings", true, 7, 3, 0xffffffff,
	  TMK_OBJECT_MALFORMED, "ends outside" },
	{ "more strings than there are", true, 7, 3, 20, TMK_OBJECT_MALFORMED,
	  "without an end" },
	{ "a count that wraps", true, 8, 3, 0x40000001, TMK_OBJECT_MALFORMED,
	  "ends outside" },
	{ "bytes past the end", false, 5, 3, 513, TMK_OBJECT_MALFORMED,
	  "ends outside" },
	{ "an offset past the end", true, 8, 2, 0x10000, TMK_OBJECT_MALFORMED,
	  "outside" },
	{ "a negative offset", true, 1, 2, 0xfffffffc, TMK_OBJECT_MALFORMED,
	  "outside" },
	{ "an offset in the trailer", false, 5, 2, 0x278,
	  TMK_OBJECT_MALFORMED, "outside" },
	{ "data shared by two", true, 2, 2, 0, TMK_OBJECT_MALFORMED,
	  "overlaps" },
	{ "a number that is not aligned", true, 8, 2, 0x6e,
	  TMK_OBJECT_MALFORMED, "not aligned" },
};

static void test_lies(void)
{
	size_t i;

	for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		const struct lie *lie = &lies[i];
		struct made_rpm m;
		size_t at;

		made_rpm_init(&m, 4);
		made_rpm(&m);
		at = lie->entry == -2 ? (lie->main ? m.main_end : m.sig_end) -
			16 : (lie->main ? m.main_at : m.sig_at) +
			(lie->entry < 0 ? 0 : 16 + 16 * (size_t)lie->entry);
		made_put32(m.file.data + at + 4 * lie->field, lie->value);
		refused_bytes(m.file.data, m.file.len, lie->reason, lie->text,
			      lie->name);
		tmk_buf_release(&m.file);
	}
}

/* Old packages have the tag of another region in that trailer. */
static void test_old_trailer(void)
{
	struct tmk_verdict v;
	struct tmk_package *p;
	struct made_rpm m;
	int fd;

	made_rpm_init(&m, 4);
	made_rpm(&m);
	made_put32(m.file.data + m.sig_end - 16, 61);
	p = open_bytes(m.file.data, m.file.len, &fd, &v);
	ok(p != NULL, "the trailer of old signature headers is read");
	tmk_package_close(p);
	close(fd);
	tmk_buf_release(&m.file);
}

/* ---- the lead and what lies between ----------------------------------- */

static void test_lead(void)
{
	static const struct {
		size_t at;
		uint8_t value;
		const char *text;
	} bad[] = {
		{ 0, 0xee, "no rpm" }, { 4, 2, "version 2" },
		{ 4, 5, "version 5" }, { 78, 1, "no signature header" },
		{ 79, 1, "no signature header" },
	};
	struct made_rpm m;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		made_rpm_init(&m, 4);
		made_rpm(&m);
		m.file.data[bad[i].at] = bad[i].value;
		refused_bytes(m.file.data, m.file.len, TMK_OBJECT_MALFORMED,
			      bad[i].text, "a lead");
		tmk_buf_release(&m.file);
	}
	made_rpm_init(&m, 4);
	m.reserved = 101;
	made_rpm(&m);
	must_be(m.sig_end < m.main_at);
	m.file.data[m.sig_end] = 1;
	refused_bytes(m.file.data, m.file.len, TMK_OBJECT_MALFORMED,
		      "between the headers", "a padding of something");
	tmk_buf_release(&m.file);
	ok(tmk_package_rpm.bid((const uint8_t *)"\xed\xab\xee\xdb", 4) &&
	   !tmk_package_rpm.bid((const uint8_t *)"\xed\xab\xee\xdb", 3) &&
	   !tmk_package_rpm.bid((const uint8_t *)"!<arch>\n", 8),
	   "an rpm is known by its first four bytes");
}

/* ---- what is said of the payload -------------------------------------- */

static void test_coverage(void)
{
	struct made_rpm m;
	int weak;

	made_rpm_init(&m, 4);
	m.algorithm = 0;
	refused(&m, TMK_OBJECT_MALFORMED, "would not cover", "no digest of "
		"the payload");
	for (weak = 1; weak <= 2; weak++) {
		made_rpm_init(&m, 4);
		m.algorithm = weak;
		refused(&m, TMK_DIGEST_WEAK, "MD5 or SHA-1", "a weak digest");
	}
	made_rpm_init(&m, 4);
	m.algorithm = 11;
	refused(&m, TMK_DIGEST_WEAK, "algorithm 11", "SHA-224");
	made_rpm_init(&m, 4);
	m.main[m.mains++] = (struct made_entry){ TMK_RPM_PAYLOAD_SIZE,
		TMK_RPM_INT64, 1, "\0\0\0\0\0\0\0\1", 8 };
	refused(&m, TMK_CONTENT_MISMATCH, "bytes", "another payload size");
}

/* Digests and sizes that say something else, or are no such thing. */
static const char zeros[129] = "00000000000000000000000000000000"
	"00000000000000000000000000000000"
	"00000000000000000000000000000000"
	"00000000000000000000000000000000";
static const struct {
	struct made_entry entry;
	bool main;
	enum tmk_reason reason;
	const char *text;
} wrong[] = {
	{ { TMK_RPM_SIG_SHA1, TMK_RPM_STRING, 1, zeros + 88, 41 },
	  false, TMK_CONTENT_MISMATCH, "SHA-1 digest" },
	{ { TMK_RPM_SIG_SHA256, TMK_RPM_STRING, 1, zeros + 64, 65 },
	  false, TMK_CONTENT_MISMATCH, "SHA-256 digest" },
	{ { TMK_RPM_SIG_SHA3_256, TMK_RPM_STRING, 1, zeros + 64, 65 },
	  false, TMK_CONTENT_MISMATCH, "SHA3-256 digest" },
	{ { TMK_RPM_SIG_MD5, TMK_RPM_BIN, 16, zeros, 16 }, false,
	  TMK_CONTENT_MISMATCH, "MD5 digest" },
	{ { TMK_RPM_SIG_SIZE, TMK_RPM_INT32, 1, zeros, 4 }, false,
	  TMK_CONTENT_MISMATCH, "bytes" },
	{ { TMK_RPM_SIG_LONGSIZE, TMK_RPM_INT64, 1, zeros, 8 }, false,
	  TMK_CONTENT_MISMATCH, "bytes" },
	{ { TMK_RPM_PAYLOAD_SHA512, TMK_RPM_STRING, 1, zeros, 129 },
	  true, TMK_CONTENT_MISMATCH, "payload" },
	{ { TMK_RPM_PAYLOAD_SHA3_256, TMK_RPM_STRING, 1, zeros + 64,
	    65 }, true, TMK_CONTENT_MISMATCH, "payload" },
	{ { TMK_RPM_SIG_SHA1, TMK_RPM_STRING, 1, zeros + 90, 39 },
	  false, TMK_OBJECT_MALFORMED, "tag 269" },
	{ { TMK_RPM_SIG_SHA1, TMK_RPM_STRING, 1, "zz", 3 }, false,
	  TMK_OBJECT_MALFORMED, "tag 269" },
	{ { TMK_RPM_SIG_SHA256, TMK_RPM_BIN, 65, zeros + 64, 65 },
	  false, TMK_OBJECT_MALFORMED, "tag 273" },
	{ { TMK_RPM_SIG_SHA256, TMK_RPM_STRINGS, 2, "0\0" "0", 4 },
	  false, TMK_OBJECT_MALFORMED, "tag 273" },
	{ { TMK_RPM_SIG_MD5, TMK_RPM_BIN, 15, zeros, 15 }, false,
	  TMK_OBJECT_MALFORMED, "tag 1004" },
	{ { TMK_RPM_SIG_SIZE, TMK_RPM_INT32, 2, zeros, 8 }, false,
	  TMK_OBJECT_MALFORMED, "tag 1000" },
	{ { TMK_RPM_SIG_LONGSIZE, TMK_RPM_INT32, 1, zeros, 4 }, false,
	  TMK_OBJECT_MALFORMED, "tag 270" },
	{ { TMK_RPM_PAYLOAD_SIZE, TMK_RPM_INT32, 1, zeros, 4 }, true,
	  TMK_OBJECT_MALFORMED, "tag 5112" },
	{ { TMK_RPM_RPMFORMAT, TMK_RPM_STRING, 1, "6", 2 }, true,
	  TMK_OBJECT_MALFORMED, "format" },
	{ { TMK_RPM_RPMFORMAT, TMK_RPM_INT32, 1, "\0\0\0\5", 4 }, true,
	  TMK_OBJECT_MALFORMED, "format 5" },
	{ { TMK_RPM_SIG_RSA, TMK_RPM_STRING, 1, "a", 2 }, false,
	  TMK_OBJECT_MALFORMED, "no bytes" },
	{ { TMK_RPM_SIG_OPENPGP, TMK_RPM_BIN, 4, "AAAA", 4 }, false,
	  TMK_OBJECT_MALFORMED, "no texts" },
	{ { TMK_RPM_SIG_OPENPGP, TMK_RPM_STRINGS, 1, "A=", 3 }, false,
	  TMK_OBJECT_MALFORMED, "base64" },
	{ { TMK_RPM_SIG_OPENPGP, TMK_RPM_STRINGS, 2, "AAAA\0", 6 },
	  false, TMK_OBJECT_MALFORMED, "base64" },
	{ { TMK_RPM_SIG_OPENPGP, TMK_RPM_STRINGS, 1, "AAAA\nAAAA\n",
	    11 }, false, TMK_OBJECT_MALFORMED, "base64" },
};
static void test_sums(void)
{
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct made_rpm m;

		made_rpm_init(&m, 4);
		m.bare = true;
		if (wrong[i].main)
			m.main[m.mains++] = wrong[i].entry;
		else
			m.sig[m.sigs++] = wrong[i].entry;
		refused(&m, wrong[i].reason, wrong[i].text, wrong[i].text);
	}
}

/* ---- names ------------------------------------------------------------ */

static void test_names(void)
{
	static const char *const bad[] = {
		"", "a b", "a/b", "../a", "a\nb", "a\033[1mb", "a\x7f",
		"\xe2\x80\xae", "\xff", "a\\b"
	};
	char longest[257];
	struct made_rpm m;
	size_t i;
	int tag;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		for (tag = 0; tag < 4; tag++) {
			made_rpm_init(&m, 4);
			m.main[tag].data = bad[i];
			m.main[tag].len = strlen(bad[i]) + 1;
			refused(&m, TMK_OBJECT_MALFORMED, "the package has "
				"the name", "a name");
		}
	for (tag = 0; tag < 3; tag++) {
		made_rpm_init(&m, 4);
		m.main[tag] = m.main[--m.mains];
		refused(&m, TMK_OBJECT_MALFORMED, "lacks tag", "no name");
	}
	memset(longest, 'a', sizeof(longest) - 1);
	longest[256] = '\0';
	made_rpm_init(&m, 4);
	m.main[0].data = longest;
	m.main[0].len = sizeof(longest);
	refused(&m, TMK_OBJECT_MALFORMED, "no short text", "a long name");
	made_rpm_init(&m, 4);
	m.main[0].data = longest + 1;
	m.main[0].len = sizeof(longest) - 1;
	good(&m, "rpm 4, gzip payload", "a name of 255");
	tmk_buf_release(&m.file);
	made_rpm_init(&m, 4);
	m.main[0] = (struct made_entry){ TMK_RPM_NAME, TMK_RPM_I18N, 1, "a",
		2 };
	refused(&m, TMK_OBJECT_MALFORMED, "no short text", "a name in many "
		"languages");
}

/* A header whose text runs over many windows. */
static void test_large(void)
{
	size_t len = 3 * TMK_RPM_WINDOW + 17, i;
	char *text = must(malloc(len));
	struct made_rpm m;

	for (i = 0; i < len; i++)
		text[i] = i % 1000 == 999 ? '\0' : 'x';
	text[len - 1] = '\0';
	made_rpm_init(&m, 4);
	m.main[m.mains++] = (struct made_entry){ 1117, TMK_RPM_STRINGS,
		(uint32_t)(len / 1000 + 1), text, len };
	good(&m, "rpm 4, gzip payload", "a large header");
	m.main[m.mains - 1].count++;
	made_rpm(&m);
	refused_bytes(m.file.data, m.file.len, TMK_OBJECT_MALFORMED,
		      "", "one text too many");
	tmk_buf_release(&m.file);
	free(text);
}

/* Format 6 has no tags of the old kind, and a limit on signatures. */
static void test_seal_rules(void)
{
	char texts[17 * 5];
	struct made_rpm m;
	int i;

	made_rpm_init(&m, 6);
	m.sig[m.sigs++] = (struct made_entry){ TMK_RPM_SIG_PGP, TMK_RPM_BIN, 1,
		"x", 1 };
	refused(&m, TMK_OBJECT_MALFORMED, "tag 1002", "an old signature in "
		"format 6");
	for (i = 0; i < 17; i++)
		memcpy(texts + 5 * i, "AAAA", 5);
	made_rpm_init(&m, 6);
	m.sig[m.sigs++] = (struct made_entry){ TMK_RPM_SIG_OPENPGP,
		TMK_RPM_STRINGS, 17, texts, sizeof(texts) };
	refused(&m, TMK_LIMIT_EXCEEDED, "16 signatures", "17 signatures");
	made_rpm_init(&m, 6);
	m.sig[m.sigs++] = (struct made_entry){ TMK_RPM_SIG_OPENPGP,
		TMK_RPM_STRINGS, 16, texts, 16 * 5 };
	good(&m, "rpm 6, gzip payload", "16 signatures");
	tmk_buf_release(&m.file);
}

static void test_no_file(void)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_package *p = NULL;
	int fd[2];

	must_be(!pipe(fd));
	ok(tmk_package_rpm.open(&p, fd[0], &v, &err) < 0 && !p &&
	   err.code == TMK_INPUT, "a pipe is no package");
	close(fd[0]);
	close(fd[1]);
}

int main(void)
{
	test_good();
	test_truncated();
	test_flipped(4);
	test_flipped(6);
	test_lies();
	test_old_trailer();
	test_lead();
	test_coverage();
	test_sums();
	test_names();
	test_large();
	test_seal_rules();
	test_no_file();
	return tap_done();
}
