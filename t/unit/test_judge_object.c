/*
 * test_judge_object.c - one object and its signers: a seal here is a row of
 * letters, each of them a signer that the test plays, and '!' is rubbish.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/param_build.h>

#include "core/judge_object.h"
#include "t/unit/soft.h"
#include "t/unit/tap.h"

#define NOW INT64_C(1700000000)
#define OBJECT "the object with its signature"
#define PAYLOAD "the object"

/* ---- what the test plays ------------------------------------------------- */

static struct player {
	char letter;
	const char *cn, *san;	/* san NULL: none */
	X509 *cert;
	enum tmk_reason check;
	enum tmk_chain_result chain;
} players[] = {
	{ 'a', "Ann", "email:ann@x.org" },
	{ 'b', "Bob", "email:bob@x.org" },
	{ 'c', "Cat", "email:cat@x.org" },
	{ 'A', "Ann 2", "email:ANN@X.org" },
	{ 'B', "Both", "email:ann@x.org,email:bob@x.org" },
	{ 'o', "Out", "email:out@y.org" },
	{ 'x', "Bad", "email:bad@x.org", NULL, TMK_SIGNATURE_BAD },
	{ 'e', "Old", "email:old@x.org", NULL, TMK_GOOD, TMK_CHAIN_EXPIRED },
	{ 'r', "Gone", "email:gone@x.org", NULL, TMK_GOOD,
	  TMK_CHAIN_REVOKED },
	{ 'z', "Zoe", NULL },
	{ 'Z', "Zoe", NULL },
	{ 'y', "Zoe", "email:zoe@x.org" },
	{ 'w', "Zoe", "email:another@x.org" },
	{ 'v', "Yan", NULL },
	{ 'm', "Max", NULL },	/* as many addresses as are looked at */
	{ 'M', "More", NULL },	/* and one more, Bob's */
};

#define PLAYERS (sizeof(players) / sizeof(players[0]))

static bool no_memory;		/* the next parse fails */

static struct player *player(char letter)
{
	size_t i;

	for (i = 0; i < PLAYERS; i++)
		if (players[i].letter == letter)
			return &players[i];
	abort();
}

int tmk_chain_judge(struct tmk_chain_answer *answer,
		    const struct tmk_chain_request *request,
		    struct tmk_err *err)
{
	size_t i;

	(void)err;
	for (i = 0; players[i].cert != request->leaf; i++)
		must_be(i + 1 < PLAYERS);
	answer->result = players[i].chain;
	snprintf(answer->text, sizeof(answer->text), "played");
	answer->chain = must(sk_X509_new_null());
	must_be(X509_up_ref(request->leaf) &&
		sk_X509_push(answer->chain, request->leaf));
	return 0;
}

void tmk_chain_answer_release(struct tmk_chain_answer *answer)
{
	sk_X509_pop_free(answer->chain, X509_free);
	answer->chain = NULL;
}

/* SHA-256 for those inside and SHA-512 for others: each has its own digest. */
static int parse(struct tmk_evidence **out, const uint8_t *data, size_t len,
		 struct tmk_verdict *v, struct tmk_err *err);

static int check(const struct tmk_evidence *evidence, int i, EVP_PKEY *key,
		 const uint8_t *digest, size_t len, struct tmk_verdict *v,
		 struct tmk_err *err)
{
	const struct player *p = evidence->signature[i].priv;
	bool beside = *(const char *)evidence->priv == '+';
	const char *content = beside ? OBJECT : PAYLOAD;
	uint8_t want[TMK_DIGEST_MAX];
	size_t n;

	(void)key;
	must_be(!tmk_digest_bytes(beside ? TMK_SHA512 : TMK_SHA256, content,
				  strlen(content), want, &n, err));
	if (n != len || memcmp(want, digest, n))
		abort();
	return p->check ? tmk_verdict_refuse(v, p->check, "played") : 0;
}

static void let_go(struct tmk_evidence *evidence)
{
	free(evidence->priv);
	free(evidence);
}

static const struct tmk_seal_ops seal = { .name = "played",
	.format = TMK_FORMAT_X509, .parse = parse, .check = check,
	.free = let_go };
const struct tmk_seal_ops *const tmk_seals[] = { &seal, NULL };

/* "+" before the letters: it is an approval. */
static int parse(struct tmk_evidence **out, const uint8_t *data, size_t len,
		 struct tmk_verdict *v, struct tmk_err *err)
{
	struct tmk_evidence *ev;
	size_t i = len && data[0] == '+';

	if (no_memory)
		return tmk_err_nomem(err);
	if (memchr(data, '!', len))
		return tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED,
					  "rubbish");
	ev = must(calloc(1, sizeof(*ev)));
	ev->priv = must(strndup((const char *)data, len));
	ev->ops = &seal;
	ev->format = TMK_FORMAT_X509;
	for (; i < len; i++) {
		struct tmk_signature *s = &ev->signature[ev->signatures++];

		s->priv = player((char)data[i]);
		s->cert = player((char)data[i])->cert;
		s->hash = data[0] == '+' ? TMK_SHA512 : TMK_SHA256;
		s->claimed_time = TMK_TIME_NONE;
	}
	*out = ev;
	return 0;
}

/* ---- one object --------------------------------------------------------- */

static struct tmk_policy policy;
static struct tmk_ref_rule rule;
static struct tmk_role role;
static struct tmk_member members[1];
static char star[] = "*@x.org", role_name[] = "release";
static int dummy;
static struct tmk_verdict v;

static void start(int threshold)
{
	memset(&policy, 0, sizeof(policy));
	memset(&rule, 0, sizeof(rule));
	memset(&role, 0, sizeof(role));
	policy.judge.trust = (const struct tmk_trust *)&dummy;
	policy.judge.now = NOW;
	policy.judge.at = TMK_TIME_NONE;
	members[0].kind = TMK_MEMBER_EMAIL;
	members[0].text = star;
	role.name = role_name;
	role.member = members;
	role.members = 1;
	rule.require = TMK_REQUIRE_TAG;
	rule.formats = 1u << TMK_FORMAT_X509;
	rule.role = &role;
	rule.identity = TMK_IDENTITY_COMMITTER;
	rule.timestamp = TMK_STAMP_WHEN_EXPIRED;
	rule.threshold = threshold;
}

/* `own` NULL: unsigned. `beside`: approvals with blanks between, or NULL. */
static int judge(struct tmk_judge_object *o, const char *own,
		 const char *beside, struct tmk_err *err)
{
	static const struct tmk_span payload = {
		(const uint8_t *)PAYLOAD, sizeof(PAYLOAD) - 1 };
	static struct tmk_span approval[TMK_JUDGE_APPROVALS_MAX + 1];

	v = (struct tmk_verdict)TMK_VERDICT_INIT;
	o->policy = &policy;
	o->tag = true;
	o->payload = &payload;
	o->payloads = 1;
	o->has_signature = own != NULL;
	o->format = TMK_FORMAT_X509;
	o->seal = (const uint8_t *)own;
	o->seal_len = own ? strlen(own) : 0;
	o->email = (struct tmk_span){ (const uint8_t *)"ann@x.org", 9 };
	o->whole = (struct tmk_span){ (const uint8_t *)OBJECT,
				      sizeof(OBJECT) - 1 };
	o->approval = approval;
	for (; beside && *beside; beside += *beside == ' ') {
		approval[o->approvals].data = (const uint8_t *)beside;
		approval[o->approvals].len = strcspn(beside, " ");
		beside += approval[o->approvals++].len;
	}
	return tmk_judge_object_rule(o, &rule, &v, err);
}

static void expect(enum tmk_reason reason, const char *own,
		   const char *beside, const char *what)
{
	struct tmk_judge_object o;
	struct tmk_err err = TMK_ERR_INIT;
	int rc;

	tmk_judge_object_init(&o);
	rc = judge(&o, own, beside, &err);
	ok(!rc && v.reason == reason && (reason == TMK_GOOD) == !v.hint[0],
	   "%s: %s (%s)", what, tmk_reason_id(reason), v.text);
	if (rc || v.reason != reason)
		diag("got %s %s %s", tmk_reason_id(v.reason), v.text,
		     err.text);
	tmk_judge_object_release(&o);
}

static void test_one(void)
{
	start(1);
	expect(TMK_TAG_UNSIGNED, NULL, NULL, "no signature");
	expect(TMK_TAG_UNSIGNED, NULL, "+a", "an approval is none");
	expect(TMK_GOOD, "a", NULL, "one signer");
	expect(TMK_GOOD, "a", "! +x", "approvals are not looked at");
	expect(TMK_SIGNATURE_MALFORMED, "ab", NULL, "two signers");
	expect(TMK_SIGNATURE_MALFORMED, "", NULL, "none");
	expect(TMK_SIGNATURE_MALFORMED, "!", NULL, "rubbish");
	expect(TMK_SIGNATURE_BAD, "x", NULL, "a bad one");
	expect(TMK_CERT_EXPIRED, "e", NULL, "an expired one");
	expect(TMK_SIGNER_NOT_ALLOWED, "o", NULL, "no member");
	expect(TMK_IDENTITY_MISMATCH, "b", NULL, "not the tagger");
	rule.identity = TMK_IDENTITY_OFF;
	expect(TMK_GOOD, "b", NULL, "who need not be");
	rule.formats = 1u << TMK_FORMAT_SSH;
	expect(TMK_SIGNATURE_FORMAT, "a", NULL, "another format");
}

static void test_inside(void)
{
	start(2);
	expect(TMK_GOOD, "ab", NULL, "two members");
	expect(TMK_GOOD, "ba", NULL, "in the other order");
	expect(TMK_THRESHOLD_UNMET, "a", NULL, "one");
	ok(strstr(v.text, "1 of 2") && strstr(v.text, "release"),
	   "of how many, of whom: %s", v.text);
	expect(TMK_THRESHOLD_UNMET, "aA", NULL, "one person twice");
	ok(strstr(v.text, "one person") != NULL, "which is said: %s", v.text);
	expect(TMK_THRESHOLD_UNMET, "aaa", NULL, "one certificate thrice");
	expect(TMK_GOOD, "aAb", NULL, "one person twice and another");
	expect(TMK_THRESHOLD_UNMET, "aB", NULL, "an address in common");
	expect(TMK_GOOD, "aBb", NULL, "a third who shares with both");
	expect(TMK_GOOD, "Bac", NULL, "first of them");
	expect(TMK_SIGNATURE_BAD, "abx", NULL, "a third that is bad");
	expect(TMK_CERT_EXPIRED, "aeb", NULL, "or expired");
	expect(TMK_CERT_REVOKED, "rab", NULL, "or revoked");
	expect(TMK_SIGNER_NOT_ALLOWED, "abo", NULL, "or no member");
	expect(TMK_IDENTITY_MISMATCH, "bc", NULL, "none is the tagger");
	rule.identity = TMK_IDENTITY_OFF;
	expect(TMK_GOOD, "bc", NULL, "none has to be");
	rule.threshold = 3;
	expect(TMK_GOOD, "abc", NULL, "three");
	expect(TMK_THRESHOLD_UNMET, "abA", NULL, "two with three signatures");
}

static void test_beside(void)
{
	start(2);
	expect(TMK_GOOD, "a", "+b", "an approval");
	expect(TMK_GOOD, "a", "! +x +b", "among bad ones");
	expect(TMK_GOOD, "a", "+o +bx", "a good signer beside a bad one");
	expect(TMK_THRESHOLD_UNMET, "a", "+A", "by the same person");
	expect(TMK_THRESHOLD_UNMET, "a", "!", "rubbish");
	ok(strstr(v.text, "signature-malformed") != NULL, "is named: %s",
	   v.text);
	expect(TMK_THRESHOLD_UNMET, "a", "! +x", "rubbish and a bad one");
	ok(strstr(v.text, "signature-bad") != NULL, "the nearer is named: %s",
	   v.text);
	expect(TMK_THRESHOLD_UNMET, "a", "! +x +e +o", "and expired");
	ok(strstr(v.text, "cert-expired") != NULL, "the nearest is named: %s",
	   v.text);
	expect(TMK_THRESHOLD_UNMET, "a", "+o", "by no member");
	ok(strstr(v.text, "signer-not-allowed") != NULL, "as such: %s",
	   v.text);
	expect(TMK_SIGNATURE_BAD, "x", "+a +b", "enough, but bad inside");
	expect(TMK_SIGNER_NOT_ALLOWED, "o", "+a +b", "or no member inside");
	expect(TMK_IDENTITY_MISMATCH, "b", "+a",
	       "the tagger must be inside");
	rule.threshold = 3;
	expect(TMK_GOOD, "ab", "+c", "two inside, one beside");
	expect(TMK_GOOD, "a", "+bc", "one approval by two");
	expect(TMK_THRESHOLD_UNMET, "a", "+b +b", "one approval twice");
	rule.role = NULL;
	expect(TMK_GOOD, "a", "+b +o", "without a role anybody counts");
}

static void test_nameless(void)
{
	start(2);
	rule.role = NULL;
	rule.identity = TMK_IDENTITY_OFF;
	expect(TMK_GOOD, "zv", NULL, "two subjects without address");
	expect(TMK_THRESHOLD_UNMET, "zZ", NULL, "one subject, two keys");
	expect(TMK_THRESHOLD_UNMET, "zy", NULL, "one of them with an address");
	expect(TMK_GOOD, "za", NULL, "another with an address");
	expect(TMK_GOOD, "yw", NULL, "one name, but two addresses");
}

/* Behind the addresses that are looked at there may be that of somebody else
 * who signed. */
static void test_crowded(void)
{
	start(2);
	expect(TMK_GOOD, "a", "+m", "somebody with 64 addresses");
	rule.identity = TMK_IDENTITY_OFF;
	expect(TMK_THRESHOLD_UNMET, "bM", NULL, "Bob, and Bob as the 65th");
	expect(TMK_GOOD, "abM", NULL, "two others beside him");
}

/* "email:n0@x.org,...", and `last`. */
static void crowd(char *out, size_t size, const char *last)
{
	int i, n = 0;

	for (i = 0; i < 64; i++)
		n += snprintf(out + n, size - (size_t)n, "%semail:n%d@x.org",
			      i ? "," : "", i);
	snprintf(out + n, size - (size_t)n, "%s", last);
}

static void test_many(void)
{
	char own[TMK_SIGNATURES_MAX + 1] = "", beside[1024] = "";
	struct tmk_judge_object o;
	struct tmk_err err = TMK_ERR_INIT;
	int i;

	start(2);
	for (i = 0; i <= TMK_JUDGE_APPROVALS_MAX; i++)
		memcpy(beside + 3 * i, "+x ", 4);
	expect(TMK_LIMIT_EXCEEDED, "a", beside, "too many approvals");
	beside[3 * TMK_JUDGE_APPROVALS_MAX] = '\0';
	memcpy(beside + 3 * 62, "+b", 2);
	expect(TMK_GOOD, "a", beside, "the last that is looked at");
	memcpy(beside + 3 * 62, "+x +b", 5);
	expect(TMK_GOOD, "a", beside, "behind as many bad ones as can be");
	for (i = 0; i < 20; i++)
		memcpy(beside + 18 * i, "+xxxxxxxxxxxxxxxx ", 19);
	memcpy(beside + 18 * 20, "+b", 3);
	expect(TMK_GOOD, "a", beside, "bad ones by sixteen fill no room");
	for (i = 0; i < 20; i++)
		memcpy(beside + 18 * i, "+aaaaaaaaaaaaaaaa ", 19);
	memcpy(beside + 18 * 20, "+b", 3);
	expect(TMK_GOOD, "a", beside, "nor do good ones by one");
	memset(own, 'a', TMK_SIGNATURES_MAX);
	expect(TMK_THRESHOLD_UNMET, own, NULL, "sixteen by one");
	tmk_judge_object_init(&o);
	start(2);
	ok(!judge(&o, "ab", "+x +xcx", &err) && o.signers == 3,
	   "every signer who counts is told");
	ok(!o.signer[1].beside && o.signer[2].beside &&
	   o.signer[2].finding.cert == player('c')->cert &&
	   o.signer[0].finding.cert == player('a')->cert, "with what it is");
	ok(tmk_judge_object_finding(&o, &rule) == &o.signer[0].finding,
	   "the first");
	rule.threshold = 1;
	ok(!tmk_judge_object_rule(&o, &rule, &v, &err) &&
	   v.reason == TMK_SIGNATURE_MALFORMED && !o.signers,
	   "another rule forgets them");
	tmk_judge_object_release(&o);
	ok(!o.signer && !tmk_judge_object_finding(&o, &rule), "released");
	tmk_judge_object_init(&o);
	no_memory = true;
	ok(judge(&o, "a", NULL, &err) < 0 && v.reason == TMK_GOOD,
	   "what cannot be judged is an error");
	no_memory = false;
	tmk_judge_object_release(&o);
}

/* ---- people without certificates ---------------------------------------- */

static void person(struct tmk_finding *f, EVP_PKEY *key, const char *id,
		   const char *primary, const char *mail)
{
	tmk_finding_init(f);
	f->format = TMK_FORMAT_OPENPGP;
	f->key = key;
	snprintf(f->key_id, sizeof(f->key_id), "%s", id);
	snprintf(f->primary_id, sizeof(f->primary_id), "%s", primary);
	must_be(!mail || (!tmk_buf_addstr(&f->emails, mail) &&
			  !tmk_buf_addch(&f->emails, 0)));
}

static int count(struct tmk_finding *const *f, int n, int want)
{
	struct tmk_err err = TMK_ERR_INIT;

	return tmk_judge_quorum((const struct tmk_finding *const *)f, n, want,
				&err);
}

static void test_keys(void)
{
	EVP_PKEY *k1 = soft_ec("P-256"), *k2 = soft_ec("P-256");
	struct tmk_finding f[7], *all[7];
	int i;

	person(&f[0], k1, "K1", "P1", "ann@x.org");
	person(&f[1], k2, "K2", "P2", "bob@x.org");
	person(&f[2], k2, "K3", "P1", NULL);	/* another subkey */
	person(&f[3], k1, "SSH", "SSH", NULL);	/* one key, two formats */
	person(&f[4], k2, "K4", "P4", "Ann@X.ORG");
	person(&f[5], NULL, "", "", NULL);
	tmk_finding_init(&f[6]);
	f[6].cert = player('a')->cert;	/* ann@x.org */
	f[6].key = X509_get0_pubkey(f[6].cert);
	for (i = 0; i < 7; i++)
		all[i] = &f[i];
	is_int(count(all, 2, 2), 2, "two keys");
	is_int(count(all, 2, 1), 1, "no more than is asked for");
	is_int(count(all, 0, 2), 0, "nobody");
	all[1] = &f[2];
	is_int(count(all, 2, 2), 1, "two subkeys of one key");
	all[1] = &f[3];
	is_int(count(all, 2, 2), 1, "one key in two formats");
	all[1] = &f[4];
	is_int(count(all, 2, 2), 1, "one address in two spellings");
	all[1] = &f[6];
	is_int(count(all, 2, 2), 1, "one address, key and certificate");
	all[0] = &f[1];
	is_int(count(all, 2, 2), 2, "another address");
	for (i = 0; i < 6; i++)
		tmk_finding_release(&f[i]);
	EVP_PKEY_free(k1);
	EVP_PKEY_free(k2);
}

/* The same RSA key under the name that allows PSS alone. */
static EVP_PKEY *as_pss(EVP_PKEY *rsa)
{
	EVP_PKEY_CTX *ctx = must(EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS",
							    NULL));
	OSSL_PARAM *all = NULL;
	EVP_PKEY *key = NULL;

	must_be(EVP_PKEY_todata(rsa, EVP_PKEY_PUBLIC_KEY, &all) > 0 &&
		EVP_PKEY_fromdata_init(ctx) > 0 &&
		EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, all) > 0);
	OSSL_PARAM_free(all);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static void test_rsa(void)
{
	EVP_PKEY *rsa = soft_rsa(2048), *other = soft_rsa(2048);
	EVP_PKEY *pss = as_pss(rsa);
	struct tmk_finding f[3], *all[2] = { &f[0], &f[1] };
	int i;

	person(&f[0], rsa, "K1", "P1", "ann@x.org");
	person(&f[1], pss, "K2", "P2", "bob@x.org");
	person(&f[2], other, "K3", "P3", "cat@x.org");
	is_int(count(all, 2, 2), 1, "one RSA key under two names");
	all[0] = &f[2];
	is_int(count(all, 2, 2), 2, "another one");
	for (i = 0; i < 3; i++)
		tmk_finding_release(&f[i]);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(other);
	EVP_PKEY_free(pss);
}

/* A ring of people who each share with the next: half of them can be told
 * apart. */
static void test_search(void)
{
	struct tmk_finding f[TMK_JUDGE_SIGNERS_MAX];
	struct tmk_finding *all[TMK_JUDGE_SIGNERS_MAX + 1];
	char mail[32], id[16];
	int i;

	for (i = 0; i < TMK_JUDGE_SIGNERS_MAX; i++) {
		snprintf(id, sizeof(id), "K%d", i);
		snprintf(mail, sizeof(mail), "m%d@x.org", i);
		person(&f[i], NULL, id, id, mail);
		snprintf(mail, sizeof(mail), "m%d@x.org",
			 (i + 1) % TMK_JUDGE_SIGNERS_MAX);
		must_be(!tmk_buf_addstr(&f[i].emails, mail) &&
			!tmk_buf_addch(&f[i].emails, 0));
		all[i] = &f[i];
	}
	all[TMK_JUDGE_SIGNERS_MAX] = &f[0];
	is_int(count(all, TMK_JUDGE_SIGNERS_MAX, 16), 16, "sixteen of a ring");
	is_int(count(all, 5, 16), 3, "three of a row of five");
	ok(count(all, TMK_JUDGE_SIGNERS_MAX + 1, 2) < 0, "too many to count");
	for (i = 0; i < TMK_JUDGE_SIGNERS_MAX; i++)
		tmk_finding_release(&f[i]);
}

int main(void)
{
	char many[2048], more[2048];
	EVP_PKEY *key;
	size_t i;

	crowd(many, sizeof(many), "");
	crowd(more, sizeof(more), ",email:bob@x.org");
	player('m')->san = many;
	player('M')->san = more;
	for (i = 0; i < PLAYERS; i++) {
		key = soft_ec("P-256");
		players[i].cert = soft_cert(&(struct soft_cert){
			.cn = players[i].cn, .eku = "codeSigning" }, key,
			NULL, NULL);
		if (players[i].san) {
			soft_ext(players[i].cert, NULL, NID_subject_alt_name,
				 players[i].san);
			must_be(X509_sign(players[i].cert, key,
					  EVP_sha256()) > 0);
		}
		EVP_PKEY_free(key);
	}
	test_one();
	test_inside();
	test_beside();
	test_nameless();
	test_crowded();
	test_many();
	test_keys();
	test_rsa();
	test_search();
	for (i = 0; i < PLAYERS; i++)
		X509_free(players[i].cert);
	return tap_done();
}
