/*
 * object_samples.h - git objects that the tests of formats/ share.
 *
 * String literals only, made by us; each is a whole object in the form that
 * git accepts. Nothing to free.
 */
#ifndef TMK_T_OBJECT_SAMPLES_H
#define TMK_T_OBJECT_SAMPLES_H

#define S_ID "0f3c9a7715d84e2ab6c05f1e8d7a43b29c6e10d5"
#define S_ID2 "1f7a7a472abf3dd9643fd615f6da379c4acb3e3a"
#define S_ID3 "77b3d1f05a2e4c6e8f90a1b2c3d4e5f60718293a"
#define S_ID64 "6ef19b41225c5369f1c104d45d8d85ef" \
	"a9b057b53b14b4b9b939dd74decc5321"
#define S_TREE "tree " S_ID "\n"
#define S_PARENT "parent " S_ID2 "\n"
#define S_AUTHOR "author A U Thor <author@example.org> 1700000000 +0100\n"
#define S_COMMITTER "committer C O Mitter <dev@example.org> 1700000001 -0330\n"
#define S_HEAD S_TREE S_PARENT S_AUTHOR S_COMMITTER
#define S_BODY "MIIBCgYJKoZIhvcNAQcCoIIB\nAAECAw==\n"
#define S_ARMOUR "-----BEGIN SIGNED MESSAGE-----\n" S_BODY \
	"-----END SIGNED MESSAGE-----\n"
#define S_FOLDED " -----BEGIN SIGNED MESSAGE-----\n" \
	" MIIBCgYJKoZIhvcNAQcCoIIB\n AAECAw==\n" \
	" -----END SIGNED MESSAGE-----\n"
#define S_SIG "gpgsig" S_FOLDED
#define S_SIG256 "gpgsig-sha256" S_FOLDED
#define S_MERGETAG "mergetag object " S_ID2 "\n type commit\n tag v1\n" \
	" tagger T <t@example.org> 1700000000 +0000\n \n merged\n" \
	" -----BEGIN PGP SIGNATURE-----\n \n AAAA\n" \
	" -----END PGP SIGNATURE-----\n"
#define S_MSG "\nsubject\n\nbody\n"

#define S_OBJECT "object " S_ID2 "\n"
#define S_TYPE "type commit\n"
#define S_NAME "tag v1.0\n"
#define S_TAGGER "tagger T Agger <tag@example.org> 1700000002 +0000\n"
#define S_TAG S_OBJECT S_TYPE S_NAME S_TAGGER

static const char *const sample_commits[] = {
	S_HEAD S_MSG,
	S_TREE S_AUTHOR S_COMMITTER "\n",
	S_HEAD S_SIG S_MSG,
	S_TREE S_PARENT "parent " S_ID3 "\n" S_AUTHOR S_COMMITTER
		"encoding ISO-8859-1\n" S_MERGETAG S_SIG S_MSG,
	S_HEAD S_SIG "change-id kkmpptxzrspxrzommnulwmwkkqwworpl\n" S_MSG,
	S_HEAD "extra one\n two\n" S_SIG "\n\n\nlate subject",
	S_TREE "author  <> 0 +0000\ncommitter J\303\274rgen \"x\" . <a@b> "
		"9007199254740992 -1400\n" S_MSG,
	"tree " S_ID64 "\nparent " S_ID64 "\n" S_AUTHOR S_COMMITTER S_SIG256
		S_MSG,
};

static const char *const sample_tags[] = {
	S_TAG S_MSG,
	S_TAG "\n",
	S_TAG S_MSG S_ARMOUR,
	S_TAG "\n" S_ARMOUR,
	"object " S_ID "\ntype tag\ntag release/2026-11\n" S_TAGGER
		"\nwith a certificate\n-----BEGIN CERTIFICATE-----\nAAAA\n"
		"-----END CERTIFICATE-----\n" S_ARMOUR,
	S_TAG S_MSG "-----BEGIN PGP SIGNATURE-----\nComment: x\n\nAAAA\n=BBBB\n"
		"-----END PGP SIGNATURE-----\n",
	S_TAG S_MSG "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n"
		"-----END SSH SIGNATURE-----\n",
};

#define SAMPLES(table) ((int)(sizeof(table) / sizeof((table)[0])))

#endif
