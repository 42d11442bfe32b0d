/* Public keys in SSH's form: there and back, as text, and what is none. */
#include "t/unit/tap.h"

#include "base/enc.h"
#include "seal/ssh_key.h"
#include "t/unit/soft.h"

/* A key that ssh-keygen made, and its fingerprint as it shows it. */
#define LINE "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFTjQM2S10GwUys7x0VP+Z3q0zt" \
	"mRQi/xPhbBJOEn1uO"
#define P256 "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdH" \
	"AyNTYAAABBBIkhDpuob34iUyBWeP31HSJDjBcwVbVUm7oWKbEpAN3L/LwQknPt7dId" \
	"yCJB9ypJObIWesdsaQGyrtlGgOAggfs="
#define P256_ID "SHA256:T022vFtNJjOuYxS8PLzovzMhmpaRtJwNxm09aRwqfsQ"
#define ED_ID "SHA256:nqahQBB1CzBouK5sLc1UfVAXsllIy+kpAxGxAjSZKnY"

static void spki_of(struct tmk_buf *out, EVP_PKEY *key)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key, &der);

	must_be(len > 0 && !tmk_buf_add(out, der, (size_t)len));
	OPENSSL_free(der);
}

static void there_and_back(EVP_PKEY *key, const char *type)
{
	struct tmk_buf spki = TMK_BUF_INIT(4096), line = TMK_BUF_INIT(8192);
	struct tmk_buf again = TMK_BUF_INIT(4096);
	struct tmk_err err = TMK_ERR_INIT;
	size_t n = strlen(type);

	spki_of(&spki, key);
	ok(!tmk_ssh_key_line(&line, spki.data, spki.len, "who it is", &err),
	   "%s: a line %s", type, err.text);
	ok(!strncmp(tmk_buf_str(&line), type, n) && line.data[n] == ' ',
	   "%s: begins with its type", type);
	ok(line.len > 10 && !strcmp(tmk_buf_str(&line) + line.len - 10,
				    " who it is"), "%s: the comment", type);
	ok(!tmk_ssh_key_spki(&again, tmk_buf_str(&line), &err),
	   "%s: read back %s", type, err.text);
	is_mem(again.data, again.len, spki.data, spki.len,
	       "%s: the same key", type);
	tmk_buf_release(&spki);
	tmk_buf_release(&line);
	tmk_buf_release(&again);
	EVP_PKEY_free(key);
}

static void no_form(EVP_PKEY *key, const char *what)
{
	struct tmk_buf spki = TMK_BUF_INIT(8192), out = TMK_BUF_INIT(8192);
	struct tmk_err err = TMK_ERR_INIT;

	spki_of(&spki, key);
	ok(tmk_ssh_key_line(&out, spki.data, spki.len, NULL, &err) < 0 &&
	   err.code == TMK_INPUT && !out.len, "%s has no form: %s", what,
	   err.text);
	tmk_buf_release(&spki);
	tmk_buf_release(&out);
	EVP_PKEY_free(key);
}

static void fingerprint(const char *line, const char *want, const char *what)
{
	struct tmk_buf spki = TMK_BUF_INIT(4096);
	struct tmk_err err = TMK_ERR_INIT;
	char id[TMK_KEY_ID] = "";

	ok(!tmk_ssh_key_spki(&spki, line, &err), "%s: read %s", what,
	   err.text);
	ok(!tmk_ssh_key_fingerprint(id, spki.data, spki.len, &err),
	   "%s: a fingerprint", what);
	is_str(id, want, "%s: as ssh-keygen shows it", what);
	tmk_buf_release(&spki);
}

static void test_spki(void)
{
	struct tmk_buf spki = TMK_BUF_INIT(4096), out = TMK_BUF_INIT(4096);
	EVP_PKEY *key = soft_ec("P-256");
	struct tmk_err err = TMK_ERR_INIT;
	char id[TMK_KEY_ID] = "as it was";

	spki_of(&spki, key);
	must_be(!tmk_buf_addch(&spki, 0));
	ok(tmk_ssh_key_blob(&out, spki.data, spki.len, &err) < 0,
	   "a byte behind a SubjectPublicKeyInfo");
	ok(tmk_ssh_key_blob(&out, spki.data, spki.len - 2, &err) < 0,
	   "one that is cut off");
	ok(tmk_ssh_key_blob(&out, NULL, 0, &err) < 0, "none at all");
	ok(tmk_ssh_key_fingerprint(id, spki.data, 3, &err) < 0,
	   "nor has it a fingerprint");
	is_str(id, "as it was", "and nothing is written");
	is_int((long long)out.len, 0, "nor added");
	/* As some tokens write it: the point in its short form. */
	must_be(EVP_PKEY_set_utf8_string_param(
			key, "point-format", "compressed") == 1);
	tmk_buf_clear(&spki);
	spki_of(&spki, key);
	ok(spki.len < 91 && !tmk_ssh_key_blob(&out, spki.data, spki.len, &err),
	   "a compressed point is written out");
	is_int((long long)out.len, 104, "in the only form that SSH has");
	tmk_buf_release(&spki);
	tmk_buf_release(&out);
	EVP_PKEY_free(key);
}

static void bad_line(const char *line, const char *what)
{
	struct tmk_buf out = TMK_BUF_INIT(4096);
	struct tmk_err err = TMK_ERR_INIT;

	ok(tmk_ssh_key_spki(&out, line, &err) < 0 && err.code == TMK_INPUT &&
	   !out.len, "%s: %s", what, err.text);
	tmk_buf_release(&out);
}

static void test_lines(void)
{
	struct tmk_buf out = TMK_BUF_INIT(4096);
	struct tmk_err err = TMK_ERR_INIT;
	static char longest[TMK_SSH_KEY_LINE_MAX + 2];

	ok(!tmk_ssh_key_spki(&out, LINE " a comment, \"quoted\"", &err),
	   "a comment");
	ok(!tmk_ssh_key_spki(&out, "key::" LINE, &err), "as git writes it");
	ok(!tmk_ssh_key_spki(&out, "ssh-ed25519   AAAAC3NzaC1lZDI1NTE5AAAAIFT"
			     "jQM2S10GwUys7x0VP+Z3q0ztmRQi/xPhbBJOEn1uO",
			     &err), "several blanks");
	tmk_buf_release(&out);
	bad_line("", "nothing");
	bad_line("ssh-ed25519", "a type alone");
	bad_line("ssh-ed25519 ", "and a blank");
	bad_line(" " LINE, "a blank before it");
	bad_line(LINE "\n", "a newline");
	bad_line(LINE "\r", "a carriage return");
	bad_line("ssh-dss AAAAB3NzaC1kc3MAAAABAQ==", "a DSA key");
	bad_line("ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIFTjQM2S10GwUys7x0VP+Z3q0ztm"
		 "RQi/xPhbBJOEn1uO", "a type that is not the key's");
	bad_line("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFTjQM2S10GwUys7x0VP+Z3"
		 "q0ztmRQi/xPhbBJOEn1u", "base64 that ends too early");
	bad_line("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFTjQM2S10GwUys7x0VP+Z3"
		 "q0ztmRQi/xPhbBJOEn1uOAA==", "a byte too many");
	bad_line("ssh-ed25519 !AAAC3NzaC1lZDI1NTE5AAAAIFTjQM2S10GwUys7x0VP+Z3"
		 "q0ztmRQi/xPhbBJOEn1uO", "not base64");
	bad_line("ssh-ed25519-cert-v01@openssh.com AAAA", "a certificate");
	memset(longest, 'x', sizeof(longest) - 1);
	memcpy(longest, LINE " ", sizeof(LINE));
	bad_line(longest, "a line that is too long");
}

static void test_comments(void)
{
	struct tmk_buf spki = TMK_BUF_INIT(4096), out = TMK_BUF_INIT(8192);
	struct tmk_err err = TMK_ERR_INIT;

	must_be(!tmk_ssh_key_spki(&spki, LINE, &err));
	ok(!tmk_ssh_key_line(&out, spki.data, spki.len, NULL, &err),
	   "no comment");
	is_str(tmk_buf_str(&out), LINE, "is the line that was read");
	tmk_buf_clear(&out);
	ok(!tmk_ssh_key_line(&out, spki.data, spki.len, "", &err),
	   "an empty comment");
	is_str(tmk_buf_str(&out), LINE, "is none");
	tmk_buf_clear(&out);
	ok(tmk_ssh_key_line(&out, spki.data, spki.len, "two\nlines", &err) < 0
	   && !out.len, "a comment of two lines: %s", err.text);
	out.max = 20;
	ok(tmk_ssh_key_line(&out, spki.data, spki.len, NULL, &err) < 0 &&
	   !out.len, "no room: %s", err.text);
	tmk_buf_release(&spki);
	tmk_buf_release(&out);
}

/* Numbers of RSA, one at a time. */
static void rsa_blob(const char *why_part, const uint8_t *e, size_t e_len,
		     const uint8_t *n, size_t n_len, bool good,
		     const char *what)
{
	struct tmk_buf blob = TMK_BUF_INIT(8192);
	struct tmk_ssh_key key;
	const char *why = "";

	must_be(!tmk_ssh_wire_put_text(&blob, "ssh-rsa") &&
		!tmk_ssh_wire_put_mpint(&blob, e, e_len) &&
		!tmk_ssh_wire_put_mpint(&blob, n, n_len));
	ok(tmk_ssh_key_read(&key, blob.data, blob.len, &why) == good &&
	   (good || strstr(why, why_part)), "%s: %s", what, good ? "" : why);
	tmk_buf_release(&blob);
}

static void test_rsa(void)
{
	static const uint8_t e[] = { 1, 0, 1 }, two[] = { 2 }, one[] = { 1 };
	static const uint8_t nine[] = { 1, 0, 0, 0, 0, 0, 0, 0, 1 };
	static uint8_t n[2049];

	memset(n, 0xff, sizeof(n));
	rsa_blob("", e, 3, n, 384, true, "RSA-3072");
	rsa_blob("", e, 3, n, 128, true, "RSA-1024 can be read");
	rsa_blob("", e, 3, n, 2048, true, "RSA-16384");
	rsa_blob("absurd", e, 3, n, 127, false, "RSA-1016");
	rsa_blob("absurd", e, 3, n, 2049, false, "RSA-16392");
	rsa_blob("well-formed", e, 3, NULL, 0, false, "a modulus of zero");
	rsa_blob("exponent", two, 1, n, 384, false, "an even exponent");
	rsa_blob("exponent", one, 1, n, 384, false, "an exponent of 1");
	rsa_blob("exponent", nine, 9, n, 384, false, "one of 65 bits");
	n[383] = 0xfe;
	rsa_blob("odd", e, 3, n, 384, false, "an even modulus");
	n[383] = 0xff;
	n[0] = 0x7f;
	rsa_blob("whole number", e, 3, n, 384, false, "a modulus of 3071 bits");
}

/* RFC 4251 section 5, in its only right form. */
static void test_mpint(void)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool good;
		const char *what;
	} tries[] = {
		{ "\0\0\0\1\1", 5, true, "one" },
		{ "\0\0\0\2\0\x80", 6, true, "128" },
		{ "\0\0\0\1\x80", 5, false, "a negative number" },
		{ "\0\0\0\2\0\1", 6, false, "a needless zero" },
		{ "\0\0\0\0", 4, false, "zero" },
		{ "\0\0\0\1\0", 5, false, "zero with a byte" },
		{ "\0\0\0\3\1\2", 6, false, "cut off" },
		{ "\0\0\0", 3, false, "a length cut off" },
		{ "\xff\xff\xff\xff\1", 5, false, "an absurd length" },
	};
	size_t i;

	for (i = 0; i < sizeof(tries) / sizeof(*tries); i++) {
		struct tmk_ssh_wire c = { (const uint8_t *)tries[i].bytes,
					  tries[i].len };
		struct tmk_ssh_bytes n;

		ok(tmk_ssh_wire_mpint(&n, &c) == tries[i].good, "mpint: %s",
		   tries[i].what);
	}
}

int main(void)
{
	there_and_back(soft_rsa(2048), "ssh-rsa");
	there_and_back(soft_rsa(4096), "ssh-rsa");
	there_and_back(soft_ec("P-256"), "ecdsa-sha2-nistp256");
	there_and_back(soft_ec("P-384"), "ecdsa-sha2-nistp384");
	there_and_back(soft_ec("P-521"), "ecdsa-sha2-nistp521");
	there_and_back(soft_ed25519(), "ssh-ed25519");
	no_form(soft_rsa(512), "RSA-512");
	no_form(soft_ec("secp256k1"), "secp256k1");
	no_form(must(EVP_PKEY_Q_keygen(NULL, NULL, "ED448")), "Ed448");
	no_form(must(EVP_PKEY_Q_keygen(NULL, NULL, "X25519")), "X25519");
	fingerprint(LINE, ED_ID, "Ed25519");
	fingerprint(P256, P256_ID, "P-256");
	test_spki();
	test_lines();
	test_comments();
	test_rsa();
	test_mpint();
	return tap_done();
}
