/*
 * test_minisign.c - signatures of minisign and signify: those of their own
 * programs, those that we make, and every way in which one is none.
 */
#include "base/clock.h"
#include "base/enc.h"
#include "core/judge.h"
#include "core/sign.h"
#include "plugins/front_seal.h"
#include "seal/minisign_key.h"
#include "seal/minisign_sig.h"
#include "t/unit/soft.h"
#include "t/unit/tap.h"

extern const struct tmk_seal_ops tmk_seal_minisign, tmk_seal_signify;

#define CONTENT "hello\n"
#define KEY "untrusted comment: minisign public key 40C8EC9A9063166\n" \
	"RWRmMQapyY4MBHr17t9MMsglq5Idtm5z5mrm1cwKSBYERXNpAi0B8/+h\n"
#define COMMENT "untrusted comment: signature from minisign secret key\n"
#define VALUE "RURmMQapyY4MBGz4fh5cqEG6JoP+NsyUesx0g7p796S+qHF5U7F637d4xR" \
	"/XZ1bfe/Lp5Bwri/Fg5O4ndAsIjkKnBKy4e4KVxwU=\n"
#define TRUSTED "trusted comment: timestamp:1700000000\tfile:f\thashed\n"
#define GLOBAL "4tWjV6bO5dJOWzHoWU3tu2DZ40oX2aT76dik1yU2C7vomtDnIFeYwnNCHa" \
	"eczjr4wAmKeSGLuBYlDEGF99R7DQ==\n"
#define PREHASHED COMMENT VALUE TRUSTED GLOBAL
#define LEGACY_VALUE "RWRmMQapyY4MBASqnfHvngkcpm+o6Z6b16aDMo/FM0AYggLUcw1Yg2" \
	"lemA5d7rtWr6VIH/B/5QCrgWfPOBojL1lZIggafCybRg8=\n"
#define LEGACY COMMENT LEGACY_VALUE \
	"trusted comment: timestamp:1700000000\tfile:f\n" \
	"t83RQSEliu7tAcpH6Ewb+9/GpFNGZgqkUHcZOZGaRlNHTdQDIAh0ScLaJVCOl8S7e57" \
	"LstDZWSXUCiHTwDRrAA==\n"
#define SIGNIFY_KEY "untrusted comment: me public key\n" \
	"RWQKQCXF2rSCDiXlmEkLIgp4nVklF713HQTgN312r6VQVFdtuVxF4Nus\n"
#define SIGNIFY "untrusted comment: verify with s.pub\n" \
	"RWQKQCXF2rSCDq8SCREM/KvBeacSPooj0oIOy8w28xz7q7Va15bEMQlByoEoI2k7jqYz" \
	"/gFfOyjzupNFdzBJJaR9GA8M+K9UPQc=\n"

static struct tmk_evidence *parse(const char *text, size_t len,
				  enum tmk_reason want, const char *what)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_evidence *ev = NULL;

	must_be(!tmk_front_seal_parse_any(&ev, (const uint8_t *)text, len, &v,
					  &err));
	ok(v.reason == want && (ev != NULL) == (want == TMK_GOOD), "%s: %s",
	   what, v.text);
	return ev;
}

static struct tmk_keyring *ring_of(const char *text)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_keyring *ring = NULL;

	must_be(!tmk_seal_minisign.keyring_read(&ring, (const uint8_t *)text,
						strlen(text), "key", &err));
	return ring;
}

/* The digest, or the content where there is none. */
static const uint8_t *digest_of(const struct tmk_signature *s, uint8_t *out,
				size_t *len, const char *content)
{
	struct tmk_err err = TMK_ERR_INIT;

	*len = strlen(content);
	if (s->hash == TMK_WHOLE)
		return (const uint8_t *)content;
	must_be(!tmk_digest_bytes((int)s->hash, content, *len, out, len,
				  &err));
	return out;
}

static void judge_at(struct tmk_evidence *ev, struct tmk_keyring *ring,
		     const char *content, unsigned int hashes,
		     enum tmk_reason want, const char *what)
{
	struct tmk_judge judge = { .timestamp = TMK_STAMP_WHEN_EXPIRED,
		.at = TMK_TIME_NONE, .now = 1800000000, .minisign = ring,
		.hashes = hashes };
	struct tmk_err err = TMK_ERR_INIT;
	uint8_t digest[TMK_DIGEST_MAX];
	struct tmk_finding f;
	const uint8_t *bytes;
	size_t len;

	bytes = digest_of(&ev->signature[0], digest, &len, content);
	must_be(!tmk_judge_signature(&f, &judge, ev, 0, bytes, len, &err));
	is_int(f.verdict.reason, want, "%s: %s", what, f.verdict.text);
	if (want == TMK_GOOD) {
		is_str(f.key_id, ev->signature[0].key_id, "the key is named");
		is_int(f.time, judge.now, "at the present time");
		ok(!f.stamped, "without a stamp");
	}
	tmk_finding_release(&f);
}

static void judge(struct tmk_evidence *ev, struct tmk_keyring *ring,
		  const char *content, enum tmk_reason want, const char *what)
{
	judge_at(ev, ring, content, 0, want, what);
}

/* ---- what the programs themselves make ------------------------------------ */

static void test_foreign(void)
{
	struct tmk_keyring *ring = ring_of(KEY SIGNIFY_KEY);
	struct tmk_keyring *other = ring_of(SIGNIFY_KEY);
	struct tmk_evidence *ev;

	ev = parse(PREHASHED, strlen(PREHASHED), TMK_GOOD, "minisign's");
	is_int(ev->format, TMK_FORMAT_MINISIGN, "its format");
	is_int(ev->signature[0].hash, TMK_BLAKE2B512, "its digest");
	is_str(ev->signature[0].key_id, "040C8EC9A9063166", "its key");
	is_int(ev->signature[0].claimed_time, 1700000000, "what it claims");
	judge(ev, ring, CONTENT, TMK_GOOD, "by a key that is trusted");
	judge(ev, ring, "hallo\n", TMK_SIGNATURE_BAD, "other content");
	judge(ev, other, CONTENT, TMK_CERT_MISSING, "by another key");
	judge(ev, NULL, CONTENT, TMK_CERT_MISSING, "no key is trusted");
	judge_at(ev, ring, CONTENT, 1u << TMK_SHA256, TMK_DIGEST_WEAK,
		 "a policy of SHA-256 alone");
	judge_at(ev, ring, CONTENT, 1u << TMK_BLAKE2B512, TMK_GOOD,
		 "a policy that has it");
	tmk_evidence_free(ev);
	ev = parse(LEGACY, strlen(LEGACY), TMK_GOOD, "minisign's of old");
	is_int(ev->format, TMK_FORMAT_MINISIGN, "its format");
	is_int(ev->signature[0].hash, TMK_WHOLE, "over the content");
	judge(ev, ring, CONTENT, TMK_GOOD, "holds");
	judge(ev, ring, "", TMK_SIGNATURE_BAD, "not over nothing");
	tmk_evidence_free(ev);
	ev = parse(SIGNIFY, strlen(SIGNIFY), TMK_GOOD, "signify's");
	is_int(ev->format, TMK_FORMAT_SIGNIFY, "its format");
	is_int(ev->signature[0].claimed_time, TMK_TIME_NONE, "no claim");
	judge(ev, ring, CONTENT, TMK_GOOD, "holds");
	judge(ev, ring, "hello", TMK_SIGNATURE_BAD, "other content");
	judge_at(ev, ring, CONTENT, 1u << TMK_SHA256, TMK_GOOD,
		 "there is no digest that a policy could refuse");
	tmk_evidence_free(ev);
	tmk_keyring_free(ring);
	tmk_keyring_free(other);
}

/* ---- what is none --------------------------------------------------------- */

static void none(const char *text, const char *what)
{
	tmk_evidence_free(parse(text, strlen(text), TMK_SIGNATURE_MALFORMED,
				what));
}

static void test_forms(void)
{
	static const char nul[] = COMMENT VALUE "trusted comment: a\0b\n"
		GLOBAL;
	char long_comment[TMK_MINISIGN_COMMENT_MAX + 600];
	size_t n;

	none(COMMENT VALUE TRUSTED GLOBAL "more\n", "more behind it");
	none(COMMENT VALUE TRUSTED GLOBAL "\n", "an empty line behind it");
	none(COMMENT VALUE TRUSTED "\n" GLOBAL, "an empty line within");
	none(COMMENT VALUE TRUSTED, "no second signature");
	none(COMMENT VALUE "trusted comment: a", "cut off");
	none(COMMENT VALUE, "no trusted comment: none of signify's");
	none(COMMENT, "a comment alone");
	none("untrusted comment: ", "half a comment");
	none(COMMENT "\n" TRUSTED GLOBAL, "no signature");
	none(VALUE TRUSTED GLOBAL, "no comment");
	none("Untrusted comment: a\n" VALUE TRUSTED GLOBAL, "another label");
	none(COMMENT VALUE "trusted: a\n" GLOBAL, "another second label");
	none("untrusted comment: a\r\n" VALUE TRUSTED GLOBAL,
	     "a carriage return");
	none("untrusted comment: a\033[2J\n" VALUE TRUSTED GLOBAL,
	     "an escape in a comment");
	none(COMMENT VALUE "trusted comment: a\x9b\n" GLOBAL, "no UTF-8");
	none(COMMENT " " VALUE TRUSTED GLOBAL, "a blank before base64");
	none(COMMENT "RUVmMQapyY4MBGz4fh5cqEG6JoP+NsyUesx0g7p796S+qHF5U7F637"
	     "d4xR/XZ1bfe/Lp5Bwri/Fg5O4ndAsIjkKnBKy4e4KVxwU=\n" TRUSTED
	     GLOBAL, "another algorithm");
	none(COMMENT "RURmMQapyY4MBGz4fh5cqEG6JoP+NsyUesx0g7p796S+qHF5U7F637"
	     "d4xR/XZ1bfe/Lp5Bwri/Fg5O4ndAsIjkKnBKy4e4KVxwV=\n" TRUSTED
	     GLOBAL, "bits that mean nothing");
	none(COMMENT "RURmMQapyY4MBGz4\n" TRUSTED GLOBAL, "too short");
	none(SIGNIFY "x", "something behind signify's");
	none(SIGNIFY "\n", "an empty line behind signify's");
	tmk_evidence_free(parse(nul, sizeof(nul) - 1, TMK_SIGNATURE_MALFORMED,
				"a NUL"));
	n = (size_t)snprintf(long_comment, sizeof(long_comment),
			     "untrusted comment: %*s\n" VALUE TRUSTED GLOBAL,
			     TMK_MINISIGN_COMMENT_MAX - 18, "a");
	tmk_evidence_free(parse(long_comment, n, TMK_SIGNATURE_MALFORMED,
				"a comment that is too long"));
	/* The last line of minisign's may end with the file. */
	tmk_evidence_free(parse(PREHASHED, strlen(PREHASHED) - 1, TMK_GOOD,
				"without the last newline"));
	tmk_evidence_free(parse(SIGNIFY, strlen(SIGNIFY) - 1,
				TMK_SIGNATURE_MALFORMED,
				"signify's without it"));
}

/* The trusted comment is bound to the signature. */
static void test_comment(void)
{
	static const char other[] = COMMENT VALUE
		"trusted comment: timestamp:1800000000\tfile:f\thashed\n"
		GLOBAL;
	static const char crossed[] = COMMENT LEGACY_VALUE TRUSTED GLOBAL;
	struct tmk_keyring *ring = ring_of(KEY);
	struct tmk_evidence *ev;

	ev = parse(other, strlen(other), TMK_GOOD, "another trusted comment");
	judge(ev, ring, CONTENT, TMK_SIGNATURE_BAD, "is not the signer's");
	tmk_evidence_free(ev);
	ev = parse(crossed, strlen(crossed), TMK_GOOD,
		   "a comment of another signature");
	judge(ev, ring, CONTENT, TMK_SIGNATURE_BAD, "is not this one's");
	tmk_evidence_free(ev);
	tmk_keyring_free(ring);
}

static void test_times(void)
{
	static const struct {
		const char *comment;
		int64_t time;
	} cases[] = {
		{ "timestamp:17\tfile:f", 17 }, { "timestamp:17", 17 },
		{ "timestamp:", TMK_TIME_NONE }, { "", TMK_TIME_NONE },
		{ "timestamp:17x", TMK_TIME_NONE },
		{ "timestamp:-17", TMK_TIME_NONE },
		{ "timestamp:9999999999999", TMK_TIME_NONE },
		{ "at timestamp:17", TMK_TIME_NONE },
	};
	struct tmk_minisign_sig s = { .commented = true };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		s.comment = (const uint8_t *)cases[i].comment;
		s.comment_len = strlen(cases[i].comment);
		is_int(tmk_minisign_sig_time(&s), cases[i].time, "'%s'",
		       cases[i].comment);
	}
}

static void bad_ring(const char *text, const char *piece, const char *what)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_keyring *ring = NULL;

	ok(tmk_seal_signify.keyring_read(&ring, (const uint8_t *)text,
					 strlen(text), "F", &err) &&
	   !ring && err.code == TMK_USAGE && strstr(err.text, piece),
	   "%s: %s", what, err.text);
}

static void test_rings(void)
{
	tmk_keyring_free(ring_of("RWRmMQapyY4MBHr17t9MMsglq5Idtm5z5mrm1cwKSBY"
				 "ERXNpAi0B8/+h"));
	ok(true, "a key alone, as -P takes it");
	bad_ring("", "no public key", "nothing");
	bad_ring("untrusted comment: a\n", "no public key", "a comment");
	bad_ring(KEY "\n", "F:3", "an empty line");
	bad_ring(KEY KEY, "F:4: a second key", "one key twice");
	bad_ring(VALUE, "F:1", "a signature");
	bad_ring("untrusted comment: a\tb\033\n" KEY, "F:1", "an escape");
	bad_ring("RWRmMQapyY4MBHr17t9MMsglq5Idtm5z5mrm1cwKSBYERXNpAi0B8/+\n",
		 "F:1", "a key that is cut off");
	bad_ring("RURmMQapyY4MBHr17t9MMsglq5Idtm5z5mrm1cwKSBYERXNpAi0B8/+h\n",
		 "another kind", "a key of another algorithm");
}

/* ---- what we make --------------------------------------------------------- */

static struct tmk_seal_request request(struct soft_signer *s,
				       const char *content, uint8_t *digest)
{
	struct tmk_seal_request r = { .signer = &s->signer,
		.hash = TMK_BLAKE2B512, .signing_time = 1700000000,
		.digest = digest };
	struct tmk_err err = TMK_ERR_INIT;

	must_be(!tmk_digest_bytes(TMK_BLAKE2B512, content, strlen(content),
				  digest, &r.digest_len, &err));
	return r;
}

static struct tmk_keyring *ring_for(const struct soft_signer *s,
				    enum tmk_seal_format format)
{
	struct tmk_buf out = TMK_BUF_INIT(4096);
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_keyring *ring;

	must_be(!tmk_minisign_key_export(&out, format, s->signer.spki.data,
					 s->signer.spki.len, "rel\nease",
					 &err));
	ring = ring_of(tmk_buf_str(&out));
	tmk_buf_release(&out);
	return ring;
}

static void test_make(struct soft_signer *s)
{
	struct tmk_keyring *ring = ring_for(s, TMK_FORMAT_MINISIGN);
	struct tmk_buf out = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	uint8_t digest[TMK_DIGEST_MAX];
	struct tmk_seal_request r = request(s, CONTENT, digest);
	struct tmk_evidence *ev;

	r.artefact = "dist/a\n1.tar";
	s->calls = 0;
	ok(!tmk_sign_seal(&out, &tmk_seal_minisign, &r, &err), "it is made");
	is_int(s->calls, 2, "the token signs twice");
	ok(strstr(tmk_buf_str(&out), "\ntrusted comment: timestamp:1700000000"
		  "\tfile:a\\x0a1.tar\thashed\n"), "its trusted comment");
	ev = parse(tmk_buf_str(&out), out.len, TMK_GOOD, "ours");
	judge(ev, ring, CONTENT, TMK_GOOD, "holds");
	tmk_evidence_free(ev);
	tmk_buf_clear(&out);
	r.artefact = NULL;
	ok(!tmk_sign_seal(&out, &tmk_seal_minisign, &r, &err) &&
	   strstr(tmk_buf_str(&out), ":1700000000\thashed\n"),
	   "without a name");
	tmk_buf_clear(&out);
	s->lie = true;
	ok(tmk_sign_seal(&out, &tmk_seal_minisign, &r, &err) &&
	   err.code == TMK_KEY && !out.len, "not by a token that lies");
	s->lie = false;
	s->fail = true;
	ok(tmk_sign_seal(&out, &tmk_seal_minisign, &r, &err) &&
	   err.code == TMK_KEY && !out.len, "nor by one that fails");
	s->fail = false;
	r.hash = TMK_SHA512;
	ok(tmk_sign_seal(&out, &tmk_seal_minisign, &r, &err) &&
	   err.code == TMK_INTERNAL, "nor over another digest");
	tmk_buf_release(&out);
	tmk_keyring_free(ring);
}

static int signify(struct tmk_buf *out, struct soft_signer *s,
		   const void *content, size_t len, struct tmk_err *err)
{
	struct tmk_seal_request r = { .signer = &s->signer,
		.hash = TMK_WHOLE, .signing_time = 1700000000,
		.digest = content, .digest_len = len, .key_name = "release" };

	*err = (struct tmk_err)TMK_ERR_INIT;
	tmk_buf_clear(out);
	return tmk_sign_seal(out, &tmk_seal_signify, &r, err);
}

static void test_signify(struct soft_signer *s)
{
	static uint8_t large[TMK_MESSAGE_MAX + 1];
	struct tmk_keyring *ring = ring_for(s, TMK_FORMAT_SIGNIFY);
	struct tmk_buf out = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_evidence *ev;

	ok(!signify(&out, s, CONTENT, strlen(CONTENT), &err), "it is made");
	ok(!strncmp(tmk_buf_str(&out),
		    "untrusted comment: verify with release.pub\n", 43),
	   "where its key is looked for");
	ev = parse(tmk_buf_str(&out), out.len, TMK_GOOD, "ours");
	judge(ev, ring, CONTENT, TMK_GOOD, "holds");
	tmk_evidence_free(ev);
	ok(!signify(&out, s, "", 0, &err), "of nothing");
	ev = parse(tmk_buf_str(&out), out.len, TMK_GOOD, "that");
	judge(ev, ring, "", TMK_GOOD, "holds too");
	tmk_evidence_free(ev);
	ok(!signify(&out, s, large, TMK_MESSAGE_MAX, &err), "of 1 MiB");
	ok(signify(&out, s, large, TMK_MESSAGE_MAX + 1, &err) &&
	   err.code == TMK_USAGE && !out.len, "not of more: %s", err.text);
	tmk_buf_release(&out);
	tmk_keyring_free(ring);
}

/* A file that could be something else which this key signs. */
static void test_meanings(struct soft_signer *s)
{
	static const size_t digests[] = { 32, 48, 64 };
	uint8_t content[200];
	struct tmk_buf out = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_err err;
	size_t i;

	memset(content, 0xf7, sizeof(content));
	for (i = 0; i < 3; i++)
		ok(signify(&out, s, content, digests[i], &err) &&
		   err.code == TMK_USAGE && strstr(err.text, "digest"),
		   "%zu bytes: %s", digests[i], err.text);
	ok(!signify(&out, s, content, 33, &err), "33 bytes are a file");
	memcpy(content, "SSHSIG", 6);
	ok(signify(&out, s, content, 100, &err) && err.code == TMK_USAGE &&
	   strstr(err.text, "SSH"), "SSH's: %s", err.text);
	memcpy(content, "\x30\x81\xc5", 3);
	ok(signify(&out, s, content, 200, &err) && err.code == TMK_USAGE &&
	   strstr(err.text, "DER"), "X.509's: %s", err.text);
	ok(!signify(&out, s, content, 199, &err), "but not if it is longer");
	content[0] = 0xf7;
	memcpy(content + 64, "timestamp:1", 11);
	ok(signify(&out, s, content, 75, &err) && err.code == TMK_USAGE &&
	   strstr(err.text, "comment"), "minisign's: %s", err.text);
	content[75] = '\n';
	ok(!signify(&out, s, content, 76, &err), "a line is no comment");
	memset(content, 'a', 100);
	ok(!signify(&out, s, content, 100, &err), "nor is text all through");
	tmk_buf_release(&out);
}

static void test_others(void)
{
	EVP_PKEY *keys[2] = { must(EVP_EC_gen("P-256")),
			      must(EVP_RSA_gen(2048)) };
	struct tmk_buf out = TMK_BUF_INIT(TMK_SEAL_MAX);
	uint8_t digest[TMK_DIGEST_MAX];
	struct tmk_seal_request r;
	struct soft_signer s;
	struct tmk_err err;
	int i;

	for (i = 0; i < 2; i++) {
		soft_signer_init(&s, keys[i]);
		r = request(&s, CONTENT, digest);
		err = (struct tmk_err)TMK_ERR_INIT;
		ok(tmk_sign_seal(&out, &tmk_seal_minisign, &r, &err) &&
		   err.code == TMK_KEY && err.hint[0] && !s.calls,
		   "another key: %s", err.text);
		ok(signify(&out, &s, CONTENT, 6, &err) &&
		   err.code == TMK_KEY && !s.calls, "nor for signify");
		soft_signer_release(&s);
		EVP_PKEY_free(keys[i]);
	}
	tmk_buf_release(&out);
}

int main(void)
{
	EVP_PKEY *key = must(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
	struct soft_signer s;

	soft_signer_init(&s, key);
	test_foreign();
	test_forms();
	test_comment();
	test_times();
	test_rings();
	test_make(&s);
	test_signify(&s);
	test_meanings(&s);
	test_others();
	soft_signer_release(&s);
	EVP_PKEY_free(key);
	return tap_done();
}
