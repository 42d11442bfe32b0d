/*
 * test_openpgp_several.c - OpenPGP signatures of text, and several of them in
 * one: made, read, joined, stamped, and refused where bytes and one signer are
 * meant.
 */
#include "plugins/front_seal.h"
#include "t/unit/openpgp_forge.h"
#include "t/unit/tap.h"

#define CONTENT "first line\r\nsecond"
#define TIME (FORGE_T0 + 1000)

static const struct tmk_seal_ops *seal = &tmk_seal_openpgp;
static struct forge_key ann, bob;

/* Sign CONTENT as `k`. */
static void make(struct tmk_buf *out, const struct forge_key *k, bool text)
{
	struct soft_signer soft = k->soft;
	struct tmk_seal_request r = {
		.signer = &soft.signer, .created = k->created,
		.hash = TMK_SHA256, .signing_time = TIME, .text = text,
	};
	struct tmk_buf trailer = TMK_BUF_INIT(8192);
	struct tmk_err err = TMK_ERR_INIT;
	uint8_t digest[TMK_DIGEST_MAX];
	struct tmk_digest d;
	size_t n = 0;

	must_be(!seal->trailer(&r, &trailer, &err));
	is_int(trailer.data[1], text, "the type is hashed");
	must_be(!tmk_digest_init(&d, TMK_SHA256, &err) &&
		!tmk_digest_update(&d, CONTENT, strlen(CONTENT), &err) &&
		!tmk_digest_update(&d, trailer.data, trailer.len, &err) &&
		!tmk_digest_final(&d, digest, &n, &err));
	r.digest = digest;
	r.digest_len = n;
	must_be(!seal->make(&r, out, &err));
	tmk_buf_release(&trailer);
}

static struct tmk_evidence *parse(const struct tmk_buf *bytes,
				  enum tmk_reason want, const char *what)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_evidence *ev = NULL;

	must_be(!seal->parse(&ev, bytes->data, bytes->len, &v, &err));
	is_int(v.reason, want, "%s: %s", what, v.text);
	must_be((ev != NULL) == (v.reason == TMK_GOOD));
	return ev;
}

/* Whether signature `i` is that of CONTENT by `k`. */
static bool holds(const struct tmk_evidence *ev, int i,
		  const struct forge_key *k)
{
	const struct tmk_signature *s = &ev->signature[i];
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	uint8_t digest[TMK_DIGEST_MAX];
	struct tmk_digest d;
	size_t n = 0;

	must_be(!tmk_digest_init(&d, (int)s->hash, &err) &&
		!tmk_digest_update(&d, CONTENT, strlen(CONTENT), &err) &&
		!tmk_digest_update(&d, s->suffix, s->suffix_len, &err) &&
		!tmk_digest_final(&d, digest, &n, &err));
	must_be(!seal->check(ev, i, k->soft.key, digest, n, &v, &err));
	return v.reason == TMK_GOOD;
}

static void test_text(void)
{
	struct tmk_buf text = TMK_BUF_INIT(8192), bytes = TMK_BUF_INIT(8192);
	struct tmk_evidence *ev;

	make(&text, &ann, true);
	make(&bytes, &ann, false);
	ev = parse(&text, TMK_GOOD, "one of text");
	ok(ev->signature[0].text && holds(ev, 0, &ann),
	   "it says so, and holds");
	tmk_evidence_free(ev);
	ev = parse(&bytes, TMK_GOOD, "one of bytes");
	ok(!ev->signature[0].text, "it does not");
	tmk_evidence_free(ev);
	/* One that is turned into the other signs nothing any more. */
	text.data[3] ^= 1;
	ev = parse(&text, TMK_GOOD, "with the other type");
	ok(!ev->signature[0].text && !holds(ev, 0, &ann), "it does not hold");
	tmk_evidence_free(ev);
	tmk_buf_release(&text);
	tmk_buf_release(&bytes);
}

static void test_front(const struct tmk_buf *bytes, bool several,
		       enum tmk_reason want, const char *what)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_evidence *ev = NULL;

	must_be(!(several ? tmk_front_seal_parse_several :
		  tmk_front_seal_parse_any)(&ev, bytes->data, bytes->len, &v,
					    &err));
	is_int(v.reason, want, "%s: %s", what, v.text);
	tmk_evidence_free(ev);
}

static void test_several(void)
{
	struct tmk_buf one = TMK_BUF_INIT(8192), two = TMK_BUF_INIT(8192);
	struct tmk_buf both = TMK_BUF_INIT(16384);
	struct tmk_evidence *a, *b, *all;
	struct tmk_err err = TMK_ERR_INIT;

	make(&one, &ann, false);
	make(&two, &bob, true);
	a = parse(&one, TMK_GOOD, "one");
	b = parse(&two, TMK_GOOD, "another");
	ok(!seal->add(a, b, &both, &err), "they are joined");
	is_int((long long)both.len, (long long)(one.len + two.len),
	       "no byte more");
	all = parse(&both, TMK_GOOD, "both");
	is_int(all->signatures, 2, "two");
	ok(holds(all, 0, &ann) && holds(all, 1, &bob) && !holds(all, 0, &bob),
	   "each by its own key");
	ok(!all->signature[0].text && all->signature[1].text,
	   "bytes and text");
	tmk_evidence_free(all);
	tmk_evidence_free(a);
	tmk_evidence_free(b);
	test_front(&one, false, TMK_GOOD, "one of bytes is what all take");
	test_front(&two, false, TMK_SIGNATURE_MALFORMED,
		   "text where bytes are meant");
	test_front(&two, true, TMK_GOOD, "text where it is known");
	test_front(&both, false, TMK_SIGNATURE_MALFORMED,
		   "two where one is meant");
	test_front(&both, true, TMK_GOOD, "two where all are judged");
	tmk_buf_release(&one);
	tmk_buf_release(&two);
	tmk_buf_release(&both);
}

static void test_many(void)
{
	struct tmk_buf one = TMK_BUF_INIT(8192), all = TMK_BUF_INIT(65536);
	struct tmk_evidence *a, *b;
	struct tmk_err err = TMK_ERR_INIT;
	int i;

	make(&one, &ann, false);
	for (i = 0; i < TMK_SIGNATURES_MAX; i++)
		must_be(!tmk_buf_add(&all, one.data, one.len));
	a = parse(&all, TMK_GOOD, "sixteen");
	is_int(a->signatures, TMK_SIGNATURES_MAX, "are read");
	ok(holds(a, TMK_SIGNATURES_MAX - 1, &ann), "the last one too");
	b = parse(&one, TMK_GOOD, "and one");
	i = (int)all.len;
	ok(seal->add(a, b, &all, &err) && err.code == TMK_INPUT &&
	   (int)all.len == i, "more are not joined");
	tmk_evidence_free(a);
	tmk_evidence_free(b);
	must_be(!tmk_buf_add(&all, one.data, one.len));
	tmk_evidence_free(parse(&all, TMK_LIMIT_EXCEEDED, "nor read"));
	/* What is not understood in the last one refuses them all. */
	all.len = 2 * one.len;
	all.data[one.len + 3] = 0x10;
	tmk_evidence_free(parse(&all, TMK_SIGNATURE_MALFORMED,
				"a certification behind it"));
	must_be(!tmk_buf_addch(&all, 0));
	all.data[one.len] = 0xb4;
	tmk_evidence_free(parse(&all, TMK_SIGNATURE_MALFORMED,
				"a user id behind it"));
	tmk_buf_release(&one);
	tmk_buf_release(&all);
}

/* A token goes to the signature that it was made for. */
static void test_stamp(void)
{
	static const uint8_t token[] = { 0x30, 0x03, 0x02, 0x01, 0x07 };
	struct tmk_stamp_change change[2] = { { 0 }, { token, 5, 0 } };
	struct tmk_buf both = TMK_BUF_INIT(16384), out = TMK_BUF_INIT(16384);
	struct tmk_evidence *ev, *now;
	struct tmk_err err = TMK_ERR_INIT;

	make(&both, &ann, false);
	make(&both, &bob, false);
	ev = parse(&both, TMK_GOOD, "two");
	ok(!seal->stamp(ev, change, &out, &err), "the second is stamped");
	now = parse(&out, TMK_GOOD, "both");
	ok(now->signatures == 2 && !now->signature[0].tokens &&
	   now->signature[1].tokens == 1, "and it alone");
	ok(holds(now, 0, &ann) && holds(now, 1, &bob), "both hold");
	tmk_evidence_free(ev);
	tmk_evidence_free(now);
	tmk_buf_release(&both);
	tmk_buf_release(&out);
}

int main(void)
{
	forge_key(&ann, must(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")),
		  FORGE_T0);
	forge_key(&bob, must(EVP_EC_gen("P-256")), FORGE_T0);
	test_text();
	test_several();
	test_many();
	test_stamp();
	forge_key_free(&ann);
	forge_key_free(&bob);
	return tap_done();
}
