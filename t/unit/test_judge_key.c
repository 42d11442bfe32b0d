/*
 * test_judge_key.c - the judgement of signatures without certificates, with
 * keyring, check and tokens played by the test: which reason, in which order,
 * at which time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base/clock.h"
#include "core/judge.h"
#include "t/unit/tap.h"
#include "x509/tst.h"

#define NOW INT64_C(1700000000)
#define DAY INT64_C(86400)

static struct {
	struct tmk_standing standing;
	enum tmk_reason find, check;
	int find_rc, check_rc, tst_rc;
	int find_calls, check_calls, tst_calls, chain_calls;
	int emails_calls, emails_rc;
	int64_t emails_at;
	char name_space[32];
	struct tmk_tst_answer tst[TMK_TOKENS_MAX];
	EVP_PKEY *checked;
} play;

int tmk_chain_judge(struct tmk_chain_answer *answer,
		    const struct tmk_chain_request *request,
		    struct tmk_err *err)
{
	(void)answer;
	(void)request;
	play.chain_calls++;
	return tmk_err_set(err, TMK_INTERNAL, "nobody asks for a chain");
}

void tmk_chain_answer_release(struct tmk_chain_answer *answer)
{
	(void)answer;
}

/* The token's first byte says which answer is played. */
int tmk_tst_judge(struct tmk_tst_answer *answer, const uint8_t *token,
		  size_t token_len, const void *data, size_t data_len,
		  const struct tmk_trust *trust,
		  enum tmk_revocation revocation, int64_t now,
		  struct tmk_err *err)
{
	(void)revocation;
	(void)trust;
	play.tst_calls++;
	if (play.tst_rc)
		return tmk_err_set(err, TMK_INTERNAL, "played");
	if (token_len != 1 || data_len != 3 || memcmp(data, "sig", 3) ||
	    now != NOW)
		abort();
	*answer = play.tst[token[0]];
	return 0;
}

static int check(const struct tmk_evidence *evidence, int i, EVP_PKEY *key,
		 const uint8_t *digest, size_t digest_len,
		 struct tmk_verdict *v, struct tmk_err *err)
{
	if (i || digest_len != 32 || digest[0] != 7 || !evidence)
		abort();
	play.check_calls++;
	play.checked = key;
	if (play.check_rc)
		return tmk_err_set(err, TMK_INTERNAL, "played");
	if (play.check)
		return tmk_verdict_refuse(v, play.check, "played");
	return 0;
}

static int find(struct tmk_standing *out, const struct tmk_keyring *keyring,
		const struct tmk_evidence *evidence, int i,
		const char *name_space, struct tmk_verdict *v,
		struct tmk_err *err)
{
	if (i || !keyring || !evidence)
		abort();
	play.find_calls++;
	snprintf(play.name_space, sizeof(play.name_space), "%s", name_space);
	if (play.find_rc)
		return tmk_err_set(err, TMK_INTERNAL, "played");
	if (play.find)
		return tmk_verdict_refuse(v, play.find, "played");
	*out = play.standing;
	return 0;
}

static int emails(struct tmk_buf *out, const struct tmk_keyring *keyring,
		  const struct tmk_evidence *evidence, int i,
		  const char *name_space, int64_t at, struct tmk_err *err)
{
	if (i || !keyring || !evidence || strcmp(name_space, play.name_space))
		abort();
	play.emails_calls++;
	play.emails_at = at;
	if (play.emails_rc)
		return tmk_err_set(err, TMK_INTERNAL, "played");
	return tmk_buf_add(out, "ann@x.org", 10);
}

static const struct tmk_seal_ops seal = { .name = "played", .check = check,
	.keyring_find = find, .keyring_emails = emails };
static const struct tmk_seal_ops other = { .name = "other", .check = check,
	.keyring_find = find };
static const struct tmk_keyring keyring = { &seal, NULL };
static const struct tmk_keyring other_ring = { &other, NULL };

static struct tmk_judge judge;
static struct tmk_evidence evidence;
static struct tmk_finding finding;
static int dummy;
static const uint8_t tokens[TMK_TOKENS_MAX] = { 0, 1, 2, 3, 4, 5, 6, 7 };
static EVP_PKEY *strong;

static void start(void)
{
	memset(&play, 0, sizeof(play));
	memset(&judge, 0, sizeof(judge));
	memset(&evidence, 0, sizeof(evidence));
	judge.tsa_trust = (const struct tmk_trust *)&dummy;
	judge.timestamp = TMK_STAMP_WHEN_EXPIRED;
	judge.min_rsa = 3072;
	judge.now = NOW;
	judge.at = TMK_TIME_NONE;
	judge.clock_skew = 300;
	judge.openpgp = &keyring;
	evidence.ops = &seal;
	evidence.format = TMK_FORMAT_OPENPGP;
	evidence.signatures = 1;
	evidence.signature[0].hash = TMK_SHA256;
	evidence.signature[0].value = (const uint8_t *)"sig";
	evidence.signature[0].value_len = 3;
	evidence.signature[0].claimed_time = NOW - 20 * DAY;
	snprintf(evidence.signature[0].key_id, TMK_KEY_ID, "CLAIMED");
	play.standing.key = strong;
	snprintf(play.standing.key_id, TMK_KEY_ID, "FOUND");
	snprintf(play.standing.user, sizeof(play.standing.user), "Ann");
	play.standing.valid_from = NOW - 10 * DAY;
	play.standing.valid_until = TMK_TIME_NONE;
	play.standing.revoked_at = TMK_TIME_NONE;
}

static void stamp(enum tmk_tst_result result, int64_t time)
{
	struct tmk_signature *s = &evidence.signature[0];
	struct tmk_tst_answer *a = &play.tst[s->tokens];

	a->result = result;
	a->time = time;
	snprintf(a->text, sizeof(a->text), "%s", result ? "played" : "");
	snprintf(a->tsa, sizeof(a->tsa), "TSA");
	s->token[s->tokens] = &tokens[s->tokens];
	s->token_len[s->tokens++] = 1;
}

/* The finding stays for more questions. */
static void expect(enum tmk_reason reason, const char *what)
{
	static const uint8_t digest[32] = { 7 };
	struct tmk_err err = TMK_ERR_INIT;
	int rc;

	tmk_finding_release(&finding);
	rc = tmk_judge_signature(&finding, &judge, &evidence, 0, digest,
				 sizeof(digest), &err);
	ok(!rc && finding.verdict.reason == reason &&
	   (reason == TMK_GOOD) == !finding.verdict.hint[0],
	   "%s: %s (%s)", what, tmk_reason_id(reason), finding.verdict.text);
	if (rc || finding.verdict.reason != reason)
		diag("got %s %s", tmk_reason_id(finding.verdict.reason),
		     err.text);
}

static void expect_error(const char *what)
{
	static const uint8_t digest[32] = { 7 };
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_finding before;

	tmk_finding_release(&finding);
	memset(&finding, 0x5a, sizeof(finding));
	memcpy(&before, &finding, sizeof(finding));
	ok(tmk_judge_signature(&finding, &judge, &evidence, 0, digest,
			       sizeof(digest), &err) < 0 &&
	   err.code == TMK_INTERNAL &&
	   !memcmp(&before, &finding, sizeof(finding)), "%s is an error: %s",
	   what, err.text);
	tmk_finding_init(&finding);
}

static void test_plain(void)
{
	start();
	expect(TMK_GOOD, "a good one");
	is_str(finding.key_id, "FOUND", "its key");
	is_str(finding.primary_id, "FOUND", "which is the primary one");
	is_str(finding.user, "Ann", "its owner");
	is_int(finding.time, NOW, "at the clock's time");
	ok(!finding.stamped && !finding.cert && !finding.chain, "no stamp, no "
	   "certificate");
	is_str(play.name_space, "git", "git content unless said otherwise");
	ok(play.checked == strong && play.check_calls == 1 &&
	   !play.chain_calls, "checked once, with the key that was found");
	start();
	judge.name_space = "file";
	snprintf(play.standing.primary_id, TMK_KEY_ID, "OWNER");
	expect(TMK_GOOD, "another name space");
	is_str(play.name_space, "file", "is handed on");
	is_str(finding.primary_id, "OWNER", "a subkey has an owner");
	start();
	evidence.format = TMK_FORMAT_SSH;
	expect(TMK_CERT_MISSING, "an SSH signature has its own keyring");
	ok(strstr(finding.verdict.hint, "allowed-signers") != NULL,
	   "which is named: %s", finding.verdict.hint);
	is_str(finding.key_id, "CLAIMED", "and the key that it claims");
	judge.ssh = &keyring;
	expect(TMK_GOOD, "with one");
	start();
	judge.openpgp = NULL;
	expect(TMK_CERT_MISSING, "no keyring");
	ok(strstr(finding.verdict.hint, "--keyring") != NULL,
	   "what to do: %s", finding.verdict.hint);
	is_int(play.check_calls + play.find_calls, 0, "nothing was done");
	start();
	evidence.format = (enum tmk_seal_format)99;
	expect(TMK_CERT_MISSING, "a format that nobody knows");
}

static void test_order(EVP_PKEY *weak, EVP_PKEY *absurd)
{
	start();
	judge.hashes = 1u << TMK_SHA512;
	play.find = TMK_CERT_MISSING;
	expect(TMK_DIGEST_WEAK, "the digest comes first");
	is_int(play.find_calls, 0, "before the keyring is asked");
	evidence.signature[0].hash = TMK_SHA512;
	evidence.signature[0].value_hash = TMK_SHA256;
	expect(TMK_DIGEST_WEAK, "so does the one below it");
	evidence.signature[0].hash = TMK_SHA256;
	evidence.signature[0].value_hash = TMK_SHA512;
	expect(TMK_DIGEST_WEAK, "and the one above a good one");
	evidence.signature[0].hash = TMK_SHA512;
	expect(TMK_CERT_MISSING, "both must be allowed");
	start();
	evidence.signature[0].tokens = TMK_TOKENS_MAX + 1;
	expect(TMK_LIMIT_EXCEEDED, "too many tokens");
	start();
	play.find = TMK_CERT_MISSING;
	play.check = TMK_SIGNATURE_BAD;
	expect(TMK_CERT_MISSING, "a key that nobody has");
	is_int(play.check_calls, 0, "is not tried");
	start();
	play.find = TMK_SIGNER_NOT_ALLOWED;
	expect(TMK_SIGNER_NOT_ALLOWED, "whatever the keyring refuses");
	start();
	play.check = TMK_SIGNATURE_BAD;
	play.standing.revoked_hard = true;
	stamp(TMK_TST_BAD, 0);
	expect(TMK_SIGNATURE_BAD, "a bad signature before all else");
	is_int(play.tst_calls, 0, "its stamp is not looked at");
	start();
	play.standing.key = weak;
	play.standing.revoked_hard = true;
	expect(TMK_KEY_WEAK, "RSA 2048");
	is_int(play.check_calls, 1, "said after it proved to be meant");
	play.check = TMK_SIGNATURE_BAD;
	expect(TMK_SIGNATURE_BAD, "else it is a bad signature");
	play.check = TMK_GOOD;
	judge.min_rsa = 0;
	expect(TMK_KEY_WEAK, "without a configured minimum too");
	judge.min_rsa = 2048;
	expect(TMK_CERT_REVOKED, "strong enough where that is asked");
	start();
	play.standing.owner = weak;
	expect(TMK_KEY_WEAK, "RSA 2048 that binds a strong subkey");
	judge.min_rsa = 2048;
	expect(TMK_GOOD, "strong enough where that is asked");
	start();
	play.standing.key = absurd;
	expect(TMK_KEY_WEAK, "a curve that is not ours");
	is_int(play.check_calls, 0, "before anything is computed");
}

static void test_standing(void)
{
	start();
	play.standing.valid_from = NOW;
	play.standing.valid_until = NOW + 1;
	expect(TMK_GOOD, "in its only second");
	play.standing.valid_until = NOW;
	expect(TMK_CERT_EXPIRED, "the second after");
	ok(strstr(finding.verdict.hint, "touchmark.tsa") != NULL,
	   "a stamp would have helped: %s", finding.verdict.hint);
	is_str(finding.user, "Ann", "whose it was");
	judge.timestamp = TMK_STAMP_OFF;
	expect(TMK_CERT_EXPIRED, "where stamps do not count");
	ok(!strstr(finding.verdict.hint, "touchmark.tsa"),
	   "it would not: %s", finding.verdict.hint);
	start();
	play.standing.valid_from = NOW + 1;
	expect(TMK_CERT_NOT_YET_VALID, "the second before");
	start();
	play.standing.valid_from = TMK_TIME_NONE;
	expect(TMK_GOOD, "no beginning");
	start();
	play.standing.revoked_at = NOW + 1;
	expect(TMK_GOOD, "revoked in a second");
	play.standing.revoked_at = NOW;
	expect(TMK_CERT_REVOKED, "revoked now");
	play.standing.revoked_at = NOW + DAY;
	play.standing.revoked_hard = true;
	expect(TMK_CERT_REVOKED, "hard, whatever the time");
	start();
	play.standing.revoked_hard = true;
	expect(TMK_CERT_REVOKED, "hard without a time");
	start();
	play.standing.revoked_at = NOW - DAY;
	play.standing.valid_until = NOW - 2 * DAY;
	expect(TMK_CERT_REVOKED, "revoked and expired");
}

static void test_stamps(void)
{
	start();
	play.standing.valid_until = NOW - DAY;
	stamp(TMK_TST_GOOD, NOW - DAY - 1);
	expect(TMK_GOOD, "stamped, then expired");
	ok(finding.stamped && finding.time == NOW - DAY - 1,
	   "at the stamp's time");
	is_str(finding.tsa, "TSA", "by whom");
	start();
	play.standing.valid_until = NOW - DAY;
	stamp(TMK_TST_GOOD, NOW - DAY);
	expect(TMK_CERT_EXPIRED, "expired, then stamped");
	ok(strstr(finding.verdict.text, "timestamp") != NULL, "which is said");
	start();
	stamp(TMK_TST_GOOD, NOW - 10 * DAY - 1);
	expect(TMK_CERT_NOT_YET_VALID, "stamped before the key was made");
	start();
	play.standing.revoked_at = NOW - DAY;
	stamp(TMK_TST_GOOD, NOW - 2 * DAY);
	expect(TMK_GOOD, "stamped, then retired");
	play.standing.revoked_at = NOW - 2 * DAY;
	expect(TMK_CERT_REVOKED, "in the same second");
	play.standing.revoked_hard = true;
	play.standing.revoked_at = NOW;
	expect(TMK_CERT_REVOKED, "a stamp does not help a stolen key");
	start();
	stamp(TMK_TST_GOOD, NOW - DAY);
	stamp(TMK_TST_BAD, 0);
	expect(TMK_TIMESTAMP_BAD, "a bad one beside a good one");
	start();
	stamp(TMK_TST_GOOD, NOW - DAY);
	judge.tsa_trust = NULL;
	expect(TMK_TIMESTAMP_UNTRUSTED, "where no authority is trusted");
	start();
	stamp(TMK_TST_GOOD, NOW + 301);
	expect(TMK_TIMESTAMP_ORDER, "from the future");
	start();
	judge.timestamp = TMK_STAMP_ALWAYS;
	expect(TMK_TIMESTAMP_MISSING, "none where one must be");
	start();
	play.standing.valid_until = NOW - DAY;
	judge.at = NOW - DAY - 1;
	stamp(TMK_TST_BAD, 0);
	expect(TMK_GOOD, "a given time");
	is_int(play.tst_calls, 0, "stands for all stamps");
	judge.at = NOW - DAY;
	expect(TMK_CERT_EXPIRED, "a given time too late");
}

static void test_errors(void)
{
	start();
	play.find_rc = -1;
	expect_error("a keyring that cannot be read");
	start();
	play.check_rc = -1;
	expect_error("a signature that cannot be checked");
	start();
	stamp(TMK_TST_GOOD, NOW);
	play.tst_rc = -1;
	expect_error("a token that cannot be judged");
	start();
	play.standing.key = NULL;
	expect_error("a keyring that gives no key");
	start();
	judge.openpgp = &other_ring;
	expect_error("a keyring of another format");
	start();
	evidence.signatures = 0;
	expect_error("no signature");
}

/* A key that the policy names although no file does. */
static void test_named(EVP_PKEY *weak)
{
	static const char *const names[] = { "OTHER", "CLAIMED" };

	start();
	evidence.format = TMK_FORMAT_SSH;
	evidence.signature[0].key = strong;
	judge.ssh = &keyring;
	play.find = TMK_CERT_MISSING;
	expect(TMK_CERT_MISSING, "a key that nobody names");
	judge.ssh_key = names;
	judge.ssh_keys = 1;
	expect(TMK_CERT_MISSING, "another one is named");
	judge.ssh_keys = 2;
	expect(TMK_GOOD, "it is named");
	is_str(finding.key_id, "CLAIMED", "its fingerprint");
	is_str(finding.user, "", "nobody's name");
	is_int(play.emails_calls, 0, "nor address is asked for");
	ok(play.checked == strong && finding.key == strong,
	   "checked with the key that came along");
	play.check = TMK_SIGNATURE_BAD;
	expect(TMK_SIGNATURE_BAD, "its signature counts");
	play.check = TMK_GOOD;
	evidence.signature[0].key = weak;
	expect(TMK_KEY_WEAK, "its strength too");
	evidence.signature[0].key = NULL;
	expect(TMK_CERT_MISSING, "no key came along");
	evidence.signature[0].key = strong;
	evidence.signature[0].key_id[0] = '\0';
	expect(TMK_CERT_MISSING, "nor a fingerprint");
	snprintf(evidence.signature[0].key_id, TMK_KEY_ID, "CLAIMED");
	play.find = TMK_SIGNATURE_BAD;
	expect(TMK_SIGNATURE_BAD, "whatever else the file refuses stands");
	play.find = TMK_SIGNER_NOT_ALLOWED;
	expect(TMK_SIGNER_NOT_ALLOWED, "so does what it forbids");
	play.find = TMK_GOOD;
	play.standing.valid_until = NOW;
	expect(TMK_CERT_EXPIRED, "and when it says the key ended");
	play.find = TMK_CERT_MISSING;
	judge.ssh = NULL;
	expect(TMK_CERT_MISSING, "without any file nobody asked for the "
	       "namespace");
	evidence.format = TMK_FORMAT_OPENPGP;
	expect(TMK_CERT_MISSING, "OpenPGP keys are not in the signature");
}

static void test_emails(void)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_finding f;

	start();
	expect(TMK_GOOD, "a good one");
	ok(finding.emails.len == 10 && finding.key == strong &&
	   finding.format == TMK_FORMAT_OPENPGP, "has an address and a key");
	is_int(play.emails_at, NOW, "asked at its time");
	play.standing.revoked_hard = true;
	expect(TMK_CERT_REVOKED, "a refused one");
	ok(!finding.emails.len && !finding.key, "has none");
	start();
	play.emails_rc = -1;
	expect_error("addresses that cannot be told");
	start();
	play.check = TMK_SIGNATURE_BAD;
	stamp(TMK_TST_GOOD, NOW - DAY);
	judge.timestamp = TMK_STAMP_OFF;
	ok(!tmk_judge_key(&f, &judge, &evidence, &err) &&
	   f.verdict.reason == TMK_GOOD && f.emails.len == 10 &&
	   !play.check_calls, "a key alone: all but its arithmetic");
	tmk_finding_release(&f);
	play.standing.valid_until = NOW;
	ok(!tmk_judge_key(&f, &judge, &evidence, &err) &&
	   f.verdict.reason == TMK_CERT_EXPIRED, "an expired one: %s",
	   f.verdict.text);
	tmk_finding_release(&f);
	play.find_rc = -1;
	ok(tmk_judge_key(&f, &judge, &evidence, &err) < 0, "an error");
	start();
	ok(tmk_judge_signature(&f, &judge, &evidence, 0, NULL, 0, &err) < 0,
	   "no digest is no way around the arithmetic");
}

int main(void)
{
	EVP_PKEY *weak = EVP_RSA_gen(2048), *absurd = EVP_EC_gen("secp256k1");

	strong = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (!weak || !absurd || !strong)
		abort();
	test_plain();
	test_order(weak, absurd);
	test_standing();
	test_stamps();
	test_errors();
	test_named(weak);
	test_emails();
	tmk_finding_release(&finding);
	EVP_PKEY_free(weak);
	EVP_PKEY_free(absurd);
	EVP_PKEY_free(strong);
	return tap_done();
}
