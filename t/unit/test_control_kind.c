/*
 * test_control_kind.c - which control file a text is, whole and cut off.
 */
#include <string.h>

#include "formats/control_kind.h"
#include "t/unit/tap.h"

#define ALL "Format: 1\nSource: demo\nVersion: 1\n"
#define BEGIN "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n"
#define DSC TMK_CONTROL_DSC
#define BUILDINFO TMK_CONTROL_BUILDINFO
#define CHANGES TMK_CONTROL_CHANGES
#define RELEASE TMK_CONTROL_RELEASE
#define OTHER TMK_CONTROL_OTHER

static const struct {
	const char *what, *name, *text;
	enum tmk_control_kind kind;
} cases[] = {
	{ "a .dsc", "x", ALL "Maintainer: D\n", DSC },
	{ "in small letters", "x", "format: 1\nsource: d\nversion: 1\n"
	  "maintainer: D\n", DSC },
	{ "clearsigned", "x", BEGIN ALL "Maintainer: D\n"
	  "-----BEGIN PGP SIGNATURE-----\n\nzz\n", DSC },
	{ "with CRLF", "x", "Format: 1\r\nSource: d\r\nVersion: 1\r\n"
	  "Maintainer: D\r\n", DSC },
	{ "the name does not count", "x.changes", ALL "Maintainer: D\n", DSC },
	{ "a .changes", "x", ALL "Maintainer: D\nDistribution: sid\n",
	  CHANGES },
	{ "a .changes of another name", "x.dsc", ALL "Changes:\n x\n",
	  CHANGES },
	{ "a .buildinfo", "x", ALL "Build-Architecture: amd64\n", BUILDINFO },
	{ "what is open, by its name", "x.dsc", ALL, DSC },
	{ "another one", "x.buildinfo", ALL, BUILDINFO },
	{ "the third", "x.changes", ALL, CHANGES },
	{ "no name", "x", ALL, OTHER },
	{ "a name and nothing before it", ".dsc", ALL, OTHER },
	{ "a Release", "x", "Origin: o\nSHA256:\n 00 0 x\n", RELEASE },
	{ "a Release that is cut off before its lists", "Release",
	  "Origin: o\nSuite: s\n", RELEASE },
	{ "the same of another name", "x", "Origin: o\nSuite: s\n", OTHER },
	{ "an index of packages", "Release", "Package: x\nSHA256: 00\n",
	  OTHER },
	{ "debian/control", "x", "Source: d\nMaintainer: D\n", OTHER },
	{ "a copyright file", "x", "Format: https://x\nSource: https://y\n",
	  OTHER },
	{ "only the first paragraph counts", "x", "Format: 1\n\nSource: d\n"
	  "Version: 1\nMaintainer: D\n", OTHER },
	{ "fields behind the signature do not", "x", BEGIN "Format: 1\n"
	  "-----BEGIN PGP SIGNATURE-----\nSource: d\nVersion: 1\n"
	  "Maintainer: D\n", OTHER },
	{ "a last line that is cut off does not", "x", ALL "Maintainer: D",
	  OTHER },
	{ "text", "x", "Dear all,\nFormat: 1\nSource: d\nVersion: 1\n"
	  "Maintainer: D\n", OTHER },
	{ "nothing", "x", "", OTHER },
	{ "a frame alone", "x.dsc", BEGIN, OTHER },
	{ "half of a frame", "x.dsc", "-----BEGIN PGP SIGNED MESSAGE-----",
	  OTHER },
};

int main(void)
{
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		is_int(tmk_control_kind_of(cases[i].name,
					   (const uint8_t *)cases[i].text,
					   strlen(cases[i].text)),
		       cases[i].kind, "%s", cases[i].what);
	return tap_done();
}
