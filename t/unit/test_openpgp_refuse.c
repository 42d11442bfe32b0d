/*
 * test_openpgp_refuse.c - OpenPGP signatures that must be refused though their
 * numbers may be right, each with its reason, and the odd ones that are good.
 */
#include "t/unit/openpgp_forge.h"
#include "t/unit/tap.h"

#define CONTENT "what is signed"
#define TIME (FORGE_T0 + 1000)

static struct forge_key ed, rsa;

/* What the parser says; check is asked when it has nothing against it. */
static enum tmk_reason judge(const struct tmk_buf *der, EVP_PKEY *key,
			     char *text, size_t size)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_evidence *ev = NULL;
	struct tmk_digest d;
	uint8_t digest[TMK_DIGEST_MAX];
	size_t n = 0;

	must_be(!tmk_seal_openpgp.parse(&ev, der->data, der->len, &v, &err));
	must_be((ev != NULL) == (v.reason == TMK_GOOD));
	if (ev) {
		must_be(!tmk_digest_init(&d, (int)ev->signature[0].hash,
					 &err) &&
			!tmk_digest_update(&d, CONTENT, strlen(CONTENT),
					   &err) &&
			!tmk_digest_update(&d, ev->signature[0].suffix,
					   ev->signature[0].suffix_len,
					   &err) &&
			!tmk_digest_final(&d, digest, &n, &err));
		must_be(!tmk_seal_openpgp.check(ev, 0, key, digest, n, &v,
						&err));
	}
	tmk_evidence_free(ev);
	snprintf(text, size, "%s", v.text);
	return v.reason;
}

static void expect_key(struct forge_sig *s, const struct forge_key *k,
		       enum tmk_reason reason, const char *piece,
		       const char *what)
{
	struct tmk_buf der = TMK_BUF_INIT(1 << 20);
	char text[512];
	enum tmk_reason got;

	forge_packet(&der, s, k, CONTENT, strlen(CONTENT));
	got = judge(&der, k->soft.key, text, sizeof(text));
	ok(got == reason && strstr(text, piece), "%s: %s (%s)", what,
	   tmk_reason_id(reason), text);
	if (got != reason)
		diag("got %s", tmk_reason_id(got));
	tmk_buf_release(&der);
	forge_sig_free(s);
}

static void expect(struct forge_sig *s, enum tmk_reason reason,
		   const char *piece, const char *what)
{
	expect_key(s, &ed, reason, piece, what);
}

/* Start with what an honest one has. */
static struct forge_sig usual(int type)
{
	struct forge_sig s = FORGE_SIG(type);

	forge_usual(&s, &ed, TIME);
	return s;
}

static void test_types(void)
{
	static const int types[] = { 2, 0x10, 0x13, 0x18, 0x19, 0x1f, 0x20,
				     0x28, 0x30, 0x40, 0x50, 0xff };
	struct forge_sig s = usual(0);
	size_t i;

	expect(&s, TMK_GOOD, "", "an honest one");
	s = usual(1);
	expect(&s, TMK_GOOD, "", "one of text, which is said");
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		s = usual(types[i]);
		expect(&s, TMK_SIGNATURE_MALFORMED, "document",
		       "another type");
	}
	for (i = 2; i < 7; i++) {
		if (i == 4)
			continue;
		s = usual(0);
		s.version = (int)i;
		expect(&s, TMK_SIGNATURE_MALFORMED, "version",
		       "another version");
	}
}

static void test_algorithms(void)
{
	static const int hashes[] = { 1, 2, 3, 11, 12, 14, 99 };
	static const int algorithms[] = { 2, 16, 18, 20, 27, 28, 100 };
	struct forge_sig s;
	size_t i;

	for (i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		s = usual(0);
		s.hash = hashes[i];
		expect(&s, TMK_DIGEST_WEAK, "digest", "another digest");
	}
	for (i = 9; i <= 10; i++) {
		s = usual(0);
		s.hash = (int)i;
		expect(&s, TMK_GOOD, "", "SHA-384 and SHA-512");
	}
	for (i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		s = usual(0);
		s.algorithm = algorithms[i];
		expect(&s, TMK_SIGNATURE_MALFORMED, "algorithm",
		       "another algorithm");
	}
	s = usual(0);
	s.algorithm = TMK_OPENPGP_DSA;
	expect(&s, TMK_KEY_WEAK, "DSA", "DSA");
	s = usual(0);
	s.algorithm = TMK_OPENPGP_ECDSA;
	expect(&s, TMK_SIGNATURE_BAD, "another kind", "ECDSA by an Ed25519 "
	       "key");
	s = usual(0);
	s.algorithm = TMK_OPENPGP_RSA;
	expect(&s, TMK_SIGNATURE_MALFORMED, "numbers", "RSA with two numbers");
	s = usual(0);
	s.lie = true;
	expect(&s, TMK_SIGNATURE_BAD, "", "a wrong number");
	s = usual(0);
	s.long_mpi = true;
	expect(&s, TMK_SIGNATURE_MALFORMED, "numbers", "a zero before it");
	s = usual(0);
	s.more = true;
	expect(&s, TMK_SIGNATURE_MALFORMED, "numbers", "more behind it");
}

static void test_rsa(void)
{
	struct forge_sig s = FORGE_SIG(0);

	forge_usual(&s, &rsa, TIME);
	expect_key(&s, &rsa, TMK_GOOD, "", "RSA");
	s = (struct forge_sig)FORGE_SIG(0);
	forge_usual(&s, &rsa, TIME);
	s.algorithm = TMK_OPENPGP_RSA_SIGN;
	expect_key(&s, &rsa, TMK_GOOD, "", "RSA (sign)");
	s = (struct forge_sig)FORGE_SIG(0);
	forge_usual(&s, &rsa, TIME);
	s.lie = true;
	expect_key(&s, &rsa, TMK_SIGNATURE_BAD, "", "a wrong RSA number");
	s = (struct forge_sig)FORGE_SIG(0);
	forge_usual(&s, &rsa, TIME);
	s.algorithm = TMK_OPENPGP_EDDSA;
	expect_key(&s, &rsa, TMK_SIGNATURE_MALFORMED, "numbers",
		   "EdDSA with one number");
}

static void test_times(void)
{
	struct forge_sig s = FORGE_SIG(0);

	forge_fpr(&s.hashed, &ed);
	expect(&s, TMK_SIGNATURE_MALFORMED, "when", "no creation time");
	s = (struct forge_sig)FORGE_SIG(0);
	forge_fpr(&s.hashed, &ed);
	forge_u32(&s.unhashed, TMK_OPENPGP_SUB_CREATED, TIME);
	expect(&s, TMK_SIGNATURE_MALFORMED, "not signed", "an unsigned one");
	s = usual(0);
	forge_u32(&s.unhashed, TMK_OPENPGP_SUB_CREATED, TIME);
	expect(&s, TMK_SIGNATURE_MALFORMED, "not signed", "another one that "
	       "is not signed");
	s = usual(0);
	forge_u32(&s.hashed, TMK_OPENPGP_SUB_CREATED, TIME + 1);
	expect(&s, TMK_SIGNATURE_MALFORMED, "twice", "two creation times");
	s = usual(0);
	forge_u32(&s.hashed, TMK_OPENPGP_SUB_CREATED, TIME);
	expect(&s, TMK_SIGNATURE_MALFORMED, "twice", "the same one twice");
	s = usual(0);
	forge_u32(&s.hashed, TMK_OPENPGP_SUB_EXPIRES, 1);
	expect(&s, TMK_SIGNATURE_MALFORMED, "expires", "one that expires");
	s = usual(0);
	forge_u32(&s.hashed, TMK_OPENPGP_SUB_EXPIRES, 0);
	expect(&s, TMK_GOOD, "", "one that says it never does");
	s = usual(0);
	forge_u8(&s.hashed, TMK_OPENPGP_SUB_CREATED, 1);
	expect(&s, TMK_SIGNATURE_MALFORMED, "subpacket", "a time of one "
	       "octet");
}

static void test_issuers(void)
{
	struct forge_sig s = FORGE_SIG(0);
	uint8_t six[33] = { 6 };

	forge_u32(&s.hashed, TMK_OPENPGP_SUB_CREATED, TIME);
	expect(&s, TMK_SIGNATURE_MALFORMED, "issuer", "no issuer");
	s = (struct forge_sig)FORGE_SIG(0);
	forge_u32(&s.hashed, TMK_OPENPGP_SUB_CREATED, TIME);
	forge_issuer(&s.unhashed, &ed);
	expect(&s, TMK_GOOD, "", "a key id alone");
	s = (struct forge_sig)FORGE_SIG(0);
	forge_u32(&s.hashed, TMK_OPENPGP_SUB_CREATED, TIME);
	forge_issuer(&s.hashed, &ed);
	expect(&s, TMK_GOOD, "", "a key id that is signed");
	s = usual(0);
	forge_issuer(&s.hashed, &ed);
	expect(&s, TMK_GOOD, "", "the same key id in both areas");
	s = usual(0);
	forge_issuer(&s.hashed, &rsa);
	expect(&s, TMK_SIGNATURE_MALFORMED, "two issuers", "another key id");
	s = usual(0);
	forge_issuer(&s.unhashed, &ed);
	expect(&s, TMK_SIGNATURE_MALFORMED, "twice", "the key id twice");
	s = usual(0);
	forge_fpr(&s.hashed, &ed);
	expect(&s, TMK_SIGNATURE_MALFORMED, "twice", "the fingerprint twice");
	s = usual(0);
	forge_fpr(&s.unhashed, &rsa);
	expect(&s, TMK_SIGNATURE_MALFORMED, "two issuers", "another "
	       "fingerprint beside");
	s = usual(0);
	forge_sub(&s.unhashed, TMK_OPENPGP_SUB_FINGERPRINT, six, sizeof(six));
	expect(&s, TMK_SIGNATURE_MALFORMED, "version", "one of version 6");
	s = usual(0);
	forge_sub(&s.unhashed, TMK_OPENPGP_SUB_ISSUER, six, 7);
	expect(&s, TMK_SIGNATURE_MALFORMED, "subpacket", "a short key id");
}

static void test_critical(void)
{
	static const int unknown[] = { 0, 1, 5, 6, 10, 13, 31, 35, 38, 60,
				       100, 127 };
	struct forge_sig s;
	size_t i;

	for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		s = usual(0);
		forge_u8(&s.hashed, unknown[i], 1);
		expect(&s, TMK_GOOD, "", "an unknown subpacket");
		s = usual(0);
		forge_u8(&s.hashed, unknown[i] | 0x80, 1);
		expect(&s, TMK_SIGNATURE_MALFORMED, "critical",
		       "the same critical");
		s = usual(0);
		forge_u8(&s.unhashed, unknown[i] | 0x80, 1);
		expect(&s, TMK_SIGNATURE_MALFORMED, "critical",
		       "and where it is not signed");
	}
	s = (struct forge_sig)FORGE_SIG(0);
	forge_fpr(&s.hashed, &ed);
	forge_u32(&s.hashed, TMK_OPENPGP_SUB_CREATED | 0x80, TIME);
	expect(&s, TMK_GOOD, "", "a critical creation time");
	s = usual(0);
	forge_notation(&s.hashed, TMK_OPENPGP_SUB_NOTATION | 0x80, 0,
		       "a@example.org", "x", 1);
	expect(&s, TMK_SIGNATURE_MALFORMED, "critical", "a critical notation");
	s = usual(0);
	forge_notation(&s.hashed, TMK_OPENPGP_SUB_NOTATION, 0,
		       "a@example.org", "x", 1);
	expect(&s, TMK_GOOD, "", "one that is not");
	s = usual(0);
	forge_sub(&s.hashed, TMK_OPENPGP_SUB_NOTATION, "\0\0\0\0\0\1\0\1a", 9);
	expect(&s, TMK_SIGNATURE_MALFORMED, "subpacket", "a notation that is "
	       "cut");
}

static void test_tokens(void)
{
	static const uint8_t der[] = { 0x30, 3, 2, 1, 7 };
	struct forge_sig s;
	int i;

	for (i = 1; i <= 9; i += 8) {
		int k;

		s = usual(0);
		for (k = 0; k < i; k++)
			forge_notation(&s.unhashed, TMK_OPENPGP_SUB_NOTATION,
				       0, TMK_OPENPGP_TOKEN_NAME, der,
				       sizeof(der));
		expect(&s, i < 9 ? TMK_GOOD : TMK_LIMIT_EXCEEDED,
		       i < 9 ? "" : "9 timestamps", "timestamps");
	}
	s = usual(0);
	forge_notation(&s.unhashed, TMK_OPENPGP_SUB_NOTATION, 0x80000000,
		       TMK_OPENPGP_TOKEN_NAME, der, sizeof(der));
	expect(&s, TMK_SIGNATURE_MALFORMED, "not ours", "one with flags");
	s = usual(0);
	forge_notation(&s.unhashed, TMK_OPENPGP_SUB_NOTATION, 0,
		       TMK_OPENPGP_TOKEN_NAME, der, 0);
	expect(&s, TMK_SIGNATURE_MALFORMED, "not ours", "an empty one");
	s = usual(0);
	forge_notation(&s.unhashed, TMK_OPENPGP_SUB_NOTATION, 0,
		       TMK_OPENPGP_TOKEN_NAME, "no token", 8);
	expect(&s, TMK_SIGNATURE_MALFORMED, "timestamp that is none",
	       "one that is text");
	s = usual(0);
	forge_notation(&s.hashed, TMK_OPENPGP_SUB_NOTATION, 0,
		       TMK_OPENPGP_TOKEN_NAME, "no token", 8);
	expect(&s, TMK_GOOD, "", "a signed one cannot be over the signature: "
	       "it is a notation like others");
}

/* The same bytes in other packets. */
static void frame(const char *head, size_t head_len, const struct tmk_buf *der,
		  size_t cut, bool more, enum tmk_reason reason,
		  const char *what)
{
	struct tmk_buf out = TMK_BUF_INIT(1 << 20);
	char text[512];
	enum tmk_reason got;

	must_be(!tmk_buf_add(&out, head, head_len) &&
		!tmk_buf_add(&out, der->data + 2, der->len - 2 - cut) &&
		(!more || !tmk_buf_addch(&out, 0)));
	got = judge(&out, ed.soft.key, text, sizeof(text));
	ok(got == reason, "%s: %s (%s)", what, tmk_reason_id(reason), text);
	tmk_buf_release(&out);
}

static void test_frames(void)
{
	struct tmk_buf der = TMK_BUF_INIT(1 << 20), two = TMK_BUF_INIT(1 << 20);
	struct forge_sig s = usual(0);
	char text[512], h[8];
	uint8_t n;

	forge_packet(&der, &s, &ed, CONTENT, strlen(CONTENT));
	forge_sig_free(&s);
	must_be(der.len < 190 && der.data[0] == 0x88);
	n = der.data[1];
	snprintf(h, sizeof(h), "\xc2%c", n);
	frame(h, 2, &der, 0, false, TMK_GOOD, "the new header");
	memcpy(h, "\x89\0", 2);
	h[2] = (char)n;
	frame(h, 3, &der, 0, false, TMK_GOOD, "two octets of length");
	memcpy(h, "\xc2\xff\0\0\0", 5);
	h[5] = (char)n;
	frame(h, 6, &der, 0, false, TMK_GOOD, "five octets of length");
	frame("\x8b", 1, &der, 0, false, TMK_SIGNATURE_MALFORMED,
	      "an indeterminate length");
	frame("\xc2\xe1", 2, &der, 0, false, TMK_SIGNATURE_MALFORMED,
	      "a partial length");
	h[0] = (char)0x84;
	h[1] = (char)n;
	frame(h, 2, &der, 0, false, TMK_SIGNATURE_MALFORMED,
	      "another packet");
	h[0] = 0x08;
	frame(h, 2, &der, 0, false, TMK_SIGNATURE_MALFORMED,
	      "no packet at all");
	h[0] = (char)0x88;
	frame(h, 2, &der, 1, false, TMK_SIGNATURE_MALFORMED, "a cut one");
	frame(h, 2, &der, 0, true, TMK_SIGNATURE_MALFORMED, "more behind it");
	frame("\x88", 1, &der, der.len - 2, false, TMK_SIGNATURE_MALFORMED,
	      "a header alone");
	frame("", 0, &der, der.len - 2, false, TMK_SIGNATURE_MALFORMED,
	      "nothing");
	must_be(!tmk_buf_add(&two, der.data, der.len) &&
		!tmk_buf_add(&two, der.data, der.len));
	is_int(judge(&two, ed.soft.key, text, sizeof(text)),
	       TMK_GOOD, "two signatures: %s", text);
	must_be(!tmk_buf_addch(&two, 0));
	is_int(judge(&two, ed.soft.key, text, sizeof(text)),
	       TMK_SIGNATURE_MALFORMED, "and an octet: %s", text);
	two.len--;
	two.max = 4 << 20;
	while (two.len <= TMK_SEAL_MAX)
		must_be(!tmk_buf_add(&two, der.data, der.len));
	is_int(judge(&two, ed.soft.key, text, sizeof(text)),
	       TMK_LIMIT_EXCEEDED, "more than a seal may have: %s", text);
	tmk_buf_release(&der);
	tmk_buf_release(&two);
}

static void test_areas(void)
{
	static const uint8_t filler[8000];
	struct forge_sig s = usual(0);

	forge_sub(&s.unhashed, 100, filler, sizeof(filler));
	expect(&s, TMK_GOOD, "", "8,000 octets that mean nothing");
	s = usual(0);
	forge_sub(&s.unhashed, 100, filler, sizeof(filler));
	forge_sub(&s.unhashed, 100, filler, sizeof(filler));
	expect(&s, TMK_SIGNATURE_MALFORMED, "10000", "16,000 of them");
	s = usual(0);
	forge_sub(&s.hashed, 100, filler, sizeof(filler));
	forge_sub(&s.hashed, 100, filler, sizeof(filler));
	expect(&s, TMK_SIGNATURE_MALFORMED, "10000", "and signed");
	s = usual(0);
	must_be(!tmk_buf_addch(&s.unhashed, 0));
	expect(&s, TMK_SIGNATURE_MALFORMED, "subpacket", "a length of zero");
	s = usual(0);
	must_be(!tmk_buf_addch(&s.unhashed, 5));
	expect(&s, TMK_SIGNATURE_MALFORMED, "subpacket", "one that is cut");
	s = usual(0);
	must_be(!tmk_buf_add(&s.unhashed, "\xff\0\0\0\2\x64", 7));
	expect(&s, TMK_GOOD, "", "a length of five octets");
	s = usual(0);
	must_be(!tmk_buf_add(&s.unhashed, "\xff\xff\xff\xff\xff\x64", 7));
	expect(&s, TMK_SIGNATURE_MALFORMED, "subpacket", "one of 4 GiB");
}

int main(void)
{
	forge_key(&ed, soft_ed25519(), FORGE_T0);
	forge_key(&rsa, soft_rsa(2048), FORGE_T0);
	test_types();
	test_algorithms();
	test_rsa();
	test_times();
	test_issuers();
	test_critical();
	test_tokens();
	test_frames();
	test_areas();
	forge_key_free(&ed);
	forge_key_free(&rsa);
	return tap_done();
}
