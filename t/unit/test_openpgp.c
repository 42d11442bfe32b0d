/*
 * test_openpgp.c - what the OpenPGP seal makes, it reads; what lies or fails is
 * not given out; no bit of a signature may change.
 */
#include "t/unit/openpgp_forge.h"
#include "t/unit/tap.h"

#define CONTENT "what is signed"
#define TIME (FORGE_T0 + 1000)
#define USER "Ann <ann@example.org>"

struct world {
	struct forge_key key;
	struct tmk_seal_request request;
	uint8_t digest[TMK_DIGEST_MAX];
	struct tmk_buf trailer;
};

/* The digest of content and suffix. */
static void digest_of(uint8_t *out, size_t *len, enum tmk_hash hash,
		      const char *content, const uint8_t *suffix,
		      size_t suffix_len)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_digest d;

	must_be(!tmk_digest_init(&d, (int)hash, &err) &&
		!tmk_digest_update(&d, content, strlen(content), &err) &&
		!tmk_digest_update(&d, suffix, suffix_len, &err) &&
		!tmk_digest_final(&d, out, len, &err));
}

static void world_init(struct world *w, EVP_PKEY *key, enum tmk_hash hash)
{
	struct tmk_err err = TMK_ERR_INIT;

	memset(w, 0, sizeof(*w));
	forge_key(&w->key, key, FORGE_T0);
	tmk_buf_init(&w->trailer, 65536);
	w->request.signer = &w->key.soft.signer;
	w->request.user_id = USER;
	w->request.created = FORGE_T0;
	w->request.signing_time = TIME;
	w->request.hash = hash ? hash :
		tmk_seal_openpgp.hash(w->request.signer);
	must_be(!tmk_seal_openpgp.trailer(&w->request, &w->trailer, &err));
	digest_of(w->digest, &w->request.digest_len, w->request.hash, CONTENT,
		  w->trailer.data, w->trailer.len);
	w->request.digest = w->digest;
}

static void world_release(struct world *w)
{
	forge_key_free(&w->key);
	tmk_buf_release(&w->trailer);
}

static struct tmk_keyring *ring_of(struct world *w)
{
	struct tmk_buf key = TMK_BUF_INIT(65536);
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_keyring *ring = NULL;

	must_be(!tmk_openpgp_key_make(&key, NULL, &w->request, NULL, 0,
				      &err) &&
		!tmk_seal_openpgp.keyring_read(&ring, key.data, key.len,
					       "test", &err));
	tmk_buf_release(&key);
	return ring;
}

/* Read, find the key, check: the reason that a judge would get to. */
static enum tmk_reason verdict(const uint8_t *der, size_t len,
			       const struct tmk_keyring *ring,
			       const char *content)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_evidence *ev = NULL;
	struct tmk_standing s;
	uint8_t digest[TMK_DIGEST_MAX];
	size_t n = 0;

	must_be(!tmk_seal_openpgp.parse(&ev, der, len, &v, &err));
	must_be((ev != NULL) == (v.reason == TMK_GOOD));
	if (!ev)
		return v.reason;
	digest_of(digest, &n, ev->signature[0].hash, content,
		  ev->signature[0].suffix, ev->signature[0].suffix_len);
	must_be(!tmk_seal_openpgp.keyring_find(&s, ring, ev, 0, "git", &v,
					       &err));
	if (v.reason == TMK_GOOD)
		must_be(!tmk_seal_openpgp.check(ev, 0, s.key, digest, n, &v,
						&err));
	tmk_evidence_free(ev);
	return v.reason;
}

static void check_evidence(struct world *w, const struct tmk_buf *der,
			   const char *what)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_evidence *ev = NULL;
	char fpr[TMK_KEY_ID];

	must_be(!tmk_openpgp_key_fingerprint(fpr,
			w->request.signer->spki.data,
			w->request.signer->spki.len, FORGE_T0, &err));
	ok(!tmk_seal_openpgp.parse(&ev, der->data, der->len, &v, &err) && ev &&
	   ev->signatures == 1 && ev->format == TMK_FORMAT_OPENPGP,
	   "%s: reads (%s)", what, v.text);
	if (!ev)
		return;
	is_str(ev->signature[0].key_id, fpr, "%s: by this key", what);
	is_mem(ev->signature[0].suffix, ev->signature[0].suffix_len,
	       w->trailer.data, w->trailer.len,
	       "%s: the suffix is the trailer", what);
	is_int(ev->signature[0].claimed_time, TIME, "%s: its time", what);
	is_int(ev->signature[0].hash, w->request.hash, "%s: its digest", what);
	is_int(ev->signature[0].tokens, 0, "%s: no token", what);
	ok(!tmk_seal_openpgp.check(ev, 0, NULL, w->digest,
				   w->request.digest_len, &v, &err) &&
	   v.reason == TMK_CERT_MISSING, "%s: not without a key", what);
	tmk_evidence_free(ev);
}

static void test_kinds(void)
{
	static const struct {
		const char *name;
		enum tmk_hash hash;
	} kinds[] = {
		{ "RSA", TMK_SHA256 }, { "P-256", TMK_SHA256 },
		{ "P-384", TMK_SHA384 }, { "P-521", TMK_SHA512 },
		{ "Ed25519", TMK_SHA256 }
	};
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);
		struct tmk_err err = TMK_ERR_INIT;
		const char *name = kinds[i].name;
		struct tmk_keyring *ring;
		struct world w;

		world_init(&w, !i ? soft_rsa(3072) : i == 4 ? soft_ed25519() :
			   soft_ec(name), 0);
		is_int(w.request.hash, kinds[i].hash, "%s: its digest", name);
		ok(!tmk_seal_openpgp.make(&w.request, &der, &err),
		   "%s: is made %s", name, err.text);
		check_evidence(&w, &der, name);
		ring = ring_of(&w);
		is_str(tmk_reason_id(verdict(der.data, der.len, ring,
					     CONTENT)), "good",
		       "%s: is good", name);
		is_str(tmk_reason_id(verdict(der.data, der.len, ring,
					     "what was not")),
		       "signature-bad", "%s: not of other content", name);
		tmk_keyring_free(ring);
		tmk_buf_release(&der);
		world_release(&w);
	}
}

/* Whichever bit changes: of what is signed, of the numbers, of the frame. In
 * the unhashed area a bit may turn a subpacket into one that says nothing. */
static void test_every_bit(void)
{
	struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_keyring *ring;
	struct world w;
	size_t at, unhashed, passed = 0;
	int bit;

	world_init(&w, soft_ed25519(), 0);
	must_be(!tmk_seal_openpgp.make(&w.request, &der, &err));
	ring = ring_of(&w);
	/* trailer, but for its six octets, stands behind the two of header */
	unhashed = 2 + w.trailer.len - 6 + 2;
	for (at = 0; at < der.len; at++) {
		for (bit = 0; bit < 8; bit++) {
			der.data[at] ^= (uint8_t)(1 << bit);
			if (verdict(der.data, der.len, ring, CONTENT) ==
			    TMK_GOOD && (at < unhashed ||
					 at >= unhashed + 10)) {
				diag("byte %zu bit %d may change", at, bit);
				passed++;
			}
			der.data[at] ^= (uint8_t)(1 << bit);
		}
	}
	is_int((long long)passed, 0, "no bit of %zu bytes may change",
	       der.len);
	for (at = 0; at < der.len; at++)
		if (verdict(der.data, at, ring, CONTENT) == TMK_GOOD)
			passed++;
	is_int((long long)passed, 0, "and none may be cut off");
	is_int(verdict(der.data, der.len, ring, CONTENT), TMK_GOOD,
	       "unchanged it is good");
	tmk_keyring_free(ring);
	tmk_buf_release(&der);
	world_release(&w);
}

/* Numbers that begin with zeros are shorter: one in 128 signatures has one. */
static void test_short_numbers(EVP_PKEY *key, const char *name)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_keyring *ring;
	int good = 0, cut = 0, i;
	struct world w;
	size_t full;

	world_init(&w, key, 0);
	ring = ring_of(&w);
	for (i = 0; i < 1500; i++) {
		struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);

		w.request.signing_time = TIME + i;
		tmk_buf_clear(&w.trailer);
		must_be(!tmk_seal_openpgp.trailer(&w.request, &w.trailer,
						  &err));
		digest_of(w.digest, &w.request.digest_len, w.request.hash,
			  CONTENT, w.trailer.data, w.trailer.len);
		must_be(!tmk_seal_openpgp.make(&w.request, &der, &err));
		/* Two of header, the trailer without its end, unhashed area,
		 * left bits, two whole numbers. */
		full = 2 + w.trailer.len - 6 + 12 + 2 + 2 * (2 + 32);
		cut += der.len < full;
		good += verdict(der.data, der.len, ring, CONTENT) == TMK_GOOD;
		tmk_buf_release(&der);
	}
	is_int(good, 1500, "%s: every signature is good", name);
	ok(cut > 0 && cut < 100, "%s: %d of them with a short number", name,
	   cut);
	tmk_keyring_free(ring);
	world_release(&w);
}

static void expect_failure(struct world *w, int code, const char *piece,
			   const char *what)
{
	struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_err err = TMK_ERR_INIT;

	ok(tmk_seal_openpgp.make(&w->request, &der, &err) < 0 &&
	   err.code == code && !der.len && strstr(err.text, piece),
	   "%s: fails with %d (%s)", what, code, err.text);
	tmk_buf_release(&der);
}

static void test_failures(void)
{
	struct tmk_buf trailer = TMK_BUF_INIT(65536);
	struct tmk_err err = TMK_ERR_INIT;
	char *big = must(malloc(TMK_OPENPGP_USER_MAX + 2));
	struct world w;

	world_init(&w, soft_ec("P-256"), 0);
	w.key.soft.lie = true;
	expect_failure(&w, TMK_KEY, "wrong signature", "a token that lies");
	w.key.soft.lie = false;
	w.key.soft.fail = true;
	expect_failure(&w, TMK_KEY, "gone", "a token that fails");
	w.key.soft.fail = false;
	w.request.digest_len = 20;
	expect_failure(&w, TMK_INTERNAL, "length", "a digest of 20 bytes");
	w.request.digest_len = 32;
	w.request.created = 0;
	expect_failure(&w, TMK_KEY, "creation time", "no creation time");
	w.request.created = INT64_C(1) << 32;
	expect_failure(&w, TMK_KEY, "creation time", "one past 2106");
	w.request.created = TIME + 1;
	expect_failure(&w, TMK_KEY, "before the key", "a clock before the "
		       "key");
	w.request.created = FORGE_T0;
	w.request.user_id = "Ann\n<a@example.org>";
	expect_failure(&w, TMK_USAGE, "UTF-8", "a newline in the user id");
	w.request.user_id = "Ann \xff";
	expect_failure(&w, TMK_USAGE, "UTF-8", "no UTF-8 in it");
	memset(big, 'a', TMK_OPENPGP_USER_MAX + 1);
	big[TMK_OPENPGP_USER_MAX + 1] = 0;
	w.request.user_id = big;
	expect_failure(&w, TMK_USAGE, "too long", "one that is too long");
	ok(tmk_seal_openpgp.trailer(&w.request, &trailer, &err) < 0 &&
	   !trailer.len, "nor is there a trailer for it");
	w.request.user_id = NULL;
	ok(!tmk_seal_openpgp.trailer(&w.request, &trailer, &err),
	   "without a user id there is");
	is_int(w.key.soft.calls, 2, "the token was asked twice in all");
	free(big);
	tmk_buf_release(&trailer);
	world_release(&w);
}

/* ---- timestamps --------------------------------------------------------- */

struct stamp {
	int rc;
	size_t len;
	struct tmk_buf seen;
};

static int give(void *ctx, const uint8_t *data, size_t len,
		struct tmk_buf *token, struct tmk_err *err)
{
	struct stamp *s = ctx;
	size_t i;

	must_be(!tmk_buf_add(&s->seen, data, len));
	if (s->rc < 0)
		return tmk_err_set(err, TMK_NET, "no TSA answers");
	if (s->rc)
		return s->rc;
	must_be(!tmk_buf_addch(token, 0x30));
	for (i = 1; i < s->len; i++)
		must_be(!tmk_buf_addch(token, (int)(i & 0xff)));
	return 0;
}

static void stamped(struct world *w, size_t len, int tokens)
{
	struct stamp s = { tokens ? 0 : 1, len, TMK_BUF_INIT(65536) };
	struct tmk_stamper stamper = { give, &s };
	struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_evidence *ev = NULL;

	w->request.stamper = &stamper;
	ok(!tmk_seal_openpgp.make(&w->request, &der, &err) &&
	   !tmk_seal_openpgp.parse(&ev, der.data, der.len, &v, &err) && ev,
	   "a token of %zu bytes, %d wanted %s", len, tokens, v.text);
	if (ev) {
		is_int(ev->signature[0].tokens, tokens, "tokens in it");
		is_mem(s.seen.data, s.seen.len, ev->signature[0].value,
		       ev->signature[0].value_len, "it was asked over the "
		       "numbers as they stand");
	}
	if (ev && tokens)
		ok(ev->signature[0].token_len[0] == len &&
		   ev->signature[0].token[0][0] == 0x30 &&
		   ev->signature[0].token[0][len - 1] ==
		   (uint8_t)(len - 1), "the token is whole");
	tmk_evidence_free(ev);
	tmk_buf_release(&der);
	tmk_buf_release(&s.seen);
	w->request.stamper = NULL;
}

static void test_stamps(void)
{
	struct stamp s = { -1, 0, TMK_BUF_INIT(65536) };
	struct tmk_stamper stamper = { give, &s };
	struct world w;

	world_init(&w, soft_ed25519(), 0);
	stamped(&w, 4, 1);
	stamped(&w, 190, 1);
	stamped(&w, 4000, 1);
	/* 9999 less issuer (10), header of the notation and its name. */
	stamped(&w, 9999 - 10 - 3 - 8 - strlen(TMK_OPENPGP_TOKEN_NAME), 1);
	stamped(&w, 4, 0);
	w.request.stamper = &stamper;
	expect_failure(&w, TMK_NET, "no TSA", "a stamper that says stop");
	s.rc = 0;
	s.len = 9999 - 10 - 3 - 8 - strlen(TMK_OPENPGP_TOKEN_NAME) + 1;
	expect_failure(&w, TMK_NET, "too large", "a token one byte too large");
	s.len = 60000;
	expect_failure(&w, TMK_NET, "too large", "a huge token");
	tmk_buf_clear(&s.seen);
	w.key.soft.lie = true;
	expect_failure(&w, TMK_KEY, "wrong signature", "a lie");
	is_int((long long)s.seen.len, 0, "a lie is not stamped");
	tmk_buf_release(&s.seen);
	world_release(&w);
}

/* ---- keys to hand on ------------------------------------------------------ */

static bool make_key(struct world *w, const struct tmk_buf *kept,
		     struct tmk_buf *out, struct tmk_buf *selfsig, int *code)
{
	struct tmk_err err = TMK_ERR_INIT;
	int rc = tmk_openpgp_key_make(out, selfsig, &w->request,
				      kept ? kept->data : NULL,
				      kept ? kept->len : 0, &err);

	*code = err.code;
	return !rc;
}

static void test_transfer(bool same, EVP_PKEY *key, const char *name)
{
	struct tmk_buf one = TMK_BUF_INIT(65536), two = TMK_BUF_INIT(65536);
	struct tmk_buf sig = TMK_BUF_INIT(65536), three = TMK_BUF_INIT(65536);
	struct tmk_buf cut = TMK_BUF_INIT(65536);
	struct world w;
	int code = 0;

	world_init(&w, key, 0);
	ok(make_key(&w, NULL, &one, &sig, &code) &&
	   make_key(&w, NULL, &two, NULL, &code), "%s: made twice", name);
	is_int(one.len == two.len && !memcmp(one.data, two.data, one.len),
	       same, "%s: %s", name, same ? "the same bytes" : "other bytes");
	w.key.soft.fail = true;
	ok(make_key(&w, &sig, &three, NULL, &code),
	   "%s: again with what was kept, the token being away", name);
	is_mem(three.data, three.len, one.data, one.len, "%s: the same bytes",
	       name);
	tmk_buf_clear(&two);
	w.request.user_id = "Bob <b@example.org>";
	ok(!make_key(&w, &sig, &two, NULL, &code) && code == TMK_KEY &&
	   !two.len, "%s: not for another user id", name);
	w.request.user_id = "";
	ok(!make_key(&w, NULL, &two, NULL, &code) && code == TMK_USAGE &&
	   !two.len, "%s: not without one", name);
	w.request.user_id = USER;
	w.request.created++;
	ok(!make_key(&w, &sig, &two, NULL, &code) && code == TMK_KEY &&
	   !two.len, "%s: not for another creation time", name);
	w.request.created--;
	must_be(!tmk_buf_add(&cut, sig.data, sig.len) &&
		!tmk_buf_addch(&cut, 0));
	ok(!make_key(&w, &cut, &two, NULL, &code) && code == TMK_KEY,
	   "%s: not with more behind it", name);
	cut.len -= 2;
	ok(!make_key(&w, &cut, &two, NULL, &code) && code == TMK_KEY,
	   "%s: not cut off", name);
	cut.len = 0;
	ok(!make_key(&w, &cut, &two, NULL, &code) && code == TMK_KEY &&
	   !two.len, "%s: not of nothing", name);
	world_release(&w);
	tmk_buf_release(&one);
	tmk_buf_release(&two);
	tmk_buf_release(&three);
	tmk_buf_release(&sig);
	tmk_buf_release(&cut);
}

/* A fingerprint that was worked out elsewhere: the key is that of RFC 8032
 * 7.1, test 1. */
static void test_fingerprint(void)
{
	static const uint8_t spki[] = {
		0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03,
		0x21, 0x00, 0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7,
		0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1,
		0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68,
		0xf7, 0x07, 0x51, 0x1a
	};
	struct tmk_err err = TMK_ERR_INIT;
	char fpr[TMK_KEY_ID] = "";

	ok(!tmk_openpgp_key_fingerprint(fpr, spki, sizeof(spki), 0x53f35f0b,
					&err), "a fingerprint");
	is_str(fpr, "52B90C1D42BADA57460E18984C70B0EB269EBBB0", "of a known key");
	ok(tmk_openpgp_key_fingerprint(fpr, spki, sizeof(spki) - 1, 1, &err) <
	   0 && err.code == TMK_KEY, "not of a cut key");
	ok(tmk_openpgp_key_fingerprint(fpr, spki, 0, 1, &err) < 0,
	   "not of nothing");
}

static void test_short_digest(void)
{
	struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	struct forge_sig s = FORGE_SIG(0);
	struct tmk_keyring *ring;
	struct world w;

	world_init(&w, soft_ec("P-384"), TMK_SHA384);
	ring = ring_of(&w);
	forge_usual(&s, &w.key, TIME);
	forge_packet(&der, &s, &w.key, CONTENT, strlen(CONTENT));
	is_str(tmk_reason_id(verdict(der.data, der.len, ring, CONTENT)),
	       "digest-weak", "SHA-256 on P-384");
	w.request.hash = TMK_SHA512;
	w.request.digest_len = 64;
	ok(!tmk_seal_openpgp.make(&w.request, &der, &err),
	   "SHA-512 on P-384 is no harm");
	forge_sig_free(&s);
	tmk_keyring_free(ring);
	tmk_buf_release(&der);
	world_release(&w);
}

int main(void)
{
	test_kinds();
	test_every_bit();
	test_short_numbers(soft_ed25519(), "Ed25519");
	test_short_numbers(soft_ec("P-256"), "P-256");
	test_failures();
	test_stamps();
	test_transfer(true, soft_rsa(2048), "RSA");
	test_transfer(true, soft_ed25519(), "Ed25519");
	test_transfer(false, soft_ec("P-256"), "P-256");
	test_fingerprint();
	test_short_digest();
	return tap_done();
}
