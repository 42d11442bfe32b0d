/*
 * test_judge_vouched.c - a receipt's time: where it stands in for one that
 * came too late, and where nothing does. Chain, keyring and tokens are played.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/judge.h"
#include "core/receipts.h"
#include "t/unit/soft.h"
#include "t/unit/tap.h"
#include "x509/tst.h"

#define NOW INT64_C(1700000000)
#define DAY INT64_C(86400)
#define END (NOW - 5 * DAY)	/* of certificate and key */

static struct {
	struct tmk_chain_request asked;
	int chain_calls, chain_rc;
	bool revoked;		/* whatever the time */
	struct tmk_standing standing;
} play;

/* Valid from twenty days before its end. */
int tmk_chain_judge(struct tmk_chain_answer *answer,
		    const struct tmk_chain_request *request,
		    struct tmk_err *err)
{
	play.asked = *request;
	if (play.chain_calls++ == play.chain_rc)
		return tmk_err_set(err, TMK_INTERNAL, "played");
	answer->result = request->at > END ? TMK_CHAIN_EXPIRED :
		request->at < END - 20 * DAY ? TMK_CHAIN_NOT_YET_VALID :
		play.revoked ? TMK_CHAIN_REVOKED : TMK_CHAIN_GOOD;
	if (answer->result)
		snprintf(answer->text, sizeof(answer->text), "played");
	answer->chain = sk_X509_new_null();
	return 0;
}

void tmk_chain_answer_release(struct tmk_chain_answer *answer)
{
	sk_X509_pop_free(answer->chain, X509_free);
	answer->chain = NULL;
}

int tmk_tst_judge(struct tmk_tst_answer *answer, const uint8_t *token,
		  size_t token_len, const void *data, size_t data_len,
		  const struct tmk_trust *trust,
		  enum tmk_revocation revocation, int64_t now,
		  struct tmk_err *err)
{
	(void)data;
	(void)data_len;
	(void)trust;
	(void)revocation;
	(void)now;
	(void)err;
	if (token_len != 1)
		abort();
	answer->result = TMK_TST_GOOD;
	answer->time = END - token[0] * DAY;
	return 0;
}

static int check(const struct tmk_evidence *evidence, int i, EVP_PKEY *key,
		 const uint8_t *digest, size_t digest_len,
		 struct tmk_verdict *v, struct tmk_err *err)
{
	(void)evidence;
	(void)i;
	(void)key;
	(void)digest;
	(void)digest_len;
	(void)v;
	(void)err;
	return 0;
}

static int find(struct tmk_standing *out, const struct tmk_keyring *keyring,
		const struct tmk_evidence *evidence, int i,
		const char *name_space, struct tmk_verdict *v,
		struct tmk_err *err)
{
	(void)keyring;
	(void)evidence;
	(void)i;
	(void)name_space;
	(void)v;
	(void)err;
	*out = play.standing;
	return 0;
}

static const struct tmk_seal_ops seal = { .name = "played", .check = check,
	.keyring_find = find };
static const struct tmk_keyring keyring = { &seal, NULL };
static struct tmk_judge judge;
static struct tmk_evidence evidence;
static const uint8_t one_day = 1;
static int dummy;
static EVP_PKEY *key;
static X509 *usual, *lifetime;

static void start(X509 *cert)
{
	memset(&play, 0, sizeof(play));
	memset(&judge, 0, sizeof(judge));
	memset(&evidence, 0, sizeof(evidence));
	play.chain_rc = -1;
	judge.trust = judge.tsa_trust = (const struct tmk_trust *)&dummy;
	judge.timestamp = TMK_STAMP_WHEN_EXPIRED;
	judge.now = NOW;
	judge.at = TMK_TIME_NONE;
	judge.openpgp = &keyring;
	evidence.ops = &seal;
	evidence.format = cert ? TMK_FORMAT_X509 : TMK_FORMAT_OPENPGP;
	evidence.signatures = 1;
	evidence.signature[0].cert = cert;
	evidence.signature[0].hash = TMK_SHA256;
	evidence.signature[0].value = (const uint8_t *)"sig";
	evidence.signature[0].value_len = 3;
	play.standing.key = key;
	play.standing.valid_from = END - 20 * DAY;
	play.standing.valid_until = END;
	play.standing.revoked_at = TMK_TIME_NONE;
}

static int ask(struct tmk_finding *f, struct tmk_err *err)
{
	static const uint8_t digest[32] = { 7 };

	tmk_finding_init(f);
	return tmk_judge_signature(f, &judge, &evidence, 0, digest,
				   sizeof(digest), err);
}

static void expect(enum tmk_reason reason, bool vouched, const char *what)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_finding f;
	int rc = ask(&f, &err);

	ok(!rc && f.verdict.reason == reason, "%s: %s", what,
	   tmk_reason_id(reason));
	if (rc || f.verdict.reason != reason)
		diag("got %s %s", tmk_reason_id(f.verdict.reason), err.text);
	ok(f.vouched == vouched && (!vouched || f.time == judge.vouched),
	   "%s: by %s", what, vouched ? "a receipt" : "no receipt");
	tmk_finding_release(&f);
}

/* The same for both: whose time counts. */
static void test_time(X509 *cert)
{
	start(cert);
	expect(TMK_CERT_EXPIRED, false, "expired");
	judge.vouched = END - DAY;
	expect(TMK_GOOD, true, "with a receipt");
	judge.vouched = TMK_TIME_NONE;
	expect(TMK_CERT_EXPIRED, false, "that says no time");
	judge.vouched = -1;
	expect(TMK_CERT_EXPIRED, false, "of a time before all clocks");
	judge.vouched = END - DAY;
	judge.at = NOW - DAY;
	expect(TMK_CERT_EXPIRED, false, "where another time was asked for");
	judge.at = TMK_TIME_NONE;
	judge.timestamp = TMK_STAMP_OFF;
	expect(TMK_CERT_EXPIRED, false, "where no proof counts");
	judge.timestamp = TMK_STAMP_ALWAYS;
	expect(TMK_TIMESTAMP_MISSING, false, "where a token must be there");
	judge.timestamp = TMK_STAMP_WHEN_EXPIRED;
	judge.now = END - 2 * DAY;
	expect(TMK_GOOD, false, "before the end it is not needed");
}

static void test_x509(void)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_finding f;

	start(usual);
	judge.vouched = END - DAY;
	expect(TMK_GOOD, true, "a chain");
	ok(play.chain_calls == 2 && play.asked.at == END - DAY &&
	   play.asked.now == NOW && play.asked.stamped,
	   "is judged again, at that time, as with a token");
	play.revoked = true;
	expect(TMK_CERT_REVOKED, true, "revoked at that time");
	judge.vouched = END + DAY;
	expect(TMK_CERT_EXPIRED, true, "a receipt that came too late");
	judge.vouched = END - 30 * DAY;
	expect(TMK_CERT_NOT_YET_VALID, true, "one from before");
	judge.vouched = NOW + DAY;
	expect(TMK_CERT_EXPIRED, false, "one of the future");
	start(lifetime);
	judge.vouched = END - DAY;
	expect(TMK_CERT_EXPIRED, false, "a lifetime signer");
	start(usual);
	judge.vouched = END - DAY;
	evidence.signature[0].token[0] = &one_day;
	evidence.signature[0].token_len[0] = 1;
	evidence.signature[0].tokens = 1;
	judge.vouched = END - 2 * DAY;
	expect(TMK_GOOD, false, "a token comes first");
	start(usual);
	judge.vouched = END - DAY;
	play.chain_rc = 1;
	ok(ask(&f, &err) < 0 && err.code == TMK_INTERNAL,
	   "what cannot be judged again is an error");
}

static void test_key(void)
{
	start(NULL);
	judge.vouched = END;
	expect(TMK_CERT_EXPIRED, false, "a receipt of the end itself");
	judge.vouched = END - 30 * DAY;
	expect(TMK_CERT_EXPIRED, false, "one from before the key");
	judge.vouched = END - DAY;
	play.standing.revoked_at = END - 2 * DAY;
	expect(TMK_CERT_REVOKED, false, "a key that was revoked");
	play.standing.revoked_at = TMK_TIME_NONE;
	play.standing.revoked_hard = true;
	expect(TMK_CERT_REVOKED, false, "a key that was stolen");
}

/* Nothing that was recorded. */
static void test_names(void)
{
	struct tmk_receipts *none = NULL;
	struct tmk_err err = TMK_ERR_INIT;
	int64_t at = 5;

	ok(!tmk_receipts_load(&none, NULL, 0, &err), "no log at all");
	ok(!tmk_receipts_find_object(&at, none, 40, "commit",
				     (const uint8_t *)"x", 1, &err) &&
	   at == TMK_TIME_NONE, "says nothing");
	is_int(tmk_receipts_find(NULL, (const uint8_t *)"x", 1),
	       TMK_TIME_NONE, "and neither does none");
	tmk_receipts_free(none);
}

int main(void)
{
	struct soft_cert c = { .cn = "s", .eku = "codeSigning",
		.from = -9000, .to = 9000 };

	key = soft_ec("P-256");
	usual = soft_cert(&c, key, NULL, NULL);
	c.eku = "codeSigning,1.3.6.1.4.1.311.10.3.13";
	lifetime = soft_cert(&c, key, NULL, NULL);
	test_time(usual);
	test_time(NULL);
	test_x509();
	test_key();
	test_names();
	X509_free(usual);
	X509_free(lifetime);
	EVP_PKEY_free(key);
	return tap_done();
}
