/*
 * test_armour.c - strict armour in, canonical armour out.
 */
#include <stdlib.h>
#include <string.h>

#include "base/radix64.h"
#include "formats/armour.h"
#include "t/unit/object_samples.h"
#include "t/unit/tap.h"

#define T(s) s, sizeof(s) - 1
#define B "-----BEGIN SIGNED MESSAGE-----\n"
#define E "-----END SIGNED MESSAGE-----\n"
#define P "-----BEGIN PGP SIGNATURE-----\n"
#define Q "-----END PGP SIGNATURE-----\n"
#define S "-----BEGIN SSH SIGNATURE-----\n"
#define U "-----END SSH SIGNATURE-----\n"
#define LINE16 "QUJDQUJDQUJDQUJD"
#define LINE64 LINE16 LINE16 LINE16 LINE16

static const struct bad {
	const char *name;
	const char *text;
	size_t len;
} bads[] = {
	{ "empty", T("") },
	{ "a newline", T("\n") },
	{ "no body", T(B E) },
	{ "text before BEGIN", T("x\n" B "AAAA\n" E) },
	{ "an empty line before BEGIN", T("\n" B "AAAA\n" E) },
	{ "text after END", T(B "AAAA\n" E "x") },
	{ "an empty line after END", T(B "AAAA\n" E "\n") },
	{ "a second block", T(B "AAAA\n" E B "AAAA\n" E) },
	{ "no newline at the end", T(B "AAAA\n-----END SIGNED MESSAGE-----") },
	{ "no END", T(B "AAAA\n") },
	{ "BEGIN alone", T("-----BEGIN SIGNED MESSAGE-----") },
	{ "END of another label", T(B "AAAA\n-----END SSH SIGNATURE-----\n") },
	{ "a broken END", T(B "AAAA\n-----END SIGNED MESSAGE----\n") },
	{ "label CMS", T("-----BEGIN CMS-----\nAAAA\n-----END CMS-----\n") },
	{ "label PKCS7", T("-----BEGIN PKCS7-----\nAAAA\n"
	  "-----END PKCS7-----\n") },
	{ "label in small letters", T("-----BEGIN signed message-----\nAAAA\n"
	  "-----END signed message-----\n") },
	{ "CRLF", T("-----BEGIN SIGNED MESSAGE-----\r\nAAAA\r\n"
	  "-----END SIGNED MESSAGE-----\r\n") },
	{ "CR in the body", T(B "AAAA\r\n" E) },
	{ "NUL in the body", T(B "AA\0A\n" E) },
	{ "a header", T(B "Comment: x\n\nAAAA\n" E) },
	{ "an empty line in the body", T(B "\nAAAA\n" E) },
	{ "an empty last line", T(B "AAAA\n\n" E) },
	{ "a space in the body", T(B "AA A\n" E) },
	{ "a leading space", T(B " AAAA\n" E) },
	{ "a trailing space", T(B "AAAA \n" E) },
	{ "padding inside", T(B "AA==\nAAAA\n" E) },
	{ "padding behind padding", T(B "AA==AA==\n" E) },
	{ "loose bits", T(B "AB==\n" E) },
	{ "no padding", T(B "AAA\n" E) },
	{ "three paddings", T(B "A===\n" E) },
	{ "padding alone", T(B "====\n" E) },
	{ "URL alphabet", T(B "AA-_\n" E) },
	{ "a longer second line", T(B "AAAA\nAAAAAAAA\n" E) },
	{ "a shorter middle line", T(B "AAAAAAAA\nAAAA\nAAAAAAAA\n" E) },
	{ "lines of 80", T(B LINE64 "QUJDQUJDQUJDQUJD\n" E) },
	{ "a checksum line", T(B "AAAA\n=AAA\n" E) },
	{ "CMS in lines of 70", T(B LINE64 "QUJDQU\nJDQUI=\n" E) },
	{ "OpenPGP: no empty line", T(P "QUJD\n" Q) },
	{ "OpenPGP: no body", T(P "\n" Q) },
	{ "OpenPGP: nothing", T(P Q) },
	{ "OpenPGP: a wrong checksum", T(P "\nQUJD\n=8Tci\n" Q) },
	{ "OpenPGP: a checksum alone", T(P "\n=8Tcj\n" Q) },
	{ "OpenPGP: two checksums", T(P "\nQUJD\n=8Tcj\n=8Tcj\n" Q) },
	{ "OpenPGP: no checksum", T(P "\nQUJD\n=8T!j\n" Q) },
	{ "OpenPGP: a checksum with padding", T(P "\nQUJD\n=8Tc=\n" Q) },
	{ "OpenPGP: more behind it", T(P "\nQUJD\n=8Tcj\nQUJD\n" Q) },
	{ "OpenPGP: a checksum on the line", T(P "\nQUJD=8Tcj\n" Q) },
	{ "OpenPGP: two empty lines", T(P "\n\nQUJD\n" Q) },
	{ "OpenPGP: an empty line behind", T(P "\nQUJD\n\n" Q) },
	{ "OpenPGP: two empty lines after END", T(P "\nQUJD\n" Q "\n\n") },
	{ "OpenPGP: another header", T(P "Subject: x\n\nQUJD\n" Q) },
	{ "OpenPGP: a header without a space", T(P "Version:x\n\nQUJD\n" Q) },
	{ "OpenPGP: a header with an escape", T(P "Comment: \x1b[2J\n\nQUJD\n"
	  Q) },
	{ "OpenPGP: no UTF-8", T(P "Comment: \xff\n\nQUJD\n" Q) },
	{ "OpenPGP: a tab in the empty line", T(P "\t\nQUJD\n" Q) },
	{ "OpenPGP: a space in the body", T(P "\nQU JD\n" Q) },
	{ "OpenPGP: loose bits", T(P "\nQUJDQUJ=\n" Q) },
	{ "OpenPGP: uneven lines", T(P "\nQUJD\nQUJDQUJD\n" Q) },
	{ "OpenPGP: a key", T("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nQUJD\n"
	  "-----END PGP PUBLIC KEY BLOCK-----\n") },
	{ "SSH: a header", T(S "Comment: x\n\nU1NIU0lH\n" U) },
	{ "SSH: an empty line", T(S "\nU1NIU0lH\n" U) },
	{ "SSH: a checksum", T(S "QUJD\n=8Tcj\n" U) },
	{ "SSH: an empty line after END", T(S "U1NIU0lH\n" U "\n") },
	{ "SSH: half a group", T(S "U1NIU0l\n" U) },
};

static void test_bads(void)
{
	size_t i;

	for (i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);
		struct tmk_verdict v = TMK_VERDICT_INIT;
		struct tmk_err err = TMK_ERR_INIT;
		enum tmk_seal_format format = 0;

		ok(!tmk_armour_read(&der, &format,
				    (const uint8_t *)bads[i].text, bads[i].len,
				    &v, &err) &&
		   v.reason == TMK_SIGNATURE_MALFORMED && !der.len && !format,
		   "refused: %s (%s)", bads[i].name, v.text);
		tmk_buf_release(&der);
	}
}

static const struct good {
	const char *name;
	enum tmk_seal_format format;
	const char *text;
	const char *bytes;
} goods[] = {
	{ "one group", TMK_FORMAT_X509, B "QUJD\n" E, "ABC" },
	{ "padding", TMK_FORMAT_X509, B "QUI=\n" E, "AB" },
	{ "two lines", TMK_FORMAT_X509, B "QUJDRA==\nQQ==\n" E, NULL },
	{ "last line as long", TMK_FORMAT_X509, B "QUJD\nQUJD\n" E, "ABCABC" },
	{ "last line shorter", TMK_FORMAT_X509, B "QUJDQUJD\nQQ==\n" E,
	  "ABCABCA" },
	{ "72 columns", TMK_FORMAT_X509, B LINE64 "QUJDQUJD\nQUJD\n" E,
	  "ABCABCABCABCABCABCABCABCABCABCABCABCABCABCABCABCABCABCABC" },
	{ "OpenPGP", TMK_FORMAT_OPENPGP, P "Version: x\n\nQUJD\n" Q, "ABC" },
	{ "OpenPGP without headers", TMK_FORMAT_OPENPGP, P "\nQUJD\n" Q,
	  "ABC" },
	{ "OpenPGP with a checksum", TMK_FORMAT_OPENPGP,
	  P "\nQUJD\n=8Tcj\n" Q, "ABC" },
	{ "OpenPGP with all headers", TMK_FORMAT_OPENPGP,
	  P "Version: GnuPG v2\nComment: a: b\nComment: \xc3\xa4\nHash: SHA256"
	  "\nCharset: UTF-8\nMessageID: x\n\nQUJDQUJD\nQUI=\n" Q,
	  "ABCABCAB" },
	{ "OpenPGP and an empty line", TMK_FORMAT_OPENPGP, P "\nQUJD\n" Q
	  "\n", "ABC" },
	{ "OpenPGP message", TMK_FORMAT_OPENPGP, "-----BEGIN PGP MESSAGE-----\n"
	  "\nAAAA\n-----END PGP MESSAGE-----\n", "" },
	{ "SSH", TMK_FORMAT_SSH, S "U1NIU0lH\n" U, "SSHSIG" },
	{ "SSH in lines of 70", TMK_FORMAT_SSH, S LINE64 "QUJDQU\nJDQUI=\n" U,
	  "ABCABCABCABCABCABCABCABCABCABCABCABCABCABCABCABCABCABCAB" },
};

static void test_goods(void)
{
	size_t i;

	for (i = 0; i < sizeof(goods) / sizeof(goods[0]); i++) {
		struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);
		struct tmk_verdict v = TMK_VERDICT_INIT;
		struct tmk_err err = TMK_ERR_INIT;
		enum tmk_seal_format format = 0;
		int rc;

		rc = tmk_armour_read(&der, &format,
				     (const uint8_t *)goods[i].text,
				     strlen(goods[i].text), &v, &err);
		if (!goods[i].bytes) {
			/* Padding closes the data: no line may follow it. */
			ok(!rc && v.reason == TMK_SIGNATURE_MALFORMED,
			   "refused: padding before the last line");
		} else {
			ok(!rc && v.reason == TMK_GOOD &&
			   format == goods[i].format, "read: %s %s",
			   goods[i].name, v.text);
			is_str(tmk_buf_str(&der), goods[i].bytes,
			       "bytes of: %s", goods[i].name);
		}
		tmk_buf_release(&der);
	}
}

/* Write and read again, over the lengths where lines end. */
static void round_trip(const char *label, enum tmk_seal_format want,
		       const uint8_t *bytes, size_t len)
{
	struct tmk_buf text = TMK_BUF_INIT(4096);
	struct tmk_buf der = TMK_BUF_INIT(4096);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	enum tmk_seal_format format = 0;

	ok(!tmk_armour_write(&text, label, bytes, len, &err) &&
	   !tmk_armour_read(&der, &format, text.data, text.len, &v, &err) &&
	   v.reason == TMK_GOOD && format == want,
	   "%s: %zu bytes written and read %s", label, len, v.text);
	is_mem(der.data, der.len, bytes, len, "the same bytes");
	tmk_buf_release(&text);
	tmk_buf_release(&der);
}

static void test_round(void)
{
	static const struct {
		const char *label;
		enum tmk_seal_format format;
	} labels[] = {
		{ TMK_ARMOUR_LABEL_CMS, TMK_FORMAT_X509 },
		{ TMK_ARMOUR_LABEL_OPENPGP, TMK_FORMAT_OPENPGP },
		{ TMK_ARMOUR_LABEL_SSH, TMK_FORMAT_SSH }
	};
	size_t lens[] = { 1, 2, 3, 47, 48, 49, 51, 52, 53, 54, 95, 96, 97,
			  200 };
	uint8_t bytes[200];
	size_t i, k;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	for (k = 0; k < sizeof(labels) / sizeof(labels[0]); k++)
		for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
			round_trip(labels[k].label, labels[k].format, bytes,
				   lens[i]);
}

/* The bytes that others write. */
static void test_forms(void)
{
	static const char ssh[] = S LINE64 "QUJDQU\nJD\n" U;
	struct tmk_buf text = TMK_BUF_INIT(4096), bytes = TMK_BUF_INIT(4096);
	struct tmk_err err = TMK_ERR_INIT;
	const char *why = "";
	int i;

	ok(!tmk_armour_write(&text, TMK_ARMOUR_LABEL_OPENPGP,
			     (const uint8_t *)"ABC", 3, &err), "OpenPGP");
	is_str(tmk_buf_str(&text), P "\nQUJD\n=8Tcj\n" Q,
	       "an empty line and a checksum");
	tmk_buf_clear(&text);
	ok(!tmk_armour_write(&text, TMK_ARMOUR_LABEL_KEY,
			     (const uint8_t *)"ABC", 3, &err), "a key");
	is_str(tmk_buf_str(&text), "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n"
	       "QUJD\n=8Tcj\n-----END PGP PUBLIC KEY BLOCK-----\n",
	       "in the same form");
	tmk_buf_clear(&text);
	for (i = 0; i < 18; i++)
		if (tmk_buf_addstr(&bytes, "ABC"))
			abort();
	ok(!tmk_armour_write(&text, TMK_ARMOUR_LABEL_SSH, bytes.data,
			     bytes.len, &err), "SSH");
	is_str(tmk_buf_str(&text), ssh, "lines of 70");
	is_int(tmk_radix64_crc((const uint8_t *)"123456789", 9), 0x21cf02,
	       "the checksum's own check value");
	is_int(tmk_radix64_crc(NULL, 0), 0xb704ce, "and that of nothing");
	bytes.len = 0;
	bytes.max = 1;
	ok(tmk_radix64_decode(&bytes, (const uint8_t *)"\nQUJD\n", 6, &why) <
	   0 && !why && !bytes.len, "no room is no fault of the text");
	tmk_buf_release(&text);
	tmk_buf_release(&bytes);
}

static void test_limit(void)
{
	struct tmk_buf text = TMK_BUF_INIT(4 << 20);
	struct tmk_buf der = TMK_BUF_INIT(4 << 20);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	enum tmk_seal_format format = 0;
	uint8_t *big = calloc(1, TMK_SEAL_MAX + 1);
	int i;

	if (!big || tmk_buf_addstr(&text, B))
		abort();
	for (i = 0; i < TMK_SEAL_MAX / 48 + 1; i++)
		if (tmk_buf_addstr(&text, LINE64 "\n"))
			abort();
	ok(!tmk_buf_addstr(&text, E) &&
	   !tmk_armour_read(&der, &format, text.data, text.len, &v, &err) &&
	   v.reason == TMK_LIMIT_EXCEEDED && !der.len, "over the limit: %s",
	   v.text);
	tmk_buf_clear(&text);
	ok(tmk_armour_write(&text, TMK_ARMOUR_LABEL_CMS, big,
			    TMK_SEAL_MAX + 1, &err) &&
	   err.code == TMK_INTERNAL && !text.len, "nor is one written");
	v.reason = TMK_GOOD;
	ok(!tmk_armour_write(&text, TMK_ARMOUR_LABEL_CMS, big,
			     TMK_SEAL_MAX - 1, &err) &&
	   !tmk_armour_read(&der, &format, text.data, text.len, &v, &err) &&
	   v.reason == TMK_GOOD && der.len == TMK_SEAL_MAX - 1,
	   "at the limit");
	text.max = text.len + 10;
	ok(tmk_armour_write(&text, TMK_ARMOUR_LABEL_CMS, big, 3, &err) &&
	   err.code == TMK_INTERNAL, "no room is an error: %s", err.text);
	free(big);
	tmk_buf_release(&text);
	tmk_buf_release(&der);
}

static void test_begins(void)
{
	ok(tmk_armour_begins((const uint8_t *)B, strlen(B)) == TMK_FORMAT_X509,
	   "BEGIN is seen");
	ok(tmk_armour_begins((const uint8_t *)T("-----BEGIN SSH SIGNATURE-----"
						"junk")) == TMK_FORMAT_SSH,
	   "a prefix is enough, as for git");
	ok(!tmk_armour_begins((const uint8_t *)T("-----BEGIN SSH SIGNATURE----"
						 )), "a cut BEGIN is none");
	ok(!tmk_armour_begins((const uint8_t *)E, strlen(E)), "END is none");
}

int main(void)
{
	test_goods();
	test_bads();
	test_round();
	test_forms();
	test_limit();
	test_begins();
	return tap_done();
}
