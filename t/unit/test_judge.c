/*
 * test_judge.c - the rules of the one judgement, with chain and tokens played
 * by the test: which reason, at which time, and what is asked of whom.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "core/judge.h"
#include "t/unit/tap.h"
#include "x509/tst.h"

#define NOW INT64_C(1700000000)
#define DAY INT64_C(86400)

/* ---- what the test plays ---------------------------------------------- */

static struct {
	int chain_rc;
	enum tmk_chain_result chain;
	struct tmk_chain_request asked;
	int chain_calls;
	struct tmk_tst_answer tst[TMK_TOKENS_MAX];
	int tst_rc, tst_calls;
	const struct tmk_trust *tst_trust;
	enum tmk_reason check;
	int check_rc, check_calls;
} play;

int tmk_chain_judge(struct tmk_chain_answer *answer,
		    const struct tmk_chain_request *request,
		    struct tmk_err *err)
{
	play.asked = *request;
	play.chain_calls++;
	if (play.chain_rc)
		return tmk_err_set(err, TMK_INTERNAL, "played");
	answer->result = play.chain;
	snprintf(answer->text, sizeof(answer->text), "%s",
		 play.chain ? "played" : "");
	answer->chain = sk_X509_new_null();
	return 0;
}

void tmk_chain_answer_release(struct tmk_chain_answer *answer)
{
	sk_X509_pop_free(answer->chain, X509_free);
	answer->chain = NULL;
}

/* The token's first byte says which answer is played. */
int tmk_tst_judge(struct tmk_tst_answer *answer, const uint8_t *token,
		  size_t token_len, const void *data, size_t data_len,
		  const struct tmk_trust *trust,
		  enum tmk_revocation revocation, int64_t now,
		  struct tmk_err *err)
{
	(void)revocation;
	play.tst_calls++;
	play.tst_trust = trust;
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
	(void)key;
	play.check_calls++;
	if (play.check_rc)
		return tmk_err_set(err, TMK_INTERNAL, "played");
	if (play.check)
		return tmk_verdict_refuse(v, play.check, "played");
	return 0;
}

static const struct tmk_seal_ops seal = { .name = "played", .check = check };

/* ---- certificates ----------------------------------------------------- */

static void add_ext(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	if (!ext || !X509_add_ext(cert, ext, -1))
		abort();
	X509_EXTENSION_free(ext);
}

/* Valid from NOW - 10 days to NOW + `days`. */
static X509 *make_cert(EVP_PKEY *key, int days, const char *eku)
{
	X509 *cert = X509_new();
	time_t now = NOW;

	if (!cert || !key || !X509_set_version(cert, 2) ||
	    !ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) ||
	    !X509_time_adj_ex(X509_getm_notBefore(cert), -10, 0, &now) ||
	    !X509_time_adj_ex(X509_getm_notAfter(cert), days, 0, &now) ||
	    !X509_set_pubkey(cert, key))
		abort();
	add_ext(cert, NID_ext_key_usage, eku);
	if (!X509_sign(cert, key, EVP_sha256()))
		abort();
	EVP_PKEY_free(key);
	return cert;
}

/* ---- one judgement ---------------------------------------------------- */

static struct tmk_judge judge;
static struct tmk_evidence evidence;
static struct tmk_finding finding;
static int dummy[2];
static const uint8_t tokens[TMK_TOKENS_MAX] = { 0, 1, 2, 3, 4, 5, 6, 7 };

static void start(X509 *cert)
{
	memset(&play, 0, sizeof(play));
	memset(&judge, 0, sizeof(judge));
	memset(&evidence, 0, sizeof(evidence));
	judge.trust = (const struct tmk_trust *)&dummy[0];
	judge.tsa_trust = (const struct tmk_trust *)&dummy[1];
	judge.revocation = TMK_REVOCATION_REQUIRE;
	judge.tsa_revocation = TMK_REVOCATION_CHECK;
	judge.timestamp = TMK_STAMP_WHEN_EXPIRED;
	judge.eku[0] = "codeSigning";
	judge.ekus = 1;
	judge.min_rsa = 3072;
	judge.now = NOW;
	judge.at = TMK_TIME_NONE;
	judge.clock_skew = 300;
	evidence.ops = &seal;
	evidence.format = TMK_FORMAT_X509;
	evidence.signatures = 1;
	evidence.signature[0].cert = cert;
	evidence.signature[0].hash = TMK_SHA256;
	evidence.signature[0].value = (const uint8_t *)"sig";
	evidence.signature[0].value_len = 3;
	evidence.signature[0].claimed_time = NOW - 20 * DAY;
}

/* The next token: result and time. */
static void stamp(enum tmk_tst_result result, int64_t time)
{
	struct tmk_signature *s = &evidence.signature[0];
	struct tmk_tst_answer *a = &play.tst[s->tokens];

	a->result = result;
	a->time = time;
	snprintf(a->text, sizeof(a->text), "%s", result ? "played" : "");
	snprintf(a->tsa, sizeof(a->tsa), "TSA %d", s->tokens);
	s->token[s->tokens] = &tokens[s->tokens];
	s->token_len[s->tokens++] = 1;
}

static void expect(enum tmk_reason reason, const char *what)
{
	static const uint8_t digest[32] = { 7 };
	struct tmk_err err = TMK_ERR_INIT;
	int rc;

	tmk_finding_init(&finding);
	rc = tmk_judge_signature(&finding, &judge, &evidence, 0, digest,
				 sizeof(digest), &err);
	ok(!rc && finding.verdict.reason == reason &&
	   (reason == TMK_GOOD) == !finding.verdict.hint[0],
	   "%s: %s (%s)", what, tmk_reason_id(reason), finding.verdict.text);
	if (finding.verdict.reason != reason)
		diag("got %s", tmk_reason_id(finding.verdict.reason));
	tmk_finding_release(&finding);
}

static void expect_time(int64_t time, bool stamped, const char *what)
{
	static const uint8_t digest[32] = { 7 };
	struct tmk_err err = TMK_ERR_INIT;

	tmk_finding_init(&finding);
	ok(!tmk_judge_signature(&finding, &judge, &evidence, 0, digest,
				sizeof(digest), &err) &&
	   finding.verdict.reason == TMK_GOOD, "%s: good %s", what,
	   finding.verdict.text);
	is_int(finding.time - NOW, time - NOW, "%s: trusted time", what);
	is_int(play.asked.at - NOW, time - NOW, "%s: the chain's time", what);
	is_int(play.asked.now, NOW, "%s: the chain's clock", what);
	ok(finding.stamped == stamped && play.asked.stamped == stamped,
	   "%s: %s", what, stamped ? "stamped" : "not stamped");
	ok(finding.chain != NULL, "%s: the chain is in the finding", what);
	tmk_finding_release(&finding);
}

/* ---- tests ------------------------------------------------------------ */

static void test_before_chain(X509 *cert, X509 *weak)
{
	int i;

	start(cert);
	expect_time(NOW, false, "a plain signature");
	ok(play.asked.leaf == cert && play.asked.trust == judge.trust &&
	   play.asked.revocation == TMK_REVOCATION_REQUIRE &&
	   play.asked.ekus == 1 && play.asked.eku[0] == judge.eku[0] &&
	   play.asked.min_rsa == 3072, "the chain is asked what the rule says");
	is_int(play.check_calls, 1, "the signature was checked once");

	start(cert);
	evidence.bag = sk_X509_new_null();
	for (i = 0; i < 17; i++)
		sk_X509_push(evidence.bag, cert);
	expect(TMK_LIMIT_EXCEEDED, "17 certificates");
	is_int(play.check_calls + play.chain_calls, 0, "and nothing was done");
	judge.certificates = 17;
	expect(TMK_GOOD, "17 certificates where 17 are allowed");
	sk_X509_free(evidence.bag);

	start(cert);
	judge.hashes = 1u << TMK_SHA384 | 1u << TMK_SHA512;
	expect(TMK_DIGEST_WEAK, "SHA-256 where it is not allowed");
	is_int(play.check_calls, 0, "before the signature is computed");
	start(cert);
	evidence.signature[0].hash = 0;
	expect(TMK_DIGEST_WEAK, "an unknown digest");
	start(NULL);
	expect(TMK_CERT_MISSING, "no certificate");
	start(cert);
	play.check = TMK_SIGNATURE_BAD;
	expect(TMK_SIGNATURE_BAD, "a bad signature");
	is_int(play.chain_calls + play.tst_calls, 0,
	       "nothing is asked about a bad one");
	start(weak);
	expect(TMK_KEY_WEAK, "RSA 1024");
	judge.min_rsa = 0;
	expect(TMK_KEY_WEAK, "RSA 1024 without a configured minimum");
	play.check = TMK_SIGNATURE_BAD;
	expect(TMK_SIGNATURE_BAD, "a bad signature comes before a weak key");
}

static void test_tokens(X509 *cert)
{
	start(cert);
	stamp(TMK_TST_GOOD, NOW - DAY);
	expect_time(NOW - DAY, true, "a token");
	ok(play.tst_trust == judge.tsa_trust, "judged by the TSAs' own trust");

	start(cert);
	stamp(TMK_TST_GOOD, NOW - DAY);
	stamp(TMK_TST_GOOD, NOW - 3 * DAY);
	stamp(TMK_TST_GOOD, NOW - 2 * DAY);
	expect_time(NOW - 3 * DAY, true, "the earliest of three");
	stamp(TMK_TST_BAD, 0);
	expect(TMK_TIMESTAMP_BAD, "one bad token beside good ones");

	start(cert);
	stamp(TMK_TST_BAD, 0);
	expect(TMK_TIMESTAMP_BAD, "a bad token beside a valid certificate");
	is_int(play.chain_calls, 0, "before the chain");
	judge.timestamp = TMK_STAMP_OFF;
	expect_time(NOW, false, "a bad token where tokens are off");
	is_int(play.tst_calls, 1, "nobody looks at it then");

	start(cert);
	stamp(TMK_TST_UNTRUSTED, NOW - DAY);
	expect(TMK_TIMESTAMP_UNTRUSTED, "an untrusted TSA");
	start(cert);
	stamp(TMK_TST_GOOD, NOW - DAY);
	judge.tsa_trust = NULL;
	expect(TMK_TIMESTAMP_UNTRUSTED, "a token where no TSA is trusted");
	start(cert);
	stamp(TMK_TST_BAD, NOW - DAY);
	judge.tsa_trust = NULL;
	expect(TMK_TIMESTAMP_BAD, "a bad one there");

	start(cert);
	stamp(TMK_TST_GOOD, NOW + 300);
	expect_time(NOW + 300, true, "ahead, within the skew");
	start(cert);
	stamp(TMK_TST_GOOD, NOW + 301);
	expect(TMK_TIMESTAMP_ORDER, "ahead, past the skew");

	start(cert);
	judge.timestamp = TMK_STAMP_ALWAYS;
	expect(TMK_TIMESTAMP_MISSING, "none where one is always needed");
	stamp(TMK_TST_GOOD, NOW);
	expect_time(NOW, true, "one where one is always needed");
	start(cert);
	judge.timestamp = 0;
	expect(TMK_TIMESTAMP_MISSING, "a rule that was never set");
}

static void test_order(X509 *expired)
{
	start(expired);
	stamp(TMK_TST_GOOD, NOW - 6 * DAY);
	expect_time(NOW - 6 * DAY, true, "stamped, then expired");
	start(expired);
	stamp(TMK_TST_GOOD, NOW - 5 * DAY);
	expect_time(NOW - 5 * DAY, true, "stamped in the last second");
	start(expired);
	stamp(TMK_TST_GOOD, NOW - 5 * DAY + 1);
	expect(TMK_CERT_EXPIRED, "expired, then stamped");
	is_int(play.chain_calls, 0, "said without the chain");
	start(expired);
	stamp(TMK_TST_GOOD, NOW - 10 * DAY - 1);
	expect(TMK_CERT_NOT_YET_VALID, "stamped before the certificate began");
	start(expired);
	stamp(TMK_TST_GOOD, NOW - 10 * DAY);
	expect_time(NOW - 10 * DAY, true, "stamped in the first second");
	start(expired);
	play.chain = TMK_CHAIN_EXPIRED;
	expect(TMK_CERT_EXPIRED, "expired, and no token");
	is_int(play.asked.at, NOW, "whatever time the signer claims");
}

static void hint_says(const char *piece, const char *what)
{
	static const uint8_t digest[32] = { 7 };
	struct tmk_err err = TMK_ERR_INIT;

	tmk_finding_init(&finding);
	play.chain = TMK_CHAIN_EXPIRED;
	ok(!tmk_judge_signature(&finding, &judge, &evidence, 0, digest,
				sizeof(digest), &err) &&
	   strstr(finding.verdict.hint, piece), "%s: %s", what,
	   finding.verdict.hint);
	tmk_finding_release(&finding);
}

static void test_lifetime(X509 *lifetime, X509 *cert)
{
	start(lifetime);
	stamp(TMK_TST_GOOD, NOW - DAY);
	expect_time(NOW, false, "lifetime signing, stamped");
	hint_says("ends all its signatures", "expired, lifetime signing");
	stamp(TMK_TST_BAD, NOW);
	expect(TMK_TIMESTAMP_BAD, "lifetime signing and a bad token");
	start(cert);
	hint_says("touchmark.tsa", "expired, no token");
	judge.timestamp = TMK_STAMP_OFF;
	hint_says("do not count", "expired, tokens off");
}

static void test_given_time(X509 *cert)
{
	start(cert);
	judge.at = NOW - 7 * DAY;
	stamp(TMK_TST_BAD, 0);
	expect_time(NOW - 7 * DAY, false, "a given time");
	is_int(play.tst_calls, 0, "tokens are left alone then");
	judge.timestamp = TMK_STAMP_ALWAYS;
	expect(TMK_TIMESTAMP_MISSING, "a given time is no timestamp");
}

static void test_chain_reasons(X509 *cert)
{
	static const struct {
		enum tmk_chain_result result;
		enum tmk_reason reason;
	} map[] = {
		{ TMK_CHAIN_NOT_TRUSTED, TMK_CHAIN_UNTRUSTED },
		{ TMK_CHAIN_EXPIRED, TMK_CERT_EXPIRED },
		{ TMK_CHAIN_NOT_YET_VALID, TMK_CERT_NOT_YET_VALID },
		{ TMK_CHAIN_REVOKED, TMK_CERT_REVOKED },
		{ TMK_CHAIN_REVOCATION_UNKNOWN, TMK_REVOCATION_UNKNOWN },
		{ TMK_CHAIN_USAGE, TMK_CERT_USAGE },
		{ TMK_CHAIN_KEY_WEAK, TMK_KEY_WEAK },
		{ TMK_CHAIN_DIGEST_WEAK, TMK_DIGEST_WEAK },
		{ 99, TMK_INTERNAL_ERROR },
	};
	size_t i;

	for (i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
		start(cert);
		play.chain = map[i].result;
		expect(map[i].reason, "the chain's answer");
	}
}

/* What cannot be judged is an error, and the finding stays as it was. */
static void fails(const char *what)
{
	static const uint8_t digest[32] = { 7 };
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_finding before;

	memset(&finding, 0x5a, sizeof(finding));
	memcpy(&before, &finding, sizeof(finding));
	ok(tmk_judge_signature(&finding, &judge, &evidence, 0, digest,
			       sizeof(digest), &err) < 0 &&
	   err.code == TMK_INTERNAL &&
	   !memcmp(&before, &finding, sizeof(finding)), "%s is an error: %s",
	   what, err.text);
}

static void test_errors(X509 *cert)
{
	start(cert);
	play.chain_rc = -1;
	fails("a chain that cannot be judged");
	start(cert);
	play.check_rc = -1;
	fails("a signature that cannot be checked");
	start(cert);
	stamp(TMK_TST_GOOD, NOW);
	play.tst_rc = -1;
	fails("a token that cannot be judged");
	start(cert);
	evidence.signatures = 0;
	fails("no signature at all");
	start(cert);
	judge.trust = NULL;
	fails("no trust at all");
}

int main(void)
{
	X509 *cert = make_cert(EVP_EC_gen("P-256"), 10, "codeSigning");
	X509 *expired = make_cert(EVP_EC_gen("P-256"), -5, "codeSigning");
	X509 *weak = make_cert(EVP_RSA_gen(1024), 10, "codeSigning");
	X509 *lifetime = make_cert(EVP_EC_gen("P-256"), 10,
		"codeSigning,1.3.6.1.4.1.311.10.3.13");

	test_before_chain(cert, weak);
	test_tokens(cert);
	test_order(expired);
	test_lifetime(lifetime, cert);
	test_given_time(cert);
	test_chain_reasons(cert);
	test_errors(cert);
	X509_free(cert);
	X509_free(expired);
	X509_free(weak);
	X509_free(lifetime);
	return tap_done();
}
