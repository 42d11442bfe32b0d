#include "formats/control_kind.h"

#include <string.h>
#include <strings.h>

#include "formats/cleartext.h"

/* The fields that tell the files apart. */
enum {
	FORMAT = 1 << 0,	/* all three of a package have these */
	SOURCE = 1 << 1,
	VERSION = 1 << 2,
	CHANGES = 1 << 3,	/* only .changes has one of these */
	BUILD = 1 << 4,		/* only .buildinfo */
	MAKER = 1 << 5,		/* .dsc and .changes */
	PACKAGE = 1 << 6,	/* an index, or debian/control */
	LIST = 1 << 7,		/* Release has a list by one of these names */
	SUITE = 1 << 8
};

static const struct {
	const char *name;
	int what;
} fields[] = {
	{ "Format", FORMAT }, { "Source", SOURCE }, { "Version", VERSION },
	{ "Distribution", CHANGES }, { "Changes", CHANGES },
	{ "Urgency", CHANGES }, { "Changed-By", CHANGES },
	{ "Build-Origin", BUILD }, { "Build-Architecture", BUILD },
	{ "Build-Date", BUILD }, { "Build-Path", BUILD },
	{ "Installed-Build-Depends", BUILD }, { "Environment", BUILD },
	{ "Checksums-Md5", BUILD },
	{ "Maintainer", MAKER }, { "Standards-Version", MAKER },
	{ "Package-List", MAKER },
	{ "Package", PACKAGE },
	{ "MD5Sum", LIST }, { "SHA1", LIST }, { "SHA256", LIST },
	{ "SHA512", LIST },
	{ "Suite", SUITE }, { "Codename", SUITE }, { "Components", SUITE },
	{ "Date", SUITE }
};

/* What is on one line: a field's bit, 0, or -1 where no paragraph has such a
 * line. */
static int field_of(const uint8_t *line, size_t len)
{
	const uint8_t *colon = memchr(line, ':', len);
	size_t i, n;

	if (line[0] == ' ' || line[0] == '\t')
		return 0;
	if (!colon || colon == line)
		return -1;
	n = (size_t)(colon - line);
	for (i = 0; i < n; i++)
		if (line[i] <= ' ' || line[i] >= 0x7f)
			return -1;
	for (i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (strlen(fields[i].name) == n &&
		    !strncasecmp(fields[i].name, (const char *)line, n))
			return fields[i].what;
	return 0;
}

/* Behind the BEGIN line and the lines up to the empty one. */
static size_t skip_frame(const uint8_t *head, size_t len)
{
	size_t at = 0;

	while (at < len) {
		const uint8_t *end = memchr(head + at, '\n', len - at);
		size_t n = end ? (size_t)(end - head) - at : len - at;

		if (!end)
			return len;
		if (!n || (n == 1 && head[at] == '\r'))
			return at + n + 1;
		at += n + 1;
	}
	return at;
}

/* All fields of the first paragraph; -1 when it is none. The last line may be
 * cut off, and is then not looked at. */
static int fields_of(const uint8_t *head, size_t len)
{
	size_t at = tmk_cleartext_begins(head, len) ? skip_frame(head, len) :
		0;
	int all = 0, one;

	while (at < len) {
		const uint8_t *line = head + at;
		const uint8_t *end = memchr(line, '\n', len - at);
		size_t n;

		if (!end)
			break;
		n = (size_t)(end - line);
		at += n + 1;
		if (n && line[n - 1] == '\r')
			n--;
		if (!n)
			break;
		if (n >= 2 && line[0] == '-' && line[1] == ' ') {
			line += 2;
			n -= 2;
		}
		if (n && line[0] == '-')	/* BEGIN PGP SIGNATURE */
			break;
		one = n ? field_of(line, n) : 0;
		if (one < 0)
			return -1;
		all |= one;
	}
	return all;
}

static bool ends_in(const char *name, const char *end)
{
	size_t n = strlen(name), e = strlen(end);

	return n > e && !strcmp(name + n - e, end);
}

enum tmk_control_kind tmk_control_kind_of(const char *name, const uint8_t *head,
					size_t len)
{
	int all = fields_of(head, len);

	if (all <= 0 || all & PACKAGE)
		return TMK_CONTROL_OTHER;
	if ((all & (FORMAT | SOURCE)) == (FORMAT | SOURCE)) {
		if (all & CHANGES)
			return TMK_CONTROL_CHANGES;
		if (all & BUILD)
			return TMK_CONTROL_BUILDINFO;
		if (all & VERSION && all & MAKER)
			return TMK_CONTROL_DSC;
		return ends_in(name, ".dsc") ? TMK_CONTROL_DSC :
			ends_in(name, ".buildinfo") ? TMK_CONTROL_BUILDINFO :
			ends_in(name, ".changes") ? TMK_CONTROL_CHANGES :
			TMK_CONTROL_OTHER;
	}
	if (all & (SOURCE | FORMAT | VERSION | MAKER))
		return TMK_CONTROL_OTHER;
	if (all & LIST || (all & SUITE && !strcmp(name, "Release")))
		return TMK_CONTROL_RELEASE;
	return TMK_CONTROL_OTHER;
}

bool tmk_control_is_release(const uint8_t *path, size_t len)
{
	static const char *const own[] = {
		"Release", "InRelease", "Release.gpg"
	};
	size_t i;

	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (len == strlen(own[i]) && !memcmp(path, own[i], len))
			return true;
	return false;
}
