/* What the CMS seal makes, it reads; what lies or fails is not given out. */
#include "t/unit/tap.h"

#include "iface/seal.h"
#include "t/unit/soft.h"

#define CONTENT "what is signed"
#define TIME 1795240000	/* 2026-11-21T06:26:40Z */

extern const struct tmk_seal_ops tmk_seal_cms;

/* A key with leaf and intermediate, and a request for a signature. */
struct world {
	EVP_PKEY *root_key, *mid_key, *key;
	X509 *root, *mid, *leaf;
	STACK_OF(X509) *chain;
	struct soft_signer signer;
	uint8_t digest[TMK_DIGEST_MAX];
	struct tmk_seal_request request;
};

static void world_init(struct world *w, EVP_PKEY *key, enum tmk_hash hash)
{
	struct tmk_err err = TMK_ERR_INIT;

	memset(w, 0, sizeof(*w));
	w->key = key;
	w->root_key = soft_ec("P-256");
	w->mid_key = soft_ec("P-256");
	w->root = soft_cert(&(struct soft_cert){ .cn = "Root", .ca = true },
			    w->root_key, NULL, NULL);
	w->mid = soft_cert(&(struct soft_cert){ .cn = "Mid", .ca = true },
			   w->mid_key, w->root, w->root_key);
	w->leaf = soft_cert(&(struct soft_cert){ .cn = "Leaf",
						 .eku = "codeSigning" },
			    key, w->mid, w->mid_key);
	w->chain = must(sk_X509_new_null());
	must_be(sk_X509_push(w->chain, w->leaf) &&
		sk_X509_push(w->chain, w->mid) &&
		sk_X509_push(w->chain, w->mid));
	soft_signer_init(&w->signer, key);
	w->request.signer = &w->signer.signer;
	w->request.certs = w->chain;
	w->request.hash = hash;
	w->request.digest = w->digest;
	w->request.signing_time = TIME;
	must_be(!tmk_digest_bytes((int)hash, CONTENT, sizeof(CONTENT) - 1,
				  w->digest, &w->request.digest_len, &err));
}

static void world_release(struct world *w)
{
	soft_signer_release(&w->signer);
	sk_X509_free(w->chain);
	X509_free(w->leaf);
	X509_free(w->mid);
	X509_free(w->root);
	EVP_PKEY_free(w->key);
	EVP_PKEY_free(w->mid_key);
	EVP_PKEY_free(w->root_key);
}

static void check_facts(const struct world *w,
			const struct tmk_evidence *ev, const char *what)
{
	const struct tmk_signature *s = &ev->signature[0];

	is_int(ev->signatures, 1, "%s: one signature", what);
	is_int(sk_X509_num(ev->bag), 2, "%s: leaf and intermediate, each once",
	       what);
	ok(s->cert && !X509_cmp(s->cert, w->leaf), "%s: by the leaf", what);
	is_int(s->hash, w->request.hash, "%s: the hash", what);
	is_mem(s->digest, s->digest_len, w->digest, w->request.digest_len,
	       "%s: the digest", what);
	is_int(s->claimed_time, TIME, "%s: the claimed time", what);
}

static void test_check(const struct world *w, struct tmk_evidence *ev,
		       const char *what)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	uint8_t other[TMK_DIGEST_MAX];

	ok(!tmk_seal_cms.check(ev, 0, NULL, w->digest, w->request.digest_len, &v,
			       &err) && v.reason == TMK_GOOD,
	   "%s: verifies (%s)", what, v.text);
	memcpy(other, w->digest, sizeof(other));
	other[0] ^= 1;
	ok(!tmk_seal_cms.check(ev, 0, NULL, other, w->request.digest_len, &v, &err),
	   "%s: other content is judged", what);
	is_str(tmk_reason_id(v.reason), "signature-bad",
	       "%s: other content is refused", what);
}

static void round_trip(EVP_PKEY *key, enum tmk_hash hash, const char *what)
{
	struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_evidence *ev = NULL;
	struct world w;

	world_init(&w, key, hash);
	ok(!tmk_seal_cms.make(&w.request, &der, &err), "%s: made %s", what,
	   err.text);
	is_int(w.signer.calls, 1, "%s: the token signed once", what);
	ok(!tmk_seal_cms.parse(&ev, der.data, der.len, &v, &err) && ev,
	   "%s: read back (%s)", what, v.text);
	if (ev) {
		check_facts(&w, ev, what);
		is_int(ev->signature[0].tokens, 0, "%s: no token", what);
		test_check(&w, ev, what);
	}
	tmk_evidence_free(ev);
	tmk_buf_release(&der);
	world_release(&w);
}

/* A bit anywhere that still parses and verifies must lie outside what is
 * signed: certificates, digest list, unsigned parts. */
static void test_every_bit(void)
{
	struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_verdict v;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_evidence *ev, *first = NULL;
	size_t at, begin, end, passed = 0;
	struct world w;

	world_init(&w, soft_ec("P-256"), TMK_SHA256);
	v = (struct tmk_verdict)TMK_VERDICT_INIT;
	must_be(!tmk_seal_cms.make(&w.request, &der, &err) &&
		!tmk_seal_cms.parse(&first, der.data, der.len, &v, &err));
	end = der.len;
	begin = end - first->signature[0].value_len - 2 - 200;
	for (at = begin; at < end; at++) {
		der.data[at] ^= 0x04;
		v = (struct tmk_verdict)TMK_VERDICT_INIT;
		ev = NULL;
		must_be(!tmk_seal_cms.parse(&ev, der.data, der.len, &v, &err));
		if (ev && !tmk_seal_cms.check(ev, 0, NULL, w.digest, 32, &v, &err) &&
		    v.reason == TMK_GOOD) {
			diag("byte %zu of %zu may change", at, der.len);
			passed++;
		}
		tmk_evidence_free(ev);
		der.data[at] ^= 0x04;
	}
	is_int((long long)passed, 0, "no bit of the SignerInfo may change");
	tmk_evidence_free(first);
	tmk_buf_release(&der);
	world_release(&w);
}

static void expect_failure(struct world *w, int code, const char *text,
			   const char *what)
{
	struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_err err = TMK_ERR_INIT;

	ok(tmk_seal_cms.make(&w->request, &der, &err) < 0, "%s", what);
	is_int(err.code, code, "%s: the code", what);
	ok(strstr(err.text, text) != NULL, "%s: says so: %s", what, err.text);
	is_int((long long)der.len, 0, "%s: nothing is given out", what);
	tmk_buf_release(&der);
}

static void test_lies(EVP_PKEY *key, const char *what)
{
	EVP_PKEY *other = soft_ec("P-256");
	struct soft_signer stranger;
	struct world w;

	world_init(&w, key, TMK_SHA256);
	w.signer.lie = true;
	expect_failure(&w, TMK_KEY, "wrong signature", what);
	w.signer.lie = false;
	w.signer.fail = true;
	expect_failure(&w, TMK_KEY, "gone", "a token that fails");
	w.signer.fail = false;
	soft_signer_init(&stranger, other);
	w.request.signer = &stranger.signer;
	expect_failure(&w, TMK_KEY, "not for the key", "another key");
	is_int(stranger.calls, 0, "another key: the token is not asked");
	w.request.signer = &w.signer.signer;
	w.request.digest_len = 20;
	expect_failure(&w, TMK_INTERNAL, "length", "a digest of another hash");
	soft_signer_release(&stranger);
	EVP_PKEY_free(other);
	world_release(&w);
}

/* A stamper that answers what it is told to. */
struct stamp {
	int rc;
	const char *token;
	size_t len;
	uint8_t seen[64];
	size_t seen_len;
};

static int give(void *ctx, const uint8_t *data, size_t len,
		struct tmk_buf *token, struct tmk_err *err)
{
	struct stamp *s = ctx;

	s->seen_len = len;
	memcpy(s->seen, data, len < sizeof(s->seen) ? len : sizeof(s->seen));
	if (s->rc < 0)
		return tmk_err_set(err, TMK_NET, "no TSA");
	if (!s->rc)
		must_be(!tmk_buf_add(token, s->token, s->len));
	return s->rc;
}

static void test_stamped(struct world *w, struct stamp *s)
{
	struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_evidence *ev = NULL;
	const struct tmk_signature *sig;

	ok(!tmk_seal_cms.make(&w->request, &der, &err) &&
	   !tmk_seal_cms.parse(&ev, der.data, der.len, &v, &err) && ev,
	   "a signature with a stamper, which answers %d", s->rc);
	if (ev) {
		sig = &ev->signature[0];
		is_int(sig->tokens, s->rc ? 0 : 1, "tokens embedded");
		if (sig->tokens)
			is_mem(sig->token[0], sig->token_len[0], s->token,
			       s->len, "the token, byte for byte");
		is_int((long long)s->seen_len, (long long)sig->value_len,
		       "the stamp is asked over the signature value");
		is_mem(s->seen, sizeof(s->seen), sig->value, sizeof(s->seen),
		       "over its bytes");
		test_check(w, ev, "stamped");
	}
	tmk_evidence_free(ev);
	tmk_buf_release(&der);
}

static void test_stamps(void)
{
	struct stamp s = { 0, "\x30\x03\x02\x01\x07", 5, { 0 }, 0 };
	struct tmk_stamper stamper = { give, &s };
	struct world w;

	world_init(&w, soft_rsa(2048), TMK_SHA256);
	w.request.stamper = &stamper;
	test_stamped(&w, &s);
	s.rc = 1;
	test_stamped(&w, &s);
	s.rc = -1;
	expect_failure(&w, TMK_NET, "no TSA", "a stamper that says stop");
	world_release(&w);
}

/* Certificates that were kept from other signatures are never taken for
 * these, and the kept ones outlive the evidence they came with. */
static void test_many_signers(void)
{
	struct tmk_buf der[20], *d;
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_evidence *ev;
	struct world w[20];
	int i, round, good = 0;

	for (i = 0; i < 20; i++) {
		tmk_buf_init(&der[i], TMK_SEAL_MAX);
		world_init(&w[i], soft_ec("P-256"), TMK_SHA256);
		must_be(!tmk_seal_cms.make(&w[i].request, &der[i], &err));
	}
	for (round = 0; round < 60; round++) {
		i = round * 7 % 20;
		d = &der[i];
		ev = NULL;
		must_be(!tmk_seal_cms.parse(&ev, d->data, d->len, &v, &err) &&
			!tmk_seal_cms.check(ev, 0, NULL, w[i].digest, 32, &v, &err));
		if (v.reason == TMK_GOOD &&
		    !X509_cmp(ev->signature[0].cert, w[i].leaf))
			good++;
		tmk_evidence_free(ev);
	}
	is_int(good, 60, "twenty signers in turn, each found");
	for (i = 0; i < 20; i++) {
		tmk_buf_release(&der[i]);
		world_release(&w[i]);
	}
}

int main(void)
{
	round_trip(soft_rsa(3072), TMK_SHA256, "RSA-3072");
	round_trip(soft_rsa(2048), TMK_SHA384, "RSA with SHA-384");
	round_trip(soft_rsa(2048), TMK_SHA512, "RSA with SHA-512");
	round_trip(soft_ec("P-256"), TMK_SHA256, "P-256");
	round_trip(soft_ec("P-384"), TMK_SHA384, "P-384");
	round_trip(soft_ec("P-521"), TMK_SHA512, "P-521");
	test_every_bit();
	test_lies(soft_rsa(2048), "an RSA token that lies");
	test_lies(soft_ec("P-256"), "an EC token that lies");
	test_stamps();
	test_many_signers();
	return tap_done();
}
