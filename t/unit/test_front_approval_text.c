/* test_front_approval_text.c - the text that approvers sign: one form for each
 * request, and nothing else is one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/front_approval_text.h"
#include "t/unit/tap.h"
#include "t/unit/x509_mint.h"

static struct mint minted;
static uint8_t *spki;
static int spki_len;
static const uint8_t digest[32] = "0123456789abcdef0123456789abcde";
static const uint8_t trailer[] = { 4, 0, 8, 255 };
static struct tmk_key_config section = { .approvals = 2,
					 .approval_expiry = 600 };

static struct tmk_front_use full(void)
{
	struct tmk_front_use use = {
		.what = "sign", .key = "release", .section = &section,
		.spki = spki, .spki_len = (size_t)spki_len,
		.format = "openpgp", .hash = TMK_SHA256, .digest = digest,
		.digest_len = sizeof(digest), .trailer = trailer,
		.trailer_len = sizeof(trailer), .time = 1700000000,
		.artefact = "dist/a b.tar.xz", .content = "file",
	};

	return use;
}

/* The text of a use. */
static void write_use(struct tmk_buf *out, const struct tmk_front_use *use)
{
	static struct tmk_approval_text t;
	struct tmk_err err = TMK_ERR_INIT;

	if (tmk_approval_text_fill(&t, use, "alice", 1700000100, &err) ||
	    tmk_approval_text_write(out, &t, &err))
		diag("%s", err.text);
}

static void round_trip(void)
{
	struct tmk_buf b = TMK_BUF_INIT(TMK_APPROVAL_TEXT_MAX);
	static struct tmk_approval_text t;
	struct tmk_front_use use = full();
	struct tmk_err err = TMK_ERR_INIT;

	write_use(&b, &use);
	ok(b.len > 0 && !tmk_approval_text_read(&t, b.data, b.len, &err),
	   "a text is read: %s", err.text);
	is_str(t.what, "sign", "use");
	is_str(t.requester, "alice", "requester");
	is_str(t.key, "release", "key");
	is_str(t.format, "openpgp", "format");
	is_str(t.name_space, "", "an OpenPGP signature has no namespace");
	is_mem(t.digest, t.digest_len, digest, sizeof(digest), "digest");
	is_mem(t.trailer, t.trailer_len, trailer, sizeof(trailer), "trailer");
	is_str(t.artefact, "dist/a b.tar.xz", "artefact");
	is_str(t.content, "file", "content");
	is_int(t.time, 1700000000, "time");
	is_int(t.created, 1700000100, "created");
	is_int(t.expires, 1700000700, "expires");
	is_int(t.approvals, 2, "approvals");
	tmk_buf_release(&b);
	use.format = "ssh";
	use.name_space = "file";
	write_use(&b, &use);
	ok(!tmk_approval_text_read(&t, b.data, b.len, &err),
	   "one of an SSH signature");
	is_str(t.name_space, "file", "namespace");
	tmk_buf_release(&b);
	use.format = use.name_space = use.artefact = use.content = NULL;
	use.trailer_len = 0;
	use.time = TMK_TIME_NONE;
	write_use(&b, &use);
	ok(!tmk_approval_text_read(&t, b.data, b.len, &err),
	   "one that says little too");
	is_str(t.format, "", "no format");
	is_str(t.artefact, "", "no artefact");
	is_int((long long)t.trailer_len, 0, "no trailer");
	ok(t.time == TMK_TIME_NONE, "no time");
	tmk_buf_release(&b);
}

static void names(void)
{
	static const char *const odd[] = {
		"-", "a\nexpires: never", "\x1b[2J", "\xff", "\\", " ",
		"\xe2\x80\xae" "cod.exe", "a: b", ""
	};
	static struct tmk_approval_text t;
	struct tmk_err err = TMK_ERR_INIT;
	size_t i;

	for (i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		struct tmk_buf b = TMK_BUF_INIT(TMK_APPROVAL_TEXT_MAX);
		struct tmk_front_use use = full();

		use.artefact = odd[i];
		write_use(&b, &use);
		ok(!tmk_approval_text_read(&t, b.data, b.len, &err),
		   "odd name %zu is read", i);
		ok(!strchr(t.artefact, '\n') && !strchr(t.artefact, '\x1b') &&
		   t.expires == 1700000700, "and is one harmless value");
		ok(strcmp(t.artefact, "-") != 0 && !*t.artefact == !*odd[i],
		   "that is not nothing unless it was");
		tmk_buf_release(&b);
	}
}

static void ids(void)
{
	struct tmk_buf a = TMK_BUF_INIT(TMK_APPROVAL_TEXT_MAX);
	struct tmk_buf b = TMK_BUF_INIT(TMK_APPROVAL_TEXT_MAX);
	char one[TMK_APPROVAL_ID] = "", two[TMK_APPROVAL_ID] = "";
	struct tmk_front_use use = full();
	struct tmk_err err = TMK_ERR_INIT;

	write_use(&a, &use);
	write_use(&b, &use);
	ok(!tmk_approval_text_id(one, a.data, a.len, &err) &&
	   !tmk_approval_text_id(two, b.data, b.len, &err) &&
	   strcmp(one, two) != 0, "two requests of one use are two");
	ok(tmk_approval_text_id_ok(one), "an id may be one");
	ok(!tmk_approval_text_id_ok("") && !tmk_approval_text_id_ok("..") &&
	   !tmk_approval_text_id_ok("0123456789ABCDEF0123456789abcdef") &&
	   !tmk_approval_text_id_ok("0123456789abcdef0123456789abcdef0"),
	   "others may not");
	tmk_buf_release(&a);
	tmk_buf_release(&b);
}

/* Every beginning and every changed byte: no text, or another one that is
 * written as it was read. */
static void mutations(void)
{
	struct tmk_buf b = TMK_BUF_INIT(TMK_APPROVAL_TEXT_MAX);
	static struct tmk_approval_text t;
	struct tmk_front_use use = full();
	struct tmk_err err = TMK_ERR_INIT;
	size_t i, cut = 0, bad = 0;

	write_use(&b, &use);
	for (i = 0; i < b.len; i++)
		cut += !tmk_approval_text_read(&t, b.data, i, &err);
	is_int((long long)cut, 0, "no beginning of it is one");
	for (i = 0; i < b.len; i++) {
		struct tmk_buf again = TMK_BUF_INIT(TMK_APPROVAL_TEXT_MAX);

		b.data[i] ^= 0x04;
		if (!tmk_approval_text_read(&t, b.data, b.len, &err))
			bad += tmk_approval_text_write(&again, &t, &err) ||
				again.len != b.len ||
				memcmp(again.data, b.data, b.len) != 0;
		tmk_buf_release(&again);
		b.data[i] ^= 0x04;
	}
	is_int((long long)bad, 0, "what is read is what is written");
	tmk_buf_release(&b);
}

static void refusals(void)
{
	static struct tmk_approval_text t;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_front_use use = full();
	static uint8_t much[TMK_APPROVAL_TRAILER + 1];

	use.digest_len = 0;
	is_int(tmk_approval_text_fill(&t, &use, "a", 1, &err), -1,
	       "a use without a digest");
	use = full();
	use.hash = TMK_WHOLE;
	is_int(tmk_approval_text_fill(&t, &use, "a", 1, &err), -1,
	       "one of a whole content");
	use = full();
	use.trailer = much;
	use.trailer_len = sizeof(much);
	is_int(tmk_approval_text_fill(&t, &use, "a", 1, &err), -1,
	       "a trailer that is too long");
	use = full();
	use.section = NULL;
	is_int(tmk_approval_text_fill(&t, &use, "a", 1, &err), -1,
	       "a key without a section");
}

int main(void)
{
	struct mint_spec spec = { .name = "release" };

	mint_cert(&minted, NULL, &spec);
	spki_len = i2d_PUBKEY(minted.key, &spki);
	round_trip();
	names();
	ids();
	mutations();
	refusals();
	OPENSSL_free(spki);
	X509_free(minted.cert);
	EVP_PKEY_free(minted.key);
	return tap_done();
}
